"""Keys that sign access tokens: made when first needed, replaced every 30 days.

The private half is encrypted at rest and read only where tokens are signed. The public half lies in
clear, so that every function verifies without the key that protects secrets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from heliograph.accounts import signing_keys_store as store
from heliograph.kernel.clock import Clock
from heliograph.kernel.ids import new_id
from heliograph.platform.reencryption import Sealed

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

    from heliograph.platform.database import Database, Transaction
    from heliograph.platform.envelope import Envelope

ROTATED_AFTER = timedelta(days=30)
# Longer than any access token lives, and than the clocks of two machines differ.
VERIFIES_AFTER = timedelta(hours=1)
_READ_AGAIN_AFTER = timedelta(minutes=10)
_MOST_CACHED = 16


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The key that signs now."""

    kid: str
    private: Ed25519PrivateKey
    created_at: datetime


class SigningKeys:
    """The signing keys of an installation. Threads, and any number of processes, may share them."""

    def __init__(self, database: Database, clock: Clock, envelope: Callable[[], Envelope]) -> None:
        self._database = database
        self._clock = clock
        self._envelope = envelope
        self._current: tuple[datetime, SigningKey] | None = None
        self._public: dict[str, tuple[datetime, Ed25519PublicKey]] = {}

    def current(self) -> SigningKey:
        """Return the key that signs, after making or replacing it where that is due.

        Which one it is, is looked up every ten minutes: one that was deleted signs no longer than
        that. Raises `KeyUnavailable` when it cannot be decrypted.
        """
        now, known = self._clock.now(), self._current
        is_fresh = known is not None and now - known[0] < _READ_AGAIN_AFTER
        if known is not None and is_fresh and now - known[1].created_at < ROTATED_AFTER:
            return known[1]
        row = store.find_current(self._database)
        if row is None or now - row["created_at"] >= ROTATED_AFTER:
            self._make(replaced=None if row is None else row["kid"])
            row = store.find_current(self._database)
        assert row is not None
        is_same = known is not None and known[1].kid == row["kid"]
        key = known[1] if known is not None and is_same else self._read(row)
        self._current = (now, key)
        return key

    def public(self, kid: str) -> Ed25519PublicKey | None:
        """Return the key that verifies what ``kid`` signed, None when there is none any more."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
            Ed25519PublicKey,
        )

        now = self._clock.now()
        known = self._public.get(kid)
        if known is not None and now - known[0] < _READ_AGAIN_AFTER:
            return known[1]
        raw = store.find_public(self._database, kid, now - VERIFIES_AFTER)
        if raw is None:
            self._public.pop(kid, None)
            return None
        if len(self._public) >= _MOST_CACHED:
            self._public.clear()
        key = Ed25519PublicKey.from_public_bytes(raw)
        self._public[kid] = (now, key)
        return key

    def _read(self, row: Mapping[str, Any]) -> SigningKey:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
            Ed25519PrivateKey,
        )

        raw = self._envelope().decrypt(bytes(row["private_key"]), _context(row["kid"]))
        private = Ed25519PrivateKey.from_private_bytes(raw)
        return SigningKey(row["kid"], private, row["created_at"])

    def _make(self, replaced: str | None) -> None:
        """Make a key in place of ``replaced``, unless somebody else just does."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
            Ed25519PrivateKey,
        )

        private = Ed25519PrivateKey.generate()
        kid = str(new_id())
        encrypted = self._envelope().encrypt(private.private_bytes_raw(), _context(kid))
        now = self._clock.now()
        with self._database.transaction() as tx:
            if replaced is None or store.retire(tx, replaced, now):
                store.insert(tx, kid, private.public_key().public_bytes_raw(), encrypted, now)


def forget_signing_keys(tx: Transaction) -> int:
    """Delete the keys, whose private halves nobody can read any more; return how many.

    Access tokens end within ten minutes; sessions go on, with tokens of a key that is made anew.
    """
    return store.delete_all(tx)


def sealed_signing_keys(database: Database) -> Iterator[Sealed]:
    """Yield the private half of every key, for `heliograph.platform.reencryption`."""
    for row in store.select_private(database):
        kid, old = row["kid"], bytes(row["private_key"])
        replace = partial(store.replace_private, database, kid, old)
        yield Sealed(f"the signing key {kid}", old, _context(kid), replace)


def _context(kid: str) -> dict[str, str]:
    return {"purpose": "signing_key", "kid": kid}
