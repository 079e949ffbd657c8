"""The guard against a real server, as superuser: what it refuses, lets pass, and may not miss."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from infra.guard.generate_functions import read_server
from psycopg.pq import ExecStatus
from tests.support.guard_cases import (
    DISGUISES,
    HARMLESS,
    INNOCENT,
    NOT_IN_EVERY_BUILD,
    SETUP,
    SEVERAL,
)

from heliograph.kernel.errors import QueryRefused
from heliograph.queries.guard import check_statement
from heliograph.queries.guard_functions import BUILTIN, EXTENSION, NEVER_ONE_ARGUMENT
from heliograph.queries.guard_rules import ALLOWED, REFUSED_VIEWS

# What a query could leave behind, one row each. Things that other tests change on the same server
# (other roles, other databases) are left out.
FINGERPRINT = """
SELECT 'relations', string_agg(relname || relkind::text || relnatts, ',' ORDER BY oid)
  FROM pg_class WHERE oid >= 16384
UNION ALL SELECT 'functions', string_agg(oid || proname, ',' ORDER BY oid)
  FROM pg_proc WHERE oid >= 16384
UNION ALL SELECT 'rows of t', string_agg(t::text, ',' ORDER BY id) FROM t
UNION ALL SELECT 'rows of people', string_agg(people::text, ',' ORDER BY id) FROM people
UNION ALL SELECT 'sequence', last_value || ' ' || is_called FROM seq
UNION ALL SELECT 'settings', string_agg(name || '=' || setting, ',' ORDER BY name) FROM pg_settings
UNION ALL SELECT 'settings of roles', string_agg(setconfig::text, ',' ORDER BY setconfig)
  FROM pg_db_role_setting
UNION ALL SELECT 'identity', session_user || ' ' || current_user
UNION ALL SELECT 'role', pg_authid::text FROM pg_authid WHERE rolname = session_user
UNION ALL SELECT 'privileges', string_agg(relacl::text, ',' ORDER BY oid) FROM pg_class
UNION ALL SELECT 'large objects', count(*)::text FROM pg_largeobject_metadata
UNION ALL SELECT 'locks', count(*)::text FROM pg_locks
           WHERE pid = pg_backend_pid() AND locktype IN ('advisory', 'transactionid')
UNION ALL SELECT 'channels', count(*)::text FROM pg_listening_channels()
UNION ALL SELECT 'prepared', count(*)::text FROM pg_prepared_statements
UNION ALL SELECT 'cursors', count(*)::text FROM pg_cursors WHERE is_holdable
UNION ALL SELECT 'files', string_agg(f, ',' ORDER BY f) FROM pg_ls_dir('.') AS f
"""


@pytest.fixture
def guarded(make_database: Callable[[], str]) -> Iterator[psycopg.Connection[Any]]:
    """A superuser's session in a database where the cases' tables and functions are."""
    with psycopg.connect(make_database(), autocommit=True, prepare_threshold=None) as connection:
        connection.execute(SETUP)
        yield connection


def send_behind_the_other_walls(
    connection: psycopg.Connection[Any], sql: str, timeout: str
) -> str | None:
    """Run it in the extended protocol, READ ONLY, with a time limit; return an error's SQLSTATE."""
    connection.execute("BEGIN READ ONLY")
    connection.execute("SELECT set_config('statement_timeout', %s, true)", [timeout])
    result = connection.pgconn.exec_params(sql.encode(), [])
    connection.execute("ROLLBACK")
    assert result.status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK, ExecStatus.FATAL_ERROR)
    return sqlstate_of(result)


def sqlstate_of(result: psycopg.pq.abc.PGresult) -> str | None:
    state = result.error_field(psycopg.pq.DiagnosticField.SQLSTATE)
    return state.decode() if state else None


def fingerprint(connection: psycopg.Connection[Any]) -> dict[str, Any]:
    return dict(connection.execute(FINGERPRINT).fetchall())


def test_every_disguise_is_refused_or_harmless_even_to_a_superuser(
    guarded: psycopg.Connection[Any],
) -> None:
    before = fingerprint(guarded)
    passed = []

    for name, sql in [(case.name, case.sql) for case in DISGUISES] + HARMLESS:
        try:
            statement = check_statement(sql)
        except QueryRefused:
            continue
        send_behind_the_other_walls(guarded, statement.text, "200ms")
        passed.append(name)
        assert fingerprint(guarded) == before, name

    assert passed == [name for name, _ in HARMLESS]


