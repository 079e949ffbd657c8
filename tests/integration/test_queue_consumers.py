"""Messages that come twice, late, in any order, to one that dies, and what is no message.

The functions are called with events of SQS (moto's, with the redrive of the template), and the
requests of all go over a socket. What counts is how often something was done.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from tests.support.api import Api
from tests.support.aws_world import CONTEXT, QUEUES, AwsWorld
from tests.support.queries import QueriesApi, queries_api
from tests.support.template import RESOURCES

from heliograph.connections.schemas import Schemas
from heliograph.kernel.errors import PlatformError, StorageUnavailable
from heliograph.kernel.ids import new_id
from heliograph.platform.dead_letters import count_dead_letters
from heliograph.web.janitor import clean, look_after_queries

KINDS = list(QUEUES)
FUNCTIONS = {"schema": "schema_reader", "query": "query_runner", "export": "export_writer"}
DONE = {"schema": "is_read", "query": "queries", "export": "exports"}
SECRET = "customer-4711"
SQL = f"select clock_timestamp() as at, '{SECRET}' as who from generate_series(1, 3)"


@pytest.fixture
def queries(aws: AwsWorld, make_database: Callable[[], str]) -> Iterator[QueriesApi]:
    """The API of the installation, over a database that is asked."""
    with queries_api(aws.services, Api(aws.services), make_database()) as made:
        yield made


@dataclass
class Waiting:
    """Something that waits for a function, and has a message in its queue.

    ``look`` returns how it stands now, by the API: other values when it is done once more.
    """

    kind: str
    connection: str
    look: Callable[[], Mapping[str, Any]]

    @property
    def is_done(self) -> bool:
        return self.look()["state"] in ("succeeded", "ready")


class Office:
    """Has things wait, and counts what the functions say that they have done."""

    def __init__(
        self, aws: AwsWorld, queries: QueriesApi, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.aws = aws
        self.queries = queries
        self._capsys = capsys
        self._count = 0
        self.logged: list[dict[str, Any]] = []

    def begin(self, kind: str) -> Waiting:
        """Ask for something on a connection of its own, and leave it to the function."""
        self._count += 1
        connection = self.queries.connect(name=f"{kind} {self._count}")
        return {"schema": self._schema, "query": self._query, "export": self._export}[kind](
            connection
        )

    def done(self, kind: str) -> int:
        """Return how much the function of a queue has done so far, by its own log."""
        return sum(
            int(line[DONE[kind]])
            for line in self.log()
            if line["event"] == f"{FUNCTIONS[kind]}.done"
        )

    def log(self) -> list[dict[str, Any]]:
        """Return every line so far."""
        for line in self._capsys.readouterr().err.splitlines():
            self.logged.append(json.loads(line))
        return self.logged

    def _query(self, connection: str) -> Waiting:
        asked = self.queries.ask(connection, SQL, wait_seconds=0)["id"]
        return Waiting("query", connection, lambda: self.queries.get(f"/{asked}").json)

    def _export(self, connection: str) -> Waiting:
        body = {"connection_id": connection, "sql": SQL, "format": "csv"}
        begun = self.queries.api.post("/api/exports", token="editor", json=body)
        assert begun.status == 202, begun.text
        path, aws = f"/api/exports/{begun.json['id']}", self.aws

        def look() -> Mapping[str, Any]:
            told = self.queries.api.get(path, token="editor").json
            files = [
                aws.s3.get_object(Bucket=aws.bucket, Key=key)["Body"].read()
                for key in aws.blobs("exports/")
            ]
            return {"state": told["state"], "files": files}

        return Waiting("export", connection, look)

    def _schema(self, connection: str) -> Waiting:
        services = self.aws.services
        asking = Schemas(
            services.database,
            services.clock,
            services.connections,
            lambda: services.schema_queue,
            inline=timedelta(0),  # every database is too slow for a request
        )
        services.__dict__["schemas"] = asking
        path = f"/{connection}/schema"
        assert self.queries.connections.get(path).status == 202
        return Waiting("schema", connection, lambda: self.queries.connections.get(path).json)


@pytest.fixture
def office(
    aws: AwsWorld, queries: QueriesApi, capsys: pytest.CaptureFixture[str]
) -> Iterator[Office]:
    made = Office(aws, queries, capsys)
    yield made
    assert SECRET not in json.dumps(made.log())


# Twice, late, in any order


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_that_comes_twice_and_late_has_its_effect_once(
    office: Office, aws: AwsWorld, kind: str
) -> None:
    waiting = office.begin(kind)
    records = aws.receive(kind)
    assert len(records) == 1
    assert not waiting.is_done
    assert aws.call(kind, [*records, *records]) == []
    assert waiting.is_done
    before = waiting.look()
    assert aws.call(kind, records) == []
    assert waiting.look() == before
    assert office.done(kind) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_two_who_get_the_same_message_at_once_do_it_once(
    office: Office, aws: AwsWorld, kind: str
) -> None:
    waiting, records = office.begin(kind), aws.receive(kind)
    barrier = Barrier(3, timeout=20)

    def call(_: int) -> list[str]:
        barrier.wait()
        return aws.call(kind, records)

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(call, range(3))) == [[], [], []]
    assert waiting.is_done
    assert office.done(kind) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_worker_that_dies_before_it_deletes_its_message_has_done_it_once(
    office: Office, aws: AwsWorld, kind: str
) -> None:
    waiting, records = office.begin(kind), aws.receive(kind)
    assert aws.call(kind, records) == []
    before = waiting.look()
    # It dies here: nothing is deleted, and the time of the message runs out.
    aws.settle(kind, records, [record["messageId"] for record in records])
    again = aws.receive(kind)
    assert [one["messageId"] for one in again] == [one["messageId"] for one in records]
    assert again[0]["attributes"]["ApproximateReceiveCount"] == "2"
    assert aws.call(kind, again) == []
    aws.settle(kind, again, [])
    assert (waiting.look(), office.done(kind)) == (before, 1)
    assert aws.receive(kind) == []


@pytest.mark.parametrize("kind", KINDS)
def test_messages_of_several_connections_may_come_in_any_order(
    office: Office, aws: AwsWorld, kind: str
) -> None:
    waiting = [office.begin(kind) for _ in range(3)]
    records = aws.receive(kind)
    assert len(records) == 3
    for record in (records[2], records[0], records[2], records[1], records[0]):
        assert aws.call(kind, [record]) == []
    assert [one.is_done for one in waiting] == [True, True, True]
    assert office.done(kind) == 3


# What is no message, and what nobody can do anything about

POISON = {
    "no JSON": "{" + SECRET,
    "nothing": "{}",
    "a list": f'["{SECRET}"]',
    "no id": json.dumps({"connection_id": SECRET}),
    "a number": json.dumps({"connection_id": 4711}),
    "too deep": "[" * 200_000,
}


def send_all(aws: AwsWorld, kind: str, *bodies: str) -> None:
    for body in bodies:
        aws.send(kind, body)


@pytest.mark.parametrize("kind", KINDS)
def test_of_a_batch_exactly_what_is_no_message_comes_again(
    office: Office, aws: AwsWorld, kind: str
) -> None:
    first = office.begin(kind)
    send_all(aws, kind, *list(POISON.values())[:3])
    second = office.begin(kind)
    send_all(aws, kind, *list(POISON.values())[3:])
    bodies, back = aws.deliver(kind)
    assert len(bodies) == 2 + len(POISON)
    assert sorted(back) == sorted(POISON.values())
    assert (first.is_done, second.is_done, office.done(kind)) == (True, True, 2)
    bodies, back = aws.deliver(kind)
    assert sorted(bodies) == sorted(back) == sorted(POISON.values())
    assert office.done(kind) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_what_no_worker_can_read_ends_among_the_dead_letters(
    office: Office, aws: AwsWorld, kind: str
) -> None:
    most = int(RESOURCES[QUEUES[kind][0]]["Properties"]["RedrivePolicy"]["maxReceiveCount"])
    aws.send(kind, POISON["no id"])
    waiting = office.begin(kind)
    rounds = 0
    while aws.deliver(kind)[0]:
        rounds += 1
        assert rounds <= most
    assert rounds == most
    assert waiting.is_done
    assert aws.dead_letters(kind) == [POISON["no id"]]
    environment = aws.services.environment
    count = count_dead_letters(
        aws.queues[kind], environment=environment, database=lambda: aws.services.database
    )
    assert count == 1
    told = [one for one in office.log() if one["event"] == f"{FUNCTIONS[kind]}.message_invalid"]
    assert len(told) == most
    assert all(one.keys() == {"at", "event", "message"} for one in told)


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_of_another_version_is_read_as_far_as_it_is_known(
    office: Office, aws: AwsWorld, kind: str
) -> None:
    waiting = office.begin(kind)
    (record,) = aws.receive(kind)
    later = {**json.loads(record["body"]), "version": 2, "shard": {"of": SECRET}}
    earlier = {"connection_id": waiting.connection}
    for body in (later, earlier):
        assert aws.call(kind, [{**record, "body": json.dumps(body)}]) == []
    assert waiting.is_done
    assert office.done(kind) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_for_what_is_gone_is_done_with(office: Office, aws: AwsWorld, kind: str) -> None:
    gone, waiting = office.begin(kind), office.begin(kind)
    assert office.queries.connections.delete(gone.connection).status == 204
    aws.send(kind, json.dumps({"connection_id": str(new_id())}))
    bodies, back = aws.deliver(kind)
    assert (len(bodies), back) == (3, [])
    assert (waiting.is_done, office.done(kind)) == (True, 1)
    assert aws.receive(kind) == []


def test_a_wake_up_of_who_writes_exports_is_none_for_who_does_queries(
    office: Office, aws: AwsWorld
) -> None:
    body = json.dumps({"connection_id": None, "execution_id": str(new_id())})
    for kind, expected in (("query", [body]), ("export", [])):
        aws.send(kind, body)
        assert aws.deliver(kind)[1] == expected
        assert office.done(kind) == 0


# What goes wrong with a message that is one


class Broken:
    """Takes the place of a worker and fails in a way that nobody foresaw."""

    def __init__(self, worker: Any, connection: str) -> None:
        self._worker = worker
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        def call(connection_id: Any, *args: Any) -> Any:
            if str(connection_id) == self._connection:
                raise ZeroDivisionError(SECRET)
            return getattr(self._worker, name)(connection_id, *args)

        return call


@pytest.mark.parametrize("kind", ["query", "export"])
def test_an_error_that_nobody_foresaw_comes_again_alone_and_is_logged_without_data(
    office: Office, aws: AwsWorld, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, waiting = office.begin(kind), office.begin(kind)
    module = __import__(f"functions.{FUNCTIONS[kind]}.handler", fromlist=["_kept"])
    services = module._kept.open()
    name = f"{kind}_worker"
    with monkeypatch.context() as patch:
        patch.setitem(services.__dict__, name, Broken(getattr(services, name), broken.connection))
        bodies, back = aws.deliver(kind)
        assert len(bodies) == 2
        assert [json.loads(body)["connection_id"] for body in back] == [broken.connection]
        assert (broken.is_done, waiting.is_done) == (False, True)
        (failed,) = [one for one in office.log() if one["event"] == f"{FUNCTIONS[kind]}.failed"]
        assert (failed["code"], failed["connection"]) == ("unexpected", broken.connection)
        assert failed["trace"][-1] == "builtins.ZeroDivisionError"
        # Alone, as the template hands messages on, it is counted among the function's errors.
        with pytest.raises(PlatformError) as raised:
            aws.call(kind, [{"messageId": "1", "body": back[0]}])
        assert SECRET not in "".join(traceback.format_exception(raised.value))  # Lambda logs it
    aws.drain(kind)
    assert (broken.is_done, office.done(kind)) == (True, 2)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("pauses")
def test_a_message_comes_again_while_the_app_database_cannot_be_reached(
    office: Office, aws: AwsWorld, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = office.begin(kind)
    secret = aws.client("secretsmanager").create_secret(
        Name=f"{aws.bucket}-{kind}", SecretString=aws.settings.database
    )
    monkeypatch.setenv("HELIOGRAPH_DATABASE", secret["ARN"])
    aws.faulty.fail("GetSecretValue", "ThrottlingException")
    bodies, back = aws.deliver(kind)
    assert (len(bodies), back) == (1, bodies)
    (failed,) = [one for one in office.log() if one["event"] == f"{FUNCTIONS[kind]}.failed"]
    assert (failed["code"], failed["connection"]) == ("database_unavailable", waiting.connection)
    aws.faulty.mend()
    assert aws.deliver(kind) == (bodies, [])
    assert (waiting.is_done, office.done(kind)) == (True, 1)


def test_a_schema_waits_on_while_kms_refuses_and_is_read_afterwards(
    office: Office, aws: AwsWorld
) -> None:
    waiting = office.begin("schema")
    aws.faulty.fail("Decrypt", "DisabledException")
    bodies, back = aws.deliver("schema")
    assert (len(bodies), back) == (1, bodies)
    assert waiting.look()["state"] == "reading"
    (failed,) = [one for one in office.log() if one["event"] == "schema_reader.failed"]
    assert (failed["code"], failed["connection"]) == ("key_unavailable", waiting.connection)
    aws.faulty.mend()
    assert aws.deliver("schema") == (bodies, [])
    assert (waiting.is_done, office.done("schema")) == (True, 1)


@pytest.mark.parametrize("kind", ["query", "export"])
def test_what_needs_a_password_that_kms_refuses_fails_and_says_so(
    office: Office, aws: AwsWorld, kind: str
) -> None:
    refused, asked = office.begin(kind), aws.faulty.fail("Decrypt", "AccessDeniedException")
    assert aws.deliver(kind)[1] == []
    assert asked.seen == 1
    assert refused.look()["state"] == "failed"
    aws.faulty.mend()
    waiting = office.begin(kind)
    assert aws.deliver(kind)[1] == []
    assert waiting.is_done
    assert refused.look()["state"] == "failed"


# The queue itself does not take a message


@pytest.mark.parametrize("kind", ["query", "export"])
@pytest.mark.usefixtures("pauses")
def test_what_no_queue_has_taken_the_janitor_finds_in_the_database(
    office: Office, aws: AwsWorld, kind: str
) -> None:
    refusal = aws.faulty.fail("SendMessage", "ServiceUnavailable")
    waiting = office.begin(kind)
    assert refusal.seen >= 3
    assert waiting.look()["state"] == "queued"
    aws.faulty.mend()
    assert aws.receive(kind) == []
    later = aws.open_services(after=timedelta(seconds=11))
    _, failed = look_after_queries(later, seconds_left=lambda: 60.0)
    assert failed == []
    aws.drain(kind)
    assert (waiting.is_done, office.done(kind)) == (True, 1)


@pytest.mark.usefixtures("pauses")
def test_a_schema_that_no_queue_has_taken_the_janitor_finds_in_the_database(
    office: Office, aws: AwsWorld
) -> None:
    connection = office.begin("schema").connection
    aws.drain("schema")
    aws.faulty.fail("SendMessage", "ThrottlingException")
    refused = office.queries.connections.post(f"/{connection}/schema/refresh", json={})
    assert (refused.status, refused.code) == (503, "queue_unavailable")
    assert int(refused.headers["retry-after"]) > 0
    aws.faulty.mend()
    assert aws.receive("schema") == []
    _, failed = clean(aws.open_services(after=timedelta(seconds=16)), seconds_left=lambda: 60.0)
    assert failed == []
    aws.drain("schema")
    assert office.done("schema") == 2
    assert office.queries.connections.get(f"/{connection}/schema").json["state"] == "ready"


# The janitor


def janitor(**event: str) -> Any:
    from functions.janitor.handler import clean as handle

    return handle(event, CONTEXT)


@pytest.mark.usefixtures("pauses", "queries")
def test_a_janitor_that_cannot_read_its_note_fails_and_the_next_one_looks(aws: AwsWorld) -> None:
    assert janitor(look="queries") == {}
    aws.faulty.fail("GetObject", "SlowDown", times=2)
    assert janitor(look="queries") == {}
    aws.services.holder.attention.ask()
    aws.faulty.fail("GetObject", "SlowDown")
    with pytest.raises(StorageUnavailable):
        janitor(look="queries")
    aws.faulty.mend()
    assert "lost_queries" in janitor(look="queries")


@pytest.mark.usefixtures("pauses")
def test_files_that_s3_does_not_remove_are_removed_the_next_time(
    office: Office, aws: AwsWorld
) -> None:
    waiting = office.begin("export")
    aws.drain("export")
    (key,) = aws.blobs("exports/")
    later = aws.open_services(after=timedelta(hours=25))
    failure = f"<Error><Key>{key}</Key><Code>InternalError</Code></Error>"
    answer = f"<DeleteResult>{failure}</DeleteResult>".encode()
    aws.faulty.fail("DeleteObjects", answer, times=1)
    done, failed = clean(later, seconds_left=lambda: 60.0)
    assert failed == ["exports"]
    assert "audit_exports" in done, "the other steps were done"
    assert aws.blobs("exports/") == [key]
    _, failed = clean(later, seconds_left=lambda: 60.0)
    assert (failed, aws.blobs("exports/")) == ([], [])
    assert waiting.look()["files"] == []
