"""The demo as the command line offers it: a server that outlives the command, with the shop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from heliograph.kernel.errors import DataFolderLocked
from heliograph.local.demo.shop import load_shop, shop_logins
from heliograph.local.node import serving_process
from heliograph.local.postgres_binaries import Binaries
from heliograph.local.postgres_folder import DataFolder
from heliograph.local.postgres_server import PostgresServer, ServerStatus

_FOLDER = "postgres"
_OTHER_STARTER_SECONDS = 120.0


@dataclass(frozen=True)
class DemoInfo:
    """A running demo. Both URLs hold passwords; ``reader_url`` may only read."""

    reader_url: str
    superuser_url: str
    status: ServerStatus


def start(
    data_dir: Path,
    *,
    say: Callable[[str], None] = lambda _: None,
    today: date | None = None,
    binaries: Binaries | None = None,
) -> DemoInfo:
    """Start the demo's server unless it runs already, and load or renew the shop.

    The server goes on after this process. ``data_dir`` is Heliograph's own folder; the database
    lies inside it. ``today`` is the present day in UTC unless given. Two starts at once are as good
    as one. Raises LocalDatabaseError or one of its classes.
    """
    server = PostgresServer(data_dir / _FOLDER, binaries=binaries)
    with DataFolder(data_dir / "demo").locked(wait_seconds=_OTHER_STARTER_SECONDS):
        was_running = server.status().is_running
        if not was_running:
            say(f"Starting PostgreSQL {server.status().version} in {server.data_dir} ...")
            server.start()
        try:
            logins = load_shop(server, today=today or datetime.now(UTC).date(), say=say)
        except BaseException:
            if not was_running:
                server.stop(mode="immediate")
            raise
        return DemoInfo(logins.reader_url, logins.superuser_url, server.status())


def stop(data_dir: Path, *, say: Callable[[str], None] = lambda _: None) -> bool:
    """Stop the demo's server, keep its data; return whether one was running.

    Raises `DataFolderLocked` while `heliograph serve` works with it.
    """
    if (holder := serving_process(data_dir)) is not None:
        raise DataFolderLocked(
            f"`heliograph serve` (process {holder}) is using this PostgreSQL.",
            hint="End it first: Ctrl-C, or `heliograph serve --stop`.",
        )
    server = PostgresServer(data_dir / _FOLDER)
    running = server.status()
    server.stop()
    if running.is_running:
        say(f"Stopped PostgreSQL (process {running.pid}); the data stays in {server.data_dir}.")
    return running.is_running


def status(data_dir: Path) -> ServerStatus:
    """Return whether the demo's server runs, and where. Changes nothing."""
    return PostgresServer(data_dir / _FOLDER).status()


def url(data_dir: Path, *, is_superuser: bool = False) -> str:
    """Return the URL of the running demo, that of the reader unless the superuser's is asked for.

    Raises LocalDatabaseError when the demo is not running.
    """
    logins = shop_logins(PostgresServer(data_dir / _FOLDER))
    return logins.superuser_url if is_superuser else logins.reader_url
