"""Log lines: one JSON object each, on stderr, for machines and people alike.

What is logged is what happened: names, states, codes, durations. Never a value of a parameter, a
row, a message, a password or an address that is a secret.
"""

from __future__ import annotations

import sys
import threading
from datetime import UTC, datetime
from typing import Any

import orjson

_lock = threading.Lock()


def log(event: str, **fields: Any) -> None:
    """Write one line: when, what (``event``), and the fields that are not None."""
    known = {name: value for name, value in fields.items() if value is not None}
    line = orjson.dumps({"at": datetime.now(UTC), "event": event, **known}, default=str)
    with _lock:
        sys.stderr.write(line.decode() + "\n")
        sys.stderr.flush()
