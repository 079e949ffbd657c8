"""When an alert is due: every so often, or by a cron expression in a time zone.

Cron follows the clock on the wall. A time that daylight saving skips runs at the next instant,
once however many were skipped; a time that comes twice runs the first time only. An expression
whose hour field holds every hour is an interval rather than a time of day: it runs in the doubled
hour too, so that ``*/5 * * * *`` never falls silent for an hour.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from cronsim import CronSim, CronSimError
from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

from heliograph.kernel.durations import parse_duration
from heliograph.kernel.errors import UsageError
from heliograph.kernel.suggestions import suggest

SHORTEST_EVERY = timedelta(seconds=10)
LONGEST_EVERY = timedelta(days=366)

_SECOND = timedelta(seconds=1)
_FIELDS = ("minute", "hour", "day-of-month", "month", "day-of-week")
_NICKNAMES: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
# A Monday and the first of a year: any expression is tried from here when it is read.
_TRIAL = datetime(2024, 1, 1)  # noqa: DTZ001  # wall time


def load_time_zone(name: str) -> ZoneInfo:
    """Return the IANA time zone of that name. Raises `UsageError` with a did-you-mean."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        known = sorted(available_timezones())
    if not known:
        raise UsageError(
            f"There is no time zone {name}: this system has no time zone database.",
            hint="Install the system's tzdata, or the Python package tzdata.",
        )
    city = next((zone for zone in known if zone.casefold().endswith(f"/{name.casefold()}")), None)
    hint = suggest(city or name, known) or "Write an IANA name, such as Europe/Berlin or UTC."
    raise UsageError(f"There is no time zone {name}.", hint=hint)


def _read_zone(value: Any) -> Any:
    if isinstance(value, ZoneInfo):
        return value
    try:
        return load_time_zone(str(value))
    except UsageError as error:
        raise _complaint("unknown_time_zone", error) from None


TimeZone = Annotated[ZoneInfo, BeforeValidator(_read_zone)]
"""A time zone of the file: its IANA name becomes a `ZoneInfo`."""


def _complaint(kind: str, error: UsageError) -> PydanticCustomError:
    text = f"{error.message} {error.hint or ''}".strip()
    return PydanticCustomError(kind, "{text}", {"text": text})


def _read_every(value: Any) -> Any:
    if isinstance(value, timedelta) or value is None:
        every = value
    else:
        try:
            every = parse_duration(str(value), longest=LONGEST_EVERY)
        except UsageError as error:
            raise _complaint("bad_duration", error) from None
    if every is not None and not SHORTEST_EVERY <= every <= LONGEST_EVERY:
        raise PydanticCustomError("bad_duration", "every must be from 10s to 366d.")
    return every


def check_cron(expression: str) -> str:
    """Return the five fields that ``expression`` stands for. Raises `UsageError` naming the field.

    Names (``MON``, ``JAN``), lists, ranges and steps; ``L`` and ``LW`` for the last day and the
    last weekday of the month, ``MON#2`` and ``5L`` for the second Monday and the last Friday;
    ``@hourly`` and friends. Where both day fields are set and neither begins with
    ``*``, a day that matches either counts.
    """
    text = expression.strip()
    if text.startswith("@"):
        if text.lower() not in _NICKNAMES:
            raise UsageError(f"There is no cron expression {text}.", hint=suggest(text, _NICKNAMES))
        return _NICKNAMES[text.lower()]
    fields = text.split()
    if len(fields) != len(_FIELDS):
        raise UsageError(
            f"The cron expression {expression!r} has {len(fields)} fields, not 5.",
            hint=f"They are: {', '.join(_FIELDS)}. For example: 0 9 * * 1-5",
        )
    for number, field in enumerate(fields):
        trial = ["*"] * len(_FIELDS)
        trial[number] = field
        try:
            CronSim(" ".join(trial), _TRIAL)
        except (CronSimError, ValueError, AssertionError):
            raise UsageError(
                f"The {_FIELDS[number]} field {field!r} of the cron expression is not valid.",
                hint=_HINTS[_FIELDS[number]],
            ) from None
    try:
        next(CronSim(" ".join(fields), _TRIAL))
    except (CronSimError, StopIteration):
        raise UsageError(
            f"The cron expression {expression!r} never comes: no such day exists."
        ) from None
    return " ".join(fields)


_HINTS: Final = {
    "minute": "It holds 0 to 59, such as 0, */15 or 0,30.",
    "hour": "It holds 0 to 23, such as 9, 8-18 or */2.",
    "day-of-month": "It holds 1 to 31, L or LW, such as 1, 1,15 or 1-7.",
    "month": "It holds 1 to 12 or JAN to DEC, such as 1-6 or MAR,SEP.",
    "day-of-week": "It holds 0 to 7 (0 and 7 are Sunday) or SUN to SAT, such as 1-5 or MON-FRI.",
}


def _read_cron(value: Any) -> Any:
    if value is None:
        return None
    try:
        return check_cron(str(value))
    except UsageError as error:
        raise _complaint("bad_cron", error) from None


