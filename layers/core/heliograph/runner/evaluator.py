"""Claims, evaluates and writes down: the step that two runners never do twice."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from heliograph.alerts.schedules import latest_due
from heliograph.kernel.clock import Clock
from heliograph.runner.evaluation import Evaluated, Moment, evaluate
from heliograph.runner.file import Alert, AlertFile
from heliograph.runner.sessions import SessionPool
from heliograph.runner.stores.contract import Claim, StateStore

_LEASE_GRACE = timedelta(seconds=60)


class Evaluator:
    """Evaluates one alert at a time, from any thread."""

    def __init__(
        self, file: AlertFile, store: StateStore, sessions: SessionPool, clock: Clock
    ) -> None:
        self._file = file
        self._store = store
        self._sessions = sessions
        self._clock = clock
        self._is_abandoned = threading.Event()

    def evaluate(
        self, alert: Alert, due_at: datetime, *, is_forced: bool = False
    ) -> Evaluated | None:
        """Evaluate and write down; None when another runner has done it, or is at it.

        ``is_forced`` evaluates even where nothing is due. Raises `StateFailed`.
        """
        claim = self._store.claim(alert.name, due_at, self._clock.now(), self._lease(alert))
        if claim is None:
            return None
        done = None
        try:
            done = self._evaluate(alert, claim, is_forced=is_forced)
        finally:
            if done is None:
                self._store.release(claim)
        return done

    def abandon(self) -> None:
        """End what runs; what is not written by now is left to the next runner."""
        self._is_abandoned.set()
        self._sessions.interrupt()

    def _evaluate(self, alert: Alert, claim: Claim, *, is_forced: bool) -> Evaluated | None:
        memory = self._store.load(alert.name)
        now = self._clock.now()
        schedule, zone = alert.settings.schedule, self._file.timezone
        if not is_forced and latest_due(schedule, zone, memory.last_due_at, now) is None:
            return None  # another runner was a moment earlier, for a due time of its own
        done = evaluate(self._file, alert, memory, self._sessions, Moment(claim.due_at, now))
        if self._is_abandoned.is_set():
            return None  # its failure may be our own doing
        if not self._store.commit(claim, done.record, done.states, done.deliveries):
            return None
        return done

    def _lease(self, alert: Alert) -> timedelta:
        return self._file.connections[alert.settings.connection].statement_timeout + _LEASE_GRACE
