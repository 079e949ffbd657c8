"""Encrypting every stored secret of an installation with another key."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from heliograph.accounts.signing_keys import sealed_signing_keys
from heliograph.audit.service import record
from heliograph.connections import store
from heliograph.connections.passwords import context_of
from heliograph.kernel.actors import Actor
from heliograph.kernel.clock import Clock
from heliograph.platform.key_probe import sealed_probes
from heliograph.platform.reencryption import Reencrypted, Sealed, reencrypt

if TYPE_CHECKING:
    from heliograph.platform.database import Database
    from heliograph.platform.envelope import Envelope

SEALED_COLUMNS = {
    "connections": "password",
    "signing_keys": "private_key",
    "key_probes": "sealed",
}
"""What is encrypted in the app database: a column of each of these tables."""


def rotate_secrets(
    database: Database, clock: Clock, actor: Actor, *, old: Envelope, new: Envelope
) -> Reencrypted:
    """Encrypt by ``new`` what ``old`` opens, each value in a transaction of its own.

    May be interrupted and done again. Values, and what people see of them, stay as they are. The
    probe of the key comes last, and only when nothing else is left behind: until then health tells
    that the key is another one. Raises as `reencrypt` and `Database.transaction` do.
    """
    told = reencrypt(_secrets(database), old, new)
    if not told.unreadable and not told.changed:
        last = reencrypt(sealed_probes(database), old, new)
        told.unreadable += last.unreadable
        told.reason = told.reason or last.reason
    with database.transaction() as tx:
        record(
            tx,
            actor,
            "key.rotated",
            at=clock.now(),
            after={"encrypted_anew": told.done, "unreadable": len(told.unreadable)},
        )
    return told


def _secrets(database: Database) -> Iterator[Sealed]:
    for row in store.select_sealed(database):
        old = bytes(row["password"])
        replace = partial(store.replace_password, database, row["id"], old)
        name = f"the password of the connection {row['name']}"
        yield Sealed(name, old, context_of(row["id"], row), replace)
    yield from sealed_signing_keys(database)
