"""When things happen in the demo shop."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from itertools import accumulate
from random import Random

DAY_SECONDS = 86_400
_WEIGHTS = (4, 2, 1, 1, 1, 2, 4, 7, 10, 13, 14, 14, 15, 14, 13, 13, 14, 15, 18, 21, 22, 19, 13, 8)
HOURS = tuple(accumulate(_WEIGHTS))
"""How busy the hours of a day (UTC) are, added up."""


def pick(random: Random, added_up: Sequence[float]) -> int:
    """Return an index, drawn by weights that are given added up."""
    return bisect_right(added_up, random.random() * added_up[-1], hi=len(added_up) - 1)


def seconds_of_day(random: Random, added_up: Sequence[float]) -> int:
    """Return a moment of the day in seconds, drawn by the weights of the hours."""
    return pick(random, added_up) * 3600 + int(random.random() * 3600)


def stamp(day: date, second: int) -> str:
    """Return the text of the moment ``second`` seconds after the start of ``day``, in UTC."""
    days, second = divmod(second, DAY_SECONDS)
    minute = second // 60
    return f"{_text_of(day, days)} {minute // 60:02d}:{minute % 60:02d}:{second % 60:02d}+00"


@lru_cache(maxsize=4096)
def _text_of(day: date, days_later: int) -> str:
    return (day + timedelta(days=days_later)).isoformat()
