"""What every kind of channel promises.

To add a kind: a file with its settings and its channel, an entry in `registry`, and a row in
``docs/reference/channels.md``. The conformance suite runs over every entry.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from heliograph.notifications.models import Message, MessageTemplate, Notice, Receipt
from heliograph.platform.addresses import Resolver, resolve_system


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """How messages leave: the private hosts that may be reached, and the time for one attempt.

    ``tls`` None verifies certificates against the system's authorities.
    """

    allow_hosts: Sequence[str] = ()
    timeout_seconds: float = 15.0
    now: Callable[[], datetime] = _now
    resolve: Resolver = resolve_system
    tls: ssl.SSLContext | None = None


class Settings(BaseModel):
    """The settings of a channel as the file gives them. Unknown keys are errors; secrets hide."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Channel(Protocol):
    """A configured way to reach people; ``name`` is what the file calls it."""

    name: str

    def render(self, notice: Notice, template: MessageTemplate) -> Message:
        """Return exactly what will be sent: the same for the same notice, no secret in it."""

    def send(
        self,
        message: Message,
        notice: Notice,
        outgoing: Outgoing,
        recipients: Sequence[str] = (),
    ) -> Receipt:
        """Send a rendered message once.

        ``recipients`` limits it to those that an earlier attempt left `Receipt.deferred`; kinds
        with a single receiver ignore it. Raises `DestinationRefused`, `DeliveryRejected` or
        `DeliveryDeferred`; only the last is worth another attempt.
        """
