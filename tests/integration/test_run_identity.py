"""Row-level security sees who asks: two users over one warm session, and nobody after them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import pytest
from tests.support.runs import KeptRows, idle_session, prepare

from heliograph.connections.engines.contract import RunOptions, Session
from heliograph.kernel.actors import SYSTEM, Actor, ActorKind, Role
from heliograph.kernel.errors import FunctionRefused, QueryError, SqlInvalid, StatementRefused
from heliograph.kernel.ids import UserId
from heliograph.platform.postgres import connect
from heliograph.queries.execution import execute
from heliograph.queries.guard import check_statement
from heliograph.queries.identity import (
    USER_GROUPS,
    USER_ID,
    Identity,
    identity_of,
    identity_settings,
)

ADA_ID = UserId(UUID("0190c0de-0000-7000-8000-00000000000a"))
BOB_ID = UserId(UUID("0190c0de-0000-7000-8000-00000000000b"))
TABLES = f"""
CREATE TABLE orders (n int, owner_id text, team text, region text);
INSERT INTO orders VALUES
    (1, '{ADA_ID}', NULL, 'north'), (2, '{BOB_ID}', NULL, 'south'),
    (3, '', 'Sales', 'west'), (4, '', 'O''Brien "& Söhne"', NULL), (5, '', NULL, NULL);
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON orders USING (owner_id = nullif(current_setting('{USER_ID}', true), ''));
CREATE POLICY of_team ON orders
    USING (nullif(current_setting('{USER_GROUPS}', true), '')::jsonb ? team);
CREATE POLICY of_region ON orders
    USING (region = nullif(current_setting('heliograph.claim_region', true), ''));
