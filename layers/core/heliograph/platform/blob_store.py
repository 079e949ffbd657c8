"""Blobs by their key: results and exports, written once, read through short-lived links.

A blob is there whole or not at all, also when its writer is killed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol
from urllib.parse import parse_qs, quote, unquote, urlsplit

from heliograph.kernel.errors import BlobKeyInvalid, StorageUnavailable

MOST_KEY_LENGTH = 512

_SEGMENT = re.compile(r"[A-Za-z0-9._-]{1,200}")
_PREFIX = re.compile(r"[A-Za-z0-9._/-]*")
_UNSAFE = re.compile(r"[^A-Za-z0-9!#$&+.^_`|~ ()\[\],;=@{}'-]")
_PLAIN_VALUE = "!#$&+-.^_`|~"  # RFC 8187: what an extended value may hold as it is


class BlobStore(Protocol):
    """Blobs by their key. Threads may share it.

    A key is made of segments of A-Z, a-z, 0-9, ``.``, ``_`` and ``-``, separated by ``/``: at most
    512 characters, 200 a segment. Every method raises `BlobKeyInvalid` for another key, and may
    raise `StorageUnavailable`.
    """

    def put(self, key: str, data: bytes, *, content_type: str) -> None:
        """Write a blob, in place of what had the key."""
        ...

    def write(self, key: str, chunks: Iterable[bytes], *, content_type: str) -> None:
        """Write a blob of any length in constant memory, in place of what had the key.

        When ``chunks`` raises, or the process ends, what had the key before is still there.
        """
        ...

    def read(self, key: str) -> bytes | None:
        """Return a whole blob, None when there is none."""
        ...

    def read_range(self, key: str, start: int, length: int) -> bytes | None:
        """Return ``length`` bytes of a blob from byte ``start`` on, None when there is no blob.

        Where the blob ends earlier there are fewer, or none. Raises ValueError for a ``start``
        below 0 and a ``length`` below 1.
        """
        ...

    def delete(self, keys: Iterable[str]) -> None:
        """Remove blobs; those that do not exist are passed over."""
        ...

    def list(self, prefix: str = "") -> Iterator[str]:
        """Yield the keys that begin with ``prefix``, sorted by their characters."""
        ...

    def link(self, key: str, *, seconds: int, filename: str, content_type: str) -> str:
        """Return a URL that gives the blob to whoever has it, as a download called ``filename``.

        It ends after ``seconds``, or with the credentials that signed it. It is a secret.
        """
        ...

    def close(self) -> None:
        """Give back connections; the next use makes new ones."""
        ...


def open_blob_store(address: str, environment: Mapping[str, str]) -> BlobStore:
    """Return the store at an address: ``s3://bucket``, or ``file:///folder?links=URL``.

    ``links`` is where the folder's links lead: whoever serves `FolderBlobStore.open_linked` there.
    Opens nothing. Raises `StorageUnavailable` for an address of another form.
    """
    parts = urlsplit(address)
    if parts.scheme == "s3" and parts.netloc and parts.path in ("", "/"):
        from heliograph.platform.blob_store_s3 import S3BlobStore  # noqa: PLC0415

        return S3BlobStore(parts.netloc, environment)
    if parts.scheme == "file" and not parts.netloc and len(parts.path) > 1:
        from pathlib import Path  # noqa: PLC0415

        from heliograph.platform.blob_store_folder import FolderBlobStore  # noqa: PLC0415

        links = parse_qs(parts.query).get("links", [None])[-1]
        return FolderBlobStore(Path(unquote(parts.path)), links=links)
    raise StorageUnavailable(
        "The address of the blob store is neither s3://bucket nor file:///folder.",
        hint="docs/reference/settings.md lists the forms.",
    )


def require_key(key: str) -> str:
    """Return the key. Raises `BlobKeyInvalid` for one that not every store can keep."""
    segments = key.split("/")
    if len(key) > MOST_KEY_LENGTH or not all(map(_is_segment, segments)):
        raise BlobKeyInvalid(
            "The key of a blob is made of A-Z, a-z, 0-9, '.', '_' and '-' in segments that '/'"
            f" separates: at most {MOST_KEY_LENGTH} characters, 200 a segment, none '.' or '..'."
        )
    return key


def require_range(start: int, length: int) -> None:
    """Raise ValueError for a range that not every store can read."""
    if start < 0 or length < 1:
        raise ValueError("A range of a blob starts at 0 or later, and holds a byte at least.")


def require_prefix(prefix: str) -> str:
    """Return the prefix. Raises `BlobKeyInvalid` for one that no key can begin with."""
    *folders, _ = prefix.split("/")
    if (
        len(prefix) > MOST_KEY_LENGTH
        or not _PREFIX.fullmatch(prefix)
        or not all(map(_is_segment, folders))
    ):
        raise BlobKeyInvalid("No key of a blob begins like that.")
    return prefix


def content_disposition(filename: str) -> str:
    """Return the header that makes a download of this name (RFC 6266), whatever the name holds."""
    name = filename.replace("\\", "_").replace("/", "_").strip() or "download"
    plain = _UNSAFE.sub("_", name)
    header = f'attachment; filename="{plain}"'
    if plain != name:
        encoded = quote(name.encode("utf-8", "replace"), safe=_PLAIN_VALUE)
        header += f"; filename*=UTF-8''{encoded}"
    return header


def _is_segment(segment: str) -> bool:
    return _SEGMENT.fullmatch(segment) is not None and segment not in (".", "..")
