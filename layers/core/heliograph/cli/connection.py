"""Which database a command means."""

from __future__ import annotations

from argparse import Namespace
from datetime import timedelta

from heliograph.connections.url import ConnectionUrl, parse_connection_url
from heliograph.kernel.errors import UsageError
from heliograph.platform.settings import database_url, read_environment


def chosen_connection(options: Namespace) -> tuple[ConnectionUrl, timedelta | None]:
    """Return the URL and the statement timeout that the arguments or the environment name.

    ``--url`` and ``--connection`` come before ``HELIOGRAPH_DATABASE_URL``. Raises `UsageError`.
    """
    environment = read_environment()
    if options.connection is not None:
        if options.url is not None:
            raise UsageError("Give --url or --connection, not both.")
        if options.config is None:
            raise UsageError(
                "--connection needs --config FILE.", hint="The file lists connections by name."
            )
        from heliograph.connections.file import read_connection  # noqa: PLC0415

        named = read_connection(options.config, options.connection, environment)
        return named.url, named.statement_timeout
    if options.config is not None:
        raise UsageError("--config needs --connection NAME.")
    text = options.url if options.url is not None else database_url(environment)
    if not text:
        raise UsageError(
            "No database was named.",
            hint="Give --url postgresql://user@host/db, or set HELIOGRAPH_DATABASE_URL.",
        )
    return parse_connection_url(text), None
