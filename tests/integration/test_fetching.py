"""Single statements to the app database: as psycopg's cursors would do them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from heliograph.platform.fetching import Fetcher


@pytest.fixture(params=[False, True], ids=["whole", "prepared"])
def fetcher(request: pytest.FixtureRequest, connection: psycopg.Connection[Any]) -> Fetcher:
    return Fetcher(connection, prepares=request.param)


@pytest.fixture
def connection(make_database: Callable[[], str]) -> Iterator[psycopg.Connection[dict[str, object]]]:
    with psycopg.connect(make_database(), autocommit=True, row_factory=dict_row) as made:
        yield made


VALUES = {
    "id": uuid4(),
    "at": datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC),
    "text": "a 'b' \\ %s é",
    "none": None,
    "number": 2**40,
    "real": 1.5,
    "yes": True,
    "bytes": bytes(range(256)),
    "ids": [uuid4(), uuid4()],
    "texts": [],
    "span": timedelta(days=1, seconds=2),
    "json": Jsonb({"a": [1, None]}),
}


def test_every_type_comes_back_as_with_a_cursor(
    connection: psycopg.Connection[dict[str, object]], fetcher: Fetcher
) -> None:
    parts = ", ".join(f"%({name})s AS {name}" for name in VALUES if name != "texts")
    statement = f"SELECT {parts}, %(texts)s::text[] AS texts, %(id)s AS again, 5 %% 3 AS percent"
    for _ in range(6):  # from the fourth on it is prepared
        ours = fetcher.fetch(statement, VALUES)
        assert ours == connection.execute(statement.encode(), VALUES).fetchall()
    assert ours[0]["again"] == VALUES["id"]
    assert ours[0]["percent"] == 2


def test_places_in_order_and_statements_without_rows(
    connection: psycopg.Connection[dict[str, object]], fetcher: Fetcher
) -> None:
    assert fetcher.fetch("CREATE TABLE t (a int, b text)") == []
    assert fetcher.fetch("INSERT INTO t VALUES (%s, %s)", [1, "x"]) == []
    found = fetcher.fetch("UPDATE t SET b = %s WHERE a = %s RETURNING *", ["y", 1])
    assert found == [{"a": 1, "b": "y"}]
    assert fetcher.fetch("SELECT * FROM t WHERE false") == []


def test_large_values_pass_both_ways(fetcher: Fetcher) -> None:
    large = "é" * 20_000_000
    (row,) = fetcher.fetch("SELECT %s AS large, %s AS more", [large, large])
    assert row == {"large": large, "more": large}


def test_errors_are_psycopgs_and_the_connection_stays(
    connection: psycopg.Connection[dict[str, object]], fetcher: Fetcher
) -> None:
    fetcher.fetch("CREATE TABLE t (a int CONSTRAINT once UNIQUE)")
    fetcher.fetch("INSERT INTO t VALUES (1)")
    with pytest.raises(psycopg.errors.UniqueViolation) as caught:
        fetcher.fetch("INSERT INTO t VALUES (1)")
    assert caught.value.diag.constraint_name == "once"
    with pytest.raises(psycopg.errors.UndefinedColumn):
        fetcher.fetch("SELECT nope")
    assert fetcher.fetch("SELECT 1 AS one") == [{"one": 1}]
    with pytest.raises(KeyError):
        fetcher.fetch("SELECT %(a)s", {"b": 1})


def test_a_connection_that_ends_meanwhile_is_an_error(
    connection: psycopg.Connection[dict[str, object]], fetcher: Fetcher
) -> None:
    pid = connection.info.backend_pid
    dsn = connection.info.dsn
    password = connection.info.password

    def end() -> None:
        with psycopg.connect(dsn, password=password, autocommit=True) as other:
            other.execute("SELECT pg_sleep(0.3), pg_terminate_backend(%s)", [pid])

    thread = threading.Thread(target=end)
    thread.start()
    with pytest.raises(psycopg.OperationalError):
        fetcher.fetch("SELECT pg_sleep(30)")
    thread.join(10)
    with pytest.raises(psycopg.OperationalError):
        fetcher.fetch("SELECT 1")


def prepared(connection: psycopg.Connection[dict[str, object]]) -> int:
    (row,) = connection.execute("SELECT count(*) AS n FROM pg_prepared_statements").fetchall()
    return int(str(row["n"]))


def test_what_comes_often_is_prepared_and_only_that(
    connection: psycopg.Connection[dict[str, object]],
) -> None:
    fetcher = Fetcher(connection, prepares=True)
    for number in range(10):
        assert fetcher.fetch("SELECT %s::int AS n", [number]) == [{"n": number}]
        assert fetcher.fetch(f"SELECT {number} AS n") == [{"n": number}]
    assert prepared(connection) == 1
    whole = Fetcher(connection)
    for number in range(10):
        whole.fetch("SELECT %s::int + 1 AS n", [number])
    assert prepared(connection) == 1


def test_a_session_that_is_somebody_elses_meanwhile_does_no_harm(
    connection: psycopg.Connection[dict[str, object]],
) -> None:
    first, second = Fetcher(connection, prepares=True), Fetcher(connection, prepares=True)
    for fetcher in (first, second):  # the second finds the name taken, by the same statement
        for number in range(6):
            assert fetcher.fetch("SELECT %s::int AS n", [number]) == [{"n": number}]
    connection.execute("DEALLOCATE ALL")
    for number in range(6):
        assert first.fetch("SELECT %s::int AS n", [number]) == [{"n": number}]
    assert prepared(connection) == 0, "it has given up"


def test_a_table_that_was_changed_meanwhile_is_read_as_it_is(
    connection: psycopg.Connection[dict[str, object]],
) -> None:
    fetcher = Fetcher(connection, prepares=True)
    fetcher.fetch("CREATE TABLE t AS SELECT 1 AS a")
    for _ in range(5):
        assert fetcher.fetch("SELECT * FROM t") == [{"a": 1}]
    fetcher.fetch("ALTER TABLE t ADD b text DEFAULT 'x'")
    assert fetcher.fetch("SELECT * FROM t") == [{"a": 1, "b": "x"}]
