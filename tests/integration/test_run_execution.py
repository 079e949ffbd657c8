"""One execution: what reaches its sink, how it is cut and counted, and what becomes of faults."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.support.runs import KeptRows, idle_session, in_background, names_on, prepare, wait_for
from tests.support.tls_proxy import TlsProxy

from heliograph.connections.engines.contract import IDLE_NAME, RunOptions, Session
from heliograph.kernel.errors import (
    ConnectionLost,
    ParameterInvalid,
    QueryTimedOut,
    ServerResourcesExhausted,
    SqlInvalid,
    WriteRefused,
)
from heliograph.local.postgres_server import PostgresServer
from heliograph.platform.postgres import connect
from heliograph.queries.execution import ROW_LIMIT, ExecutionSummary, execute

ENDLESS = "SELECT generate_series(1, 1000000000) AS n, repeat('x', 100) AS t"


@pytest.fixture
def url(make_database: Callable[[], str]) -> str:
    return make_database()


@pytest.fixture
def session(url: str) -> Iterator[Session]:
    with idle_session(url) as session:
        yield session


def run(
    session: Session,
    sql: str,
    sink: KeptRows | None = None,
    *,
    max_rows: int | None = None,
    **more: Any,
) -> ExecutionSummary:
    options = RunOptions(run_id="a-run", max_rows=max_rows)
    return execute(session, prepare(sql), options, sink or KeptRows(), **more)


# Results


def test_rows_arrive_in_order_and_are_counted(session: Session) -> None:
    sink, progress = KeptRows(), list[int]()
    done = run(
        session,
        "SELECT n, nullif(n, 2) AS m FROM generate_series(1, 1000) n",
        sink,
        on_progress=progress.append,
    )
    assert [column.name for column in sink.columns or ()] == ["n", "m"]
    assert sink.rows[:3] == [("1", "1"), ("2", None), ("3", "3")]
    assert [int(row[0] or 0) for row in sink.rows] == [*range(1, 1001)]
    assert (done.row_count, done.truncated, done.truncated_reason) == (1000, False, None)
    assert done.notes == ()
    assert done.duration_ms > 0
    assert progress == sorted(progress)
    assert progress[-1] == 1000


@pytest.mark.parametrize("sql", ["SELECT n FROM generate_series(1, 5) n", "CALL five()"])
def test_what_lies_beyond_max_rows_is_cut_and_said(sql: str, url: str, session: Session) -> None:
    with connect(url) as connection:
        connection.execute(
            "CREATE PROCEDURE five(INOUT c refcursor DEFAULT NULL) LANGUAGE plpgsql AS"
            " $$ BEGIN OPEN c FOR SELECT n FROM generate_series(1, 5) n; END $$"
        )
    for most, expected in (
        (4, (4, True, ROW_LIMIT)),
        (5, (5, False, None)),
        (0, (0, True, ROW_LIMIT)),
    ):
        sink = KeptRows()
        done = run(session, sql, sink, max_rows=most)
        assert (done.row_count, done.truncated, done.truncated_reason) == expected
        assert len(sink.rows) == done.row_count


def test_results_without_columns_or_rows_are_results(url: str, session: Session) -> None:
    with connect(url) as connection:
        connection.execute("CREATE PROCEDURE nothing() LANGUAGE sql AS ''")
        connection.execute("CREATE FUNCTION silent() RETURNS void LANGUAGE plpgsql AS 'BEGIN END'")
    expected = {
        "CALL nothing()": (0, []),
        "SELECT FROM generate_series(1, 3)": (0, [(), (), ()]),
        "SELECT silent()": (1, [("",)]),
        "SELECT 1 WHERE false": (1, []),
    }
    for sql, (columns, rows) in expected.items():
        sink = KeptRows()
        done = run(session, sql, sink)
        assert sink.columns is not None
        assert (len(sink.columns), sink.rows) == (columns, rows)
        assert (done.row_count, done.truncated) == (len(rows), False)


def test_what_a_procedure_says_beside_its_cursor_is_a_note(url: str, session: Session) -> None:
    with connect(url) as connection:
        connection.execute(
            "CREATE PROCEDURE report(INOUT c refcursor, INOUT total int) LANGUAGE plpgsql AS"
            " $$ BEGIN total := 3; OPEN c FOR SELECT n FROM generate_series(1, 3) n; END $$"
        )
    done = run(session, "CALL report(NULL, 0)")
    assert done.row_count == 3
    assert done.notes == ("Beside its cursor the statement returned total = 3.",)


# Errors


def test_errors_point_into_the_persons_own_text(session: Session) -> None:
    sql = "-- sales\nSELECT {{n}}::int,\n       nothing;"
    with pytest.raises(SqlInvalid) as caught:
        execute(session, prepare(sql, n="1"), RunOptions(max_rows=5), KeptRows())
    assert (caught.value.line, caught.value.column) == (3, 8)
    with pytest.raises(ParameterInvalid, match="parameter n is not a valid int4"):
        execute(session, prepare("SELECT {{n}}::int", n="x"), RunOptions(), KeptRows())
    sink = KeptRows()
    execute(session, prepare("SELECT {{n}}::int", n="7"), RunOptions(), sink)
    assert sink.rows == [("7",)]


def test_an_error_after_the_first_rows_leaves_the_session_usable(session: Session) -> None:
    sink = KeptRows()
    with pytest.raises(Exception, match="division by zero"):
        run(session, "SELECT 1 / (5000 - n) FROM generate_series(1, 9999) n", sink)
    assert len(sink.rows) > 1000
    assert session.is_usable()
    assert run(session, "SELECT 1").row_count == 1


def test_what_the_sink_raises_ends_the_run_on_the_server(url: str, session: Session) -> None:
    def fail(_: object) -> None:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        run(session, ENDLESS, KeptRows(fail))
    assert names_on(url) == [IDLE_NAME]
    assert session.reset()
    assert run(session, "SELECT 1").row_count == 1


def test_a_procedure_that_writes_is_refused_by_the_server(url: str, session: Session) -> None:
    with connect(url) as connection:
        connection.execute("CREATE TABLE t (n int)")
        connection.execute("CREATE PROCEDURE add() LANGUAGE sql AS 'INSERT INTO t VALUES (1)'")
    with pytest.raises(WriteRefused):
        run(session, "CALL add()")
    sink = KeptRows()
    run(session, "SELECT count(*) FROM t", sink)
    assert sink.rows == [("0",)]


def test_a_limit_of_the_servers_disk_is_told(url: str) -> None:
    database = urlsplit(url).path.strip("/")
    spills = "SELECT n FROM generate_series(1, 400000) n ORDER BY n DESC"
    with connect(url) as connection:
        connection.execute(f"ALTER DATABASE {database} SET work_mem = '64kB'".encode())
        connection.execute(f"ALTER DATABASE {database} SET temp_file_limit = '256kB'".encode())
    with idle_session(url) as session:
        with pytest.raises(ServerResourcesExhausted) as caught:
            run(session, spills)
        assert caught.value.sqlstate == "53400"
        assert session.reset()
        assert run(session, "SELECT 1").row_count == 1


# The connection ends in the middle


@pytest.mark.parametrize("rudely", [False, True])
def test_a_cut_network_is_a_lost_connection_and_the_end_of_the_session(
    rudely: bool, url: str
) -> None:
    asked: list[bool] = []
    with TlsProxy(url) as proxy, idle_session(proxy.url("sslmode=disable")) as session:
        proxy.cut_after(400_000, rudely=rudely)
        with pytest.raises(ConnectionLost):
            run(
                session,
                ENDLESS,
                check=lambda: asked.append(True),
                check_interval=timedelta(hours=1),
            )
        assert asked == [True]  # whether somebody has terminated it
        assert not session.is_usable()
        assert not session.reset()


def test_a_dead_network_ends_a_run_soon_after_its_deadline(url: str) -> None:
    with TlsProxy(url) as proxy, idle_session(proxy.url("sslmode=disable")) as session:
        arrived = threading.Event()
        began = time.monotonic()
        sink = KeptRows(lambda _: arrived.set())
        with in_background(lambda: run(session, ENDLESS, sink, deadline=began + 1)) as ended:
            assert arrived.wait(20)
            proxy.freeze()
            error = ended()
        assert 1 <= time.monotonic() - began < 1 + 6 + 2
        assert isinstance(error, QueryTimedOut)
        assert not session.is_usable()
        assert not session.reset()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[PostgresServer]:
    server = PostgresServer(tmp_path / "server", settings={"fsync": "off"})
    server.start()
    try:
        yield server
    finally:
        server.stop(mode="immediate")


def test_a_server_that_restarts_in_mid_run_is_a_lost_connection(own_server: PostgresServer) -> None:
    url = own_server.url("postgres")
    for sql in (ENDLESS, "SELECT pg_sleep(20)"):
        with idle_session(url) as session:
            with in_background(lambda sql=sql, session=session: run(session, sql)) as ended:
                wait_for(url, "application_name = 'heliograph:a-run' AND state = 'active'")
                own_server.stop()
                assert isinstance(ended(), ConnectionLost)
            assert not session.is_usable()
        own_server.start()
        with idle_session(url) as session:
            assert run(session, "SELECT 1").row_count == 1


def test_a_backend_that_crashes_is_a_lost_connection(own_server: PostgresServer) -> None:
    url = own_server.url("postgres")
    with idle_session(url) as session:
        sink = KeptRows()
        run(session, "SELECT pg_backend_pid()", sink)
        with in_background(lambda: run(session, "SELECT pg_sleep(20)")) as ended:
            wait_for(url, "wait_event = 'PgSleep'")
            os.kill(int(sink.rows[0][0] or 0), signal.SIGKILL)
            assert isinstance(ended(), ConnectionLost)
        assert not session.reset()
