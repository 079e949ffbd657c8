"""Small files that hold a secret: readable by their owner alone, and only ever complete."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path


def create_private_file(path: Path, data: bytes) -> bool:
    """Make a file that does not exist yet; return whether this call has made it.

    Of several processes at once one makes it, and nobody ever sees a part of it. Raises OSError.
    """
    own = _write_beside(path, data)
    try:
        os.link(own, path)
    except FileExistsError:
        return False
    finally:
        own.unlink(missing_ok=True)
    return True


def replace_private_file(path: Path, data: bytes) -> None:
    """Put a file in place of what is there, in one step. Raises OSError."""
    own = _write_beside(path, data)
    try:
        own.replace(path)
    finally:
        own.unlink(missing_ok=True)


def read_private_file(path: Path) -> bytes:
    """Return what a file holds. Raises OSError, a PermissionError when others may read it too."""
    with path.open("rb") as file:
        if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
            raise PermissionError(f"{path} may be read by others than its owner.")
        return file.read()


def _write_beside(path: Path, data: bytes) -> Path:
    own = path.with_name(f"{path.name}~{secrets.token_hex(8)}")
    descriptor = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
    except BaseException:
        own.unlink(missing_ok=True)
        raise
    return own
