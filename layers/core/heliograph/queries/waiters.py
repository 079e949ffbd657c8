"""Counting who waits for an answer, so that waiting keeps nobody from being served."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

_MOST_WAITERS = 8
_MOST_WAITERS_EACH = 4


class Waiters:
    """Counts who waits in this instance. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_user: Counter[UUID] = Counter()
        self._total = 0

    @contextmanager
    def one_more(self, user_id: UUID) -> Iterator[bool]:
        """Count somebody in while they wait; say whether that is one too many."""
        with self._lock:
            self._by_user[user_id] += 1
            self._total += 1
            is_many = self._by_user[user_id] > _MOST_WAITERS_EACH or self._total > _MOST_WAITERS
        try:
            yield is_many
        finally:
            with self._lock:
                self._total -= 1
                self._by_user[user_id] -= 1
                if not self._by_user[user_id]:
                    del self._by_user[user_id]
