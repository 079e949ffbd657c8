"""How many messages were set aside: asked of the table in PostgreSQL and of SQS (moto's server)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from tests.support.moto_server import MotoServer, running_moto

from heliograph.kernel.errors import QueueUnavailable
from heliograph.platform.aws import open_client
from heliograph.platform.database import Database
from heliograph.platform.dead_letters import (
    count_dead_letters,
    how_to_redrive,
    redrive_dead_letters,
)
from heliograph.platform.queues_postgres import PostgresQueue


@dataclass
class Place:
    """A queue, how to set messages aside there, and what its functions are given."""

    address: str
    set_aside: Callable[[int], None]
    given: dict[str, Any]

    def count(self) -> int:
        return count_dead_letters(self.address, **self.given)


@pytest.fixture
def database(app_database_url: str) -> Iterator[Database]:
    with closing(Database(app_database_url)) as database:
        yield database


@pytest.fixture(scope="module")
def moto() -> Iterator[MotoServer]:
    with running_moto() as server:
        yield server


def in_postgres(database: Database) -> Iterator[Place]:
    def set_aside(count: int) -> None:
        for _ in range(count):
            PostgresQueue(database, "schema").send("x")
        with database.transaction() as tx:
            tx.execute(
                "UPDATE queue_messages SET queue = 'schema_dead', dead_from = 'schema'"
                " WHERE queue = 'schema'"
            )

    PostgresQueue(database, "other_dead").send("not ours")
    with database.transaction() as tx:
        tx.execute("UPDATE queue_messages SET dead_from = 'other'")
    yield Place("postgres:schema", set_aside, {"environment": {}, "database": lambda: database})


def no_database() -> Database:
    raise AssertionError("SQS needs no database")


def in_sqs(moto: MotoServer) -> Iterator[Place]:
    name = f"schema-{uuid4().hex}"
    with closing(open_client("sqs", moto.environment)) as client:
        dead = client.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
        found = client.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])
        policy = {"deadLetterTargetArn": found["Attributes"]["QueueArn"], "maxReceiveCount": "3"}
        attributes = {"RedrivePolicy": json.dumps(policy)}
        url = client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

        def set_aside(count: int) -> None:
            for _ in range(count):
                client.send_message(QueueUrl=dead, MessageBody="x")

        yield Place(url, set_aside, {"environment": moto.environment, "database": no_database})


@pytest.fixture(params=["postgres", "sqs"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    if request.param == "postgres":
        yield from in_postgres(request.getfixturevalue("database"))
    else:
        yield from in_sqs(request.getfixturevalue("moto"))


def test_messages_that_were_set_aside_are_counted(place: Place) -> None:
    assert place.count() == 0
    place.set_aside(2)
    assert place.count() == 2


def test_it_says_how_they_come_back(place: Place) -> None:
    command = how_to_redrive(place.address)
    assert command.startswith("heliograph doctor" if "postgres" in place.address else "aws sqs")


def test_a_queue_of_sqs_without_dead_letters_has_none(moto: MotoServer) -> None:
    with closing(open_client("sqs", moto.environment)) as client:
        url = client.create_queue(QueueName=f"plain-{uuid4().hex}")["QueueUrl"]
    assert count_dead_letters(url, environment=moto.environment, database=no_database) == 0
    with pytest.raises(QueueUnavailable):
        count_dead_letters(f"{url}-x", environment=moto.environment, database=no_database)


def test_sqs_brings_them_back_by_its_own_command(moto: MotoServer) -> None:
    with pytest.raises(QueueUnavailable) as refused:
        redrive_dead_letters(f"{moto.url}/1/schema", database=no_database)
    assert "start-message-move-task" in str(refused.value.hint)


def test_only_the_messages_of_that_queue_come_back(database: Database) -> None:
    place = next(in_postgres(database))
    place.set_aside(2)
    assert redrive_dead_letters("postgres:schema", database=lambda: database) == 2
    assert PostgresQueue(database, "schema").counts().waiting == 2
    assert PostgresQueue(database, "other").counts().waiting == 0
