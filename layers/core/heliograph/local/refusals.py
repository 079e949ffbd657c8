"""What the gateway refuses, as lines of the log: enough to see what happens, never a flood."""

from __future__ import annotations

import time
from collections.abc import Callable

from heliograph.local.gateway import Told

_LINES_PER_SECOND = 20


class RefusalLog:
    """Called with each refusal, in the event loop; writes the first few of each second.

    The next line that is written tells how many were left out before it (``left_out``).
    """

    def __init__(
        self, write: Callable[..., None], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._write = write
        self._clock = clock
        self._second = -1
        self._lines = 0
        self._left_out = 0

    def __call__(self, told: Told) -> None:
        """Write a line, or count it."""
        second = int(self._clock())
        if second != self._second:
            self._second, self._lines = second, 0
        self._lines += 1
        if self._lines > _LINES_PER_SECOND:
            self._left_out += 1
            return
        left_out, self._left_out = self._left_out, 0
        self._write(
            "gateway.refused",
            method=told.method,
            path=told.path,
            status=told.status,
            code=told.code,
            ms=round(told.seconds * 1000, 1),
            request_id=told.request_id,
            left_out=left_out or None,
        )
