"""Where the parts of an installation on this machine are, found without starting or making any."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, urlsplit

from heliograph.kernel.errors import FileInvalid, LocalDatabaseError
from heliograph.local.node import DATABASE, OWNER
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
    the folder is none of `heliograph serve`.
    """
    if data_dir is None:
        return AppSettings(database=database_url, **QUEUES)
    folder = data_dir.resolve()
    key = folder / "key.json"
    if not key.is_file():
        raise FileInvalid(
            f"There is no installation in {data_dir}: it has no key.json.",
            hint=f"`heliograph serve --data-dir {data_dir}` makes one; a lost key.json comes back "
            "from the backup alone.",
        )
    return AppSettings(
        database=database_url or _embedded_url(folder),
        key=f"file://{quote(str(key))}",
        blobs=f"file://{quote(str(folder / 'blobs'))}",
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
