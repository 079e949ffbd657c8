"""Every database engine keeps the promises of `engines/contract.py`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from tests.support import fake_postgres
from tests.support.fake_postgres import FakePostgres
from tests.support.repository import ROOT
from tests.support.runs import in_background, names_on, wait_for
from tests.support.schema_zoo import Zoo, schema_zoo

from heliograph.connections.engines.contract import (
    IDLE_NAME,
    BoundStatement,
    Engine,
    RunOptions,
    Session,
    Watch,
    run_name,
)
from heliograph.connections.engines.registry import ENGINES, load_engine
from heliograph.connections.models import SSL_STRENGTH, ConnectionDraft, EngineName
from heliograph.connections.url import ConnectionUrl, parse_connection_url
from heliograph.kernel.errors import (
    ConnectError,
    ConnectionLost,
    ConnectTimedOut,
    LoginFailed,
    QueryCanceled,
    QueryTimedOut,
)
from heliograph.platform import postgres

SECOND = timedelta(seconds=1)


@dataclass
class Ground:
    """What an engine is tried on: a database with a zoo in it, and how to speak to it."""

    engine: Engine
    zoo: Zoo
    is_kept_warm: bool = True  # the server can end what idles

    @property
    def url(self) -> ConnectionUrl:
        return parse_connection_url(self.zoo.reader_url)

    def read(self, url: str | None = None, timeout: timedelta = 30 * SECOND) -> Any:
        found = parse_connection_url(url or self.zoo.reader_url)
        return self.engine.read_schema(found, application_name="heliograph:test", timeout=timeout)


@pytest.fixture(params=ENGINES)
def ground(request: pytest.FixtureRequest, make_database: Callable[[], str]) -> Iterator[Ground]:
    with schema_zoo(make_database()) as zoo:
        yield Ground(load_engine(request.param), zoo)


@pytest.fixture
def major_ground(make_major_database: Callable[[], str]) -> Iterator[Ground]:
    with schema_zoo(make_major_database()) as zoo:
        with postgres.connect(zoo.owner_url) as connection:
            is_kept_warm = connection.info.server_version >= 140_000
        yield Ground(load_engine("postgres"), zoo, is_kept_warm)


def ask(session: Session, sql: str) -> str | None:
    with session.run(BoundStatement(sql), RunOptions()) as result:
        return next(result.batches())[0][0]


def member(found: Any, schema: str, name: str, kind: str = "tables") -> Any:
    schemas = {one["name"]: one for one in found["schemas"]}
    return next(one for one in schemas[schema][kind] if one["name"] == name)


# Registry and documents


def documented(heading: str) -> dict[str, str]:
    """Return the second column of the reference's table under a heading, by the first."""
    text = (ROOT / "docs/reference/connections.md").read_text()
    section = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.split("|") for line in section.splitlines() if line.startswith("| `")]
    return {row[1].strip(" `"): row[2].strip(" `") for row in rows}


def test_the_registry_the_api_and_the_reference_name_the_same_engines() -> None:
    assert {*documented("Engines")} == {*ENGINES} == {*get_args(EngineName)}


def test_the_reference_names_every_field_with_its_default() -> None:
    def told(field: FieldInfo) -> str:
        if field.is_required():
            return "required"
        default = field.get_default(call_default_factory=True)
        if isinstance(default, BaseModel):
            default = default.model_dump(exclude_none=True)
        return "null" if default is None else str(default)

    fields = {name: told(field) for name, field in ConnectionDraft.model_fields.items()}
    assert documented("Fields") == fields
    assert {*documented("TLS")} == {*SSL_STRENGTH}


# Sessions


def test_a_session_that_was_reset_remembers_nothing_and_can_be_used_again(ground: Ground) -> None:
    session = ground.engine.open(ground.url, application_name="heliograph:test")
    try:
        assert ask(session, "SELECT current_setting('application_name')") == "heliograph:test"
        assert session.is_usable()
        assert session.reset()
        assert ask(session, "SELECT 1") == "1"
    finally:
        session.close()
    assert not session.is_usable()
    assert not session.reset()


def test_a_session_that_the_server_ended_is_not_usable(ground: Ground) -> None:
    session = ground.engine.open(ground.url, application_name="heliograph:test")
    pid = ask(session, "SELECT pg_backend_pid()")
    with postgres.connect(ground.zoo.owner_url) as connection:
        connection.execute(f"SELECT pg_terminate_backend({pid}, 5000)".encode())
    assert not session.is_usable()
    assert not session.reset()
    session.close()


