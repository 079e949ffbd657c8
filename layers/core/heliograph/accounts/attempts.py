"""Failed sign-ins are counted, so that nobody can go through a list of passwords.

Three counts, each in a window of its own: for an account from one address, for an account from all
addresses that it is not known at, and for an address over all accounts. An attempt is counted
before the password is looked at and given back when it was right, so that a thousand attempts at
once are counted as a thousand. Nobody is locked out for good: windows end, and where somebody
signed in lately only the first count holds, which strangers elsewhere cannot fill.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from heliograph.accounts import attempts_store as store
from heliograph.kernel.clock import Clock
from heliograph.kernel.errors import RateLimited

if TYPE_CHECKING:
    from heliograph.platform.database import Database, Transaction

KNOWN_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class AttemptLimit:
    """At most ``count`` failures in ``window`` under one key."""

    count: int
    window: timedelta


PER_ACCOUNT_AND_ADDRESS = AttemptLimit(10, timedelta(minutes=15))
PER_ACCOUNT = AttemptLimit(50, timedelta(hours=1))
PER_ADDRESS = AttemptLimit(100, timedelta(hours=1))


class Attempts:
    """Counts attempts to give a password. Threads may share it."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def count(self, account: str, address: str | None, *, is_known_address: bool) -> list[str]:
        """Count an attempt, as if it failed; return the keys that it was counted under.

        ``account`` is what the attempt names: an email that need not exist. Raises `RateLimited`,
        and counts nothing, when there were too many.
        """
        now = self._clock.now()
        limits = _limits(account, address, is_known_address=is_known_address)
        with self._database.transaction() as tx:
            waits = [
                (started_at + limits[key].window - now).total_seconds()
                for key, count, started_at in store.count(
                    tx, [(key, limit.window) for key, limit in limits.items()], now
                )
                if count > limits[key].count
            ]
            if waits:
                wait = max(1.0, *waits)
                raise RateLimited(
                    "There were too many failed attempts to sign in.",
                    retry_after=wait,
                    hint=f"Try again in {int(wait // 60) + 1} minutes.",
                )
        return list(limits)

    def give_back(self, tx: Transaction, keys: Sequence[str]) -> None:
        """Take back an attempt that did not fail; its account starts anew at its address."""
        store.give_back(tx, keys, [key for key in keys if key.startswith(_BOTH)])

    def forget(self, tx: Transaction, account: str) -> None:
        """Forget all failures of an account: its password was set anew."""
        store.forget(tx, [_ACCOUNT + _digest(account)], _BOTH + _digest(account))


_ACCOUNT = "sign_in:account:"
_ADDRESS = "sign_in:address:"
_BOTH = "sign_in:account_and_address:"


def _limits(
    account: str, address: str | None, *, is_known_address: bool
) -> dict[str, AttemptLimit]:
    digest, network = _digest(account), network_of(address)
    limits = {f"{_BOTH}{digest}:{network}": PER_ACCOUNT_AND_ADDRESS}
    if not is_known_address:
        limits[_ACCOUNT + digest] = PER_ACCOUNT
    if address is not None:
        limits[_ADDRESS + network] = PER_ADDRESS
    return limits


def network_of(address: str | None) -> str:
    """Return what an address counts as: itself, and for IPv6 its network of 64 bits."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((int(found) >> 64 << 64, 64)))
    return str(found)


def _digest(account: str) -> str:
    # Somebody may have typed their password where the email belongs.
    return hashlib.sha256(account.encode("utf-8", "surrogatepass")).hexdigest()[:32]
