"""Where results go: a file that appears whole or not at all, or standard output."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedWriter, FileIO
from pathlib import Path
from typing import BinaryIO

from heliograph.kernel.errors import OutputFailed, UsageError

_BUFFER_BYTES = 256 * 1024


@contextmanager
def open_output(path: Path) -> Iterator[BinaryIO]:
    """Write a file that takes its name only when it is complete and on disk.

    An existing file keeps its content until then, and its permissions after. Devices and pipes are
    written to directly. Raises `UsageError` for a place where no file can be made, `OutputFailed`
    when writing fails; nothing half-written stays behind.
    """
    mode = _mode_of(path)
    if mode is not None and not stat.S_ISREG(mode):
        if stat.S_ISDIR(mode):
            raise UsageError(f"{path} is a folder; --output needs the name of a file.")
        with _explained(path), path.open("wb", buffering=_BUFFER_BYTES) as out:
            yield out
        return
    target = Path(os.path.realpath(path))
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        out = part.open("xb", buffering=_BUFFER_BYTES)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from None
    try:
        with _explained(path), out:
            yield out
            out.flush()
            if mode is not None:
                os.fchmod(out.fileno(), stat.S_IMODE(mode))
            os.fsync(out.fileno())
        with _explained(path):
            part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


@contextmanager
def open_stdout(stdout: BinaryIO) -> Iterator[BinaryIO]:
    """Write to standard output, buffered. A closed pipe raises BrokenPipeError as it is.

    After an error what still waits in the buffer is not written: a short result that failed leaves
    nothing behind.
    """
    with _explained(Path("standard output")), FileIO(os.dup(stdout.fileno()), "wb") as file:
        out = BufferedWriter(file, _BUFFER_BYTES)
        try:
            yield out
            out.flush()
        finally:
            file.close()
            with suppress(ValueError):
                out.close()


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputFailed(
            f"Writing to {path} failed: {error.strerror or type(error).__name__}.",
            hint="Nothing was kept of the file." if path.name != "standard output" else None,
        ) from None


def _mode_of(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except OSError:
        return None
