"""Warm connections of one instance: borrowed by one thread, checked, reset, given back, closed.

No thread watches over them, because nothing runs between two requests where functions run: what has
waited too long is closed when somebody next comes, and the server closes it where nobody does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar
from uuid import UUID

from heliograph.connections.engines.contract import Session

KeyT = TypeVar("KeyT", bound=Hashable)

IDLE_TIME = timedelta(seconds=60)
"""How long a session waits for the next borrower. The server is told the same."""


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[KeyT]):
    key: KeyT
    since: float
    session: Session


class WarmSessions(Generic[KeyT]):
    """Sessions by key. Threads may share it; a session they may not.

    Of all keys together at most ``most_idle`` wait; the one that has waited longest goes first.
    """

    def __init__(
        self,
        *,
        most_idle: int = 8,
        idle_time: timedelta = IDLE_TIME,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most_idle = most_idle
        self._idle_seconds = idle_time.total_seconds()
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._idle: list[_Waiting[KeyT]] = []  # who has waited longest is first
        self._lent: dict[int, tuple[KeyT, Session]] = {}
        self._unwanted: set[int] = set()
        self._is_closed = False

    @contextmanager
    def borrow(self, key: KeyT, open_session: Callable[[], Session]) -> Iterator[Session]:
        """Lend a session of ``key``: a warm one that is still connected, or a new one.

        Raises what ``open_session`` raises. A session that does not come back clean is closed.
        """
        session = self._take(key) or open_session()
        with self._lock:
            self._lent[id(session)] = (key, session)
        is_clean = False
        try:
            yield session
        finally:
            try:
                is_clean = session.reset()
            finally:
                self._give_back(key, session, is_clean=is_clean)

    @property
    def idle_count(self) -> int:
        """How many sessions wait now."""
        with self._lock:
            return len(self._idle)

    def drop(self, is_unwanted: Callable[[KeyT], bool]) -> None:
        """Close the idle sessions of these keys now, and the borrowed ones when they come back."""
        with self._lock:
            dropped = [waiting for waiting in self._idle if is_unwanted(waiting.key)]
            self._idle = [waiting for waiting in self._idle if not is_unwanted(waiting.key)]
            self._unwanted |= {mark for mark, (key, _) in self._lent.items() if is_unwanted(key)}
        _close(dropped)

    def interrupt(self) -> None:
        """End on the server whatever the borrowed sessions run."""
        with self._lock:
            lent = [session for _, session in self._lent.values()]
        for session in lent:
            session.interrupt()

    def close(self) -> None:
        """Close every idle session; borrowed ones close when they come back."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
        _close(idle)

    def _take(self, key: KeyT) -> Session | None:
        """Return the session of ``key`` that was used last, having closed what is too old."""
        with self._lock:
            oldest = self._monotonic() - self._idle_seconds
            stale = [waiting for waiting in self._idle if waiting.since <= oldest]
            self._idle = [waiting for waiting in self._idle if waiting.since > oldest]
        _close(stale)
        while True:
            with self._lock:
                fitting = [waiting for waiting in self._idle if waiting.key == key]
                if not fitting:
                    return None
                self._idle.remove(fitting[-1])
            if fitting[-1].session.is_usable():
                return fitting[-1].session
            fitting[-1].session.close()

    def _give_back(self, key: KeyT, session: Session, *, is_clean: bool) -> None:
        surplus: list[_Waiting[KeyT]] = []
        with self._lock:
            del self._lent[id(session)]
            is_wanted = id(session) not in self._unwanted and not self._is_closed
            self._unwanted.discard(id(session))
            if is_clean and is_wanted:
                self._idle.append(_Waiting(key, self._monotonic(), session))
                surplus, self._idle = self._idle[: -self._most_idle], self._idle[-self._most_idle :]
        if not (is_clean and is_wanted):
            session.close()
        _close(surplus)


SHARED: WarmSessions[tuple[UUID, int]] = WarmSessions(most_idle=16)
"""The warm sessions of this process, by id and version of a saved connection.

All functions that run in one process share them, so that they do not end each other's to keep
below the number of connections that a database admits.
"""


def _close(sessions: list[_Waiting[KeyT]]) -> None:
    for waiting in sessions:
        waiting.session.close()
