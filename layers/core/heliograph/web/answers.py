"""What a route returns, or an error says, becomes what the gateway sends."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from pydantic import BaseModel

from heliograph.kernel.errors import AnswerTooLarge, HeliographError
from heliograph.web.contract import Answer, Route
from heliograph.web.errors import describe, headers_for, status_of
from heliograph.web.requests import Request

MOST_BYTES = 6 * 1024 * 1024
"""The most that a function may answer with, its envelope included."""

_ENVELOPE = 16 * 1024  # headers, and the JSON around them and the body
_WORTH_PACKING = 1024
_WORTH_MEASURING = MOST_BYTES // 6 - _ENVELOPE  # escaped, a character takes six at most
_JSON = "application/json"
_ALWAYS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True, slots=True)
class Reply:
    """A status, headers and bytes: an answer that is not yet as the gateway wants it."""

    status: int
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    cookies: tuple[str, ...] = field(default=(), repr=False)


def success_status(route: Route) -> int:
    """Return the status with which a route answers when all goes well."""
    return 204 if route.answer is None and route.status == 200 else route.status


def reply_with(route: Route, found: BaseModel | Answer | None) -> Reply:
    """Return the reply for what a route's function returned."""
    answer = found if isinstance(found, Answer) else Answer(found)
    headers = dict(answer.headers)
    body = b""
    if isinstance(answer.body, bytes):
        body, headers["Content-Type"] = answer.body, answer.media_type
    elif answer.body is not None:
        body = answer.body.__pydantic_serializer__.to_json(answer.body, by_alias=True)
        headers["Content-Type"] = _JSON
    if any("\n" in text or "\r" in text for text in (*headers.values(), *answer.cookies)):
        raise ValueError("a header holds a line break")
    status = answer.status or success_status(route)
    return Reply(200 if status == 204 and body else status, body, headers, answer.cookies)


def reply_to_error(error: HeliographError, request_id: str) -> Reply:
    """Return the reply that tells an error."""
    return Reply(
        status_of(type(error)),
        orjson.dumps(describe(error, request_id)),
        {"Content-Type": _JSON, **headers_for(error)},
    )


def write_event(reply: Reply, request: Request, headers: Mapping[str, str]) -> dict[str, Any]:
    """Return the reply as a function returns it to the gateway, packed where that is worth it.

    Raises `AnswerTooLarge` for more than `MOST_BYTES`, as Lambda counts them.
    """
    sent = {**reply.headers, **_ALWAYS, **headers, "X-Request-Id": request.request_id}
    body, is_base64 = "", False
    if reply.body and request.method != "HEAD":
        body, is_base64 = _write_body(reply, request, sent)
    return {
        "statusCode": reply.status,
        "headers": sent,
        "multiValueHeaders": {"Set-Cookie": list(reply.cookies)} if reply.cookies else {},
        "body": body,
        "isBase64Encoded": is_base64,
    }


def _write_body(reply: Reply, request: Request, headers: dict[str, str]) -> tuple[str, bool]:
    body, is_packed = reply.body, "Content-Encoding" in headers
    if len(body) > _WORTH_PACKING or is_packed:
        headers["Vary"] = ", ".join(filter(None, (headers.get("Vary"), "Accept-Encoding")))
        if not is_packed and takes_gzip(request.headers.get("accept-encoding", "")):
            from isal import isal_zlib  # noqa: PLC0415

            body, is_packed = isal_zlib.compress(body, 1, wbits=31), True
            headers["Content-Encoding"] = "gzip"
    # Of what is large it is not worth while to look how much of it JSON would escape once more.
    in_base64 = len(body) * 4 // 3
    is_large = len(body) > _WORTH_MEASURING
    text = None
    if not is_packed and not (is_large and in_base64 + _ENVELOPE <= MOST_BYTES):
        text = _as_text(body)
    if text is None:
        written, size = base64.b64encode(body).decode(), in_base64
    else:
        written, size = text, len(orjson.dumps(text)) if is_large else len(body)
    if size + _ENVELOPE > MOST_BYTES:
        raise AnswerTooLarge(
            "The answer is larger than the 6 MB that an answer may hold.",
            hint="Ask for less at once: a smaller `limit`."
            if is_packed
            else "Ask for less at once, or send Accept-Encoding: gzip.",
        )
    return written, text is None


def _as_text(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def takes_gzip(header: str) -> bool:
    """Say whether a client's ``Accept-Encoding`` admits gzip."""
    for part in header.lower().split(","):
        name, _, quality = part.partition(";")
        if name.strip() in ("gzip", "x-gzip", "*"):
            return quality.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
