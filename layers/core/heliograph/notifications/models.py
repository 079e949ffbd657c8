"""What is told, to whom, and how a delivery goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Notice:
    """Everything that a message may say. ``type`` is the webhook's: ``alert.firing`` and friends.

    Values are exact text. ``rows`` holds the first rows only; ``row_count`` counts all.
    """

    delivery_id: str
    type: str  # alert.firing | alert.resolved | alert.error | alert.no_data | digest
    alert: str
    key: str
    state: str
    previous_state: str
    outcome: str
    reason: str
    at: datetime
    value: str | None = None
    threshold: str | None = None
    row_count: int = 0
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str | None]] = ()
    is_cut: bool = False
    query_name: str = ""
    link: str | None = None
    repeat: int = 0  # the how-manieth reminder of the same state
    since: datetime | None = None  # when the state that ends, or goes on, began


@dataclass(frozen=True, slots=True)
class MessageTemplate:
    """Jinja templates of a person's own; None stands for the default."""

    title: str | None = None
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A rendered message for one channel: exactly what will be sent.

    ``body`` is the channel's own: a Slack payload, a webhook's JSON, an email's source. ``notes``
    say what was cut, or that a template was broken and the default took its place.
    """

    channel: str
    body: str
    notes: Sequence[str] = ()


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the receiver said when it accepted.

    ``refused`` are recipients that it will never take. ``deferred`` are recipients that it would
    not take for now: whoever tries again hands exactly these to `Channel.send`.
    """

    detail: str
    refused: Sequence[str] = ()
    deferred: Sequence[str] = ()
