"""Small servers that behave as a PostgreSQL should not, or as one does that cannot be had here.

Each behaviour is a function of one accepted socket; ``FakePostgres`` serves it until the ``with``
block ends. Every socket has a timeout, so that nothing outlives a test by more than seconds.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from types import TracebackType

Behaviour = Callable[[socket.socket], None]

SSL_REQUEST = 80877103
GSS_REQUEST = 80877104
_PATIENCE = 10.0


class FakePostgres:
    """Listen on a free port of 127.0.0.1 and give each connection to ``behaviour``."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.accepted = 0
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> FakePostgres:
        self._threads[0].start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for open_socket in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                open_socket.shutdown(socket.SHUT_RDWR)
            open_socket.close()
        for thread in self._threads:
            thread.join(_PATIENCE)

    def url(self, query: str = "", *, password: str = "secret", database: str = "db") -> str:
        """Return a URL that leads here."""
        return f"postgresql://reader:{password}@127.0.0.1:{self.port}/{database}{query}"

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            client.settimeout(_PATIENCE)
            self.accepted += 1
            self._open.append(client)
            thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError, EOFError):
            self._behaviour(client)


def never_answers(client: socket.socket) -> None:
    """Accept, read, and say nothing."""
    while client.recv(1024):
        pass


def closes_at_once(client: socket.socket) -> None:
    """Accept and hang up before a word is said."""


def says(answer: bytes) -> Behaviour:
    """Answer whatever comes first with these bytes, then hang up: HTTP, SSH ..."""

    def behave(client: socket.socket) -> None:
        client.recv(1024)
        client.sendall(answer)

    return behave


def refuses(sqlstate: str, message: str, *, asks_password: bool = False) -> Behaviour:
    """End the login with this error, after having asked for the password or before."""

    def behave(client: socket.socket) -> None:
        read_startup(client)
        if asks_password:
            client.sendall(b"R" + struct.pack("!II", 8, 3))
            client.recv(1024)
        fields = {"S": "FATAL", "V": "FATAL", "C": sqlstate, "M": message}
        body = b"".join(key.encode() + value.encode() + b"\0" for key, value in fields.items())
        client.sendall(b"E" + struct.pack("!I", len(body) + 5) + body + b"\0")

    return behave


def logs_in(server_version: str) -> Behaviour:
    """Let everybody in as a server of this version, and hang up at the first query."""

    def behave(client: socket.socket) -> None:
        read_startup(client)
        status = b"server_version\0" + server_version.encode() + b"\0"
        client.sendall(
            b"R" + struct.pack("!II", 8, 0)
            + b"S" + struct.pack("!I", len(status) + 4) + status
            + b"K" + struct.pack("!III", 12, 1, 1)
            + b"Z" + struct.pack("!I", 5) + b"I"
        )  # fmt: skip
        client.recv(1024)

    return behave


def read_startup(client: socket.socket) -> bytes:
    """Read the startup packet, having answered no to TLS and GSS."""
    while True:
        length, code = struct.unpack("!II", read_exactly(client, 8))
        if code not in (SSL_REQUEST, GSS_REQUEST):
            return read_exactly(client, length - 8)
        client.sendall(b"N")


def read_exactly(client: socket.socket, length: int) -> bytes:
    """Read this many bytes; EOFError when the other side hangs up first."""
    data = b""
    while len(data) < length:
        chunk = client.recv(length - len(data))
        if not chunk:
            raise EOFError
        data += chunk
    return data
