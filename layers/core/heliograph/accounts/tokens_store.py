"""SQL of personal API tokens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from heliograph.platform.database import Database, Transaction

_COLUMNS = "id, user_id, name, scopes, created_at, expires_at, last_used_at"


def find_actor(
    database: Database, token_id: UUID, token_hash: bytes, now: datetime, used_before: datetime
) -> dict[str, Any] | None:
    """Return all that decides about a request with a token, and note its use: one statement.

    That is: token_hash, scopes, expires_at, revoked_at, user_id, email, role, deactivated_at,
    group_ids. The use is noted when the last one was before ``used_before``.
    """
    rows = database.fetch(
        """
        WITH used AS (
            UPDATE api_tokens SET last_used_at = %s
            WHERE id = %s AND token_hash = %s AND revoked_at IS NULL AND expires_at > %s
                AND (last_used_at IS NULL OR last_used_at < %s)
        )
        SELECT api_tokens.token_hash, api_tokens.scopes, api_tokens.expires_at,
            api_tokens.revoked_at, users.id AS user_id, users.email, users.role,
            users.deactivated_at,
            ARRAY(
                SELECT group_id FROM group_members WHERE group_members.user_id = users.id
            ) AS group_ids
        FROM api_tokens JOIN users ON users.id = api_tokens.user_id
        WHERE api_tokens.id = %s
        """,
        [now, token_id, token_hash, now, used_before, token_id],
    )
    return rows[0] if rows else None


def insert(tx: Transaction, token: Mapping[str, Any]) -> None:
    """Write a new token."""
    tx.execute(
        """
        INSERT INTO api_tokens (id, user_id, name, token_hash, scopes, created_at, expires_at)
        VALUES (%s, %s, %s, %s, %s, %s, %s)
        """,
        [
            token["id"],
            token["user_id"],
            token["name"],
            token["token_hash"],
            token["scopes"],
            token["created_at"],
            token["expires_at"],
        ],
    )


def count(tx: Transaction, user_id: UUID, now: datetime) -> int:
    """Return how many tokens of a user can be used."""
    row = tx.execute(
        """
        SELECT count(*) AS count FROM api_tokens
        WHERE user_id = %s AND revoked_at IS NULL AND expires_at > %s
        """,
        [user_id, now],
    ).fetchone()
    return 0 if row is None else int(row["count"])


def select_page(
    database: Database, *, user_id: UUID | None, after: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """Return tokens that were not revoked, of one user or of all, newest first."""
    return database.fetch(
        f"""
        SELECT {_COLUMNS} FROM api_tokens
        WHERE revoked_at IS NULL AND (%s::uuid IS NULL OR user_id = %s)
            AND (%s::uuid IS NULL OR id < %s)
        ORDER BY id DESC
        LIMIT %s
        """,  # noqa: S608
        [user_id, user_id, after, after, limit],
    )


def revoke(
    tx: Transaction, token_id: UUID, user_id: UUID | None, now: datetime
) -> dict[str, Any] | None:
    """Revoke a token, of this user unless None, and return it; None when there is none."""
    return tx.execute(
        f"""
        UPDATE api_tokens SET revoked_at = %s
        WHERE id = %s AND revoked_at IS NULL AND (%s::uuid IS NULL OR user_id = %s)
        RETURNING {_COLUMNS}
        """,  # noqa: S608
        [now, token_id, user_id, user_id],
    ).fetchone()
