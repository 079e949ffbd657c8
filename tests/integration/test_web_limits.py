"""Limits, counted in a real database: over all instances, by address and by person."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from tests.support.api import SetClock

from heliograph.kernel.actors import Actor, ActorKind, Role
from heliograph.kernel.errors import RateLimited
from heliograph.kernel.ids import UserId, new_id
from heliograph.platform.database import Database
from heliograph.web.contract import Access, Call, Limit, Route
from heliograph.web.limits import count_call
from heliograph.web.services import Services

MINUTE = timedelta(minutes=1)


def run(call: Call[object, object]) -> None:
    """Do nothing."""


def route(path: str, limit: Limit) -> Route:
    return Route("POST", path, run, "Do nothing", Access.PUBLIC, limit=limit)


def visitor(address: str | None) -> Actor:
    return Actor(ActorKind.ANONYMOUS, address=address)


def person(address: str) -> Actor:
    return Actor(ActorKind.USER, UserId(new_id()), "a@example.com", Role.EDITOR, address=address)


class Counter:
    """Counts calls and tells which were refused, and for how long."""

    def __init__(self, services: Services, clock: SetClock) -> None:
        self.services = services
        self.clock = clock

    def __call__(self, limit: Limit, actor: Actor, path: str = "/api/things") -> float | None:
        try:
            count_call(route(path, limit), limit, actor, self.services.database, self.clock)
        except RateLimited as refused:
            return refused.retry_after
        return None


@pytest.fixture
def count(services: Services, clock: SetClock) -> Counter:
    return Counter(services, clock)


def test_as_many_calls_as_the_limit_says_and_no_more_until_the_window_ends(
    count: Counter, clock: SetClock
) -> None:
    limit, actor = Limit(3, MINUTE, by_address=True), visitor("198.51.100.1")
    assert [count(limit, actor) for _ in range(3)] == [None] * 3
    assert count(limit, actor) == 60.0
    clock.advance(timedelta(seconds=59))
    assert count(limit, actor) == 1.0
    clock.advance(timedelta(seconds=1))
    assert [count(limit, actor) for _ in range(4)] == [None, None, None, 60.0]


def test_another_address_another_path_and_another_person_have_their_own(count: Counter) -> None:
    limit = Limit(1, MINUTE)
    anna, ben = person("198.51.100.1"), person("198.51.100.1")
    assert count(limit, anna) is None
    assert count(limit, anna) is not None
    assert count(limit, ben) is None
    assert count(limit, anna, "/api/others") is None
    assert count(limit, visitor("198.51.100.1")) is None
    assert count(limit, visitor("198.51.100.2")) is None
    assert count(limit, visitor("198.51.100.2")) is not None


def test_who_moves_to_another_address_is_still_the_same_person(count: Counter) -> None:
    anna = person("198.51.100.1")
    moved = Actor(ActorKind.USER, anna.user_id, role=Role.EDITOR, address="198.51.100.2")
    assert count(Limit(1, MINUTE), anna) is None
    assert count(Limit(1, MINUTE), moved) is not None
    assert count(Limit(1, MINUTE, by_address=True), anna) is None
    assert count(Limit(1, MINUTE, by_address=True), moved) is None


def test_all_addresses_of_an_ipv6_network_are_one(count: Counter) -> None:
    limit = Limit(1, MINUTE, by_address=True)
    assert count(limit, visitor("2001:db8::1")) is None
    assert count(limit, visitor("2001:db8::ffff:2")) is not None
    assert count(limit, visitor("2001:db8:0:1::1")) is None
    assert count(limit, visitor("::::")) is None  # no address at all: all those share one
    assert count(limit, visitor(None)) is not None


def test_of_calls_at_once_exactly_as_many_pass_as_the_limit_says(
    app_database_url: str, clock: SetClock
) -> None:
    instances = [Database(app_database_url) for _ in range(4)]
    limit, actor = Limit(5, MINUTE, by_address=True), visitor("198.51.100.1")
    passed: list[bool] = []

    def ask(database: Database) -> None:
        for _ in range(5):
            try:
                count_call(route("/api/things", limit), limit, actor, database, clock)
                passed.append(True)
            except RateLimited:
                passed.append(False)

    threads = [threading.Thread(target=ask, args=(database,)) for database in instances]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    for database in instances:
        database.close()
    assert (len(passed), sum(passed)) == (20, 5)


def test_a_flood_does_not_make_the_count_overflow(count: Counter, services: Services) -> None:
    limit, actor = Limit(2, MINUTE, by_address=True), visitor("198.51.100.1")
    for _ in range(10):
        count(limit, actor)
    assert services.database.fetch("SELECT count FROM rate_limits") == [{"count": 3}]
