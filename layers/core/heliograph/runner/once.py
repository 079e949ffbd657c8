"""``alerts run --once``: evaluate what is due, deliver it, wait a little for retries, end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

from heliograph.alerts.schedules import latest_due
from heliograph.kernel.clock import Clock
from heliograph.kernel.errors import NameUnknown
from heliograph.kernel.suggestions import suggest
from heliograph.notifications.models import DeliveryState
from heliograph.runner.evaluation import Evaluated, Moment, evaluate
from heliograph.runner.evaluator import Evaluator
from heliograph.runner.file import Alert, AlertFile
from heliograph.runner.sending import Sender
from heliograph.runner.sessions import SessionPool
from heliograph.runner.stores.contract import AlertMemory, Delivery, StateStore

RETRY_SECONDS = 30.0
"""How long ``--once`` waits for deliveries that are to be tried again."""

_THREADS = 16
_LOOK_SECONDS = 0.1


@dataclass(slots=True)
class OnceReport:
    """What one pass did: who was evaluated, whose query failed, what is not delivered."""

    evaluated: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    delivered: list[Delivery] = field(default_factory=list)
    dead: list[Delivery] = field(default_factory=list)
    undelivered: int = 0


def find_alert(file: AlertFile, name: str) -> Alert:
    """Return the alert of that name. Raises `NameUnknown` with a did-you-mean."""
    if name not in file.alerts:
        raise NameUnknown(f"There is no alert {name}.", hint=suggest(name, file.alerts))
    return file.alerts[name]


def due_alerts(
    file: AlertFile, store: StateStore, now: datetime, only: str | None
) -> Iterator[tuple[Alert, datetime]]:
    """Yield the alerts to evaluate, each with the time it was due; ``only`` is due in any case."""
    if only is not None:
        yield find_alert(file, only), now
        return
    for alert in file.alerts.values():
        memory = store.load(alert.name)
        due_at = latest_due(alert.settings.schedule, file.timezone, memory.last_due_at, now)
        if due_at is not None:
            yield alert, due_at


def run_once(
    file: AlertFile,
    store: StateStore,
    clock: Clock,
    *,
    only: str | None = None,
    retry_seconds: float = RETRY_SECONDS,
) -> OnceReport:
    """Evaluate what is due, each alert beside the others, and deliver what came of it.

    Deliveries that an earlier pass left behind are sent too. Channels do not wait for each other.
    """
    report = OnceReport()
    sessions = SessionPool(file.connections)
    try:
        evaluator = Evaluator(file, store, sessions, clock)
        due = list(due_alerts(file, store, clock.now(), only))
        with ThreadPoolExecutor(max_workers=_THREADS) as threads:

            def submit(alert: Alert, at: datetime) -> Future[Evaluated | None]:
                return threads.submit(evaluator.evaluate, alert, at, is_forced=only is not None)

            futures = [(alert, submit(alert, at)) for alert, at in due]
            for alert, future in futures:
                done = future.result()
                if done is not None:
                    report.evaluated.append(alert.name)
                    if done.has_failed:
                        report.failed.append(alert.name)
    finally:
        sessions.close()
    deliver_waiting(file, store, clock, report, retry_seconds)
    return report


def deliver_waiting(
    file: AlertFile,
    store: StateStore,
    clock: Clock,
    report: OnceReport,
    retry_seconds: float,
    *,
    channels: Sequence[str] | None = None,
) -> None:
    """Send what waits, a thread a channel, and give retries ``retry_seconds`` altogether."""
    sender = Sender(file, store, clock)
    deadline = time.monotonic() + retry_seconds
    lock = threading.Lock()

    def drain(channel: str) -> None:
        while True:
            delivery = sender.send_next(channel)
            if delivery is None:
                if not _wait_for_retry(store, clock, channel, deadline):
                    return
                continue
            with lock:
                if delivery.state is DeliveryState.DELIVERED:
                    report.delivered.append(delivery)
                elif delivery.state is DeliveryState.DEAD:
                    report.dead.append(delivery)

    channels = list(file.channels) if channels is None else channels
    with ThreadPoolExecutor(max_workers=max(1, len(channels))) as threads:
        list(threads.map(drain, channels))
    while _count_waiting(store, channels, is_in_flight=True) and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)  # another runner is sending them just now
    report.undelivered = len(report.dead) + _count_waiting(store, channels)


def _wait_for_retry(store: StateStore, clock: Clock, channel: str, deadline: float) -> bool:
    """Sleep until the channel's next attempt is due; False when none is due before the deadline."""
    next_at = store.next_attempt_at([channel])
    if next_at is None:
        return False
    wait = max(0.0, (next_at - clock.now()).total_seconds())
    if time.monotonic() + wait >= deadline:
        return False
    time.sleep(wait)
    return True


def _count_waiting(
    store: StateStore, channels: Sequence[str], *, is_in_flight: bool = False
) -> int:
    waiting = store.deliveries([DeliveryState.WAITING], limit=1_000)
    return sum(
        1
        for delivery in waiting
        if delivery.channel in channels and (delivery.token or not is_in_flight)
    )


def preview(
    file: AlertFile, store: StateStore, clock: Clock, only: str | None
) -> Iterator[tuple[Alert, AlertMemory, Evaluated]]:
    """Evaluate every alert, or ``only``, without writing or sending anything."""
    sessions = SessionPool(file.connections)
    try:
        alerts = [find_alert(file, only)] if only is not None else list(file.alerts.values())
        for alert in alerts:
            memory = store.load(alert.name)
            moment = Moment(clock.now(), clock.now())
            yield alert, memory, evaluate(file, alert, memory, sessions, moment)
    finally:
        sessions.close()
