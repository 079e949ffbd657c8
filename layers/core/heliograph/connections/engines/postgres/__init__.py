"""PostgreSQL, versions 13 to 18."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import timedelta

from heliograph.connections.engines.contract import CANCEL_TIME, CheckStep, Session
from heliograph.connections.engines.schema_shapes import DatabaseSchema
from heliograph.connections.url import ConnectionUrl


class PostgresEngine:
    """Speaks to PostgreSQL; see `heliograph.connections.engines.contract.Engine`."""

    def open(self, url: ConnectionUrl, *, application_name: str) -> Session:
        """Connect and return a session."""
        from heliograph.connections.engines.postgres.connect import open_connection  # noqa: PLC0415
        from heliograph.connections.engines.postgres.session import (  # noqa: PLC0415
            PostgresSession,
        )

        return PostgresSession(open_connection(url, application_name=application_name))

    def cancel(self, url: ConnectionUrl, run_id: str, *, within: timedelta = CANCEL_TIME) -> int:
        """End a run on the server, found by its name."""
        from heliograph.connections.engines.postgres.cancel import cancel_run  # noqa: PLC0415

        return cancel_run(url, run_id, within=within)

    def terminate(
        self,
        url: ConnectionUrl,
        runs: str | Collection[str],
        *,
        within: timedelta = CANCEL_TIME,
    ) -> int:
        """Close connections on the server, found by their names."""
        from heliograph.connections.engines.postgres.cancel import terminate_runs  # noqa: PLC0415

        return terminate_runs(url, runs, within=within)

    def end_idle(
        self, url: ConnectionUrl, names: str, *, most: int, within: timedelta = CANCEL_TIME
    ) -> int:
        """Close warm sessions that run nothing now."""
        from heliograph.connections.engines.postgres.cancel import end_idle  # noqa: PLC0415

        return end_idle(url, names, most=most, within=within)

    def examine(
        self, url: ConnectionUrl, *, within: timedelta | None = None
    ) -> Iterator[CheckStep]:
        """Yield the steps of a connection test."""
        from heliograph.connections.engines.postgres.doctor import examine  # noqa: PLC0415

        return examine(url, within=within)

    def read_schema(
        self, url: ConnectionUrl, *, application_name: str, timeout: timedelta
    ) -> DatabaseSchema:
        """Return what the role may see in the database."""
        from heliograph.connections.engines.postgres.schema import read_schema  # noqa: PLC0415

        return read_schema(url, application_name=application_name, timeout=timeout)
