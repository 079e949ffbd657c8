"""SQL of one-time links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from heliograph.accounts.models import Invitation, LinkKind
from heliograph.kernel.actors import Role
from heliograph.kernel.ids import GroupId, UserId

if TYPE_CHECKING:
    from heliograph.platform.database import Database, Transaction

_COLUMNS = "id, kind, email, role, group_ids, user_id, created_by, created_at, expires_at"
# Whoever is no admin any more has no say in who comes in, also not by a link of before. It is asked
# where a link is used: so none slips through that is being made while its maker is deactivated.
_IS_VOUCHED_FOR = """(one_time_links.created_by IS NULL OR EXISTS (
    SELECT FROM users AS maker WHERE maker.id = one_time_links.created_by
        AND maker.role = 'admin' AND maker.deactivated_at IS NULL
))"""


def insert(  # noqa: PLR0913  # each is a column, all but the first two named
    tx: Transaction,
    link_id: UUID,
    *,
    kind: LinkKind,
    token_hash: bytes,
    created_by: UUID | None,
    created_at: datetime,
    expires_at: datetime,
    email: str | None = None,
    role: Role | None = None,
    group_ids: Sequence[UUID] | None = None,
    user_id: UUID | None = None,
) -> None:
    """Write a link. Breaks a unique index when another one waits for the same end."""
    tx.execute(
        """
        INSERT INTO one_time_links (id, kind, token_hash, email, role, group_ids, user_id,
            created_by, created_at, expires_at)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
        """,
        [
            link_id,
            kind.value,
            token_hash,
            email,
            None if role is None else role.value,
            None if group_ids is None else list(group_ids),
            user_id,
            created_by,
            created_at,
            expires_at,
        ],
    )


def revoke_setup(tx: Transaction, now: datetime) -> None:
    """Revoke the set-up link that waits."""
    _revoke(tx, "kind = 'setup'", [], now)


def revoke_invitations_of(tx: Transaction, email: str, now: datetime) -> None:
    """Revoke the invitation that waits for an email."""
    _revoke(tx, "kind = 'invitation' AND email = %s", [email], now)


def revoke_resets(tx: Transaction, user_id: UUID, now: datetime) -> None:
    """Revoke the password reset that waits for a user."""
    _revoke(tx, "kind = 'password_reset' AND user_id = %s", [user_id], now)


def revoke_invitation(tx: Transaction, invitation_id: UUID, now: datetime) -> Invitation | None:
    """Revoke an invitation that waits, and return it; None when there is none."""
    rows = _revoke(tx, "kind = 'invitation' AND id = %s", [invitation_id], now)
    return read_invitation(rows[0]) if rows else None


def _revoke(
    tx: Transaction, which: str, values: Sequence[Any], now: datetime
) -> list[dict[str, Any]]:
    return tx.execute(
        f"""
        UPDATE one_time_links SET revoked_at = %s
        WHERE {which} AND used_at IS NULL AND revoked_at IS NULL
        RETURNING {_COLUMNS}
        """,  # noqa: S608  # `which` is one of the texts above
        [now, *values],
    ).fetchall()


def find_waiting(
    database: Database, kind: LinkKind, token_hash: bytes, now: datetime
) -> dict[str, Any] | None:
    """Return the link of this kind and token that may be used now, with its user's email."""
    rows = database.fetch(
        f"""
        SELECT one_time_links.id, one_time_links.user_id,
            COALESCE(one_time_links.email, users.email) AS email
        FROM one_time_links LEFT JOIN users ON users.id = one_time_links.user_id
        WHERE token_hash = %s AND kind = %s AND used_at IS NULL AND revoked_at IS NULL
            AND expires_at > %s AND users.deactivated_at IS NULL AND {_IS_VOUCHED_FOR}
        """,  # noqa: S608
        [token_hash, kind.value, now],
    )
    return rows[0] if rows else None


def use(tx: Transaction, kind: LinkKind, token_hash: bytes, now: datetime) -> dict[str, Any] | None:
    """Use a link up and return it; None when it may not be used, or not any more."""
    return tx.execute(
        f"""
        UPDATE one_time_links SET used_at = %s
        WHERE token_hash = %s AND kind = %s AND used_at IS NULL AND revoked_at IS NULL
            AND expires_at > %s AND {_IS_VOUCHED_FOR}
        RETURNING {_COLUMNS}
        """,  # noqa: S608
        [now, token_hash, kind.value, now],
    ).fetchone()


def select_invitations(
    database: Database, *, now: datetime, after: UUID | None, limit: int
) -> list[Invitation]:
    """Return the invitations that wait, the newest first, those older than ``after``."""
    rows = database.fetch(
        f"""
        SELECT {_COLUMNS} FROM one_time_links
        WHERE kind = 'invitation' AND used_at IS NULL AND revoked_at IS NULL AND expires_at > %s
            AND (%s::uuid IS NULL OR id < %s) AND {_IS_VOUCHED_FOR}
        ORDER BY id DESC
        LIMIT %s
        """,  # noqa: S608
        [now, after, after, limit],
    )
    return [read_invitation(row) for row in rows]


def read_invitation(row: Mapping[str, Any]) -> Invitation:
    """Return the invitation that a row describes."""
    created_by = row["created_by"]
    return Invitation(
        id=row["id"],
        email=row["email"],
        role=Role(row["role"]),
        group_ids=tuple(GroupId(group_id) for group_id in row["group_ids"]),
        created_by=None if created_by is None else UserId(created_by),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
    )
