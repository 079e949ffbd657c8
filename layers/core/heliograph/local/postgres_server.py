"""The embedded PostgreSQL: one server in one data folder, started and stopped without a trace.

The server listens on 127.0.0.1 alone and lets nobody in without the password that lies beside its
data folder. It outlives the process that started it; any later process finds it again.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from heliograph.kernel.errors import ConnectError, DataFolderLocked, LocalDatabaseError
from heliograph.local.postgres_binaries import Binaries, find_binaries
from heliograph.local.postgres_folder import DataFolder, Postmaster, is_alive
from heliograph.local.postgres_identity import Identity, choose_identity, explain_launch_failure
from heliograph.platform import postgres

SUPERUSER = "postgres"

_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath}
_HBA = (
    "# Nobody without a password, nobody from elsewhere.\nhost all all 127.0.0.1/32 scram-sha-256\n"
)
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "shared_buffers": "64MB",
    "min_wal_size": "80MB",
    "max_wal_size": "512MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
}
_NOT_TO_CHANGE = ("listen_addresses", "unix_socket_directories", "port", "password_encryption")
_INITDB_SECONDS = 120
_START_SECONDS = 60
_STOP_SECONDS = 60
_POLL_SECONDS = 0.01
_PORT_ATTEMPTS = 5


@dataclass(frozen=True)
class ServerStatus:
    """What a look at the data folder tells. ``pid`` and ``port`` are None when nothing runs.

    ``version`` is that of the installed programs, such as ``18.6``.
    """

    is_running: bool
    pid: int | None
    port: int | None
    version: str
    data_dir: Path


class _PortTaken(Exception):
    """Another program took the port between our look and the server's bind."""


