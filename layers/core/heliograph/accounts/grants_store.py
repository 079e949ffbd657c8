"""SQL of grants. Names of tables and columns come from the registry of object types alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from heliograph.accounts.object_types import ObjectType
from heliograph.accounts.permissions import Grant, Grantee, GranteeType, Level, ObjectRef

if TYPE_CHECKING:
    from heliograph.platform.database import Transaction

_COLUMNS = """
    grants.id, grants.object_type, grants.object_id, grants.user_id, grants.group_id, grants.level,
    grants.created_at, users.name AS user_name, groups.name AS group_name
"""
_JOINS = """
    LEFT JOIN users ON users.id = grants.user_id
    LEFT JOIN groups ON groups.id = grants.group_id
"""


def read_chain(
    tx: Transaction, types: Mapping[str, ObjectType], ref: ObjectRef
) -> list[tuple[ObjectRef, str]]:
    """Return the object and what it lies in, nearest first, with their names; [] when unknown."""
    from psycopg import sql  # noqa: PLC0415

    chain: list[tuple[ObjectRef, str]] = []
    next_ref: ObjectRef | None = ref
    seen: set[ObjectRef] = set()
    while next_ref is not None and next_ref not in seen:  # folders in a ring end it
        seen.add(next_ref)
        kind = types[next_ref.type]
        parent = sql.SQL("NULL::uuid")
        if kind.parent_column is not None:
            parent = sql.Identifier(kind.parent_column)  # type: ignore[assignment]
        statement = sql.SQL("SELECT name, {} AS parent_id FROM {} WHERE id = %s")
        row = tx.execute(
            statement.format(parent, sql.Identifier(kind.table)), [next_ref.id]
        ).fetchone()
        if row is None:
            break
        chain.append((next_ref, row["name"]))
        parent_id = row["parent_id"]
        next_ref = (
            ObjectRef(kind.parent_type, parent_id) if parent_id and kind.parent_type else None
        )
    return chain


def select_on(
    tx: Transaction,
    refs: Sequence[ObjectRef],
    *,
    after: UUID | None = None,
    limit: int | None = None,
) -> list[Grant]:
    """Return the grants on any of the objects, oldest first, after the one with id ``after``."""
    rows = tx.execute(
        f"""
        SELECT {_COLUMNS}
        FROM unnest(%s::text[], %s::uuid[]) AS wanted (object_type, object_id)
        JOIN grants USING (object_type, object_id)
        {_JOINS}
        WHERE %s::uuid IS NULL OR grants.id > %s
        ORDER BY grants.id
        LIMIT %s
        """,  # noqa: S608
        [[ref.type for ref in refs], [ref.id for ref in refs], after, after, limit],
    )
    return [_grant(row) for row in rows]


def select_one(tx: Transaction, grant_id: UUID) -> Grant | None:
    """Return the grant with this id, or None."""
    row = tx.execute(
        f"SELECT {_COLUMNS} FROM grants {_JOINS} WHERE grants.id = %s",  # noqa: S608
        [grant_id],
    ).fetchone()
    return None if row is None else _grant(row)


def lock_held(tx: Transaction, ref: ObjectRef, grantee: Grantee) -> Grant | None:
    """Return what the grantee holds on the object itself, its row locked; None for nothing."""
    row = tx.execute(
        f"""
        SELECT {_COLUMNS} FROM grants {_JOINS}
        WHERE grants.object_type = %s AND grants.object_id = %s
            AND grants.user_id IS NOT DISTINCT FROM %s
            AND grants.group_id IS NOT DISTINCT FROM %s
        FOR UPDATE OF grants
        """,  # noqa: S608
        [ref.type, ref.id, *_grantee_ids(grantee)],
    ).fetchone()
    return None if row is None else _grant(row)


def find_grantee_name(tx: Transaction, kind: GranteeType, grantee_id: UUID) -> str | None:
    """Return the name of an active user or of a group; None when there is none."""
    if kind is GranteeType.USER:
        statement = "SELECT name FROM users WHERE id = %s AND deactivated_at IS NULL"
        row = tx.execute(statement, [grantee_id]).fetchone()
    else:
        # Locked, so that a group that is being deleted is not granted anything.
        statement = "SELECT name FROM groups WHERE id = %s FOR KEY SHARE"
        row = tx.execute(statement, [grantee_id]).fetchone()
    return None if row is None else str(row["name"])


def upsert(tx: Transaction, grant: Grant, *, created_by: UUID | None, created_at: datetime) -> UUID:
    """Write the grant, over the one that the grantee had on the object; return its id."""
    row = tx.execute(
        """
        INSERT INTO grants
            (id, object_type, object_id, user_id, group_id, level, created_by, created_at)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
        ON CONFLICT (
            object_type, object_id,
            (COALESCE(user_id, group_id, '00000000-0000-0000-0000-000000000000'::uuid))
        )
        DO UPDATE SET level = excluded.level
        RETURNING id
        """,
        [
            grant.id,
            grant.object.type,
            grant.object.id,
            *_grantee_ids(grant.grantee),
            grant.level.value,
            created_by,
            created_at,
        ],
    ).fetchone()
    assert row is not None
    found: UUID = row["id"]
    return found


def delete_one(tx: Transaction, grant_id: UUID) -> bool:
    """Delete a grant; say whether it was there."""
    return tx.execute("DELETE FROM grants WHERE id = %s", [grant_id]).rowcount == 1


def delete_on(tx: Transaction, ref: ObjectRef) -> int:
    """Delete all grants on an object; return how many there were."""
    statement = "DELETE FROM grants WHERE object_type = %s AND object_id = %s"
    return tx.execute(statement, [ref.type, ref.id]).rowcount


def select_actor(tx: Transaction, user_id: UUID) -> dict[str, Any] | None:
    """Return what decides about a person: name, email, role, deactivated_at, group_ids."""
    return tx.execute(
        """
        SELECT id, name, email, role, deactivated_at,
            ARRAY(SELECT group_id FROM group_members WHERE user_id = users.id) AS group_ids
        FROM users WHERE id = %s
        """,
        [user_id],
    ).fetchone()


def visible_condition(
    types: Mapping[str, ObjectType], object_type: str, column: str, *, only_edit: bool
) -> str:
    """Return a condition on ``column``: that it is the id of an object on which something is held.

    It takes the values of `visible_values`. Rights on what an object lies in count.
    """
    from psycopg import sql  # noqa: PLC0415

    level = "AND level = 'edit'" if only_edit else ""
    held = f"""
        SELECT object_type, object_id FROM grants
        WHERE (user_id = %s OR group_id = ANY(%s) OR (user_id IS NULL AND group_id IS NULL)) {level}
    """  # noqa: S608
    own = "SELECT object_id FROM held WHERE object_type = "
    parts, ctes, seen = [], [f"held AS ({held})"], object_type
    kind = types[seen]
    parts.append(f"{own}{_literal(seen)}")
    if kind.parent_type is not None and kind.parent_column is not None:
        outer = types[kind.parent_type]
        outer_table = sql.Identifier(outer.table).as_string(None)
        rooms = f"{own}{_literal(kind.parent_type)}"
        if outer.parent_column is not None:
            inner = sql.Identifier(outer.parent_column).as_string(None)
            rooms += f" UNION SELECT o.id FROM {outer_table} o JOIN rooms ON o.{inner} = rooms.id"  # noqa: S608
        ctes.append(f"rooms (id) AS ({rooms})")
        table = sql.Identifier(kind.table).as_string(None)
        inside = sql.Identifier(kind.parent_column).as_string(None)
        parts.append(f"SELECT t.id FROM {table} t JOIN rooms ON t.{inside} = rooms.id")  # noqa: S608
    # RECURSIVE stands for all of them; only those that name themselves recur.
    return f"{column} IN (WITH RECURSIVE {', '.join(ctes)} {' UNION '.join(parts)})"


def _literal(text: str) -> str:
    from psycopg import sql  # noqa: PLC0415

    return sql.Literal(text).as_string(None)


def _grantee_ids(grantee: Grantee) -> tuple[UUID | None, UUID | None]:
    is_user = grantee.type is GranteeType.USER
    is_group = grantee.type is GranteeType.GROUP
    return (grantee.id if is_user else None, grantee.id if is_group else None)


def _grant(row: Mapping[str, Any]) -> Grant:
    if row["user_id"] is not None:
        grantee = Grantee(GranteeType.USER, row["user_id"], row["user_name"])
    elif row["group_id"] is not None:
        grantee = Grantee(GranteeType.GROUP, row["group_id"], row["group_name"])
    else:
        grantee = Grantee(GranteeType.EVERYONE)
    ref = ObjectRef(row["object_type"], row["object_id"])
    return Grant(row["id"], ref, grantee, Level(row["level"]), row["created_at"])
