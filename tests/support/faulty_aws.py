"""AWS as it is on a bad day: a real HTTP server that hands requests on to moto, or does not.

Faults are what a client sees on its socket: refusals in the shape of the service, connections that
are reset, answers that get lost after the request took effect, bodies that break off.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from tests.support.moto_server import MotoServer

_HOP_BY_HOP = ("connection", "expect", "transfer-encoding", "keep-alive")
_STATUSES = {
    "SlowDown": 503,
    "ServiceUnavailable": 503,
    "InternalError": 500,
    "KMSInternalException": 500,
    "DependencyTimeoutException": 500,
    "AccessDenied": 403,
    "RequestTimeTooSkewed": 403,
    "NoSuchBucket": 404,
    "NoSuchUpload": 404,
}


class Loss(Enum):
    """How an exchange ends without an answer of the service."""

    RESET = "the connection is reset and nothing has taken effect"
    ANSWER = "what was asked takes effect, and the connection is reset before the answer"
    HALF = "the answer breaks off in the middle of its body"


@dataclass(frozen=True)
class Asked:
    """A request as it arrived; ``operation`` is what AWS calls it: ``PutObject``."""

    operation: str
    path: str
    query: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Fault:
    """What happens to requests of one operation: to ``times`` of them (None: for good).

    ``how`` is a code of AWS, a `Loss`, or the body of an answer of 200 that is none. ``where``
    chooses among the requests, the first ``after`` of which are let through.
    """

    operation: str
    how: str | bytes | Loss
    times: int | None = None
    where: Callable[[Asked], bool] = lambda _: True
    after: int = 0
    seen: int = field(default=0, init=False)

    def meets(self, asked: Asked) -> bool:
        """Say whether this request is one of those, counting it."""
        if asked.operation != self.operation or not self.where(asked):
            return False
        self.seen += 1
        last = None if self.times is None else self.after + self.times
        return self.seen > self.after and (last is None or self.seen <= last)


class FaultyAws:
    """A server at ``url`` before moto; ``environment`` leads the product there.

    ``asked`` are the requests so far, those that met a fault among them.
    """

    def __init__(self, moto: MotoServer) -> None:
        self.asked: list[Asked] = []
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        faulty, behind = self, urlsplit(moto.url)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                faulty._serve(self, behind.hostname or "", behind.port or 0)

            do_GET = do_PUT = do_DELETE = do_HEAD = do_POST  # noqa: N815

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Say nothing of connections that were reset on purpose."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.environment: Mapping[str, str] = {**moto.environment, "AWS_ENDPOINT_URL": self.url}

    def fail(self, operation: str, how: str | bytes | Loss, **what: Any) -> Fault:
        """Have requests fail from now on; see `Fault`. Returns it, to look at or to `mend`."""
        fault = Fault(operation, how, **what)
        with self._lock:
            self._faults.append(fault)
        return fault

    def mend(self, *faults: Fault) -> None:
        """Take back these faults, or all of them."""
        with self._lock:
            self._faults = [one for one in self._faults if faults and one not in faults]

    def count(self, operation: str) -> int:
        """Return how many requests of an operation have arrived."""
        with self._lock:
            return sum(one.operation == operation for one in self.asked)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(timeout=10)
        self._server.server_close()

    def _serve(self, handler: BaseHTTPRequestHandler, host: str, port: int) -> None:
        body = handler.rfile.read(int(handler.headers.get("content-length") or 0))
        parts = urlsplit(handler.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        operation = operation_of(handler.command, parts.path, query, handler.headers)
        asked = Asked(operation, parts.path, query, body)
        with self._lock:
            self.asked.append(asked)
            met = [fault for fault in self._faults if fault.meets(asked)]
        how = met[0].how if met else None
        if how is Loss.RESET:
            return _reset(handler)
        if isinstance(how, str):
            return _answer(handler, *_refusal(how, is_json="x-amz-target" in handler.headers))
        if isinstance(how, bytes):
            return _answer(handler, 200, {"Content-Type": "application/xml"}, how)
        status, headers, answer = _hand_on(handler, body, host, port)
        if how is Loss.ANSWER:
            return _reset(handler)
        return _answer(handler, status, headers, answer, is_half=how is Loss.HALF)


_OF_OBJECTS = {"PUT": "PutObject", "GET": "GetObject", "HEAD": "HeadObject"}


def operation_of(
    method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]
) -> str:
    """Return what AWS calls a request: by its target, or for S3 by method, path and query."""
    target = headers.get("x-amz-target")
    if target:
        return target.rpartition(".")[2]
    has_key = bool(path.strip("/").partition("/")[2])
    if "uploadId" in query:
        return {
            "PUT": "UploadPart",
            "POST": "CompleteMultipartUpload",
            "DELETE": "AbortMultipartUpload",
        }.get(method, "ListParts")
    if method == "POST":
        return "CreateMultipartUpload" if "uploads" in query else "DeleteObjects"
    if has_key:
        return _OF_OBJECTS.get(method, "DeleteObject")
    return "ListObjectsV2" if "list-type" in query else f"{method} bucket"


def _refusal(code: str, *, is_json: bool) -> tuple[int, Mapping[str, str], bytes]:
    """Return an answer as the service gives it; what it says names things nobody may be told."""
    said = f"{SECRET_WORDS} ({code})"
    status = _STATUSES.get(code, 400)
    if is_json:
        body = json.dumps({"__type": code, "message": said}).encode()
        return status, {"Content-Type": "application/x-amz-json-1.1"}, body
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f"<Error><Code>{code}</Code><Message>{said}</Message><RequestId>1</RequestId></Error>"
    )
    return status, {"Content-Type": "application/xml"}, text.encode()


SECRET_WORDS = "User arn:aws:sts::123456789012:assumed-role/quiet may not"
"""What refusals say: no answer and no log of the product repeats it."""


def _hand_on(
    handler: BaseHTTPRequestHandler, body: bytes, host: str, port: int
) -> tuple[int, Mapping[str, str], bytes]:
    connection = HTTPConnection(host, port, timeout=30)
    try:
        headers = {k: v for k, v in handler.headers.items() if k.lower() not in _HOP_BY_HOP}
        connection.request(handler.command, handler.path, body=body, headers=headers)
        answer = connection.getresponse()
        return answer.status, _end_to_end(answer.getheaders()), answer.read()
    finally:
        connection.close()


def _end_to_end(headers: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    return {name: value for name, value in headers if name.lower() not in _HOP_BY_HOP}


def _answer(
    handler: BaseHTTPRequestHandler,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    is_half: bool = False,
) -> None:
    handler.send_response_only(status)
    for name, value in headers.items():
        if name.lower() != "content-length" or handler.command == "HEAD":
            handler.send_header(name, value)
    if handler.command != "HEAD" and status != 204:
        handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    if handler.command != "HEAD":
        handler.wfile.write(body[: len(body) // 2] if is_half else body)
    if is_half:
        _reset(handler)


def _reset(handler: BaseHTTPRequestHandler) -> None:
    """End the connection as a host does that has lost it."""
    with suppress(OSError):
        handler.wfile.flush()
        linger = struct.pack("ii", 1, 0)  # a close sends RST and not FIN
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        handler.rfile.close()
        handler.connection.close()
    handler.close_connection = True
