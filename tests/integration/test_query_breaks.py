"""Queries over HTTP when something breaks: the server, the network, a disk, a store, a size."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.api import Api
from tests.support.queries import QueriesApi, queries_api
from tests.support.runs import names_on, wait_for, wait_until
from tests.support.tls_proxy import TlsProxy

from heliograph.kernel.errors import StorageUnavailable
from heliograph.local.postgres_server import PostgresServer
from heliograph.web.services import Services

ENDLESS = "select n, md5(n::text) from generate_series(1, 300000000) n"


@pytest.fixture
def queries(services: Services, api: Api, make_database: Callable[[], str]) -> Iterator[QueriesApi]:
    with queries_api(services, api, make_database()) as made:
        yield made


def in_thread(work: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    return thread, found


def no_blobs_left(queries: QueriesApi) -> bool:
    return list(queries.services.blobs.list("results/")) == []


def test_a_server_that_stops_in_mid_run_fails_the_run_and_the_next_one_connects_anew(
    services: Services, api: Api, tmp_path: Path
) -> None:
    server = PostgresServer(tmp_path / "postgres")
    with server:
        port = postgres_port(server)
        with queries_api(services, api, server.url()) as queries:
            connection = queries.connect()
            assert queries.ask(connection, "select 1")["rows"] == [[1]]
            thread, found = in_thread(lambda: queries.ask(connection, ENDLESS, wait_seconds=25))
            wait_for(queries.url, "query LIKE '%300000000%' AND state = 'active'")
            server.stop()
            thread.join(20)
            (asked,) = found
            assert (asked["state"], asked["error"]["code"]) == ("failed", "connection_lost")
            down = queries.ask(connection, "select 1")
            assert down["error"]["code"] == "connection_refused"
            assert no_blobs_left(queries)
            with PostgresServer(tmp_path / "postgres", port=port):
                assert queries.ask(connection, "select 2")["rows"] == [[2]]


def postgres_port(server: PostgresServer) -> int:
    from urllib.parse import urlsplit

    port = urlsplit(server.url()).port
    assert port is not None
    return port


def test_a_backend_that_is_terminated_fails_the_run_and_leaves_nothing(
    queries: QueriesApi,
) -> None:
    connection = queries.connect()
    thread, found = in_thread(lambda: queries.ask(connection, ENDLESS, wait_seconds=25))
    wait_for(queries.url, "query LIKE '%300000000%' AND state = 'active'")
    queries.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where query like '%300000000%'"
        " and pid <> pg_backend_pid()"
    )
    thread.join(20)
    (asked,) = found
    assert (asked["state"], asked["error"]["code"]) == ("failed", "connection_lost")
    assert no_blobs_left(queries)
    assert queries.ask(connection, "select 1")["rows"] == [[1]]


def test_a_network_that_is_cut_in_mid_run_fails_the_run_within_its_time(
    queries: QueriesApi, tmp_path: Path
) -> None:
    with TlsProxy(queries.url) as proxy:
        connection = queries.connect(port=proxy.port, statement_timeout_seconds=2)
        assert queries.ask(connection, "select 1")["rows"] == [[1]]
        thread, found = in_thread(
            lambda: queries.ask(
                connection, "select pg_sleep(1), n from generate_series(1, 9) n", wait_seconds=0
            )
        )
        thread.join(20)
        work, _ = in_thread(lambda: queries.work(connection))
        wait_for(queries.url, "query LIKE '%pg_sleep(1)%' AND state = 'active'")
        proxy.freeze()
        began = time.monotonic()
        work.join(40)
        assert not work.is_alive()
        assert time.monotonic() - began < 25
    shown = queries.get(f"/{found[0]['id']}").json
    assert shown["state"] == "failed"
    assert shown["error"]["code"] in ("query_timed_out", "connection_lost")
    wait_until(lambda: not any("heliograph:idle" in name for name in names_on(queries.url)))


def test_a_statement_that_outgrows_what_the_server_admits_says_so(queries: QueriesApi) -> None:
    queries.execute(
        "do $$ begin execute format('alter database %I set temp_file_limit = %L',"
        " current_database(), '1MB'); end $$"
    )
    connection = queries.connect()
    sql = "select n, md5(n::text) from generate_series(1, 300000) n order by 2"
    asked = queries.ask(connection, sql, wait_seconds=25)
    assert (asked["state"], asked["error"]["code"]) == ("failed", "server_resources_exhausted")
    assert asked["error"]["sqlstate"].startswith("53")
    assert no_blobs_left(queries)


class FullDisk:
    """A blob store whose disk is full after a number of blobs."""

    def __init__(self, blobs: Any, room: int) -> None:
        self._blobs = blobs
        self._room = room

    def __getattr__(self, name: str) -> Any:
        return getattr(self._blobs, name)

    def put(self, key: str, data: bytes, *, content_type: str) -> None:
        self._take_room(key)
        self._blobs.put(key, data, content_type=content_type)

    def write(self, key: str, chunks: Iterable[bytes], *, content_type: str) -> None:
        self._take_room(key)
        self._blobs.write(key, chunks, content_type=content_type)

    def _take_room(self, key: str) -> None:
        if key.startswith("results/"):
            self._room -= 1
            if self._room < 0:
                raise StorageUnavailable("/var/lib/heliograph is full.", hint="secret-host")


def test_a_store_that_fails_in_mid_run_fails_the_run_without_its_particulars(
    queries: QueriesApi,
) -> None:
    connection = queries.connect()
    blobs = queries.services.blobs
    queries.services.__dict__["blobs"] = FullDisk(blobs, room=1)
    asked = queries.ask(
        connection,
        "select n, md5(n::text) || md5((n + 1)::text) from generate_series(1, 600000) n",
        wait_seconds=25,
    )
    if asked["state"] == "queued":
        queries.work(connection)
        asked = queries.get(f"/{asked['id']}").json
    assert (asked["state"], asked["error"]["code"]) == ("failed", "storage_unavailable")
    assert "heliograph is full" not in str(asked)
    assert "secret-host" not in str(asked)
    queries.services.__dict__["blobs"] = blobs
    assert no_blobs_left(queries)
    slots = queries.services.database.fetch("SELECT execution_id FROM query_slots")
    assert {slot["execution_id"] for slot in slots} == {None}
    assert queries.ask(connection, "select 1")["rows"] == [[1]]


def test_a_stored_result_that_was_damaged_or_removed_is_told(queries: QueriesApi) -> None:
    connection = queries.connect()
    run = queries.ask(connection, "select n, md5(n::text) from generate_series(1, 20000) n")["id"]
    (key,) = queries.services.blobs.list("results/")
    whole = queries.services.blobs.read(key)
    assert whole is not None
    page = f"/{run}/rows?offset=19990&limit=10"
    queries.services.__dict__.pop("runs")  # what it holds in memory
    queries.services.blobs.put(key, whole[:-40_000] + bytes(40_000), content_type="x/y")
    assert (queries.get(page).status, queries.get(page).code) == (503, "storage_unavailable")
    queries.services.blobs.delete([key])
    assert queries.get(page).code == "result_expired"


def test_a_cell_of_fifty_megabytes_is_cut_and_whole_by_link(queries: QueriesApi) -> None:
    connection = queries.connect()
    asked = queries.ask(connection, "select repeat('x', 50000000) as big", wait_seconds=25)
    if asked["state"] == "queued":
        queries.work(connection)
        asked = queries.get(f"/{asked['id']}").json
    assert (asked["state"], asked["cut_cells"]) == ("succeeded", [[0, 0, 50_000_000]])
    assert len(asked["rows"][0][0]) == 65_536
    link = queries.get(f"/{asked['id']}/cell?row=0&column=0")
    assert link.status == 303
    (key,) = (key for key in queries.services.blobs.list("results/") if key.endswith("0-0"))
    whole = queries.services.blobs.read(key)
    assert whole == b"x" * 50_000_000


def test_a_deadline_ends_a_run_whose_statement_timeout_begins_anew(queries: QueriesApi) -> None:
    queries.execute(
        "create procedure many(inout one refcursor, inout two refcursor) language plpgsql as"
        " $$ begin open one for select pg_sleep(0.9) from generate_series(1, 100);"
        " open two for select pg_sleep(0.9) from generate_series(1, 100); end $$"
    )
    connection = queries.connect(statement_timeout_seconds=1)
    asked = queries.ask(connection, "call many('a', 'b')", wait_seconds=0)
    began = time.monotonic()
    queries.work(connection)
    assert time.monotonic() - began < 15
    shown = queries.get(f"/{asked['id']}").json
    assert (shown["state"], shown["error"]["code"]) == ("failed", "query_timed_out")


def test_a_statement_timeout_is_told_with_its_time(queries: QueriesApi) -> None:
    connection = queries.connect(
        statement_timeout_seconds=60, role_limits={"editor": {"statement_timeout_seconds": 1}}
    )
    asked = queries.ask(connection, "select count(*) from generate_series(1, 1000000000)")
    assert (asked["state"], asked["error"]["code"]) == ("failed", "query_timed_out")
