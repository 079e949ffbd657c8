"""Queues and schedules on one machine do what SQS, Lambda and EventBridge would."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.support.api import SetClock
from tests.support.local_gateway import SAMPLE

from heliograph.kernel.errors import DatabaseUnavailable, HandlerFailed
from heliograph.local.deployment import Deployment, QueueSource, read_deployment
from heliograph.local.invoker import Invoker
from heliograph.local.pollers import Pollers, failed_ids
from heliograph.local.ticks import Ticker
from heliograph.platform import postgres
from heliograph.platform.database import Database
from heliograph.platform.queues import Message
from heliograph.platform.queues_postgres import PostgresQueue, Wakeups


@dataclass
class Told:
    """What a poller or a ticker has told, and a way to wait for it."""

    lines: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def __call__(self, event: str, **fields: Any) -> None:
        with self._changed:
            self.lines.append((event, fields))
            self._changed.notify_all()

    def wait_for(self, count: int, event: str = "queue.batch", seconds: float = 15) -> list[Any]:
        def found() -> list[Any]:
            return [fields for name, fields in self.lines if name == event]

        with self._changed:
            assert self._changed.wait_for(lambda: len(found()) >= count, seconds), self.lines
        return found()


@pytest.fixture(scope="module")
def deployment() -> Deployment:
    return read_deployment(SAMPLE, leave_out=frozenset({"left_out"}))


@pytest.fixture(scope="module")
def invoker(deployment: Deployment) -> Invoker:
    return Invoker(deployment)


@pytest.fixture
def jobs(invoker: Invoker) -> Any:
    """The sample consumer's module, with nothing remembered."""
    module = sys.modules["sample_jobs.handler"]
    module.BATCHES.clear()
    module.TICKS.clear()
    return module


@pytest.fixture
def database(app_database_url: str) -> Iterator[Database]:
    with closing(Database(app_database_url)) as database:
        yield database


@pytest.fixture
def source(deployment: Deployment) -> QueueSource:
    (found,) = deployment.queue_sources
    return replace(found, workers=1)


@pytest.fixture
def queue(database: Database, source: QueueSource) -> PostgresQueue:
    spec = source.queue
    return PostgresQueue(
        database, spec.name, dead_letter=spec.dead_letter, most_receives=spec.most_receives
    )


Start = Callable[..., Told]


@pytest.fixture
def start(
    source: QueueSource, queue: PostgresQueue, invoker: Invoker, app_database_url: str, jobs: Any
) -> Iterator[Start]:
    """Call it to start pollers; they are stopped afterwards."""
    running: list[Pollers] = []

    def begin(poll_seconds: float = 0.05, of: QueueSource = source) -> Told:
        told = Told()
        pollers = Pollers(
            [(of, queue)],
            invoker,
            waker=Wakeups(app_database_url),
            tell=told,
            poll_seconds=poll_seconds,
        )
        running.append(pollers)
        pollers.start()
        return told

    yield begin
    assert all(pollers.stop(20) for pollers in running)


def job(do: str, folder: Path | None = None) -> str:
    return json.dumps({"do": do, "folder": str(folder)})


def done(folder: Path) -> list[str]:
    return (folder / "done").read_text().split() if (folder / "done").exists() else []


def test_a_batch_comes_as_lambda_would_hand_it_over(
    start: Start, queue: PostgresQueue, jobs: Any, tmp_path: Path
) -> None:
    ids = [queue.send(job("note", tmp_path)) for _ in range(7)]
    told = start()
    batches = told.wait_for(2)
    assert [batch["messages"] for batch in batches] == [5, 2]  # the template's BatchSize
    assert sorted(done(tmp_path)) == sorted(ids)
    record = jobs.BATCHES[0]["Records"][0]
    assert record["messageId"] == ids[0]
    assert json.loads(record["body"])["do"] == "note"
    assert record["eventSource"] == "aws:sqs"
    assert record["eventSourceARN"].endswith(":sample")
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert int(record["attributes"]["SentTimestamp"]) > 1_600_000_000_000
    counts = queue.counts()
    assert (counts.waiting, counts.in_flight) == (0, 0)


def test_only_the_messages_that_failed_come_again(
    start: Start, queue: PostgresQueue, jobs: Any, tmp_path: Path
) -> None:
    good = queue.send(job("note", tmp_path))
    bad = queue.send(job("partly"))
    told = start()
    told.wait_for(2)
    second = jobs.BATCHES[1]["Records"]
    assert [record["messageId"] for record in second] == [bad]
    assert second[0]["attributes"]["ApproximateReceiveCount"] == "2"
    assert done(tmp_path) == [good]


