"""A question on its way to an answer: from the cache, shared, done at once, or put into the queue.

A run that is quick ends inside the request that brought it. One that is not is put into the queue
of its connection and done once more by a worker; what must not run twice goes there at once, and so
does what took long the last time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from heliograph.audit.service import RECORD, event_values
from heliograph.kernel.actors import Actor
from heliograph.kernel.errors import (
    Conflict,
    Forbidden,
    HeliographError,
    QueryError,
    RateLimited,
    RequestInvalid,
    UsageError,
)
from heliograph.kernel.ids import new_id
from heliograph.queries import executions_store, runs_store, turns_store
from heliograph.queries.executions_store import NewExecution
from heliograph.queries.executor import RESULT_KEPT, Executor, Judge, NotInline, Task
from heliograph.queries.identity import identity_of, identity_settings
from heliograph.queries.questions import Asked, How, Question, Reached
from heliograph.queries.run_rows import (
    kept_fields,
    outcome_fields,
    row_of,
    user_of,
)
from heliograph.queries.runs_store import KeptResult, NewRun, Origin, RunRow
from heliograph.queries.volatility import DatabaseFunctions
from heliograph.queries.wakes import Wake, Wakes
from heliograph.queries.work import Work

if TYPE_CHECKING:
    from heliograph.accounts.users import Users
    from heliograph.connections.models import Connection
    from heliograph.connections.saved import Connections
    from heliograph.platform.database import Transaction
    from heliograph.queries.service import PreparedQuery
    from heliograph.queries.turns_store import Claimed

INLINE_SECONDS = 5.0
"""How long a run may take inside the request that brought it."""

MOST_WAITING = 200
"""How many queries of one person may wait for one connection."""

RUN_GRACE_SECONDS = 10.0
"""How much longer than its statement timeout a whole run may take: a call has several."""

_MOST_RECORDED_SQL = 2_000
_ASK_ANEW = "Run it again."


class Asking:
    """Takes questions. Threads may share it."""

    def __init__(
        self,
        executor: Executor,
        connections: Connections,
        users: Users,
        wakes: Wakes,
        *,
        inline_seconds: float = INLINE_SECONDS,
    ) -> None:
        self._executor = executor
        self._database = executor.holder.database
        self._clock = executor.holder.clock
        self._connections = connections
        self._users = users
        self._wakes = wakes
        self._inline_seconds = inline_seconds
        self._functions = DatabaseFunctions()

    def reach(self, actor: Actor, connection_id: UUID) -> Reached:
        """Return a connection for whoever may send it SQL, and what it is told of them.

        Raises `NotFound` and `Forbidden`, and `RequestInvalid` for a claim that no database could
        keep.
        """
        expression = self._users.identity_expression(user_of(actor))
        connection, found = self._connections.get_for_query(actor, connection_id, expression)
        if connection.identity != "user":
            return Reached(connection, identity_settings(None))
        facts = self._users.read_identity_facts(found)
        identity = identity_of(actor, facts.groups, facts.claims)
        settings = identity_settings(identity, known_claims=facts.known_claims)
        return Reached(connection, settings)

    def recheck(self, claimed: Claimed, connection: Connection, work: Work | None) -> None:
        """Raise what speaks against doing now what has waited for a while.

        That is what `reach` raises for who asked, `Forbidden` when they are gone or deactivated,
        and `Conflict` when the connection, or what the database is told of them, has changed.
        """
        actor = self._users.find_actor(claimed.user_id)
        if actor is None:
            raise Forbidden("Who asked this may not sign in any more.")
        reached = self.reach(actor, connection.id)
        if reached.connection.version != claimed.connection_version:
            raise Conflict("The connection was changed after this was asked.", hint=_ASK_ANEW)
        if work is not None and _told(work.settings) != _told(reached.settings):
            message = "What the database is told of you was changed after this was asked."
            raise Conflict(message, hint=_ASK_ANEW)

    def work(self, actor: Actor, reached: Reached, question: Question) -> Work:
        """Return what a question comes to for whoever asks it: their limits, their identity."""
        limits = reached.connection.limits_for(actor.role)
        asked = question.max_rows
        return Work(
            sql=question.sql,
            params=question.params,
            max_rows=limits.max_rows if asked is None else min(limits.max_rows, asked),
            timeout_seconds=limits.statement_timeout_seconds,
            time_zone=question.time_zone,
            settings=reached.settings,
        )

    def renewed(self, actor: Actor, reached: Reached, work: Work) -> Work:
        """Return earlier work as whoever asks now may do it: their identity, the lower limits."""
        limits = reached.connection.limits_for(actor.role)
        return replace(
            work,
            settings=reached.settings,
            max_rows=min(limits.max_rows, work.max_rows or limits.max_rows),
            timeout_seconds=min(
                limits.statement_timeout_seconds,
                work.timeout_seconds or limits.statement_timeout_seconds,
            ),
            notes=(),
            runs_once=False,
        )

    def start(self, actor: Actor, connection: Connection, work: Work, how: How) -> Asked:
        """Take a question; a query that is refused is a run that failed.

        Raises `RequestInvalid` for values that are none, `RateLimited` when too many of one's own
        wait already.
        """
        now = self._clock.now()
        new = NewExecution(
            id=new_id(),
            connection_id=connection.id,
            connection_version=connection.version,
            user_id=user_of(actor),
            work={},
            queued_at=now,
        )
        run = self._new_run(new, connection, work, how)
        try:
            prepared = work.prepare()
        except RequestInvalid:
            raise
        except (QueryError, UsageError) as error:
            return _OneAsking(self, actor, connection, work, how).refuse(new, run, error)
        if self.is_known_to_run_once(prepared, connection):
            work, new = replace(work, runs_once=True), replace(new, runs_once=True)
        else:
            new = replace(new, fingerprint=work.fingerprint(connection.id, connection.version))
        return _OneAsking(self, actor, connection, work, how).answer(new, run, prepared)

    def must_run_once(self, prepared: PreparedQuery, connection: Connection) -> bool:
        """Say whether a second run of a statement could do, or say, something else.

        What calls functions of which nothing is known yet counts as such.
        """
        return self._functions.runs_once(prepared.checked, _key_of(connection), None)

    def is_known_to_run_once(self, prepared: PreparedQuery, connection: Connection) -> bool:
        """Say whether that is known already; if not, `judge` finds out."""
        if self._functions.needs_session(prepared.checked, _key_of(connection)):
            return False
        return self.must_run_once(prepared, connection)

    def judge(self, prepared: PreparedQuery, connection: Connection) -> Judge | None:
        """Return what asks a database whether a statement must run once; None where that is known.

        It is asked once for each function, before the statement is begun.
        """
        statement, key = prepared.checked, _key_of(connection)
        if not self._functions.needs_session(statement, key):
            return None
        return lambda session: self._functions.runs_once(statement, key, session)

    def _new_run(self, new: NewExecution, connection: Connection, work: Work, how: How) -> NewRun:
        return NewRun(
            id=new_id(),
            execution_id=new.id,
            connection_id=connection.id,
            user_id=new.user_id,
            sql=work.sql,
            requested_at=new.queued_at,
            origin=how.origin,
            parent_id=how.parent_id,
            parameters=connection.recorded_values(work.params) or None,
            is_detached=how.is_detached,
        )


class _OneAsking:
    """One question, and what is needed to answer it."""

    def __init__(
        self, asking: Asking, actor: Actor, connection: Connection, work: Work, how: How
    ) -> None:
        self._to = asking
        self._actor = actor
        self._connection = connection
        self._work = work
        self._how = how

    def refuse(self, new: NewExecution, run: NewRun, error: HeliographError) -> Asked:
        """Write down a question that never reached the database."""
        told = error.to_dict()
        with self._to._database.transaction() as tx:
            executions_store.insert_failed(tx, new, told)
            runs_store.insert(tx, run)
            self._record(tx, run)
        row = row_of(run, "failed", new, finished_at=new.queued_at, error=told, duration_ms=0.0)
        return Asked(row)

    def answer(self, new: NewExecution, run: NewRun, prepared: PreparedQuery) -> Asked:
        """Answer from the cache or at once, or queue; whichever is possible first."""
        seconds = self._cache_seconds
        if seconds is not None and new.fingerprint is not None:
            kept = runs_store.find_cached(
                self._to._database,
                new.fingerprint,
                kept_until=new.queued_at + timedelta(minutes=1),
            )
            if kept is not None:
                if kept.finished_at > new.queued_at - timedelta(seconds=seconds):
                    return self._cached(new, run, kept)
                run = replace(run, stale_execution_id=kept.execution_id)
        if seconds and (shared := self._share(new, run)) is not None:
            return Asked(shared)
        is_at_once = self._how.wait > timedelta(0) and not new.runs_once
        task = self._begin(new, run, prepared) if is_at_once else None
        if task is not None:
            return self._run_inline(task, new, run)
        return Asked(self._enqueue(self._for_queue(new, prepared), run))

    def _for_queue(self, new: NewExecution, prepared: PreparedQuery) -> NewExecution:
        """Return work for the queue; what nobody knows of is done with care there."""
        work = self._work
        if not new.runs_once and self._to.must_run_once(prepared, self._connection):
            work = replace(work, runs_once=True)
            new = replace(new, runs_once=True, fingerprint=None)
        return replace(new, work=work.to_json())

    @property
    def _cache_seconds(self) -> int | None:
        """How old an answer may be; None where answers are not cached at all."""
        asked, usual = self._how.cache_seconds, self._connection.cache_seconds
        if asked is None:
            return usual or None
        return asked if asked or usual else None

    def _cached(self, new: NewExecution, run: NewRun, kept: KeptResult) -> Asked:
        run = replace(run, execution_id=kept.execution_id, cached_at=kept.finished_at)
        keep_until = new.queued_at + RESULT_KEPT
        with self._to._database.transaction() as tx:
            runs_store.insert(tx, run)
            self._record(tx, run)
        if kept.result_expires_at < keep_until - RESULT_KEPT / 2:
            runs_store.keep_longer(self._to._database, kept.execution_id, keep_until, new.queued_at)
        return Asked(row_of(run, "succeeded", new, **kept_fields(kept)))

    def _share(self, new: NewExecution, run: NewRun) -> RunRow | None:
        """Wait for an equal question that is being answered, where its answer is new enough."""
        with self._to._database.transaction() as tx:
            joined = self._join(tx, new)
            if joined is None:
                return None
            run = replace(run, execution_id=joined)
            runs_store.insert(tx, run)
            self._record(tx, run)
        return row_of(run, "queued", new)

    def _begin(self, new: NewExecution, run: NewRun, prepared: PreparedQuery) -> Task | None:
        executor, connection = self._to._executor, self._connection
        seconds = (self._work.timeout_seconds or 0) + RUN_GRACE_SECONDS
        lease = executor.holder.lease(seconds)
        slot = turns_store.begin(
            self._to._database,
            new,
            run,
            replace(lease, now=new.queued_at),
            most=connection.max_concurrency,
            most_ms=self._inline_seconds * 1000,
            event=self._event(run),
        )
        if slot is None:
            return None
        work, kept = self._work, self._kept
        judge = self._to.judge(prepared, connection)
        return Task(new.id, connection, work, slot, seconds, prepared, kept, judge)

    @property
    def _inline_seconds(self) -> float:
        return min(self._to._inline_seconds, self._how.wait.total_seconds())

    @property
    def _kept(self) -> timedelta:
        """How long the result is kept: as long as it may be taken from the cache, at least."""
        return max(RESULT_KEPT, timedelta(seconds=self._cache_seconds or 0))

    def _run_inline(self, task: Task, new: NewExecution, run: NewRun) -> Asked:
        executor, wakes = self._to._executor, self._to._wakes
        try:
            outcome = executor.run(task, inline_seconds=self._inline_seconds)
        except NotInline as late:
            return self._leave(task, new, run, late)
        if outcome is None:
            return Asked(row_of(run, "lost", new))
        if outcome.has_waiting:
            wakes.send(Wake(task.connection.id))
        return Asked(row_of(run, outcome.state, new, **outcome_fields(outcome)), outcome)

    def _leave(self, task: Task, new: NewExecution, run: NewRun, why: NotInline) -> Asked:
        """Leave to a worker what does not end, or must not be begun, in a request."""
        executor = self._to._executor
        executor.holder.attention.ask()
        if not executor.give_up(task, why):
            return Asked(row_of(run, "lost", new))
        self._to._wakes.send(Wake(task.connection.id))
        return Asked(row_of(run, "queued", new, preview=why.preview))

    def _enqueue(self, new: NewExecution, run: NewRun) -> RunRow:
        connection_id = new.connection_id
        self._to._executor.holder.attention.ask()
        with self._to._database.transaction() as tx:
            joined = self._join(tx, new)
            if joined is None:
                waiting = turns_store.count_waiting(tx, connection_id, new.user_id)
                if waiting >= MOST_WAITING:
                    raise RateLimited(
                        f"{waiting} of your queries wait for this connection already.",
                        retry_after=5,
                        hint="Wait for some of them, or cancel them.",
                    )
                executions_store.insert_queued(tx, new)
            else:
                run = replace(run, execution_id=joined)
            runs_store.insert(tx, run)
            self._record(tx, run)
        if joined is None:
            self._to._wakes.send(Wake(connection_id))
        return row_of(run, "queued", new)

    def _join(self, tx: Transaction, new: NewExecution) -> UUID | None:
        """Return the execution of an equal question that one may wait for as well."""
        if new.fingerprint is None:
            return None
        since = new.queued_at - timedelta(seconds=self._cache_seconds or 0)
        return runs_store.lock_shared(tx, new.fingerprint, started_since=since)

    def _record(self, tx: Transaction, run: NewRun) -> None:
        if (event := self._event(run)) is not None:
            tx.execute(RECORD, event)

    def _event(self, run: NewRun) -> dict[str, Any] | None:
        """Return what is recorded of a question; what follows from one is not."""
        if run.origin is not Origin.QUERY:
            return None
        sql = run.sql
        if len(sql) > _MOST_RECORDED_SQL:
            sql = f"{sql[:_MOST_RECORDED_SQL]} ... ({len(run.sql)} characters)"
        return event_values(
            self._actor,
            "query.asked",
            at=run.requested_at,
            object_type="connection",
            object_id=self._connection.id,
            object_name=self._connection.name,
            after={"run_id": run.id, "sql": sql, "cached_at": run.cached_at},
        )


def _told(settings: Mapping[str, str]) -> dict[str, str]:
    """Return what is not empty: a claim that somebody lacks says as much as none."""
    return {name: value for name, value in settings.items() if value}


def _key_of(connection: Connection) -> tuple[UUID, int]:
    return (connection.id, connection.version)
