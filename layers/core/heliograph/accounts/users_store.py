"""SQL of users."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, LiteralString
from uuid import UUID

from heliograph.accounts.models import IdentityFacts, User
from heliograph.kernel.actors import Role
from heliograph.kernel.ids import UserId

if TYPE_CHECKING:
    from heliograph.platform.database import Database, Transaction

_COLUMNS = (
    "users.id, users.email, users.name, users.role, users.deactivated_at, users.created_at, "
    "users.updated_at, users.last_signed_in_at, users.claims"
)
# The number is drawn by lot; it stands for "who becomes the first admin" in this database.
_SETUP_LOCK = 7_203_558_119_340_412
_IDENTITY_FACTS: LiteralString = """
WITH RECURSIVE name_lists AS (
    (
        SELECT jsonb_path_query_array(claims, '$.keyvalue().key') AS names
        FROM users WHERE claims <> '{}' ORDER BY names LIMIT 1
    )
    UNION ALL
    SELECT (
        SELECT jsonb_path_query_array(claims, '$.keyvalue().key') AS next
        FROM users
        WHERE claims <> '{}'
            AND jsonb_path_query_array(claims, '$.keyvalue().key') > name_lists.names
        ORDER BY next LIMIT 1
    )
    FROM name_lists WHERE names IS NOT NULL
)
SELECT claims,
    ARRAY(
        SELECT groups.name FROM groups
        JOIN group_members ON group_members.group_id = groups.id
        WHERE group_members.user_id = users.id
    ) AS groups,
    ARRAY(SELECT DISTINCT jsonb_array_elements_text(names) FROM name_lists) AS known_claims
FROM users WHERE id = %s
"""


def read_user(row: Mapping[str, Any]) -> User:
    """Return the user that a row with the columns of `users` describes."""
    return User(
        id=UserId(row["id"]),
        email=row["email"],
        name=row["name"],
        role=Role(row["role"]),
        is_active=row["deactivated_at"] is None,
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        last_signed_in_at=row["last_signed_in_at"],
        claims=row["claims"],
    )


def select_page(  # filters, all named
    database: Database,
    *,
    pattern: str | None,
    role: str | None,
    is_active: bool | None,
    after: str | None,
    limit: int,
) -> list[User]:
    """Return users in the order of their emails, those after ``after``; None filters nothing."""
    rows = database.fetch(
        f"""
        SELECT {_COLUMNS}
        FROM users
        WHERE (%s::text IS NULL OR name ILIKE %s OR email ILIKE %s)
            AND (%s::text IS NULL OR role = %s)
            AND (%s::boolean IS NULL OR (deactivated_at IS NULL) = %s)
            AND (%s::text IS NULL OR email > %s)
        ORDER BY email
        LIMIT %s
        """,  # noqa: S608
        [pattern, pattern, pattern, role, role, is_active, is_active, after, after, limit],
    )
    return [read_user(row) for row in rows]


def find(database: Database, user_id: UUID) -> User | None:
    """Return the user with this id, or None."""
    rows = database.fetch(f"SELECT {_COLUMNS} FROM users WHERE id = %s", [user_id])  # noqa: S608
    return read_user(rows[0]) if rows else None


def find_by_email(database: Database, email: str) -> User | None:
    """Return the user with this email, or None."""
    rows = database.fetch(f"SELECT {_COLUMNS} FROM users WHERE email = %s", [email])  # noqa: S608
    return read_user(rows[0]) if rows else None


def find_identity_facts(database: Database, user_id: UUID) -> IdentityFacts | None:
    """Return what policies may see of a user, and all names of claims; None for no such user.

    One look into an index for each different list of names: see migration 0008.
    """
    rows = database.fetch(_IDENTITY_FACTS, [user_id])
    if not rows:
        return None
    return read_identity_facts(rows[0])


IDENTITY_FACTS: LiteralString = f"(SELECT to_jsonb(facts) FROM ({_IDENTITY_FACTS}) AS facts)"  # noqa: S608
"""What `find_identity_facts` finds, as an expression of one user's id for a statement of others."""


def read_identity_facts(found: Mapping[str, Any]) -> IdentityFacts:
    """Return the facts that a row, or the value of `IDENTITY_FACTS`, holds."""
    return IdentityFacts(
        tuple(sorted(found["groups"])), found["claims"], tuple(sorted(found["known_claims"]))
    )


