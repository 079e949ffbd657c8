"""Log lines on stderr: one JSON object each, or plain text on a person's terminal.

What is logged is what happened: names, states, codes, durations. Never a value of a parameter, a
row, a message, a password or an address that is a secret.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

Format = Callable[[datetime, str, Mapping[str, Any]], str]
"""Makes a line of when, what, and the fields."""

_lock = threading.Lock()


def log(event: str, **fields: Any) -> None:
    """Write one line: when, what (``event``), and the fields that are not None."""
    known = {name: value for name, value in fields.items() if value is not None}
    line = _format(datetime.now(UTC), event, known)
    with _lock:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


def as_json(at: datetime, event: str, fields: Mapping[str, Any]) -> str:
    """Return the line as a JSON object: what machines read, and what is written unless told."""
    return orjson.dumps({"at": at, "event": event, **fields}, default=str).decode()


def as_text(at: datetime, event: str, fields: Mapping[str, Any]) -> str:
    """Return the line as a person reads it: local time, event, ``name=value``."""
    told = " ".join(f"{name}={_plain(value)}" for name, value in fields.items())
    return f"{at.astimezone():%H:%M:%S} {event} {told}".rstrip()


def use_format(line_format: Format) -> None:
    """Write lines this way from now on, in the whole process."""
    global _format  # noqa: PLW0603  # one stderr, one way to write to it
    _format = line_format


def _plain(value: Any) -> str:
    return "".join(c if c.isprintable() else "?" for c in str(value))


_format: Format = as_json
