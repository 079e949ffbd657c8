"""Warm connections for evaluations, by the name that the file gives them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import partial

from heliograph.connections.engines.contract import Session
from heliograph.connections.engines.registry import load_engine
from heliograph.connections.warm import WarmSessions
from heliograph.runner.file import ConnectionTarget

APPLICATION_NAME = "heliograph:alerts"


class SessionPool:
    """Sessions by the name of their connection. Threads may share it; a session they may not."""

    def __init__(self, connections: Mapping[str, ConnectionTarget]) -> None:
        self._connections = connections
        self._warm: WarmSessions[str] = WarmSessions()

    def borrow(self, name: str) -> AbstractContextManager[Session]:
        """Lend a session of the connection ``name``, warm when there is one.

        Raises the `ConnectError` family. A session that does not come back clean is closed.
        """
        return self._warm.borrow(name, partial(self._open, name))

    def interrupt(self) -> None:
        """End on the server whatever the borrowed sessions run."""
        self._warm.interrupt()

    def close(self) -> None:
        """Close every idle session; borrowed ones close when they come back."""
        self._warm.close()

    def _open(self, name: str) -> Session:
        url = self._connections[name].url
        return load_engine().open(url, application_name=APPLICATION_NAME)
