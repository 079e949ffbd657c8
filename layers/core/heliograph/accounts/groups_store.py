"""SQL of groups and their members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from heliograph.accounts.models import Group, User
from heliograph.accounts.users_store import read_user
from heliograph.kernel.ids import GroupId

if TYPE_CHECKING:
    from heliograph.platform.database import Database, Transaction

_SELECT = """
    SELECT id, name, created_at, updated_at,
        (SELECT count(*) FROM group_members WHERE group_id = groups.id) AS member_count
    FROM groups
"""


def select_page(
    database: Database, *, pattern: str | None, after: str | None, limit: int
) -> list[tuple[str, Group]]:
    """Return groups with what they are sorted by, in that order, those after ``after``."""
    rows = database.fetch(
        f"""
        SELECT folded_name, listed.* FROM groups JOIN ({_SELECT}) AS listed USING (id)
        WHERE (%s::text IS NULL OR groups.name ILIKE %s) AND (%s::text IS NULL OR folded_name > %s)
        ORDER BY folded_name
        LIMIT %s
        """,  # noqa: S608
        [pattern, pattern, after, after, limit],
    )
    return [(row["folded_name"], _group(row)) for row in rows]


def find(database: Database, group_id: UUID) -> Group | None:
    """Return the group with this id, or None."""
    rows = database.fetch(f"{_SELECT} WHERE id = %s", [group_id])
    return _group(rows[0]) if rows else None


def lock(tx: Transaction, group_id: UUID) -> Group | None:
    """Return a group that nobody else changes or deletes meanwhile, or None."""
    row = tx.execute(f"{_SELECT} WHERE id = %s FOR UPDATE OF groups", [group_id]).fetchone()
    return None if row is None else _group(row)


def insert(tx: Transaction, group: Group, folded_name: str) -> None:
    """Write a new group. Breaks `groups_folded_name_key` when the name is taken."""
    tx.execute(
        """
        INSERT INTO groups (id, name, folded_name, created_at, updated_at)
        VALUES (%s, %s, %s, %s, %s)
        """,
        [group.id, group.name, folded_name, group.created_at, group.updated_at],
    )


def rename(tx: Transaction, group: Group, folded_name: str) -> None:
    """Write a group's name. Breaks `groups_folded_name_key` when it is taken."""
    tx.execute(
        "UPDATE groups SET name = %s, folded_name = %s, updated_at = %s WHERE id = %s",
        [group.name, folded_name, group.updated_at, group.id],
    )


def delete(tx: Transaction, group_id: UUID) -> None:
    """Delete a group, its memberships and what was granted to it."""
    tx.execute("DELETE FROM groups WHERE id = %s", [group_id])


def select_members(
    database: Database, group_id: UUID, *, after: str | None, limit: int
) -> list[User]:
    """Return the members of a group in the order of their emails, those after ``after``."""
    rows = database.fetch(
        """
        SELECT users.id, email, name, role, deactivated_at, users.created_at, updated_at,
            last_signed_in_at, claims
        FROM group_members JOIN users ON users.id = group_members.user_id
        WHERE group_id = %s AND (%s::text IS NULL OR email > %s)
        ORDER BY email
        LIMIT %s
        """,
        [group_id, after, after, limit],
    )
    return [read_user(row) for row in rows]


def select_of(database: Database, user_id: UUID) -> list[tuple[GroupId, str]]:
    """Return the ids and names of all groups of a user, by name."""
    rows = database.fetch(
        """
        SELECT groups.id, groups.name FROM groups
        JOIN group_members ON group_members.group_id = groups.id
        WHERE group_members.user_id = %s ORDER BY folded_name
        """,
        [user_id],
    )
    return [(GroupId(row["id"]), row["name"]) for row in rows]


def select_existing(tx: Transaction, group_ids: Sequence[UUID]) -> list[UUID]:
    """Return those of the ids that are of groups, which nobody deletes meanwhile."""
    rows = tx.execute(
        "SELECT id FROM groups WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE", [list(group_ids)]
    )
    return [row["id"] for row in rows]


def add_member(tx: Transaction, group_id: UUID, user_id: UUID, now: datetime) -> bool:
    """Add somebody to a group; say whether they were not in it."""
    written = tx.execute(
        """
        INSERT INTO group_members (group_id, user_id, created_at) VALUES (%s, %s, %s)
        ON CONFLICT DO NOTHING
        """,
        [group_id, user_id, now],
    )
    return written.rowcount == 1


def remove_member(tx: Transaction, group_id: UUID, user_id: UUID) -> bool:
    """Take somebody out of a group; say whether they were in it."""
    statement = "DELETE FROM group_members WHERE group_id = %s AND user_id = %s"
    return tx.execute(statement, [group_id, user_id]).rowcount == 1


def find_email(tx: Transaction, user_id: UUID) -> str | None:
    """Return the email of a user, or None."""
    row = tx.execute("SELECT email FROM users WHERE id = %s", [user_id]).fetchone()
    return None if row is None else str(row["email"])


def _group(row: Mapping[str, Any]) -> Group:
    return Group(
        id=GroupId(row["id"]),
        name=row["name"],
        member_count=row["member_count"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
