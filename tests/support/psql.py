"""psql, the oracle: what PostgreSQL's own client prints of a value."""

from __future__ import annotations

import os
import subprocess

from heliograph.connections.url import parse_connection_url
from heliograph.local.postgres_binaries import find_binaries

_NULL = "\x01NULL\x01"
_SETTINGS = (
    "-c datestyle=ISO -c intervalstyle=postgres -c bytea_output=hex "
    "-c extra_float_digits=1 -c timezone=UTC"
)


def psql_rows(url: str, sql: str) -> list[list[str | None]]:
    """Return the rows that psql prints, None for NULL. Cells must not hold U+0002."""
    output = run_psql(url, sql, "-A", "-t", "-F", "\x02", "-0", "-P", f"null={_NULL}")
    return [
        [None if cell == _NULL else cell for cell in record.split("\x02")]
        for record in output.split("\0")[:-1]
    ]


def run_psql(url: str, sql: str, *options: str) -> str:
    """Run psql with these options and return what it prints; raises when it fails."""
    parsed = parse_connection_url(url).to_conninfo()
    environment = {
        **os.environ,
        "PGPASSWORD": str(parsed["password"]),
        "PGOPTIONS": _SETTINGS,
        "PGCLIENTENCODING": "UTF8",
    }
    command = [
        str(find_binaries().folder / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1",
        "-h", str(parsed["host"]), "-p", str(parsed["port"]), "-U", str(parsed["user"]),
        "-d", str(parsed["dbname"]), *options, "-f", "-",
    ]  # fmt: skip
    done = subprocess.run(
        command, input=sql.encode(), env=environment, capture_output=True, timeout=60, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr.decode())
    return done.stdout.decode()