def test_what_idles_is_ended_by_the_server_or_not_kept(major_ground: Ground) -> None:
    session = major_ground.engine.open(major_ground.url, application_name="heliograph:test")
    assert session.reset() is major_ground.is_kept_warm
    if major_ground.is_kept_warm:
        assert ask(session, "SHOW idle_session_timeout") == "1min"
    session.close()


def test_a_refused_login_is_a_connect_error_without_the_password(ground: Ground) -> None:
    wrong = ground.zoo.reader_url.replace("@", "wr0ng@")
    for work in (
        lambda: ground.engine.open(parse_connection_url(wrong), application_name="x"),
        lambda: ground.read(wrong),
    ):
        with pytest.raises(LoginFailed) as caught:
            work()
        assert "wr0ng" not in str(caught.value.to_dict())


def test_an_examination_ends_with_the_first_failure_and_in_time(ground: Ground) -> None:
    steps = list(ground.engine.examine(ground.url, within=15 * SECOND))
    assert [step.name for step in steps][:3] == ["dns", "tcp", "tls"]
    assert all(step.ok for step in steps)
    with FakePostgres(fake_postgres.never_answers) as server:
        began = time.monotonic()
        steps = list(ground.engine.examine(parse_connection_url(server.url()), within=SECOND))
    assert time.monotonic() - began < 5
    assert [step.ok for step in steps][-1] is False
    assert all(step.ok for step in steps[:-1])


# Runs, watched and ended


SLEEPS = "SELECT pg_sleep(20)"


@contextmanager
def idle(ground: Ground) -> Iterator[Session]:
    session = ground.engine.open(ground.url, application_name=IDLE_NAME)
    try:
        yield session
    finally:
        session.close()


def sleep_in(session: Session, options: RunOptions) -> None:
    with session.run(BoundStatement(SLEEPS), options) as result:
        list(result.batches())


@pytest.fixture
def grounds(major_ground: Ground, ground: Ground) -> list[Ground]:
    """An older version and the newest."""
    return [major_ground, ground]


def test_a_run_is_found_by_its_name_and_cancelled(grounds: list[Ground]) -> None:
    options = RunOptions(run_id="a-run")
    for ground in grounds:
        url, engine = ground.zoo.owner_url, ground.engine
        with idle(ground) as session:
            assert names_on(url) == [IDLE_NAME]
            assert engine.cancel(ground.url, "a-run") == 0
            with in_background(partial(sleep_in, session, options)) as ended:
                wait_for(url, "application_name = 'heliograph:a-run' AND state = 'active'")
                assert engine.cancel(ground.url, "another-run") == 0
                assert engine.cancel(ground.url, "a-run") == 1
                assert isinstance(ended(), QueryCanceled)
            assert ask(session, "SELECT 1") == "1"
            assert names_on(url) == [IDLE_NAME]
            assert session.reset() is ground.is_kept_warm


def test_terminate_closes_runs_and_idle_sessions(grounds: list[Ground]) -> None:
    options = RunOptions(run_id="a-run")
    for ground in grounds:
        url, engine = ground.zoo.owner_url, ground.engine
        with idle(ground) as session, idle(ground) as other:
            with in_background(partial(sleep_in, session, options)) as ended:
                wait_for(url, "application_name = 'heliograph:a-run' AND state = 'active'")
                assert engine.terminate(ground.url, ["another-run", "a-run"]) == 1
                assert isinstance(ended(), ConnectionLost)
            assert names_on(url) == [IDLE_NAME]
            assert other.is_usable()
            assert engine.terminate(ground.url, "idle") == 1
            assert names_on(url) == []
            assert not session.is_usable()
            assert not other.is_usable()


def await_end(session: Session) -> None:
    """Wait until a session is over: PostgreSQL 13 tells of an end before it has come."""
    ends_at = time.monotonic() + 10
    while session.is_usable():
        assert time.monotonic() < ends_at
        time.sleep(0.02)


def test_what_idles_longest_is_ended_first_and_a_run_is_left_alone(grounds: list[Ground]) -> None:
    options = RunOptions(run_id="idle:a")  # as if it were one that idles
    for ground in grounds:
        url, engine = ground.zoo.owner_url, ground.engine
        with idle(ground) as session, idle(ground) as longest, idle(ground) as other:
            assert ask(other, "SELECT 1") == "1"
            with in_background(partial(sleep_in, session, options)) as ended:
                wait_for(url, "application_name = 'heliograph:idle:a' AND state = 'active'")
                assert engine.end_idle(ground.url, "idle", most=1) == 1
                await_end(longest)
                assert other.is_usable()
                assert engine.end_idle(ground.url, "another", most=9) == 0
                assert engine.end_idle(ground.url, "idle", most=9) == 1
                await_end(other)
                assert engine.cancel(ground.url, "idle:a") == 1
                assert isinstance(ended(), QueryCanceled)
        with pytest.raises(ValueError, match="everything"):
            engine.end_idle(ground.url, "", most=1)


