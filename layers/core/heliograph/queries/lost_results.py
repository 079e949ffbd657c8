"""Beginning with a new folder of blobs when the old one is lost for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heliograph.audit.service import record
from heliograph.kernel.actors import Actor
from heliograph.kernel.clock import Clock
from heliograph.platform.blob_folder_mark import forget_folder
from heliograph.queries import expiry_store

if TYPE_CHECKING:
    from heliograph.platform.database import Database


def forget_results(database: Database, clock: Clock, actor: Actor) -> int:
    """End the time of all kept rows and files, and forget whose folder they were in; return how
    many there were.

    The history stays: who looks at such a query is told that its rows are no longer kept.
    """
    now = clock.now()
    with database.transaction() as tx:
        count = expiry_store.expire_all(tx, now)
        forget_folder(tx)
        record(tx, actor, "results.forgotten", at=now, after={"count": count})
    return count
