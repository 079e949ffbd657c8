"""What every queue promises, asked of the table in PostgreSQL and of SQS (moto's server)."""

from __future__ import annotations

import inspect
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn
from uuid import uuid4

import pytest
from tests.support.hand_clock import HandClock
from tests.support.http_receiver import Answer, HttpReceiver
from tests.support.moto_server import MotoServer, running_moto
from tests.support.pgbouncer import PROGRAM, pooled

from heliograph.kernel.errors import DatabaseUnavailable, QueueUnavailable, SchemaOutdated
from heliograph.platform.aws import open_client
from heliograph.platform.database import Database
from heliograph.platform.queues import Message, Queue, QueueCounts, open_queue
from heliograph.platform.queues_postgres import PostgresQueue, Wakeups
from heliograph.platform.queues_sqs import SqsQueue

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
MOST_RECEIVES = 2


def no_database() -> NoReturn:
    raise AssertionError("The app database is not needed for this.")


@dataclass
class Place:
    """A queue and its dead letters; ``pass_time`` lets one second go by, the only way it can."""

    queue: Queue
    dead: Queue
    pass_time: Callable[[], None]


@pytest.fixture(scope="module")
def moto() -> Iterator[MotoServer]:
    with running_moto() as server:
        yield server


@pytest.fixture
def database(app_database_url: str) -> Iterator[Database]:
    with closing(Database(app_database_url)) as database:
        yield database


def make_sqs(moto: MotoServer) -> Iterator[Place]:
    with closing(open_client("sqs", moto.environment)) as client:
        name = f"q{uuid4().hex}"
        dead = client.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
        answer = client.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])
        policy = {
            "deadLetterTargetArn": answer["Attributes"]["QueueArn"],
            "maxReceiveCount": MOST_RECEIVES,
        }
        url = client.create_queue(QueueName=name, Attributes={"RedrivePolicy": json.dumps(policy)})[
            "QueueUrl"
        ]
    queues = [
        open_queue(place, environment=moto.environment, database=no_database)
        for place in (url, dead)
    ]
    with closing(queues[0]), closing(queues[1]):
        yield Place(queues[0], queues[1], lambda: time.sleep(1.05))


def make_postgres(database: Database) -> Iterator[Place]:
    clock = HandClock()
    queue = PostgresQueue(
        database, "jobs", clock=clock, dead_letter="jobs_dead", most_receives=MOST_RECEIVES
    )
    dead = PostgresQueue(database, "jobs_dead", clock=clock)
    yield Place(queue, dead, lambda: clock.advance(SECOND))