def test_a_watch_ends_a_run_and_the_session_stays(grounds: list[Ground]) -> None:
    def refuse() -> None:
        raise QueryCanceled("Nobody wants it any more.")

    tick = timedelta(milliseconds=20)
    for ground in grounds:
        asked: list[bool] = []
        with idle(ground) as session:
            for check, seconds, error, why in (
                (refuse, 20.0, QueryCanceled, "Nobody wants it"),
                (None, 0.2, QueryTimedOut, "it took too long"),
                (partial(asked.append, True), 0.5, QueryTimedOut, "it took too long"),
            ):
                watch = Watch(check, tick, time.monotonic() + seconds)
                with pytest.raises(error, match=why):
                    sleep_in(session, RunOptions(watch=watch))
                assert ask(session, "SELECT 1") == "1"
            assert len(asked) > 2
            assert session.reset() is ground.is_kept_warm


def test_a_watch_ends_a_wait_for_the_description_of_a_statement(grounds: list[Ground]) -> None:
    for ground in grounds:
        options = RunOptions(watch=Watch(deadline=time.monotonic() + 0.3))
        with postgres.connect(ground.zoo.owner_url, autocommit=False) as holder:
            holder.execute("LOCK TABLE app.customers IN ACCESS EXCLUSIVE MODE")
            with idle(ground) as session:
                with (
                    pytest.raises(QueryTimedOut),
                    session.run(BoundStatement("TABLE app.customers"), options),
                ):
                    pass
                assert ask(session, "SELECT 1") == "1"
                assert session.reset() is ground.is_kept_warm


def test_a_copy_is_watched_as_well(ground: Ground) -> None:
    endless = BoundStatement("SELECT generate_series(1, 1000000000)", is_wrappable=True)
    names: list[list[str]] = []

    def copy(session: Session) -> None:
        options = RunOptions(run_id="a-copy", watch=Watch(deadline=time.monotonic() + 0.3))
        with session.copy_csv(endless, options) as result:
            for _ in result.chunks():
                if not names:
                    names.append(names_on(ground.zoo.owner_url))

    with idle(ground) as session:
        with pytest.raises(QueryTimedOut, match="it took too long"):
            copy(session)
        assert names == [[run_name("a-copy")]]
        assert ask(session, "SELECT 1") == "1"


def test_functions_are_volatile_or_not(grounds: list[Ground]) -> None:
    for ground in grounds:
        with idle(ground) as session:
            names = ["random", "lower", "add", "no_such_function"]
            assert session.find_volatile(names) == {"random": True, "lower": False, "add": True}
            assert ask(session, "SELECT 1") == "1"


# Schemas


def test_a_schema_is_json_and_holds_what_the_role_may_see(ground: Ground) -> None:
    found = ground.read()
    assert json.loads(json.dumps(found)) == found
    schemas = {schema["name"]: schema for schema in found["schemas"]}
    assert {"app", "empty"} <= {*schemas}
    assert "hidden" not in schemas
    assert schemas["empty"]["tables"] == []
    assert schemas["app"]["comment"] == "What is sold"
    kinds = {table["name"]: table["kind"] for table in schemas["app"]["tables"]}
    assert kinds == {
        "counts": "materialized_view",
        "customers": "table",
        "events": "partitioned_table",
        "happy": "view",
        "orders": "table",
        "staff": "table",
    }
    assert [table["name"] for table in schemas["app"]["tables"]] == sorted(kinds)
    assert found["notes"] == []


def test_columns_have_their_types_defaults_and_comments(ground: Ground) -> None:
    columns = member(ground.read(), "app", "customers")["columns"]
    assert columns == [
        {"name": "id", "type": "bigint", "not_null": True},
        {"name": "Full Name", "type": "text", "not_null": True},
        {
            "name": "email",
            "type": "character varying(255)",
            "comment": "Where the invoice goes",
        },
        {"name": "mood", "type": "app.mood", "default": "'happy'::app.mood"},
        {"name": "tags", "type": "text[]", "default": "ARRAY[]::text[]"},
        {"name": "credit", "type": "numeric(12,2)"},
        {"name": "twice", "type": "integer", "is_generated": True, "default": "2"},
    ]


