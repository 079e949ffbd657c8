"""Receivers on this machine that print what they are told: to see alerts without any account.

An HTTP receiver takes what Slack and webhooks would get, an SMTP receiver takes mail. Both listen
on 127.0.0.1 only and keep what comes in memory.
"""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

_LARGEST = 5 * 1024 * 1024


@dataclass(slots=True)
class Received:
    """What came in, in order."""

    posts: list[tuple[str, bytes]] = field(default_factory=list)  # path and body
    mails: list[EmailMessage] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Receivers:
    """Where to send to."""

    http_url: str
    smtp_url: str
    received: Received


@contextmanager
def listening() -> Iterator[Receivers]:
    """Listen on two free ports of 127.0.0.1 until left."""
    received = Received()
    http = type("Http", (_HttpHandler,), {"received": received})
    smtp = type("Smtp", (_SmtpHandler,), {"received": received})
    with (
        ThreadingHTTPServer(("127.0.0.1", 0), http) as http_server,
        _SmtpServer(("127.0.0.1", 0), smtp) as smtp_server,
    ):
        servers: list[socketserver.BaseServer] = [http_server, smtp_server]
        threads = [threading.Thread(target=server.serve_forever) for server in servers]
        for thread in threads:
            thread.start()
        try:
            yield Receivers(
                f"http://127.0.0.1:{http_server.server_address[1]}",
                f"smtp://127.0.0.1:{smtp_server.server_address[1]}",
                received,
            )
        finally:
            for server in servers:
                server.shutdown()
            for thread in threads:
                thread.join()


class _HttpHandler(BaseHTTPRequestHandler):
    received: ClassVar[Received]

    def do_POST(self) -> None:  # http.server's name
        size = min(int(self.headers.get("Content-Length") or 0), _LARGEST)
        self.received.posts.append((self.path, self.rfile.read(size)))
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Stay silent: what came in is shown whole, later."""


class _SmtpServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class _SmtpHandler(socketserver.StreamRequestHandler):
    """As much of RFC 5321 as a sender needs that neither logs in nor encrypts."""

    received: ClassVar[Received]
    timeout = 30

    def handle(self) -> None:
        self._answer("220 heliograph ESMTP")
        while line := self.rfile.readline(1_000):
            verb = line[:4].strip().upper()
            if verb == b"DATA":
                self._answer("354 go on")
                self._take_mail()
                self._answer("250 ok")
            elif verb == b"QUIT":
                self._answer("221 bye")
                return
            else:
                self._answer("250 ok")

    def _take_mail(self) -> None:
        lines: list[bytes] = []
        while (line := self.rfile.readline(_LARGEST)) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b".") else line)
        mail = message_from_bytes(b"".join(lines), policy=policy.default)
        self.received.mails.append(mail)

    def _answer(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")
