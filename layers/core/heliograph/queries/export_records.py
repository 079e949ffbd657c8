"""What is written down of an export when it begins, is linked, and ends: rows, and the record."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from heliograph.audit.service import record
from heliograph.kernel.actors import Actor
from heliograph.kernel.errors import RateLimited
from heliograph.kernel.ids import new_id
from heliograph.queries import exports_store, runs_store
from heliograph.queries.export_work import ExportWork
from heliograph.queries.exports_store import ExportRow, NewKeptExport
from heliograph.queries.runs_store import NewRun, Origin, RunRow

if TYPE_CHECKING:
    from heliograph.connections.models import Connection
    from heliograph.platform.database import Transaction

MOST_UNDER_WAY = 5
"""How many exports of one person may wait or run at once."""

_RETRY_SECONDS = 10


def require_room(tx: Transaction, user_id: UUID) -> None:
    """Raise `RateLimited` when a person has `MOST_UNDER_WAY`; others of theirs wait until then."""
    under_way = exports_store.count_under_way(tx, user_id)
    if under_way >= MOST_UNDER_WAY:
        raise RateLimited(
            f"{under_way} of your exports are under way already.",
            retry_after=_RETRY_SECONDS,
            hint="Wait for one of them, or cancel it.",
        )


def run_of_kept(source: RunRow, new: NewKeptExport) -> NewRun:
    """Return the run of an export of the rows that another run kept."""
    return NewRun(
        id=new_id(),
        execution_id=new.id,
        connection_id=source.connection_id,
        user_id=new.user_id,
        sql=source.sql,
        requested_at=new.queued_at,
        origin=Origin.EXPORT,
        parent_id=source.id,
        parameters=source.parameters,
        is_detached=True,
    )


def write_down(
    tx: Transaction, actor: Actor, run: NewRun, work: ExportWork, connection: Connection | None
) -> None:
    """Write down that somebody has asked for an export."""
    runs_store.insert(tx, run)
    exports_store.insert(
        tx, run.id, work.file_format, work.title, guard_formulas=work.guard_formulas
    )
    record(
        tx,
        actor,
        "export.created",
        at=run.requested_at,
        object_type=None if connection is None else "connection",
        object_id=None if connection is None else connection.id,
        object_name=None if connection is None else connection.name,
        after={
            "export_id": run.id,
            "format": work.file_format.value,
            "rows": "kept" if work.query is None else "sql",
            "query_id": run.parent_id,
        },
    )


def record_link(tx: Transaction, actor: Actor, export: ExportRow, at: datetime) -> None:
    """Record that somebody was given a link to the file of an export."""
    _record(tx, actor, "export.linked", export, at)


def record_cancel(tx: Transaction, actor: Actor, export: ExportRow, at: datetime) -> None:
    """Record that somebody has cancelled an export."""
    _record(tx, actor, "export.canceled", export, at)


def record_removal(tx: Transaction, actor: Actor, export: ExportRow, at: datetime) -> None:
    """Record that somebody has removed the file of an export."""
    _record(tx, actor, "export.deleted", export, at)


def _record(tx: Transaction, actor: Actor, action: str, export: ExportRow, at: datetime) -> None:
    connection_id = export.connection_id
    record(
        tx,
        actor,
        action,
        at=at,
        object_type=None if connection_id is None else "connection",
        object_id=connection_id,
        object_name=export.connection_name,
        after={"export_id": export.id, "format": export.format, "user_id": export.user_id},
    )
