"""Runs that are ended from outside: by a check of their own, by another process, by a deadline."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from tests.support import fake_postgres
from tests.support.fake_postgres import FakePostgres
from tests.support.runs import (
    KeptRows,
    idle_session,
    in_background,
    login,
    names_on,
    prepare,
    wait_for,
    wait_until,
)

from heliograph.connections.engines.contract import IDLE_NAME, RunOptions, Session, run_name
from heliograph.connections.engines.postgres import PostgresEngine
from heliograph.kernel.errors import (
    ConnectError,
    ConnectionLost,
    HeliographError,
    QueryCanceled,
    QueryTimedOut,
    TooManyConnections,
)
from heliograph.platform.postgres import connect
from heliograph.queries.execution import execute

RUN = "0190c0de-0000-7000-8000-000000000001"
OTHER_RUN = "0190c0de-0000-7000-8000-000000000002"
ENGINE = PostgresEngine()
SLEEP = "SELECT pg_sleep(20)"
STREAM = "SELECT generate_series(1, 1000000000) AS n, repeat('x', 100) AS t"
LOCK_WAIT = "SELECT count(*) FROM held"
LOOP = "CALL count_for_ever()"
IGNORES = "CALL ignore_cancels()"
CURSOR = "CALL open_cursor(NULL)"

PROCEDURES = """
CREATE TABLE held (n int);
CREATE PROCEDURE count_for_ever() LANGUAGE plpgsql AS $$
DECLARE n bigint := 0;
BEGIN
    LOOP n := n + 1; END LOOP;
END $$;
CREATE PROCEDURE ignore_cancels() LANGUAGE plpgsql AS $$
BEGIN
    LOOP
        BEGIN
            PERFORM pg_sleep(20);
        EXCEPTION WHEN query_canceled THEN
            NULL;
        END;
    END LOOP;
END $$;
CREATE PROCEDURE open_cursor(INOUT c refcursor) LANGUAGE plpgsql AS $$
BEGIN
    OPEN c FOR SELECT n FROM generate_series(1, 100000) n;