CREATE PROCEDURE fails() LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
"""


def person(user_id: UserId, email: str) -> Actor:
    return Actor(ActorKind.USER, user_id=user_id, email=email, role=Role.EDITOR)


ADA = identity_of(person(ADA_ID, "ada@example.com"), ["Sales"], {"region": "west"})
BOB = identity_of(person(BOB_ID, "bob@example.com"), ['O\'Brien "& Söhne"', "Others"])
KNOWN = ("region", "site")


@pytest.fixture
def owner_url(make_database: Callable[[], str]) -> str:
    url = make_database()
    with connect(url) as connection:
        connection.execute(TABLES)
    return url


@pytest.fixture
def reader_url(owner_url: str) -> Iterator[str]:
    """A login that owns nothing: policies hold for it."""
    parts = urlsplit(owner_url)
    name = f"reader_of_{parts.path.strip('/')}"
    with connect(owner_url) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'pw'".encode())
        connection.execute(f"GRANT SELECT ON orders TO {name}".encode())
    place = parts.netloc.rpartition("@")[2]
    yield urlunsplit(parts._replace(netloc=f"{name}:pw@{place}"))
    with connect(owner_url) as connection:
        connection.execute(f"DROP OWNED BY {name}; DROP ROLE {name}".encode())


@pytest.fixture
def session(reader_url: str) -> Iterator[Session]:
    with idle_session(reader_url) as session:
        yield session


def ask(session: Session, sql: str, settings: Mapping[str, str]) -> list[str | None]:
    sink = KeptRows()
    execute(session, prepare(sql), RunOptions(settings=settings), sink)
    return [row[0] for row in sink.rows]


def orders_of(session: Session, identity: Identity | None) -> list[str | None]:
    settings = identity_settings(identity, known_claims=KNOWN)
    return ask(session, "SELECT n FROM orders ORDER BY n", settings)


def test_two_users_over_one_warm_session_see_their_own_rows_only(session: Session) -> None:
    for is_reset in (False, True):
        for _ in range(3):
            assert orders_of(session, ADA) == ["1", "3"]
            assert orders_of(session, BOB) == ["2", "4"]
            assert orders_of(session, None) == []
            assert not is_reset or session.reset()


@pytest.mark.parametrize(
    "sql", ["SELECT 1 / 0", "SELECT nothing FROM orders", "CALL fails()", "SELECT n FROM orders, z"]
)
def test_nobody_inherits_who_asked_before_an_error(sql: str, session: Session) -> None:
    for identity in (ADA, BOB):
        with pytest.raises(QueryError):
            ask(session, sql, identity_settings(identity, known_claims=KNOWN))
        assert orders_of(session, None) == []
        assert orders_of(session, BOB) == ["2", "4"]
        assert orders_of(session, ADA) == ["1", "3"]


def test_claims_end_with_the_transaction_also_where_the_next_run_sets_none(
    session: Session,
) -> None:
    assert orders_of(session, ADA) == ["1", "3"]
    for name in (USER_ID, USER_GROUPS, "heliograph.claim_region"):
        assert ask(session, f"SELECT current_setting('{name}', true)", {}) == [""]


def test_an_interrupted_reader_leaves_no_identity(session: Session) -> None:
    class Stop(Exception):
        pass

    def stop(_: object) -> None:
        raise Stop

    with pytest.raises(Stop):
        execute(
            session,
            prepare("SELECT generate_series(1, 1000000)"),
            RunOptions(settings=identity_settings(ADA)),
            KeptRows(stop),
        )
    assert orders_of(session, None) == []
    assert orders_of(session, BOB) == ["2", "4"]


def test_an_identity_of_the_role_itself_counts_for_nothing(owner_url: str, reader_url: str) -> None:
    """Neither a default of the role nor an option of the URL passes for somebody who asks."""
    role = urlsplit(reader_url).username
    with connect(owner_url) as connection:
        connection.execute(f"ALTER ROLE {role} SET {USER_ID} = '{ADA_ID}'".encode())
    for url in (reader_url, f"{reader_url}?options=-c%20{USER_ID}%3D{ADA_ID}"):
        with idle_session(url) as session:
            assert ask(session, f"SELECT current_setting('{USER_ID}')", {}) == [str(ADA_ID)]
            assert orders_of(session, None) == []
            assert orders_of(session, BOB) == ["2", "4"]


def test_every_claim_arrives_as_it_is(session: Session) -> None:
    odd = Identity(
        "", "o'brien\\@exämple.com", "", ('a","b', "ü\u2028"), {"region": "x' OR '1'='1"}
    )
    settings = identity_settings(odd, known_claims=KNOWN)
    for name, value in settings.items():
        assert ask(session, f"SHOW {name}", settings) == [value]
    groups = f"SELECT jsonb_array_elements_text(current_setting('{USER_GROUPS}')::jsonb)"
    assert ask(session, groups, settings) == ['a","b', "ü\u2028"]
    assert json.loads(settings[USER_GROUPS]) == ['a","b', "ü\u2028"]
    assert orders_of(session, identity_of(SYSTEM, ())) == []


@pytest.mark.parametrize(
    "sql",
    [
        f"SET {USER_ID} = '{BOB_ID}'",
        f"SET LOCAL {USER_ID} TO '{BOB_ID}'",
        f"RESET {USER_ID}",
        "RESET ALL",
        "DISCARD ALL",
        f"ALTER ROLE CURRENT_USER SET {USER_ID} = 'x'",
        f"UPDATE pg_settings SET setting = 'x' WHERE name = '{USER_ID}'",
        f"SELECT 1; SET {USER_ID} = 'x'",
    ],
)
def test_a_person_cannot_set_who_they_are_by_statement(sql: str) -> None:
    with pytest.raises((StatementRefused, QueryError)) as caught:
        check_statement(sql)
    assert caught.value.code in ("statement_refused", "several_statements")


@pytest.mark.parametrize(
    "call",
    [
        "set_config",
        "pg_catalog.set_config",
        '"set_config"',
        "SET_CONFIG",
        'U&"s\\0065t_config"',
        'pg_catalog . "set_config"',
    ],
)
def test_a_person_cannot_set_who_they_are_by_function(call: str) -> None:
    arguments = f"('{USER_ID}', '{BOB_ID}', true)"
    for sql in (
        f"SELECT {call}{arguments}",
        f"WITH me AS MATERIALIZED (SELECT {call}{arguments}) SELECT n FROM me, orders",
        f"SELECT n FROM {call}{arguments} AS me, orders",
        f"SELECT n FROM orders ORDER BY {call}{arguments}",
        f"EXPLAIN ANALYZE SELECT {call}{arguments}",
        f"CALL fails({call}{arguments})",
    ):
        with pytest.raises(FunctionRefused):
            check_statement(sql)
    check_statement(f"SELECT current_setting('{USER_ID}')")


def test_a_claim_that_is_unknown_to_a_policy_is_an_error_of_the_policy_alone(
    owner_url: str, reader_url: str
) -> None:
    """What a policy reads without ``true`` must be set: known claims always are."""
    with connect(owner_url) as connection:
        connection.execute(
            "CREATE POLICY strict ON orders AS RESTRICTIVE"
            " USING (current_setting('heliograph.claim_site') IS NOT NULL)"
        )
    with idle_session(reader_url) as session:
        with pytest.raises(SqlInvalid, match="claim_site"):
            ask(session, "SELECT n FROM orders", identity_settings(ADA))
        assert orders_of(session, ADA) == ["1", "3"]
