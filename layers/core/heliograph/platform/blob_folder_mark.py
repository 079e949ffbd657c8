"""Whether a folder of blobs is the one that belongs to the app database."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heliograph.platform.blob_store_folder import FolderBlobStore
    from heliograph.platform.database import Database, Transaction


def compare_folder(database: Database, blobs: FolderBlobStore) -> bool | None:
    """Return whether a folder is the installation's; None before there is one. Writes nothing.

    Raises `StorageUnavailable`, and what the database raises.
    """
    rows = database.fetch("SELECT mark FROM blob_folders")
    return rows[0]["mark"] == blobs.find_mark() if rows else None


def mark_folder(
    database: Database, blobs: FolderBlobStore, now: datetime, *, replaces: bool = False
) -> None:
    """Remember a folder as the installation's, unless one is remembered, or in its place.

    Of several nodes that do so at once, the first wins. Raises as `compare_folder` does.
    """
    with database.transaction() as tx:
        if replaces:
            forget_folder(tx)
        tx.execute(
            "INSERT INTO blob_folders (id, mark, marked_at) VALUES (1, %s, %s)"
            " ON CONFLICT DO NOTHING",
            [blobs.make_mark(), now],
        )


def forget_folder(tx: Transaction) -> None:
    """Forget which folder it was: the next one that is used is the installation's."""
    tx.execute("DELETE FROM blob_folders")
