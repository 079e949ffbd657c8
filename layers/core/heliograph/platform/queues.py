"""Queues of messages: wake-ups that come at least once. What may not be lost is in the database.

A received message is hidden until its visibility ends. Who is done acknowledges it; who dies says
nothing, and it comes again. After a number of receives it moves to the dead-letter queue.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from heliograph.kernel.errors import QueueUnavailable

if TYPE_CHECKING:
    from heliograph.platform.database import Database

NO_TIME = timedelta(0)
MOST_BODY_BYTES = 262_144
MOST_AT_ONCE = 10
LONGEST_DELAY = timedelta(minutes=15)
LONGEST_VISIBILITY = timedelta(hours=12)

# What SQS admits: the characters of XML 1.0.
_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it was received. ``receipt`` belongs to this receive alone."""

    id: str
    body: str
    receipt: str
    receive_count: int
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """How many messages could be received now, are being worked on, and wait for their time.

    SQS counts them approximately.
    """

    waiting: int
    in_flight: int
    delayed: int


class Queue(Protocol):
    """A queue. Threads may share it.

    Every method may raise a `PlatformError`: `QueueUnavailable`, or what the app database raises.
    """

    def send(self, body: str, *, delay: timedelta = NO_TIME) -> str:
        """Put a message into the queue, not to be received before ``delay``; return its id.

        The body is text of 1 byte to 256 KB. A delay is at most 15 minutes.
        """
        ...

    def receive(
        self, *, most: int = 10, visibility: timedelta, wait: timedelta = NO_TIME
    ) -> list[Message]:
        """Return at most ``most`` (1 to 10) messages, hidden from others for ``visibility``.

        When there is none, look again for as long as ``wait``.
        """
        ...

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Remove messages that are done. One that somebody else has received since stays."""
        ...

    def release(self, message: Message, *, after: timedelta = NO_TIME) -> None:
        """Let a message be received again, at once or ``after`` a while.

        Does nothing when somebody else has received it since.
        """
        ...

    def counts(self) -> QueueCounts:
        """Return how many messages there are."""
        ...

    def close(self) -> None:
        """Give back connections; the next use makes new ones."""
        ...


def open_queue(
    address: str, *, environment: Mapping[str, str], database: Callable[[], Database]
) -> Queue:
    """Return the queue at an address: the URL of an SQS queue, or ``postgres:name``.

    ``database`` is asked for the app database by the second alone. Opens nothing.
    Raises `QueueUnavailable` for an address of another form.
    """
    scheme, _, rest = address.partition(":")
    if scheme in ("https", "http"):
        from heliograph.platform.queues_sqs import SqsQueue  # noqa: PLC0415

        return SqsQueue(address, environment)
    if scheme == "postgres":
        from heliograph.platform.queues_postgres import PostgresQueue  # noqa: PLC0415

        return PostgresQueue(database(), rest)
    raise QueueUnavailable(
        "The address of a queue is neither the URL of an SQS queue nor postgres:name.",
        hint="docs/reference/settings.md lists the forms.",
    )


def require_fit(body: str, delay: timedelta) -> None:
    """Raise `QueueUnavailable` for a message that not every queue can carry."""
    if not body or _UNFIT.search(body):
        raise QueueUnavailable("A message must be text without control characters, and not empty.")
    if len(body.encode()) > MOST_BODY_BYTES:
        raise QueueUnavailable(
            "A message is larger than 256 KB.",
            hint="Put the content into the blob store and send its key.",
        )
    require_within(delay, LONGEST_DELAY)


def require_within(duration: timedelta, longest: timedelta) -> None:
    """Raise `QueueUnavailable` for a time that not every queue can keep."""
    if not NO_TIME <= duration <= longest:
        raise QueueUnavailable(f"A queue keeps times of 0 to {longest}.")
