"""Resetting one's session: everything that one has under way ends, and nothing of it is left."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from heliograph.audit.service import record
from heliograph.connections.engines.contract import IDLE_NAME, NAME_PREFIX
from heliograph.connections.engines.registry import load_engine
from heliograph.kernel.actors import Actor
from heliograph.kernel.errors import HeliographError, QueryTimedOut
from heliograph.platform.log import log
from heliograph.queries import resets_store, runs_store
from heliograph.queries.holding import Holder
from heliograph.queries.run_rows import user_of
from heliograph.queries.runs import Runs
from heliograph.queries.runs_store import CancelReason

if TYPE_CHECKING:
    from heliograph.connections.saved import Connections

_USED_WITHIN = timedelta(hours=1)
_SECONDS = 12.0
_MOST_IDLE = 100


@dataclass(frozen=True, slots=True)
class Reset:
    """What a reset has done. ``unreachable`` are connections whose server did not answer."""

    canceled: int
    results_dropped: int
    connections_closed: int
    unreachable: Sequence[UUID]


class Resets:
    """Resets sessions. Threads may share it."""

    def __init__(
        self,
        holder: Holder,
        runs: Runs,
        connections: Connections,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = holder.database
        self._clock = holder.clock
        self._runs = runs
        self._connections = connections
        self._monotonic = monotonic

    def reset(self, actor: Actor) -> Reset:
        """Cancel one's runs, close their connections and the idle ones, drop one's results.

        The idle connections of a saved connection are nobody's own: others open theirs anew. What
        somebody else still waits for or looks at stays.
        """
        user_id, now = user_of(actor), self._clock.now()
        running: dict[UUID, list[str]] = {}
        canceled = 0
        for run_id in runs_store.find_active(self._database, user_id):
            row = runs_store.select(self._database, run_id)
            if row is None:
                continue
            canceled += 1
            if (
                self._runs.withdraw(actor, row, CancelReason.RESET)
                and row.connection_id is not None
            ):
                running.setdefault(row.connection_id, []).append(str(row.execution_id))
        with self._database.transaction() as tx:
            used = resets_store.find_used(tx, user_id, now - _USED_WITHIN)
            dropped = resets_store.drop_results(tx, user_id, now)
        closed, unreachable = self._close({one: running.get(one, []) for one in used})
        done = Reset(canceled, dropped, closed, unreachable)
        with self._database.transaction() as tx:
            record(
                tx,
                actor,
                "query.session_reset",
                at=now,
                after={"canceled": canceled, "results_dropped": dropped},
            )
        return done

    def _close(self, names: dict[UUID, list[str]]) -> tuple[int, list[UUID]]:
        """Close the runs of these names, and what is idle; say which servers did not answer."""
        ends_at = self._monotonic() + _SECONDS
        closed, unreachable = 0, list[UUID]()
        for connection_id, runs in names.items():
            try:
                closed += self._close_one(connection_id, runs, ends_at)
            except HeliographError as error:
                log("reset_not_reached", connection=str(connection_id), code=error.code)
                unreachable.append(connection_id)
        return closed, unreachable

    def _close_one(self, connection_id: UUID, runs: list[str], ends_at: float) -> int:
        connection = self._connections.find(connection_id)
        if connection is None:
            return 0
        left = ends_at - self._monotonic()
        if left <= 0:
            raise QueryTimedOut("There was no time left to close it.")
        within = timedelta(seconds=min(left, 3.0))
        engine, url = load_engine(connection.engine), self._connections.login(connection)
        closed = engine.terminate(url, runs, within=within) if runs else 0
        idle = IDLE_NAME.removeprefix(NAME_PREFIX)
        return closed + engine.end_idle(url, idle, most=_MOST_IDLE, within=within)
