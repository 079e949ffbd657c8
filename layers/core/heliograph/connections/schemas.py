"""The schema browser: read when first asked for, kept, and read again when somebody says so.

The rows say what is to be read and who is at it; messages only wake up. A schema that is quick to
read is read by the request itself, a slow one by the function ``schema_reader``.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import orjson

from heliograph.audit.service import record
from heliograph.connections import schema_store as store
from heliograph.connections.engines.registry import load_engine
from heliograph.connections.models import Connection
from heliograph.connections.saved import OBJECT_TYPE, Connections
from heliograph.connections.schema_store import Claim, Snapshot
from heliograph.kernel.actors import Actor
from heliograph.kernel.clock import Clock
from heliograph.kernel.errors import (
    AddressForbidden,
    ConnectError,
    ConnectTimedOut,
    HeliographError,
    NotFound,
    QueryError,
    QueryTimedOut,
)
from heliograph.kernel.ids import new_id
from heliograph.platform.database import ConstraintViolated

if TYPE_CHECKING:
    from heliograph.platform.database import Database, Transaction
    from heliograph.platform.queues import Queue

APPLICATION_NAME = "heliograph:schema"

INLINE: Final = timedelta(seconds=5)
"""How long a request itself reads before it leaves the rest to ``schema_reader``."""

LONGEST: Final = timedelta(seconds=120)
"""How long ``schema_reader`` reads."""

_LEASE_GRACE: Final = timedelta(seconds=20)
_WAKE_AGAIN_AFTER: Final = timedelta(seconds=15)
_MOST_WOKEN: Final = 500
_LEVEL: Final = 3  # of compression: half the time of the default for a tenth more bytes
# What is wrong with the connection, and is told; anything else is our own failure.
_TOLD: Final = (ConnectError, QueryError, QueryTimedOut, AddressForbidden)
_ERROR_FIELDS: Final = ("code", "message", "sqlstate", "hint")
_SLOW: Final = (ConnectTimedOut, QueryTimedOut)


@dataclass(frozen=True, slots=True)
class SchemaRequest:
    """What a message says: somebody waits for the schema of this connection."""

    connection_id: UUID

    def told(self) -> Mapping[str, str]:
        """Return what the log may hold of it."""
        return {"connection": str(self.connection_id)}

    def to_body(self) -> str:
        """Return the message as `read_schema_request` reads it."""
        return json.dumps({"connection_id": str(self.connection_id)})


def read_schema_request(body: Any) -> SchemaRequest:
    """Return what a message says. Raises ValueError for one that is not ours."""
    try:
        return SchemaRequest(UUID(json.loads(body)["connection_id"]))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError("not a message that asks for a schema") from error


class Schemas:
    """What there is in the databases of saved connections. Threads may share it."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        connections: Connections,
        open_queue: Callable[[], Queue],
        *,
        inline: timedelta = INLINE,
    ) -> None:
        self._database = database
        self._clock = clock
        self._connections = connections
        self._open_queue = open_queue
        self._inline = inline

    def get(self, actor: Actor, connection_id: UUID) -> Snapshot:
        """Return what was last read; the first who asks has it read, for a few seconds.

        State ``waiting`` or ``reading`` without content says: ask again in a moment. Raises
        `NotFound`, `Forbidden` for viewers, `KeyUnavailable`, `QueueUnavailable`.
        """
        connection = self._connections.get_for_use(actor, connection_id)
        found = store.select(self._database, connection_id)
        if found is None or found.connection_version < connection.version:
            claim = self._claim(connection, self._inline)
            with self._transaction() as tx:
                is_ours = store.claim_first(tx, claim)
                if is_ours:
                    self._record(tx, actor, "schema.read", connection, claim)
            if is_ours:
                self._read_inline(connection, claim)
        elif found.state in ("waiting", "reading"):
            self._wake(connection_id)
            return found
        else:
            return found
        return self._select(connection_id)

    def refresh(self, actor: Actor, connection_id: UUID) -> Snapshot:
        """Have a schema read again, unless somebody is at it, and return what there is then.

        Raises as `get` does.
        """
        connection = self._connections.get_for_use(actor, connection_id)
        claim = self._claim(connection, self._inline)
        with self._transaction() as tx:
            is_ours = store.claim_first(tx, claim) or store.claim_again(tx, claim)
            if is_ours:
                self._record(tx, actor, "schema.refreshed", connection, claim)
        if is_ours:
            self._read_inline(connection, claim)
        else:
            self._wake(connection_id)
        return self._select(connection_id)

    def read_waiting(self, connection_id: UUID, *, within: timedelta = LONGEST) -> bool:
        """Read a schema that somebody waits for; False when nobody does, or somebody is at it.

        What is wrong with the connection is kept and told. Raises a `PlatformError` for what is
        wrong with us; the schema then waits on.
        """
        connection = self._connections.find(connection_id)
        if connection is None:
            return False
        claim = self._claim(connection, within)
        with self._transaction() as tx:
            is_ours = store.claim_waiting(tx, claim)
        if is_ours:
            self._read(connection, claim, within)
        return is_ours

    def requeue_waiting(self) -> int:
        """Wake up the readers of what waits and nobody reads; return how many were woken up."""
        return self._wake(None)

    def _record(
        self, tx: Transaction, actor: Actor, action: str, connection: Connection, claim: Claim
    ) -> None:
        record(
            tx,
            actor,
            action,
            at=claim.at,
            object_type=OBJECT_TYPE,
            object_id=connection.id,
            object_name=connection.name,
        )

    def _claim(self, connection: Connection, within: timedelta) -> Claim:
        now = self._clock.now()
        ends_at = now + within + _LEASE_GRACE
        return Claim(new_id(), connection.id, connection.version, now, ends_at)

    def _read_inline(self, connection: Connection, claim: Claim) -> None:
        try:
            self._read(connection, claim, self._inline, left_to_others=_SLOW)
        except _SLOW:
            self._send(connection.id)

    def _read(
        self,
        connection: Connection,
        claim: Claim,
        within: timedelta,
        *,
        left_to_others: tuple[type[HeliographError], ...] = (),
    ) -> None:
        """Read, and write down what came of it; raised are our own failures and what is left."""
        try:
            content = self._fetch(connection, within)
        except left_to_others:
            self._give_back(claim)
            raise
        except _TOLD as error:
            told = {name: value for name, value in error.to_dict().items() if name in _ERROR_FIELDS}
            with self._database.transaction() as tx:
                store.fail(tx, claim, json.dumps(told), self._clock.now())
        except BaseException:
            self._give_back(claim)
            raise
        else:
            with self._database.transaction() as tx:
                store.finish(tx, claim, content, self._clock.now())

    def _fetch(self, connection: Connection, within: timedelta) -> bytes:
        url = self._connections.login(connection)
        schema = load_engine(connection.engine).read_schema(
            url, application_name=APPLICATION_NAME, timeout=within
        )
        return zlib.compress(orjson.dumps(schema), _LEVEL)

    def _give_back(self, claim: Claim) -> None:
        with self._database.transaction() as tx:
            store.give_back(tx, claim, self._clock.now())

    def _wake(self, connection_id: UUID | None) -> int:
        """Send for a reader where none has come for long: messages get lost, readers die."""
        now = self._clock.now()
        with self._database.transaction() as tx:
            waiting = store.wake(
                tx,
                now,
                now - _WAKE_AGAIN_AFTER,
                connection_id=connection_id,
                limit=_MOST_WOKEN,
            )
        for each in waiting:
            self._send(each)
        return len(waiting)

    def _send(self, connection_id: UUID) -> None:
        self._open_queue().send(SchemaRequest(connection_id).to_body())

    def _select(self, connection_id: UUID) -> Snapshot:
        snapshot = store.select(self._database, connection_id)
        if snapshot is None:
            raise _gone()
        return snapshot

    @contextmanager
    def _transaction(self) -> Iterator[Transaction]:
        try:
            with self._database.transaction() as tx:
                yield tx
        except ConstraintViolated as error:
            if error.constraint == "schema_snapshots_connection_id_fkey":
                raise _gone() from None
            raise


def _gone() -> NotFound:
    return NotFound("There is no such connection any more.")
