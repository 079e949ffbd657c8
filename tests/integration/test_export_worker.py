"""The worker of exports: in turns, cancelled, killed, without storage; and nothing is left."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from functions.export_writer.handler import write_exports
from tests.support.api import Api, SetClock
from tests.support.connections import ADMIN, EDITOR, OTHER
from tests.support.exports import ENDLESS, Exporting
from tests.support.runs import wait_until

from heliograph.kernel.errors import StorageUnavailable
from heliograph.kernel.ids import new_id
from heliograph.platform import postgres
from heliograph.platform.blob_store_folder import FolderBlobStore
from heliograph.queries import exports_store, turns_store
from heliograph.queries.executions_store import Kind
from heliograph.queries.wakes import read_wake
from heliograph.web.services import Services

MANY = "SELECT n, repeat('x', 100) AS t FROM generate_series(1, 20000) n"


class HookedBlobs(FolderBlobStore):
    """A folder that calls ``on_chunk`` with the number of each chunk of a file, from 1 on.

    ``at_start`` is called before there is any, ``at_end`` when the file is complete, and not yet
    there.
    """

    at_start: Callable[[], None] = staticmethod(lambda: None)
    on_chunk: Callable[[int], None] = staticmethod(lambda _: None)
    at_end: Callable[[], None] = staticmethod(lambda: None)

    def write(self, key: str, chunks: Iterable[bytes], *, content_type: str) -> None:
        if key.startswith("exports/"):
            self.at_start()
        super().write(key, self._hooked(chunks), content_type=content_type)

    def _hooked(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for number, chunk in enumerate(chunks, 1):
            yield chunk
            self.on_chunk(number)
        self.at_end()


@pytest.fixture
def blobs(tmp_path: Path) -> HookedBlobs:
    return HookedBlobs(tmp_path / "blobs", links="https://heliograph.example")


@pytest.fixture
def exporting(
    services: Services, api: Api, make_database: Callable[[], str], blobs: HookedBlobs
) -> Iterator[Exporting]:
    made = Exporting(services, api, make_database())
    made.use_blobs(blobs)
    made.inline(0)
    yield made
    services.connections.close()


def once(do: Callable[[], object]) -> Callable[[int], None]:
    """Return a hook that does something after the first chunk, and lets a check come due."""

    def hook(number: int) -> None:
        if number == 1:
            do()
            time.sleep(1.1)

    return hook


@pytest.fixture(params=["rows", "sql"])
def begun(request: pytest.FixtureRequest, exporting: Exporting) -> Any:
    """An export of 2 MB that waits for the worker: of rows that are kept, and of SQL."""
    connection = exporting.connect()
    if request.param == "rows":
        body = {"query_id": exporting.query(connection, MANY)["id"]}
    else:
        body = {"connection_id": connection, "sql": MANY}
    answered = exporting.export(**body)
    assert (answered.status, answered.json["state"]) == (202, "queued")
    return answered.json


def assert_nothing_is_left(exporting: Exporting) -> None:
    assert exporting.blobs() == []
    assert exporting.active() == 0
    rows = exporting.services.database.fetch("SELECT execution_id FROM query_slots")
    assert [row for row in rows if row["execution_id"] is not None] == []


# Sessions


@pytest.mark.parametrize("times", [1, 2])
def test_a_session_that_is_ended_just_before_an_export_begins_is_replaced_once(
    exporting: Exporting, blobs: HookedBlobs, times: int
) -> None:
    """As another instance ends one that is kept warm, whose place it has taken."""
    ended: list[int] = []

    def end_sessions() -> None:
        if len(ended) < times:
            with postgres.connect(exporting.url) as owner:
                found = owner.execute(
                    b"SELECT count(*) FILTER (WHERE pg_terminate_backend(pid, 5000))"
                    b" FROM pg_stat_activity WHERE application_name LIKE 'heliograph:idle%'"
                    b" AND datname = current_database()"
                ).fetchone()
            ended.append(found[0] if found else 0)

    blobs.at_start = end_sessions
    told = exporting.written(connection_id=exporting.connect(), sql=MANY)
    assert ended == [1] * times
    if times == 1:
        assert (told["state"], told["row_count"]) == ("succeeded", 20_000)
    else:
        assert (told["state"], told["error"]["code"]) == ("failed", "connection_lost")
        assert_nothing_is_left(exporting)


# Turns


def test_rows_that_are_kept_need_no_connection(exporting: Exporting) -> None:
    connection = exporting.connect(max_concurrency=1)
    query = exporting.query(connection, MANY)
    told = exporting.export(query_id=query["id"]).json
    assert (told["state"], told["progress"], told["rows_so_far"]) == ("queued", 0.0, 0)
    (body,) = exporting.messages()
    wake = read_wake(body)
    assert wake.connection_id is None
    assert wake.execution_id is not None
    worker = exporting.services.export_worker
    assert worker.work_on(UUID(connection), lambda: 100) == 0  # it waits for no connection
    assert worker.write_kept(wake.execution_id, lambda: 100) == 1
    assert worker.write_kept(wake.execution_id, lambda: 100) == 0
    assert worker.write_kept(new_id(), lambda: 100) == 0
    assert exporting.get(told["id"]).json["row_count"] == 20_000


def test_a_file_that_takes_too_long_for_its_request_is_left_to_the_worker(
    exporting: Exporting, blobs: HookedBlobs
) -> None:
    query = exporting.query(exporting.connect(), MANY)
    blobs.on_chunk = lambda _: time.sleep(0.2)
    exporting.inline(0.1)
    answered = exporting.export(query_id=query["id"])
    assert (answered.status, answered.json["state"]) == (202, "queued")
    assert exporting.blobs() == []
    assert exporting.work() == 1
    slow = exporting.get(answered.json["id"]).json
    exporting.inline(30)
    quick = exporting.export(query_id=query["id"])
    assert quick.status == 200
    assert exporting.file(slow["url"]) == exporting.file(quick.json["url"])


def test_a_large_result_is_left_to_the_worker_at_once(exporting: Exporting) -> None:
    exporting.inline(30)
    query = exporting.query(
        exporting.connect(), "SELECT n FROM generate_series(1, 50001) n", wait_seconds=20
    )
    assert exporting.export(query_id=query["id"]).json["state"] == "queued"
    assert exporting.work() == 1


def test_progress_is_told_while_rows_are_written(
    exporting: Exporting, begun: Any, blobs: HookedBlobs
) -> None:
    seen: list[Any] = []

    def look(number: int) -> None:
        time.sleep(0.6)
        seen.append(exporting.get(begun["id"]).json)

    blobs.on_chunk = look
    assert exporting.work() == 1
    rows = [one["rows_so_far"] for one in seen]
    assert rows == sorted(rows)
    assert 0 < rows[-1] <= 20_000
    assert {one["state"] for one in seen} == {"running"}
    if begun["query_id"]:
        assert [one["progress"] for one in seen] == [count / 20_000 for count in rows]
    else:
        assert {one["progress"] for one in seen} == {None}
    assert exporting.get(begun["id"]).json["progress"] == 1.0


def test_queries_are_woken_when_it_is_their_turn_and_when_a_slot_comes_free(
    exporting: Exporting,
) -> None:
    connection = exporting.connect(max_concurrency=1)
    exporting.connections.grant(connection, OTHER)
    exporting.query(connection, "select 1", wait_seconds=0)
    exporting.services.query_queue.acknowledge(
        exporting.services.query_queue.receive(visibility=timedelta(seconds=30))
    )
    exporting.export(connection_id=connection, sql="select 2")
    exporting.messages()
    worker, queue = exporting.services.export_worker, exporting.services.query_queue
    assert worker.work_on(UUID(connection), lambda: 100) == 0
    assert queue.counts().waiting == 1
    assert exporting.services.query_worker.work_on(UUID(connection), lambda: 100) == 1
    assert len(exporting.messages()) == 1  # it is the turn of the export now
    exporting.query(connection, "select 3", as_=OTHER, wait_seconds=0)
    before = queue.counts().waiting
    assert worker.work_on(UUID(connection), lambda: 100) <= 1
    assert queue.counts().waiting > before


def test_a_worker_without_time_leaves_work_to_the_next(exporting: Exporting, begun: Any) -> None:
    (wake,) = map(read_wake, exporting.messages())
    worker = exporting.services.export_worker
    if wake.execution_id is not None:
        assert worker.write_kept(wake.execution_id, lambda: 10.0) == 0
    elif wake.connection_id is not None:
        assert worker.work_on(wake.connection_id, lambda: 10.0) == 0
    assert exporting.get(begun["id"]).json["state"] == "queued"
    assert exporting.work() == 1


def test_an_export_whose_message_was_lost_is_woken_again(
    exporting: Exporting, begun: Any, clock: SetClock
) -> None:
    exporting.messages()
    assert exporting.work() == 0
    clock.advance(timedelta(seconds=11))
    exporting.services.tending.wake_waiting()
    assert exporting.work() == 1
    assert exporting.get(begun["id"]).json["state"] == "succeeded"


# The function itself


@pytest.fixture
def deployed(
    services: Services, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., list[str]]:
    """Call it with messages for the bodies of those that are to come again."""
    clock.moment = datetime.now(UTC)  # the function's own clock
    for name in ("database", "key", "blobs", "query_queue", "export_queue"):
        monkeypatch.setenv(f"HELIOGRAPH_{name.upper()}", getattr(services.settings, name))

    def call(*bodies: str) -> list[str]:
        records = [{"messageId": str(n), "body": body} for n, body in enumerate(bodies)]
        context = SimpleNamespace(get_remaining_time_in_millis=lambda: 100_000)
        answered = write_exports({"Records": records}, context)
        return [bodies[int(one["itemIdentifier"])] for one in answered["batchItemFailures"]]

    return call


def test_the_function_writes_what_its_messages_name(
    deployed: Callable[..., list[str]], exporting: Exporting, begun: Any
) -> None:
    messages = exporting.messages()
    assert deployed(*messages, *messages) == []
    told = exporting.get(begun["id"]).json
    assert (told["state"], told["row_count"]) == ("succeeded", 20_000)
    assert exporting.file(told["url"]).count(b"\n") == 20_001


def test_messages_that_say_nothing_are_set_aside_and_the_others_done(
    deployed: Callable[..., list[str]], exporting: Exporting, begun: Any
) -> None:
    bad = ["", "{}", json.dumps({"execution_id": "x"}), "[]"]
    gone = [json.dumps({key: str(new_id())}) for key in ("connection_id", "execution_id")]
    assert deployed(*bad, *gone, *exporting.messages()) == bad
    assert exporting.get(begun["id"]).json["state"] == "succeeded"


# Cancelled


@pytest.mark.parametrize("sql", [ENDLESS, "SELECT pg_sleep(60)"])
def test_a_cancel_ends_the_statement_at_once(exporting: Exporting, sql: str) -> None:
    connection = exporting.connect()
    export = exporting.export(connection_id=connection, sql=sql).json
    thread = threading.Thread(target=exporting.work)
    thread.start()
    wait_until(lambda: exporting.active() == 1)
    began = time.monotonic()
    told = exporting.delete(export["id"])
    assert (told.status, told.json["state"]) == (200, "canceled")
    assert told.json["error"]["message"] == "The export was cancelled."
    wait_until(lambda: exporting.active() == 0)
    assert time.monotonic() - began < 10  # a tenth of a second where nothing else runs
    thread.join(10)
    assert not thread.is_alive()
    assert_nothing_is_left(exporting)
    assert exporting.get(export["id"]).json["state"] == "canceled"
    assert exporting.written(connection_id=connection, sql="select 1")["state"] == "succeeded"
    actions = [one["action"] for one in exporting.audited()]
    assert actions.count("export.canceled") == 1


@pytest.mark.parametrize("when", ["in the middle", "at the very end", "while it waits"])
def test_a_cancel_leaves_nothing(
    exporting: Exporting, begun: Any, blobs: HookedBlobs, when: str
) -> None:
    cancel = lambda: exporting.delete(begun["id"])  # noqa: E731
    if when == "in the middle":
        blobs.on_chunk = once(cancel)
    elif when == "at the very end":
        blobs.at_end = cancel
    else:
        cancel()
    assert exporting.work() == (0 if when == "while it waits" else 1)
    told = exporting.delete(begun["id"]).json
    assert (told["state"], told["url"], told["row_count"]) == ("canceled", None, None)
    assert_nothing_is_left(exporting)


def test_a_reset_of_the_session_cancels_one_s_exports(
    exporting: Exporting, begun: Any, blobs: HookedBlobs
) -> None:
    connection = begun["connection_id"]
    exporting.connections.grant(connection, OTHER)
    other = exporting.export(as_=OTHER, connection_id=connection, sql="select 1 as n").json
    blobs.on_chunk = once(lambda: exporting.api.post("/api/queries/reset", token=EDITOR))
    exporting.work()
    told = exporting.get(begun["id"]).json
    assert told["state"] == "canceled"
    assert "reset" in told["error"]["message"]
    exporting.work()
    assert exporting.get(other["id"], as_=ADMIN).json["state"] == "succeeded"
    assert len(exporting.blobs()) == 1


# Killed, and without storage


def test_an_export_whose_worker_was_killed_fails_and_is_not_written_again(
    exporting: Exporting, begun: Any, clock: SetClock
) -> None:
    (wake,) = map(read_wake, exporting.messages())
    holder = exporting.services.holder
    with exporting.services.database.transaction() as tx:
        if wake.connection_id is None:
            assert wake.execution_id is not None
            assert exports_store.claim_kept(tx, wake.execution_id, holder.lease(60)) is not None
        else:
            lease = holder.lease(60)
            turn = turns_store.claim_next(tx, wake.connection_id, lease, most=2, kind=Kind.EXPORT)
            assert turn.claimed is not None
    (execution,) = exporting.services.database.fetch(
        "SELECT id FROM query_executions WHERE kind = 'export'"
    )
    left = f"exports/{execution['id']}/export.csv"
    exporting.services.blobs.put(left, b"n,t\n1", content_type="text/csv")
    clock.advance(timedelta(seconds=29))
    assert exporting.get(begun["id"]).json["state"] == "running"
    clock.advance(timedelta(seconds=2))
    told = exporting.get(begun["id"]).json
    assert (told["state"], told["error"]["code"]) == ("failed", "worker_lost")
    assert (told["url"], exporting.blobs()) == (None, [left])
    assert exporting.services.tending.forget_exports() == 1
    assert (exporting.blobs(), exporting.services.tending.forget_exports()) == ([], 0)
    clock.advance(timedelta(minutes=1))
    exporting.services.tending.wake_waiting()
    assert exporting.work() == 0
    assert exporting.get(begun["id"]).json["state"] == "failed"


def test_who_was_thought_dead_and_comes_back_leaves_nothing(
    exporting: Exporting, begun: Any, blobs: HookedBlobs, clock: SetClock
) -> None:
    def die() -> None:
        clock.advance(timedelta(seconds=31))
        assert exporting.services.tending.fail_lost() == 1

    blobs.on_chunk = once(die)
    exporting.work()
    told = exporting.get(begun["id"]).json
    assert (told["state"], told["error"]["code"]) == ("failed", "worker_lost")
    assert (exporting.blobs(), exporting.active()) == ([], 0)


def test_who_comes_back_with_a_whole_file_leaves_nothing(
    exporting: Exporting, begun: Any, blobs: HookedBlobs, clock: SetClock
) -> None:
    def die() -> None:
        clock.advance(timedelta(seconds=31))
        assert exporting.services.tending.fail_lost() == 1

    blobs.at_end = die
    exporting.work()
    told = exporting.get(begun["id"]).json
    assert (told["state"], exporting.blobs()) == ("failed", [])


def test_storage_that_fails_in_mid_write_leaves_nothing(
    exporting: Exporting, begun: Any, blobs: HookedBlobs
) -> None:
    def fail(number: int) -> None:
        if number == 3:
            raise StorageUnavailable("The bucket s3://secret-name is full.")

    blobs.on_chunk = fail
    assert exporting.work() == 1
    told = exporting.get(begun["id"]).json
    assert (told["state"], told["error"]["code"]) == ("failed", "storage_unavailable")
    assert "secret-name" not in json.dumps(told)
    assert_nothing_is_left(exporting)
    exporting.services.tending.forget_exports()
    blobs.on_chunk = lambda _: None
    again = {"query_id": begun["query_id"]} if begun["query_id"] else {
        "connection_id": begun["connection_id"], "sql": MANY,
    }  # fmt: skip
    assert exporting.written(**again)["state"] == "succeeded"


def test_rows_that_end_before_the_worker_comes_are_told(
    exporting: Exporting, clock: SetClock
) -> None:
    query = exporting.query(exporting.connect(), MANY)
    export = exporting.export(query_id=query["id"]).json
    clock.advance(timedelta(hours=2))
    assert exporting.work() == 1
    told = exporting.get(export["id"]).json
    assert (told["state"], told["error"]["code"]) == ("failed", "result_expired")
    assert exporting.blobs() == []
