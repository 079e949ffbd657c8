"""Where a node keeps what all nodes of one app database share, and whether that belongs to it.

::

    KEPT/key.json      what protects secrets in the app database, unless a key file is named
    KEPT/blobs/        results and exports, and what signs links to them

KEPT is the shared folder, or the data folder of a node that is alone. Nothing here relies on locks
of files, which not every network's file system keeps: files are made whole, under their name, once.
"""

from __future__ import annotations

import json
import os
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from heliograph.kernel.clock import Clock, SystemClock
from heliograph.kernel.errors import (
    BlobsMismatched,
    KeyMismatched,
    KeyUnavailable,
    NodeRefused,
    UsageError,
)

if TYPE_CHECKING:
    from heliograph.platform.blob_store_folder import FolderBlobStore
    from heliograph.platform.database import Database

_FILE = "serve.places"
_MOST_CLOCK_SECONDS = 10.0  # a lease lasts 30 and is renewed each 10
_SHARED, _KEY, _DATABASE = "shared_dir", "key_file", "has_own_database"


@dataclass(frozen=True)
class Places:
    """The folders and files of one node; ``data_dir`` is its own. Paths are absolute."""

    data_dir: Path
    shared_dir: Path | None = None
    key_file: Path | None = None

    @classmethod
    def of(
        cls, data_dir: Path, shared_dir: Path | None = None, key_file: Path | None = None
    ) -> Places:
        """Return the places that options name. Raises `UsageError` for a folder that is none."""
        if shared_dir is not None and not shared_dir.is_dir():
            raise UsageError(
                f"There is no folder {shared_dir} to share.",
                hint="Mount the volume, or make the folder: it is never made by itself.",
            )
        given = (data_dir, shared_dir, key_file)
        # Not resolve(), which would follow links.
        return cls(*(None if path is None else Path(os.path.abspath(path)) for path in given))  # type: ignore[arg-type]  # noqa: PTH100

    @property
    def kept_dir(self) -> Path:
        """The folder that all nodes have in common."""
        return self.shared_dir or self.data_dir

    @property
    def key_path(self) -> Path:
        """The key file."""
        return self.key_file or self.kept_dir / "key.json"

    @property
    def blobs_path(self) -> Path:
        """The folder of blobs."""
        return self.kept_dir / "blobs"

    @property
    def key(self) -> str:
        """The address of the key file."""
        return f"file://{quote(str(self.key_path))}"

    def blobs(self, links: str | None = None) -> str:
        """Return the address of the blob store, whose links lead to ``links``."""
        query = f"?{urlencode({'links': links})}" if links else ""
        return f"file://{quote(str(self.blobs_path))}{query}"


def note_places(places: Places, *, has_own_database: bool) -> None:
    """Write down where the node of a data folder keeps things, for commands that know it alone."""
    told = {
        _SHARED: places.shared_dir and str(places.shared_dir),
        _KEY: places.key_file and str(places.key_file),
        _DATABASE: has_own_database,
    }
    with suppress(OSError):  # a convenience: nothing fails for want of it
        (places.data_dir / _FILE).write_text(json.dumps(told) + "\n", encoding="utf-8")


def find_places(data_dir: Path) -> tuple[Places, bool | None]:
    """Return the places of the node that was last served from a data folder.

    And whether its app database lies in the folder, too; None when none was served from it.
    """
    folder = data_dir.resolve()
    try:
        told = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        named = [told[name] and Path(told[name]) for name in (_SHARED, _KEY)]
        return Places(folder, *named), bool(told[_DATABASE])
    except (OSError, ValueError, KeyError, TypeError):
        return Places(folder), None


def join_installation(
    places: Places, database_url: str, *, is_alone: bool = False, clock: Clock | None = None
) -> None:
    """See that key and blobs belong to the app database; the first node makes what there is not.

    ``is_alone`` says that the app database is the node's own: the folder of blobs may then be a
    new one. Raises `KeyUnavailable`, `KeyMismatched`, `BlobsMismatched`, `NodeRefused` for a clock
    that is wrong, `StorageUnavailable`, and what the database raises.
    """
    from heliograph.platform.blob_store_folder import FolderBlobStore  # noqa: PLC0415
    from heliograph.platform.database import Database  # noqa: PLC0415

    with closing(Database(database_url)) as database:
        _compare_clocks((clock or SystemClock()).now(), database)
        _join_key(places.key_path, database)
        _join_blobs(FolderBlobStore(places.blobs_path), database, is_alone=is_alone)


def _compare_clocks(now: datetime, database: Database) -> None:
    """Refuse a clock by which the leases of other nodes would seem to be over, or endless."""
    seconds = (now - database.fetch("SELECT clock_timestamp() AS at")[0]["at"]).total_seconds()
    if abs(seconds) > _MOST_CLOCK_SECONDS:
        side = "ahead of" if seconds > 0 else "behind"
        raise NodeRefused(
            f"The clock of this machine is {abs(seconds):.0f} s {side} the app database's.",
            hint="Set both by NTP: nodes tell by their clocks who is still at work.",
        )


def _join_key(path: Path, database: Database) -> None:
    from heliograph.platform.envelope import Envelope  # noqa: PLC0415
    from heliograph.platform.key_probe import (  # noqa: PLC0415
        compare_key,
        examine_key,
        has_probe,
        seal_probe,
    )
    from heliograph.platform.keys_file import FileKeys, create_key_file  # noqa: PLC0415

    # In this order: where there is a probe, the file had been made before.
    if has_probe(database) and not path.exists():
        raise KeyUnavailable(
            f"There is no key file {path}, but the app database holds secrets that need one.",
            hint="Give this node the key file of the others, or the one from the backup. If it is "
            "lost for good, `heliograph admin forget-secrets` begins anew without it.",
        )
    create_key_file(path)
    envelope = Envelope(FileKeys(path))
    examine_key(envelope)
    seal_probe(database, envelope, SystemClock().now())
    if compare_key(database, envelope) is False:
        raise KeyMismatched(
            f"The key file {path} is another one than the secrets in the app database need.",
            hint="Give this node the key file of the others, or the one from the backup. If it is "
            "lost for good, `heliograph admin forget-secrets` begins anew without it.",
        )


def _join_blobs(blobs: FolderBlobStore, database: Database, *, is_alone: bool) -> None:
    from heliograph.platform.blob_folder_mark import compare_folder, mark_folder  # noqa: PLC0415

    is_same = compare_folder(database, blobs)
    if is_same is None or (is_alone and not is_same):
        mark_folder(database, blobs, SystemClock().now(), replaces=is_alone)
        is_same = compare_folder(database, blobs)
    if not is_same:
        raise BlobsMismatched(
            f"The folder {blobs.folder} is not the one that this app database's results are in.",
            hint="All nodes share one folder: is the volume mounted, and is it named by "
            "--shared-dir? If the old folder is gone for good, `heliograph admin forget-results` "
            "begins with a new one.",
        )
