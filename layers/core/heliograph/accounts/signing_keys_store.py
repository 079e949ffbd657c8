"""SQL of signing keys."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from heliograph.platform.database import Database, Transaction


def find_public(database: Database, kid: str, retired_after: datetime) -> bytes | None:
    """Return the public half of a key that signs, or was retired after a moment; else None."""
    rows = database.fetch(
        """
        SELECT public_key FROM signing_keys
        WHERE kid = %s AND (retired_at IS NULL OR retired_at > %s)
        """,
        [kid, retired_after],
    )
    return bytes(rows[0]["public_key"]) if rows else None


def find_current(database: Database) -> dict[str, Any] | None:
    """Return kid, private_key (encrypted) and created_at of the key that signs, if there is one."""
    rows = database.fetch(
        "SELECT kid, private_key, created_at FROM signing_keys WHERE retired_at IS NULL"
    )
    return rows[0] if rows else None


def retire(tx: Transaction, kid: str, now: datetime) -> bool:
    """Retire a key; say whether it was this call that did."""
    statement = "UPDATE signing_keys SET retired_at = %s WHERE kid = %s AND retired_at IS NULL"
    return tx.execute(statement, [now, kid]).rowcount == 1


def insert(tx: Transaction, kid: str, public_key: bytes, private_key: bytes, now: datetime) -> bool:
    """Write a key, unless another one signs already; say whether it was written."""
    written = tx.execute(
        """
        INSERT INTO signing_keys (kid, public_key, private_key, created_at)
        VALUES (%s, %s, %s, %s)
        ON CONFLICT DO NOTHING
        """,
        [kid, public_key, private_key, now],
    )
    return written.rowcount == 1


def delete_all(tx: Transaction) -> int:
    """Delete every key; return how many there were."""
    return tx.execute("DELETE FROM signing_keys").rowcount


def select_private(database: Database) -> list[dict[str, Any]]:
    """Return kid and private_key (encrypted) of every key, retired ones too."""
    return database.fetch("SELECT kid, private_key FROM signing_keys ORDER BY created_at, kid")


def replace_private(database: Database, kid: str, old: bytes, new: bytes) -> bool:
    """Put another encryption of a private half in place of one; say whether that was there."""
    with database.transaction() as tx:
        done = tx.execute(
            "UPDATE signing_keys SET private_key = %s WHERE kid = %s AND private_key = %s",
            [new, kid, old],
        )
    return done.rowcount == 1
