"""What a finished command left running on the server."""

from __future__ import annotations

import time

from heliograph.platform.postgres import connect


def backends(url: str) -> int:
    """Count the backends that are still there once they had time to go."""
    deadline = time.monotonic() + 10
    with connect(url) as connection:
        while True:
            found = connection.execute(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            ).fetchone()
            assert found is not None
            if not found[0] or time.monotonic() > deadline:
                return int(found[0])