@pytest.fixture(params=["postgres", "sqs"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    if request.param == "sqs":
        yield from make_sqs(request.getfixturevalue("moto"))
    else:
        yield from make_postgres(request.getfixturevalue("database"))


@pytest.fixture
def queue(place: Place) -> Queue:
    return place.queue


def bodies(messages: list[Message]) -> list[str]:
    return sorted(message.body for message in messages)


@pytest.mark.parametrize("kind", [PostgresQueue, SqsQueue])
def test_every_queue_has_the_methods_of_the_contract(kind: type) -> None:
    for name, promised in inspect.getmembers(Queue, inspect.isfunction):
        if not name.startswith("_"):
            assert inspect.signature(getattr(kind, name)) == inspect.signature(promised)


# One message


def test_what_is_sent_is_received_as_it_was(queue: Queue) -> None:
    body = '{"text": "Grüße, 🛰\\n\t<&>"}\n'
    sent = queue.send(body)
    (message,) = queue.receive(visibility=MINUTE)
    assert (message.id, message.body, message.receive_count) == (sent, body, 1)
    assert message.sent_at.utcoffset() == timedelta(0)


def test_an_empty_queue_gives_nothing_at_once(queue: Queue) -> None:
    assert queue.receive(visibility=MINUTE) == []
    assert queue.counts() == QueueCounts(0, 0, 0)


def test_a_received_message_is_hidden_until_its_visibility_ends(place: Place) -> None:
    place.queue.send("a")
    assert bodies(place.queue.receive(visibility=SECOND)) == ["a"]
    assert place.queue.receive(visibility=SECOND) == []
    place.pass_time()
    (again,) = place.queue.receive(visibility=SECOND)
    assert (again.body, again.receive_count) == ("a", 2)


def test_an_acknowledged_message_never_comes_again(place: Place) -> None:
    place.queue.send("a")
    place.queue.acknowledge(place.queue.receive(visibility=SECOND))
    place.pass_time()
    assert place.queue.receive(visibility=SECOND) == []
    assert place.queue.counts() == QueueCounts(0, 0, 0)


def test_what_is_left_out_of_an_acknowledgement_comes_again(place: Place) -> None:
    for body in ("a", "b", "c"):
        place.queue.send(body)
    received = place.queue.receive(visibility=SECOND)
    place.queue.acknowledge([message for message in received if message.body != "b"])
    place.pass_time()
    assert bodies(place.queue.receive(visibility=SECOND)) == ["b"]


def test_a_released_message_comes_again_at_once(queue: Queue) -> None:
    queue.send("a")
    (message,) = queue.receive(visibility=MINUTE)
    queue.release(message)
    (again,) = queue.receive(visibility=MINUTE)
    assert (again.id, again.receive_count) == (message.id, 2)
    assert again.receipt != message.receipt


def test_a_message_released_for_later_comes_again_then(place: Place) -> None:
    place.queue.send("a")
    (message,) = place.queue.receive(visibility=MINUTE)
    place.queue.release(message, after=SECOND)
    assert place.queue.receive(visibility=MINUTE) == []
    place.pass_time()
    assert bodies(place.queue.receive(visibility=MINUTE)) == ["a"]


def test_a_delayed_message_comes_when_its_time_has_come(place: Place) -> None:
    place.queue.send("later", delay=SECOND)
    place.queue.send("now")
    assert bodies(place.queue.receive(visibility=MINUTE)) == ["now"]
    place.pass_time()
    assert bodies(place.queue.receive(visibility=MINUTE)) == ["later"]


def test_counts_tell_waiting_in_flight_and_delayed(queue: Queue) -> None:
    for body in ("a", "b", "c"):
        queue.send(body)
    queue.send("d", delay=MINUTE)
    queue.receive(most=1, visibility=MINUTE)
    assert queue.counts() == QueueCounts(waiting=2, in_flight=1, delayed=1)


def test_no_more_than_asked_for_are_received(queue: Queue) -> None:
    for number in range(12):
        queue.send(str(number))
    assert len(queue.receive(most=1, visibility=MINUTE)) == 1
    assert len(queue.receive(most=10, visibility=MINUTE)) == 10
    assert len(queue.receive(most=10, visibility=MINUTE)) == 1


def test_waiting_ends_at_once_when_there_is_a_message(queue: Queue) -> None:
    queue.send("a")
    began = time.monotonic()
    assert bodies(queue.receive(visibility=MINUTE, wait=timedelta(seconds=10))) == ["a"]
    assert queue.receive(visibility=MINUTE, wait=timedelta(seconds=0)) == []
    assert time.monotonic() - began < 5


def test_waiting_ends_when_a_message_comes(database: Database) -> None:
    # Only here: moto's requests take turns, so nobody could send while one waits.
    queue = PostgresQueue(database, "jobs")
    sender = threading.Timer(0.2, queue.send, ["a"])
    sender.start()
    began = time.monotonic()
    received = queue.receive(visibility=MINUTE, wait=timedelta(seconds=10))
    sender.join()
    assert bodies(received) == ["a"]
    assert time.monotonic() - began < 5


# Stale receipts


def test_acknowledging_and_releasing_twice_does_no_harm(queue: Queue) -> None:
    queue.send("a")
    queue.send("b")
    received = queue.receive(visibility=MINUTE)
    done = [message for message in received if message.body == "a"]
    queue.acknowledge(done)
    queue.acknowledge(done)
    queue.acknowledge([])
    queue.release(done[0])
    assert queue.counts() == QueueCounts(0, in_flight=1, delayed=0)
    assert queue.receive(visibility=MINUTE) == []


def test_who_lost_a_message_to_another_can_neither_remove_nor_release_it(
    database: Database,
) -> None:
    # moto, unlike SQS, removes by an old receipt too; so only the table is asked.
    clock = HandClock()
    queue = PostgresQueue(database, "jobs", clock=clock)
    queue.send("a")
    (slow,) = queue.receive(visibility=SECOND)
    clock.advance(SECOND)
    (quick,) = queue.receive(visibility=MINUTE)
    queue.acknowledge([slow])
    queue.release(slow)
    assert queue.counts() == QueueCounts(0, in_flight=1, delayed=0)
    queue.acknowledge([quick])
    assert queue.counts() == QueueCounts(0, 0, 0)


def test_a_receipt_that_nobody_gave_is_passed_over(queue: Queue) -> None:
    queue.send("a")
    (message,) = queue.receive(visibility=MINUTE)
    forged = Message(message.id, message.body, str(uuid4()), 1, message.sent_at)
    queue.acknowledge([forged])
    queue.release(forged)
    assert queue.counts() == QueueCounts(0, in_flight=1, delayed=0)


# Dead letters


def test_a_message_received_too_often_moves_to_the_dead_letters(place: Place) -> None:
    place.queue.send("poison")
    for count in range(1, MOST_RECEIVES + 1):
        (message,) = place.queue.receive(visibility=MINUTE)
        assert message.receive_count == count
        place.queue.release(message)
    place.queue.send("good")
    assert bodies(place.queue.receive(visibility=MINUTE)) == ["good"]
    assert bodies(place.dead.receive(visibility=MINUTE)) == ["poison"]
    assert place.queue.counts() == QueueCounts(0, in_flight=1, delayed=0)


def test_dead_letters_do_not_hold_up_those_behind_them(database: Database) -> None:
    queue = PostgresQueue(database, "jobs", dead_letter="jobs_dead", most_receives=1)
    for number in range(15):
        queue.send(f"poison {number}")
    for _ in range(2):
        for message in queue.receive(visibility=MINUTE):
            queue.release(message)
    queue.send("good")
    assert bodies(queue.receive(visibility=MINUTE)) == ["good"]
    assert PostgresQueue(database, "jobs_dead").counts().waiting == 15


def test_dead_letters_come_back_to_where_they_were_on_demand(database: Database) -> None:
    one, two = (
        PostgresQueue(database, name, dead_letter="dead", most_receives=1)
        for name in ("one", "two")
    )
    for queue in (one, two):
        queue.send(queue.name)
        queue.release(queue.receive(visibility=MINUTE)[0])
        assert queue.receive(visibility=MINUTE) == []
    assert one.redrive_dead() == 1
    assert one.redrive_dead() == 0
    (message,) = one.receive(visibility=MINUTE)
    assert (message.body, message.receive_count) == ("one", 1)
    assert PostgresQueue(database, "dead").counts().waiting == 1


def test_purging_removes_the_messages_of_one_queue(database: Database) -> None:
    one, two = PostgresQueue(database, "one"), PostgresQueue(database, "two")
    for queue in (one, one, two):
        queue.send("a")
    one.receive(most=1, visibility=MINUTE)
    assert one.purge() == 2
    assert (one.counts(), two.counts().waiting) == (QueueCounts(0, 0, 0), 1)


# Several at once


def test_two_receivers_never_share_a_message(place: Place) -> None:
    total = 24
    for number in range(total):
        place.queue.send(str(number))
    found: list[str] = []
    start = threading.Barrier(4)

    def receive() -> None:
        start.wait(timeout=10)
        while messages := place.queue.receive(most=3, visibility=MINUTE):
            found.extend(message.body for message in messages)

    threads = [threading.Thread(target=receive) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(found, key=int) == [str(number) for number in range(total)]


def test_a_claim_skips_messages_that_another_is_claiming(database: Database) -> None:
    queue = PostgresQueue(database, "jobs")
    queue.send("first")
    queue.send("second")
    with database.transaction() as tx:
        tx.execute("SELECT id FROM queue_messages ORDER BY id LIMIT 1 FOR UPDATE")
        assert bodies(queue.receive(visibility=MINUTE)) == ["second"]
    assert bodies(queue.receive(visibility=MINUTE)) == ["first"]


def test_the_messages_of_a_receiver_that_died_come_again(
    database: Database, app_database_url: str
) -> None:
    clock = HandClock()
    queue = PostgresQueue(database, "jobs", clock=clock)
    queue.send("a")
    other = Database(app_database_url)
    (lost,) = PostgresQueue(other, "jobs", clock=clock).receive(visibility=SECOND)
    backend = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid = %s"
    database.fetch(backend, [other.fetch("SELECT pg_backend_pid() AS pid")[0]["pid"]])
    other.close()
    assert queue.receive(visibility=SECOND) == []
    clock.advance(SECOND)
    (again,) = queue.receive(visibility=SECOND)
    assert (again.id, again.receive_count) == (lost.id, 2)


# Inside a transaction, and waking who listens


def test_a_message_sent_in_a_transaction_shares_its_fate(database: Database) -> None:
    queue = PostgresQueue(database, "jobs")
    with pytest.raises(ZeroDivisionError):
        _send_and_fail(database, queue)
    with database.transaction() as tx:
        sent = queue.send_in(tx, "a")
        assert queue.receive(visibility=MINUTE) == []
    (message,) = queue.receive(visibility=MINUTE)
    assert (message.id, message.body) == (sent, "a")


def test_who_listens_is_woken_by_a_send_with_the_name_of_the_queue(
    database: Database, app_database_url: str
) -> None:
    with closing(Wakeups(app_database_url)) as wakeups:
        assert wakeups.listen()
        PostgresQueue(database, "jobs").send("a")
        began = time.monotonic()
        assert wakeups.wait(30) == {"jobs"}
        assert time.monotonic() - began < 5
        assert wakeups.wait(0.01) == frozenset()


def test_who_listens_survives_the_loss_of_the_connection(
    database: Database, app_database_url: str
) -> None:
    listening = "SELECT pid FROM pg_stat_activity WHERE application_name = 'heliograph:queues' "
    own = listening + "AND datname = current_database()"
    with closing(Wakeups(app_database_url)) as wakeups:
        wakeups.listen()
        (first,) = database.fetch(own)
        database.fetch("SELECT pg_terminate_backend(%s, 5000)", [first["pid"]])
        assert wakeups.wait(0.01) == frozenset()
        assert wakeups.listen()
        PostgresQueue(database, "jobs").send("a")
        assert wakeups.wait(30) == {"jobs"}


def test_a_server_that_cannot_be_heard_is_waited_for_in_peace(app_database_url: str) -> None:
    nowhere = app_database_url.rpartition("/")[0] + "/nowhere"
    with closing(Wakeups(nowhere)) as wakeups:
        assert not wakeups.listen()
        assert wakeups.wait(0.01) == frozenset()


@pytest.mark.skipif(PROGRAM is None, reason="PgBouncer is not installed")
def test_a_queue_behind_a_transaction_pooler_works_by_polling(app_database_url: str) -> None:
    with (
        TemporaryDirectory() as folder,  # tmp_path lets no other user through
        pooled(app_database_url, Path(folder)) as through,
        closing(Database(through)) as database,
        closing(Wakeups(through)) as wakeups,
    ):
        queue = PostgresQueue(database, "jobs")
        wakeups.wait(0.01)
        queue.send("a")
        wakeups.wait(0.01)  # heard or not: what counts is the look
        queue.acknowledge(queue.receive(visibility=MINUTE))
        assert queue.counts() == QueueCounts(0, 0, 0)


def _send_and_fail(database: Database, queue: PostgresQueue) -> None:
    with database.transaction() as tx:
        queue.send_in(tx, "never")
        raise ZeroDivisionError


# Refusals


def test_a_body_of_256_kb_passes_and_a_byte_more_does_not(queue: Queue) -> None:
    queue.send("ü" * 131_072)
    assert queue.counts().waiting == 1
    with pytest.raises(QueueUnavailable, match="larger than 256 KB"):
        queue.send("ü" * 131_072 + "x")
    assert queue.counts().waiting == 1


@pytest.mark.parametrize("body", ["", "a\x00b", "\x1b[0m", "\ud800", "\uffff"])
def test_a_body_that_not_every_queue_carries_is_refused(queue: Queue, body: str) -> None:
    with pytest.raises(QueueUnavailable):
        queue.send(body)
    assert queue.counts().waiting == 0


@pytest.mark.parametrize("delay", [timedelta(minutes=16), -SECOND])
def test_a_time_that_not_every_queue_keeps_is_refused(queue: Queue, delay: timedelta) -> None:
    queue.send("a", delay=timedelta(minutes=15))
    with pytest.raises(QueueUnavailable):
        queue.send("b", delay=delay)
    with pytest.raises(QueueUnavailable):
        queue.receive(visibility=timedelta(hours=13))
    assert queue.counts().delayed == 1


@pytest.mark.parametrize("address", ["", "jobs", "redis://x", "postgres:", "postgres:a b", "sqs:x"])
def test_an_address_of_another_form_is_refused(database: Database, address: str) -> None:
    open_queue("postgres:jobs", environment={}, database=lambda: database)
    with pytest.raises(QueueUnavailable):
        open_queue(address, environment={}, database=lambda: database)


def test_sqs_says_that_its_queue_does_not_exist(moto: MotoServer) -> None:
    with closing(SqsQueue(f"{moto.url}/123456789012/missing", moto.environment)) as queue:
        for act in (
            lambda: queue.send("a"),
            lambda: queue.receive(visibility=SECOND),
            queue.counts,
        ):
            with pytest.raises(
                QueueUnavailable, match=r"QueueDoesNotExist|NonExistentQueue"
            ) as found:
                act()
            assert found.value.hint == "Make the queue, or correct its URL."


def test_sqs_that_may_not_be_used_says_what_the_role_needs(moto: MotoServer) -> None:
    refusal = {"__type": "com.amazonaws.sqs#AccessDeniedException", "message": "user arn:aws:x"}
    headers = {"content-type": "application/x-amz-json-1.0"}
    with HttpReceiver([Answer(403, json.dumps(refusal).encode(), headers)]) as receiver:
        environment = {**moto.environment, "AWS_ENDPOINT_URL": receiver.url("")}
        with (
            closing(SqsQueue(receiver.url("/1/jobs"), environment)) as queue,
            pytest.raises(QueueUnavailable, match="AccessDenied") as found,
        ):
            queue.send("a")
    assert "arn:aws:x" not in json.dumps(found.value.to_dict())


def test_sqs_that_nobody_answers_for_is_unavailable(moto: MotoServer) -> None:
    environment: dict[str, Any] = {**moto.environment, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    with (
        closing(SqsQueue("http://127.0.0.1:1/1/jobs", environment)) as queue,
        pytest.raises(QueueUnavailable, match="cannot be reached"),
    ):
        queue.send("a")


def test_a_database_without_the_table_or_the_server_says_which(
    make_database: Callable[[], str],
) -> None:
    url = make_database()
    with closing(Database(url)) as empty, pytest.raises(SchemaOutdated):
        PostgresQueue(empty, "jobs").send("a")
    with (
        closing(Database(url.rpartition("/")[0] + "/nowhere")) as nowhere,
        pytest.raises(DatabaseUnavailable),
    ):
        PostgresQueue(nowhere, "jobs").send("a")
