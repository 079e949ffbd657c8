"""Queries of people: asked, waited for, looked at in pages, given up."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from heliograph.audit.service import record
from heliograph.connections.engines.registry import load_engine
from heliograph.connections.history_policy import holds_hashes
from heliograph.kernel.actors import Actor
from heliograph.kernel.errors import (
    Conflict,
    Forbidden,
    HeliographError,
    NotFound,
    ResultExpired,
    UsageError,
)
from heliograph.kernel.pagination import Page, PageRequest, make_page
from heliograph.platform.log import log
from heliograph.queries import executions_store, history_store, runs_store, turns_store
from heliograph.queries.asking import Asking
from heliograph.queries.executor import RESULT_KEPT
from heliograph.queries.history_store import HistoryFilter, PastRun
from heliograph.queries.holding import Holder
from heliograph.queries.placeholders import parse_template
from heliograph.queries.questions import Asked, How, Question
from heliograph.queries.result_index import StoredResult
from heliograph.queries.result_pages import ResultPage
from heliograph.queries.result_reader import ResultReader, SegmentCache
from heliograph.queries.run_rows import user_of
from heliograph.queries.runs_store import (
    CancelReason,
    GivenUp,
    KeptResult,
    Origin,
    RunRow,
)
from heliograph.queries.tending import fail_lost_run
from heliograph.queries.waiters import Waiters
from heliograph.queries.wakes import Wakes
from heliograph.queries.work import read_work

if TYPE_CHECKING:
    from heliograph.connections.saved import Connections
    from heliograph.platform.blob_store import BlobStore

FINAL = ("succeeded", "failed", "canceled", "expired")
_POLL_NOTED_EVERY = timedelta(seconds=5)
_SHORT_WAIT_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Run:
    """A run as its owner sees it. ``position`` is its place in the queue, 1 the next.

    ``kept`` is the answer whose rows can be looked at: its own, or where it failed (``is_stale``)
    the older one that would have been given from the cache. ``first_page`` reads its first rows.
    """

    row: RunRow
    position: int | None = None
    kept: StoredResult | None = None
    is_stale: bool = False
    stale: KeptResult | None = None
    first_page: Callable[[int], ResultPage] | None = None

    @property
    def is_over(self) -> bool:
        """Say whether nothing will change any more."""
        return self.row.state in FINAL


class Runs:
    """Asks, answers and gives up queries. Threads may share it."""

    def __init__(
        self,
        holder: Holder,
        asking: Asking,
        connections: Connections,
        blobs: Callable[[], BlobStore],
        wakes: Wakes,
    ) -> None:
        self.asking = asking
        self._database = holder.database
        self._clock = holder.clock
        self._connections = connections
        self._blobs = blobs
        self._wakes = wakes
        self._waiters = Waiters()
        self._cache = SegmentCache()

    def ask(self, actor: Actor, question: Question) -> Run:
        """Run a query, and return it as it is when it has ended or ``wait`` is over.

        A query that is refused or fails is a run that failed. Raises `NotFound` and `Forbidden` for
        the connection, `RequestInvalid` for values that are none, `RateLimited` when too many of
        one's own wait already.
        """
        began = time.monotonic()
        reached = self.asking.reach(actor, question.connection_id)
        work = self.asking.work(actor, reached, question)
        how = How(question.wait, question.cache_seconds, question.is_detached)
        asked = self.asking.start(actor, reached.connection, work, how)
        return self.finish(asked, began + question.wait.total_seconds())

    def again(self, actor: Actor, run_id: UUID, wait: timedelta) -> Run:
        """Ask the question of an earlier run again, never from the cache.

        Raises `NotFound`, `Conflict` when its values or its connection are not kept, and as `ask`.
        """
        row = self.own(actor, run_id)
        if row.connection_id is None:
            raise Conflict("The connection of this query has been deleted.")
        work = self.work_of(row)
        if row.origin != Origin.QUERY:
            return self._view_again(actor, row, work, wait)
        question = Question(row.connection_id, row.sql, wait=wait, cache_seconds=0)
        if work is None:
            question = replace(question, params=_kept_values(row))
        else:
            names = ("params", "max_rows", "time_zone")
            question = replace(question, **{name: work[name] for name in names})
        return self.ask(actor, question)

    def _view_again(
        self, actor: Actor, row: RunRow, work: dict[str, Any] | None, wait: timedelta
    ) -> Run:
        began = time.monotonic()
        if work is None or row.connection_id is None:
            raise Conflict(
                "How this result was sorted and filtered is not kept any more.",
                hint="Run its query again, and sort and filter that.",
            )
        reached = self.asking.reach(actor, row.connection_id)
        how = How(wait, 0, origin=Origin(row.origin), parent_id=row.parent_id)
        again = self.asking.renewed(actor, reached, read_work(work))
        asked = self.asking.start(actor, reached.connection, again, how)
        return self.finish(asked, began + wait.total_seconds())

    def get(self, actor: Actor, run_id: UUID, wait: timedelta = timedelta(0)) -> Run:
        """Return a run of one's own, when it has ended or ``wait`` is over. Raises `NotFound`.

        Who asks is taken to wait for it: a run that nobody asks about is cancelled after a while.
        """
        began = time.monotonic()
        row = self.own(actor, run_id)
        if row.state in FINAL:
            return self.run_of(row)
        self._note_poll(run_id)
        if fail_lost_run(self._database, self._clock, self._wakes, row):
            return self.reread(run_id)
        return self._wait(row, began + wait.total_seconds())

    def finish(self, asked: Asked, until: float) -> Run:
        """Return what was asked when it has ended, or at the time of ``time.monotonic()``."""
        row, outcome = asked.row, asked.outcome
        if outcome is not None and outcome.stored is not None:
            return Run(row, kept=outcome.stored, first_page=outcome.first_page)
        if row.state in FINAL:
            return self.run_of(row)
        if row.state == "lost":
            return self.reread(row.id)
        return self._wait(row, until)

    def page(self, actor: Actor, run_id: UUID, offset: int, limit: int) -> tuple[Run, ResultPage]:
        """Return rows of a run of one's own, and the run.

        Raises `NotFound`, `Conflict` while it has not succeeded, `ResultExpired` when its rows are
        no longer kept.
        """
        run = self.run_of(self.own(actor, run_id))
        reader = self.reader(run)
        self._keep(run)
        return run, reader.rows(offset, limit)

    def cell(
        self, actor: Actor, run_id: UUID, row: int, column: int
    ) -> tuple[str | None, str | None]:
        """Return the key of a blob that holds a whole cell as text, or the text if it is short.

        NULL has neither. Raises as `page` does.
        """
        run = self.run_of(self.own(actor, run_id))
        reader = self.reader(run)
        self._keep(run)
        key = reader.cell(row, column)
        return key, None if key is not None else reader.short_cell(row, column)

    def cancel(self, actor: Actor, run_id: UUID) -> Run:
        """Give up a run; what it runs on the server ends, unless somebody else waits for it too.

        Doing so twice, or to one that has ended, changes nothing. Raises `NotFound`.
        """
        row = self.own(actor, run_id)
        if row.execution_id is None or row.state not in runs_store.RUNNING_STATES:
            return self.run_of(row)
        if self.withdraw(actor, row, CancelReason.ASKED):
            self._cancel_on_server(row)
        return self.reread(run_id)

    def withdraw(self, actor: Actor, row: RunRow, reason: CancelReason) -> bool:
        """Give up a run; return whether the server is still to be told."""
        assert row.execution_id is not None
        now = self._clock.now()
        with self._database.transaction() as tx:
            runs_store.lock_execution(tx, row.execution_id)
            given_up = runs_store.withdraw(tx, row.id, now, reason)
            if given_up is None:
                return False
            record(
                tx,
                actor,
                "query.canceled",
                at=now,
                object_type="connection",
                object_id=row.connection_id,
                after={"run_id": row.id, "reason": reason},
            )
            if given_up is not GivenUp.LAST:
                return False
            return executions_store.request_cancel(tx, row.execution_id, now) == "running"

    def history(self, actor: Actor, page: PageRequest, wanted: HistoryFilter) -> Page[PastRun]:
        """Return runs, the latest first: one's own, and for an admin everybody's.

        Raises `Forbidden` for somebody else's runs, and `CursorInvalid`.
        """
        if not actor.is_admin:
            if wanted.user_id not in (None, actor.user_id):
                raise Forbidden("Only admins see the queries of others.")
            wanted = replace(wanted, user_id=user_of(actor))
        after = page.after(datetime.fromisoformat, UUID)
        found = history_store.list_history(self._database, wanted, after, page.limit + 1)
        return make_page(
            found, page.limit, lambda past: (past.run.requested_at.isoformat(), past.run.id)
        )

    def own(self, actor: Actor, run_id: UUID, *, is_export: bool = False) -> RunRow:
        """Return a run of one's own, or for an admin anybody's. Raises `NotFound`.

        Whoever may not view its connection any more has none of its runs either.
        """
        row = runs_store.select(self._database, run_id)
        if row is None or (row.user_id != actor.user_id and not actor.is_admin):
            raise unknown_run()
        if (row.origin == Origin.EXPORT) is not is_export:
            raise unknown_run()
        if row.connection_id is not None and not actor.is_admin:
            try:
                self._connections.get(actor, row.connection_id)
            except NotFound:
                raise unknown_run() from None
        return row

    def reread(self, run_id: UUID) -> Run:
        """Return a run as it is now."""
        row = runs_store.select(self._database, run_id)
        if row is None:
            raise unknown_run()
        return self.run_of(row)

    def reader(self, run: Run) -> ResultReader:
        """Return what reads the rows of a run. Raises `Conflict` and `ResultExpired`."""
        if run.kept is not None:
            return ResultReader(self._blobs(), run.kept, self._cache)
        state = run.row.state
        if state not in ("succeeded", "expired"):
            is_under_way = state in runs_store.RUNNING_STATES
            hint = "Wait until it has succeeded." if is_under_way else None
            raise Conflict(f"The query has no rows: it is {state}.", hint=hint)
        raise ResultExpired("The rows of this query are no longer kept.", hint="Run it again.")

    def work_of(self, row: RunRow) -> dict[str, Any] | None:
        """Return the work of a run as JSON, as long as its result is kept."""
        if row.execution_id is None:
            return None
        found = runs_store.select_work(self._database, row.execution_id)
        return None if found is None else dict(found)

    def _wait(self, row: RunRow, until: float) -> Run:
        """Wait for a run. Who waits for many things at once waits shortly: places are few."""
        pause, state = 0.02, row.state
        with self._waiters.one_more(row.user_id) as is_one_too_many:
            if is_one_too_many:
                until = min(until, time.monotonic() + _SHORT_WAIT_SECONDS)
            while time.monotonic() + pause < until:
                time.sleep(pause)
                state = runs_store.select_state(self._database, row.id) or "expired"
                if state in FINAL:
                    break
                pause = min(pause * 1.5, 0.25)
        if state not in FINAL:
            self._note_poll(row.id)
        return self.reread(row.id)

    def _note_poll(self, run_id: UUID) -> None:
        now = self._clock.now()
        runs_store.note_poll(self._database, run_id, now, at_least=now - _POLL_NOTED_EVERY)

    def run_of(self, row: RunRow) -> Run:
        """Return a run with its rows, if they are kept, and its place in the queue."""
        now = self._clock.now()
        if row.connection_id is None:  # nobody can say any more who may see its rows
            return Run(row)
        is_kept = row.result_expires_at is not None and row.result_expires_at > now
        if row.state == "succeeded" and row.result is not None and is_kept:
            stored = StoredResult.from_bytes(bytes(row.result))
            return Run(row, kept=stored, first_page=self._first_page(stored))
        if _may_show_stale(row) and row.stale_execution_id is not None:
            stale = runs_store.select_kept(self._database, row.stale_execution_id, now)
            if stale is not None:
                stored = StoredResult.from_bytes(bytes(stale.result))
                page = self._first_page(stored)
                return Run(row, None, stored, is_stale=True, stale=stale, first_page=page)
        return Run(row, self._position(row))

    def _first_page(self, stored: StoredResult) -> Callable[[int], ResultPage]:
        return lambda limit: ResultReader(self._blobs(), stored, self._cache).rows(0, limit)

    def _position(self, row: RunRow) -> int | None:
        if row.state != "queued" or row.connection_id is None or row.execution_id is None:
            return None
        with self._database.transaction() as tx:
            return turns_store.find_position(tx, row.connection_id, row.execution_id)

    def _keep(self, run: Run) -> None:
        """Keep rows longer that somebody looks at."""
        now = self._clock.now()
        expires_at = run.row.result_expires_at
        if run.row.execution_id is None or expires_at is None:
            return
        if expires_at < now + RESULT_KEPT / 2:
            execution_id = run.row.execution_id
            runs_store.keep_longer(self._database, execution_id, now + RESULT_KEPT, now)

    def _cancel_on_server(self, row: RunRow) -> None:
        """Tell the database at once; who holds the run hears of it a second later at the most."""
        assert row.connection_id is not None
        connection = self._connections.find(row.connection_id)
        if connection is None:
            return
        try:
            engine = load_engine(connection.engine)
            engine.cancel(self._connections.login(connection), str(row.execution_id))
        except HeliographError as error:
            # The run is given up all the same: its holder hears of it and ends it.
            log("cancel_failed", execution=str(row.execution_id), code=error.code)


def _may_show_stale(row: RunRow) -> bool:
    """Say whether an older answer may stand in: not where the database has said no to who asks."""
    code = (row.error or {}).get("code")
    return row.state == "failed" and code not in ("permission_denied", "login_failed")


def _kept_values(row: RunRow) -> Any:
    """Return the values of a run from the history. Raises `Conflict` when it has not kept them."""
    try:
        template = parse_template(row.sql)
        has_places = template.is_named or bool(template.positions)
    except UsageError:
        has_places = False
    if holds_hashes(row.parameters) or (has_places and row.parameters is None):
        raise Conflict(
            "The values of this query are not kept.",
            hint="The connection says so in history_values. Ask it anew, with its values.",
        )
    return row.parameters or ()


def unknown_run() -> NotFound:
    """Return what is said of a run that there is not, and of somebody else's."""
    return NotFound("There is no such query, or it is not yours.")
