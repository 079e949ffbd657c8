"""SQL of the history: what people asked, the latest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from heliograph.queries.runs_store import COLUMNS, FROM, STATE_OF, RunRow

if TYPE_CHECKING:
    from heliograph.platform.database import Database


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run in the history: a `RunRow` and the names of who asked and what was asked."""

    run: RunRow
    user_email: str | None
    connection_name: str | None


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """Which runs: those that fit everything that is given."""

    user_id: UUID | None = None
    connection_id: UUID | None = None
    state: str | None = None
    search: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def list_history(
    database: Database, wanted: HistoryFilter, after: tuple[object, ...] | None, limit: int
) -> list[PastRun]:
    """Return runs that people asked for, the latest first, without their rows."""
    conditions, values = ["run.origin = 'query'"], list[object]()
    for condition, value in (
        ("run.user_id = %s", wanted.user_id),
        ("run.connection_id = %s", wanted.connection_id),
        ("strpos(lower(run.sql), lower(%s)) > 0", wanted.search),
        ("run.requested_at >= %s", wanted.since),
        ("run.requested_at < %s", wanted.until),
        (f"{STATE_OF} = %s", wanted.state),
    ):
        if value is not None:
            conditions.append(condition)
            values.append(value)
    if after is not None:
        conditions.append("(run.requested_at, run.id) < (%s, %s)")
        values += after
    rows = database.fetch(
        f"""
        SELECT {COLUMNS}, users.email AS user_email, connections.name AS connection_name
        FROM {FROM}
        LEFT JOIN users ON users.id = run.user_id
        LEFT JOIN connections ON connections.id = run.connection_id
        WHERE {" AND ".join(conditions)}
        ORDER BY run.requested_at DESC, run.id DESC
        LIMIT %s
        """,  # noqa: S608  # conditions of ours, values bound
        [*values, limit],
    )
    return [_past(row) for row in rows]


def _past(row: dict[str, Any]) -> PastRun:
    email, name = row.pop("user_email"), row.pop("connection_name")
    return PastRun(RunRow(**row), email, name)
