"""When alerts are due: intervals without drift, cron through daylight saving, missed ticks once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from heliograph.alerts.schedules import (
    Schedule,
    TimeZone,
    check_cron,
    latest_due,
    load_time_zone,
    next_due,
)
from heliograph.kernel.errors import UsageError

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
KATHMANDU = ZoneInfo("Asia/Kathmandu")
ZONES = [BERLIN, NEW_YORK, LORD_HOWE, KATHMANDU, ZoneInfo("UTC"), ZoneInfo("Africa/Cairo")]


def at(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def cron(text: str) -> Schedule:
    return Schedule(cron=text)


def ticks(schedule: Schedule, tz: ZoneInfo, start: str, end: str) -> list[str]:
    found, moment = [], at(start)
    for _ in range(500):
        moment = next_due(schedule, tz, moment)
        if moment >= at(end):
            return found
        found.append(moment.astimezone(tz).isoformat(timespec="minutes"))
    raise AssertionError("too many ticks")


@pytest.mark.parametrize(
    ("zone", "expression", "start", "end", "expected"),
    [
        # Skipped times run at the next instant, once.
        (BERLIN, "30 2 * * *", "2026-03-28T12:00", "2026-03-30T12:00",
         ["2026-03-29T03:00+02:00", "2026-03-30T02:30+02:00"]),
        (BERLIN, "*/20 2 * * *", "2026-03-28T12:00", "2026-03-29T12:00",
         ["2026-03-29T03:00+02:00"]),
        (BERLIN, "0 2,3 * * *", "2026-03-28T12:00", "2026-03-29T12:00",
         ["2026-03-29T03:00+02:00"]),
        (BERLIN, "30 * * * *", "2026-03-29T00:00", "2026-03-29T02:00",
         ["2026-03-29T01:30+01:00", "2026-03-29T03:00+02:00", "2026-03-29T03:30+02:00"]),
        (NEW_YORK, "15 2 * * *", "2026-03-08T00:00", "2026-03-08T12:00",
         ["2026-03-08T03:00-04:00"]),
        (LORD_HOWE, "15 2 * * *", "2026-10-03T12:00", "2026-10-04T12:00",
         ["2026-10-04T02:30+11:00"]),
        (LORD_HOWE, "45 2 * * *", "2026-10-03T12:00", "2026-10-04T12:00",
         ["2026-10-04T02:45+11:00"]),
        # Doubled times run once, the first time.
        (BERLIN, "30 2 * * *", "2026-10-24T12:00", "2026-10-25T12:00",
         ["2026-10-25T02:30+02:00"]),
        (BERLIN, "*/30 2 * * *", "2026-10-24T12:00", "2026-10-25T12:00",
         ["2026-10-25T02:00+02:00", "2026-10-25T02:30+02:00"]),
        (NEW_YORK, "0 1 * * *", "2026-11-01T00:00", "2026-11-01T12:00",
         ["2026-11-01T01:00-04:00"]),
        (LORD_HOWE, "45 1 * * *", "2026-04-04T12:00", "2026-04-05T12:00",
         ["2026-04-05T01:45+11:00"]),
        # Every hour is an interval: the doubled hour has its ticks too.
        (BERLIN, "0 * * * *", "2026-10-24T23:30", "2026-10-25T02:30",
         ["2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00", "2026-10-25T03:00+01:00"]),
        (LORD_HOWE, "*/15 * * * *", "2026-04-04T14:20", "2026-04-04T15:50",
         ["2026-04-05T01:30+11:00", "2026-04-05T01:45+11:00", "2026-04-05T01:30+10:30",
          "2026-04-05T01:45+10:30", "2026-04-05T02:00+10:30", "2026-04-05T02:15+10:30"]),
        # No daylight saving, an offset of 5:45.
        (KATHMANDU, "0 9 * * *", "2026-03-29T00:00", "2026-03-30T00:00",
         ["2026-03-29T09:00+05:45"]),
    ],
)  # fmt: skip
def test_cron_through_daylight_saving(zone, expression, start, end, expected):
    assert ticks(cron(expression), zone, start, end) == expected


def test_a_whole_day_that_a_zone_skips_runs_when_the_next_day_begins():
    apia = ZoneInfo("Pacific/Apia")
    found = ticks(cron("0 9 * * *"), apia, "2011-12-29T12:00", "2011-12-31T00:00")
    assert found == ["2011-12-29T09:00-10:00", "2011-12-31T00:00+14:00", "2011-12-31T09:00+14:00"]


@pytest.mark.parametrize("fold", [0, 1])
def test_next_due_from_within_the_doubled_hour(fold):
    inside = datetime(2026, 10, 25, 2, 10, tzinfo=BERLIN, fold=fold)
    once = next_due(cron("30 2 * * *"), BERLIN, inside)
    hourly = next_due(cron("30 * * * *"), BERLIN, inside)
    first = at("2026-10-25T00:30")
    assert once == (first if fold == 0 else at("2026-10-26T01:30"))
    assert hourly == first + fold * timedelta(hours=1)


@pytest.mark.parametrize(
    ("expression", "now", "latest"),
    [
        ("45 2 * * *", "2026-10-25T02:10+01:00", "2026-10-25T02:45+02:00"),
        ("45 2 * * *", "2026-10-25T02:50+01:00", "2026-10-25T02:45+02:00"),
        ("45 2 * * *", "2026-10-25T02:44+02:00", None),
        ("45 * * * *", "2026-10-25T02:10+01:00", "2026-10-25T02:45+02:00"),
        ("45 * * * *", "2026-10-25T02:50+01:00", "2026-10-25T02:45+01:00"),
        ("45 * * * *", "2026-10-25T03:10+01:00", "2026-10-25T02:45+01:00"),
        ("30 2 * * *", "2026-03-29T03:00+02:00", "2026-03-29T03:00+02:00"),
        ("30 2 * * *", "2026-03-29T01:59+01:00", None),
    ],
)
def test_the_latest_due_time_around_the_change_of_the_clock(expression, now, latest):
    last = at(now) - timedelta(hours=2)
    due = latest_due(cron(expression), BERLIN, last, at(now))
    assert due == (None if latest is None else at(latest))


EXPRESSIONS = st.builds(
    "{} {} {} * {}".format,
    st.sampled_from(["0", "30", "*/20", "15,45", "59"]),
    st.sampled_from(["*", "2", "1-3", "0,2", "*/2", "23", "0-23"]),
    st.sampled_from(["*", "*", "25-31", "1-8"]),
    st.sampled_from(["*", "*", "SUN", "MON-FRI"]),
)
WALL = datetime.fromisoformat
NEAR_CHANGES = st.one_of(
    st.datetimes(WALL("2026-03-28"), WALL("2026-03-30")),
    st.datetimes(WALL("2026-10-24"), WALL("2026-10-26")),
    st.datetimes(WALL("2026-04-04"), WALL("2026-04-06")),
    st.datetimes(WALL("2025-01-01"), WALL("2027-12-31")),
)


def reference_ticks(expression: str, tz: ZoneInfo, start: datetime, end: datetime) -> set[datetime]:
    """Minute by minute: what the clock on the wall shows, and what it skips."""
    minute, hour = expression.split()[:2]
    minutes = {"0": {0}, "30": {30}, "*/20": {0, 20, 40}, "15,45": {15, 45}, "59": {59}}[minute]
    hours = {"*": range(24), "0-23": range(24), "2": [2], "1-3": [1, 2, 3], "0,2": [0, 2],
             "*/2": range(0, 24, 2), "23": [23]}[hour]  # fmt: skip

    def matches(wall: datetime) -> bool:
        return wall.minute in minutes and wall.hour in hours

    found, instant = set(), start.replace(second=0, microsecond=0) - timedelta(hours=3)
    shown: set[datetime] = set()
    previous = (instant - timedelta(minutes=1)).astimezone(tz).replace(tzinfo=None)
    while instant <= end:
        wall = instant.astimezone(tz).replace(tzinfo=None)
        skipped = previous + timedelta(minutes=1)
        while skipped < wall:
            if matches(skipped):
                found.add(instant)
            skipped += timedelta(minutes=1)
        if matches(wall) and (wall not in shown or len(hours) == 24):
            found.add(instant)
        shown.add(wall)
        previous, instant = wall, instant + timedelta(minutes=1)
    return {tick for tick in found if start < tick <= end}


@settings(max_examples=60, deadline=None)
@given(
    minute=st.sampled_from(["0", "30", "*/20", "15,45", "59"]),
    hour=st.sampled_from(["*", "2", "1-3", "0,2", "*/2", "23", "0-23"]),
    tz=st.sampled_from(ZONES),
    near=NEAR_CHANGES,
)
def test_ticks_are_those_of_a_clock_on_the_wall(minute, hour, tz, near):
    expression = f"{minute} {hour} * * *"
    start = near.replace(tzinfo=UTC)
    end = start + timedelta(hours=8)
    expected = sorted(reference_ticks(expression, tz, start, end))
    found, moment = [], start
    while (moment := next_due(cron(expression), tz, moment)) <= end:
        found.append(moment)
    assert found == expected
    latest = latest_due(cron(expression), tz, start, end)
    assert latest == (expected[-1] if expected else None)


@settings(max_examples=150, deadline=None)
@given(EXPRESSIONS, st.sampled_from(ZONES), NEAR_CHANGES)
def test_next_due_is_later_and_nothing_lies_between(expression, tz, near):
    after = near.replace(tzinfo=UTC)
    schedule = cron(expression)
    due = next_due(schedule, tz, after)
    assert due > after
    assert next_due(schedule, tz, due - timedelta(microseconds=1)) == due
    assert latest_due(schedule, tz, after, due - timedelta(microseconds=1)) is None
    assert latest_due(schedule, tz, after, due) == due
    assert latest_due(schedule, tz, due, due) is None


@settings(max_examples=60, deadline=None)
@given(EXPRESSIONS, st.sampled_from(ZONES), NEAR_CHANGES, st.integers(0, 200))
def test_missed_ticks_run_once_and_as_the_latest(expression, tz, near, hours):
    last = near.replace(tzinfo=UTC)
    now = last + timedelta(hours=hours)
    schedule = cron(expression)
    latest, moment = None, last
    for _ in range(2000):
        moment = next_due(schedule, tz, moment)
        if moment > now:
            break
        latest = moment
    else:
        raise AssertionError("too many ticks")
    assert latest_due(schedule, tz, last, now) == latest


def test_a_new_cron_alert_is_due_in_the_minute_of_its_tick_only():
    schedule = cron("0 9 * * 1-5")
    monday = datetime(2026, 1, 5, 9, 0, 42, tzinfo=BERLIN)
    assert latest_due(schedule, BERLIN, None, monday) == at("2026-01-05T08:00")
    assert latest_due(schedule, BERLIN, None, monday + timedelta(minutes=1)) is None
    assert latest_due(schedule, BERLIN, None, monday - timedelta(minutes=1)) is None
    sunday = monday - timedelta(days=1)
    assert latest_due(schedule, BERLIN, None, sunday) is None


def test_a_new_interval_alert_is_due_at_once():
    now = at("2026-01-05T08:00:07")
    assert latest_due(Schedule(every="5m"), UTC, None, now) == at("2026-01-05T08:00")
    assert latest_due(Schedule(every="30s"), UTC, None, now) == now


def test_looking_once_a_minute_misses_no_period_however_the_look_jitters():
    schedule, last, due = Schedule(every="1m"), None, []
    for minute, second in enumerate((37.8, 37.2, 38.0, 36.9, 37.5)):
        now = at("2026-01-05T08:00") + timedelta(minutes=minute, seconds=second)
        last = latest_due(schedule, UTC, last, now) or last
        due.append(last)
    assert due == [at(f"2026-01-05T08:0{minute}") for minute in range(5)]


def test_an_interval_keeps_its_rhythm_however_late_it_is_evaluated():
    schedule, first = Schedule(every="5m"), at("2026-01-05T08:00:07")
    late = first + timedelta(minutes=5, seconds=42)
    due = latest_due(schedule, UTC, first, late)
    assert due == first + timedelta(minutes=5)
    assert next_due(schedule, UTC, due) == first + timedelta(minutes=10)
    assert latest_due(schedule, UTC, first, first + timedelta(minutes=4, seconds=59)) is None
    after_downtime = latest_due(schedule, UTC, first, first + timedelta(hours=1, seconds=3))
    assert after_downtime == first + timedelta(hours=1)


def test_an_interval_counts_real_time_through_daylight_saving():
    before = datetime(2026, 3, 29, 1, 30, tzinfo=BERLIN)
    due = next_due(Schedule(every="1h"), BERLIN, before)
    assert due == datetime(2026, 3, 29, 3, 30, tzinfo=BERLIN)
    assert due - before.astimezone(UTC) == timedelta(hours=1)


def test_a_clock_that_went_back_makes_nothing_due():
    last = at("2026-01-05T08:00")
    earlier = last - timedelta(hours=3)
    assert latest_due(Schedule(every="5m"), UTC, last, earlier) is None
    assert latest_due(cron("* * * * *"), UTC, last, earlier) is None


def test_a_naive_moment_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        next_due(Schedule(every="5m"), UTC, WALL("2026-01-01"))


@pytest.mark.parametrize(
    ("written", "fields"),
    [
        ("@hourly", "0 * * * *"),
        ("@Daily", "0 0 * * *"),
        ("@midnight", "0 0 * * *"),
        ("@weekly", "0 0 * * 0"),
        ("@monthly", "0 0 1 * *"),
        ("@yearly", "0 0 1 1 *"),
        ("  0  9 * * 1-5 ", "0 9 * * 1-5"),
        ("0 9 * jan-mar mon,FRI", "0 9 * jan-mar mon,FRI"),
        ("0 0 29 2 *", "0 0 29 2 *"),
    ],
)
def test_cron_expressions_that_are_read(written, fields):
    assert check_cron(written) == fields
    assert Schedule(cron=written).cron == fields


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("60 * * * *", "minute field '60'"),
        ("* 24 * * *", "hour field '24'"),
        ("* * 32 * *", "day-of-month field '32'"),
        ("* * * 13 *", "month field '13'"),
        ("* * * * 8", "day-of-week field '8'"),
        ("* * * * FRI-MON", "day-of-week field 'FRI-MON'"),
        ("*/0 * * * *", "minute field '*/0'"),
        ("* * * * * *", "6 fields, not 5"),
        ("0 9 * *", "4 fields, not 5"),
        ("", "0 fields, not 5"),
        ("0 0 30 2 *", "never comes"),
        ("0 0 */31 * 1#5", "never comes"),
        ("@hurly", "Did you mean @hourly?"),
        ("@reboot", "no cron expression @reboot"),
        ("*/" + "9" * 5000 + " * * * *", "minute field"),
    ],
)
def test_cron_expressions_that_are_refused_name_the_field(written, complaint):
    with pytest.raises(UsageError) as refused:
        check_cron(written)
    assert complaint in f"{refused.value.message} {refused.value.hint}"
    with pytest.raises(ValidationError) as invalid:
        Schedule(cron=written)
    assert complaint in invalid.value.errors()[0]["msg"]


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="0123456789*/-,#L WSUNMO@²x", max_size=24))
def test_no_text_crashes_the_reading_of_cron(text):
    try:
        fields = check_cron(text)
    except UsageError:
        return
    assert next_due(cron(fields), UTC, at("2026-01-01T00:00")) > at("2026-01-01T00:00")


@pytest.mark.parametrize(
    ("settings_given", "complaint"),
    [
        ({}, "either every"),
        ({"every": "5m", "cron": "@daily"}, "either every"),
        ({"every": "9s"}, "10s"),
        ({"every": "400d"}, "out of range"),
        ({"every": "soon"}, "not a duration"),
        ({"evry": "5m"}, "Did you mean every?"),
    ],
)
def test_schedules_that_are_refused(settings_given, complaint):
    with pytest.raises(ValidationError) as invalid:
        Schedule.model_validate(settings_given)
    assert complaint in invalid.value.errors()[0]["msg"]


@pytest.mark.parametrize(
    ("written", "seconds"), [("10s", 10), ("5m", 300), ("300", 300), (300, 300), ("1h30m", 5400)]
)
def test_intervals_that_are_read(written, seconds):
    assert Schedule.model_validate({"every": written}).every == timedelta(seconds=seconds)


def test_time_zones_by_iana_name():
    assert load_time_zone("Europe/Berlin") == BERLIN

    class File(BaseModel):
        timezone: TimeZone

    assert File.model_validate({"timezone": "Asia/Kathmandu"}).timezone == KATHMANDU
    with pytest.raises(ValidationError, match="Did you mean Europe/Berlin"):
        File.model_validate({"timezone": "Europe/Berln"})


@pytest.mark.parametrize("name", ["europe/berlin", "Berlin", "Europe/Berlim"])
def test_an_unknown_time_zone_gets_a_suggestion(name):
    with pytest.raises(UsageError) as refused:
        load_time_zone(name)
    assert refused.value.hint == "Did you mean Europe/Berlin?"


@pytest.mark.parametrize("name", ["", "Europe", "../../etc/passwd", "/etc/passwd", "a\0b", "CE ST"])
def test_what_is_no_zone_name_is_refused(name):
    with pytest.raises(UsageError, match="no time zone"):
        load_time_zone(name)