class PostgresServer:
    """One PostgreSQL in one data folder.

    ``port`` asks for a port and fails when it is taken; without it the port of the last start is
    kept when it is free. ``settings`` are PostgreSQL's own, for this start only. As a context
    manager it starts the server and stops it at the end.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        binaries: Binaries | None = None,
        port: int | None = None,
        settings: Mapping[str, str] | None = None,
        identity: Identity | None = None,
    ) -> None:
        self._folder = DataFolder(data_dir)
        self._binaries = binaries or find_binaries()
        self._port = port
        self._settings = {**_SETTINGS, **(settings or {})}
        if fixed := [name for name in settings or {} if name in _NOT_TO_CHANGE]:
            raise LocalDatabaseError(f"The setting {fixed[0]} of the embedded database is fixed.")
        self._identity = identity
        self._started_pid: int | None = None

    @property
    def data_dir(self) -> Path:
        """Return the data folder."""
        return self._folder.path

    @property
    def log_path(self) -> Path:
        """Return the file that the server writes its log to."""
        return self._folder.log_path

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the server, on first use make its data folder; return when it accepts logins.

        After a crash it recovers what was committed. Starting what this very object has started
        does nothing. Raises DataFolderLocked when another process uses the folder,
        DataFolderIncompatible when the folder is not one of ours or of another major version, and
        LocalDatabaseError, with the last lines of the log in its detail, when the start fails.
        """
        running = self._folder.postmaster()
        if running is not None and running.pid == self._started_pid:
            return
        self._folder.require_usable(self._binaries.major)
        with self._folder.locked() as lock_fd:
            if (running := self._folder.postmaster()) is not None:
                raise DataFolderLocked(
                    f"PostgreSQL (process {running.pid}), started by hand, is running in the data"
                    f" folder {self.data_dir}."
                )
            self._folder.require_usable(self._binaries.major)
            try:
                if not self._folder.exists:
                    self._make_data_folder(lock_fd)
                self._start_on_some_port(lock_fd)
            except OSError as error:
                raise LocalDatabaseError(
                    f"The embedded PostgreSQL could not be started: {error}."
                ) from error

    def stop(
        self, *, mode: Literal["fast", "immediate"] = "fast", patience_seconds: float = 30.0
    ) -> None:
        """Stop the server, whoever started it; return when it is gone. Does nothing when none runs.

        ``fast`` ends the sessions and writes everything out; ``immediate`` leaves that to the
        recovery at the next start, and is what follows when ``fast`` takes longer than
        ``patience_seconds``. Raises LocalDatabaseError when it does not go even then.
        """
        running = self._folder.postmaster()
        if running is None:
            return
        if mode == "fast":
            self._signal(running, signal.SIGINT)
        if mode == "immediate" or not _wait_for_end(running.pid, patience_seconds):
            self._signal(running, signal.SIGQUIT)
            if not _wait_for_end(running.pid, _STOP_SECONDS):
                raise LocalDatabaseError(
                    f"PostgreSQL (process {running.pid}) did not stop.",
                    detail=self.recent_log() or None,
                )
        self._started_pid = None

    def _signal(self, running: Postmaster, number: int) -> None:
        try:
            os.kill(running.pid, number)
        except ProcessLookupError:
            return
        except PermissionError as error:
            raise LocalDatabaseError(
                f"PostgreSQL (process {running.pid}) belongs to another user and cannot be stopped."
            ) from error

    def recent_log(self) -> str:
        """Return the last lines of the server's log."""
        return self._folder.log_since(0)

    def status(self) -> ServerStatus:
        """Return whether a server that accepts logins runs in the data folder, and where."""
        running = self._folder.postmaster()
        is_running = running is not None and running.is_ready
        return ServerStatus(
            is_running=is_running,
            pid=running.pid if running and is_running else None,
            port=running.port if running and is_running else None,
            version=self._binaries.version,
            data_dir=self.data_dir,
        )

    def started_by(self) -> int | None:
        """Return the process that has started the server, None when none runs."""
        return self._folder.starter() if self._folder.postmaster() is not None else None

    def await_settled(self, seconds: float = _START_SECONDS) -> ServerStatus:
        """Return the status once the server neither starts nor stops, or ``seconds`` are over."""
        deadline = time.monotonic() + seconds
        while (running := self._folder.postmaster()) is not None and not running.is_ready:
            if time.monotonic() > deadline:
                break
            time.sleep(_POLL_SECONDS)
        return self.status()

    def keep_port(self) -> None:
        """Insist at the next start on the port of now: others have been told of it."""
        self._port = self.status().port or self._port

    def url(self, database: str = "postgres") -> str:
        """Return the superuser's URL of ``database``; it holds the password.

        Raises LocalDatabaseError when the server is not running.
        """
        port = self.status().port
        if port is None:
            raise LocalDatabaseError(
                f"No PostgreSQL is running in {self.data_dir}.", hint="Start it first."
            )
        return f"postgresql://{SUPERUSER}:{self._folder.password()}@127.0.0.1:{port}/{database}"

    def _make_data_folder(self, lock_fd: int) -> None:
        identity = self._identity or choose_identity(None)
        with self._folder.new_sibling() as sibling:
            password_file = sibling / "password"
            password_file.write_text(self._folder.new_password() + "\n")
            password_file.chmod(0o600)
            identity.own_tree(sibling)
            made = sibling / "data"
            done = self._run_initdb(identity, made, password_file, lock_fd)
            if done.returncode != 0:
                raise self._initdb_failure(identity, done)
            (made / "pg_hba.conf").write_text(_HBA)
            made.replace(self.data_dir)

    def _run_initdb(
        self, identity: Identity, made: Path, password_file: Path, lock_fd: int
    ) -> subprocess.CompletedProcess[str]:
        program: list[str | Path] = [
            self._binaries.initdb,
            "--pgdata",
            made,
            f"--username={SUPERUSER}",
            "--auth=scram-sha-256",
            f"--pwfile={password_file}",
            "--encoding=UTF8",
            "--locale=C",
        ]
        if self._binaries.major >= 17:
            program += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if self._settings.get("fsync") == "off":
            program.append("--no-sync")
        return subprocess.run(  # noqa: S603
            identity.wrap(program, reach=[self._binaries.folder, self.data_dir.parent]),
            env=_ENVIRONMENT,
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_INITDB_SECONDS,
            pass_fds=(lock_fd,),
            check=False,
        )

    def _initdb_failure(
        self, identity: Identity, done: subprocess.CompletedProcess[str]
    ) -> LocalDatabaseError:
        said = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        if "No space left on device" in said:
            return LocalDatabaseError(
                f"The disk of {self.data_dir.parent} is full: no database could be made there.",
                hint="An empty database takes about 40 MB, the demo about 200 MB.",
                detail=said,
            )
        if not done.stdout:
            return explain_launch_failure(identity, done.returncode, done.stderr)
        return LocalDatabaseError("PostgreSQL could not make its data folder.", detail=said)

    def _start_on_some_port(self, lock_fd: int) -> None:
        identity = self._identity or choose_identity(self._folder.owner())
        if identity.kind == "user" and self._folder.owner() != identity.uid:
            identity.own_tree(self.data_dir)
        self._folder.forget_dead_postmaster()
        wanted = self._port or self._folder.last_port()
        for _ in range(_PORT_ATTEMPTS):
            port = wanted if wanted and (self._port or _is_free(wanted)) else _free_port()
            try:
                self._launch(identity, port, lock_fd)
            except _PortTaken:
                if self._port:
                    break
                wanted = None
                continue
            self._folder.port_path.write_text(f"{port}\n")
            return
        raise LocalDatabaseError(
            f"Another program listens on port {self._port} of 127.0.0.1."
            if self._port
            else "No free port was found on 127.0.0.1."
        )

    def _launch(self, identity: Identity, port: int, lock_fd: int) -> None:
        program: list[str | Path] = [self._binaries.postgres, "-D", self.data_dir, "-p", str(port)]
        for name, value in self._settings.items():
            program += ["-c", f"{name}={value}"]
        log_fd = self._folder.open_log()
        try:
            offset = os.fstat(log_fd).st_size
            launched = subprocess.run(  # noqa: S603
                identity.wrap(
                    program, reach=[self._binaries.folder, self.data_dir.parent], log_fd=log_fd
                ),
                env=_ENVIRONMENT,
                cwd="/",
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_START_SECONDS,
                pass_fds=(lock_fd, log_fd),
                check=False,
            )
        finally:
            os.close(log_fd)
        if launched.returncode != 0:
            raise explain_launch_failure(identity, launched.returncode, launched.stderr)
        pid = int(launched.stdout)
        try:
            self._await_logins(pid, offset)
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGQUIT)
            raise
        self._started_pid = pid

    def _await_logins(self, pid: int, log_offset: int) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while True:
            running = self._folder.postmaster()
            if running is not None and running.pid == pid and running.is_ready:
                return self._require_login(running, log_offset)
            if not is_alive(pid):
                said = self._folder.log_since(log_offset)
                if (
                    "could not create any TCP/IP sockets" in said
                    or "Address already in use" in said
                ):
                    raise _PortTaken
                raise LocalDatabaseError(
                    f"PostgreSQL did not start; its log {self.log_path} says why.",
                    detail=said or None,
                )
            if time.monotonic() > deadline:
                raise LocalDatabaseError(
                    f"PostgreSQL was not ready after {_START_SECONDS} s.",
                    hint="After a crash it may need longer to recover; try again.",
                    detail=self._folder.log_since(log_offset) or None,
                )
            time.sleep(_POLL_SECONDS)

    def _require_login(self, running: Postmaster, log_offset: int) -> None:
        try:
            with postgres.connect(self.url()):
                return
        except ConnectError as error:
            raise LocalDatabaseError(
                f"PostgreSQL (process {running.pid}) started but lets nobody in: {error.message}",
                hint=f"Does {self._folder.password_path} hold the password of this data folder?",
                detail=self._folder.log_since(log_offset) or None,
            ) from error


def _wait_for_end(pid: int, seconds: float) -> bool:
    """Tell whether the process ended within ``seconds``."""
    deadline = time.monotonic() + seconds
    while is_alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
