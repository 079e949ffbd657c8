"""Alert states, notices and evaluations to put into a state store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from heliograph.alerts.models import AlertState, Outcome, OutcomeKind, StateKind
from heliograph.notifications.models import Notice
from heliograph.runner.stores.contract import (
    Claim,
    Delivery,
    EvaluationRecord,
    KeyRecord,
    StateStore,
)

NOON = datetime(2026, 3, 29, 12, 0, tzinfo=UTC)
LEASE = timedelta(seconds=60)
SECOND = timedelta(seconds=1)


def make_notice(delivery_id: str = "dlv_1", *, alert: str = "a", at: datetime = NOON) -> Notice:
    return Notice(
        delivery_id=delivery_id,
        type="alert.firing",
        alert=alert,
        key="",
        state="alerting",
        previous_state="ok",
        outcome="value",
        reason="7 > 5",
        at=at,
        value="7.10",
        threshold="5",
        row_count=1,
        columns=("amount", "note"),
        rows=(("7.10", None),),
    )


def make_delivery(
    delivery_id: str = "dlv_1",
    *,
    channel: str = "ops",
    at: datetime = NOON,
    due_at: datetime | None = None,
    alert: str = "a",
) -> Delivery:
    """Return a delivery that waits, due when its notice was made unless ``due_at`` says else."""
    notice = make_notice(delivery_id, alert=alert, at=at)
    return Delivery(delivery_id, channel, notice, next_attempt_at=due_at or at)


def make_record(
    alert: str = "a",
    due_at: datetime = NOON,
    *,
    delivery_ids: Sequence[str] = (),
    evaluated_at: datetime | None = None,
) -> EvaluationRecord:
    outcome = Outcome(OutcomeKind.VALUE, is_firing=True, value=Decimal("7.10"), row_indexes=(0,))
    notice = "alert.firing" if delivery_ids else None
    key = KeyRecord(outcome, "ok", "alerting", notice, "7.10 > 5", tuple(delivery_ids))
    return EvaluationRecord(alert, due_at, evaluated_at or due_at, 1.25, (key,))


def make_state(measured: str = "7.10") -> AlertState:
    return AlertState(StateKind.ALERTING, since=NOON, consecutive=2, measured=Decimal(measured))


def claim_now(store: StateStore, alert: str = "a", due_at: datetime = NOON) -> Claim:
    claim = store.claim(alert, due_at, due_at, LEASE)
    assert claim is not None
    return claim


def commit_now(
    store: StateStore,
    *deliveries: Delivery,
    alert: str = "a",
    due_at: datetime = NOON,
    evaluated_at: datetime | None = None,
) -> EvaluationRecord:
    """Claim and commit one evaluation with these deliveries."""
    ids = [delivery.id for delivery in deliveries]
    record = make_record(alert, due_at, delivery_ids=ids, evaluated_at=evaluated_at)
    claim = claim_now(store, alert, due_at)
    assert store.commit(claim, record, {"": make_state()}, deliveries)
    return record
