"""Whether a server answers: it is asked through HTTP, as everybody else will ask it."""

from __future__ import annotations

import json
import time
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from heliograph.kernel.errors import HandlerFailed

_ONE_SECONDS = 20.0
_PAUSE_SECONDS = 0.02


def await_ready(url: str, *, seconds: float = 30.0) -> None:
    """Return once a GET of ``url`` is answered with 200.

    Raises `HandlerFailed` with what was answered instead, or that nothing was in ``seconds``.
    """
    ends_at = time.monotonic() + seconds
    while True:
        try:
            status, body = _ask(url)
        except (OSError, HTTPException):
            if time.monotonic() > ends_at:
                raise HandlerFailed(f"There was no answer from {url} in {seconds:g} s.") from None
            time.sleep(_PAUSE_SECONDS)
            continue
        if status == 200:
            return
        raise HandlerFailed(f"{url} answers with {status}: {_reason(body)}")


def _ask(url: str) -> tuple[int, bytes]:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=_ONE_SECONDS)
    try:
        connection.request("GET", parts.path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def _reason(body: bytes) -> str:
    """Return what an answer of the API says is wrong: an error's detail, or failed checks."""
    try:
        told = json.loads(body)
        failed = [f"{c['name']}: {c['message']}" for c in told.get("checks", []) if not c["ok"]]
        return "; ".join(failed) or str(told["detail"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return body[:200].decode(errors="replace")
