"""When EventBridge's rules fire."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.kernel.errors import DeploymentInvalid
from heliograph.local.schedule_expressions import parse_schedule

MONDAY = datetime(2026, 3, 2, 9, 30, 15, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "last", "following"),
    [
        ("rate(1 minute)", "2026-03-02T09:30", "2026-03-02T09:31"),
        ("rate(5 minutes)", "2026-03-02T09:30", "2026-03-02T09:35"),
        ("rate(1 hour)", "2026-03-02T09:00", "2026-03-02T10:00"),
        ("rate(1 day)", "2026-03-02T00:00", "2026-03-03T00:00"),
        ("cron(0 3 * * ? *)", "2026-03-02T03:00", "2026-03-03T03:00"),
        ("cron(15,45 8-10 ? * MON-FRI *)", "2026-03-02T09:15", "2026-03-02T09:45"),
        ("cron(0 0 ? * 2 *)", "2026-03-02T00:00", "2026-03-09T00:00"),  # 2 is Monday
        ("cron(0/20 * * * ? *)", "2026-03-02T09:20", "2026-03-02T09:40"),
        ("cron(0 12 L * ? *)", "2026-02-28T12:00", "2026-03-31T12:00"),
        ("cron(0 0 29 FEB ? *)", "2024-02-29T00:00", "2028-02-29T00:00"),
        ("cron(0 0 1 JAN ? 2020-2026)", "2026-01-01T00:00", None),
    ],
)
def test_a_schedule_fires_when_eventbridge_would(
    text: str, last: str, following: str | None
) -> None:
    schedule = parse_schedule(text)
    assert schedule.last_at(MONDAY) == at(last)
    assert schedule.next_at(MONDAY) == (at(following) if following else None)


@pytest.mark.parametrize(
    "text",
    [
        "rate(1 minutes)",
        "rate(5 minute)",
        "rate(0 minutes)",
        "rate(1 week)",
        "cron(0 3 * * *)",
        "cron(0 3 * * * *)",
        "cron(60 3 * * ? *)",
        "cron(0 24 * * ? *)",
        "cron(0 3 0 * ? *)",
        "cron(0 3 ? * 8 *)",
        "cron(0 3 15W * ? *)",
        "cron(0 3 ? * 6#3 *)",
        "cron(0 3 ? * FRI-MON *)",
        "cron(*/0 3 * * ? *)",
        "cron(5-1 3 * * ? *)",
        "every hour",
        "",
    ],
)
def test_what_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(DeploymentInvalid):
        parse_schedule(text)


@given(
    st.sampled_from(["rate(7 minutes)", "cron(0/13 2-4 ? * TUE *)", "cron(5 * * * ? *)"]),
    st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2035, 1, 1)),  # noqa: DTZ001
)
def test_the_next_moment_is_later_and_is_the_last_one_when_it_has_come(
    text: str, naive: datetime
) -> None:
    schedule, now = parse_schedule(text), naive.replace(tzinfo=UTC)
    following, last = schedule.next_at(now), schedule.last_at(now)
    assert last is not None
    assert following is not None
    assert last <= now < following
    assert schedule.last_at(following) == following
    assert schedule.last_at(following - timedelta(minutes=1)) == last