class Schedule(BaseModel):
    """Either ``every``, from 10 s to 366 days, or ``cron``, five fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    every: Annotated[timedelta | None, BeforeValidator(_read_every)] = None
    cron: Annotated[str | None, BeforeValidator(_read_cron)] = None

    @model_validator(mode="before")
    @classmethod
    def _name_unknown_keys(cls, value: Any) -> Any:
        for name in value if isinstance(value, dict) else ():
            if name not in cls.model_fields:
                raise PydanticCustomError(
                    "unknown_key",
                    "A schedule has no key {name}. {hint}",
                    {"name": str(name), "hint": suggest(str(name), cls.model_fields)},
                )
        return value

    @model_validator(mode="after")
    def _check_one(self) -> Schedule:
        if (self.every is None) == (self.cron is None):
            raise PydanticCustomError(
                "one_schedule", 'A schedule is either every: 5m or cron: "0 9 * * 1-5".'
            )
        return self


def next_due(schedule: Schedule, tz: tzinfo, after: datetime) -> datetime:
    """Return the first due time later than ``after`` (aware), in UTC.

    For ``every``, ``after`` is the last due time and the next one is exactly one period later:
    the time that an evaluation takes never adds up to a drift.
    """
    moment = _utc(after)
    if schedule.every is not None:
        return moment + schedule.every
    assert schedule.cron is not None
    return _next_tick(schedule.cron, tz, moment)


def latest_due(
    schedule: Schedule, tz: tzinfo, last_evaluated_at: datetime | None, now: datetime
) -> datetime | None:
    """Return the due time (UTC) to evaluate at ``now``, or None when nothing is due.

    ``last_evaluated_at`` is the due time of the last evaluation, None for a new alert. However many
    due times were missed, the latest is returned, once. A new alert is due at once with ``every``
    (in the current minute, so that its later due times are whole minutes too), and with ``cron``
    when a tick lies in the current minute.
    """
    moment = _utc(now)
    last = None if last_evaluated_at is None else _utc(last_evaluated_at)
    if schedule.every is not None:
        if last is None:
            return _aligned(moment, schedule.every)
        periods = (moment - last) // schedule.every
        return last + periods * schedule.every if periods >= 1 else None
    assert schedule.cron is not None
    if last is None:
        last = moment.replace(second=0, microsecond=0) - _SECOND
    if last >= moment or _next_tick(schedule.cron, tz, last) > moment:
        return None
    return _last_tick(schedule.cron, tz, moment)


def _aligned(moment: datetime, every: timedelta) -> datetime:
    """Return the first due time: now, down to the minute (or second) that periods count in.

    Whoever looks once a minute comes a moment earlier or later each time; were the first look's
    fraction kept, an earlier one would find nothing due and every other period be left out.
    """
    if every >= timedelta(minutes=1):
        return moment.replace(second=0, microsecond=0)
    return moment.replace(microsecond=0)


def _next_tick(cron: str, tz: tzinfo, after: datetime) -> datetime:
    local = after.astimezone(tz)
    wall = local.replace(tzinfo=None, microsecond=0)
    ticks = CronSim(cron, wall)
    found = next(first for tick in ticks if (first := _first_instant(tick, tz)) > after)
    repeat_at = _repeat_after(local)
    if repeat_at is None or len(ticks.hours) < 24:
        return found
    # The wall clock goes through this hour a second time: look for a tick there.
    start = wall if local.fold else repeat_at.astimezone(tz).replace(tzinfo=None) - _SECOND
    tick = next(CronSim(cron, start))
    return min(found, _second_instant(tick, tz) or found)


def _last_tick(cron: str, tz: tzinfo, now: datetime) -> datetime:
    """Return the latest tick at or before ``now``. One must exist."""
    local = now.astimezone(tz)
    wall = local.replace(tzinfo=None, microsecond=0)
    shift = local.replace(fold=0).utcoffset() or timedelta()
    overlap = max(shift - (local.replace(fold=1).utcoffset() or timedelta()), timedelta())
    # In the second pass through an hour, later wall times of the first pass are already over.
    late = wall + overlap if local.fold else wall
    ticks = CronSim(cron, late + _SECOND, reverse=True)
    found = next(first for tick in ticks if (first := _first_instant(tick, tz)) <= now)
    if len(ticks.hours) < 24:
        return found
    again = _second_instant(next(CronSim(cron, wall + _SECOND, reverse=True)), tz)
    return again if again is not None and found < again <= now else found


def _first_instant(wall: datetime, tz: tzinfo) -> datetime:
    """Return when the wall clock first shows ``wall``; when it never does, when it skips it."""
    before = wall.replace(tzinfo=tz, fold=0)
    instant = before.astimezone(UTC)
    if instant.astimezone(tz).replace(tzinfo=None) == wall:
        return instant
    # A gap: PEP 495 reads fold=1 with the offset after it, which is an instant before it.
    return _offset_change(wall.replace(tzinfo=tz, fold=1).astimezone(UTC), instant, tz)


def _second_instant(wall: datetime, tz: tzinfo) -> datetime | None:
    """Return when the wall clock shows ``wall`` for the second time, if it does."""
    first = wall.replace(tzinfo=tz, fold=0).astimezone(UTC)
    second = wall.replace(tzinfo=tz, fold=1).astimezone(UTC)
    return second if second > first else None


def _repeat_after(local: datetime) -> datetime | None:
    """Return when the wall clock goes (or went) back over the hour that ``local`` lies in."""
    first = local.replace(fold=0).astimezone(UTC)
    second = local.replace(fold=1).astimezone(UTC)
    if second <= first or local.tzinfo is None:
        return None
    return _offset_change(first, second, local.tzinfo)


def _offset_change(before: datetime, after: datetime, tz: tzinfo) -> datetime:
    """Return the second in (before, after] in which the zone's offset has changed."""
    offset = before.astimezone(tz).utcoffset()
    low, high = 0, int((after - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        changed = (before + middle * _SECOND).astimezone(tz).utcoffset() != offset
        low, high = (low, middle) if changed else (middle, high)
    return (before + high * _SECOND).replace(microsecond=0)


def _utc(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise ValueError("A due time needs a time zone.")
    return moment.astimezone(UTC)
