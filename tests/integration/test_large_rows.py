"""Rows so large that a run begins anew to read them one by one: nothing of that is to be seen."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from heliograph.connections.engines.contract import BoundStatement, Row, RunOptions, Session
from heliograph.connections.engines.postgres.chunks import MOST_FIRST_BYTES, received_bytes
from heliograph.connections.service import open_session
from heliograph.connections.url import parse_connection_url
from heliograph.kernel.errors import QueryError, QueryTimedOut
from heliograph.platform.postgres import connect

SIZE = 20_000_000
MANY = 6
LARGE = f"SELECT n, repeat('x', {SIZE}) AS t FROM generate_series(1, {MANY}) n"


@pytest.fixture
def session(superuser_url: str) -> Iterator[Session]:
    with open_session(parse_connection_url(superuser_url)) as opened:
        yield opened


def run(session: Session, sql: str, options: RunOptions, *values: str) -> list[Row]:
    """Return all but what is large."""
    labels = [f"${number}" for number, _ in enumerate(values, 1)]
    statement = BoundStatement(sql, values, labels, is_wrappable=True)
    with session.run(statement, options) as result:
        rows: list[Row] = []
        for batch in result.batches():
            rows += [tuple(cell for cell in row if cell and len(cell) < SIZE) for row in batch]
        assert result.row_count == len(rows)
        assert result.truncated == (options.max_rows is not None)
    return rows


def test_it_is_large() -> None:
    assert 2 * SIZE < MOST_FIRST_BYTES < MANY * SIZE


def test_every_row_comes_once_and_in_order(session: Session) -> None:
    assert run(session, LARGE, RunOptions()) == [(str(n),) for n in range(1, MANY + 1)]
    assert run(session, "SELECT 1", RunOptions()) == [("1",)]


def test_values_settings_and_the_cap_hold_for_the_second_start_too(session: Session) -> None:
    shown = "n, current_setting('TimeZone'), current_setting('application_name'),"
    sql = f"{LARGE.replace('n,', shown)} WHERE n > $1"
    options = RunOptions(time_zone="Europe/Berlin", run_id="large", max_rows=MANY - 2)
    expected = [(str(n), "Europe/Berlin", "heliograph:large") for n in range(2, MANY)]
    assert run(session, sql, options, "1") == expected


def test_an_error_behind_the_first_rows_is_placed_and_leaves_the_session_usable(
    session: Session,
) -> None:
    with pytest.raises(QueryError) as caught:
        run(session, LARGE.replace("n,", f"1 / ({MANY} - n) AS x,"), RunOptions())
    assert caught.value.sqlstate == "22012"
    assert run(session, "SELECT 1", RunOptions()) == [("1",)]


def test_both_starts_together_have_the_time_of_one(session: Session) -> None:
    sql = f"{LARGE}, (SELECT pg_sleep(1.5) AS s OFFSET 0) AS slept WHERE slept.s IS NOT NULL"
    began = time.monotonic()
    with pytest.raises(QueryTimedOut, match=r"2\.5 s"):
        run(session, sql, RunOptions(timeout=timedelta(seconds=2.5)))
    assert time.monotonic() - began < 3.9  # less than the sleep and the time
    assert run(session, "SELECT 1", RunOptions()) == [("1",)]


def test_what_comes_over_a_connection_is_counted(superuser_url: str) -> None:
    with connect(superuser_url) as connection:
        before = received_bytes(connection.fileno())
        connection.execute("SELECT repeat('x', 1000000)")
        after = received_bytes(connection.fileno())
        assert before is not None
        assert after is not None
        assert 1_000_000 < after - before < 1_100_000
        assert connection.execute("SELECT 1").fetchone() is not None  # it is still open
