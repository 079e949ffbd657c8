"""Looks at a result as a whole: sorted, filtered, and what stands in a column.

Each is a new run of the wrapped statement, done by the database, for whoever looks.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from heliograph.connections.engines.contract import Column
from heliograph.kernel.actors import Actor
from heliograph.kernel.errors import Conflict, NotFound, RequestInvalid, ResultExpired
from heliograph.queries.executor import RUN_AGAIN
from heliograph.queries.questions import Asked, How
from heliograph.queries.runs import Run, Runs
from heliograph.queries.runs_store import Origin, RunRow
from heliograph.queries.views import MOST_VALUES, Filter, Sort
from heliograph.queries.work import Look, LookKind, View, Work, read_work

if TYPE_CHECKING:
    from heliograph.connections.models import Connection

_VALUES_FRESH_SECONDS = 60
"""How old the answer to what stands in a column may be: filter menus are opened again and again."""


@dataclass(frozen=True, slots=True)
class ColumnValues:
    """What stands in a column: rows ``[value, count]``, and one row ``[min, max, rows, nulls]``.

    One of them is not there yet as long as its run is not over.
    """

    column: Column
    values: Run
    bounds: Run

    @property
    def is_over(self) -> bool:
        """Say whether both have been answered."""
        return self.values.is_over and self.bounds.is_over


class Looks:
    """Sorts, filters and lists values. Threads may share it."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    def view(
        self,
        actor: Actor,
        run_id: UUID,
        sorts: Sequence[Sort],
        filters: Sequence[Filter],
        wait: timedelta,
    ) -> Run:
        """Return a new run: the whole result of an earlier one, sorted and filtered.

        Raises `NotFound`, `Conflict` while that has not succeeded, `ResultExpired` when it is not
        kept any more, `StatementRefused` for what cannot be wrapped (CALL, SHOW, EXPLAIN) and
        `RequestInvalid` for columns that it has not.
        """
        began = time.monotonic()
        row, connection, work, columns = self._look_at(actor, run_id)
        work = replace(work, views=(*work.views, View(columns, sorts, filters)))
        asked = self._start(actor, row, connection, work, How(wait, origin=Origin.VIEW))
        return self._runs.finish(asked, began + wait.total_seconds())

    def values(
        self, actor: Actor, run_id: UUID, column: int, search: str | None, wait: timedelta
    ) -> ColumnValues:
        """Return what stands in one column of a whole result. Raises as `view` does."""
        began = time.monotonic()
        row, connection, work, columns = self._look_at(actor, run_id)
        if not 0 <= column < len(columns):
            message = f"is not a column: there are {len(columns)}, counted from 0"
            raise RequestInvalid("The result has no such column.", [("?column", message)])
        how = How(wait, _VALUES_FRESH_SECONDS, origin=Origin.VALUES)
        found = []
        for kind in (LookKind.VALUES, LookKind.BOUNDS):
            sought = search if kind is LookKind.VALUES else None
            most = min(MOST_VALUES + 1, work.max_rows or MOST_VALUES + 1)
            look = replace(work, look=Look(kind, columns, column, sought), max_rows=most)
            found.append(self._start(actor, row, connection, look, how))
        until = began + wait.total_seconds()
        values, bounds = (self._runs.finish(asked, until) for asked in found)
        return ColumnValues(columns[column], values, bounds)

    def _look_at(
        self, actor: Actor, run_id: UUID
    ) -> tuple[RunRow, Connection, Work, Sequence[Column]]:
        """Return what a view is made of, as whoever looks now may have it."""
        row = self._runs.own(actor, run_id)
        if row.state not in ("succeeded", "expired"):
            raise Conflict(f"The query has no rows: it is {row.state}.")
        run = self._runs.run_of(row)
        found = self._runs.work_of(row)
        if run.kept is None or found is None:
            raise ResultExpired("The rows of this query are no longer kept.", hint="Run it again.")
        if row.connection_id is None:
            raise NotFound("The connection of this query has been deleted.")
        reached = self._runs.asking.reach(actor, row.connection_id)
        work = self._runs.asking.renewed(actor, reached, read_work(found))
        return row, reached.connection, work, run.kept.columns

    def _start(
        self, actor: Actor, row: RunRow, connection: Connection, work: Work, how: How
    ) -> Asked:
        work.prepare()  # what cannot be wrapped is the request's fault, not a run that failed
        work = replace(work, notes=(RUN_AGAIN,) if row.runs_once else ())
        how = replace(how, parent_id=row.id)
        return self._runs.asking.start(actor, connection, work, how)
