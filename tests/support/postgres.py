"""The PostgreSQL that all workers of a test session share."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from heliograph.kernel.errors import LocalDatabaseError
from heliograph.local.postgres_binaries import Binaries
from heliograph.local.postgres_server import PostgresServer
from heliograph.platform import postgres

TEST_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "autovacuum": "off",  # plans and statistics stay as the tests made them
}


class SharedServer:
    """One server for several processes: the first user starts it, the last one removes it.

    Users are named by process id and start time, so one that was killed does not count.
    """

    def __init__(self, folder: Path, *, binaries: Binaries | None = None) -> None:
        self._folder = folder
        self._users = folder / "users"
        self.server_dir = folder / "data"
        self._binaries = binaries

    @contextmanager
    def in_use(self) -> Iterator[PostgresServer]:
        me = self._users / process_name(os.getpid())
        with self.locked():
            self._users.mkdir(exist_ok=True)
            me.touch()
            server = PostgresServer(
                self.server_dir, binaries=self._binaries, settings=TEST_SETTINGS
            )
            if not server.status().is_running:
                server.start()
        try:
            yield server
        finally:
            me.unlink(missing_ok=True)
            self.remove_if_unused()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let one process at a time set something up on the server."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def remove_if_unused(self) -> None:
        with self.locked():
            if self._users.is_dir() and any(map(is_user_alive, self._users.iterdir())):
                return
            with contextlib.suppress(LocalDatabaseError):
                server = PostgresServer(self.server_dir, binaries=self._binaries)
                server.stop(mode="immediate")
            for path in self._folder.iterdir():
                if path.name != "lock":
                    shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()


def remove_leftovers(temporary_root: Path, pattern: str) -> None:
    """Remove the servers of sessions that were killed; ``pattern`` finds their folders."""
    for folder in temporary_root.glob(pattern):
        if (folder / "users").is_dir():
            SharedServer(folder).remove_if_unused()


@contextmanager
def fresh_database(server_url: Callable[[str], str]) -> Iterator[str]:
    """Yield the URL of a new empty database, dropped afterwards with its sessions."""
    name = f"test_{secrets.token_hex(6)}"
    with postgres.connect(server_url("postgres")) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0'.encode())
    try:
        yield server_url(name)
    finally:
        with postgres.connect(server_url("postgres")) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def process_name(pid: int) -> str:
    """Return a name that no later process with the same id has."""
    return f"{pid}-{psutil.Process(pid).create_time():.2f}"


def is_user_alive(user: Path) -> bool:
    """Whether the process after which this file is named still runs."""
    try:
        return process_name(int(user.name.partition("-")[0])) == user.name
    except psutil.NoSuchProcess:
        return False
