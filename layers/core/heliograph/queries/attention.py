"""Says in the blob store until when somebody has to look after queries, each minute.

A database that nobody asks anything may sleep, and each look would wake it. So whoever begins or
queues work says beforehand, in a blob, that the coming minutes are worth a look; while work goes on
it is said again. It may be said in vain, and is then a look too many. It is never taken back.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from heliograph.kernel.clock import Clock
from heliograph.kernel.errors import PlatformError
from heliograph.platform.log import log

if TYPE_CHECKING:
    from heliograph.platform.blob_store import BlobStore

KEY = "activity/queries"

_LASTS = timedelta(minutes=20)
_SAY_AGAIN_AFTER = timedelta(minutes=4)


class Attention:
    """Asks for looks, and says whether one was asked for. Threads may share it."""

    def __init__(self, blobs: Callable[[], BlobStore], clock: Clock) -> None:
        self._blobs = blobs
        self._clock = clock
        self._said_at: datetime | None = None

    def ask(self) -> None:
        """Ask for a look in each of the coming minutes; costs something every few minutes only.

        Raises nothing: without it, work that is lost is found by the hourly look.
        """
        now = self._clock.now()
        if self._said_at is not None and now < self._said_at + _SAY_AGAIN_AFTER:
            return
        try:
            text = (now + _LASTS).isoformat().encode()
            self._blobs().put(KEY, text, content_type="text/plain; charset=utf-8")
        except PlatformError as error:
            log("attention.failed", code=error.code)
        else:
            self._said_at = now

    def is_asked_for(self) -> bool:
        """Say whether somebody has asked for a look now. Raises `StorageUnavailable`."""
        found = self._blobs().read(KEY)
        if found is None:
            return False
        with suppress(ValueError):
            return self._clock.now() < datetime.fromisoformat(found.decode())
        return True  # what cannot be read may have been an earlier, or a later, version's
