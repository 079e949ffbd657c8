"""Warm sessions: lent to one at a time, looked at before, reset after, closed in time."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

import pytest

from heliograph.connections.engines.contract import Session
from heliograph.connections.warm import WarmSessions


class FakeSession:
    """As much of a session as is warmed."""

    def __init__(self) -> None:
        self.is_connected = True
        self.resets = self.interrupts = 0
        self.is_broken = False

    def is_usable(self) -> bool:
        return self.is_connected

    def reset(self) -> bool:
        self.resets += 1
        self.is_connected &= not self.is_broken
        return self.is_connected

    def interrupt(self) -> None:
        self.interrupts += 1

    def close(self) -> None:
        self.is_connected = False


class Bench:
    """A pool, a clock for it, and every session that it has opened."""

    def __init__(self, most_idle: int = 2) -> None:
        self.now = 0.0
        self.opened: list[FakeSession] = []
        self.pool: WarmSessions[tuple[str, int]] = WarmSessions(
            most_idle=most_idle, idle_time=timedelta(seconds=60), monotonic=lambda: self.now
        )

    def open(self) -> Session:
        self.opened.append(FakeSession())
        return cast("Session", self.opened[-1])

    def use(self, key: str = "a", version: int = 1) -> FakeSession:
        with self.pool.borrow((key, version), self.open) as session:
            return cast("FakeSession", session)

    @property
    def connected(self) -> int:
        return sum(session.is_connected for session in self.opened)


def test_a_session_is_used_again_after_a_reset() -> None:
    bench = Bench()
    first = bench.use()
    assert (bench.use(), first.resets, len(bench.opened)) == (first, 2, 1)


def test_two_at_once_never_share_a_session() -> None:
    bench = Bench()
    with (
        bench.pool.borrow(("a", 1), bench.open) as one,
        bench.pool.borrow(("a", 1), bench.open) as other,
    ):
        assert one is not other
    assert bench.pool.idle_count == 2


def test_another_version_of_a_connection_is_another_session() -> None:
    bench = Bench()
    assert bench.use(version=1) is not bench.use(version=2)


def test_a_session_that_the_server_has_closed_is_not_lent() -> None:
    bench = Bench()
    first = bench.use()
    first.is_connected = False
    assert bench.use() is not first


def test_a_session_that_does_not_come_back_clean_is_closed() -> None:
    bench = Bench()
    with bench.pool.borrow(("a", 1), bench.open):
        bench.opened[0].is_broken = True
    assert (bench.connected, bench.pool.idle_count) == (0, 0)


def test_a_session_comes_back_from_an_error_too() -> None:
    bench = Bench()
    with pytest.raises(LookupError), bench.pool.borrow(("a", 1), bench.open):
        raise LookupError
    assert bench.use() is bench.opened[0]


def test_who_has_waited_too_long_is_closed_when_anybody_comes() -> None:
    bench = Bench()
    first = bench.use("a")
    bench.now = 59.9
    assert bench.use("a") is first
    bench.now += 60
    bench.use("b")
    assert not first.is_connected
    assert bench.pool.idle_count == 1


def test_of_too_many_the_one_that_waited_longest_goes() -> None:
    bench = Bench(most_idle=2)
    first, second, third = bench.use("a"), bench.use("b"), bench.use("c")
    assert [one.is_connected for one in (first, second, third)] == [False, True, True]
    assert bench.use("b") is second


def test_dropped_keys_close_now_or_when_they_come_back() -> None:
    bench = Bench()
    idle = bench.use("a", 1)
    with bench.pool.borrow(("a", 2), bench.open) as lent:
        bench.pool.drop(lambda key: key[0] == "a")
        assert not idle.is_connected
        assert cast("FakeSession", lent).is_connected
    assert (bench.connected, bench.pool.idle_count) == (0, 0)
    assert bench.use("a", 2) is bench.opened[-1]
    assert bench.pool.idle_count == 1


def test_a_closed_pool_keeps_nothing() -> None:
    bench = Bench()
    idle = bench.use("a")
    with bench.pool.borrow(("b", 1), bench.open):
        bench.pool.close()
        assert not idle.is_connected
    assert bench.connected == 0


def test_interrupting_reaches_who_is_lent_and_nobody_else() -> None:
    bench = Bench()
    idle = bench.use("a")
    with bench.pool.borrow(("b", 1), bench.open) as lent:
        bench.pool.interrupt()
        assert (cast("FakeSession", lent).interrupts, idle.interrupts) == (1, 0)


def test_what_cannot_be_opened_leaves_nothing_behind() -> None:
    bench = Bench()

    def refuse() -> Session:
        raise ConnectionError

    with pytest.raises(ConnectionError), bench.pool.borrow(("a", 1), refuse):
        pass
    assert bench.pool.idle_count == 0
    assert bench.use() is bench.opened[0]
