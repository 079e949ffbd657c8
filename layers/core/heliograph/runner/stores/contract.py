"""What a state store promises.

Evaluations, states and deliveries are written together or not at all. Whoever evaluates, and
whoever sends, first claims: two runners on one store never evaluate the same due time twice, and
never send the same delivery at the same time. A claim ends with its lease, or at once when the
store can tell that the process which held it is dead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from heliograph.alerts.models import AlertState, Outcome
from heliograph.notifications.models import DeliveryState, Notice


@dataclass(frozen=True, slots=True)
class AlertMemory:
    """What is remembered of one alert; an alert never seen has the defaults."""

    last_due_at: datetime | None = None
    muted_until: datetime | None = None
    states: Mapping[str, AlertState] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to evaluate one alert for one due time. ``token`` is unique to this claim."""

    alert: str
    due_at: datetime
    token: str


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """How one key went in one evaluation."""

    outcome: Outcome
    state_before: str
    state_after: str
    notice: str | None = None  # the type of what people are told
    reason: str = ""
    delivery_ids: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class EvaluationRecord:
    """One evaluation as history keeps it: never rows or parameters."""

    alert: str
    due_at: datetime
    evaluated_at: datetime
    duration_ms: float
    keys: Sequence[KeyRecord]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notice on its way to one channel. ``id`` is stable: it names alert, due time, channel."""

    id: str
    channel: str
    notice: Notice
    state: DeliveryState = DeliveryState.WAITING
    attempts: int = 0
    next_attempt_at: datetime | None = None  # for WAITING
    finished_at: datetime | None = None  # for DELIVERED and DEAD
    detail: str = ""  # what the receiver said, or why it failed; never a secret
    recipients: Sequence[str] | None = None  # None: all; else those still to be tried
    token: str = ""  # of the claim that is being sent


class StateStore(Protocol):
    """See the module. Times are aware UTC; ``now`` always comes from the caller.

    Every method raises `StateFailed` when the place cannot be reached or holds something else.
    """

    def load(self, alert: str) -> AlertMemory:
        """Return what is remembered of an alert."""
        ...

    def claim(self, alert: str, due_at: datetime, now: datetime, lease: timedelta) -> Claim | None:
        """Claim an evaluation; None when it is done already, or somebody else holds a lease.

        Done means that an evaluation with this due time or a later one was committed.
        """
        ...

    def commit(
        self,
        claim: Claim,
        evaluation: EvaluationRecord,
        states: Mapping[str, AlertState],
        deliveries: Sequence[Delivery],
    ) -> bool:
        """Write the evaluation, all states of the alert and the deliveries, and end the claim.

        ``states`` replaces what was remembered. A delivery whose id exists already is left as it
        is. Returns False, and writes nothing, when the claim was lost to somebody else.
        """
        ...

    def release(self, claim: Claim) -> None:
        """End a claim without an evaluation, so that it may be claimed again at once."""
        ...

    def claim_delivery(
        self, channels: Sequence[str], now: datetime, lease: timedelta
    ) -> Delivery | None:
        """Claim the waiting delivery of these channels that is due longest, and count an attempt.

        The claim is on disk before this returns: before each send.
        """
        ...

    def finish_delivery(self, delivery: Delivery) -> bool:
        """Write how a claimed delivery went: delivered, dead, or waiting for another attempt.

        The claim ends. Returns False, and writes nothing, when the claim was lost.
        """
        ...

    def next_attempt_at(self, channels: Sequence[str]) -> datetime | None:
        """Return when the first waiting delivery of these channels may be claimed, if any waits.

        That is when it is due, or, while somebody sends it, when that claim's lease ends.
        """
        ...

    def deliveries(self, states: Sequence[DeliveryState], limit: int = 100) -> list[Delivery]:
        """Return deliveries in these states, the newest notice first."""
        ...

    def find_delivery(self, delivery_id: str) -> Delivery | None:
        """Return one delivery."""
        ...

    def replay(self, delivery_id: str, now: datetime) -> Delivery | None:
        """Make a dead (or delivered) delivery wait again, due now, with no attempts behind it.

        A dead one goes to the recipients that it has not reached, a delivered one to all again.
        Returns None when there is none; one that is waiting or being sent is returned unchanged.
        """
        ...

    def mute(self, alert: str, until: datetime | None) -> None:
        """Remember that an alert is muted; None ends it."""
        ...

    def history(self, alert: str | None, limit: int = 100) -> list[EvaluationRecord]:
        """Return evaluations, newest first."""
        ...

    def beat(self, runner: str, now: datetime) -> None:
        """Remember that a staying runner is alive."""
        ...

    def last_beat(self) -> datetime | None:
        """Return when any staying runner was last known to be alive."""
        ...

    def prune(self, before: datetime) -> None:
        """Forget evaluations and finished deliveries older than this. States stay."""
        ...

    def close(self) -> None:
        """Give back connections and files."""
        ...
