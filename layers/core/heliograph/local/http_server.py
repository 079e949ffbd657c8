"""The HTTP server: uvicorn with httptools, and limits on what a client may make it wait or hold.

uvicorn belongs to the extra ``local`` and is imported when a server is made.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any

from heliograph.kernel.errors import BinariesMissing, HeliographError, Overloaded, RequestInvalid

if TYPE_CHECKING:
    import uvicorn

Application = Callable[[Any, Any, Any], Awaitable[None]]
Renderer = Callable[[HeliographError], bytes]
"""Makes a whole HTTP response of an error, for those who never became a request."""

HEAD_SECONDS = 10.0
MOST_HEAD_BYTES = 64 * 1024
MOST_CONNECTIONS = 800
_REFUSED_SECONDS = 0.5
_BACKLOG = 2048  # how many may wait to be accepted, and how many are accepted at once
_FILES_WANTED = 4096
_FILES_KEPT = 160  # for databases, files that are sent, and what Python itself opens
_KEEP_ALIVE_SECONDS = 65  # longer than a proxy in front keeps its own: 60 is usual
_DRAIN_SECONDS = 25


def make_server(
    application: Application,
    render: Renderer,
    *,
    trusted_proxies: str | None = None,
    head_seconds: float = HEAD_SECONDS,
    most_connections: int = MOST_CONNECTIONS,
    backlog: int = _BACKLOG,
) -> uvicorn.Server:
    """Return a server for ``application`` that leaves signals to whoever runs it.

    ``X-Forwarded-For`` and ``-Proto`` are believed of ``trusted_proxies``: addresses and networks,
    separated by commas.
    """
    try:
        import uvicorn  # noqa: PLC0415
    except ImportError as error:
        raise BinariesMissing(
            "The HTTP server is not installed.", hint="pip install 'heliograph[local,server]'"
        ) from error

    class Server(uvicorn.Server):
        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    config = uvicorn.Config(
        application,
        http=_protocol(render, head_seconds, most_connections),
        loop="asyncio",
        lifespan="off",
        ws="none",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=trusted_proxies is not None,
        forwarded_allow_ips=trusted_proxies or "",
        server_header=False,
        backlog=backlog,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
    )
    return Server(config)


def make_room() -> tuple[int, int]:
    """Let this process open more files; return how many connections, and what backlog, that admits.

    With both a burst of connections never takes the last file away from handlers.
    """
    import resource  # noqa: PLC0415  # not on every system, and only here

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < _FILES_WANTED:
        wanted = _FILES_WANTED if hard == resource.RLIM_INFINITY else min(hard, _FILES_WANTED)
        with contextlib.suppress(OSError, ValueError):  # macOS admits less than it says
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return share_files(_FILES_WANTED if soft == resource.RLIM_INFINITY else soft)


def share_files(files: int) -> tuple[int, int]:
    """Return how many connections, and what backlog, a process that may open ``files`` takes."""
    room = max(files - _FILES_KEPT, files // 4)
    connections = min(MOST_CONNECTIONS, room // 2)
    return connections, min(_BACKLOG, room - connections)


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that has the address but does not listen yet. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio sends small answers at once (TCP_NODELAY).
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except BaseException:
        bound.close()
        raise
    return bound


def _protocol(render: Renderer, head_seconds: float, most: int) -> type[asyncio.Protocol]:
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol  # noqa: PLC0415

    limits = {"render": staticmethod(render), "head_seconds": head_seconds, "most": most}
    return type("Protocol", (_BoundedHead, HttpToolsProtocol), limits)


class _BoundedHead:
    """What is put before uvicorn's protocol: bounds on heads of requests and on connections."""

    render: Renderer
    head_seconds: float
    most: int
    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    connections: set[Any]
    cycle: Any

    _head_timer: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _is_refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)  # type: ignore[misc]
        if len(self.connections) > self.most:
            self._refuse(Overloaded("There are too many connections."))
        else:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_head()
        super().connection_lost(exc)  # type: ignore[misc]

    def eof_received(self) -> bool:
        """Answer who has said everything and still listens; return whether anything is to come."""
        if not self._is_answering() or self.cycle.more_body:
            return False
        self.cycle.keep_alive = False
        return True

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing() or self._is_refused:
            return
        self._head_bytes += len(data)
        super().data_received(data)  # type: ignore[misc]
        if self.transport.is_closing() or self._is_answering():
            self._head_bytes = 0
        elif self._head_bytes > MOST_HEAD_BYTES:
            self._refuse(RequestInvalid("The head of the request is too large."))
        elif self._head_timer is None:
            self._await_head()

    def on_headers_complete(self) -> None:
        self._forget_head()
        self._head_bytes = 0
        super().on_headers_complete()  # type: ignore[misc]

    def send_400_response(self, msg: str) -> None:
        self._refuse(RequestInvalid("This is not an HTTP request that can be understood."))

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(self.head_seconds, self._head_is_late)

    def _forget_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_is_late(self) -> None:
        self._head_timer = None
        if self._head_bytes:
            self._refuse(RequestInvalid("The head of the request did not arrive in time."))
        else:
            self.transport.close()

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _refuse(self, error: HeliographError) -> None:
        """Answer, and close a moment later: closing on what is unread takes the answer back."""
        if self.transport.is_closing() or self._is_refused:
            return
        self.transport.write(self.render(error))
        if self._is_answering() or len(self.connections) > self.most * 5 // 4:
            self.transport.close()
            return
        self._is_refused = True
        self.transport.write_eof()
        self._forget_head()
        self._head_timer = self.loop.call_later(_REFUSED_SECONDS, self.transport.close)
