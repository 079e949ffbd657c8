"""Blobs in a folder, for an installation without S3.

::

    FOLDER/exports~/2026~/a.csv    the blob exports/2026/a.csv
    FOLDER/~writing/               blobs that are being written; renamed when they are whole
    FOLDER/~links                  what signs links, readable by its owner alone

No key holds a ``~``: so one may be what another begins with, and none reaches our own files.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from io import FileIO
from pathlib import Path
from urllib.parse import urlencode

from heliograph.kernel.clock import Clock, SystemClock
from heliograph.kernel.errors import BlobKeyInvalid, LinkInvalid, StorageUnavailable
from heliograph.platform.blob_store import (
    content_disposition,
    require_key,
    require_prefix,
    require_range,
)
from heliograph.platform.private_files import create_private_file, read_private_file

LINKS_PATH = "/blobs/"

_WRITING = "~writing"
_SECRET = "~links"  # noqa: S105  # a file's name
_ABANDONED_SECONDS = timedelta(days=1).total_seconds()
_RENAME_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class LinkedBlob:
    """What a link leads to: a file, and the headers to send it with."""

    path: Path
    size: int
    headers: Mapping[str, str]


class FolderBlobStore:
    """Blobs in one folder, which is made when it is first written to.

    ``links`` is the URL that links begin with. Symbolic links in the folder are refused.
    """

    def __init__(
        self, folder: Path, *, links: str | None = None, clock: Clock | None = None
    ) -> None:
        self.folder = folder
        self._links = links.rstrip("/") if links else None
        self._clock: Clock = clock or SystemClock()
        self._secret: bytes | None = None
        self._is_prepared = False

    def put(self, key: str, data: bytes, *, content_type: str) -> None:
        """Write a blob. Its type is told by the links to it."""
        self.write(key, [data], content_type=content_type)

    def write(self, key: str, chunks: Iterable[bytes], *, content_type: str) -> None:
        """Write a blob to a file of its own, which takes the key's place when it is whole."""
        require_key(key)
        with _explained():
            writing = self._prepare() / secrets.token_hex(16)
            # What a blob holds came out of somebody's database: for its owner alone.
            descriptor = os.open(writing, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            file = os.fdopen(descriptor, "wb")
        try:
            with file:
                for chunk in chunks:
                    with _explained():
                        file.write(chunk)
                with _explained():
                    file.flush()
                    os.fsync(file.fileno())
            with _explained():
                self._move(writing, key)
        except BaseException:
            writing.unlink(missing_ok=True)
            raise

    def read(self, key: str) -> bytes | None:
        """Return a whole blob, None when there is none."""
        path = self._path(key)
        with _explained():
            try:
                return path.read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                return None

    def read_range(self, key: str, start: int, length: int) -> bytes | None:
        """Return a part of a blob, None when there is no blob."""
        path = self._path(key)
        require_range(start, length)
        with _explained():
            try:
                with path.open("rb", buffering=0) as file:
                    file.seek(start)
                    return _read_exactly(file, length)
            except (FileNotFoundError, NotADirectoryError):
                return None

    def delete(self, keys: Iterable[str]) -> None:
        """Remove blobs, and the folders that become empty."""
        for key in keys:
            path = self._path(key)
            with _explained(), suppress(FileNotFoundError, NotADirectoryError):
                path.unlink()
                with suppress(OSError):  # not empty, or gone already
                    for parent in path.parents:
                        if parent == self.folder:
                            break
                        parent.rmdir()

    def list(self, prefix: str = "") -> Iterator[str]:
        """Yield the keys that begin with ``prefix``; memory grows with the largest folder."""
        folders, _, _ = require_prefix(prefix).rpartition("/")
        start = self.folder.joinpath(*(f"{name}~" for name in folders.split("/") if name))
        for key in _walk(start, f"{folders}/" if folders else ""):
            if key.startswith(prefix):
                yield key

    def link(self, key: str, *, seconds: int, filename: str, content_type: str) -> str:
        """Return a URL that `open_linked` honours until it expires."""
        require_key(key)
        if self._links is None:
            raise StorageUnavailable(
                "The address of the blob store does not say where its links lead.",
                hint="Write it as file:///folder?links=http://127.0.0.1:8000",
            )
        expires = int(self._clock.now().timestamp()) + seconds
        query = {"expires": str(expires), "name": filename, "type": content_type}
        query["signature"] = self._sign(key, query)
        return f"{self._links}{LINKS_PATH}{key}?{urlencode(query)}"

    def open_linked(self, path: str, query: Mapping[str, str]) -> LinkedBlob:
        """Return what a link leads to, from the path and the decoded query string of its URL.

        Raises `LinkInvalid` for a link that has expired, was changed or never made by us, and
        where the blob is gone.
        """
        _, _, key = path.partition(LINKS_PATH)
        try:
            file = self._path(key)
            signature = self._sign(key, query).encode()
            expires = int(query["expires"])
        except (BlobKeyInvalid, KeyError, ValueError):
            raise LinkInvalid("This link is not complete.") from None
        if not hmac.compare_digest(
            query.get("signature", "").encode("utf-8", "replace"), signature
        ):
            raise LinkInvalid("This link was changed, or is not from here.")
        if self._clock.now().timestamp() >= expires:
            raise LinkInvalid("This link has expired.", hint="Ask for a new one.")
        try:
            size = file.stat().st_size
        except OSError:
            raise LinkInvalid("What this link led to is gone.", hint="Ask for a new one.") from None
        return LinkedBlob(file, size, _headers(query, size))

    def make_mark(self) -> str:
        """Return what tells this folder from every other; it is no secret. Made if need be.

        Who shares it signs the same links. Raises `StorageUnavailable`.
        """
        return sha256(b"heliograph folder " + self._link_secret()).hexdigest()

    def find_mark(self) -> str | None:
        """Return what `make_mark` has made, None for a folder that has none. Writes nothing."""
        with _explained():
            has_mark = (self.folder / _SECRET).exists()
        return self.make_mark() if has_mark else None

    def close(self) -> None:
        """Do nothing: no file is kept open."""

    def _path(self, key: str) -> Path:
        *folders, name = require_key(key).split("/")
        path = self.folder.joinpath(*(f"{folder}~" for folder in folders), name)
        real = os.path.realpath(self.folder)
        if os.path.realpath(path) != os.path.join(real, path.relative_to(self.folder)):  # noqa: PTH118
            raise BlobKeyInvalid("The key of a blob leads out of its folder.")
        return path

    def _move(self, writing: Path, key: str) -> None:
        path = self._path(key)
        for attempt in range(1, _RENAME_ATTEMPTS + 1):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                writing.replace(path)
            except FileNotFoundError:  # somebody has removed the empty folder in between
                if attempt == _RENAME_ATTEMPTS:
                    raise
            else:
                return

    def _prepare(self) -> Path:
        """Make the folder; on the first use, clear away what killed writers have left."""
        writing = self.folder / _WRITING
        if not self._is_prepared:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            writing.mkdir(exist_ok=True, mode=0o700)
            for file in writing.iterdir():
                with suppress(FileNotFoundError):
                    if file.stat().st_mtime < time.time() - _ABANDONED_SECONDS:
                        file.unlink()
            self._is_prepared = True
        return writing

    def _sign(self, key: str, query: Mapping[str, str]) -> str:
        signed = json.dumps([key, query["expires"], query["name"], query["type"]])
        return hmac.new(self._link_secret(), signed.encode(), sha256).hexdigest()

    def _link_secret(self) -> bytes:
        if self._secret is None:
            path = self.folder / _SECRET
            with _explained():
                self._prepare()
                if not path.exists():
                    create_private_file(path, secrets.token_hex(32).encode())
                self._secret = read_private_file(path)
        return self._secret


def _read_exactly(file: FileIO, length: int) -> bytes:
    """Return that many bytes, fewer only where the file ends."""
    data = file.read(length)
    while data and len(data) < length and (more := file.read(length - len(data))):
        data += more
    return data


def _walk(folder: Path, prefix: str) -> Iterator[str]:
    """Yield the keys of blobs in and under a folder, sorted as whole keys are."""
    found: list[tuple[str, Path | None]] = []
    with _explained():
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.startswith("~"):
                        continue
                    if entry.is_file(follow_symlinks=False):
                        found.append((entry.name, None))
                    elif entry.is_dir(follow_symlinks=False):
                        found.append((f"{entry.name[:-1]}/", Path(entry.path)))
        except (FileNotFoundError, NotADirectoryError):
            return
    for name, inner in sorted(found):
        if inner is None:
            yield prefix + name
        else:
            yield from _walk(inner, prefix + name)


def _headers(query: Mapping[str, str], size: int) -> dict[str, str]:
    # What a person has typed into a table is not to run as a page of ours.
    content_type = query["type"]
    is_plain = content_type.isascii() and content_type.isprintable()
    return {
        "content-type": content_type if is_plain else "application/octet-stream",
        "content-length": str(size),
        "content-disposition": content_disposition(query["name"]),
        "content-security-policy": "sandbox; default-src 'none'",
        "x-content-type-options": "nosniff",
        "cache-control": "private, no-store",
    }


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageUnavailable(
            f"The folder of blobs cannot be used: {error.strerror or 'refused'}.",
            hint="Check that its disk has room, and that it belongs to who runs Heliograph.",
        ) from error
