"""Outgoing HTTP: one POST to a host that may be reached, without redirects, proxies or cookies.

The URL of a chat webhook is a secret, so no error and no answer here holds its path or query.
"""

from __future__ import annotations

import math
import re
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from heliograph.kernel.errors import (
    DeliveryDeferred,
    DeliveryRejected,
    DestinationRefused,
    UsageError,
)
from heliograph.platform.addresses import (
    Destination,
    Resolver,
    default_tls,
    find_destination,
    normal_host,
    resolve_system,
)
from heliograph.platform.redaction import redact

_MAX_ANSWER = 64 * 1024
_PORTS = {"http": 80, "https": 443}
_PUBLIC_HEADERS = ("content-type", "user-agent", "webhook-id", "webhook-timestamp")
_UNFIT = re.compile(r"[\x00-\x20\x7f\\]")  # what URL parsers disagree about


@dataclass(frozen=True, slots=True)
class HttpUrl:
    """An http or https URL, taken apart. ``target`` is the path and query, and secret."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def host_header(self) -> str:
        """The ``Host`` header: without the port where it is the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def secrets(self) -> list[str]:
        """Return what of the URL an error message must not hold."""
        path, _, query = self.target.partition("?")
        parts = [self.target, path, query, *path.split("/"), *query.split("&")]
        parts += [value for _, value in parse_qsl(query)]
        return [*parts, *map(unquote, parts)]


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A 2xx answer: the status, the headers in lower case, and at most 64 KB of the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def parse_http_url(url: str) -> HttpUrl:
    """Return the URL taken apart.

    Raises `UsageError`, which never holds the URL, for another scheme, a user name or password in
    it, and characters that do not belong in a URL.
    """
    invalid = UsageError(
        "A URL of a channel is not valid.",
        hint="Write http:// or https://, a host and a path; without user name or password.",
    )
    if _UNFIT.search(url):
        raise invalid
    try:
        parts = urlsplit(url)
        port = parts.port
        host = normal_host(parts.netloc.rpartition(":")[0] if port else parts.netloc)
    except (ValueError, DestinationRefused):
        raise invalid from None
    if parts.scheme not in _PORTS:
        raise invalid
    target = quote(parts.path or "/", safe="/%:=&~+!$,;'@()*[]-._")
    if parts.query:
        target += "?" + quote(parts.query, safe="/%:=&~+!$,;'@()*[]-._?")
    return HttpUrl(parts.scheme, host, port or _PORTS[parts.scheme], target)


def post(
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes,
    timeout: float,
    allow_hosts: Sequence[str] = (),
    resolve: Resolver = resolve_system,
    tls: ssl.SSLContext | None = None,
) -> HttpAnswer:
    """Send ``body`` and return the 2xx answer, within ``timeout`` seconds from name to last byte.

    The host is resolved once and checked (`addresses`); the certificate is verified against its
    name. Raises `DestinationRefused`, `DeliveryRejected` for an answer that will not change (3xx,
    4xx), and `DeliveryDeferred` for 429, 5xx and whatever goes wrong on the way.
    """
    deadline = time.monotonic() + timeout
    parsed = parse_http_url(url)
    destination = find_destination(
        parsed.host, parsed.port, allow_hosts, timeout=timeout, resolve=resolve
    )
    sent = [value for name, value in headers.items() if name.lower() not in _PUBLIC_HEADERS]
    secrets = [*parsed.secrets(), *(part for value in sent for part in value.split())]
    answer = _exchange(parsed, destination, headers, body, deadline, tls or default_tls(), secrets)
    _check_status(parsed.host, answer, secrets)
    return answer


def parse_retry_after(text: str, now: datetime) -> float | None:
    """Return the seconds to wait after a ``Retry-After`` header: a number, or a date (RFC 9110).

    None where it says neither; never negative.
    """
    cleaned = text.strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", cleaned):
        return float(cleaned)
    try:
        at = parsedate_to_datetime(cleaned)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max(0.0, math.ceil((at - now).total_seconds()))


def _exchange(
    url: HttpUrl,
    destination: Destination,
    headers: Mapping[str, str],
    body: bytes,
    deadline: float,
    tls: ssl.SSLContext,
    secrets: Sequence[str],
) -> HttpAnswer:
    import httpcore  # noqa: PLC0415

    from heliograph.platform.pinned_stream import PinnedBackend  # noqa: PLC0415

    address = httpcore.URL(
        scheme=url.scheme, host=url.host, port=url.port, target=url.target.encode("ascii")
    )
    sent = [("Host", url.host_header), ("Content-Length", str(len(body))), ("Connection", "close")]
    backend = PinnedBackend(destination, deadline)
    try:
        with (
            httpcore.ConnectionPool(ssl_context=tls, network_backend=backend) as pool,
            pool.stream("POST", address, headers=[*sent, *headers.items()], content=body) as got,
        ):
            answered = {name.decode("latin-1").lower(): value for name, value in got.headers}
            return HttpAnswer(
                got.status,
                {name: value.decode("latin-1") for name, value in answered.items()},
                _read_start(got.iter_stream()),
            )
    except httpcore.TimeoutException:
        raise DeliveryDeferred(f"{url.host} did not answer in time.") from None
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        # `from None`: the chained error could hold what the receiver sent.
        reason = redact(str(error), secrets) or type(error).__name__
        raise DeliveryDeferred(f"{url.host} could not be reached: {reason}") from None


def _read_start(chunks: Iterator[bytes]) -> bytes:
    """Return the first 64 KB; what follows is left unread and the connection closed.

    The status is known by now. A body that breaks off changes nothing about it: a message that was
    accepted must not be sent again because the "ok" came in pieces.
    """
    import httpcore  # noqa: PLC0415

    start = bytearray()
    with suppress(httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
        for chunk in chunks:
            start += chunk
            if len(start) >= _MAX_ANSWER:
                break
    return bytes(start[:_MAX_ANSWER])


def _check_status(host: str, answer: HttpAnswer, secrets: Sequence[str]) -> None:
    status = answer.status
    if 200 <= status < 300:
        return
    said = redact(answer.body.decode("utf-8", "replace"), secrets)
    said = f": {said}" if said and not said.startswith("<") else "."
    if status == 429 or status >= 500:
        raise DeliveryDeferred(
            f"{host} answered {status}{said}", retry_after=_retry_after(answer.headers)
        )
    if 300 <= status < 400:
        raise DeliveryRejected(
            f"{host} answered {status}, a redirect, which is not followed.",
            hint="Set the channel's URL to the final address.",
        )
    raise DeliveryRejected(f"{host} answered {status}{said}")


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Measure a date by the receiver's own clock, where it tells."""
    now = datetime.now(UTC)
    with suppress(ValueError, TypeError, IndexError, OverflowError):
        now = parsedate_to_datetime(headers.get("date", "")).astimezone(UTC)
    return parse_retry_after(headers.get("retry-after", ""), now)
