"""When a delivery is tried again, and that its name is always the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.kernel.errors import DeliveryDeferred, DeliveryRejected, DestinationRefused
from heliograph.notifications.deliveries import (
    DEFAULT_POLICY,
    RetryPolicy,
    delivery_id,
    next_attempt,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LATER = DeliveryDeferred("down")


class Chance(Random):
    """Chance that always draws the same."""

    def __init__(self, drawn: float) -> None:
        super().__init__(0)
        self._drawn = drawn

    def random(self) -> float:
        return self._drawn


def waits(attempts: int, error: DeliveryDeferred = LATER, drawn: float = 1.0) -> timedelta:
    at = next_attempt(attempts, error, NOW, Chance(drawn))
    assert at is not None
    return at - NOW


def test_waits_double_up_to_the_longest() -> None:
    assert [waits(n).total_seconds() for n in (1, 2, 3, 4)] == [10, 20, 40, 80]
    assert waits(11) == timedelta(seconds=10_240)
    assert waits(12) == waits(25) == timedelta(hours=3)


def test_a_wait_is_drawn_from_nothing_to_the_whole() -> None:
    assert waits(5, drawn=0.0) == timedelta(0)
    assert waits(5, drawn=0.5) == timedelta(seconds=80)


def test_only_what_was_deferred_is_tried_again() -> None:
    for error in (DeliveryRejected("410"), DestinationRefused("private")):
        assert next_attempt(1, error, NOW, Chance(0.5)) is None
    assert next_attempt(1, LATER, NOW, Chance(0.5)) is not None


def test_a_delivery_is_dead_after_its_last_attempt() -> None:
    policy = RetryPolicy(max_attempts=3)
    assert next_attempt(2, LATER, NOW, Chance(0.5), policy) is not None
    assert next_attempt(3, LATER, NOW, Chance(0.5), policy) is None
    assert next_attempt(DEFAULT_POLICY.max_attempts, LATER, NOW, Chance(0.5)) is None


def test_the_default_gives_up_after_about_a_day() -> None:
    total = sum((waits(n, drawn=0.5) for n in range(1, DEFAULT_POLICY.max_attempts)), timedelta())
    assert timedelta(hours=22) < total < timedelta(hours=26)


def test_retry_after_is_the_least_wait_spread_a_little_and_capped() -> None:
    assert waits(1, DeliveryDeferred("x", retry_after=120), drawn=0.0) == timedelta(seconds=120)
    assert waits(1, DeliveryDeferred("x", retry_after=120), drawn=0.5) == timedelta(seconds=125)
    assert waits(10, DeliveryDeferred("x", retry_after=1)) == waits(10)
    assert waits(1, DeliveryDeferred("x", retry_after=1e12), drawn=0.0) == timedelta(hours=6)
    assert waits(1, DeliveryDeferred("x", retry_after=-5), drawn=0.0) == timedelta(0)


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_no_number_of_attempts_breaks_the_policy(attempts: int, drawn: float) -> None:
    policy = RetryPolicy(max_attempts=1_000_000)
    at = next_attempt(attempts, LATER, NOW, Chance(drawn), policy)
    assert at is not None
    assert NOW <= at <= NOW + policy.longest


def test_an_id_is_the_same_for_the_same_cause() -> None:
    first = delivery_id("Large refunds", "DE", NOW, "ops", "alert.firing")
    assert first == "dlv_fyuk4tnrycvzlegfhz7wixfawp"
    berlin = NOW.astimezone(timezone(timedelta(hours=1)))
    assert delivery_id("Large refunds", "DE", berlin, "ops", "alert.firing") == first


@pytest.mark.parametrize("index", range(5))
def test_an_id_differs_when_any_part_does(index: int) -> None:
    cause: list[str | datetime] = ["a", "b", NOW, "c", "alert.firing"]
    other = list(cause)
    other[index] = NOW + timedelta(microseconds=1) if index == 2 else "x"
    assert delivery_id(*cause) != delivery_id(*other)  # type: ignore[arg-type]


def test_parts_do_not_run_into_each_other() -> None:
    assert delivery_id("ab", "c", NOW, "d", "e") != delivery_id("a", "bc", NOW, "d", "e")
