"""SQL of sessions and their refresh tokens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from heliograph.accounts.models import Session, SessionEnd
from heliograph.kernel.ids import UserId

if TYPE_CHECKING:
    from heliograph.platform.database import Database, Transaction

_COLUMNS = "id, user_id, address, user_agent, created_at, last_used_at, expires_at"


def find_actor(database: Database, session_id: UUID, user_id: UUID) -> dict[str, Any] | None:
    """Return all that decides about a request of a session, in one statement.

    That is: email, role, deactivated_at, ended_at, expires_at, group_ids.
    """
    rows = database.fetch(
        """
        SELECT users.email, users.role, users.deactivated_at, sessions.ended_at,
            sessions.expires_at,
            ARRAY(
                SELECT group_id FROM group_members WHERE group_members.user_id = users.id
            ) AS group_ids
        FROM sessions JOIN users ON users.id = sessions.user_id
        WHERE sessions.id = %s AND users.id = %s
        """,
        [session_id, user_id],
    )
    return rows[0] if rows else None


def insert(tx: Transaction, session: Session) -> None:
    """Write a new session."""
    tx.execute(
        f"INSERT INTO sessions ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s)",  # noqa: S608
        [
            session.id,
            session.user_id,
            session.address,
            session.user_agent,
            session.created_at,
            session.last_used_at,
            session.expires_at,
        ],
    )


def insert_refresh_token(
    tx: Transaction, token_hash: bytes, session_id: UUID, now: datetime, expires_at: datetime
) -> None:
    """Write a refresh token that may be used once."""
    tx.execute(
        """
        INSERT INTO refresh_tokens (token_hash, session_id, created_at, expires_at)
        VALUES (%s, %s, %s, %s)
        """,
        [token_hash, session_id, now, expires_at],
    )


def lock_by_refresh_token(tx: Transaction, token_hash: bytes) -> dict[str, Any] | None:
    """Return the session of a refresh token, which nobody else changes meanwhile, and its user.

    That is: the columns of the session, ended_at, and those of the user with ``user_`` before.
    """
    return tx.execute(
        """
        SELECT sessions.id, sessions.user_id, sessions.expires_at, sessions.ended_at,
            users.email, users.name, users.role, users.deactivated_at,
            users.created_at AS user_created_at, users.updated_at AS user_updated_at,
            users.last_signed_in_at, users.claims
        FROM sessions JOIN users ON users.id = sessions.user_id
        WHERE sessions.id = (SELECT session_id FROM refresh_tokens WHERE token_hash = %s)
        FOR UPDATE OF sessions
        """,
        [token_hash],
    ).fetchone()


def find_refresh_token(tx: Transaction, token_hash: bytes) -> dict[str, Any] | None:
    """Return expires_at, used_at and successor_salt of a refresh token, or None."""
    return tx.execute(
        "SELECT expires_at, used_at, successor_salt FROM refresh_tokens WHERE token_hash = %s",
        [token_hash],
    ).fetchone()


def use_refresh_token(tx: Transaction, token_hash: bytes, salt: bytes, now: datetime) -> None:
    """Note that a refresh token was used, and how its successor is made of it."""
    tx.execute(
        "UPDATE refresh_tokens SET used_at = %s, successor_salt = %s WHERE token_hash = %s",
        [now, salt, token_hash],
    )


def forget_salts(tx: Transaction, session_id: UUID, used_before: datetime) -> None:
    """Forget how successors are made of the tokens of a session that were used before then."""
    tx.execute(
        """
        UPDATE refresh_tokens SET successor_salt = NULL
        WHERE session_id = %s AND used_at < %s AND successor_salt IS NOT NULL
        """,
        [session_id, used_before],
    )


def touch(tx: Transaction, session_id: UUID, address: str | None, now: datetime) -> None:
    """Note that a session was used, and from where."""
    tx.execute(
        "UPDATE sessions SET last_used_at = %s, address = COALESCE(%s, address) WHERE id = %s",
        [now, address, session_id],
    )


def end(
    tx: Transaction, session_id: UUID, user_id: UUID, because: SessionEnd, now: datetime
) -> bool:
    """End a session of a user; say whether it was open."""
    written = tx.execute(
        """
        UPDATE sessions SET ended_at = %s, ended_because = %s
        WHERE id = %s AND user_id = %s AND ended_at IS NULL
        """,
        [now, because.value, session_id, user_id],
    )
    return written.rowcount == 1


def end_all(
    tx: Transaction,
    user_id: UUID,
    because: SessionEnd,
    now: datetime,
    *,
    kept: UUID | None = None,
) -> int:
    """End all sessions of a user but the one that is kept; return how many were open."""
    written = tx.execute(
        """
        UPDATE sessions SET ended_at = %s, ended_because = %s
        WHERE user_id = %s AND ended_at IS NULL AND id IS DISTINCT FROM %s
        """,
        [now, because.value, user_id, kept],
    )
    return written.rowcount


def select_open(
    database: Database,
    user_id: UUID,
    *,
    used_after: datetime,
    now: datetime,
    after: UUID | None,
    limit: int,
) -> list[Session]:
    """Return the sessions of a user that are open, the newest first, those older than ``after``."""
    rows = database.fetch(
        f"""
        SELECT {_COLUMNS} FROM sessions
        WHERE user_id = %s AND ended_at IS NULL AND expires_at > %s AND last_used_at > %s
            AND (%s::uuid IS NULL OR id < %s)
        ORDER BY id DESC
        LIMIT %s
        """,  # noqa: S608
        [user_id, now, used_after, after, after, limit],
    )
    return [_session(row) for row in rows]


def _session(row: Mapping[str, Any]) -> Session:
    return Session(
        id=row["id"],
        user_id=UserId(row["user_id"]),
        address=row["address"],
        user_agent=row["user_agent"],
        created_at=row["created_at"],
        last_used_at=row["last_used_at"],
        expires_at=row["expires_at"],
    )
