"""Whether the key is the one that secrets were encrypted with, and what to do when it is lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from heliograph.kernel.errors import KeyUnavailable, PlatformError
from heliograph.kernel.ids import new_id
from heliograph.platform.reencryption import Sealed

if TYPE_CHECKING:
    from heliograph.platform.database import Database, Transaction
    from heliograph.platform.envelope import Envelope

CONTEXT = {"purpose": "health"}
_CONTENT = b"Heliograph"


def examine_key(envelope: Envelope) -> None:
    """Encrypt something and decrypt it. Raises `KeyUnavailable` when that does not work."""
    content = new_id().bytes
    if envelope.decrypt(envelope.encrypt(content, CONTEXT), CONTEXT) != content:
        raise KeyUnavailable("What is encrypted does not come back as it was.")


def compare_key(database: Database, envelope: Envelope) -> bool | None:
    """Return whether a key that works is the installation's; None when that is not known.

    It is not known before the first probe was sealed, and while the database does not answer.
    """
    try:
        rows = database.fetch("SELECT sealed FROM key_probes")
    except PlatformError:
        return None
    if not rows:
        return None
    try:
        return envelope.decrypt(bytes(rows[0]["sealed"]), CONTEXT) == _CONTENT
    except KeyUnavailable:
        return False


def has_probe(database: Database) -> bool:
    """Return whether a key is remembered. Raises what the database raises."""
    return bool(database.fetch("SELECT 1 AS one FROM key_probes"))


def seal_probe(database: Database, envelope: Envelope, now: datetime) -> None:
    """Remember the key by a probe, unless one is remembered."""
    sealed = envelope.encrypt(_CONTENT, CONTEXT)
    with database.transaction() as tx:
        tx.execute(
            "INSERT INTO key_probes (id, sealed, sealed_at) VALUES (1, %s, %s)"
            " ON CONFLICT DO NOTHING",
            [sealed, now],
        )


def forget_probe(tx: Transaction) -> None:
    """Forget which key it was: the next one that is used is the installation's."""
    tx.execute("DELETE FROM key_probes")


def sealed_probes(database: Database) -> Iterator[Sealed]:
    """Yield the probe, if there is one, for `heliograph.platform.reencryption`."""
    for row in database.fetch("SELECT sealed FROM key_probes"):
        old = bytes(row["sealed"])

        def replace(new: bytes, old: bytes = old) -> bool:
            with database.transaction() as tx:
                done = tx.execute("UPDATE key_probes SET sealed = %s WHERE sealed = %s", [new, old])
            return done.rowcount == 1

        yield Sealed("the probe of the key", old, CONTEXT, replace)
