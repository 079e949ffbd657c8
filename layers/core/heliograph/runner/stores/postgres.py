"""The state in a PostgreSQL: for several machines, in a schema of its own.

Nothing of a session is relied on, so a transaction pooler may stand between. A claim whose holder
died is free when its lease is over: from afar nobody can tell that a process has ended.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from heliograph.kernel.errors import ConnectError, ConnectionLost, QueryError, StateFailed
from heliograph.platform.postgres import Sessions
from heliograph.runner.stores.dialect import Dialect, Execute, Rows
from heliograph.runner.stores.sql import SqlStateStore

if TYPE_CHECKING:
    from heliograph.platform.postgres import Connection

T = TypeVar("T")

SCHEMA = "heliograph_alerts"
_LOCK = 0x48474C54_0001  # of whoever makes or changes the tables
_PARAMETER = re.compile(r"(?<!:):(\w+)")
_VERSION = f"SELECT coalesce(max(version), 0) FROM {SCHEMA}.migrations"  # noqa: S608  # ours
_TABLES = b"""
SELECT 1 FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relname = 'migrations'
"""
_HINTS = {
    "42501": (
        f"The role must own the schema {SCHEMA}, or be allowed to make it: "
        "GRANT CREATE ON DATABASE ... TO the role."
    ),
    "25006": "This server only reads. Use the primary server of the cluster.",
    "53100": "The disk of the server is full.",
}
_ODD = f"Something in the schema {SCHEMA} is not as the runner made it."


def _encode_time(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("A time without a time zone cannot be stored.")
    return moment


POSTGRES = Dialect(
    schema=f"{SCHEMA}.",
    dead=lambda _column: "FALSE",
    membership=lambda name: f"= ANY(:{name})",
    encode_list=list,
    encode_time=_encode_time,
    decode_time=lambda moment: moment.astimezone(UTC),
    skip_locked="FOR UPDATE SKIP LOCKED",
)


def open_postgres(place: str, _environment: Mapping[str, str]) -> SqlStateStore:
    """Return the store in the database at a URL; the first write makes its tables."""
    return SqlStateStore(PostgresDatabase(Sessions(place)))


class PostgresDatabase:
    """A `SqlDatabase` in the schema `SCHEMA` of one database."""

    dialect = POSTGRES

    def __init__(self, sessions: Sessions, *, migrations: Sequence[str] | None = None) -> None:
        self._sessions = sessions
        self._migrations = MIGRATIONS if migrations is None else migrations
        self._is_ready = False

    def read(self, statement: str, parameters: Mapping[str, Any]) -> Rows:
        """Return the rows of a statement that only reads; none where there are no tables yet."""
        with _explained():
            if not self._is_ready and not self._sessions.run(self._look, is_transaction=False):
                return []
            return self._sessions.run(
                lambda connection: _execute(connection, statement, parameters),
                is_transaction=False,
            )

    def write(
        self,
        work: Callable[[Execute], T],
        *,
        must_last: bool = True,  # everything does here
        has_steps: bool = False,
    ) -> T:
        """Do ``work``; once more from the start if its answer was lost."""
        with _explained():
            if not self._is_ready and not self._sessions.run(self._look, is_transaction=False):
                self._sessions.run(self._migrate)
                self._is_ready = True
            return self._sessions.run(
                lambda connection: work(
                    lambda statement, parameters: _execute(connection, statement, parameters)
                ),
                is_transaction=has_steps,
            )

    def close(self) -> None:
        """Close the connections; the next use makes new ones."""
        self._sessions.close()

    def _look(self, connection: Connection) -> bool:
        """Say whether the tables are there and up to date. Raises `StateFailed` when newer."""
        self._is_ready = self._version(connection) == len(self._migrations)
        return self._is_ready

    def _version(self, connection: Connection) -> int:
        # Not to_regclass: it may answer from a cache that was filled before the lock was got.
        if connection.execute(_TABLES, [SCHEMA]).fetchone() is None:
            return 0
        found = connection.execute(_VERSION.encode()).fetchone()
        version = int(found[0]) if found else 0
        if version > len(self._migrations):
            raise StateFailed(
                f"The schema {SCHEMA} was written by a newer version of Heliograph.",
                hint="It was left as it is. Use that version, or another database.",
            )
        return version

    def _migrate(self, connection: Connection) -> None:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        version = self._version(connection)
        for number in range(version, len(self._migrations)):
            connection.execute(self._migrations[number].encode())
            connection.execute(
                f"INSERT INTO {SCHEMA}.migrations (version) VALUES (%s)".encode(),  # noqa: S608
                [number + 1],
            )


@cache
def _complete(statement: str) -> bytes:
    return _PARAMETER.sub(r"%(\1)s", POSTGRES.complete(statement)).encode()


def _execute(connection: Connection, statement: str, parameters: Mapping[str, Any]) -> Rows:
    cursor = connection.execute(_complete(statement), parameters)
    return cursor.fetchall() if cursor.description else []


@contextmanager
def _explained() -> Iterator[None]:
    """Turn the database's errors into `StateFailed`; they never show a URL or a value."""
    try:
        yield
    except ConnectError as error:
        raise StateFailed(
            f"The alert state's database cannot be reached. {error.message}", hint=error.hint
        ) from error
    except ConnectionLost as error:
        raise StateFailed("The connection to the alert state's database was lost.") from error
    except QueryError as error:
        raise StateFailed(
            f"The alert state's database refused a statement ({error.sqlstate or 'no code'}).",
            sqlstate=error.sqlstate,
            hint=_HINTS.get(error.sqlstate or "", _ODD),
        ) from error


