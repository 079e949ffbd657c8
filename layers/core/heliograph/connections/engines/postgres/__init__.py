"""PostgreSQL, versions 13 to 18."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from heliograph.connections.engines.contract import CheckStep, Session
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
