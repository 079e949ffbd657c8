"""Keys in a file, for an installation without KMS.

The file is JSON, readable by its owner alone: ``{"keys": [{"id", "created_at", "key"}]}``, the
newest last. The newest wraps; all unwrap, so none is ever taken out: a backup of the database from
before a rotation needs them. A copy of the file belongs into the backup, kept apart from the
database's: without it, the secrets in the database are lost.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from heliograph.kernel.clock import Clock, SystemClock
from heliograph.kernel.errors import KeyUnavailable
from heliograph.platform.keys import DATA_KEY_BYTES, DataKey, context_bytes
from heliograph.platform.private_files import (
    create_private_file,
    read_private_file,
    replace_private_file,
)

_ID_BYTES = 8
_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class _Key:
    id: bytes
    key: bytes = field(repr=False)


def create_key_file(path: Path, *, clock: Clock | None = None) -> bool:
    """Make a key file with one key unless there is one; return whether this call has made it.

    Of several processes at once one makes it. Raises `KeyUnavailable` when it cannot be written.
    """
    if path.exists():
        return False
    now = (clock or SystemClock()).now()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return create_private_file(path, _encode([_new_entry(now)]))
    except OSError as error:
        raise _unusable(path, error) from error


def rotate_key_file(path: Path, *, clock: Clock | None = None) -> None:
    """Add a key, which wraps from now on; who has the file open notices.

    Of several processes at once each adds one, and none takes another's away. Raises
    `KeyUnavailable`.
    """
    now = (clock or SystemClock()).now()
    try:
        with _folder_locked(path):
            entries = _read_entries(path)
            replace_private_file(path, _encode([*entries, _new_entry(now)]))
    except OSError as error:
        raise _unusable(path, error) from error


class FileKeys:
    """The keys of one file, read when first used and again whenever it was replaced.

    With ``newest_only`` nothing is unwrapped that an older key has wrapped.
    """

    def __init__(self, path: Path, *, newest_only: bool = False) -> None:
        self._path = path
        self._newest_only = newest_only
        self._lock = threading.Lock()
        self._keys: dict[bytes, _Key] = {}
        self._version: tuple[int, int] | None = None

    def generate(self, context: Mapping[str, str]) -> DataKey:
        """Return a new data key that belongs to ``context``, wrapped by the newest key."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

        newest = [*self._read().values()][-1]
        plain, nonce = secrets.token_bytes(DATA_KEY_BYTES), secrets.token_bytes(_NONCE_BYTES)
        sealed = AESGCM(newest.key).encrypt(nonce, plain, context_bytes(context))
        return DataKey(plain, newest.id + nonce + sealed)

    def unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        """Return the data key as it was generated, for the same context only."""
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

        key = self._read().get(wrapped[:_ID_BYTES])
        if key is None:
            raise KeyUnavailable(
                "A secret was wrapped by a key that the key file does not hold.",
                hint="Bring the key file back that belongs to this database.",
            )
        rest = wrapped[_ID_BYTES:]
        try:
            return AESGCM(key.key).decrypt(
                rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], context_bytes(context)
            )
        except (InvalidTag, ValueError):
            raise KeyUnavailable(
                "A secret cannot be unwrapped: it belongs elsewhere, or was changed."
            ) from None

    def _read(self) -> dict[bytes, _Key]:
        try:
            found = self._path.stat()
        except OSError as error:
            raise _unusable(self._path, error) from None
        version = (found.st_ino, found.st_mtime_ns)
        with self._lock:
            if version != self._version:
                keys = [_decode(self._path, entry) for entry in _read_entries(self._path)]
                if self._newest_only:
                    keys = keys[-1:]
                self._keys = {key.id: key for key in keys}
                self._version = version
            return self._keys


@contextmanager
def _folder_locked(path: Path) -> Iterator[None]:
    """Keep others out who lock the file's folder, too: the file itself is about to be replaced."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _new_entry(now: datetime) -> dict[str, str]:
    return {
        "id": secrets.token_hex(_ID_BYTES),
        "created_at": now.isoformat(),
        "key": b64encode(secrets.token_bytes(DATA_KEY_BYTES)).decode(),
    }


def _encode(entries: list[dict[str, Any]]) -> bytes:
    return json.dumps({"keys": entries}, indent=2).encode() + b"\n"


def _read_entries(path: Path) -> list[dict[str, Any]]:
    try:
        entries = json.loads(read_private_file(path))["keys"]
    except OSError as error:
        raise _unusable(path, error) from None
    except (ValueError, KeyError, TypeError):
        entries = None
    if not isinstance(entries, list) or not entries:
        raise _not_a_key_file(path)
    return entries


def _decode(path: Path, entry: Any) -> _Key:
    try:
        key = _Key(bytes.fromhex(entry["id"]), b64decode(entry["key"], validate=True))
    except (ValueError, KeyError, TypeError):
        raise _not_a_key_file(path) from None
    if len(key.id) != _ID_BYTES or len(key.key) != DATA_KEY_BYTES:
        raise _not_a_key_file(path)
    return key


def _not_a_key_file(path: Path) -> KeyUnavailable:
    return KeyUnavailable(f"{path} is not a key file.", hint="Bring it back from the backup.")


def _unusable(path: Path, error: OSError) -> KeyUnavailable:
    if isinstance(error, FileNotFoundError):
        hint = (
            "`heliograph serve` makes one on its first start; later, bring it back from a backup."
        )
        return KeyUnavailable(f"There is no key file {path}.", hint=hint)
    if error.errno is None:  # our own: others may read it
        return KeyUnavailable(
            f"The key file {path} may be read by others than its owner.",
            hint=f"chmod 600 {path}; if somebody may have read it, make new secrets.",
        )
    return KeyUnavailable(f"The key file {path} cannot be used: {error.strerror}.")
