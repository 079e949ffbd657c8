"""Who is let in: places for requests that run, a small waiting room, and a rate for each address.

All of it lives in the event loop: nothing here is shared between threads.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable

from heliograph.kernel.errors import Overloaded, RateLimited

_MOST_ADDRESSES = 10_000


class Places:
    """At most ``most`` run, at most ``waiting`` wait, nobody for longer than ``wait_seconds``."""

    def __init__(self, most: int, *, waiting: int, wait_seconds: float = 5.0) -> None:
        self._free = most
        self._most_waiting = waiting
        self._wait_seconds = wait_seconds
        self._queue: deque[asyncio.Future[None]] = deque()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._queue)

    async def enter(self) -> None:
        """Take a place. Raises `Overloaded`: at once when nobody may wait, or after the wait."""
        if self._free:
            self._free -= 1
            return
        if len(self._queue) >= self._most_waiting:
            raise Overloaded("All places are taken.", hint="Try again in a moment.")
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            async with asyncio.timeout(self._wait_seconds):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self.leave()  # it was called up in the very moment that it gave up
            elif turn in self._queue:
                self._queue.remove(turn)
            if isinstance(error, TimeoutError):
                raise Overloaded(
                    "No place became free in time.", retry_after=self._wait_seconds
                ) from None
            raise

    def leave(self) -> None:
        """Give a place back: to the one who has waited longest."""
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


class Rates:
    """A token bucket for each address: ``per_second`` on average, ``burst`` at once.

    0 per second means no limit. Of many addresses the longest silent ones are forgotten.
    """

    def __init__(
        self, per_second: float, burst: int, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_second = per_second
        self._burst = float(burst)
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, address: str) -> None:
        """Count one request. Raises `RateLimited` with the time until the next would pass."""
        if not self._per_second:
            return
        now = self._clock()
        tokens, since = self._buckets.pop(address, (self._burst, now))
        tokens = min(self._burst, tokens + (now - since) * self._per_second)
        if tokens < 1:
            self._buckets[address] = (tokens, now)
            raise RateLimited(
                "Too many requests from this address.",
                retry_after=(1 - tokens) / self._per_second,
            )
        self._buckets[address] = (tokens - 1, now)
        while len(self._buckets) > _MOST_ADDRESSES:
            self._buckets.popitem(last=False)
