"""Where the parts of an installation on this machine are, found without starting or making any."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from heliograph.kernel.errors import FileInvalid, LocalDatabaseError, UsageError
from heliograph.local.node import DATABASE, OWNER
from heliograph.local.places import find_places
from heliograph.local.postgres_server import PostgresServer
from heliograph.platform.settings import AppSettings

QUEUES = {
    "schema_queue": "postgres:schema",
    "query_queue": "postgres:query",
    "export_queue": "postgres:export",
}
"""The queues of one machine, by the setting that is their address."""


def find_installation(data_dir: Path | None, database_url: str | None) -> AppSettings:
    """Return the settings of what `heliograph serve` runs with these two options.

    Without ``data_dir`` nothing is known of key and blobs. Without ``database_url`` it is the
    embedded PostgreSQL of the folder, and None when that is not running. Raises `FileInvalid` when
    the folder is none of `heliograph serve`, and `UsageError` when its app database is elsewhere
    and not named.
    """
    if data_dir is None:
        return AppSettings(database=database_url, **QUEUES)
    places, has_own_database = find_places(data_dir)
    has_server = (places.data_dir / "postgres").is_dir()
    if has_own_database is None and not has_server and not places.key_path.is_file():
        raise FileInvalid(
            f"There is no installation in {data_dir}: it has no key.json.",
            hint=f"`heliograph serve --data-dir {data_dir}` makes one; a lost key.json comes back "
            "from the backup alone.",
        )
    if has_own_database is False and database_url is None:
        raise UsageError(
            f"The app database of the node in {data_dir} is not in that folder.",
            hint="Give --database-url, as `heliograph serve` was given it.",
        )
    return AppSettings(
        database=database_url or _embedded_url(places.data_dir),
        key=places.key,
        blobs=places.blobs(),
        **QUEUES,
    )


def _embedded_url(folder: Path) -> str | None:
    server = PostgresServer(folder / "postgres")
    try:
        address = urlsplit(server.url()).netloc.rpartition("@")[2]
        password = (folder / f"postgres.{OWNER}").read_text().strip()
    except (LocalDatabaseError, OSError):
        return None
    return f"postgresql://{OWNER}:{password}@{address}/{DATABASE}"
