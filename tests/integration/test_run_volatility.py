"""What must not run twice, as the database itself knows its functions."""

from __future__ import annotations

from collections.abc import Callable, Collection

import pytest
from tests.support.runs import idle_session, login

from heliograph.connections.engines.contract import Session
from heliograph.connections.engines.postgres import PostgresEngine
from heliograph.platform.postgres import connect
from heliograph.queries.guard import check_statement
from heliograph.queries.volatility import STABLE, DatabaseFunctions

FUNCTIONS = """
CREATE SCHEMA app;
CREATE FUNCTION app.twice(n int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT n * 2';
CREATE FUNCTION app.recent() RETURNS int STABLE LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION app.roll() RETURNS int VOLATILE LANGUAGE sql AS 'SELECT 4';
CREATE FUNCTION app.either(n int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT n';
CREATE FUNCTION app.either(t text) RETURNS int VOLATILE LANGUAGE sql AS 'SELECT 4';
CREATE FUNCTION app."Mixed Case"() RETURNS int STABLE LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE app.total(int) (SFUNC = int4pl, STYPE = int);
CREATE VIEW app.rolled AS SELECT app.roll();
"""
# A statement and whether it must run only once.
CASES = {
    "SELECT app.twice(n) FROM generate_series(1, 3) n": False,
    "SELECT app.recent(), app.total(1)": False,
    'SELECT app."Mixed Case"()': False,
    "SELECT make_timestamptz(2026, 1, 1, 0, 0, 0), pg_client_encoding()": False,
    "SELECT app.roll()": True,
    "SELECT 1 FROM app.roll() AS r": True,
    "SELECT app.twice(app.roll())": True,
    "SELECT app.either(1)": True,  # one of its forms is volatile
    "SELECT app.missing()": True,
    "SELECT * FROM app.rolled": False,  # hidden in a view: not seen
}


@pytest.fixture
def url(make_database: Callable[[], str]) -> str:
    url = make_database()
    with connect(url) as connection:
        connection.execute(FUNCTIONS)
    return url


class Counting:
    """A session that counts what it is asked."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.asked: list[list[str]] = []

    def find_volatile(self, names: Collection[str]) -> dict[str, bool]:
        self.asked.append(sorted(names))
        return self._session.find_volatile(names)


def test_the_databases_own_functions_decide(url: str) -> None:
    functions = DatabaseFunctions()
    with idle_session(url) as session:
        for sql, expected in CASES.items():
            assert functions.runs_once(check_statement(sql), "db", session) is expected, sql


def test_each_function_is_asked_about_once_for_each_state_of_a_database(url: str) -> None:
    functions = DatabaseFunctions()
    recent = check_statement("SELECT app.recent(), now()")
    both = check_statement("SELECT app.recent(), app.twice(2)")
    missing = check_statement("SELECT app.missing()")
    with idle_session(url) as session:
        counting = Counting(session)
        assert functions.needs_session(recent, 1)
        for statement in (recent, recent, both, both, missing, missing):
            functions.runs_once(statement, 1, counting)  # type: ignore[arg-type]
        assert counting.asked == [["recent"], ["twice"], ["missing"], ["missing"]]
        assert not functions.needs_session(both, 1)
        assert functions.runs_once(both, 1, None) is False
        with connect(url) as connection:
            connection.execute("ALTER FUNCTION app.recent() VOLATILE")
        assert functions.runs_once(recent, 1, session) is False
        assert functions.runs_once(recent, 2, session) is True


def test_no_supported_version_calls_a_name_volatile_that_passes_unasked(major_url: str) -> None:
    session = PostgresEngine().open(login(major_url), application_name="heliograph:test")
    try:
        assert [
            name for name, is_volatile in session.find_volatile(STABLE).items() if is_volatile
        ] == []
    finally:
        session.close()


def test_every_name_that_passes_unasked_exists(superuser_url: str) -> None:
    with idle_session(superuser_url) as session:
        assert session.find_volatile(STABLE) == dict.fromkeys(STABLE, False)
        assert session.find_volatile([]) == {}
        assert session.find_volatile(['{"x"', "random"]) == {"random": True}
