"""What one machine keeps: the data folder of ``heliograph serve``, and its PostgreSQL.

::

    DATA_DIR/serve.lock             held by the process that serves from this folder
    DATA_DIR/postgres/              the embedded PostgreSQL, which `heliograph demo` knows too
    DATA_DIR/postgres.heliograph    the password of the app database's owner
    DATA_DIR/serve.postgres         the process that started the server for us, to stop it again
    DATA_DIR/serve.address          where it answers on this machine, while it does
    DATA_DIR/serve.places           where key and blobs are, for commands that know the folder alone
    DATA_DIR/key.json, blobs/       see `places`: they may be elsewhere, shared with other nodes
"""

from __future__ import annotations

import os
import secrets
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from heliograph.kernel.errors import DataFolderLocked, HeliographError, LocalDatabaseError
from heliograph.local.postgres_folder import DataFolder, is_alive, write_private
from heliograph.local.postgres_server import PostgresServer
from heliograph.platform import postgres

DATABASE = "heliograph"
OWNER = "heliograph"
_FOLDER = "postgres"
_LOCK_WAIT_SECONDS = 2.0
_STOP_WAIT_SECONDS = 70.0  # what runs is finished, then PostgreSQL stops
_WATCH_SECONDS = 2.0


@dataclass(frozen=True)
class Node:
    """An open data folder. ``server`` is None where the app database is somewhere else."""

    data_dir: Path
    database_url: str
    server: PostgresServer | None


@contextmanager
def open_node(
    data_dir: Path, database_url: str | None = None, *, say: Callable[[str], None] = lambda _: None
) -> Iterator[Node]:
    """Yield the node of a data folder, made if need be, with its database migrated.

    The embedded PostgreSQL is stopped at the end if `heliograph serve` has started it. Raises
    `DataFolderLocked` while another process serves from the folder, and what the database raises.
    """
    from heliograph.platform.migrations import migrate  # noqa: PLC0415

    say = _heard_or_not(say)
    folder = Path(os.path.abspath(data_dir))  # noqa: PTH100  (resolve() would follow links)
    with _locked(folder):
        if database_url is not None:
            for title in migrate(database_url):
                say(f"applied the migration {title}")
            yield Node(folder, database_url, None)
            return
        server = PostgresServer(folder / _FOLDER)
        mark = folder / "serve.postgres"
        try:
            _start(server, mark, say)
            url = _app_database(server)
            migrate(url)
            with _watched(server, mark, say):
                yield Node(folder, url, server)
        finally:
            if _is_ours(server, mark):
                server.stop()
                mark.unlink(missing_ok=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    try:
        with DataFolder(folder / "serve").locked(wait_seconds=_LOCK_WAIT_SECONDS):
            yield
    except DataFolderLocked as error:
        holder = serving_process(folder)
        if holder is None:
            raise
        raise DataFolderLocked(
            f"Another `heliograph serve` (process {holder}) is using the data folder {folder}.",
            hint="Use that one, end it with `heliograph serve --stop`, or give another --data-dir.",
        ) from error


def serving_process(data_dir: Path) -> int | None:
    """Return the process that serves from a data folder, None when there is none."""
    lock = data_dir / "serve.lock"
    try:
        pid = int(lock.read_text())
    except (OSError, ValueError):
        return None
    folder = DataFolder(data_dir / "serve")
    try:
        with folder.locked(wait_seconds=0):
            return None
    except DataFolderLocked:
        return pid


def stop_serving(data_dir: Path) -> int | None:
    """Ask the process that serves from a data folder to end; return its id once it has ended.

    None when there was none. Raises LocalDatabaseError when it goes on.
    """
    pid = serving_process(data_dir)
    if pid is None:
        return None
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    ends_at = time.monotonic() + _STOP_WAIT_SECONDS
    while is_alive(pid):
        if time.monotonic() > ends_at:
            raise LocalDatabaseError(f"`heliograph serve` (process {pid}) does not end.")
        time.sleep(0.05)
    return pid


def _heard_or_not(say: Callable[[str], None]) -> Callable[[str], None]:
    """Return ``say`` that goes on when whoever listened has gone."""

    def said(text: str) -> None:
        with suppress(OSError, ValueError):
            say(text)

    return said


def _start(server: PostgresServer, mark: Path, say: Callable[[str], None]) -> None:
    """Start the server unless it runs. One that is just starting or stopping is waited for."""
    status = server.await_settled()
    if status.is_running:
        return
    say(f"starting PostgreSQL {status.version} in {server.data_dir}")
    try:
        # Before: whoever is killed in the middle of the start leaves a server that has an owner.
        mark.write_text(f"{os.getpid()}\n")
    except OSError as error:
        raise LocalDatabaseError(f"{mark} cannot be written: {error.strerror}.") from error
    server.start()


def _is_ours(server: PostgresServer, mark: Path) -> bool:
    """Say whether `heliograph serve` has started the server that runs: this one or a killed one."""
    try:
        return int(mark.read_text()) == server.started_by()
    except (OSError, ValueError):
        return False


@contextmanager
def _watched(server: PostgresServer, mark: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Start the server again, on its port, should it end while the block runs."""
    ending = threading.Event()
    is_ours = _is_ours(server, mark)

    def watch() -> None:
        while not ending.wait(_WATCH_SECONDS):
            try:
                if not server.status().is_running:
                    _start(server, mark, say)
            except Exception as error:  # noqa: BLE001  # the edge: it tries again, whatever it was
                why = error.message if isinstance(error, HeliographError) else type(error).__name__
                say(f"PostgreSQL has ended and does not start again: {why}")

    watcher = threading.Thread(target=watch, name="postgres-watch", daemon=True)
    server.keep_port()
    if is_ours:
        watcher.start()
    try:
        yield
    finally:
        ending.set()
        if is_ours:
            watcher.join()


def _app_database(server: PostgresServer) -> str:
    """Return the URL of the app database, with the login that owns it; make both if need be."""
    path = server.data_dir.with_name(f"{server.data_dir.name}.{OWNER}")
    with postgres.connect(server.url()) as admin:
        find = "SELECT 1 FROM pg_roles WHERE rolname = %s"
        has_owner = admin.execute(find, [OWNER]).fetchone() is not None
        if not has_owner or not path.is_file():
            if not has_owner:
                admin.execute(f"CREATE ROLE {OWNER} LOGIN".encode())
            password = secrets.token_urlsafe(24)
            postgres.set_password(admin, OWNER, password)
            write_private(path, password + "\n")
        find = "SELECT 1 FROM pg_database WHERE datname = %s"
        if admin.execute(find, [DATABASE]).fetchone() is None:
            admin.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER} TEMPLATE template0".encode())
        admin.execute(f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC".encode())
    address = urlsplit(server.url()).netloc.rpartition("@")[2]
    return f"postgresql://{OWNER}:{path.read_text().strip()}@{address}/{DATABASE}"
