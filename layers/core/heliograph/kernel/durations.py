"""Durations as people write them: ``30s``, ``5m``, ``1h30m``."""

from __future__ import annotations

import re
from datetime import timedelta

from heliograph.kernel.errors import UsageError

_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d|w)\s*")
_LONGEST = timedelta(days=24)  # PostgreSQL counts milliseconds in 32 bits


def parse_duration(text: str, *, longest: timedelta = _LONGEST) -> timedelta:
    """Return the duration that ``text`` says; a bare number counts seconds.

    Raises `UsageError` for anything else, for zero, and for more than ``longest``.
    """
    cleaned = text.strip().lower()
    position, seconds = 0, 0.0
    if re.fullmatch(r"\d+(?:\.\d+)?", cleaned):
        position, seconds = len(cleaned), float(cleaned)
    while position < len(cleaned) and (part := _PART.match(cleaned, position)):
        seconds += float(part[1]) * _SECONDS[part[2]]
        position = part.end()
    if not cleaned or position < len(cleaned):
        raise UsageError(f"{text!r} is not a duration.", hint="Write 500ms, 30s, 5m or 1h30m.")
    if not 0 < seconds <= longest.total_seconds():
        raise UsageError(
            f"The duration {text!r} is out of range.",
            hint=f"It must be more than 0 and at most {longest.days} days.",
        )
    return timedelta(seconds=seconds)
