"""How queries end: cancelled, abandoned, lost with their worker, reset; and who is served when."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, closing, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from functions.query_runner import handler as query_runner
from tests.support.api import Api, SetClock
from tests.support.connections import ADMIN, EDITOR, OTHER
from tests.support.queries import QueriesApi, queries_api
from tests.support.runs import names_on, wait_until

from heliograph.connections.engines.registry import load_engine
from heliograph.kernel.errors import HeliographError, StorageUnavailable
from heliograph.kernel.ids import new_id
from heliograph.platform import postgres
from heliograph.platform.settings import read_app_settings, setting_name
from heliograph.queries.attention import KEY
from heliograph.queries.holding import ABANDONED_AFTER, LEASE_TIME
from heliograph.web.janitor import look_after_queries
from heliograph.web.services import Services

SLEEP = "select pg_sleep(60)"
LONG = "select count(*) from generate_series(1, 100000000000)"


@pytest.fixture
def queries(services: Services, api: Api, make_database: Callable[[], str]) -> Iterator[QueriesApi]:
    with queries_api(services, api, make_database()) as made:
        yield made


@pytest.fixture
def begin(queries: QueriesApi) -> Iterator[Callable[..., threading.Thread]]:
    """Call it with a function that takes long: it runs in a thread, which ends with the test."""
    threads: list[threading.Thread] = []

    def run(work: Callable[[], Any]) -> threading.Thread:
        threads.append(threading.Thread(target=work, daemon=True))
        threads[-1].start()
        return threads[-1]

    yield run
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)


def running(queries: QueriesApi) -> int:
    """Return how many runs of Heliograph the server has, warm sessions and cancels aside."""
    return sum(
        name.startswith("heliograph:")
        and not name.startswith(("heliograph:idle", "heliograph:cancel"))
        for name in names_on(queries.url)
    )


def await_running(queries: QueriesApi, count: int = 1) -> None:
    wait_until(lambda: running(queries) == count)


def look(queries: QueriesApi) -> dict[str, int]:
    done, failed = look_after_queries(queries.services, seconds_left=lambda: 60.0)
    assert failed == []
    return dict(done)


# Cancelling


def test_a_cancel_reaches_the_server_within_two_seconds(
    queries: QueriesApi, begin: Callable[..., threading.Thread]
) -> None:
    connection = queries.connect()
    asked = queries.ask(connection, SLEEP, wait_seconds=0)
    worker = begin(lambda: queries.work(connection))
    await_running(queries)
    began = time.monotonic()
    with ThreadPoolExecutor(2) as pool:  # two at once
        canceled = list(pool.map(lambda _: queries.delete(f"/{asked['id']}"), range(2)))
    wait_until(lambda: running(queries) == 0, seconds=2)
    assert time.monotonic() - began < 2
    assert [one.json["state"] for one in canceled] == ["canceled"] * 2
    worker.join(10)
    assert queries.get(f"/{asked['id']}").json["error"]["code"] == "query_canceled"


def test_an_admin_may_cancel_and_it_says_who(
    queries: QueriesApi, begin: Callable[..., threading.Thread]
) -> None:
    connection = queries.connect()
    asked = queries.ask(connection, SLEEP, wait_seconds=0)
    begin(lambda: queries.work(connection))
    await_running(queries)
    assert queries.delete(f"/{asked['id']}", as_=OTHER).code == "not_found"
    assert running(queries) == 1
    assert queries.delete(f"/{asked['id']}", as_=ADMIN).json["state"] == "canceled"
    wait_until(lambda: running(queries) == 0, seconds=2)
    (event,) = queries.services.database.fetch(
        "SELECT actor_email FROM audit_events WHERE action = 'query.canceled'"
    )
    assert event["actor_email"] == "admin@heliograph.example"


def test_whoever_is_cancelled_by_hand_on_the_server_reads_so(
    queries: QueriesApi, begin: Callable[..., threading.Thread]
) -> None:
    connection = queries.connect()
    asked = queries.ask(connection, SLEEP, wait_seconds=0)
    worker = begin(lambda: queries.work(connection))
    await_running(queries)
    queries.execute(
        "select pg_cancel_backend(pid) from pg_stat_activity where query like '%pg_sleep(60)%'"
        " and pid <> pg_backend_pid() and application_name like 'heliograph:%'"
    )
    worker.join(10)
    shown = queries.get(f"/{asked['id']}").json
    assert (shown["state"], shown["error"]["code"]) == ("failed", "query_canceled")


# Abandoned


def test_what_nobody_asks_about_ends_on_the_server(
    queries: QueriesApi, clock: SetClock, begin: Callable[..., threading.Thread]
) -> None:
    connection = queries.connect()
    alone = queries.ask(connection, SLEEP, wait_seconds=0)
    begin(lambda: queries.work(connection))
    await_running(queries)
    clock.advance(ABANDONED_AFTER - timedelta(seconds=10))
    assert queries.state(alone["id"]) == "running", "whoever asks keeps it going"
    clock.advance(ABANDONED_AFTER - timedelta(seconds=10))
    time.sleep(1.5)  # long enough for a look
    assert running(queries) == 1
    clock.advance(timedelta(seconds=11))
    wait_until(lambda: running(queries) == 0, seconds=5)
    wait_until(lambda: queries.state(alone["id"]) == "canceled")
    assert "nobody" in queries.get(f"/{alone['id']}").json["error"]["message"]


def test_what_is_detached_goes_on_though_nobody_asks(
    queries: QueriesApi, clock: SetClock, begin: Callable[..., threading.Thread]
) -> None:
    connection = queries.connect()
    kept = queries.ask(connection, "select pg_sleep(3), 7 as n", wait_seconds=0, detached=True)
    worker = begin(lambda: queries.work(connection))
    await_running(queries)
    clock.advance(ABANDONED_AFTER * 2)
    worker.join(10)
    assert queries.get(f"/{kept['id']}").json["rows"] == [["", 7]]


def test_what_waits_and_is_abandoned_is_never_begun(queries: QueriesApi, clock: SetClock) -> None:
    connection = queries.connect()
    asked = [queries.ask(connection, f"select {n}", wait_seconds=0)["id"] for n in range(2)]
    detached = queries.ask(connection, "select 9", wait_seconds=0, detached=True)["id"]
    clock.advance(ABANDONED_AFTER + timedelta(seconds=1))
    assert queries.work(connection) == 1
    assert [queries.state(run) for run in (*asked, detached)] == [
        "canceled", "canceled", "succeeded",
    ]  # fmt: skip


# Lost


@pytest.fixture
def lose_worker(queries: QueriesApi) -> Iterator[Callable[[str], None]]:
    """Call it with a connection: what waits is claimed and begun, and nobody looks after it."""
    with ExitStack() as left:

        def lose(connection: str) -> None:
            services = queries.services
            found = services.connections.find(UUID(connection))
            assert found is not None
            task = services.query_worker._claim(found, 120.0)
            assert task is not None
            url = services.connections.login(found)
            session = load_engine("postgres").open(url, application_name="heliograph:idle")
            left.callback(session.close)
            options = replace(task.work.options(), run_id=str(task.id))
            left.push(_forgiving(session.run(task.work.prepare().statement, options)))
            await_running(queries)

        yield lose


def _forgiving(context: AbstractContextManager[Any]) -> Callable[..., bool]:
    """Enter a context; return what leaves it, whatever has become of its connection."""
    context.__enter__()

    def leave(*_: object) -> bool:
        with suppress(HeliographError):
            context.__exit__(None, None, None)
        return False

    return leave


def test_the_run_of_a_dead_worker_fails_and_ends_on_the_server(
    queries: QueriesApi, clock: SetClock, lose_worker: Callable[[str], None]
) -> None:
    connection = queries.connect(max_concurrency=1)
    asked = queries.ask(connection, SLEEP, wait_seconds=0)
    lose_worker(connection)
    waiting = queries.ask(connection, "select 7", wait_seconds=0, detached=True)
    assert look(queries)["lost_queries"] == 0, "the lease lasts"
    clock.advance(LEASE_TIME + timedelta(seconds=1))
    assert look(queries)["lost_queries"] == 1
    shown = queries.get(f"/{asked['id']}").json
    assert (shown["state"], shown["error"]["code"]) == ("failed", "worker_lost")
    run_function(queries)
    wait_until(lambda: running(queries) == 0, seconds=5)
    assert queries.get(f"/{waiting['id']}").json["rows"] == [[7]], "its slot is free again"
    slots = queries.services.database.fetch("SELECT execution_id FROM query_slots")
    assert slots == [{"execution_id": None}]
    assert queries.state(asked["id"]) == "failed", "it is not run again by itself"


def test_whoever_asks_finds_out_that_the_worker_is_dead(
    queries: QueriesApi, clock: SetClock, lose_worker: Callable[[str], None]
) -> None:
    connection = queries.connect()
    asked = queries.ask(connection, SLEEP, wait_seconds=0)
    lose_worker(connection)
    assert queries.state(asked["id"]) == "running"
    clock.advance(LEASE_TIME + timedelta(seconds=1))
    assert queries.get(f"/{asked['id']}").json["error"]["code"] == "worker_lost"
    run_function(queries)
    wait_until(lambda: running(queries) == 0, seconds=5)


def test_a_worker_that_was_thought_dead_writes_nothing(
    queries: QueriesApi, clock: SetClock, begin: Callable[..., threading.Thread]
) -> None:
    connection = queries.connect()
    asked = queries.ask(connection, "select pg_sleep(2), 7", wait_seconds=0, detached=True)
    worker = begin(lambda: queries.work(connection))
    await_running(queries)
    clock.advance(LEASE_TIME + timedelta(seconds=1))
    assert look(queries)["lost_queries"] == 1
    worker.join(10)
    assert queries.get(f"/{asked['id']}").json["error"]["code"] == "worker_lost"
    assert list(queries.services.blobs.list("results/")) == []


# The janitor


def test_an_idle_installation_is_not_looked_at(queries: QueriesApi, clock: SetClock) -> None:
    assert look(queries) == {}, "nobody has asked anything yet"
    connection = queries.connect()
    queries.ask(connection, "select 1", wait_seconds=0)
    assert look(queries).keys() == {
        "lost_queries", "orphaned_queries", "abandoned_queries", "waiting_queries",
    }  # fmt: skip
    clock.advance(timedelta(minutes=21))
    # Not even the secret is read that says where the database is: this one cannot be.
    settings = replace(queries.services.settings, database="arn:aws:secretsmanager:nowhere")
    with closing(Services(settings, {}, clock)) as other:
        assert look_after_queries(other, seconds_left=lambda: 60.0) == ({}, [])
    queries.services.blobs.put(KEY, b"what a later version writes", content_type="text/plain")
    assert look(queries) != {}


def test_a_query_goes_on_though_nobody_can_be_asked_to_look(queries: QueriesApi) -> None:
    class NoBlobs:
        def put(self, *_: Any, **__: Any) -> None:
            raise StorageUnavailable("The disk is full.")

    connection = queries.connect()
    blobs = queries.services.blobs
    queries.services.__dict__["blobs"] = NoBlobs()
    asked = queries.ask(connection, "select 1", wait_seconds=0)
    queries.services.__dict__["blobs"] = blobs
    assert queries.work(connection) == 1
    assert queries.state(asked["id"]) == "succeeded"


def test_what_waits_is_woken_again_when_its_message_is_lost(
    queries: QueriesApi, clock: SetClock
) -> None:
    connection = queries.connect()
    queries.ask(connection, "select 1", wait_seconds=0)
    queue = queries.services.query_queue
    lost = queue.receive(visibility=timedelta(minutes=1))
    queue.acknowledge(lost)
    look(queries)
    assert queue.counts().waiting == 0, "it has waited a moment only"
    clock.advance(timedelta(seconds=11))
    look(queries)
    assert queue.counts().waiting == 1
    (message,) = queue.receive(visibility=timedelta(minutes=1))
    assert json.loads(message.body)["connection_id"] == connection


def test_results_are_forgotten_after_their_time_with_their_blobs(
    queries: QueriesApi, clock: SetClock
) -> None:
    connection = queries.connect()
    large = queries.ask(connection, "select n, md5(n::text) from generate_series(1, 20000) n")
    small = queries.ask(connection, "select 1")
    assert list(queries.services.blobs.list("results/"))
    assert queries.services.tending.forget_results() == 0
    clock.advance(timedelta(minutes=61))
    assert queries.services.tending.forget_results() == 2
    assert list(queries.services.blobs.list("results/")) == []
    for run in (large, small):
        assert queries.get(f"/{run['id']}/rows").code == "result_expired"
    clock.advance(timedelta(days=181))
    assert queries.services.tending.forget_history(100) == 2
    assert queries.services.tending.forget_executions(100) == 2
    assert queries.get().json["items"] == []


# Reset


def test_a_reset_ends_everything_of_ones_own_and_nothing_of_others(
    queries: QueriesApi, begin: Callable[..., threading.Thread]
) -> None:
    connection = queries.connect(max_concurrency=4)
    queries.connections.grant(connection, OTHER)
    kept = queries.ask(connection, "select 1", as_=OTHER)["id"]
    old = queries.ask(connection, "select n, md5(n::text) from generate_series(1, 20000) n")["id"]
    mine = queries.ask(connection, SLEEP, wait_seconds=0)["id"]
    theirs = queries.ask(connection, SLEEP, wait_seconds=0, as_=OTHER)["id"]
    for _ in range(2):
        begin(lambda: queries.work(connection))
    await_running(queries, 2)
    waiting = queries.ask(connection, "select 3", wait_seconds=0, detached=True)["id"]
    reset = queries.post("/reset").json
    assert reset["canceled"] == 2
    assert reset["results_dropped"] == 1
    assert reset["connections_closed"] >= 1
    await_running(queries, 1)
    assert [queries.state(one) for one in (mine, waiting)] == ["canceled", "canceled"]
    assert "reset" in queries.get(f"/{mine}").json["error"]["message"]
    assert queries.get(f"/{old}/rows").code == "result_expired"
    assert queries.state(theirs, as_=OTHER) == "running"
    assert queries.get(f"/{kept}/rows", as_=OTHER).status == 200
    assert queries.ask(connection, "select 5")["rows"] == [[5]]
    queries.delete(f"/{theirs}", as_=OTHER)
    (event,) = queries.services.database.fetch(
        "SELECT after FROM audit_events WHERE action = 'query.session_reset'"
    )
    assert event["after"] == {"canceled": 2, "results_dropped": 1}


def test_a_reset_with_nothing_under_way_and_an_unreachable_server(queries: QueriesApi) -> None:
    assert queries.post("/reset").json == {
        "canceled": 0, "results_dropped": 0, "connections_closed": 0, "unreachable": [],
    }  # fmt: skip
    nowhere = queries.connect(port=9)
    assert queries.ask(nowhere, "select 1")["error"]["code"] == "connection_refused"
    assert queries.post("/reset").json["unreachable"] == [nowhere]


# Turns


def test_a_hundred_at_once_never_have_more_backends_than_the_cap_and_starve_nobody(
    queries: QueriesApi, begin: Callable[..., threading.Thread]
) -> None:
    connection = queries.connect(max_concurrency=4)
    queries.connections.grant(connection, OTHER)
    most, is_over = [0], threading.Event()

    def watch() -> None:
        while not is_over.is_set():
            names = [name for name in names_on(queries.url) if name.startswith("heliograph:")]
            most[0] = max(most[0], len([name for name in names if name != "heliograph:cancel"]))

    def ask(number: int) -> Any:
        return queries.ask(connection, f"select pg_sleep(0.1), {number}", wait_seconds=1)

    begin(watch)
    with ThreadPoolExecutor(40) as pool:
        crowd = [pool.submit(ask, number) for number in range(100)]
        wait_until(lambda: len(queries.get("?limit=200", as_=ADMIN).json["items"]) > 60)
        workers = [begin(lambda: queries.work(connection)) for _ in range(6)]
        began = time.monotonic()
        single = queries.ask(connection, "select pg_sleep(0), 'mine'", as_=OTHER, wait_seconds=20)
        took = time.monotonic() - began
        assert single["rows"] == [["", "mine"]]
        asked = [future.result(60)["id"] for future in crowd]
    for worker in workers:
        worker.join(30)
    queries.work(connection)
    is_over.set()
    assert {queries.state(run) for run in asked} == {"succeeded"}
    assert 1 <= most[0] <= 4
    assert took < 2, "a hundred of somebody else's take 2.5 seconds at the least"


def test_too_many_that_wait_are_refused_and_their_place_is_told(queries: QueriesApi) -> None:
    connection = queries.connect()
    queries.connections.grant(connection, OTHER)
    asked = [queries.ask(connection, f"select {n}", wait_seconds=0) for n in range(200)]
    assert [one["queue_position"] for one in asked[:3]] == [1, 2, 3]
    refused = queries.post(
        "", json={"connection_id": connection, "sql": "select 'more'", "wait_seconds": 0}
    )
    assert (refused.status, refused.code) == (429, "rate_limited")
    assert int(refused.headers["retry-after"]) >= 1
    other = queries.ask(connection, "select 1", as_=OTHER, wait_seconds=0)
    assert other["queue_position"] == 2, "turns, not first come"
    assert len(queries.get("?limit=200").json["items"]) == 200


def test_who_waits_for_many_at_once_waits_shortly(queries: QueriesApi) -> None:
    connection = queries.connect()
    asked = [queries.ask(connection, f"select {n}", wait_seconds=0)["id"] for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        began = time.monotonic()
        times = list(
            pool.map(
                lambda run: (queries.get(f"/{run}?wait_seconds=2"), time.monotonic() - began)[1],
                asked,
            )
        )
    assert sum(took > 1.5 for took in times) == 4
    assert sum(took < 1 for took in times) == 4


# The function


def run_function(queries: QueriesApi, *bodies: Any) -> Any:
    """Call the handler with what waits in the queue, or with these bodies."""
    queue = queries.services.query_queue
    messages = [] if bodies else queue.receive(visibility=timedelta(minutes=5))
    texts = [message.body for message in messages] or [
        body if isinstance(body, str) else json.dumps(body) for body in bodies
    ]
    event = {"Records": [{"messageId": str(n), "body": text} for n, text in enumerate(texts)]}
    query_runner._kept.made.clear()
    settings = read_app_settings("query_runner", environment(queries))
    query_runner._kept.made[settings] = queries.services
    answered = query_runner.run_queries(event, Context())
    queue.acknowledge(messages)
    return answered


def environment(queries: QueriesApi) -> dict[str, str]:
    settings = queries.services.settings
    names = ("database", "key", "blobs", "query_queue", "export_queue")
    return {setting_name(name): getattr(settings, name) for name in names}


class Context:
    """What Lambda hands a handler, as far as this one looks at it."""

    def get_remaining_time_in_millis(self) -> int:
        return 120_000


@pytest.fixture(autouse=True)
def in_the_environment(queries: QueriesApi, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(queries).items():
        monkeypatch.setenv(name, value)


def test_the_function_does_what_waits_for_the_connection_of_a_message(
    queries: QueriesApi,
) -> None:
    connection = queries.connect()
    asked = [queries.ask(connection, f"select {n}", wait_seconds=0)["id"] for n in range(3)]
    assert run_function(queries) == {"batchItemFailures": []}
    assert [queries.get(f"/{run}").json["rows"] for run in asked] == [[[0]], [[1]], [[2]]]
    twice = run_function(queries, {"connection_id": connection})
    assert twice == {"batchItemFailures": []}, "a message that comes again finds nothing to do"


@pytest.mark.parametrize(
    "body", ["", "no json", "[]", "{}", '{"connection_id": "x"}', '{"connection_id": 7}']
)
def test_a_poisoned_message_comes_again_until_it_is_set_aside(
    queries: QueriesApi, body: str
) -> None:
    connection = queries.connect()
    asked = queries.ask(connection, "select 1", wait_seconds=0)["id"]
    answered = run_function(queries, body, {"connection_id": connection})
    assert answered == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert queries.state(asked) == "succeeded", "the good one beside it is done"


def test_a_message_for_a_connection_that_is_gone_is_done(queries: QueriesApi) -> None:
    assert run_function(queries, {"connection_id": str(uuid4())}) == {"batchItemFailures": []}


def test_what_waits_is_not_done_on_a_connection_that_was_changed(queries: QueriesApi) -> None:
    connection = queries.connect()
    asked = queries.ask(connection, "select 1", wait_seconds=0)["id"]
    assert queries.connections.patch(connection, max_rows=7).status == 200
    later = queries.ask(connection, "select 1", wait_seconds=0)["id"]
    assert queries.work(connection) == 2
    told = queries.get(f"/{asked}").json
    assert (told["state"], told["error"]["code"]) == ("failed", "conflict")
    assert queries.get(f"/{later}").json["rows"] == [[1]]


def test_what_waits_is_not_done_for_who_may_not_any_more(queries: QueriesApi) -> None:
    connection = queries.connect()
    queries.connections.grant(connection, OTHER, "view")
    asked = [
        queries.ask(connection, "select 1", as_=who, wait_seconds=0)["id"] for who in (OTHER, ADMIN)
    ]
    queries.services.database.fetch(
        "UPDATE users SET deactivated_at = now() WHERE id = %s RETURNING id",
        [queries.people.actors[OTHER].user_id],
    )
    assert queries.work(connection) == 2
    told = queries.get(f"/{asked[0]}", as_=OTHER).json
    assert (told["state"], told["error"]["code"]) == ("failed", "forbidden")
    assert queries.get(f"/{asked[1]}", as_=ADMIN).json["rows"] == [[1]]


def test_what_waits_is_not_done_under_an_identity_that_was_changed(queries: QueriesApi) -> None:
    connection = queries.connect(identity="user")
    sql = "select current_setting('heliograph.user_role')"
    asked = queries.ask(connection, sql, wait_seconds=0)["id"]
    kept = queries.ask(connection, sql, as_=ADMIN, wait_seconds=0)["id"]
    queries.services.database.fetch(
        'UPDATE users SET claims = \'{"region": "eu"}\' WHERE id = %s RETURNING id',
        [queries.people.actors[EDITOR].user_id],
    )
    assert queries.work(connection) == 2
    told = queries.get(f"/{asked}").json
    assert (told["state"], told["error"]["code"]) == ("failed", "conflict")
    assert "told of you" in told["error"]["message"]
    assert queries.get(f"/{kept}", as_=ADMIN).json["rows"] == [["admin"]]


def test_rows_of_a_deleted_connection_are_shown_to_nobody(queries: QueriesApi) -> None:
    connection = queries.connect()
    asked = queries.ask(connection, "select 1")["id"]
    assert queries.get(f"/{asked}").json["rows"] == [[1]]
    assert queries.connections.delete(connection).status == 204
    shown = queries.get(f"/{asked}").json
    assert (shown["rows"], shown["state"]) == (None, "succeeded")
    assert queries.get(f"/{asked}/rows").status == 410


def test_a_warm_session_makes_room_for_another_instance(queries: QueriesApi) -> None:
    connection = queries.connect(max_concurrency=1)
    assert queries.ask(connection, "select 1")["rows"] == [[1]]
    assert sum(name.startswith("heliograph:idle") for name in names_on(queries.url)) == 1
    queries.services.database.fetch(
        "UPDATE query_slots SET keeper = %s RETURNING number", [new_id()]
    )
    # Of whom the slot says that they keep it warm has none there: nothing is ended, all goes well.
    assert queries.ask(connection, "select 2")["rows"] == [[2]]


def test_a_session_that_work_has_left_warm_has_a_place_however_the_work_ended(
    queries: QueriesApi,
) -> None:
    """Else another instance, which counts places, would open one session too many."""

    def places() -> tuple[int, int]:
        """Return how many idle sessions there are, and how many slots tell of one."""
        rows = queries.services.database.fetch(
            "SELECT 1 AS one FROM query_slots WHERE keeper = %s AND execution_id IS NULL",
            [queries.services.holder.owner],
        )
        return sum(name.startswith("heliograph:idle") for name in names_on(queries.url)), len(rows)

    connection = queries.connect()
    assert queries.ask(connection, "select 1/0")["state"] == "failed"
    assert places() == (1, 1)
    queries.execute("CREATE FUNCTION own() RETURNS int VOLATILE LANGUAGE sql AS 'SELECT 1'")
    # Not known to be volatile before a session was asked: so it is begun, and left to a worker.
    told = queries.ask(connection, "select own()", wait_seconds=0.3, detached=True)
    assert told["state"] == "queued"
    assert places() == (1, 1)
    assert queries.work(connection) == 1
    assert queries.get(f"/{told['id']}").json["rows"] == [[1]]
    assert places() == (1, 1)


def test_a_session_that_was_ended_while_it_idled_costs_nobody_an_answer(
    queries: QueriesApi,
) -> None:
    connection = queries.connect()
    assert queries.ask(connection, "select 1")["rows"] == [[1]]
    with postgres.connect(queries.url) as owner:
        owner.execute(
            b"select pg_terminate_backend(pid) from pg_stat_activity"
            b" where application_name like 'heliograph:idle%'"
            b" and datname = current_database()"
        )
    assert queries.ask(connection, "select 2")["rows"] == [[2]]


def test_deleting_a_connection_ends_what_waits_for_it(queries: QueriesApi) -> None:
    connection, other = queries.connect(), queries.connect(name="Other")
    asked = queries.ask(connection, "select 1", wait_seconds=0, detached=True)["id"]
    waits = queries.ask(other, "select 1", wait_seconds=0, detached=True)["id"]
    assert queries.connections.delete(connection).status == 204
    assert run_function(queries, {"connection_id": connection}) == {"batchItemFailures": []}
    look(queries)
    told = queries.get(f"/{asked}").json
    assert (told["state"], told["error"]["code"]) == ("failed", "conflict")
    assert queries.state(waits) == "queued"
