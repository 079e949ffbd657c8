"""Runs for tests: a sink that keeps what it gets, and a look at the server while they run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from heliograph.connections.engines.contract import IDLE_NAME, Column, Row, Session
from heliograph.connections.engines.postgres import PostgresEngine
from heliograph.connections.url import ConnectionUrl, parse_connection_url
from heliograph.platform.postgres import connect
from heliograph.queries.parameters import Parameters
from heliograph.queries.placeholders import parse_template
from heliograph.queries.service import PreparedQuery, prepare_query


class KeptRows:
    """A sink that keeps everything; ``on_write`` is called with each piece."""

    def __init__(self, on_write: Callable[[list[Row]], None] = lambda _: None) -> None:
        self.columns: Sequence[Column] | None = None
        self.rows: list[Row] = []
        self._on_write = on_write

    def start(self, columns: Sequence[Column]) -> None:
        assert self.columns is None
        self.columns = columns

    def write(self, rows: list[Row]) -> None:
        self.rows += rows
        self._on_write(rows)


def prepare(sql: str, **named: str) -> PreparedQuery:
    return prepare_query(parse_template(sql), Parameters(named=named))


@contextmanager
def idle_session(url: str) -> Iterator[Session]:
    session = PostgresEngine().open(parse_connection_url(url), application_name=IDLE_NAME)
    try:
        yield session
    finally:
        session.close()


def login(url: str) -> ConnectionUrl:
    return parse_connection_url(url)


def names_on(url: str) -> list[str]:
    """Return the names of the other connections to a database that have one, in order."""
    with connect(url) as connection:
        return sorted(
            row[0]
            for row in connection.execute(
                "SELECT application_name FROM pg_stat_activity WHERE application_name <> ''"
                " AND backend_type = 'client backend'"
                " AND datname = current_database() AND pid <> pg_backend_pid()"
            )
        )


def wait_for(url: str, condition: str) -> None:
    """Wait until some other connection to the database fulfils a condition on its activity."""
    wait_until(lambda: _count(url, condition) > 0)


def wait_until(is_so: Callable[[], bool], *, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.01)


def _count(url: str, condition: str) -> int:
    with connect(url) as connection:
        found = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            f" AND pid <> pg_backend_pid() AND ({condition})".encode()
        ).fetchone()
        assert found is not None
        return int(found[0])


@contextmanager
def in_background(work: Callable[[], Any]) -> Iterator[Callable[[], BaseException | None]]:
    """Do something in a thread; call what comes for the error that it ended with."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(work)
        yield lambda: future.exception(timeout=30)
