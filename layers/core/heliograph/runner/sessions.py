"""Warm connections for evaluations: borrowed, reset, given back, not kept for long."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from heliograph.connections.engines.contract import Session
from heliograph.connections.engines.registry import load_engine
from heliograph.runner.file import ConnectionTarget

_IDLE_SECONDS = 30.0
_MOST_IDLE = 8
APPLICATION_NAME = "heliograph:alerts"


class SessionPool:
    """Sessions by the name of their connection. Threads may share it; a session they may not."""

    def __init__(self, connections: Mapping[str, ConnectionTarget]) -> None:
        self._connections = connections
        self._idle: dict[str, list[tuple[float, Session]]] = defaultdict(list)
        self._lock = threading.Lock()
        self._is_closed = False
        self._lent: set[Session] = set()

    @contextmanager
    def borrow(self, name: str) -> Iterator[Session]:
        """Lend a session of the connection ``name``, warm when there is one.

        Raises the `ConnectError` family. A session that does not come back clean is closed.
        """
        session = self._take(name) or self._open(name)
        with self._lock:
            self._lent.add(session)
        try:
            yield session
        finally:
            with self._lock:
                self._lent.discard(session)
            if session.reset():
                self._give_back(name, session)

    def interrupt(self) -> None:
        """End on the server whatever the borrowed sessions run."""
        with self._lock:
            lent = list(self._lent)
        for session in lent:
            session.interrupt()

    def close(self) -> None:
        """Close every idle session; borrowed ones close when they come back."""
        with self._lock:
            self._is_closed = True
            idle = [session for waiting in self._idle.values() for _, session in waiting]
            self._idle.clear()
        for session in idle:
            session.close()

    def _open(self, name: str) -> Session:
        url = self._connections[name].url
        return load_engine().open(url, application_name=APPLICATION_NAME)

    def _take(self, name: str) -> Session | None:
        while True:
            with self._lock:
                waiting = self._idle[name]
                if not waiting:
                    return None
                since, session = waiting.pop()
            if time.monotonic() - since < _IDLE_SECONDS and session.is_usable():
                return session
            session.close()

    def _give_back(self, name: str, session: Session) -> None:
        with self._lock:
            waiting = self._idle[name]
            if not self._is_closed and len(waiting) < _MOST_IDLE:
                waiting.append((time.monotonic(), session))
                return
        session.close()
