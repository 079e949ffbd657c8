"""``alerts run``: the scheduler that stays."""

from __future__ import annotations

import heapq
import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from heliograph.alerts.schedules import latest_due, next_due
from heliograph.kernel.clock import Clock
from heliograph.kernel.errors import HeliographError
from heliograph.notifications.models import DeliveryState
from heliograph.platform.log import log
from heliograph.runner.evaluation import Evaluated
from heliograph.runner.evaluator import Evaluator
from heliograph.runner.file import AlertFile
from heliograph.runner.sending import Sender
from heliograph.runner.sessions import SessionPool
from heliograph.runner.stores.contract import Delivery, StateStore

BEAT_SECONDS = 20.0
KEEP = timedelta(days=30)
_MOST_AT_ONCE = 64  # evaluations; a slow one takes one of these places and delays nobody else
_LOOK_SECONDS = 5.0  # a channel looks for work of other runners this often
_RETRY_STORE_SECONDS = 5.0
_END_SECONDS = 5.0  # what evaluations get to end by themselves; containers are killed after 10 s


class Scheduler:
    """Evaluates each alert when it is due and sends what comes of it, until it is stopped.

    Each evaluation has a thread of its own, and each channel one: a long query delays no other
    alert, and a broken channel no other channel. An alert that is still being evaluated when it is
    due again is evaluated once more when it has ended, for its latest due time.
    """

    def __init__(
        self,
        file: AlertFile,
        store: StateStore,
        clock: Clock,
        load_again: Callable[[], AlertFile],
    ) -> None:
        self._store = store
        self._load_again = load_again
        self._is_reload_wanted = False
        self._clock = clock
        self._changed = threading.Condition()
        self._is_stopping = False
        self._threads = ThreadPoolExecutor(_MOST_AT_ONCE, thread_name_prefix="evaluation")
        self._running: set[str] = set()
        self._senders: dict[str, _ChannelThread] = {}
        self._runner = f"{socket.gethostname()}:{os.getpid()}"
        self._take(file)

    def run(self) -> None:
        """Go on until `stop`; then wait for what is under way."""
        log("runner.started", alerts=len(self._file.alerts), channels=len(self._file.channels))
        self._beat()
        next_beat = self._clock.now() + timedelta(seconds=BEAT_SECONDS)
        while not self._is_stopping:
            if self._is_reload_wanted:
                self._reload()
            self._start_due()
            if self._clock.now() >= next_beat:
                self._beat()
                next_beat = self._clock.now() + timedelta(seconds=BEAT_SECONDS)
            self._wait(next_beat)
        self._end()

    def stop(self) -> None:
        """End soon; may be called from a signal handler's thread or any other."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()

    def request_reload(self) -> None:
        """Read the file again soon; states, and what waits to be sent, stay."""
        with self._changed:
            self._is_reload_wanted = True
            self._changed.notify_all()

    def _reload(self) -> None:
        self._is_reload_wanted = False
        try:
            file = self._load_again()
        except HeliographError as error:
            log("runner.reload_failed", code=error.code, message=error.message)
            return
        with self._changed:
            old = self._sessions
            self._take(file)
        old.close()
        log("runner.reloaded", alerts=len(file.alerts), channels=len(file.channels))

    def _take(self, file: AlertFile) -> None:
        self._file = file
        self._sessions = SessionPool(file.connections)
        self._evaluator = Evaluator(file, self._store, self._sessions, self._clock)
        self._queue: list[tuple[datetime, str]] = []
        for name in file.alerts:
            heapq.heappush(self._queue, (self._first_due(name), name))
        sender = Sender(file, self._store, self._clock)
        for name, thread in list(self._senders.items()):
            if name not in file.channels:
                thread.stop()
                del self._senders[name]
        for name in file.channels:
            if name in self._senders:
                self._senders[name].sender = sender
            else:
                self._senders[name] = _ChannelThread(name, sender, self._store, self._clock)

    def _first_due(self, name: str) -> datetime:
        """Return when the alert is due next; ticks that were missed make it due now, once."""
        schedule = self._file.alerts[name].settings.schedule
        last = self._store.load(name).last_due_at
        now = self._clock.now()
        due_at = latest_due(schedule, self._file.timezone, last, now)
        return due_at or next_due(schedule, self._file.timezone, last or now)

    def _start_due(self) -> None:
        now = self._clock.now()
        with self._changed:
            while self._queue and self._queue[0][0] <= now:
                due_at, name = heapq.heappop(self._queue)
                if name not in self._running:
                    self._running.add(name)
                    self._threads.submit(self._evaluate, name, due_at)

    def _evaluate(self, name: str, due_at: datetime) -> None:
        file, evaluator = self._file, self._evaluator
        has_failed = False
        try:
            done = evaluator.evaluate(file.alerts[name], due_at)
            if done is not None:
                _log_evaluation(done)
                for channel in {delivery.channel for delivery in done.deliveries}:
                    sender = self._senders.get(channel)
                    if sender is not None:
                        sender.wake()
        except HeliographError as error:
            has_failed = True
            log("evaluation.not_recorded", alert=name, code=error.code, message=error.message)
        except Exception as error:  # noqa: BLE001  # the edge of a thread
            has_failed = True
            log("evaluation.not_recorded", alert=name, code="unexpected", kind=type(error).__name__)
        finally:
            self._schedule_again(file, name, due_at, has_failed=has_failed)

    def _schedule_again(
        self, file: AlertFile, name: str, due_at: datetime, *, has_failed: bool
    ) -> None:
        now = self._clock.now()
        schedule = file.alerts[name].settings.schedule
        with self._changed:
            self._running.discard(name)
            if file is self._file:
                late = latest_due(schedule, file.timezone, due_at, now)
                again = late or next_due(schedule, file.timezone, due_at)
                if has_failed:
                    again = max(again, now + timedelta(seconds=_RETRY_STORE_SECONDS))
                heapq.heappush(self._queue, (again, name))
            elif name in self._file.alerts:
                self._queue = [entry for entry in self._queue if entry[1] != name]
                heapq.heapify(self._queue)
                heapq.heappush(self._queue, (self._first_due(name), name))
            self._changed.notify_all()

    def _wait(self, until: datetime) -> None:
        with self._changed:
            if self._is_stopping or self._is_reload_wanted:
                return
            if self._queue:
                until = min(until, self._queue[0][0])
            seconds = (until - self._clock.now()).total_seconds()
            if seconds > 0:
                self._changed.wait(seconds)

    def _beat(self) -> None:
        now = self._clock.now()
        try:
            self._store.beat(self._runner, now)
            self._store.prune(now - KEEP)
        except HeliographError as error:
            log("runner.state_failed", code=error.code, message=error.message)

    def _end(self) -> None:
        log("runner.stopping", running=len(self._running))
        with self._changed:
            is_idle = self._changed.wait_for(lambda: not self._running, _END_SECONDS)
        if not is_idle:
            self._evaluator.abandon()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for thread in self._senders.values():
            thread.stop()
        for thread in self._senders.values():
            thread.join()
        self._sessions.close()
        log("runner.stopped")


class _ChannelThread:
    """Sends one channel's deliveries as they come due."""

    def __init__(self, channel: str, sender: Sender, store: StateStore, clock: Clock) -> None:
        self.sender = sender
        self._channel = channel
        self._store = store
        self._clock = clock
        self._woken = threading.Event()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name=f"channel:{channel}", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look for work now."""
        self._woken.set()

    def stop(self) -> None:
        """End after the attempt that is under way."""
        self._is_stopping = True
        self._woken.set()

    def join(self) -> None:
        """Wait for the end."""
        self._thread.join(timeout=60)

    def _run(self) -> None:
        while not self._is_stopping:
            self._woken.clear()
            seconds = self._guarded(self._send_all) or _LOOK_SECONDS
            self._woken.wait(seconds)

    def _send_all(self) -> float:
        while not self._is_stopping:
            delivery = self.sender.send_next(self._channel)
            if delivery is None:
                break
            _log_delivery(delivery)
        next_at = self._store.next_attempt_at([self._channel])
        if next_at is None:
            return _LOOK_SECONDS
        return min(_LOOK_SECONDS, max(0.05, (next_at - self._clock.now()).total_seconds()))

    def _guarded(self, work: Callable[[], float]) -> float:
        try:
            return work()
        except HeliographError as error:
            log("delivery.not_recorded", channel=self._channel, code=error.code,
                message=error.message)  # fmt: skip
        except Exception as error:  # noqa: BLE001  # the edge of a thread
            log("delivery.not_recorded", channel=self._channel, kind=type(error).__name__)
        return _LOOK_SECONDS


def _log_evaluation(done: Evaluated) -> None:
    for key in done.record.keys:
        log(
            "alert.evaluated",
            alert=done.record.alert,
            key=key.outcome.key or None,
            outcome=key.outcome.kind.value,
            state=key.state_after,
            notice=key.notice,
            duration_ms=done.record.duration_ms,
        )


def _log_delivery(delivery: Delivery) -> None:
    event = {
        DeliveryState.DELIVERED: "delivery.delivered",
        DeliveryState.DEAD: "delivery.dead",
        DeliveryState.WAITING: "delivery.deferred",
    }[delivery.state]
    log(
        event,
        delivery=delivery.id,
        channel=delivery.channel,
        alert=delivery.notice.alert,
        attempts=delivery.attempts,
        detail=delivery.detail or None,
    )
