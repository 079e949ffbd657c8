"""The schema browser: read once, kept, read again on demand, and told when it fails."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from functions.schema_reader.handler import read_schemas
from tests.support.api import Answered, Api, SetClock
from tests.support.connections import OTHER, ConnectionsApi, KnownPeople
from tests.support.schema_zoo import Zoo, schema_zoo
from tests.support.tls_proxy import TlsProxy

from heliograph.connections import schema_answers
from heliograph.connections.schemas import Schemas
from heliograph.kernel.errors import KeyUnavailable
from heliograph.kernel.ids import new_id
from heliograph.platform import postgres
from heliograph.web.connection_answers import SchemaAnswer
from heliograph.web.services import Services


@pytest.fixture
def connections(api: Api, services: Services) -> ConnectionsApi:
    return ConnectionsApi(api, KnownPeople(services))


@pytest.fixture
def zoo(make_database: Callable[[], str]) -> Iterator[Zoo]:
    with schema_zoo(make_database()) as found:
        yield found


class Slow:
    """A database that does not answer until it is thawed, and requests that wait briefly."""

    def __init__(self, connections: ConnectionsApi, services: Services, proxy: TlsProxy) -> None:
        self.proxy = proxy
        self.connections = connections
        services.__dict__["schemas"] = Schemas(
            services.database,
            services.clock,
            services.connections,
            lambda: services.schema_queue,
            inline=timedelta(milliseconds=300),
        )
        made = connections.make(proxy.url(), ssl_mode="disable", name="Slow")
        self.id: str = made["id"]
        self.path = f"/{self.id}/schema"


@pytest.fixture
def slow(connections: ConnectionsApi, services: Services, zoo: Zoo) -> Iterator[Slow]:
    with TlsProxy(zoo.reader_url) as proxy:
        made = Slow(connections, services, proxy)
        proxy.freeze()
        yield made
        proxy.thaw()


class Worker:
    """The function ``schema_reader``, over the same services as the API."""

    def __init__(self, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
        self.services = services
        settings = services.settings
        monkeypatch.setenv("HELIOGRAPH_DATABASE", settings.database or "")
        monkeypatch.setenv("HELIOGRAPH_KEY", settings.key or "")

    def messages(self) -> list[str]:
        found = self.services.schema_queue.receive(visibility=timedelta(seconds=1))
        self.services.schema_queue.acknowledge(found)
        return [message.body for message in found]

    def call(self, *bodies: str, seconds: float = 60) -> list[str]:
        """Call the handler with these messages; return the bodies of those that failed."""
        records = [{"messageId": str(n), "body": body} for n, body in enumerate(bodies)]
        context = SimpleNamespace(get_remaining_time_in_millis=lambda: seconds * 1000)
        answered = read_schemas({"Records": records}, context)
        return [bodies[int(one["itemIdentifier"])] for one in answered["batchItemFailures"]]


@pytest.fixture
def worker(services: Services, monkeypatch: pytest.MonkeyPatch) -> Worker:
    return Worker(services, monkeypatch)


def table_names(answered: Answered, schema: str = "app") -> list[str]:
    found = next(one for one in answered.json["schemas"] if one["name"] == schema)
    return [table["name"] for table in found["tables"]]


def state_of(answered: Answered) -> tuple[int, str, bool]:
    return answered.status, answered.json["state"], answered.json["is_stale"]


def test_the_first_who_asks_gets_it_and_the_next_gets_the_same(
    connections: ConnectionsApi, zoo: Zoo
) -> None:
    path = f"/{connections.make(zoo.reader_url)['id']}/schema"
    first = connections.get(path)
    assert state_of(first) == (200, "ready", False)
    assert table_names(first) == ["counts", "customers", "events", "happy", "orders", "staff"]
    assert first.json["detail"] == "columns"
    SchemaAnswer.model_validate(first.json)
    with postgres.connect(zoo.owner_url) as connection:
        connection.execute(b"DROP TABLE app.orders")
    assert connections.get(path).json == first.json


def test_refreshing_reads_again_and_is_recorded(
    connections: ConnectionsApi, zoo: Zoo, clock: SetClock
) -> None:
    path = f"/{connections.make(zoo.reader_url)['id']}/schema"
    first = connections.get(path)
    with postgres.connect(zoo.owner_url) as connection:
        connection.execute(b"DROP TABLE app.orders")
    clock.advance(timedelta(minutes=1))
    fresh = connections.post(f"{path}/refresh", json={})
    assert "orders" not in table_names(fresh)
    assert fresh.json["read_at"] > first.json["read_at"]
    assert connections.get(path).json == fresh.json
    actions = [event["action"] for event in connections.audited()]
    assert actions[-2:] == ["schema.read", "schema.refreshed"]


def test_a_page_that_knows_it_already_gets_nothing_again(
    connections: ConnectionsApi, zoo: Zoo, clock: SetClock
) -> None:
    path = f"/{connections.make(zoo.reader_url)['id']}/schema"
    etag = connections.get(path).headers["etag"]
    for known in (etag, etag.removeprefix("W/"), f'"x", {etag}'):
        again = connections.get(path, headers={"If-None-Match": known})
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", etag)
    assert connections.get(path, headers={"If-None-Match": 'W/"x"'}).status == 200
    part = connections.get(path, query={"schema": "app"}, headers={"If-None-Match": etag})
    assert part.status == 200
    clock.advance(timedelta(seconds=1))
    connections.post(f"{path}/refresh", json={})
    assert connections.get(path, headers={"If-None-Match": etag}).status == 200


def test_one_schema_and_one_table_can_be_asked_for(connections: ConnectionsApi, zoo: Zoo) -> None:
    path = f"/{connections.make(zoo.reader_url)['id']}/schema"
    one = connections.get(path, query={"schema": "app"})
    assert [schema["name"] for schema in one.json["schemas"]] == ["app"]
    table = connections.get(path, query={"schema": "app", "table": "orders"})
    assert table_names(table) == ["orders"]
    assert table.json["schemas"][0]["tables"][0]["columns"]
    for query in ({"schema": "hidden"}, {"schema": "app", "table": "salaries"}):
        assert connections.get(path, query=query).code == "not_found"
    assert connections.get(path, query={"table": "orders"}).code == "request_invalid"
    assert connections.get(path, query={"schema": ""}).code == "request_invalid"
    assert connections.get(path, query={"nonsense": "1"}).code == "request_invalid"


def test_what_is_too_large_is_told_less_of_and_says_so(
    connections: ConnectionsApi, services: Services, zoo: Zoo
) -> None:
    connection_id = connections.make(zoo.reader_url)["id"]
    snapshot = services.schemas.get(connections.people.actors["editor"], UUID(connection_id))
    whole = schema_answers.write_answer(snapshot)
    seen = {}
    for most in (len(whole), len(whole) // 2, 700):
        body = schema_answers.write_answer(snapshot, most_bytes=most)
        answer = json.loads(body)
        SchemaAnswer.model_validate(answer)
        assert len(body) <= most + 200
        seen[answer["detail"]] = next(s for s in answer["schemas"] if s["name"] == "app")
    assert [*seen] == ["columns", "tables", "schemas"]
    assert len(seen["tables"]["tables"]) == seen["schemas"]["table_count"] == 6
    assert "columns" not in seen["tables"]["tables"][0]
    one = json.loads(schema_answers.write_answer(snapshot, "app", "customers", most_bytes=10))
    assert one["schemas"][0]["tables"][0]["columns"]


def test_only_who_may_use_the_connection_sees_its_schema(
    connections: ConnectionsApi, zoo: Zoo
) -> None:
    made = connections.make(zoo.reader_url)
    path = f"/{made['id']}/schema"
    assert connections.get(path, as_=OTHER).code == "not_found"
    assert connections.post(f"{path}/refresh", as_=OTHER, json={}).code == "not_found"
    connections.grant(made["id"], OTHER)
    assert connections.get(path, as_=OTHER).status == 200
    assert connections.post(f"{path}/refresh", as_=OTHER, json={}).status == 200
    assert connections.get(f"/{new_id()}/schema").code == "not_found"


def test_a_failure_is_kept_and_told_until_somebody_refreshes(
    connections: ConnectionsApi, zoo: Zoo
) -> None:
    made = connections.make(zoo.reader_url, password="wr0ng-passw0rd")
    path = f"/{made['id']}/schema"
    failed = connections.get(path)
    assert state_of(failed) == (200, "failed", False)
    assert failed.json["error"]["code"] == "login_failed"
    assert failed.json["error"]["hint"]
    assert "wr0ng" not in failed.text
    SchemaAnswer.model_validate(failed.json)
    assert connections.get(path).json == failed.json
    assert connections.post(f"{path}/refresh", json={}).json["state"] == "failed"
    password = urlsplit(zoo.reader_url).password
    connections.patch(made["id"], password=password)
    assert state_of(connections.get(path)) == (200, "ready", False)


def test_when_a_refresh_fails_the_old_one_is_still_there_and_stale(
    connections: ConnectionsApi, zoo: Zoo
) -> None:
    path = f"/{connections.make(zoo.reader_url)['id']}/schema"
    first = connections.get(path)
    role = urlsplit(zoo.reader_url).username
    with postgres.connect(zoo.owner_url) as connection:
        connection.execute(f"ALTER ROLE {role} NOLOGIN".encode())
    assert state_of(connections.post(f"{path}/refresh", json={})) == (200, "failed", True)
    kept = connections.get(path)
    assert kept.json["schemas"] == first.json["schemas"]
    assert kept.json["error"]["code"] == "login_failed"


def test_what_was_read_with_an_older_version_is_not_shown(
    connections: ConnectionsApi, zoo: Zoo
) -> None:
    made = connections.make(zoo.owner_url)
    path = f"/{made['id']}/schema"
    assert "salaries" in table_names(connections.get(path))
    reader = urlsplit(zoo.reader_url)
    connections.patch(made["id"], username=reader.username, password=reader.password)
    assert "salaries" not in table_names(connections.get(path))


def test_a_slow_database_is_left_to_the_reader(slow: Slow, worker: Worker) -> None:
    pending = slow.connections.get(slow.path)
    assert state_of(pending) == (202, "reading", False)
    assert pending.headers["retry-after"] == "2"
    assert (pending.json["schemas"], pending.json["error"]) == ([], None)
    [message] = worker.messages()
    assert json.loads(message) == {"connection_id": slow.id}
    assert slow.connections.get(slow.path).status == 202
    assert worker.messages() == []
    slow.proxy.thaw()
    assert worker.call(message) == []
    done = slow.connections.get(slow.path)
    assert state_of(done) == (200, "ready", False)
    assert "customers" in table_names(done)
    assert worker.call(message, message) == []  # messages come twice
    assert slow.connections.get(slow.path).json == done.json


def test_a_lost_message_is_healed_by_the_next_who_asks(
    slow: Slow, worker: Worker, clock: SetClock
) -> None:
    slow.connections.get(slow.path)
    assert len(worker.messages()) == 1  # and nobody reads
    clock.advance(timedelta(seconds=14))
    slow.connections.get(slow.path)
    assert worker.messages() == []
    clock.advance(timedelta(seconds=2))
    slow.connections.get(slow.path)
    slow.connections.post(f"{slow.path}/refresh", json={})
    [message] = worker.messages()
    slow.proxy.thaw()
    assert worker.call(message) == []
    assert slow.connections.get(slow.path).json["state"] == "ready"


def test_the_janitor_wakes_up_what_waits(
    slow: Slow, services: Services, worker: Worker, clock: SetClock
) -> None:
    slow.connections.get(slow.path)
    worker.messages()
    assert services.schemas.requeue_waiting() == 0
    clock.advance(timedelta(minutes=5))
    assert services.schemas.requeue_waiting() == 1
    assert [json.loads(one)["connection_id"] for one in worker.messages()] == [slow.id]
    assert services.schemas.requeue_waiting() == 0


def test_the_reading_of_a_reader_that_died_is_taken_over(
    slow: Slow, services: Services, worker: Worker, clock: SetClock
) -> None:
    slow.connections.get(slow.path)
    [message] = worker.messages()
    with services.database.transaction() as tx:  # as a reader that is killed leaves it
        tx.execute(
            "UPDATE schema_snapshots SET state = 'reading', claim_id = %s, lease_expires_at = %s",
            [new_id(), clock.now() + timedelta(seconds=60)],
        )
    slow.proxy.thaw()
    assert json.loads(message) == {"connection_id": slow.id}
    assert not services.schemas.read_waiting(UUID(slow.id))
    assert slow.connections.get(slow.path).json["state"] == "reading"
    clock.advance(timedelta(seconds=61))
    assert slow.connections.get(slow.path).status == 202
    assert worker.messages() == [message]
    assert services.schemas.read_waiting(UUID(slow.id))
    assert slow.connections.get(slow.path).json["state"] == "ready"


def test_what_a_late_reader_brings_is_not_written_over_a_newer_claim(
    slow: Slow, services: Services
) -> None:
    """A reader that was thought dead comes back with what it read before an edit."""
    schemas, found = services.schemas, services.connections.find(UUID(slow.id))
    assert found is not None
    slow.connections.get(slow.path)
    slow.proxy.thaw()
    seen: list[str] = []
    fetch = schemas._fetch

    def edit_meanwhile(*arguments: Any) -> bytes:
        content = fetch(*arguments)
        slow.connections.patch(slow.id, max_rows=17)
        seen.append(slow.connections.get(slow.path).json["state"])
        return content

    schemas._fetch = edit_meanwhile  # type: ignore[method-assign]
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(services.__dict__, "schemas", _other(services))
            assert schemas.read_waiting(UUID(slow.id), within=timedelta(seconds=20))
    finally:
        del schemas._fetch  # type: ignore[method-assign]
    assert seen == ["ready"]
    row = services.database.fetch("SELECT state, connection_version FROM schema_snapshots")
    assert row == [{"state": "ready", "connection_version": 2}]


def test_those_who_refresh_at_once_read_once(
    connections: ConnectionsApi, services: Services, zoo: Zoo
) -> None:
    path = f"/{connections.make(zoo.reader_url)['id']}/schema"
    connections.get(path)
    gate, count = threading.Barrier(4, timeout=20), []
    schemas = services.schemas
    fetch = schemas._fetch
    let_go = threading.Event()

    def counted(*arguments: Any) -> bytes:
        count.append(1)
        assert let_go.wait(20)
        return fetch(*arguments)

    schemas._fetch = counted  # type: ignore[method-assign]
    answers: list[Answered] = []

    def refresh() -> None:
        gate.wait()
        answers.append(connections.post(f"{path}/refresh", json={}))
        if len(answers) == 3:  # all but the one that reads
            let_go.set()

    threads = [threading.Thread(target=refresh) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(count) == 1
    states = sorted((one.json["state"], one.json["is_stale"]) for one in answers)
    assert states == [("reading", True)] * 3 + [("ready", False)]
    assert all(table_names(one) for one in answers)
    recorded = [event["action"] for event in connections.audited()]
    assert recorded.count("schema.refreshed") == 1


def test_a_reader_without_its_key_or_its_time_lets_the_message_come_again(
    slow: Slow, worker: Worker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    slow.connections.get(slow.path)
    [message] = worker.messages()
    slow.proxy.thaw()
    assert worker.call(message, seconds=5) == [message]
    with monkeypatch.context() as patch:
        patch.setenv("HELIOGRAPH_KEY", f"file://{tmp_path}/absent")
        assert worker.call(message) == [message]
    assert slow.connections.get(slow.path).json["state"] == "reading"
    assert worker.call(message) == []
    assert slow.connections.get(slow.path).json["state"] == "ready"


def test_our_own_failure_is_not_told_as_the_connections(
    connections: ConnectionsApi, services: Services, zoo: Zoo, clock: SetClock
) -> None:
    path = f"/{connections.make(zoo.reader_url)['id']}/schema"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(services.__dict__, "envelope", _Broken())
        assert (connections.get(path).status, connections.get(path).status) == (503, 202)
    clock.advance(timedelta(seconds=20))
    assert connections.get(path).json["state"] == "reading"


@pytest.mark.parametrize(
    "body", ["", "{", "[]", "null", '{"connection_id": 5}', '{"connection_id": "x"}', '"x"']
)
def test_a_message_that_is_none_goes_where_dead_letters_go(worker: Worker, body: str) -> None:
    gone = json.dumps({"connection_id": str(new_id())})
    assert worker.call(body, gone) == [body]


def test_deleting_a_connection_deletes_what_was_read_of_it(
    slow: Slow, services: Services, worker: Worker
) -> None:
    slow.connections.get(slow.path)
    [message] = worker.messages()
    assert slow.connections.delete(slow.id).status == 204
    assert services.database.fetch("SELECT 1 FROM schema_snapshots") == []
    assert worker.call(message) == []
    assert slow.connections.get(slow.path).code == "not_found"


class _Broken:
    """A key that cannot be reached."""

    def decrypt(self, *_: object) -> bytes:
        raise KeyUnavailable("The key cannot be reached.")


def _other(services: Services) -> Schemas:
    return Schemas(
        services.database, services.clock, services.connections, lambda: services.schema_queue
    )
