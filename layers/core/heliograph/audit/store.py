"""The SQL of the audit record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from typing import TYPE_CHECKING, Any, LiteralString

from heliograph.audit.changes import clean_text
from heliograph.audit.models import AuditEvent, AuditFilter

if TYPE_CHECKING:
    from heliograph.platform.database import Database, Transaction

EXPORTED_COLUMNS = (
    "id",
    "at",
    "actor_kind",
    "actor_id",
    "actor_email",
    "action",
    "object_type",
    "object_id",
    "object_name",
    "before",
    "after",
    "address",
    "user_agent",
    "request_id",
)
_ROWS_AT_ONCE = 500

_LIST: LiteralString = """
    SELECT id, at, actor_kind, actor_id, actor_email, action, object_type, object_id, object_name,
           before, after, address, user_agent, request_id
    FROM audit_events
"""
_EXPORT: LiteralString = """
    SELECT id, at AT TIME ZONE 'UTC', actor_kind, actor_id, actor_email, action, object_type,
           object_id, object_name, before::text, after::text, address, user_agent, request_id
    FROM audit_events
"""
_COUNT: LiteralString = "SELECT count(*) AS n FROM (SELECT 1 FROM audit_events"


INSERT: LiteralString = """
    INSERT INTO audit_events (
        id, at, actor_kind, actor_id, actor_email, action, object_type, object_id, object_name,
        before, after, address, user_agent, request_id
    )
    SELECT %(event_id)s, %(event_at)s, %(event_actor_kind)s, %(event_actor_id)s,
        %(event_actor_email)s, %(event_action)s, %(event_object_type)s, %(event_object_id)s,
        %(event_object_name)s, %(event_before)s::jsonb, %(event_after)s::jsonb,
        %(event_address)s, %(event_user_agent)s, %(event_request_id)s
"""


def insert(tx: Transaction, event: Mapping[str, Any]) -> None:
    """Write one event, whose members are those of `INSERT`."""
    tx.execute(INSERT, event)


def list_events(
    database: Database, wanted: AuditFilter, last: Sequence[object] | None, limit: int
) -> list[AuditEvent]:
    """Return up to ``limit`` events, newest first, that follow the sort key ``last``."""
    statement, values = list_statement(wanted, last, limit)
    return [
        AuditEvent(**{**row, "at": row["at"].astimezone(UTC)})
        for row in database.fetch(statement, values)
    ]


def list_statement(
    wanted: AuditFilter, last: Sequence[object] | None, limit: int
) -> tuple[LiteralString, list[Any]]:
    """Return the statement that lists events, and its values."""
    clauses, values = _conditions(wanted)
    if last is not None:
        clauses.append("(at, id) < (%s, %s)")
        values += last
    return f"{_LIST}{_where(clauses)} ORDER BY at DESC, id DESC LIMIT %s", [*values, limit]


def count_up_to(tx: Transaction, wanted: AuditFilter, most: int) -> int:
    """Return how many events fit, counting no further than ``most``."""
    clauses, values = _conditions(wanted)
    statement: LiteralString = f"{_COUNT}{_where(clauses)} LIMIT %s) found"
    row = tx.execute(statement, [*values, most]).fetchone()
    return int(row["n"]) if row else 0


def read_events(
    tx: Transaction, wanted: AuditFilter, most: int
) -> Iterator[Sequence[tuple[Any, ...]]]:
    """Yield up to ``most`` events, oldest first, in batches, from a portal of the server.

    Each is a tuple in the order of `EXPORTED_COLUMNS`: ``at`` is UTC without saying so, ``before``
    and ``after`` are JSON text.
    """
    from psycopg.rows import tuple_row  # noqa: PLC0415

    clauses, values = _conditions(wanted)
    with tx.cursor("audit_export", row_factory=tuple_row) as cursor:
        cursor.execute(f"{_EXPORT}{_where(clauses)} ORDER BY at, id LIMIT %s", [*values, most])
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            yield rows


def _conditions(wanted: AuditFilter) -> tuple[list[LiteralString], list[Any]]:
    named: list[tuple[LiteralString, Any]] = [
        ("actor_id = %s", wanted.actor_id),
        ("object_type = %s", wanted.object_type),
        ("object_id = %s", wanted.object_id),
        ("at >= %s", wanted.since),
        ("at < %s", wanted.until),
    ]
    if wanted.action is not None:
        is_whole = "." in wanted.action
        named.append(("action = %s" if is_whole else "noun = %s", wanted.action))
    given = [(clause, value) for clause, value in named if value is not None]
    clauses: list[LiteralString] = [clause for clause, _ in given]
    values = [clean_text(value) if isinstance(value, str) else value for _, value in given]
    if wanted.search:
        clauses.append("(object_name ILIKE %s OR actor_email ILIKE %s)")
        values += [_anywhere(wanted.search)] * 2
    return clauses, values


def _where(clauses: Sequence[LiteralString]) -> LiteralString:
    return " WHERE " + " AND ".join(clauses) if clauses else ""


def _anywhere(text: str) -> str:
    for special in ("\\", "%", "_"):
        text = text.replace(special, f"\\{special}")
    return f"%{clean_text(text)}%"
