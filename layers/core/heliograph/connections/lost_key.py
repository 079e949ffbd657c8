"""Beginning anew when the key that secrets were encrypted with is lost for good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from heliograph.accounts.signing_keys import forget_signing_keys
from heliograph.audit.service import record
from heliograph.connections import store
from heliograph.kernel.actors import Actor
from heliograph.kernel.clock import Clock
from heliograph.platform.key_probe import forget_probe

if TYPE_CHECKING:
    from heliograph.platform.database import Database


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What could not be read any more and is gone: whose passwords, how many signing keys."""

    connections: tuple[str, ...]
    signing_keys: int


def forget_secrets(database: Database, clock: Clock, actor: Actor) -> Forgotten:
    """Delete every secret that only the lost key could read, in one transaction.

    People sign in as before: their passwords are hashes. The passwords of connections have to be
    typed again.
    """
    now = clock.now()
    with database.transaction() as tx:
        connections = store.delete_passwords(tx, now)
        for one in connections:
            record(
                tx,
                actor,
                "connection.changed",
                at=now,
                object_type="connection",
                object_id=one["id"],
                object_name=one["name"],
                before={"password": "***"},
                after={"password": None},
            )
        keys = forget_signing_keys(tx)
        forget_probe(tx)
    return Forgotten(tuple(sorted(one["name"] for one in connections)), keys)
