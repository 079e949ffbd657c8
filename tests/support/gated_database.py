"""A small database whose queries can be held up: for tests of what happens meanwhile."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from tests.support.runs import wait_until

from heliograph.platform import postgres

_READER_PREFIX = "gate_reader_"
_TABLES = """
CREATE TABLE lamps (id int PRIMARY KEY, name text, lumens numeric, note text);
INSERT INTO lamps VALUES (1, 'north', 1200.50, NULL), (2, 'south', 0.10, ''), (3, 'Żółw', 7, 'on');
CREATE FUNCTION wait_at_gate() RETURNS text LANGUAGE plpgsql STABLE AS
$$ BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN 'through'; END $$;
"""
_WAITS = (
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


@dataclass(frozen=True)
class GatedDatabase:
    """Three lamps and a gate: ``wait_at_gate()`` returns 'through' once nobody has it closed.

    ``url`` is a superuser's login, ``reader_url`` that of a role that may only read; both hold
    passwords.
    """

    url: str
    reader_url: str

    @contextmanager
    def gate_closed(self) -> Iterator[None]:
        """Hold up whoever comes to the gate meanwhile."""
        with postgres.connect(self.url) as keeper:
            keeper.execute("SELECT pg_advisory_lock(1)")
            yield

    def wait_for_waiting(self, count: int = 1) -> None:
        """Return as soon as so many stand at the gate: their queries run."""
        with postgres.connect(self.url) as looking:

            def stand_there() -> bool:
                found = looking.execute(_WAITS.encode()).fetchone()
                return found is not None and found[0] == count

            wait_until(stand_there)


@contextmanager
def gated_database(url: str) -> Iterator[GatedDatabase]:
    """Fill the empty database of a superuser's ``url``; yield it with a reader of its own."""
    reader = _READER_PREFIX + secrets.token_hex(6)
    password = secrets.token_urlsafe(18)
    postgres.execute_script(url, _TABLES)
    with postgres.connect(url) as admin:
        admin.execute(f"CREATE ROLE {reader} LOGIN".encode())
        postgres.set_password(admin, reader, password)
        admin.execute(f"GRANT SELECT ON lamps TO {reader}".encode())
    parts = urlsplit(url)
    netloc = f"{reader}:{password}@{parts.hostname}:{parts.port}"
    try:
        yield GatedDatabase(url, urlunsplit(parts._replace(netloc=netloc)))
    finally:
        with postgres.connect(url) as admin:
            admin.execute(f"DROP OWNED BY {reader} CASCADE".encode())
            admin.execute(f"DROP ROLE {reader}".encode())
