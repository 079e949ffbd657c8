"""A clock that moves only when it is told to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class HandClock:
    """Stands still at ``moment`` until `advance`."""

    def __init__(self, moment: datetime = datetime(2026, 3, 29, 12, 0, tzinfo=UTC)) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def advance(self, duration: timedelta) -> None:
        self.moment += duration
