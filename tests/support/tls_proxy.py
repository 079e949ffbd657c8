"""A proxy in front of a PostgreSQL: speaks TLS for it, and can cut, freeze, slow or refuse.

The embedded server is built without TLS. Here the client's SSLRequest is answered, the connection
wrapped with a certificate made for the occasion, and everything passed on in the clear.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import ssl
import struct
import threading
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit, urlunsplit

import trustme
from tests.support.fake_postgres import SSL_REQUEST, read_exactly

_PATIENCE = 10.0
_TICK = 0.05


class TlsProxy:
    """Forward connections on a free port of 127.0.0.1 (and of ::1) to the server in ``url``.

    ``answer`` is what an SSLRequest gets: ``S`` and then TLS, or ``N``. ``host_names`` stand in
    the certificate. ``upstream_bytes`` counts what came from the server since the start.
    """

    def __init__(
        self, url: str, *, answer: str = "S", host_names: tuple[str, ...] = ("localhost",)
    ) -> None:
        parts = urlsplit(url)
        self._upstream = (parts.hostname or "127.0.0.1", parts.port or 5432)
        self._parts = parts
        self._answer = answer.encode()
        self._authority = trustme.CA()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(*host_names).configure_cert(self._context)
        self._listeners = [socket.create_server(("127.0.0.1", 0), reuse_port=True)]
        self.port: int = self._listeners[0].getsockname()[1]
        self._holder: socket.socket | None = None
        with contextlib.suppress(OSError):  # no IPv6 on this machine
            self._listeners.append(socket.create_server(("::1", self.port), family=socket.AF_INET6))
        self.has_ipv6 = len(self._listeners) == 2
        self._stopping = threading.Event()
        self._flowing = threading.Event()
        self._flowing.set()
        self._passed = threading.Condition()
        self._delay = 0.0
        self._cut_at: int | None = None
        self._is_cut_rude = False
        self.upstream_bytes = 0
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []

    def __enter__(self) -> TlsProxy:
        for listener in self._listeners:
            self._start(self._accept, listener)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._flowing.set()
        for one in (*self._listeners, *self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        if self._holder is not None:
            self._holder.close()
        for thread in self._threads:
            thread.join(_PATIENCE)

    def url(self, query: str = "", *, host: str = "localhost") -> str:
        """Return the server's URL with this proxy in its place; ``query`` is like ``sslmode=x``."""
        login = self._parts.netloc.rpartition("@")[0]
        return urlunsplit(self._parts._replace(netloc=f"{login}@{host}:{self.port}", query=query))

    def write_authority(self, folder: Path) -> Path:
        """Write the certificate of the authority that signed the proxy's, for ``sslrootcert``."""
        path = folder / "authority.pem"
        self._authority.cert_pem.write_to_path(path)
        return path

    def cut_after(self, count: int, *, rudely: bool = False) -> None:
        """End every connection once ``count`` more bytes came from the server.

        Politely is a FIN in the middle of the data, rudely a reset.
        """
        self._is_cut_rude = rudely
        self._cut_at = self.upstream_bytes + count

    def refuse(self) -> None:
        """End every connection and refuse new ones, as a server that was stopped; `restore` it."""
        self._holder = _bound(self.port)  # the port stays ours meanwhile
        for one in (*self._listeners, *self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._listeners.clear()
        self._open.clear()

    def restore(self) -> None:
        """Take back `cut_after` and `refuse`: whoever connects now is forwarded."""
        self._cut_at = None
        if self._holder is not None:
            listener = _bound(self.port)
            listener.listen()
            self._listeners.append(listener)
            self._start(self._accept, listener)
            self._holder.close()
            self._holder = None

    def freeze(self) -> None:
        """Forward nothing any more, with every connection left open; ``thaw`` ends it."""
        self._flowing.clear()

    def thaw(self) -> None:
        """Forward again what has piled up."""
        self._flowing.set()

    def delay(self, seconds: float) -> None:
        """Wait this long before each piece is forwarded, in both directions."""
        self._delay = seconds

    def wait_for_bytes(self, count: int, *, timeout: float = _PATIENCE) -> bool:
        """Wait until at least ``count`` bytes came from the server since the start."""
        with self._passed:
            return self._passed.wait_for(lambda: self.upstream_bytes >= count, timeout)

    def _start(self, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while not self._stopping.is_set():
            try:
                client, _ = listener.accept()
            except OSError:
                return
            client.settimeout(_PATIENCE)
            self._open.append(client)
            self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        upstream = socket.create_connection(self._upstream, timeout=_PATIENCE)
        self._open.append(upstream)
        with contextlib.suppress(OSError, EOFError), upstream:
            try:
                first = self._negotiate(client)
                if isinstance(first, ssl.SSLSocket):
                    client, first = first, b""
                    self._open.append(client)
                upstream.sendall(first)
                self._forward(client, upstream)
            finally:
                client.close()

    def _negotiate(self, client: socket.socket) -> bytes | ssl.SSLSocket:
        """Return the wrapped client, or the first bytes of one that does without TLS."""
        while True:
            first = read_exactly(client, 8)
            if first != struct.pack("!II", 8, SSL_REQUEST):
                return first
            client.sendall(self._answer)
            if self._answer == b"S":
                return self._context.wrap_socket(client, server_side=True)

    def _forward(self, client: socket.socket, upstream: socket.socket) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(client, selectors.EVENT_READ, upstream)
            selector.register(upstream, selectors.EVENT_READ, client)
            while not self._stopping.is_set():
                for key, _ in selector.select(_TICK):
                    source = key.fileobj
                    assert isinstance(source, socket.socket)
                    if not self._pass_on(source, key.data, is_answer=source is upstream):
                        return

    def _pass_on(self, source: socket.socket, sink: socket.socket, *, is_answer: bool) -> bool:
        data = source.recv(65536)
        while isinstance(source, ssl.SSLSocket) and source.pending():
            data += source.recv(65536)
        while not self._flowing.wait(_TICK):
            pass
        if self._delay and self._stopping.wait(self._delay):
            return False
        if not is_answer:
            sink.sendall(data)
            return bool(data)
        allowed = len(data)
        if self._cut_at is not None:
            allowed = max(0, min(allowed, self._cut_at - self.upstream_bytes))
        sink.sendall(data[:allowed])
        with self._passed:
            self.upstream_bytes += allowed
            self._passed.notify_all()
        if self._cut_at is not None and self.upstream_bytes >= self._cut_at:
            self._cut(sink)
            return False
        return bool(data)

    def _cut(self, client: socket.socket) -> None:
        if self._is_cut_rude:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()


def _bound(port: int) -> socket.socket:
    """Return a socket that has a port of 127.0.0.1, beside another one, and does not listen yet."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.bind(("127.0.0.1", port))
    return made
