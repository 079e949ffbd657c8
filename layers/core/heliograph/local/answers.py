"""What goes back over HTTP: a handler's answer, checked, or an error in its one shape."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from heliograph.kernel.errors import HandlerFailed, HeliographError

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_UNFIT_VALUE = re.compile(r"[^\t\x20-\x7e\x80-\xff]")
_ALWAYS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_HOP_BY_HOP = {"connection", "content-length", "keep-alive", "transfer-encoding", "upgrade"}


@dataclass(slots=True)
class Answer:
    """A response. ``path`` is a file of ``size`` bytes to send as the body instead of ``body``."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes = b""
    path: Path | None = None
    size: int = 0
    is_last: bool = False
    """Whether the connection is closed afterwards."""

    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """Return the headers as they go over the wire, with the length of the body."""
        found = [
            (name.lower().encode("ascii"), value.encode("latin-1"))
            for name, value in self.headers
            if name.lower() not in _HOP_BY_HOP
        ]
        if self.is_last:
            found.append((b"connection", b"close"))
        if self.status in (204, 304):
            return found
        length = self.size if self.path is not None or self.size else len(self.body)
        return [*found, (b"content-length", str(length).encode())]


def handler_answer(result: Any) -> Answer:
    """Return the response that a handler's answer stands for, as API Gateway reads it.

    Raises `HandlerFailed` for what API Gateway would call a malformed proxy response.
    """
    if not isinstance(result, dict):
        raise _malformed("it is no object")
    status = result.get("statusCode")
    if isinstance(status, str) and status.isascii() and status.isdecimal():
        status = int(status)
    if not isinstance(status, int) or isinstance(status, bool) or not 200 <= status <= 599:
        raise _malformed("statusCode is no status")
    return Answer(status, _headers(result), _body(result))


def _headers(result: dict[str, Any]) -> list[tuple[str, str]]:
    many = result.get("multiValueHeaders") or {}
    single = result.get("headers") or {}
    if not isinstance(many, dict) or not isinstance(single, dict):
        raise _malformed("headers are no object")
    pairs = [(name, value) for name, values in many.items() for value in values]
    pairs += [pair for pair in single.items() if pair not in pairs]
    for name, value in pairs:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise _malformed("a header has no proper name")
        if not isinstance(value, str | int | float) or _UNFIT_VALUE.search(str(value)):
            raise _malformed(f"the header {name} has no proper value")
    return [(name, str(value)) for name, value in pairs]


def _body(result: dict[str, Any]) -> bytes:
    body = result.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise _malformed("body is no text")
    try:
        if result.get("isBase64Encoded"):
            return base64.b64decode(body, validate=True)
        return body.encode("utf-8")
    except (binascii.Error, UnicodeEncodeError):
        raise _malformed("body is not what it is said to be") from None


def _malformed(why: str) -> HandlerFailed:
    return HandlerFailed(f"A function gave a malformed answer: {why}.")


def error_answer(error: HeliographError, request_id: str) -> Answer:
    """Return an error in the shape that every error of the API has."""
    from heliograph.web.answers import reply_to_error  # noqa: PLC0415

    reply = reply_to_error(error, request_id)
    headers = {**reply.headers, **_ALWAYS, "X-Request-Id": request_id}
    if allowed := getattr(error, "allowed", ()):
        headers["Allow"] = ", ".join(allowed)
    return Answer(reply.status, list(headers.items()), reply.body)


def raw_error(error: HeliographError, request_id: str) -> bytes:
    """Return a whole HTTP response, for whoever never became a request; the connection closes."""
    answer = error_answer(error, request_id)
    answer.is_last = True
    head = f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}".encode()
    headers = b"".join(b"\r\n%s: %s" % pair for pair in answer.raw_headers())
    return head + headers + b"\r\n\r\n" + answer.body
