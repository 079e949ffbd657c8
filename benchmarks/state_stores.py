"""Evaluations a second that each state store takes: load, claim and commit, and deliveries.

The floor is the disk: how long one ``fdatasync`` of one page takes there. ``python -m
benchmarks.state_stores`` runs it by itself.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from heliograph.alerts.models import AlertState, Outcome, OutcomeKind, StateKind
from heliograph.local.postgres_server import PostgresServer
from heliograph.notifications.models import DeliveryState, Notice
from heliograph.runner.stores.contract import Delivery, EvaluationRecord, KeyRecord, StateStore
from heliograph.runner.stores.registry import open_store
from heliograph.runner.stores.sql import SqlStateStore
from heliograph.runner.stores.sqlite import SqliteDatabase
from heliograph.runner.stores.sqlite_file import StateFile

START = datetime(2026, 1, 1, tzinfo=UTC)
LEASE = timedelta(seconds=60)
ROWS = tuple((str(number), "a note of some length", None) for number in range(10))


@dataclass(frozen=True)
class Measured:
    """Evaluations a second of one store, by so many threads, without and with a delivery each."""

    store: str
    threads: int
    evaluations: float
    with_delivery: float


def evaluate(store: StateStore, alert: str, due_at: datetime, *, is_told: bool) -> None:
    """Do what one evaluation asks of a store; with a delivery, also what its sending asks."""
    claim = store.claim(alert, due_at, due_at, LEASE)
    assert claim is not None
    store.load(alert)
    name = f"{alert} {due_at:%H%M%S}"
    outcome = Outcome(OutcomeKind.VALUE, value=Decimal("7.10"), reason="7.10 > 5")
    key = KeyRecord(outcome, "ok", "alerting", delivery_ids=(name,) if is_told else ())
    record = EvaluationRecord(alert, due_at, due_at, 1.5, (key,))
    notice = Notice(
        delivery_id=name,
        type="alert.firing",
        alert=alert,
        key="",
        state="alerting",
        previous_state="ok",
        outcome="value",
        reason="7.10 > 5",
        at=due_at,
        columns=("id", "note", "nothing"),
        rows=ROWS,
        row_count=10,
    )
    deliveries = [Delivery(name, "ops", notice)] if is_told else []
    state = AlertState(StateKind.ALERTING, since=START, last_value=Decimal("7.10"))
    assert store.commit(claim, record, {"": state}, deliveries)
    if is_told:
        sending = None
        while sending is None:  # another thread may have ours, and we not see its own yet
            sending = store.claim_delivery(["ops"], due_at, LEASE)
        done = replace(sending, state=DeliveryState.DELIVERED, finished_at=due_at)
        assert store.finish_delivery(done)


def rate(store: StateStore, alerts: int, threads: int, round_: int, *, is_told: bool) -> float:
    """Return evaluations a second, each of another alert."""
    due_at = START + timedelta(minutes=round_)
    with ThreadPoolExecutor(threads) as pool:
        began = time.perf_counter()
        done = pool.map(
            lambda number: evaluate(store, f"alert {number}", due_at, is_told=is_told),
            range(alerts),
        )
        assert len(list(done)) == alerts
        return alerts / (time.perf_counter() - began)


def measure(name: str, store: StateStore, alerts: int) -> Iterator[Measured]:
    """Measure one store, with one thread and with eight."""
    rate(store, alerts, 1, 0, is_told=False)  # all alerts are known, as they are after a minute
    for number, threads in enumerate((1, 8)):
        plain = rate(store, alerts, threads, 2 * number + 1, is_told=False)
        told = rate(store, alerts, threads, 2 * number + 2, is_told=True)
        yield Measured(name, threads, plain, told)


def sync_ms(folder: Path, times: int = 100) -> float:
    """Return the milliseconds that the disk takes to keep one page for good, over and over."""
    file = os.open(folder / "page", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        os.pwrite(file, b"\0" * 4096 * times, 0)
        os.fsync(file)
        began = time.perf_counter()
        for number in range(times):
            os.pwrite(file, b"x" * 4096, number * 4096)
            os.fdatasync(file)
        return (time.perf_counter() - began) / times * 1000
    finally:
        os.close(file)


@contextmanager
def moto_server() -> Iterator[tuple[str, dict[str, str]]]:
    """Run moto's S3; it stands for the protocol's cost, not for Amazon's distance."""
    from tests.support.moto_server import running_moto

    with running_moto() as moto:
        yield moto.new_place(), dict(moto.environment)


def run(alerts: int = 1_000) -> list[Measured]:
    """Measure every store and print what it takes."""
    found: list[Measured] = []

    def show(name: str, open_it: Callable[[], StateStore], count: int) -> None:
        with closing(open_it()) as store:
            for one in measure(name, store, count):
                found.append(one)
                print(
                    f"  {one.store:<28} {one.threads} threads  {one.evaluations:>7,.0f}"
                    f" evaluations/s ({1000 / one.evaluations:.2f} ms)"
                    f"  {one.with_delivery:>6,.0f} with a delivery each",
                    flush=True,
                )

    with tempfile.TemporaryDirectory(prefix="heliograph-bench-") as name:
        folder = Path(name)
        print(f"{alerts:,} alerts; this disk keeps a page in {sync_ms(folder):.2f} ms")
        for synchronous in ("FULL", "NORMAL"):
            file = StateFile(folder / f"{synchronous}.db")
            show(
                f"SQLite, synchronous {synchronous}",
                lambda file=file, how=synchronous: SqlStateStore(  # type: ignore[misc]
                    SqliteDatabase(file, synchronous=how)
                ),
                alerts,
            )
        with PostgresServer(folder / "postgres") as server:
            show("PostgreSQL", lambda: open_store(server.url()), alerts)
        with moto_server() as (place, environment):
            show("S3 (moto)", lambda: open_store(place, environment), min(alerts, 50))
    return found


if __name__ == "__main__":
    run()