def find_for_sign_in(
    database: Database, email: str, address: str | None, since: datetime
) -> dict[str, Any] | None:
    """Return id, password_hash, deactivated_at, and whether they signed in from there since."""
    rows = database.fetch(
        """
        SELECT id, password_hash, deactivated_at, EXISTS (
            SELECT FROM sessions
            WHERE sessions.user_id = users.id AND sessions.address = %s
                AND sessions.created_at > %s
        ) AS is_known_address
        FROM users WHERE email = %s
        """,
        [address, since, email],
    )
    return rows[0] if rows else None


def find_password_hash(database: Database, user_id: UUID) -> str | None:
    """Return the hash of a user's password, None for no such user."""
    rows = database.fetch("SELECT password_hash FROM users WHERE id = %s", [user_id])
    return rows[0]["password_hash"] if rows else None


def lock_for_setup(tx: Transaction) -> None:
    """Let nobody else become the first admin until this transaction ends."""
    tx.execute("SELECT pg_advisory_xact_lock(%s)", [_SETUP_LOCK])


def has_active_admin(tx: Transaction) -> bool:
    """Say whether there is an admin who may sign in."""
    row = tx.execute(
        "SELECT EXISTS (SELECT FROM users WHERE role = 'admin' AND deactivated_at IS NULL) AS found"
    ).fetchone()
    return row is not None and bool(row["found"])


def lock_active_admins(tx: Transaction) -> list[UUID]:
    """Return the ids of all active admins, who stay so until this transaction ends."""
    rows = tx.execute(
        """
        SELECT id FROM users WHERE role = 'admin' AND deactivated_at IS NULL
        ORDER BY id FOR NO KEY UPDATE
        """
    )
    return [row["id"] for row in rows]


def lock(tx: Transaction, user_id: UUID) -> User | None:
    """Return a user whom nobody else changes until this transaction ends, or None."""
    row = tx.execute(
        f"SELECT {_COLUMNS} FROM users WHERE id = %s FOR NO KEY UPDATE",  # noqa: S608
        [user_id],
    ).fetchone()
    return None if row is None else read_user(row)


def insert(tx: Transaction, user: User, password_hash: str) -> None:
    """Write a new user. Breaks `users_email_key` when the email is taken."""
    tx.execute(
        """
        INSERT INTO users (id, email, name, role, password_hash, created_at, updated_at)
        VALUES (%s, %s, %s, %s, %s, %s, %s)
        """,
        [
            user.id,
            user.email,
            user.name,
            user.role.value,
            password_hash,
            user.created_at,
            user.updated_at,
        ],
    )


def update(tx: Transaction, user: User, deactivated_at: datetime | None) -> None:
    """Write a user's name, role, state and claims."""
    tx.execute(
        """
        UPDATE users SET name = %s, role = %s, updated_at = %s, claims = %s::jsonb,
            deactivated_at = CASE WHEN %s THEN NULL ELSE COALESCE(deactivated_at, %s) END
        WHERE id = %s
        """,
        [
            user.name,
            user.role.value,
            user.updated_at,
            json.dumps(dict(user.claims)),
            user.is_active,
            deactivated_at,
            user.id,
        ],
    )


def sign_in(
    tx: Transaction, user_id: UUID, password_hash: str | None, now: datetime
) -> User | None:
    """Note that somebody signs in; None when they are deactivated or the password has changed.

    ``password_hash`` is the one that was verified, None where something else vouches for them.
    """
    row = tx.execute(
        f"""
        UPDATE users SET last_signed_in_at = %s
        WHERE id = %s AND deactivated_at IS NULL AND password_hash = COALESCE(%s, password_hash)
        RETURNING {_COLUMNS}
        """,  # noqa: S608
        [now, user_id, password_hash],
    ).fetchone()
    return None if row is None else read_user(row)


def set_password_hash(
    tx: Transaction, user_id: UUID, password_hash: str, *, replaced: str | None = None
) -> bool:
    """Write the hash of a password over ``replaced``, over any when None; say whether it was so."""
    written = tx.execute(
        """
        UPDATE users SET password_hash = %s
        WHERE id = %s AND password_hash = COALESCE(%s, password_hash)
        """,
        [password_hash, user_id, replaced],
    )
    return written.rowcount == 1
