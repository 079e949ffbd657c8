"""When a rule of EventBridge fires: ``rate(5 minutes)`` and ``cron(0 3 ? * MON-FRI *)``, in UTC.

Rates are counted from the Unix epoch, so that every node means the same moments. Cron expressions
have EventBridge's six fields: minutes, hours, day of month, month, day of week (1 is Sunday), year.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from heliograph.kernel.errors import DeploymentInvalid

_UNITS = {"minute": 60, "hour": 3600, "day": 86400}
_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS = {name: n for n, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
_DAY = "day of month"
_FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minutes", 0, 59, {}),
    ("hours", 0, 23, {}),
    (_DAY, 1, 31, {}),
    ("month", 1, 12, _MONTHS),
    ("day of week", 1, 7, _DAYS),
    ("year", 1970, 2199, {}),
)
_FARTHEST_DAYS = 366 * 8  # a 29 February may be eight years away


@dataclass(frozen=True, slots=True)
class Rate:
    """Every so many seconds, counted from the epoch."""

    seconds: int

    def last_at(self, now: datetime) -> datetime | None:
        """Return the latest moment, at ``now`` or before, at which the rule fires."""
        passed = int(now.timestamp())
        return datetime.fromtimestamp(passed - passed % self.seconds, UTC)

    def next_at(self, now: datetime) -> datetime | None:
        """Return the first moment after ``now`` at which the rule fires."""
        last = self.last_at(now)
        return last + timedelta(seconds=self.seconds) if last else None


@dataclass(frozen=True, slots=True)
class Cron:
    """At the minutes that all fields name; ``is_last_day`` adds the last day of each month."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    years: frozenset[int]
    is_last_day: bool = False

    def last_at(self, now: datetime) -> datetime | None:
        """Return the latest moment, at ``now`` or before, at which the rule fires."""
        start = now.astimezone(UTC).replace(second=0, microsecond=0)
        for back in range(_FARTHEST_DAYS):
            day = start - timedelta(days=back)
            if self._has_day(day):
                found = [m for m in self._moments(day) if m <= start]
                if found:
                    return found[-1]
        return None

    def next_at(self, now: datetime) -> datetime | None:
        """Return the first moment after ``now``; None when there is none within eight years."""
        start = now.astimezone(UTC)
        for ahead in range(_FARTHEST_DAYS):
            day = start + timedelta(days=ahead)
            if self._has_day(day):
                found = [m for m in self._moments(day) if m > start]
                if found:
                    return found[0]
        return None

    def _has_day(self, day: datetime) -> bool:
        is_last = day.day == calendar.monthrange(day.year, day.month)[1]
        return (
            day.year in self.years
            and day.month in self.months
            and (day.day in self.days or (self.is_last_day and is_last))
            and day.isoweekday() % 7 + 1 in self.weekdays
        )

    def _moments(self, day: datetime) -> list[datetime]:
        midnight = day.replace(hour=0, minute=0, second=0, microsecond=0)
        return [
            midnight.replace(hour=hour, minute=minute)
            for hour in sorted(self.hours)
            for minute in sorted(self.minutes)
        ]


def parse_schedule(text: str) -> Rate | Cron:
    """Return the schedule that ``text`` says. Raises `DeploymentInvalid` when it is not known."""
    if rate := re.fullmatch(r"rate\((\d+) (minute|hour|day)(s?)\)", text):
        count = int(rate[1])
        if count >= 1 and (count == 1) == (rate[3] == ""):
            return Rate(count * _UNITS[rate[2]])
    elif cron := re.fullmatch(r"cron\((.+)\)", text):
        fields = cron[1].split()
        if len(fields) == len(_FIELDS) and "?" in (fields[2], fields[4]):
            return _cron(text, fields)
    raise DeploymentInvalid(
        f"The schedule {text!r} is not understood.",
        hint="Write rate(5 minutes), rate(1 hour) or cron(0 3 ? * MON-FRI *), in UTC.",
    )


def _cron(text: str, fields: list[str]) -> Cron:
    minutes, hours, days, months, weekdays, years = (
        frozenset() if field == "L" and about[0] == _DAY else _numbers(text, field, *about)
        for field, about in zip(fields, _FIELDS, strict=True)
    )
    return Cron(minutes, hours, days, months, weekdays, years, is_last_day=fields[2] == "L")


def _numbers(
    text: str, field: str, name: str, low: int, high: int, names: dict[str, int]
) -> frozenset[int]:
    found: set[int] = set()
    for part in field.split(","):
        match = re.fullmatch(r"(\*|\?|\w+)(?:-(\w+))?(?:/(\d+))?", part)
        bounds = _bounds(match, low, high, names) if match else None
        if bounds is None:
            raise DeploymentInvalid(
                f"The schedule {text!r} is not understood: its {name} {field!r} is not.",
                hint="Numbers, names, lists, ranges, steps, * and ? are known; L as day of month.",
            )
        found.update(range(*bounds))
    return frozenset(found)


def _bounds(
    match: re.Match[str], low: int, high: int, names: dict[str, int]
) -> tuple[int, int, int] | None:
    step = int(match[3] or 1)
    if match[1] in ("*", "?"):
        return None if match[2] or step < 1 else (low, high + 1, step)
    first = names.get(match[1].upper(), _number(match[1]))
    last = names.get(match[2].upper(), _number(match[2])) if match[2] else first
    if match[3] and not match[2]:
        last = high
    if first is None or last is None or step < 1 or not low <= first <= last <= high:
        return None
    return first, last + 1, step


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() else None
