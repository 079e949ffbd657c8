"""One pass in borrowed time: a cloud function is cut off when its time is up, whatever it does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

from heliograph.kernel.clock import Clock
from heliograph.kernel.errors import UsageError
from heliograph.runner.file import AlertFile, ConnectionTarget
from heliograph.runner.once import OnceReport, run_once
from heliograph.runner.sending import SEND_SECONDS
from heliograph.runner.stores.contract import Claim, Delivery, StateStore

_SEND_RESERVE = SEND_SECONDS + 3.0  # one attempt at a delivery, and writing down how it went
_CONNECT_SECONDS = 10.0
_BEGIN_SECONDS = 5.0  # evaluations may begin for at least so long


def run_tick(
    file: AlertFile, store: StateStore, clock: Clock, seconds_left: Callable[[], float]
) -> OnceReport:
    """Evaluate what is due and deliver what waits, and be done before ``seconds_left()`` is 0.

    A statement that could not end in time gets a shorter timeout. What there is no time to begin
    stays due, or waiting, for the next pass. Raises `UsageError` when there is no time for a single
    evaluation and what follows from it, and what the store raises.
    """
    seconds = seconds_left()
    in_time = _shorten_statements(file, seconds)
    needed = max(map(_longest_seconds, in_time.connections.values()), default=0.0) + _SEND_RESERVE
    if seconds < needed + _BEGIN_SECONDS / 2:
        raise UsageError(
            f"An evaluation may take {needed:.0f} s, and {seconds:.0f} s are left.",
            hint="Give the function a timeout of 60 s or more, and the connections a short "
            "connect_timeout.",
        )
    bounded = cast(StateStore, _StoreInTime(store, clock, seconds_left, needed))
    return run_once(in_time, bounded, clock, retry_seconds=seconds)


def _shorten_statements(file: AlertFile, seconds: float) -> AlertFile:
    rest = seconds - _SEND_RESERVE - _BEGIN_SECONDS
    connections = {
        name: replace(
            target,
            statement_timeout=min(
                target.statement_timeout,
                timedelta(seconds=max(1.0, rest - _connect_seconds(target))),
            ),
        )
        for name, target in file.connections.items()
    }
    return replace(file, connections=connections)


def _longest_seconds(target: ConnectionTarget) -> float:
    return _connect_seconds(target) + target.statement_timeout.total_seconds()


def _connect_seconds(target: ConnectionTarget) -> float:
    return float(int(target.url.parameter("connect_timeout") or 0) or _CONNECT_SECONDS)


class _StoreInTime:
    """A state store that gives out no more work than can be finished in time."""

    def __init__(
        self,
        store: StateStore,
        clock: Clock,
        seconds_left: Callable[[], float],
        evaluation_seconds: float,
    ) -> None:
        self._store = store
        self._clock = clock
        self._seconds_left = seconds_left
        self._evaluation_seconds = evaluation_seconds

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def claim(self, alert: str, due_at: datetime, now: datetime, lease: timedelta) -> Claim | None:
        """Claim an evaluation, unless it could last too long."""
        if self._seconds_left() < self._evaluation_seconds:
            return None
        return self._store.claim(alert, due_at, now, lease)

    def claim_delivery(
        self, channels: Sequence[str], now: datetime, lease: timedelta
    ) -> Delivery | None:
        """Claim a delivery, unless an attempt could last too long."""
        if self._seconds_left() < _SEND_RESERVE:
            return None
        return self._store.claim_delivery(channels, now, lease)

    def next_attempt_at(self, channels: Sequence[str]) -> datetime | None:
        """Return when to try again, unless that is too late."""
        at = self._store.next_attempt_at(channels)
        latest = self._clock.now() + timedelta(seconds=self._seconds_left() - _SEND_RESERVE)
        return at if at is not None and at < latest else None
