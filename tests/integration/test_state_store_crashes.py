"""Processes that share a state, and are killed while they use it."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.support.moto_server import MotoServer, running_moto
from tests.support.state_store_worker import ALERTS, LONG, read_won, send_once, start, working
from tests.support.state_stores import LEASE, NOON, SECOND, commit_now, make_delivery

from heliograph.notifications.models import DeliveryState
from heliograph.runner.stores.contract import StateStore
from heliograph.runner.stores.registry import open_store

ROUNDS = {"sqlite": 15, "postgresql": 5}  # each kills two processes


@pytest.fixture(scope="module")
def moto() -> Iterator[MotoServer]:
    with running_moto() as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)  # the workers inherit it
        yield server


@pytest.fixture
def make_place(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """Call it with the name of a store for a fresh place of it."""

    def make(kind: str) -> str:
        if kind == "sqlite":
            return str(tmp_path / "state.db")
        if kind == "s3":
            return str(request.getfixturevalue("moto").new_place())
        return str(request.getfixturevalue("make_database")())

    return make


def race(task: str, place: str, *arguments: str) -> list[list[str]]:
    """Let two processes do the same at once; return what each won."""
    with ExitStack() as stack:
        workers = [stack.enter_context(working(task, place, *arguments)) for _ in range(2)]
        for worker in workers:
            start(worker)
        return [read_won(worker) for worker in workers]


@pytest.mark.parametrize(("kind", "count"), [("sqlite", 200), ("postgresql", 200), ("s3", 25)])
def test_two_processes_win_each_due_time_exactly_once(
    make_place: Callable[[str], str], kind: str, count: int
) -> None:
    one, other = race("claim", make_place(kind), str(count))
    assert sorted(one + other) == sorted(f"alert {number}" for number in range(count))


@pytest.mark.parametrize(("kind", "count"), [("sqlite", 200), ("postgresql", 200), ("s3", 15)])
def test_two_processes_send_each_delivery_exactly_once(
    make_place: Callable[[str], str], kind: str, count: int
) -> None:
    place, names = make_place(kind), [f"dlv_{number}" for number in range(count)]
    with closing(open_store(place)) as store:
        commit_now(store, *(make_delivery(name) for name in names))
    one, other = race("send", place)
    assert sorted(one + other) == sorted(names)
    with closing(open_store(place)) as store:
        done = store.deliveries([DeliveryState.DELIVERED], limit=count + 1)
    assert {delivery.id for delivery in done} == set(names)
    assert {delivery.attempts for delivery in done} == {1}


@pytest.mark.parametrize("kind", ROUNDS)
def test_whoever_is_killed_leaves_all_or_nothing(
    make_place: Callable[[str], str], kind: str
) -> None:
    chance, place, evaluations = random.Random(20260329), make_place(kind), 0
    for number in range(ROUNDS[kind]):
        kill_two_at_random(place, chance, seed=f"{number}")
        if kind == "sqlite":
            check_file(Path(place))
        with closing(open_store(place)) as store:
            evaluations += check_evaluations(store)
            check_claims_are_free(store, at_once=kind == "sqlite")
    assert evaluations > 100, "They were killed before they did anything."


def kill_two_at_random(place: str, chance: random.Random, *, seed: str) -> None:
    """Let two processes work on one state, and kill each at a moment of its own."""
    with ExitStack() as stack:
        workers: list[subprocess.Popen[str]] = [
            stack.enter_context(working("evaluate", place, f"{seed}{number}"))
            for number in range(2)
        ]
        for worker in workers:
            time.sleep(chance.uniform(0.03, 0.2))  # the moment is the thing that is tested
            os.kill(worker.pid, signal.SIGKILL)


def check_file(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def check_evaluations(store: StateStore) -> int:
    """Every evaluation has its state and its deliveries, and no delivery lacks its evaluation."""
    records = store.history(None, limit=1_000_000)
    promised = {name for record in records for key in record.keys for name in key.delivery_ids}
    kept = {delivery.id for delivery in store.deliveries(list(DeliveryState), limit=1_000_000)}
    assert kept == promised
    for alert in ALERTS:
        times = [record.due_at for record in records if record.alert == alert]
        memory = store.load(alert)
        assert memory.last_due_at == max(times, default=None)
        assert len(times) == (memory.states[""].consecutive if memory.states else 0)
    return len(records)


def check_claims_are_free(store: StateStore, *, at_once: bool) -> None:
    """Whatever the dead held may be claimed: at once, or else when the lease is over."""
    now = datetime.now(UTC) if at_once else datetime.now(UTC) + LONG
    for alert in ALERTS:
        claim = store.claim(alert, (store.load(alert).last_due_at or NOON) + SECOND, now, LEASE)
        assert claim is not None
        store.release(claim)
    waiting = {one.id for one in store.deliveries([DeliveryState.WAITING], limit=1_000_000)}
    next_at = store.next_attempt_at(["ops"])
    assert (next_at is not None and next_at <= now) if waiting else next_at is None
    sent = set()
    while (name := send_once(store, now, LEASE)) is not None:
        sent.add(name)
    assert sent == waiting


def test_a_claim_of_a_living_process_is_not_taken_before_its_lease_ends(tmp_path: Path) -> None:
    place = str(tmp_path / "state.db")
    with closing(open_store(place)) as store, working("claim", place, "1") as worker:
        start(worker)
        assert read_won(worker) == ["alert 0"]
        worker.send_signal(signal.SIGSTOP)  # it lives, and says nothing
        alive = store.claim("alert 0", NOON, NOON, LEASE)
        worker.kill()
        worker.wait(timeout=30)
        assert (alive, store.claim("alert 0", NOON, NOON, LEASE) is not None) == (None, True)