def test_a_handler_that_raises_fails_its_whole_batch_and_poison_goes_to_the_dead_letters(
    start: Start, queue: PostgresQueue, database: Database, tmp_path: Path
) -> None:
    queue.send(job("note", tmp_path))
    queue.send(job("fail"))
    told = start()
    batches = told.wait_for(2)
    assert [(b["code"], b["failed"]) for b in batches] == [("handler_failed", 2)] * 2
    deadline = time.monotonic() + 10
    dead: list[dict[str, Any]] = []
    while len(dead) < 2 and time.monotonic() < deadline:
        dead = database.fetch("SELECT id FROM queue_messages WHERE queue = 'sample_dead_letter'")
        time.sleep(0.05)
    assert len(dead) == 2
    assert len(told.lines) == 2, "it was handed over more often than the template says"


def test_a_message_is_handed_over_as_soon_as_it_is_sent(
    start: Start, queue: PostgresQueue, source: QueueSource, tmp_path: Path
) -> None:
    told = start(poll_seconds=5)  # polling alone would be far too late
    time.sleep(0.3)  # until the listener listens
    began = time.monotonic()
    queue.send(job("note", tmp_path))
    told.wait_for(1)
    assert time.monotonic() - began < 1


def test_a_window_fills_a_batch(
    start: Start, queue: PostgresQueue, source: QueueSource, tmp_path: Path
) -> None:
    told = start(of=replace(source, window_seconds=1))
    for _ in range(3):
        queue.send(job("note", tmp_path))
        time.sleep(0.05)
    assert [batch["messages"] for batch in told.wait_for(1)] == [3]


def test_a_batch_that_outlives_the_stop_is_released_at_once(
    source: QueueSource, queue: PostgresQueue, invoker: Invoker, tmp_path: Path, jobs: Any
) -> None:
    class Deaf:
        def wait(self, seconds: float) -> frozenset[str]:
            time.sleep(min(seconds, 0.05))
            return frozenset()

        def close(self) -> None:
            pass

    lasting = replace(source, queue=replace(source.queue, visibility_seconds=600))
    queue.send(job("wait", tmp_path))
    pollers = Pollers([(lasting, queue)], invoker, waker=Deaf(), tell=Told(), poll_seconds=0.05)
    pollers.start()
    deadline = time.monotonic() + 10
    while not (tmp_path / "begun").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert queue.counts().in_flight == 1
    assert not pollers.stop(0.1)
    assert queue.counts().waiting == 1
    assert pollers.stop(10)
    assert queue.counts().waiting == 0  # it was done after all, and its receipt still counts


def test_pollers_survive_an_app_database_that_is_away_and_a_bug(
    source: QueueSource, queue: PostgresQueue, invoker: Invoker, tmp_path: Path, jobs: Any
) -> None:
    class Flaky:
        failures: ClassVar[list[Exception]] = [ValueError("4711"), DatabaseUnavailable("gone")]

        def receive(self, **how: Any) -> list[Message]:
            if self.failures:
                raise self.failures.pop()
            return queue.receive(**how)

        def __getattr__(self, name: str) -> Any:
            return getattr(queue, name)

    class Deaf:
        def wait(self, seconds: float) -> frozenset[str]:
            time.sleep(seconds)
            return frozenset()

        def close(self) -> None:
            pass

    told = Told()
    flaky: Any = Flaky()
    queue.send(job("note", tmp_path))
    pollers = Pollers([(source, flaky)], invoker, waker=Deaf(), tell=told, poll_seconds=0.02)
    pollers.start()
    try:
        told.wait_for(1)
    finally:
        assert pollers.stop(10)
    assert [name for name, _ in told.lines] == ["queue.failed", "queue.failed", "queue.batch"]
    assert [fields["code"] for _, fields in told.lines[:2]] == [
        "database_unavailable",
        "unexpected",
    ]
    assert "4711" not in str(told.lines)


def test_a_handler_that_leaves_a_transaction_open_fails_where_that_is_looked_at(
    deployment: Deployment, app_database_url: str
) -> None:
    def open_transactions() -> int:
        with postgres.connect(app_database_url) as connection:
            row = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND state LIKE 'idle in transaction%'"
            ).fetchone()
            return int(row[0]) if row else 0

    strict = Invoker(deployment, is_strict=True, open_transactions=open_transactions)
    function = deployment.paths["/api/acts/{proxy+}"]

    def call(act: str) -> Any:
        event = {
            "resource": "/api/acts/{proxy+}",
            "pathParameters": {"proxy": act},
            "queryStringParameters": {"url": app_database_url},
        }
        return strict.start(function, event, "id", seconds=5).future.result(10)

    module = sys.modules["sample_api.handler"]
    try:
        assert call("cookies")["statusCode"] == 200
        with pytest.raises(HandlerFailed, match="left a transaction open"):
            call("transact")
    finally:
        for opened in module.OPENED:
            opened.__exit__(None, None, None)
        module.OPENED.clear()


