"""Queues in a table of the app database, for an installation without SQS.

A message that is sent wakes who listens (`Wakeups`) when its transaction commits; who polls finds
it a little later. Both are needed: a notification may be lost, and a pooler passes none on.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, LiteralString
from uuid import UUID

from heliograph.kernel.clock import Clock, SystemClock
from heliograph.kernel.errors import QueueUnavailable
from heliograph.kernel.ids import new_id
from heliograph.platform.queues import (
    LONGEST_VISIBILITY,
    MOST_AT_ONCE,
    NO_TIME,
    Message,
    QueueCounts,
    require_fit,
    require_within,
)

if TYPE_CHECKING:
    from heliograph.platform.database import Database, Transaction

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_POLL_SECONDS = 0.1
_NO_LIMIT = 2**31 - 1

_SEND: LiteralString = """
WITH sent AS (
    INSERT INTO queue_messages (id, queue, body, sent_at, visible_at, receive_count)
    VALUES (%s, %s, %s, %s, %s, 0)
    RETURNING queue
)
SELECT pg_notify('heliograph_queue', queue) FROM sent
"""
# MATERIALIZED: a plan that ran the inner query twice would claim twice as many.
_CLAIM: LiteralString = """
WITH claimed AS MATERIALIZED (
    SELECT id, receive_count >= %s AS is_dead
    FROM queue_messages
    WHERE queue = %s AND visible_at <= %s
    ORDER BY visible_at, id
    LIMIT %s
    FOR UPDATE SKIP LOCKED
)
UPDATE queue_messages AS message
SET queue = CASE WHEN is_dead THEN %s ELSE queue END,
    dead_from = CASE WHEN is_dead THEN queue ELSE dead_from END,
    receive_count = CASE WHEN is_dead THEN 0 ELSE message.receive_count + 1 END,
    receipt = CASE WHEN is_dead THEN NULL ELSE gen_random_uuid() END,
    visible_at = CASE WHEN is_dead THEN visible_at ELSE %s END
FROM claimed
WHERE message.id = claimed.id
RETURNING message.id, body, receipt, message.receive_count, sent_at, is_dead
"""
_ACKNOWLEDGE: LiteralString = """
DELETE FROM queue_messages
USING unnest(%s::uuid[], %s::uuid[]) AS done (id, receipt)
WHERE queue_messages.id = done.id AND queue_messages.receipt = done.receipt
RETURNING queue_messages.id
"""
_RELEASE: LiteralString = """
UPDATE queue_messages SET visible_at = %s
WHERE id = %s AND receipt = %s
RETURNING id
"""
_COUNT: LiteralString = """
SELECT count(*) FILTER (WHERE visible_at <= moment) AS waiting,
    count(*) FILTER (WHERE visible_at > moment AND receipt IS NOT NULL) AS in_flight,
    count(*) FILTER (WHERE visible_at > moment AND receipt IS NULL) AS delayed
FROM queue_messages, (SELECT %s::timestamptz AS moment) AS now
WHERE queue = %s
"""
_PURGE: LiteralString = "DELETE FROM queue_messages WHERE queue = %s RETURNING id"
_REDRIVE: LiteralString = """
UPDATE queue_messages
SET queue = dead_from, dead_from = NULL, receive_count = 0, receipt = NULL,
    visible_at = %s
