"""Queries of people, from the question to the rows, on a real database."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.support.api import Api, SetClock
from tests.support.connections import ADMIN, EDITOR, OTHER, VIEWER, ConnectionsApi, KnownPeople

from heliograph.accounts.permissions import GranteeType, Level
from heliograph.kernel.actors import Actor
from heliograph.kernel.errors import Conflict, Forbidden, NotFound, RequestInvalid, ResultExpired
from heliograph.kernel.ids import new_id
from heliograph.kernel.pagination import PageRequest
from heliograph.platform import postgres
from heliograph.queries import asking as queries_asking
from heliograph.queries.history_store import HistoryFilter
from heliograph.queries.questions import Question
from heliograph.queries.runs import Run, Runs
from heliograph.web.services import Services


class Asking:
    """A connection, the people who may use it, and runs on it."""

    def __init__(self, services: Services, api: Api, url: str, *, inline: float = 5.0) -> None:
        self.services = services
        self.url = url
        self.people = KnownPeople(services)
        self.connections = ConnectionsApi(api, self.people)
        self.wakes: list[str] = []
        self.runs = self.make_runs(inline)

    def make_runs(self, inline: float = 5.0) -> Runs:
        services = self.services
        asking = queries_asking.Asking(
            services.executor,
            services.connections,
            services.users,
            services.wakes,
            inline_seconds=inline,
        )
        return Runs(
            services.holder,
            asking,
            services.connections,
            lambda: services.blobs,
            services.wakes,
        )

    def work_on(self, connection: UUID, seconds_left: Callable[[], float] = lambda: 120.0) -> int:
        return self.services.query_worker.work_on(connection, seconds_left)

    def connect(self, **values: Any) -> UUID:
        made = self.connections.make(self.url, ssl_mode="disable", **values)
        return UUID(made["id"])

    def actor(self, name: str = EDITOR) -> Actor:
        return self.people.actors[name]

    def history(self, as_: str = EDITOR, *, limit: int = 50, cursor: Any = None, **of: Any) -> Any:
        page = PageRequest(limit, cursor)
        return self.runs.history(self.actor(as_), page, HistoryFilter(**of))

    def ask(
        self, connection: UUID, sql: str, *params: Any, as_: str = EDITOR, **values: Any
    ) -> Run:
        values = {"wait": timedelta(seconds=10), "params": list(params), **values}
        return self.runs.ask(self.actor(as_), Question(connection, sql, **values))

    def rows(self, run: Run, *, as_: str = EDITOR, offset: int = 0, limit: int = 100) -> Any:
        _, page = self.runs.page(self.actor(as_), run.row.id, offset, limit)
        return json.loads(b"[" + page.rows() + b"]")


@pytest.fixture
def asking(services: Services, api: Api, make_database: Callable[[], str]) -> Iterator[Asking]:
    made = Asking(services, api, make_database())
    yield made
    services.connections.close()


def backends(url: str) -> int:
    with postgres.connect(url) as connection:
        found = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name LIKE 'heliograph:%' AND application_name <> 'heliograph:cancel'"
        ).fetchone()
        assert found is not None
        return int(found[0])


def test_a_quick_query_is_answered_at_once(asking: Asking) -> None:
    connection = asking.connect()
    run = asking.ask(connection, "select $1::int + 1 as n, 'é' as t", "41")
    assert (run.row.state, run.row.row_count, run.row.error) == ("succeeded", 1, None)
    assert asking.rows(run) == [[42, "é"]]
    assert asking.services.database.fetch("SELECT execution_id FROM query_slots LIMIT 1") == [
        {"execution_id": None}
    ]


def test_a_query_that_fails_is_a_run_that_failed(asking: Asking) -> None:
    connection = asking.connect()
    run = asking.ask(connection, "select 1,\n 1/0")
    assert run.row.state == "failed"
    assert run.row.error is not None
    assert run.row.error["sqlstate"] == "22012"
    with pytest.raises(Conflict):
        asking.rows(run)
    assert asking.ask(connection, "select 1").row.state == "succeeded"


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("delete from orders", "statement_refused"),
        ("select 1; select 2", "several_statements"),
        ("", "sql_empty"),
        ("select pg_terminate_backend(1)", "function_refused"),
        ("select {{a}}", "parameter_missing"),
        ("selec 1", "sql_invalid"),
    ],
)
def test_a_query_that_is_refused_is_kept_in_the_history(
    asking: Asking, sql: str, code: str
) -> None:
    run = asking.ask(asking.connect(), sql)
    assert run.row.state == "failed"
    assert run.row.error is not None
    assert run.row.error["code"] == code
    history = asking.history()
    assert [past.run.id for past in history.items] == [run.row.id]


def test_the_hint_for_a_missing_value_speaks_of_no_command(asking: Asking) -> None:
    error = asking.ask(asking.connect(), "select {{a}}").row.error
    assert error is not None
    assert error["hint"] == "Give each a value, or NULL. A clause in [[ ... ]] may go without."


def test_values_that_are_none_are_the_requests_fault(asking: Asking) -> None:
    connection = asking.connect()
    with pytest.raises(RequestInvalid):
        asking.ask(connection, "select $1", {"no": "value"})
    assert asking.history().items == []


def test_who_may_not_use_the_connection_asks_nothing(asking: Asking) -> None:
    connection = asking.connect()
    with pytest.raises(NotFound):
        asking.ask(connection, "select 1", as_=OTHER)
    everyone = GranteeType.EVERYONE
    asking.services.grants.give(
        asking.actor(ADMIN), "connection", connection, everyone, None, Level.VIEW
    )
    assert asking.ask(connection, "select 1", as_=OTHER).row.state == "succeeded"
    with pytest.raises(Forbidden):
        asking.ask(connection, "select 1", as_=VIEWER)


def test_anothers_run_is_not_there_but_for_admins(asking: Asking) -> None:
    run = asking.ask(asking.connect(), "select 7")
    for look in (
        lambda: asking.rows(run, as_=OTHER),
        lambda: asking.runs.get(asking.actor(OTHER), run.row.id),
        lambda: asking.runs.cancel(asking.actor(OTHER), run.row.id),
    ):
        with pytest.raises(NotFound):
            look()
    assert asking.rows(run, as_=ADMIN) == asking.rows(run) == [[7]]
    with pytest.raises(NotFound):
        asking.runs.get(asking.actor(), new_id())


def test_what_takes_too_long_is_previewed_and_done_once_more_by_a_worker(
    asking: Asking,
) -> None:
    asking.runs = asking.make_runs(inline=0.5)
    connection = asking.connect()
    slow = (
        "select n, case when n > 2500 then"
        " (select count(*) from generate_series(1, 60000) g where g <> n) end"
        " from generate_series(1, 3000) n"
    )
    run = asking.ask(connection, slow, wait=timedelta(seconds=1.2))
    assert (run.row.state, run.position) == ("queued", 1)
    assert run.row.preview
    assert asking.services.query_queue.counts().waiting == 1
    assert asking.work_on(connection) == 1
    done = asking.runs.get(asking.actor(), run.row.id)
    assert (done.row.state, done.row.row_count, done.row.preview) == ("succeeded", 3000, None)
    assert asking.rows(run, offset=2999) == [[3000, "59999"]]


def test_what_must_not_run_twice_goes_to_the_queue_at_once(asking: Asking) -> None:
    connection = asking.connect()
    run = asking.ask(connection, "select my_function()", wait=timedelta(seconds=0.1))
    assert run.row.state == "queued"
    assert asking.work_on(connection) == 1
    assert asking.runs.get(asking.actor(), run.row.id).row.state == "failed"


def test_a_run_that_is_not_waited_for_is_queued(asking: Asking) -> None:
    connection = asking.connect()
    runs = [asking.ask(connection, f"select {n}", wait=timedelta(0)) for n in range(3)]
    assert [run.position for run in runs] == [1, 2, 3]
    assert asking.work_on(connection) == 3
    assert [asking.rows(run) for run in runs] == [[[0]], [[1]], [[2]]]
    assert asking.work_on(connection) == 0


def test_a_worker_without_time_leaves_work_to_the_next(asking: Asking) -> None:
    connection = asking.connect()
    run = asking.ask(connection, "select 1", wait=timedelta(0))
    assert asking.work_on(connection, lambda: 10.0) == 0
    assert asking.runs.get(asking.actor(), run.row.id).row.state == "queued"
    assert asking.work_on(connection) == 1


LONG = "select count(*) from generate_series(1, 100000000000)"


@pytest.mark.parametrize("way", ["inline", "worker"])
def test_cancel_ends_a_running_query_on_the_server(asking: Asking, way: str) -> None:
    connection = asking.connect()
    found: list[Run] = []
    if way == "inline":
        work = lambda: found.append(asking.ask(connection, LONG))  # noqa: E731
    else:
        found.append(asking.ask(connection, "select pg_sleep(60)", wait=timedelta(0)))
        work = lambda: asking.work_on(connection)  # type: ignore[assignment,return-value]  # noqa: E731
    thread = threading.Thread(target=work)
    thread.start()
    deadline = time.monotonic() + 5
    active: list[UUID] = []
    while not active and time.monotonic() < deadline:
        history = asking.history().items
        active = [past.run.id for past in history if past.run.state == "running"]
    began = time.monotonic()
    assert asking.runs.cancel(asking.actor(), active[0]).row.state == "canceled"
    thread.join(10)
    assert time.monotonic() - began < 2.5
    assert not thread.is_alive()
    states = [asking.runs.get(asking.actor(), run.row.id).row.state for run in found]
    assert states == ["canceled"]
    assert asking.runs.cancel(asking.actor(), active[0]).row.state == "canceled"
    (row,) = asking.services.database.fetch("SELECT state FROM query_executions")
    assert row["state"] == "canceled"
    assert asking.ask(connection, "select 1").row.state == "succeeded"


def test_cancel_ends_a_queued_query_before_it_runs(asking: Asking) -> None:
    connection = asking.connect()
    run = asking.ask(connection, "select 1", wait=timedelta(0))
    assert asking.runs.cancel(asking.actor(), run.row.id).row.state == "canceled"
    assert asking.work_on(connection) == 0


def test_the_cap_of_a_connection_holds_for_requests_and_workers(asking: Asking) -> None:
    connection = asking.connect(max_concurrency=3)
    most, is_over = [0], threading.Event()

    def watch() -> None:
        while not is_over.is_set():
            most[0] = max(most[0], backends(asking.url))

    watcher = threading.Thread(target=watch)
    watcher.start()
    runs: list[Run] = []

    def ask() -> None:
        runs.append(asking.ask(connection, "select pg_sleep(0.1), 1", wait=timedelta(seconds=0.4)))

    askers = [threading.Thread(target=ask) for _ in range(12)]
    workers = [threading.Thread(target=asking.work_on, args=(connection,)) for _ in range(4)]
    for thread in (*askers, *workers):
        thread.start()
    for thread in (*askers, *workers):
        thread.join(30)
    asking.work_on(connection)
    is_over.set()
    watcher.join(10)
    states = {asking.runs.get(asking.actor(), run.row.id).row.state for run in runs}
    assert states == {"succeeded"}
    assert 1 <= most[0] <= 3


def test_the_row_policy_cuts_and_says_so(asking: Asking) -> None:
    connection = asking.connect(max_rows=10)
    run = asking.ask(connection, "select * from generate_series(1, 11)")
    assert (run.row.row_count, run.row.truncated_reason) == (10, "row_limit")
    fewer = asking.ask(connection, "select * from generate_series(1, 11)", max_rows=4)
    assert (fewer.row.row_count, fewer.row.truncated_reason) == (4, "row_limit")
    whole = asking.ask(connection, "select * from generate_series(1, 10)", max_rows=99)
    assert (whole.row.row_count, whole.row.truncated_reason) == (10, None)


def test_a_cached_answer_is_given_to_the_same_question_of_the_same_person(
    asking: Asking, clock: SetClock
) -> None:
    connection = asking.connect(cache_seconds=60)
    everyone = GranteeType.EVERYONE
    asking.services.grants.give(
        asking.actor(ADMIN), "connection", connection, everyone, None, Level.VIEW
    )
    sql = "select current_setting('heliograph.user_email')"
    first = asking.ask(connection, sql)
    clock.advance(timedelta(seconds=30))
    again = asking.ask(connection, sql)
    assert again.row.execution_id == first.row.execution_id
    assert again.row.cached_at == first.row.finished_at
    other = asking.ask(connection, sql, as_=OTHER)
    assert other.row.cached_at is None
    assert asking.rows(other, as_=OTHER) == [["other-editor@heliograph.example"]]
    assert asking.rows(again) == [["editor@heliograph.example"]]
    assert asking.ask(connection, sql + " ").row.cached_at is None
    assert asking.ask(connection, sql, cache_seconds=0).row.cached_at is None
    clock.advance(timedelta(seconds=61))
    assert asking.ask(connection, sql).row.cached_at is None


def test_rows_that_are_no_longer_kept_say_so(asking: Asking, clock: SetClock) -> None:
    run = asking.ask(asking.connect(), "select 1")
    clock.advance(timedelta(hours=2))
    with pytest.raises(ResultExpired):
        asking.rows(run)
    with asking.services.database.transaction() as tx:
        tx.execute("DELETE FROM query_executions")
    assert asking.runs.get(asking.actor(), run.row.id).row.state == "expired"
    with pytest.raises(ResultExpired):
        asking.rows(run)


def test_policies_of_the_database_see_who_asks_over_a_warm_session(asking: Asking) -> None:
    with postgres.connect(asking.url) as admin:
        for statement in (
            "CREATE TABLE notes (owner text, note text)",
            """INSERT INTO notes VALUES ('editor@heliograph.example', 'mine'),
                ('other-editor@heliograph.example', 'theirs')""",
            "ALTER TABLE notes ENABLE ROW LEVEL SECURITY",
            """CREATE POLICY own ON notes
                USING (owner = current_setting('heliograph.user_email', true))""",
            "CREATE ROLE reader_of_notes LOGIN PASSWORD 'notes'",
            "GRANT SELECT ON notes TO reader_of_notes",
        ):
            admin.execute(statement.encode())
    try:
        connection = asking.connect(username="reader_of_notes", password="notes")
        asking.services.grants.give(
            asking.actor(ADMIN), "connection", connection, GranteeType.EVERYONE, None, Level.VIEW
        )
        sql = "select note from notes"
        for as_, note in ((EDITOR, "mine"), (OTHER, "theirs"), (EDITOR, "mine")):
            run = asking.ask(connection, sql, as_=as_)
            assert asking.rows(run, as_=as_) == [[note]]
        assert backends(asking.url) == 1
    finally:
        asking.services.connections.close()
        with postgres.connect(asking.url) as admin:
            admin.execute(b"DROP OWNED BY reader_of_notes; DROP ROLE reader_of_notes")


def test_the_history_is_ones_own_and_an_admins_of_a_connection(asking: Asking) -> None:
    connection, another = asking.connect(), asking.connect(name="Another")
    asked = [asking.ask(one, "select 1").row.id for one in (connection, another, connection)]
    own = asking.history(limit=2)
    assert [past.run.id for past in own.items] == [asked[2], asked[1]]
    rest = asking.history(limit=2, cursor=own.next)
    assert ([past.run.id for past in rest.items], rest.next) == ([asked[0]], None)
    assert asking.history(OTHER).items == []
    seen = asking.history(ADMIN, connection_id=connection)
    assert [past.run.id for past in seen.items] == [asked[2], asked[0]]
    assert len(asking.history(ADMIN).items) == 3
    with pytest.raises(Forbidden):
        asking.history(OTHER, user_id=asking.actor().user_id)


def test_a_connection_that_cannot_be_reached_fails_the_run(asking: Asking) -> None:
    asking.url = replace_port(asking.url)
    run = asking.ask(asking.connect(), "select 1")
    assert run.row.state == "failed"
    assert run.row.error is not None
    assert run.row.error["code"] == "connection_refused"


def replace_port(url: str) -> str:
    from heliograph.connections.url import parse_connection_url

    parsed = parse_connection_url(url)
    place = replace(parsed, hosts=((parsed.host, 9),))
    return f"postgresql://{place.user}:x@{place.host}:9/{place.database}"