@pytest.mark.parametrize(
    ("sql", "sqlstate"),
    [
        ("SELECT write_row()", "25006"),
        ("SELECT * FROM writing", "25006"),
        ("EXPLAIN ANALYZE SELECT write_row()", "25006"),
        ("SELECT read_only_off()", "25001"),
        ("CALL write_and_commit()", "25006"),
        ("CALL commit_then_write()", "2D000"),
        ("SELECT pg_sleep(1e6)", "57014"),
    ],
)
def test_what_passes_and_would_harm_is_stopped_by_another_wall(
    guarded: psycopg.Connection[Any], sql: str, sqlstate: str
) -> None:
    before = fingerprint(guarded)

    assert check_statement(sql)
    assert send_behind_the_other_walls(guarded, sql, "200ms") == sqlstate
    assert fingerprint(guarded) == before


def test_fingerprint_sees_what_a_write_changes(guarded: psycopg.Connection[Any]) -> None:
    before = fingerprint(guarded)
    guarded.execute("INSERT INTO t (id) VALUES (2)")
    guarded.execute("SELECT nextval('seq'), pg_advisory_lock(1), lo_create(0)")
    guarded.execute("SET work_mem = '5MB'")
    after = fingerprint(guarded)

    assert {key for key in before if before[key] != after[key]} == {
        "rows of t",
        "sequence",
        "locks",
        "large objects",
        "settings",
    }


def test_disguises_are_sql_that_the_server_would_take(guarded: psycopg.Connection[Any]) -> None:
    refused = {}
    for case in DISGUISES:
        result = guarded.pgconn.prepare(b"", case.sql.encode())
        if (state := sqlstate_of(result)) is not None:
            refused[case.name] = state

    several = {case.name for case in DISGUISES if case.code == SEVERAL}
    # The server takes one statement in the extended protocol: the second wall.
    assert {refused.pop(name) for name in several} == {"42601"}
    assert set(refused) <= NOT_IN_EVERY_BUILD


def test_every_innocent_look_alike_runs(guarded: psycopg.Connection[Any]) -> None:
    failed = {}
    for name, sql in INNOCENT:
        statement = check_statement(sql)
        state = send_behind_the_other_walls(guarded, statement.text, "20s")
        if state is not None:
            failed[name] = state

    assert set(failed) <= NOT_IN_EVERY_BUILD, failed


def test_wrappable_statements_stand_in_from(guarded: psycopg.Connection[Any]) -> None:
    failed = {}
    for name, sql in INNOCENT:
        statement = check_statement(sql)
        if statement.is_wrappable:
            wrapped = f"SELECT count(*) FROM ({statement.text}) AS wrapped"
            state = send_behind_the_other_walls(guarded, wrapped, "20s")
            if state is not None:
                failed[name] = state

    assert set(failed) <= NOT_IN_EVERY_BUILD, failed


def test_generated_lists_know_every_volatile_function_of_the_server(superuser_url: str) -> None:
    found = read_server(superuser_url)

    assert found.failed_extensions == ()
    builtin = {function.name for function in found.functions if function.is_builtin}
    extension = {function.name for function in found.functions if not function.is_builtin}
    assert len(builtin) > 200
    assert len(extension) > 80
    assert builtin <= BUILTIN
    assert extension <= EXTENSION | BUILTIN
    one = {function.name for function in found.functions if function.takes_one_argument}
    assert not one & NEVER_ONE_ARGUMENT


def test_generated_list_knows_every_volatile_function_of_other_majors(major_url: str) -> None:
    with psycopg.connect(major_url) as connection:
        names = connection.execute(
            "SELECT DISTINCT proname FROM pg_proc WHERE provolatile = 'v' AND oid < 16384"
            " AND prorettype::regtype::text NOT LIKE ALL ('{%trigger,%handler,internal}')"
            " AND NOT 'internal'::regtype = ANY (proargtypes::oid[])"
        ).fetchall()

    assert {name for (name,) in names} <= BUILTIN | EXTENSION


def test_views_over_refused_functions_are_refused(superuser_url: str) -> None:
    allowed = frozenset().union(*ALLOWED.values())
    views = {view for view, function in read_server(superuser_url).views if function not in allowed}

    assert views == REFUSED_VIEWS


def test_no_operator_or_cast_reaches_a_refused_function(superuser_url: str) -> None:
    refused = sorted((BUILTIN | EXTENSION) - frozenset().union(*ALLOWED.values()))
    with psycopg.connect(superuser_url) as connection:
        reached = connection.execute(
            "SELECT proname FROM pg_proc WHERE proname = ANY(%s) AND ("
            " oid IN (SELECT oprcode FROM pg_operator) OR oid IN (SELECT castfunc FROM pg_cast)"
            " OR oid IN (SELECT aggtransfn FROM pg_aggregate)"
            " OR oid IN (SELECT aggfinalfn FROM pg_aggregate)"
            " OR oid IN (SELECT typinput FROM pg_type))",
            [refused],
        ).fetchall()

    assert reached == []