END $$;
"""


@pytest.fixture
def url(make_database: Callable[[], str]) -> str:
    url = make_database()
    with connect(url) as connection:
        connection.execute(PROCEDURES)
    return url


@pytest.fixture
def session(url: str) -> Iterator[Session]:
    with idle_session(url) as session:
        yield session


@pytest.fixture
def role_url(url: str) -> Iterator[str]:
    """A login of its own, without special rights, on the same database."""
    parts = urlsplit(url)
    name = f"role_of_{parts.path.strip('/')}"
    with connect(url) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'pw' CONNECTION LIMIT 2".encode())
    place = parts.netloc.rpartition("@")[2]
    yield urlunsplit(parts._replace(netloc=f"{name}:pw@{place}"))
    with connect(url) as connection:
        connection.execute(f"DROP OWNED BY {name}; DROP ROLE {name}".encode())


class Switch:
    """A check that ends the run once somebody asked for it; counts how often it was asked."""

    def __init__(self) -> None:
        self.asked_at: float | None = None
        self.count = 0

    def __call__(self) -> None:
        self.count += 1
        if self.asked_at is not None:
            raise QueryCanceled("Cancelled by ada@example.com.")

    def turn(self) -> None:
        self.asked_at = time.monotonic()


def run(
    session: Session, sql: str, sink: KeptRows | None = None, run_id: str = RUN, **more: Any
) -> None:
    execute(session, prepare(sql), RunOptions(run_id=run_id), sink or KeptRows(), **more)


def ask(session: Session, sql: str) -> str | None:
    sink = KeptRows()
    execute(session, prepare(sql), RunOptions(), sink)
    return sink.rows[0][0]


def assert_usable(session: Session) -> None:
    """Assert that a run left nothing behind and the session can be lent again."""
    assert session.is_usable()
    assert session.reset()
    assert ask(session, "SELECT 1") == "1"


WAITS = {
    "sleep": (SLEEP, "wait_event = 'PgSleep'"),
    "stream": (STREAM, "query ~ 'generate_series' AND state = 'active'"),
    "lock": (LOCK_WAIT, "wait_event_type = 'Lock'"),
    "loop": (LOOP, "query ~ 'count_for_ever' AND state = 'active'"),
}


# A check of the run's own


@pytest.mark.parametrize("wait", WAITS)
def test_a_check_ends_a_run_within_two_seconds_whatever_it_waits_for(
    wait: str, url: str, session: Session
) -> None:
    sql, condition = WAITS[wait]
    switch = Switch()
    with connect(url, autocommit=False) as holder:
        holder.execute("LOCK TABLE held IN ACCESS EXCLUSIVE MODE")
        with in_background(lambda: run(session, sql, check=switch)) as ended:
            wait_for(url, condition)
            switch.turn()
            error = ended()
            assert switch.asked_at is not None
            assert time.monotonic() - switch.asked_at < 2
    assert isinstance(error, QueryCanceled)
    assert error.message == "Cancelled by ada@example.com."
    assert_usable(session)
    assert names_on(url) == [IDLE_NAME]


def test_a_short_run_is_never_asked_about_and_a_long_one_is(session: Session) -> None:
    switch = Switch()
    run(session, "SELECT 1", check=switch)
    assert switch.count == 0
    run(session, "SELECT pg_sleep(0.3)", check=switch, check_interval=timedelta(milliseconds=50))
    assert 3 <= switch.count <= 6
    assert_usable(session)


def test_rows_that_keep_coming_do_not_keep_the_check_away(session: Session) -> None:
    switch, sink = Switch(), KeptRows()
    with pytest.raises(QueryCanceled):
        run(
            session,
            STREAM,
            KeptRows(lambda _: switch.turn()),
            check=switch,
            check_interval=timedelta(milliseconds=20),
        )
    assert switch.count in (1, 2)  # asked once more while the end is on its way
    run(session, "SELECT n FROM generate_series(1, 1000) n", sink)
    assert len(sink.rows) == 1000


def test_what_a_check_raises_comes_out_as_it_is(session: Session) -> None:
    def fail() -> None:
        raise KeyError("the lease is lost")

    with pytest.raises(KeyError, match="the lease is lost"):
        run(session, SLEEP, check=fail, check_interval=timedelta(milliseconds=20))
    assert_usable(session)


def test_no_thread_is_left_or_needed(session: Session) -> None:
    before = threading.active_count()
    during: list[int] = []
    run(
        session,
        "SELECT pg_sleep(0.1)",
        check=lambda: during.append(threading.active_count()),
        check_interval=timedelta(milliseconds=20),
    )
    assert {*during} == {before}
    assert threading.active_count() == before


# A deadline for the whole run


@pytest.mark.parametrize("wait", WAITS)
def test_a_deadline_ends_a_run_whatever_it_waits_for(wait: str, url: str, session: Session) -> None:
    sql, _ = WAITS[wait]
    with connect(url, autocommit=False) as holder:
        holder.execute("LOCK TABLE held IN ACCESS EXCLUSIVE MODE")
        began = time.monotonic()
        with pytest.raises(QueryTimedOut, match="it took too long"):
            run(session, sql, deadline=began + 0.4)
        assert 0.4 <= time.monotonic() - began < 2
    assert_usable(session)


def test_a_deadline_holds_over_the_many_statements_of_a_cursor(session: Session) -> None:
    began = time.monotonic()
    options = RunOptions(timeout=timedelta(seconds=0.5))
    sink = KeptRows(lambda _: time.sleep(0.002))
    with pytest.raises(QueryTimedOut, match="it took too long"):
        execute(session, prepare(CURSOR), options, sink, deadline=began + 0.9)
    assert 0.9 <= time.monotonic() - began < 2
    assert len(sink.rows) > 10_000  # that is: after the first FETCH
    assert_usable(session)


def test_a_run_without_time_left_does_not_start(session: Session) -> None:
    sink = KeptRows()
    with pytest.raises(QueryTimedOut, match="not started"):
        run(session, "SELECT 1", sink, deadline=time.monotonic())
    assert sink.columns is None
    run(session, "SELECT 1", sink, deadline=time.monotonic() + 20)
    assert sink.rows == [("1",)]


# From another process


@pytest.mark.parametrize("wait", WAITS)
def test_cancel_ends_a_run_within_two_seconds_and_keeps_its_session(
    wait: str, url: str, session: Session
) -> None:
    sql, condition = WAITS[wait]
    with connect(url, autocommit=False) as holder:
        holder.execute("LOCK TABLE held IN ACCESS EXCLUSIVE MODE")
        with in_background(lambda: run(session, sql)) as ended:
            wait_for(url, f"application_name = '{run_name(RUN)}' AND {condition}")
            began = time.monotonic()
            assert ENGINE.cancel(login(url), RUN) == 1
            error = ended()
            assert time.monotonic() - began < 2
    assert isinstance(error, QueryCanceled)
    assert error.sqlstate == "57014"
    assert_usable(session)
    assert ENGINE.cancel(login(url), RUN) == 0


def test_who_asked_is_told_also_when_the_server_was_quicker(url: str, session: Session) -> None:
    switch = Switch()
    for end in (ENGINE.cancel, lambda login, run_id: ENGINE.terminate(login, [run_id])):
        switch.asked_at = None
        work = lambda: run(session, SLEEP, check=switch, check_interval=timedelta(hours=1))  # noqa: E731
        with in_background(work) as ended:
            wait_for(url, "wait_event = 'PgSleep'")
            switch.turn()
            assert end(login(url), RUN) == 1
            error = ended()
        assert isinstance(error, QueryCanceled)
        assert error.message == "Cancelled by ada@example.com."


def test_a_run_that_ignores_the_cancel_loses_its_connection(url: str, session: Session) -> None:
    with in_background(lambda: run(session, IGNORES)) as ended:
        wait_for(url, "wait_event = 'PgSleep'")
        began = time.monotonic()
        assert ENGINE.cancel(login(url), RUN) == 1
        error = ended()
        assert time.monotonic() - began < 3
    assert isinstance(error, ConnectionLost)
    assert not session.is_usable()
    assert not session.reset()
    assert names_on(url) == []


@pytest.mark.parametrize(
    ("sql", "state"), [(CURSOR, "idle in transaction"), (STREAM, "active")], ids=["idle", "stuck"]
)
def test_a_run_whose_reader_is_busy_elsewhere_is_ended_too(
    sql: str, state: str, url: str, session: Session
) -> None:
    """Between two FETCHes there is nothing to cancel, and a full socket hears no cancel."""
    arrived, go_on = threading.Event(), threading.Event()

    def hold(rows: list[Any]) -> None:
        arrived.set()
        go_on.wait(20)

    seconds = None
    with in_background(lambda: run(session, sql, KeptRows(hold))) as ended:
        try:
            assert arrived.wait(20)
            wait_for(
                url,
                f"application_name = '{run_name(RUN)}' AND state = '{state}'"
                " AND wait_event_type = 'Client'",
            )
            began = time.monotonic()
            assert ENGINE.cancel(login(url), RUN) == 1
            seconds = time.monotonic() - began
            assert run_name(RUN) not in names_on(url)
        finally:
            go_on.set()
        error = ended()
    assert seconds is not None
    assert seconds < 3
    assert isinstance(error, ConnectionLost | QueryCanceled)


def test_two_cancels_at_once_are_one(url: str, session: Session) -> None:
    with in_background(lambda: run(session, SLEEP)) as ended, ThreadPoolExecutor(2) as pool:
        wait_for(url, "wait_event = 'PgSleep'")
        counts = [*pool.map(lambda _: ENGINE.cancel(login(url), RUN), range(2))]
        assert isinstance(ended(), QueryCanceled)
    assert 1 in counts
    assert_usable(session)
    assert names_on(url) == [IDLE_NAME]


def test_only_the_run_of_this_name_and_role_is_touched(
    url: str, role_url: str, session: Session
) -> None:
    with (
        idle_session(url) as other,
        idle_session(role_url) as stranger,
        in_background(lambda: run(session, SLEEP)) as mine,
        in_background(lambda: run(other, SLEEP, run_id=OTHER_RUN)) as others,
        in_background(lambda: run(stranger, SLEEP)) as strangers,  # the same name
    ):
        name = run_name(RUN)
        wait_until(lambda: names_on(url) == [name, name, run_name(OTHER_RUN)])
        assert ENGINE.cancel(login(url), RUN) == 1
        assert isinstance(mine(), QueryCanceled)
        assert names_on(url) == [name, run_name(OTHER_RUN), IDLE_NAME]
        # A role without special rights finds and ends its own.
        assert ENGINE.cancel(login(role_url), OTHER_RUN) == 0
        assert ENGINE.cancel(login(role_url), RUN) == 1
        assert isinstance(strangers(), QueryCanceled)
        assert ENGINE.cancel(login(url), OTHER_RUN) == 1
        assert isinstance(others(), QueryCanceled)


def test_another_database_of_the_same_server_is_not_touched(
    url: str, make_database: Callable[[], str], session: Session
) -> None:
    elsewhere = make_database()
    with in_background(lambda: run(session, SLEEP)) as ended:
        wait_for(url, "wait_event = 'PgSleep'")
        assert ENGINE.cancel(login(elsewhere), RUN) == 0
        assert ENGINE.terminate(login(elsewhere), [RUN]) == 0
        assert ENGINE.cancel(login(url), RUN) == 1
        assert isinstance(ended(), QueryCanceled)


def test_the_workers_of_a_parallel_query_are_not_counted(url: str) -> None:
    with connect(url) as connection:
        connection.execute(
            "CREATE TABLE big AS SELECT n FROM generate_series(1, 200000) n;"
            "ALTER TABLE big SET (parallel_workers = 2); ANALYZE big"
        )
        database = urlsplit(url).path.strip("/")
        for setting in (
            "parallel_setup_cost",
            "parallel_tuple_cost",
            "min_parallel_table_scan_size",
        ):
            connection.execute(f"ALTER DATABASE {database} SET {setting} = 0".encode())
    slow = "SELECT count(*) FROM big AS a, big AS b WHERE a.n + b.n > 0"
    with idle_session(url) as own, in_background(lambda: run(own, slow)) as ended:
        wait_for(url, f"application_name = '{run_name(RUN)}' AND backend_type = 'parallel worker'")
        assert ENGINE.cancel(login(url), RUN) == 1
        assert isinstance(ended(), QueryCanceled)
        assert_usable(own)


# Connections, ended


def test_terminate_ends_runs_by_id_and_idle_sessions_by_the_beginning_of_their_name(
    url: str, session: Session
) -> None:
    with idle_session(url) as other, connect(url) as bystander:
        bystander.execute("SET application_name = 'psql'")
        with in_background(lambda: run(session, SLEEP)) as ended:
            wait_for(url, "wait_event = 'PgSleep'")
            assert ENGINE.terminate(login(url), [OTHER_RUN]) == 0
            assert ENGINE.terminate(login(url), [OTHER_RUN, RUN]) == 1
            assert names_on(url) == [IDLE_NAME, "psql"]
            assert isinstance(ended(), ConnectionLost)
        assert other.is_usable()
        assert ENGINE.terminate(login(url), "idle") == 1
        assert names_on(url) == ["psql"]
        assert not other.is_usable()
        with pytest.raises(ValueError, match="everything"):
            ENGINE.terminate(login(url), "")


def test_names_are_texts_and_never_patterns_or_sql(url: str, session: Session) -> None:
    for odd in ("%", "_", "x' OR true --", '{"a"}', "\\", ""):
        assert ENGINE.cancel(login(url), odd) == 0
        assert ENGINE.terminate(login(url), [odd]) == 0
    assert ENGINE.terminate(login(url), "%") == 0
    assert ENGINE.terminate(login(url), []) == 0
    assert session.is_usable()


def test_a_role_without_a_connection_to_spare_cannot_cancel_from_outside(
    url: str, role_url: str
) -> None:
    switch = Switch()
    with (
        idle_session(role_url) as session,
        idle_session(role_url),
        in_background(lambda: run(session, SLEEP, check=switch)) as ended,
    ):
        wait_for(url, "wait_event = 'PgSleep'")
        with pytest.raises(TooManyConnections):
            ENGINE.cancel(login(role_url), RUN)
        switch.turn()  # the run's own check needs none
        assert isinstance(ended(), QueryCanceled)


def test_cancelling_takes_three_seconds_at_most(url: str) -> None:
    def freezes(client: Any) -> None:
        fake_postgres.logs_in("16.1")(client)
        fake_postgres.never_answers(client)

    for behaviour in (fake_postgres.never_answers, freezes):
        with FakePostgres(behaviour) as server:
            began = time.monotonic()
            with pytest.raises((ConnectError, QueryTimedOut)):
                ENGINE.cancel(login(server.url()), RUN)
            assert 2.5 < time.monotonic() - began < 4
    began = time.monotonic()
    assert ENGINE.cancel(login(url), RUN) == 0
    assert time.monotonic() - began < 2


# What the server shows


def test_a_run_has_its_name_for_exactly_as_long_as_it_runs(url: str, session: Session) -> None:
    assert names_on(url) == [IDLE_NAME]
    seen: list[list[str]] = []
    run(session, "SELECT 1", KeptRows(lambda _: seen.append(names_on(url))))
    assert seen == [[run_name(RUN)]]
    assert names_on(url) == [IDLE_NAME]
    with pytest.raises(HeliographError):
        run(session, "SELECT 1 / 0")
    assert names_on(url) == [IDLE_NAME]
    assert session.reset()
    assert names_on(url) == [IDLE_NAME]
    assert ask(session, "SHOW application_name") == IDLE_NAME
