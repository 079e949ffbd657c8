"""One execution of a prepared query: watched over, streamed into a sink, ended in time.

Nothing runs beside it: the thread that waits for the server looks at the clock and asks whether the
run is still wanted. A run that is over within the first interval is never asked about.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol

from heliograph.connections.engines.contract import Column, Row, RunOptions, Session, Watch
from heliograph.kernel.errors import ConnectionLost, QueryCanceled, QueryTimedOut
from heliograph.queries.service import PreparedQuery

CHECK_INTERVAL: Final = timedelta(milliseconds=500)
"""How often a run is asked about by default."""

ROW_LIMIT: Final = "row_limit"
"""The ``truncated_reason`` of a result that ``max_rows`` cut."""

_ENDED_BY_THE_SERVER = (QueryCanceled, ConnectionLost)


class ResultSink(Protocol):
    """Where a result goes. Who made it finishes it, or throws it away."""

    def start(self, columns: Sequence[Column]) -> None:
        """Take the columns: once, before any row. There may be none."""
        ...

    def write(self, rows: list[Row]) -> None:
        """Take the next rows, about a hundred or fewer. What it raises ends the run."""
        ...


@dataclass(frozen=True, slots=True)
class ExecutionSummary:
    """How an execution went; ``notes`` is what the statement said besides its rows.

    ``truncated_reason`` is `ROW_LIMIT` or None. ``duration_ms`` is the time until the last row was
    written.
    """

    row_count: int
    truncated: bool
    truncated_reason: str | None
    notes: tuple[str, ...]
    duration_ms: float


def execute(
    session: Session,
    query: PreparedQuery,
    options: RunOptions,
    sink: ResultSink,
    *,
    deadline: float | None = None,
    check: Callable[[], None] | None = None,
    check_interval: timedelta = CHECK_INTERVAL,
    on_progress: Callable[[int], None] | None = None,
) -> ExecutionSummary:
    """Run the query and stream its result into ``sink``, at constant memory.

    ``check`` is called about every ``check_interval``, also while no row comes, and ends the run by
    raising: `QueryCanceled` that says who asked, for example. It is asked once more when the server
    ended the run, so that its reason is told rather than the server's; a run that is to end must
    stay so. At ``deadline``, a ``time.monotonic()``, the run ends with `QueryTimedOut`, however
    many statements it is made of. In each case the server is told, which is over within 10 s also
    where it does not answer. Neither is looked at while ``sink`` works.

    ``on_progress`` is given the number of rows after each piece that was written. ``max_rows`` of
    ``options`` cuts the result and is told; a result without columns is one like any other.

    Raises the `QueryError` family, placed in the person's own text, and `QueryTimedOut`.
    """
    started = time.monotonic()
    if deadline is not None and started >= deadline:
        raise QueryTimedOut(
            "The query was not started: there was no time left.", hint="Run it again."
        )
    asked = _Check(check)
    watch = Watch(asked if check else None, check_interval, deadline)
    options = dataclasses.replace(options, watch=watch)
    try:
        with query.located(), session.run(query.statement, options) as result:
            batches = result.batches()
            sink.start(result.columns)
            for rows in batches:
                sink.write(rows)
                if on_progress is not None:
                    on_progress(result.row_count)
                del rows  # large ones should not be held while the next ones come
            return ExecutionSummary(
                row_count=result.row_count,
                truncated=result.truncated,
                truncated_reason=ROW_LIMIT if result.truncated else None,
                notes=tuple(result.notes),
                duration_ms=(time.monotonic() - started) * 1000,
            )
    except _ENDED_BY_THE_SERVER:
        if not asked.has_raised:
            asked()
        raise


class _Check:
    """The check of a run, and whether it has ended it."""

    def __init__(self, check: Callable[[], None] | None) -> None:
        self._check = check
        self.has_raised = False

    def __call__(self) -> None:
        if self._check is None:
            return
        try:
            self._check()
        except BaseException:
            self.has_raised = True
            raise
