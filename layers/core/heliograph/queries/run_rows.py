"""Runs as rows, made in memory of what was just written down, so that nobody reads it again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from heliograph.kernel.actors import Actor
from heliograph.kernel.errors import NotFound
from heliograph.queries.executions_store import NewExecution
from heliograph.queries.executor import Outcome
from heliograph.queries.runs_store import KeptResult, NewRun, RunRow


def user_of(actor: Actor) -> UUID:
    """Return the id of the person who asks. Raises `NotFound`: only people ask queries."""
    if actor.user_id is None:
        raise NotFound("Only people ask queries.")
    return actor.user_id


def kept_fields(kept: KeptResult) -> dict[str, Any]:
    """Return the members of a `RunRow` that an answer kept from before has."""
    return {
        "finished_at": kept.finished_at,
        "row_count": kept.row_count,
        "truncated_reason": kept.truncated_reason,
        "notes": kept.notes,
        "result": kept.result,
        "result_expires_at": kept.result_expires_at,
    }


def outcome_fields(outcome: Outcome) -> dict[str, Any]:
    """Return the members of a `RunRow` that an outcome has."""
    stored = outcome.stored
    return {
        "finished_at": outcome.finished_at,
        "row_count": None if stored is None else stored.row_count,
        "truncated_reason": outcome.truncated_reason,
        "notes": list(outcome.notes) or None,
        "error": outcome.error,
        "duration_ms": outcome.duration_ms,
        "result": outcome.result,
        "result_expires_at": outcome.result_expires_at,
    }


def row_of(run: NewRun, state: str, new: NewExecution, **known: Any) -> RunRow:
    """Return a run that was just written down, as it would be read."""
    return RunRow(
        id=run.id,
        execution_id=run.execution_id,
        connection_id=run.connection_id,
        connection_version=new.connection_version,
        user_id=run.user_id,
        origin=run.origin,
        parent_id=run.parent_id,
        sql=run.sql,
        parameters=run.parameters,
        is_detached=run.is_detached,
        requested_at=run.requested_at,
        cached_at=run.cached_at,
        stale_execution_id=run.stale_execution_id,
        runs_once=new.runs_once,
        state=state,
        **known,
    )