MIGRATIONS = (
    """
    CREATE SCHEMA IF NOT EXISTS heliograph_alerts;

    CREATE TABLE heliograph_alerts.migrations (
        version integer CONSTRAINT migrations_pkey PRIMARY KEY,
        applied_at timestamptz NOT NULL DEFAULT now()
    );

    CREATE TABLE heliograph_alerts.alerts (
        name text CONSTRAINT alerts_pkey PRIMARY KEY,
        last_due_at timestamptz,
        muted_until timestamptz,
        states text NOT NULL,
        claim_token text,
        claimed_until timestamptz,
        claimed_by text,
        CONSTRAINT alerts_claim_check CHECK (
            (claim_token IS NULL) = (claimed_until IS NULL)
            AND (claim_token IS NULL) = (claimed_by IS NULL)
        )
    ) WITH (fillfactor = 70);

    CREATE TABLE heliograph_alerts.evaluations (
        alert text NOT NULL,
        due_at timestamptz NOT NULL,
        evaluated_at timestamptz NOT NULL,
        claim_token text NOT NULL,
        record text NOT NULL,
        CONSTRAINT evaluations_pkey PRIMARY KEY (alert, due_at)
    );
    CREATE INDEX evaluations_evaluated_at_idx ON heliograph_alerts.evaluations (evaluated_at);

    CREATE TABLE heliograph_alerts.deliveries (
        id text CONSTRAINT deliveries_pkey PRIMARY KEY,
        channel text NOT NULL,
        notice text NOT NULL,
        notice_at timestamptz NOT NULL,
        state text NOT NULL,
        attempts integer NOT NULL CONSTRAINT deliveries_attempts_check CHECK (attempts >= 0),
        next_attempt_at timestamptz,
        finished_at timestamptz,
        detail text NOT NULL,
        recipients text,
        claim_token text,
        claimed_until timestamptz,
        claimed_by text,
        CONSTRAINT deliveries_state_check CHECK (
            CASE state
                WHEN 'waiting' THEN next_attempt_at IS NOT NULL AND finished_at IS NULL
                WHEN 'delivered' THEN next_attempt_at IS NULL AND finished_at IS NOT NULL
                WHEN 'dead' THEN next_attempt_at IS NULL AND finished_at IS NOT NULL
                ELSE FALSE
            END
        ),
        CONSTRAINT deliveries_claim_check CHECK (
            (claim_token IS NULL) = (claimed_until IS NULL)
            AND (claim_token IS NULL) = (claimed_by IS NULL)
            AND (claim_token IS NULL OR state = 'waiting')
        )
    );
    CREATE INDEX deliveries_waiting_idx ON heliograph_alerts.deliveries (next_attempt_at, id)
        WHERE state = 'waiting';
    CREATE INDEX deliveries_notice_at_idx ON heliograph_alerts.deliveries (notice_at);
    CREATE INDEX deliveries_finished_at_idx ON heliograph_alerts.deliveries (finished_at)
        WHERE finished_at IS NOT NULL;

    CREATE TABLE heliograph_alerts.runners (
        name text CONSTRAINT runners_pkey PRIMARY KEY,
        beat_at timestamptz NOT NULL
    );
    """,
)
"""Numbered from 1; each runs in one transaction, and is never changed once released."""
