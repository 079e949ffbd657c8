"""What must not run twice, as far as the statement alone tells."""

from __future__ import annotations

import pytest

from heliograph.queries.guard import check_statement
from heliograph.queries.guard_functions import BUILTIN, EXTENSION
from heliograph.queries.volatility import (
    STABLE,
    DatabaseFunctions,
    runs_once,
    unknown_functions,
)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "TABLE orders",
        "VALUES (1), (2)",
        "SHOW timezone",
        "EXPLAIN SELECT 1",
        "SELECT now(), current_timestamp, current_user",
        "SELECT now() AT TIME ZONE 'UTC', timezone('UTC', now())",
        "SELECT count(*), Sum(n) FROM orders GROUP BY date_trunc('day', at)",
        "SELECT coalesce(a, b), greatest(a, b), trim(a), a::date, a || b FROM t",
        "SELECT jsonb_array_elements(j), string_agg(a, ',') OVER (ORDER BY b) FROM t",
    ],
)
def test_what_only_reads_may_run_again_and_asks_nobody(sql: str) -> None:
    statement = check_statement(sql)
    assert not unknown_functions(statement)
    assert not runs_once(statement)
    assert not DatabaseFunctions().needs_session(statement, "db")


@pytest.mark.parametrize(
    "sql",
    [
        "CALL refresh()",
        "SELECT random()",
        "SELECT pg_catalog.RANDOM()",
        "SELECT pg_sleep(1)",
        "SELECT n FROM t ORDER BY random() LIMIT 1",
        "WITH a AS (SELECT gen_random_uuid()) SELECT * FROM a, mine()",
        "SELECT clock_timestamp()",
        "EXPLAIN ANALYZE SELECT pg_sleep(1)",
        "SELECT ext.uuid_generate_v4()",
    ],
)
def test_calls_and_volatile_functions_run_once_and_ask_nobody(sql: str) -> None:
    statement = check_statement(sql)
    assert runs_once(statement, {"mine": False})
    assert not unknown_functions(statement)


def test_of_other_functions_what_is_known_decides_and_nothing_known_is_volatile() -> None:
    statement = check_statement("SELECT mine(n), app.Yours(n), lower(t) FROM orders")
    assert unknown_functions(statement) == {"mine", "yours"}
    assert unknown_functions(statement, {"mine": False}) == {"yours"}
    assert runs_once(statement)
    assert runs_once(statement, {"mine": False})
    assert runs_once(statement, {"mine": False, "yours": True})
    assert not runs_once(statement, {"mine": False, "yours": False})
    functions = DatabaseFunctions()
    assert functions.needs_session(statement, "db")
    assert functions.runs_once(statement, "db", None)


def test_no_name_is_both_volatile_and_passed_unasked() -> None:
    assert STABLE.isdisjoint(BUILTIN | EXTENSION)
