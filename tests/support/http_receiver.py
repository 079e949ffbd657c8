"""A real HTTP server on 127.0.0.1 that records what it gets and fails on demand."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Answer:
    """What the receiver answers to one request.

    ``hangs`` never answers, ``closes`` hangs up without a word, ``drips`` sends a header byte every
    so many seconds, ``breaks_off`` promises a longer body than it sends.
    """

    status: int = 200
    body: bytes = b"ok"
    headers: Mapping[str, str] = field(default_factory=dict)
    hangs: bool = False
    closes: bool = False
    drips: float = 0.0
    breaks_off: bool = False


@dataclass(frozen=True)
class Received:
    """One request as it arrived; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class HttpReceiver:
    """Answers one after the other from ``answers`` (a status alone will do), then 200 for ever."""

    def __init__(
        self, answers: Iterable[int | Answer] = (), *, tls: ssl.SSLContext | None = None
    ) -> None:
        self.requests: list[Received] = []
        self.connections = 0
        self._answers = [a if isinstance(a, Answer) else Answer(a) for a in answers]
        self._arrived = threading.Condition()
        self._ended = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver._handle(self)

            do_GET = do_PUT = do_POST  # noqa: N815

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        class Server(ThreadingHTTPServer):
            def get_request(self) -> tuple[socket.socket, Any]:
                receiver.connections += 1
                return super().get_request()

            def finish_request(self, request: Any, client_address: Any) -> None:
                if tls is not None:  # in the connection's own thread: a handshake may hang
                    try:
                        request = tls.wrap_socket(request, server_side=True)
                    except (OSError, ssl.SSLError):
                        return
                with suppress(OSError):
                    super().finish_request(request, client_address)
                if tls is not None:
                    request.close()

        self._server = Server(("127.0.0.1", 0), Handler)
        self._scheme = "http" if tls is None else "https"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def url(self, path: str = "/hook", *, host: str = "127.0.0.1") -> str:
        return f"{self._scheme}://{host}:{self.port}{path}"

    def wait_for(self, count: int, timeout: float = 10.0) -> list[Received]:
        """Return the requests once there are ``count``; fail when they do not come."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.requests) >= count, timeout)
            return list(self.requests)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handle(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("content-length") or 0)
        body = handler.rfile.read(length)
        with self._arrived:
            headers = {name.lower(): value for name, value in handler.headers.items()}
            self.requests.append(Received(handler.command, handler.path, headers, body))
            answer = self._answers.pop(0) if self._answers else Answer()
            self._arrived.notify_all()
        if answer.hangs:
            self._ended.wait(30)
        elif answer.drips:
            self._drip(handler, answer.drips)
        elif not answer.closes:
            _answer(handler, answer)
        handler.close_connection = True

    def _drip(self, handler: BaseHTTPRequestHandler, seconds: float) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        ends_at = time.monotonic() + 30
        while not self._ended.wait(seconds) and time.monotonic() < ends_at:
            handler.wfile.write(b"x")


def _answer(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    handler.send_response(answer.status)
    for name, value in answer.headers.items():
        handler.send_header(name, value)
    length = len(answer.body) + (100 if answer.breaks_off else 0)
    handler.send_header("Content-Length", str(length))
    handler.end_headers()
    handler.wfile.write(answer.body)
