"""SQL of connections."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from heliograph.connections.models import STATED_FIELDS, Connection

if TYPE_CHECKING:
    from heliograph.platform.database import Database, Transaction

_MARKS = ("version", "created_at", "created_by", "updated_at", "updated_by")
_COLUMNS = f"id, {', '.join(STATED_FIELDS)}, history_salt, {', '.join(_MARKS)}"
_SHOWN = f"{_COLUMNS}, password IS NOT NULL AS has_password"
Condition = tuple[str, Sequence[Any]]


def insert(tx: Transaction, values: Mapping[str, Any]) -> None:
    """Insert a connection. Breaks ``connections_folded_name_key`` when its name is taken."""
    places = ", ".join(["%s"] * len(values))
    tx.execute(
        f"INSERT INTO connections ({', '.join(values)}) VALUES ({places})",  # noqa: S608
        [_to_sql(value) for value in values.values()],
    )


def select(tx: Transaction, connection_id: UUID, can_edit: Condition) -> Connection | None:
    """Return a connection, or None. ``can_edit`` is the condition that says who may edit."""
    condition, values = can_edit
    row = tx.execute(
        f"SELECT {_SHOWN}, {condition} AS can_edit FROM connections WHERE id = %s",  # noqa: S608
        [*values, connection_id],
    ).fetchone()
    return None if row is None else Connection.model_construct(**row)


def select_visible(
    database: Database,
    connection_id: UUID,
    visible: Condition,
    can_edit: Condition,
    beside: Condition = ("NULL", ()),
) -> tuple[Connection, Any] | None:
    """Return a connection that is visible, and the value of an expression ``beside`` it.

    The expression is looked at where the connection tells the database who asks.
    """
    rows = database.fetch(
        f"SELECT {_SHOWN}, {can_edit[0]} AS can_edit,"  # noqa: S608
        f" CASE WHEN identity = 'user' THEN {beside[0]} END AS beside FROM connections"
        f" WHERE id = %s AND {visible[0]}",
        [*can_edit[1], *beside[1], connection_id, *visible[1]],
    )
    if not rows:
        return None
    found = rows[0].pop("beside")
    return Connection.model_construct(**rows[0]), found


def select_password(
    database: Database, connection_id: UUID, version: int
) -> tuple[bool, bytes | None]:
    """Return whether a connection still has this version, and its encrypted password or None."""
    rows = database.fetch(
        "SELECT password FROM connections WHERE id = %s AND version = %s",
        [connection_id, version],
    )
    return bool(rows), rows[0]["password"] if rows else None


def select_page(
    tx: Transaction,
    visible: Condition,
    can_edit: Condition,
    after: tuple[object, ...] | None,
    limit: int,
) -> list[Connection]:
    """Return the visible connections by name, after the one whose folded name and id are given."""
    place = "" if after is None else "AND (folded_name, id) > (%s, %s)"
    rows = tx.execute(
        f"""
        SELECT {_SHOWN}, {can_edit[0]} AS can_edit
        FROM connections WHERE {visible[0]} {place}
        ORDER BY folded_name, id LIMIT %s
        """,  # noqa: S608
        [*can_edit[1], *visible[1], *(after or ()), limit],
    )
    return [Connection.model_construct(**row) for row in rows]


def update(tx: Transaction, connection_id: UUID, version: int, values: Mapping[str, Any]) -> bool:
    """Change a connection that still has this version, and count it up; False when it has not."""
    changes = ", ".join(f"{name} = %s" for name in values)
    done = tx.execute(
        f"""
        UPDATE connections SET {changes}, version = version + 1
        WHERE id = %s AND version = %s
        """,  # noqa: S608
        [*map(_to_sql, values.values()), connection_id, version],
    )
    return done.rowcount == 1


def delete(tx: Transaction, connection_id: UUID) -> bool:
    """Delete a connection with its snapshot; say whether it was there."""
    return tx.execute("DELETE FROM connections WHERE id = %s", [connection_id]).rowcount == 1


def delete_passwords(tx: Transaction, now: datetime) -> list[dict[str, Any]]:
    """Delete every stored password; return the id and name of the connections that had one."""
    return tx.execute(
        """
        UPDATE connections SET password = NULL, version = version + 1, updated_at = %s,
            updated_by = NULL
        WHERE password IS NOT NULL
        RETURNING id, name
        """,
        [now],
    ).fetchall()


def select_sealed(database: Database) -> list[dict[str, Any]]:
    """Return the connections that have a password: id, name, password, what it is bound to."""
    return database.fetch(
        "SELECT id, name, host, port, username, password FROM connections"
        " WHERE password IS NOT NULL ORDER BY folded_name, id"
    )


def replace_password(database: Database, connection_id: UUID, old: bytes, new: bytes) -> bool:
    """Put another encryption of the same password in place of one; say whether that was there.

    The connection stays the same: its version counts what people change.
    """
    with database.transaction() as tx:
        done = tx.execute(
            "UPDATE connections SET password = %s WHERE id = %s AND password = %s",
            [new, connection_id, old],
        )
    return done.rowcount == 1


def _to_sql(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, Mapping) else value