WHERE queue = %s AND dead_from = %s
RETURNING id
"""
_NOTIFY: LiteralString = "SELECT pg_notify('heliograph_queue', %s)"


class PostgresQueue:
    """One queue, a name in the table ``queue_messages``. Threads may share it.

    ``most_receives`` counts how often a message may be received before it moves to the queue
    ``dead_letter``; without both it comes again for ever. Methods raise what `Database` raises.
    """

    def __init__(
        self,
        database: Database,
        name: str,
        *,
        clock: Clock | None = None,
        dead_letter: str | None = None,
        most_receives: int | None = None,
    ) -> None:
        for given in (name, *filter(None, [dead_letter])):
            if _NAME.fullmatch(given) is None:
                raise QueueUnavailable("The name of a queue is made of a-z, 0-9 and _.")
        if (dead_letter is None) != (most_receives is None):
            raise QueueUnavailable("A dead-letter queue and most_receives belong together.")
        self.name = name
        self._database = database
        self._clock: Clock = clock or SystemClock()
        self._dead_letter = dead_letter
        self._most_receives = most_receives or _NO_LIMIT

    def send(self, body: str, *, delay: timedelta = NO_TIME) -> str:
        """Put a message into the queue and wake who listens; return its id."""
        values = self._to_send(body, delay)
        self._database.fetch(_SEND, values)
        return str(values[0])

    def send_in(self, tx: Transaction, body: str, *, delay: timedelta = NO_TIME) -> str:
        """Do what `send` does inside the caller's transaction: sent when it commits, or never."""
        values = self._to_send(body, delay)
        tx.execute(_SEND, values)
        return str(values[0])

    def receive(
        self, *, most: int = 10, visibility: timedelta, wait: timedelta = NO_TIME
    ) -> list[Message]:
        """Claim messages in one statement; those received too often move to the dead letters."""
        require_within(visibility, LONGEST_VISIBILITY)
        ends_at = time.monotonic() + wait.total_seconds()
        while True:
            rows = self._claim(min(most, MOST_AT_ONCE), visibility)
            alive = [row for row in rows if not row["is_dead"]]
            if alive:
                return [
                    _message(row) for row in sorted(alive, key=lambda r: (r["sent_at"], r["id"]))
                ]
            left = ends_at - time.monotonic()
            if not rows:
                if left <= 0:
                    return []
                time.sleep(min(left, _POLL_SECONDS))

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Remove messages whose receipt is still the last one."""
        pairs = [pair for message in messages if (pair := _pair(message))]
        if pairs:
            ids, receipts = zip(*pairs, strict=True)
            self._database.fetch(_ACKNOWLEDGE, [[*ids], [*receipts]])

    def release(self, message: Message, *, after: timedelta = NO_TIME) -> None:
        """Let a message be received again, unless its receipt is not the last one."""
        require_within(after, LONGEST_VISIBILITY)
        if pair := _pair(message):
            self._database.fetch(_RELEASE, [self._clock.now() + after, *pair])

    def counts(self) -> QueueCounts:
        """Return how many messages there are, exactly."""
        (row,) = self._database.fetch(_COUNT, [self._clock.now(), self.name])
        return QueueCounts(row["waiting"], row["in_flight"], row["delayed"])

    def purge(self) -> int:
        """Remove all messages, those in flight too; return how many there were."""
        return len(self._database.fetch(_PURGE, [self.name]))

    def redrive_dead(self) -> int:
        """Bring the dead letters of this queue back into it; return how many there were."""
        if self._dead_letter is None:
            return 0
        values = [self._clock.now(), self._dead_letter, self.name]
        with self._database.transaction() as tx:
            count = len(tx.execute(_REDRIVE, values).fetchall())
            if count:
                tx.execute(_NOTIFY, [self.name])
        return count

    def close(self) -> None:
        """Do nothing: the connections are the database's."""

    def _to_send(self, body: str, delay: timedelta) -> list[Any]:
        require_fit(body, delay)
        now = self._clock.now()
        return [new_id(), self.name, body, now, now + delay]

    def _claim(self, most: int, visibility: timedelta) -> list[dict[str, Any]]:
        now = self._clock.now()
        return self._database.fetch(
            _CLAIM,
            [self._most_receives, self.name, now, most, self._dead_letter, now + visibility],
        )


class Wakeups:
    """Hears which queues have been sent to, over a connection of its own. One thread at a time.

    It needs a connection that stays with it, past any transaction pooler. What is sent while it is
    not connected is not heard: whoever waits here polls as well, only less often.
    """

    def __init__(self, url: str, *, connect_seconds: int = 5) -> None:
        self._url = url
        self._connect_seconds = connect_seconds
        self._connection: Any = None

    def listen(self) -> bool:
        """Connect, unless it is; return whether the server can be heard."""
        import psycopg  # noqa: PLC0415

        if self._connection is None:
            with suppress(psycopg.Error):
                connection = psycopg.connect(
                    self._url,
                    autocommit=True,
                    connect_timeout=self._connect_seconds,
                    gssencmode="disable",
                    keepalives_idle=30,
                    application_name="heliograph:queues",
                )
                try:
                    connection.execute("LISTEN heliograph_queue")
                except BaseException:
                    connection.close()
                    raise
                self._connection = connection
        return self._connection is not None

    def wait(self, seconds: float) -> frozenset[str]:
        """Return the names of queues that were sent to, as soon as there is one.

        Empty after ``seconds``, which also pass when the server cannot be heard.
        """
        import psycopg  # noqa: PLC0415

        ends_at = time.monotonic() + seconds
        if self.listen():
            try:
                heard = self._connection.notifies(timeout=seconds, stop_after=1)
                return frozenset(notice.payload for notice in heard)
            except psycopg.Error:
                self.close()
        time.sleep(max(0.0, ends_at - time.monotonic()))
        return frozenset()

    def close(self) -> None:
        """Close the connection; the next use makes a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _message(row: dict[str, Any]) -> Message:
    return Message(
        id=str(row["id"]),
        body=row["body"],
        receipt=str(row["receipt"]),
        receive_count=row["receive_count"],
        sent_at=row["sent_at"],
    )


def _pair(message: Message) -> tuple[UUID, UUID] | None:
    """Return what finds the message's row, None for a receipt that no queue of ours gave."""
    try:
        return UUID(message.id), UUID(message.receipt)
    except ValueError:
        return None
