"""A process that uses a state store, to be raced against others and killed.

``evaluate PLACE SEED`` evaluates and sends without end; ``claim PLACE COUNT`` claims evaluations;
``send PLACE`` claims and finishes every delivery. Each prints ``ready``, and the last two begin
when they are sent a line, print a JSON list of what they won, and live until they are sent another.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.support.state_stores import LEASE, NOON, SECOND, make_delivery, make_record, make_state

from heliograph.notifications.models import DeliveryState
from heliograph.runner.stores.contract import StateStore
from heliograph.runner.stores.registry import open_store

ALERTS = [f"alert {number}" for number in range(4)]
LONG = timedelta(hours=1)


@contextmanager
def working(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start a worker, wait until it is ready, and end it at the end if it still runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.state_store_worker", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def start(process: subprocess.Popen[str]) -> None:
    """Let a worker that is ready begin."""
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def read_won(process: subprocess.Popen[str]) -> list[str]:
    """Wait for what a worker won. It goes on living, and holds its claims."""
    assert process.stdout is not None
    won: list[str] = json.loads(process.stdout.readline())
    return won


def evaluate_once(store: StateStore, chance: random.Random, now: datetime) -> None:
    """Claim and commit one evaluation; its state counts all evaluations of its alert."""
    alert = chance.choice(ALERTS)
    last_due_at = store.load(alert).last_due_at
    due_at = NOON if last_due_at is None else last_due_at + SECOND
    claim = store.claim(alert, due_at, now, LONG)
    if claim is None:
        return
    memory = store.load(alert)
    count = memory.states[""].consecutive + 1 if memory.states else 1
    names = [f"dlv_{alert}_{due_at}_{number}" for number in range(chance.randrange(3))]
    record = make_record(alert, due_at, delivery_ids=names)
    deliveries = [make_delivery(name, alert=alert, at=now) for name in names]
    store.commit(claim, record, {"": replace(make_state(), consecutive=count)}, deliveries)


def send_once(store: StateStore, now: datetime, lease: timedelta) -> str | None:
    """Claim one delivery and call it delivered; None when none is due."""
    delivery = store.claim_delivery(["ops"], now, lease)
    if delivery is None:
        return None
    done = replace(delivery, state=DeliveryState.DELIVERED, finished_at=now, next_attempt_at=None)
    assert store.finish_delivery(done)
    return delivery.id


def main() -> None:
    """Do what the arguments say."""
    task, place, *rest = sys.argv[1:]
    store = open_store(place)
    print("ready", flush=True)
    if task == "evaluate":
        chance = random.Random(rest[0])
        while True:
            evaluate_once(store, chance, datetime.now(UTC))
            send_once(store, datetime.now(UTC), LONG)
    sys.stdin.readline()
    won: list[str] = []
    if task == "claim":
        names = [f"alert {number}" for number in range(int(rest[0]))]
        won += [name for name in names if store.claim(name, NOON, NOON, LEASE)]
    else:
        while (sent := send_once(store, NOON, LEASE)) is not None:
            won.append(sent)
    print(json.dumps(won), flush=True)
    sys.stdin.readline()
    store.close()


if __name__ == "__main__":
    main()
