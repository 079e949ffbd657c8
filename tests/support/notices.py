"""Notices to render and send in tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from heliograph.notifications.models import Notice

_NOTICE = Notice(
    delivery_id="dlv_abcdefghijklmnopqrstuvwxyz",
    type="alert.firing",
    alert="Large refunds",
    key="",
    state="alerting",
    previous_state="ok",
    outcome="value",
    reason="The query returned 3 rows.",
    at=datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
    value="3",
    row_count=3,
    columns=("id", "amount", "note"),
    rows=(("1", "812.50", "late"), ("2", "1000.00", None), ("3", "501.10", "")),
    query_name="refunds",
    link="https://heliograph.example/alerts/7?tab=rows",
)


def make_notice(**changes: Any) -> Notice:
    """Return a firing notice with these fields changed."""
    return replace(_NOTICE, **changes)