# What an answer says


def message(name: str) -> Message:
    return Message(name, "{}", "r", 1, datetime.now(UTC))


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (None, set()),
        ({}, set()),
        ({"batchItemFailures": []}, set()),
        ({"batchItemFailures": [{"itemIdentifier": "a"}]}, {"a"}),
        ({"batchItemFailures": [{"itemIdentifier": ""}]}, {"a", "b"}),
        ({"batchItemFailures": [{"itemIdentifier": None}]}, {"a", "b"}),
        ({"batchItemFailures": [{"itemIdentifier": "other"}]}, {"a", "b"}),
        ({"batchItemFailures": [{"bad": "a"}]}, {"a", "b"}),
    ],
)
def test_an_answer_is_read_as_lambda_reads_it(
    source: QueueSource, answer: Any, failed: set[str]
) -> None:
    assert failed_ids(answer, source, [message("a"), message("b")]) == failed


@pytest.mark.parametrize("answer", ["x", {"batchItemFailures": "a"}, {"batchItemFailures": ["a"]}])
def test_an_answer_of_another_shape_is_refused(source: QueueSource, answer: Any) -> None:
    with pytest.raises(HandlerFailed):
        failed_ids(answer, source, [message("a")])


# Schedules


@contextmanager
def ticker(deployment: Deployment, url: str, invoker: Invoker, clock: SetClock) -> Iterator[Any]:
    with closing(Database(url)) as database:
        yield Ticker(deployment.schedules, database, invoker, tell=Told(), clock=clock)


def test_two_nodes_on_one_database_do_each_tick_once(
    deployment: Deployment, app_database_url: str, invoker: Invoker, jobs: Any
) -> None:
    (hourly,) = deployment.schedules
    clock = SetClock(datetime(2026, 3, 2, 9, 30, tzinfo=UTC))
    with (
        ticker(deployment, app_database_url, invoker, clock) as one,
        ticker(deployment, app_database_url, invoker, clock) as other,
    ):
        assert [one.look(hourly), other.look(hourly), one.look(hourly)] == [True, False, False]
        clock.advance(timedelta(minutes=29))
        assert not other.look(hourly)
        clock.advance(timedelta(minutes=1))
        assert [other.look(hourly), one.look(hourly)] == [True, False]
    assert [event["time"] for event in jobs.TICKS] == [
        "2026-03-02T09:00:00Z",
        "2026-03-02T10:00:00Z",
    ]
    assert jobs.TICKS[0]["detail-type"] == "Scheduled Event"


def test_a_tick_whose_node_died_is_done_by_another_when_its_lease_is_over(
    deployment: Deployment, app_database_url: str, invoker: Invoker, database: Database, jobs: Any
) -> None:
    (hourly,) = deployment.schedules
    clock = SetClock(datetime(2026, 3, 2, 9, 30, tzinfo=UTC))
    with database.transaction() as tx:  # claimed, never finished
        tx.execute(
            "INSERT INTO schedule_ticks VALUES (%s, %s, %s, 1, NULL)",
            [hourly.name, datetime(2026, 3, 2, 9, tzinfo=UTC), clock.now() + timedelta(minutes=1)],
        )
    with ticker(deployment, app_database_url, invoker, clock) as other:
        assert not other.look(hourly)
        clock.advance(timedelta(minutes=2))
        assert other.look(hourly)
        assert not other.look(hourly)
    assert len(jobs.TICKS) == 1


def test_a_tick_that_was_missed_is_done_at_the_start(
    deployment: Deployment, app_database_url: str, invoker: Invoker, jobs: Any
) -> None:
    clock = SetClock(datetime(2026, 3, 2, 9, 59, tzinfo=UTC))
    with closing(Database(app_database_url)) as database:
        told = Told()
        running = Ticker(deployment.schedules, database, invoker, tell=told, clock=clock)
        running.start()
        (tick,) = told.wait_for(1, "schedule.tick")
        assert running.stop(10)
    assert tick["due_at"] == datetime(2026, 3, 2, 9, tzinfo=UTC)
