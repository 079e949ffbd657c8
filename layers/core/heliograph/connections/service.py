"""The public face of connections: open one, test one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from heliograph.connections.engines.contract import CheckStep, Session
from heliograph.connections.engines.registry import load_engine
from heliograph.connections.url import ConnectionUrl


@contextmanager
def open_session(url: ConnectionUrl, *, application_name: str = "heliograph") -> Iterator[Session]:
    """Connect, and on leaving cancel what still runs and close.

    Raises the `ConnectError` family.
    """
    session = load_engine().open(url, application_name=application_name)
    try:
        yield session
    finally:
        session.close()


def examine_connection(url: ConnectionUrl) -> Iterator[CheckStep]:
    """Yield the steps of a connection test as they are done; a failed one is the last."""
    return load_engine().examine(url)
