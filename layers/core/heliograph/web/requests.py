"""A REST proxy event of API Gateway, or of the local runtime, as a request."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from heliograph.kernel.errors import BodyMalformed, BodyTooLarge
from heliograph.kernel.ids import new_id

_REQUEST_ID = re.compile(r"[A-Za-z0-9_=-]{1,64}")
_ADDRESS = re.compile(r"[0-9A-Fa-f:.]{2,45}")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]+")
_MOST_USER_AGENT = 200


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody sent, read from the event and not yet believed.

    ``headers`` are in lower case, repeated ones joined. ``query`` has a list for each key, as its
    values came. ``peer`` is who opened the connection to the gateway.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    query: Mapping[str, Sequence[str]]
    request_id: str
    peer: str | None
    raw_body: str | None = field(repr=False)
    is_base64: bool

    @property
    def media_type(self) -> str:
        """The media type of the body, in lower case and with its parameters; empty if unsaid."""
        return self.headers.get("content-type", "").strip().lower()

    @property
    def user_agent(self) -> str | None:
        """What the client calls itself, cut and without what cannot be printed."""
        text = _UNPRINTABLE.sub(" ", self.headers.get("user-agent", ""))[:_MOST_USER_AGENT].strip()
        return text or None

    @property
    def cookies(self) -> Mapping[str, str]:
        """The cookies by name; of two with one name the first, which is of the longer path."""
        found: dict[str, str] = {}
        for part in self.headers.get("cookie", "").split(";"):
            name, separator, value = part.strip().partition("=")
            if separator and name:
                found.setdefault(name, value.strip('"'))
        return found

    def address(self, proxies: int) -> str | None:
        """Return where the request comes from, with so many proxies of our own before the gateway.

        Without proxies it is the peer, and ``X-Forwarded-For`` is not looked at: everybody may
        write it. Each proxy appends whom it was called by, so with ``n`` of them the address is
        the n-th from the end, after the gateway's own entry, which repeats the peer.
        """
        if proxies < 1:
            return self.peer
        hops = [hop.strip() for hop in self.headers.get("x-forwarded-for", "").split(",")]
        if hops and hops[-1] == self.peer:
            hops.pop()
        if len(hops) < proxies or not _ADDRESS.fullmatch(hops[-proxies]):
            return self.peer
        return hops[-proxies]

    def read_body(self, most: int) -> bytes:
        """Return the body. Raises `BodyTooLarge` over ``most`` bytes, `BodyMalformed`."""
        raw = self.raw_body or ""
        if len(raw) > (most * 4 // 3 + 8 if self.is_base64 else most):
            raise _too_large(most)
        try:
            body = base64.b64decode(raw, validate=True) if self.is_base64 else raw.encode()
        except (binascii.Error, ValueError):
            raise BodyMalformed("The body cannot be read as bytes.") from None
        if len(body) > most:
            raise _too_large(most)
        return body


def read_request(event: Mapping[str, Any]) -> Request:
    """Return the request that an event stands for; whatever it lacks is empty."""
    context = event.get("requestContext") or {}
    request_id = context.get("requestId")
    peer = (context.get("identity") or {}).get("sourceIp")
    raw_body = event.get("body")
    return Request(
        method=str(event.get("httpMethod") or context.get("httpMethod") or ""),
        path=str(event.get("path") or ""),
        headers=_read_headers(event),
        query=_read_query(event),
        request_id=(
            request_id
            if isinstance(request_id, str) and _REQUEST_ID.fullmatch(request_id)
            else str(new_id())
        ),
        peer=peer if isinstance(peer, str) and _ADDRESS.fullmatch(peer) else None,
        raw_body=raw_body if isinstance(raw_body, str) else None,
        is_base64=bool(event.get("isBase64Encoded")),
    )


def _read_headers(event: Mapping[str, Any]) -> dict[str, str]:
    many = event.get("multiValueHeaders")
    if not many:
        single = event.get("headers") or {}
        return {name.lower(): str(value) for name, value in single.items() if value is not None}
    found: dict[str, str] = {}
    for name, values in many.items():
        lower = name.lower()
        glue = "; " if lower == "cookie" else ", "
        text = values[0] if len(values) == 1 else glue.join(values)
        found[lower] = f"{found[lower]}{glue}{text}" if lower in found else text
    return found


def _read_query(event: Mapping[str, Any]) -> Mapping[str, Sequence[str]]:
    many: Mapping[str, Sequence[str]] | None = event.get("multiValueQueryStringParameters")
    if many:
        return many
    single = event.get("queryStringParameters") or {}
    return {name: [value] for name, value in single.items()}


def _too_large(most: int) -> BodyTooLarge:
    return BodyTooLarge(f"The body is larger than {most} bytes, which is the most that this takes.")
