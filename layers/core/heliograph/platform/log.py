"""Log lines on stderr: one JSON object each, or plain text on a person's terminal.

What is logged is what happened: names, states, codes, durations. Never a value of a parameter, a
row, a message, a password or an address that is a secret.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import orjson

Format = Callable[[datetime, str, Mapping[str, Any]], str]
"""Makes a line of when, what, and the fields."""

_lock = threading.Lock()


def log(event: str, **fields: Any) -> None:
    """Write one line: when, what (``event``), and the fields that are not None. Raises nothing.

    Whoever reads the lines may have gone; the work that they tell of goes on.
    """
    known = {name: value for name, value in fields.items() if value is not None}
    line = _format(datetime.now(UTC), event, known)
    with _lock, suppress(OSError, ValueError):
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


def as_json(at: datetime, event: str, fields: Mapping[str, Any]) -> str:
    """Return the line as a JSON object: what machines read, and what is written unless told."""
    line = {"at": at, "event": event, **fields}
    try:
        return orjson.dumps(line, default=str).decode()
    except TypeError:  # half a character of a file's name, a number beyond 64 bits
        return json.dumps({**line, "at": at.isoformat()}, default=str)


def as_text(at: datetime, event: str, fields: Mapping[str, Any]) -> str:
    """Return the line as a person reads it: local time, event, ``name=value``."""
    told = " ".join(f"{name}={_plain(value)}" for name, value in fields.items())
    return f"{at.astimezone():%H:%M:%S} {event} {told}".rstrip()


def adopt(event: str, *loggers: str, level: int = logging.ERROR) -> None:
    """Write what libraries tell these loggers, from ``level`` on, as lines of ours.

    A line has what was told and the kind of error, not its traceback, which may hold data.
    """
    for name in loggers:
        logger = logging.getLogger(name)
        logger.handlers = [_Adopted(event)]
        logger.propagate = False
        logger.setLevel(level)


class _Adopted(logging.Handler):
    """Hands on what a library logs."""

    def __init__(self, event: str) -> None:
        super().__init__()
        self._event = event

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        error = record.exc_info[1] if record.exc_info else None
        told = record.getMessage().partition("\n")[0]
        kind = type(error).__name__ if error is not None else None
        log(self._event, logger=record.name, told=told, error=kind)


def use_format(line_format: Format) -> None:
    """Write lines this way from now on, in the whole process."""
    global _format  # noqa: PLW0603  # one stderr, one way to write to it
    _format = line_format


def _plain(value: Any) -> str:
    return "".join(c if c.isprintable() else "?" for c in str(value))


_format: Format = as_json
