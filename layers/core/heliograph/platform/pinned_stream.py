"""Connections of `platform.http`: to a checked address only, and never past the deadline.

Imported when the first request is sent, because httpcore is slow to import.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable

import httpcore

from heliograph.platform.addresses import Destination, connect_any

_CHUNK = 16 * 1024


class PinnedBackend(httpcore.NetworkBackend):
    """Connects to the addresses of a `Destination`, whatever name it is asked for.

    TLS still checks the certificate against the name, because httpcore hands that over itself.
    ``deadline`` is on `time.monotonic`'s clock and holds for connecting, sending and reading.
    """

    def __init__(self, destination: Destination, deadline: float) -> None:
        self._destination = destination
        self._deadline = deadline
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first checked address that answers."""

        def connect(address: str, share: float) -> httpcore.NetworkStream:
            try:
                return self._inner.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                raise OSError(str(error)) from error

        try:
            stream = connect_any(self._destination, connect, deadline=self._deadline)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        return _DeadlineStream(stream, self._deadline)


class _DeadlineStream(httpcore.NetworkStream):
    """A stream whose every operation may take what is left until the deadline.

    Timeouts alone would let a receiver that drips a byte now and then hold the sender for ever.
    """

    def __init__(self, inner: httpcore.NetworkStream, deadline: float) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._left(httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _CHUNK):
            self._inner.write(buffer[start : start + _CHUNK], self._left(httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = self._left(httpcore.ConnectTimeout)
        return _DeadlineStream(
            self._inner.start_tls(ssl_context, server_hostname, left), self._deadline
        )

    def get_extra_info(self, info: str) -> object:
        return self._inner.get_extra_info(info)

    def _left(self, timed_out: type[httpcore.TimeoutException]) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise timed_out("timed out")
        return left
