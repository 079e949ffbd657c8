"""Whether a server answers: it is asked through HTTP, as everybody else will ask it."""

from __future__ import annotations

import json
import threading
import time
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from heliograph.kernel.errors import HandlerFailed

_ONE_SECONDS = 20.0
_PAUSE_SECONDS = 0.02


def await_ready(url: str, *, seconds: float = 30.0, ending: threading.Event | None = None) -> bool:
    """Return True once a GET of ``url`` is answered with 200, False as soon as ``ending`` is set.

    Raises `HandlerFailed` with what was answered instead, or that nothing was in ``seconds``.
    """
    ends_at = time.monotonic() + seconds
    given_up = ending or threading.Event()
    while not given_up.is_set():
        try:
            status, body = _ask(url)
        except (OSError, HTTPException):
            if time.monotonic() > ends_at:
                raise HandlerFailed(f"There was no answer from {url} in {seconds:g} s.") from None
            given_up.wait(_PAUSE_SECONDS)
            continue
        if status == 200:
            return True
        if not given_up.is_set():
            raise HandlerFailed(
                f"{url} answers with {status}: {_reason(body)}",
                hint="`heliograph doctor --data-dir DIR` looks at every part and says more.",
            )
    return False


def read_health(url: str, *, seconds: float) -> tuple[bool, str]:
    """Return whether a GET of ``url`` is answered with 200, and one line of what was told.

    ``seconds`` is how long it may say nothing. Raises nothing: no answer is not well either.
    """
    try:
        status, body = _ask(url, seconds)
    except (OSError, HTTPException) as error:
        return False, f"There is no answer from {url}: {str(error) or type(error).__name__}"
    if status != 200:
        return False, f"{url} answers with {status}: {_reason(body)}"
    return True, f"{url} answers: {_summary(body)}"


def _ask(url: str, seconds: float = _ONE_SECONDS) -> tuple[int, bytes]:
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=seconds)
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
        failed = [check for check in told.get("checks", []) if not check["ok"]]
        named = [": ".join(filter(None, (one["name"], one.get("message")))) for one in failed]
        return "; ".join(named) or str(told["detail"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return body[:200].decode(errors="replace")


def _summary(body: bytes) -> str:
    """Return the status that a health answer tells, and what is to be mended."""
    try:
        told = json.loads(body)
        failed = [check["name"] for check in told["checks"] if not check["ok"]]
        return ": ".join(filter(None, (told["status"], ", ".join(failed))))
    except (ValueError, KeyError, TypeError):
        return "something that is no health"
