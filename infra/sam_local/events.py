"""The events of ``tests/events``: read, and filled with what a world really has.

The files are events as AWS sends them, with a connection, a token, an answer's URL and so on that
nobody has. `fill` puts real ones in their place and keeps the rest of the event true to itself.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "tests/events"

EMAIL = "ada@heliograph.example"
PASSWORD = "sun mirror shutter 1821"  # noqa: S105  # of somebody who is made for the events alone
CONNECTION_ID = "019a3b5c-7d8e-7f01-8a2b-3c4d5e6f7a81"
WAITING_ID = "019a3b5c-8f90-7123-9c4d-5e6f708192a3"  # the connection whose work is queued
TOKEN = "hgt_0123456789ABCDEFGHIJKL_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg"  # noqa: S105


def event_names() -> list[str]:
    """Return the names of all events: ``<function>``, or ``<function>.<which>`` of several."""
    return sorted(path.name.removesuffix(".json") for path in FOLDER.glob("*.json"))


def function_of(name: str) -> str:
    """Return the folder of ``functions/`` that an event is for."""
    return name.partition(".")[0]


def read_event(name: str) -> dict[str, Any]:
    """Return an event as its file has it."""
    event: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return event


def fill(event: Mapping[str, Any], real: Mapping[str, str]) -> dict[str, Any]:
    """Return an event with each text of ``real`` replaced, in encoded bodies and checksums too."""
    filled: dict[str, Any] = _replaced(event, real)
    if filled.get("isBase64Encoded"):
        body = _replaced(base64.b64decode(filled["body"]).decode(), real)
        filled["body"] = base64.b64encode(body.encode()).decode()
    for record in filled.get("Records", []):
        digest = hashlib.md5(record["body"].encode(), usedforsecurity=False)  # SQS's own
        record["md5OfBody"] = digest.hexdigest()
    return filled


def _replaced(value: Any, real: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _replaced(item, real) for key, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, real) for item in value]
    if isinstance(value, str):
        for sample, wanted in real.items():
            value = value.replace(sample, wanted)
    return value
