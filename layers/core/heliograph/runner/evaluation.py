"""One evaluation: ask, judge, move the states on, and say who is to be told what."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from heliograph.alerts.models import AlertState, Outcome, OutcomeKind, QueryResult, Transition
from heliograph.alerts.outcomes import failed_outcome
from heliograph.alerts.states import advance
from heliograph.connections.engines.contract import Row, RunOptions, ValueKind
from heliograph.kernel.errors import HeliographError
from heliograph.notifications.deliveries import delivery_id
from heliograph.notifications.models import Notice
from heliograph.runner.file import Alert, AlertFile
from heliograph.runner.sessions import SessionPool
from heliograph.runner.stores.contract import AlertMemory, Delivery, EvaluationRecord, KeyRecord

MAX_ROWS = 10_000
"""Rows that a rule looks at; where there are more, rules that need all of them say so."""

MAX_COUNTED_ROWS = 1_000_000
"""Rows that are counted; more are told as a result that was cut."""

NOTICE_ROWS = 1_000
"""Rows that a message may draw on, as long as they are short."""

_NOTICE_CHARACTERS = 200_000
_NUMERIC = (ValueKind.INTEGER, ValueKind.BIGINT, ValueKind.NUMERIC, ValueKind.FLOAT)
_NOT_JUDGED = (
    OutcomeKind.QUERY_ERROR,
    OutcomeKind.TIMEOUT,
    OutcomeKind.UNREACHABLE,
    OutcomeKind.WRONG_TYPE,
)
_EMPTY = QueryResult(columns=(), is_numeric=(), rows=(), row_count=0)


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What one evaluation came to; nothing of it is written yet."""

    record: EvaluationRecord
    states: Mapping[str, AlertState]
    deliveries: Sequence[Delivery]

    @property
    def has_failed(self) -> bool:
        """True where the query could not be run, or its answer not be judged."""
        return any(key.outcome.kind in _NOT_JUDGED for key in self.record.keys)


@dataclass(frozen=True, slots=True)
class Moment:
    """When an evaluation was due, and when it takes place."""

    due_at: datetime
    now: datetime


def evaluate(
    file: AlertFile, alert: Alert, memory: AlertMemory, sessions: SessionPool, moment: Moment
) -> Evaluated:
    """Evaluate one alert. A failing query is an outcome, never an exception."""
    started = time.monotonic()
    result = _EMPTY
    try:
        result = ask(file, alert, sessions)
        outcomes = alert.settings.rule.judge(result, memory.states)
    except HeliographError as error:
        outcomes = [failed_outcome(error)]
    duration_ms = (time.monotonic() - started) * 1000
    return _conclude(_Judged(alert, memory, result, outcomes, moment), duration_ms)


def ask(file: AlertFile, alert: Alert, sessions: SessionPool) -> QueryResult:
    """Run the alert's statement and return its first rows. Raises what the engine raises."""
    name = alert.settings.connection
    options = RunOptions(
        timeout=file.connections[name].statement_timeout,
        max_rows=MAX_COUNTED_ROWS,
        time_zone=file.session_time_zone,
    )
    rows: list[Row] = []
    with (
        sessions.borrow(name) as session,
        alert.query.located(),
        session.run(alert.query.statement, options) as stream,
    ):
        for batch in stream.batches():
            rows += batch[: MAX_ROWS - len(rows)]
        return QueryResult(
            columns=[column.name for column in stream.columns],
            is_numeric=[column.kind in _NUMERIC for column in stream.columns],
            rows=rows,
            row_count=stream.row_count,
            is_cut=stream.truncated,
        )


@dataclass(frozen=True, slots=True)
class _Judged:
    alert: Alert
    memory: AlertMemory
    result: QueryResult
    outcomes: Sequence[Outcome]
    moment: Moment


def _conclude(judged: _Judged, duration_ms: float) -> Evaluated:
    memory, moment = judged.memory, judged.moment
    is_muted = memory.muted_until is not None and moment.now < memory.muted_until
    states = dict(memory.states)
    records: list[KeyRecord] = []
    deliveries: list[Delivery] = []
    for outcome in judged.outcomes:
        before = states.get(outcome.key, AlertState())
        # By due times, which do not waver: a reminder after 1 h comes with the hourly evaluation.
        step = advance(
            judged.alert.settings.policy, before, outcome, moment.due_at, is_muted=is_muted
        )
        if step.is_forgettable:
            states.pop(outcome.key, None)
        else:
            states[outcome.key] = step.state
        told = _deliveries(judged, outcome, before, step)
        deliveries += told
        records.append(_record(outcome, before, step, told))
    return Evaluated(
        record=EvaluationRecord(
            alert=judged.alert.name,
            due_at=moment.due_at,
            evaluated_at=moment.now,
            duration_ms=round(duration_ms, 1),
            keys=records,
        ),
        states=states,
        deliveries=deliveries,
    )


def _record(
    outcome: Outcome, before: AlertState, step: Transition, told: Sequence[Delivery]
) -> KeyRecord:
    return KeyRecord(
        outcome=outcome,
        state_before=before.kind.value,
        state_after=step.state.kind.value,
        notice=step.notice.value if step.notice else None,
        reason=step.reason,
        delivery_ids=[delivery.id for delivery in told],
    )


def _deliveries(
    judged: _Judged, outcome: Outcome, before: AlertState, step: Transition
) -> list[Delivery]:
    if step.notice is None:
        return []
    settings, moment = judged.alert.settings, judged.moment
    return [
        Delivery(
            id=(name := delivery_id(
                settings.name, outcome.key, moment.due_at, channel, step.notice.value
            )),
            channel=channel,
            notice=_notice(name, judged, outcome, before, step),
            next_attempt_at=moment.now,
        )
        for channel in settings.notify
    ]  # fmt: skip


def _notice(
    name: str, judged: _Judged, outcome: Outcome, before: AlertState, step: Transition
) -> Notice:
    assert step.notice is not None
    settings, result = judged.alert.settings, judged.result
    rows = result.rows
    if outcome.row_indexes and settings.rule.key:
        rows = [rows[index] for index in outcome.row_indexes]
    count = len(rows) if settings.rule.key else result.row_count
    return Notice(
        delivery_id=name,
        type=step.notice.value,
        alert=settings.name,
        key=outcome.key,
        state=step.state.kind.value,
        previous_state=before.kind.value,
        outcome=outcome.kind.value,
        reason=step.reason or outcome.reason,
        at=judged.moment.now,
        value=number_text(outcome.value),
        threshold=number_text(outcome.threshold),
        row_count=count,
        columns=result.columns,
        rows=_first_rows(rows),
        is_cut=result.is_cut,
        query_name=settings.name,
        link=settings.link,
        repeat=step.state.repeat,
        since=step.state.since if step.state.kind is before.kind else before.since,
    )


def _first_rows(rows: Sequence[Sequence[str | None]]) -> list[Sequence[str | None]]:
    """Return as many rows as a delivery may carry; one at least, however long."""
    kept: list[Sequence[str | None]] = []
    characters = 0
    for row in rows[:NOTICE_ROWS]:
        characters += sum(len(cell) for cell in row if cell is not None)
        if kept and characters > _NOTICE_CHARACTERS:
            break
        kept.append(row)
    return kept


def number_text(value: Decimal | None) -> str | None:
    """Return a number in plain digits, with the scale that it has."""
    return None if value is None else format(value, "f")