def test_keys_are_those_that_hold_for_every_row_and_can_be_seen(ground: Ground) -> None:
    found = ground.read()
    customers = member(found, "app", "customers")
    assert customers["comment"] == 'People who buy; "quoted" \\ and ünïcode'
    assert customers["primary_key"] == ["id"]
    assert sorted(customers["unique_keys"]) == [["Full Name", "mood"], ["email"]]
    orders = member(found, "app", "orders")
    assert orders["primary_key"] == ["customer_id", "number"]
    assert orders["foreign_keys"] == [
        {
            "name": "orders_customer_id_fkey",
            "columns": ["customer_id"],
            "schema": "app",
            "table": "customers",
            "references": ["id"],
        }
    ]
    staff = member(found, "app", "staff")
    assert [column["name"] for column in staff["columns"]] == ["id", "name"]
    assert "unique_keys" not in staff
    everything = ground.read(ground.zoo.owner_url)
    assert len(member(everything, "app", "orders")["foreign_keys"]) == 2
    assert member(everything, "app", "staff")["unique_keys"] == [["name", "salary"]]
    assert member(everything, "hidden", "secrets")


def test_sizes_are_estimates_and_partitions_are_counted_in_their_parent(ground: Ground) -> None:
    found = ground.read()
    customers = member(found, "app", "customers")
    assert customers["estimated_rows"] == 40
    assert customers["size_bytes"] > 0
    events = member(found, "app", "events")
    assert (events["partition_count"], events["estimated_rows"]) == (3, 30)
    assert events["size_bytes"] > 0
    assert "estimated_rows" not in member(found, "app", "happy")


def test_routines_have_their_arguments_and_results(ground: Ground) -> None:
    routines = next(s for s in ground.read()["schemas"] if s["name"] == "app")["routines"]
    assert routines == [
        {
            "name": "add",
            "kind": "function",
            "arguments": "a integer, b integer DEFAULT 1",
            "result": "integer",
            "comment": "Adds",
        },
        {"name": "add", "kind": "function", "arguments": "a text", "result": "TABLE(word text)"},
        {"name": "refresh", "kind": "procedure", "arguments": routines[2]["arguments"]},
        {"name": "total", "kind": "aggregate", "arguments": "integer", "result": "integer"},
    ]
    assert routines[2]["arguments"].endswith("days integer")  # "IN days integer" from 14 on


def test_every_major_version_tells_the_same(major_ground: Ground, ground: Ground) -> None:
    older, newer = major_ground.read(), ground.read()
    for schemas in (older["schemas"], newer["schemas"]):
        for schema in schemas:
            for routine in schema["routines"]:
                routine["arguments"] = routine["arguments"].removeprefix("IN ")
    assert older["schemas"] == newer["schemas"]
    assert older["server_version"] != newer["server_version"]


def test_a_table_that_somebody_has_locked_keeps_nobody_waiting(ground: Ground) -> None:
    with postgres.connect(ground.zoo.owner_url, autocommit=False) as holder:
        holder.execute("LOCK TABLE app.customers IN ACCESS EXCLUSIVE MODE")
        began = time.monotonic()
        found = ground.read()
        assert time.monotonic() - began < 5
        names = [column["name"] for column in member(found, "app", "customers")["columns"]]
        assert names[0] == "id"


def test_reading_a_schema_ends_in_time(ground: Ground) -> None:
    for behaviour in (fake_postgres.never_answers, _freezes_after_the_login):
        with FakePostgres(behaviour) as server:
            began = time.monotonic()
            with pytest.raises((ConnectTimedOut, QueryTimedOut)):
                ground.read(server.url(), SECOND)
            assert time.monotonic() - began < 6


def test_reading_a_schema_leaves_no_connection_behind(ground: Ground) -> None:
    ground.read()
    with postgres.connect(ground.zoo.owner_url) as connection:
        for _ in range(100):
            row = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'heliograph:test'"
                " AND datname = current_database()"
            ).fetchone()
            if row == (0,):
                break
            time.sleep(0.02)
        assert row == (0,)


def test_a_server_that_drops_in_mid_reading_is_a_connect_error(ground: Ground) -> None:
    with FakePostgres(fake_postgres.logs_in("9.6.1")) as server, pytest.raises(ConnectError):
        ground.read(server.url())


def _freezes_after_the_login(client: Any) -> None:
    fake_postgres.logs_in("16.1")(client)
    fake_postgres.never_answers(client)
