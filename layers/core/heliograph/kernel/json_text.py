"""JSON as text, quickly where that is possible and of any size of integer where it is not."""

from __future__ import annotations

import json
from typing import Any

import orjson


def write_json_text(value: Any) -> str:
    """Return a value of JSON's own kinds as JSON text. Raises TypeError for another one."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # an integer beyond 64 bits
        return json.dumps(value)
