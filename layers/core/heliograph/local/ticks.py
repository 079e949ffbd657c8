"""Calls functions when their schedules fire, once over all nodes of one app database."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from heliograph.kernel.clock import Clock, SystemClock
from heliograph.kernel.errors import HeliographError
from heliograph.kernel.ids import new_id
from heliograph.local.deployment import ScheduleSource
from heliograph.local.events import make_tick_event
from heliograph.local.invoker import Invoker
from heliograph.local.pollers import Tell, call_and_wait, what_failed
from heliograph.local.ticks_store import claim_tick, finish_tick
from heliograph.platform.database import Database


@dataclass(frozen=True, slots=True)
class Pace:
    """When a tick that a dead node has held is done by another one.

    It is free ``margin`` after its function's timeout; every ``look`` somebody looks.
    """

    margin: timedelta = timedelta(seconds=30)
    look: timedelta = timedelta(seconds=30)


class Ticker:
    """One thread for each schedule. A tick that passed while nothing ran is done at the start.

    Of several missed ones only the last is done. A handler that fails has had its tick: the next
    one does what it did not. A node that dies in the middle has not, and another one does it.
    """

    def __init__(
        self,
        sources: tuple[ScheduleSource, ...],
        database: Database,
        invoker: Invoker,
        *,
        tell: Tell,
        clock: Clock | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._sources = sources
        self._database = database
        self._invoker = invoker
        self._tell = tell
        self._clock = clock or SystemClock()
        self._pace = pace or Pace()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin."""
        for source in self._sources:
            thread = threading.Thread(
                target=self._run, args=(source,), name=f"schedule-{source.name}", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def stop(self, seconds: float) -> bool:
        """Fire no more; return whether what ran has ended within ``seconds``."""
        self._stopping.set()
        ends_at = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, ends_at - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def look(self, source: ScheduleSource) -> bool:
        """Do the latest tick that is due, unless it is done; return whether this call has done it.

        Raises what the app database raises.
        """
        now = self._clock.now()
        due_at = source.schedule.last_at(now)
        if due_at is None:
            return False
        lease = timedelta(seconds=source.function.timeout_seconds) + self._pace.margin
        with self._database.transaction() as tx:
            if not claim_tick(tx, source.name, due_at, now=now, lease=lease):
                return False
        self._call(source, due_at)
        with self._database.transaction() as tx:
            finish_tick(tx, source.name, due_at, now=self._clock.now())
        return True

    def _call(self, source: ScheduleSource, due_at: datetime) -> None:
        event: Mapping[str, Any] = (
            make_tick_event(source, due_at, str(new_id()))
            if source.input is None
            else orjson.loads(source.input)
        )
        code = None
        try:
            call_and_wait(self._invoker, source.function, event)
        except HeliographError as error:
            code = error.code
        self._tell("schedule.tick", schedule=source.name, due_at=due_at, code=code)

    def _run(self, source: ScheduleSource) -> None:
        while not self._stopping.is_set():
            try:
                self.look(source)
            except Exception as error:  # noqa: BLE001  # the edge: a schedule never ends by itself
                self._tell("schedule.failed", schedule=source.name, **what_failed(error))
            next_at = source.schedule.next_at(self._clock.now())
            pause = self._pace.look.total_seconds()
            if next_at is not None:
                pause = min(pause, (next_at - self._clock.now()).total_seconds())
            self._stopping.wait(max(0.05, pause))
