"""Refresh tokens: each is used once, and gives its successor.

A token that comes a second time was stolen, or its successor was: the session ends for both. Only
for a few seconds after its use it gives the same successor again, because two tabs may refresh at
the same moment, and an answer may be lost on its way. The successor is made of the token and a
salt, so that neither is kept, and the salt is forgotten when those seconds are over.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from heliograph.accounts import sessions_store as store
from heliograph.accounts.one_time_secrets import encode_base62, hash_secret, make_secret
from heliograph.kernel.errors import TokenExpired

if TYPE_CHECKING:
    from heliograph.platform.database import Transaction

GRACE = timedelta(seconds=10)
IDLE_LIFE = timedelta(days=7)
_MOST_STEPS = 30


def issue(tx: Transaction, session_id: UUID, now: datetime, session_ends: datetime) -> str:
    """Write and return the first refresh token of a session."""
    token = make_secret()
    ends = expires_at(now, session_ends)
    store.insert_refresh_token(tx, hash_secret(token), session_id, now, ends)
    return token


def rotate(
    tx: Transaction, token: str, session_id: UUID, now: datetime, session_ends: datetime
) -> str | None:
    """Return the successor of a token of a session that is locked; None when it was used before.

    Raises `TokenExpired` when nobody has used the session for a week.
    """
    for _ in range(_MOST_STEPS):
        token_hash = hash_secret(token)
        row = store.find_refresh_token(tx, token_hash)
        if row is None:
            return None
        if row["used_at"] is None:
            if row["expires_at"] <= now:
                raise TokenExpired("The session has expired.", hint="Sign in again.")
            salt = secrets.token_bytes(32)
            successor = _successor(token, salt)
            store.forget_salts(tx, session_id, now - GRACE)
            store.use_refresh_token(tx, token_hash, salt, now)
            ends = expires_at(now, session_ends)
            store.insert_refresh_token(tx, hash_secret(successor), session_id, now, ends)
            return successor
        if now - row["used_at"] > GRACE or row["successor_salt"] is None:
            return None
        token = _successor(token, bytes(row["successor_salt"]))
        if _is_unused(tx, token):
            return token
    return None


def expires_at(now: datetime, session_ends: datetime) -> datetime:
    """Return when a token that is issued now expires."""
    return min(now + IDLE_LIFE, session_ends)


def _is_unused(tx: Transaction, token: str) -> bool:
    row = store.find_refresh_token(tx, hash_secret(token))
    return row is not None and row["used_at"] is None


def _successor(token: str, salt: bytes) -> str:
    return encode_base62(hmac.digest(salt, token.encode("utf-8", "surrogatepass"), "sha256"), 43)
