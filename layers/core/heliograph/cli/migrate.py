"""``heliograph migrate``: brings the app database to the version of this program."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from heliograph.cli.addresses import database_address
from heliograph.cli.environment import chosen_data_dir, chosen_database
from heliograph.cli.terminal import note
from heliograph.kernel.errors import UsageError
from heliograph.platform.settings import setting_name


def add_migrate(commands: Any, runs: Callable[[str], Any]) -> None:
    """Add the command's arguments."""
    parser: ArgumentParser = commands.add_parser(
        "migrate",
        help="bring the app database to this version",
        description="Apply the migrations that the app database lacks, and print them. "
        "`heliograph serve` does so itself when it starts.",
        allow_abbrev=False,
    )
    parser.set_defaults(run=runs("migrate"))
    place = parser.add_mutually_exclusive_group()
    place.add_argument(
        "--database-url",
        metavar="URL",
        type=database_address,
        help="postgresql://owner@host/heliograph, or the ARN of a secret that holds it"
        f" (or set {setting_name('database')})",
    )
    place.add_argument(
        "--data-dir", metavar="DIR", type=Path, help="the data folder of `heliograph serve`"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="print what would be applied and change nothing"
    )


def run(options: Namespace) -> int:
    """Print one line for each migration that was, or would be, applied."""
    address, data_dir = chosen_database(options), chosen_data_dir(options)
    if address is not None:
        from heliograph.platform.migrations import migrate  # noqa: PLC0415
        from heliograph.platform.secrets import read_database_url  # noqa: PLC0415

        url = read_database_url(address)
        titles = _pending_at(url) if options.dry_run else migrate(url)
    elif data_dir is not None:
        titles = _pending_in(data_dir) if options.dry_run else _migrate_in(data_dir)
    else:
        raise UsageError(
            "It is not said which app database is meant.",
            hint=f"Give --database-url or --data-dir, or set {setting_name('database')}.",
        )
    for title in titles:
        print(f"{'would apply' if options.dry_run else 'applied'} {title}")
    if not titles:
        note("nothing to apply: the app database has every migration of this version.")
    return 0


def _pending_at(url: str) -> list[str]:
    from heliograph.platform.database import Database  # noqa: PLC0415
    from heliograph.platform.migrations import find_pending  # noqa: PLC0415

    with closing(Database(url)) as database:
        return find_pending(database)


def _migrate_in(data_dir: Path) -> list[str]:
    """Migrate the database of a data folder, made if need be; its server runs only for that."""
    from heliograph.local.node import open_node  # noqa: PLC0415
    from heliograph.platform.database import Database  # noqa: PLC0415
    from heliograph.platform.migrations import find_applied  # noqa: PLC0415

    began = datetime.now(UTC)
    with open_node(data_dir, say=note) as node, closing(Database(node.database_url)) as database:
        return [applied.title for applied in find_applied(database) if applied.at >= began]


def _pending_in(data_dir: Path) -> list[str]:
    from heliograph.local.node import DATABASE  # noqa: PLC0415
    from heliograph.local.postgres_server import PostgresServer  # noqa: PLC0415
    from heliograph.platform.migrations import read_migrations  # noqa: PLC0415
    from heliograph.platform.postgres import connect  # noqa: PLC0415

    server = PostgresServer(data_dir / "postgres")
    if server.data_dir.is_dir():
        with _running(server):
            find = "SELECT 1 FROM pg_database WHERE datname = %s"
            with connect(server.url()) as connection:
                exists = connection.execute(find, [DATABASE]).fetchone() is not None
            if exists:
                return _pending_at(server.url(DATABASE))
    return [migration.title for migration in read_migrations()]


@contextmanager
def _running(server: Any) -> Iterator[None]:
    """Start the server unless it runs, and stop it afterwards if so."""
    was_running = server.status().is_running
    if not was_running:
        server.start()
    try:
        yield
    finally:
        if not was_running:
            server.stop()
