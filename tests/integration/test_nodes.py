"""Two nodes of one installation: either is killed at any moment, and nothing is lost or doubled."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from tests.support.nodes import PUBLIC_URL, Fleet, Node, Steady, eventually, fleet_of
from tests.support.postgres import SharedServer
from tests.support.serving import sample_served

from heliograph.local.postgres_server import PostgresServer
from heliograph.platform import postgres
from heliograph.platform.database import Database

GATE = 7
CLAIM_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('{}', 6))"  # as `turns_store` takes it
BEHIND = 3
# Promised of work that its worker has left: a lease of 30 s, then the janitor's next minute.
LOST_SECONDS = 100


@pytest.fixture
def fleet(
    tmp_path: Path,
    app_database_url: str,
    make_database: Callable[[], str],
    shared_server: tuple[SharedServer, PostgresServer],
) -> Iterator[Fleet]:
    log = shared_server[0].server_dir.with_name("data.log")
    with fleet_of(tmp_path, app_database_url, make_database(), log) as fleet:
        yield fleet


def is_held_at_gate(fleet: Fleet, count: int) -> bool:
    """Say whether so many sessions of nodes stand at the gate."""
    sql = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND query LIKE '%gate(%' AND state = 'active' AND pid <> pg_backend_pid()"
    )
    with postgres.connect(fleet.asked_url) as connection:
        row = connection.execute(sql).fetchone()
    return row == (count,)


def is_waiting(url: str, kind: str) -> bool:
    sql = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = %s AND database = (%s)"
    sql = sql.replace("(%s)", "(SELECT oid FROM pg_database WHERE datname = current_database())")
    with postgres.connect(url) as connection:
        row = connection.execute(sql, [kind]).fetchone()
    return row is not None and row[0] > 0


class Stopped:
    """Work of one node that stands still in its midst, each kind at a moment of its own."""

    def __init__(self, fleet: Fleet, node: Node, stack: ExitStack, other_url: str) -> None:
        self.fleet = fleet
        self.wide = fleet.connect(node, "Wide", max_concurrency=8)
        self.narrow = fleet.connect(node, "Narrow", max_concurrency=1)
        self.claimed = fleet.connect(node, "Claimed", max_concurrency=2)
        self.browsed = fleet.connect(node, "Browsed", other_url)
        gate = stack.enter_context(postgres.connect(fleet.asked_url))
        gate.execute("SELECT pg_advisory_lock(%s)", [GATE])
        self.paths: dict[str, str] = {}
        self._start_queries(node)
        self._start_claim(node, stack)

    def _start_queries(self, node: Node) -> None:
        fleet, gate = self.fleet, f"gate({GATE}, 50000, i)"
        # The first row has a cell that is stored by itself, so a part of the result is there.
        cell = "case i when 1 then repeat(md5('x'), 40000) else md5(i::text) end"
        pages = f"select {cell} from generate_series(1, 60000) i where {gate}"
        once = f"select counted('once'), gate({GATE}, 1, 1)"
        front = f"select counted('front'), gate({GATE}, 1, 1)"
        rows = (
            f"select i, md5(i::text) from generate_series(1, 60000) i where gate({GATE}, 50000, i)"
        )
        self._queue("pages", node, self.wide, pages)
        self._queue("once", node, self.wide, once)
        self._queue("front", node, self.narrow, front)
        body = {"connection_id": self.wide, "sql": rows, "format": "csv"}
        status, told = fleet.call(node, "POST", "/exports", body)
        assert status == 202
        self.paths["export"] = f"/exports/{told['id']}"
        eventually(lambda: is_held_at_gate(fleet, 4))
        for number in range(BEHIND):
            self._queue(f"behind{number}", node, self.narrow, f"select counted('behind{number}')")
        store = fleet.shared_dir / "blobs"
        eventually(lambda: any((store / "results~").glob("*~/*")))
        eventually(lambda: any(file.stat().st_size for file in (store / "~writing").iterdir()))

    def _start_claim(self, node: Node, stack: ExitStack) -> None:
        """Have a worker stand still while it claims."""
        lock = stack.enter_context(postgres.connect(self.fleet.database_url))
        lock.execute("BEGIN")
        lock.execute(CLAIM_LOCK.format(self.claimed).encode())
        self._queue("claimed", node, self.claimed, "select counted('claimed')")
        eventually(lambda: is_waiting(self.fleet.database_url, "advisory"))
        self.release_claim = partial(lock.execute, "ROLLBACK")

    def start_requests(self, node: Node, stack: ExitStack, other_url: str) -> None:
        """Have two requests stand still: one reads a schema, one runs a query."""
        lock = stack.enter_context(postgres.connect(other_url))
        lock.execute("BEGIN")
        lock.execute("LOCK TABLE pg_catalog.pg_description IN ACCESS EXCLUSIVE MODE")
        pool = stack.enter_context(ThreadPoolExecutor(2))
        self.lost = [pool.submit(self._look, node), pool.submit(self._ask_inline, node)]
        eventually(lambda: is_waiting(other_url, "relation"))
        eventually(lambda: is_held_at_gate(self.fleet, 5))
        self.release_schema = partial(lock.execute, "ROLLBACK")

    def _look(self, node: Node) -> Any:
        return self.fleet.call(node, "GET", f"/connections/{self.browsed}/schema")

    def _ask_inline(self, node: Node) -> Any:
        return self.fleet.ask(node, self.wide, f"select 'inline', gate({GATE}, 1, 1)")

    def _queue(self, name: str, node: Node, connection: str, sql: str) -> None:
        self.paths[name] = f"/queries/{self.fleet.queue(node, connection, sql)}"


def find_inline(fleet: Fleet, node: Node) -> str:
    """Return the path of the query whose asker has never heard of it, from the history."""
    items = fleet.call(node, "GET", "/queries?limit=50")[1]["items"]
    (found,) = [one["id"] for one in items if "inline" in (one["sql"] or "")]
    return f"/queries/{found}"


def require_cut_off(asked: Sequence[Future[Any]]) -> None:
    """Assert that whoever asked has been told nothing, not that something was well."""
    for one in asked:
        with pytest.raises(OSError):
            one.result(timeout=10)


def require_served_by(node: Node, fleet: Fleet, link: str) -> bytes:
    """Return what a signed link leads to at one node, whoever has signed it."""
    assert link.startswith(f"{PUBLIC_URL}/blobs/")
    parts = urlsplit(link)
    with urlopen(f"{node.url}{parts.path}?{parts.query}", timeout=20) as answer:
        body: bytes = answer.read()
    return body


@pytest.mark.timeout(240)
def test_a_node_that_is_killed_in_the_midst_of_everything_leaves_nothing_lost_doubled_or_stuck(
    fleet: Fleet, make_database: Callable[[], str]
) -> None:
    with ExitStack() as stack:  # the gate stays shut, also for what the dead node has left behind
        first, other_url = fleet.add(), make_database()
        fleet.sign_in(first)
        stopped = Stopped(fleet, first, stack, other_url)
        second = fleet.add()
        sql = "select i, i * i from generate_series(1, 3) i"
        kept = [fleet.ask(node, stopped.wide, sql) for node in (first, second, first, second)]
        steady = Steady(fleet, second, stopped.wide)
        with steady.asking():
            stopped.start_requests(first, stack, other_url)
            first.kill()
            require_cut_off(stopped.lost)
            stopped.release_claim()
            stopped.release_schema()
            first.start()
            paths = {**stopped.paths, "inline": find_inline(fleet, second)}
            require_ended_well(fleet, fleet.await_end(second, paths, LOST_SECONDS))
            for node in (first, second):
                for one in kept:
                    page = fleet.call(node, "GET", f"/queries/{one['id']}/rows?limit=10")[1]
                    assert page["rows"] == [[1, 1], [2, 4], [3, 9]]
            look = f"/connections/{stopped.browsed}/schema"
            eventually(lambda: fleet.call(second, "GET", look)[1]["state"] == "ready", 30)
        assert (steady.wrong, steady.answers > 50) == ([], True)
        assert steady.longest < 5
        require_settled(fleet)
    assert [node.end() for node in fleet.nodes] == [0, 0]


def require_ended_well(fleet: Fleet, told: Mapping[str, Any]) -> None:
    """Assert that what had begun has failed, and says so; that what had not is done, once."""
    lost = {"pages", "once", "front", "export", "inline"}
    for name, one in told.items():
        if name in lost:
            assert (one["state"], one["error"]["code"]) == ("failed", "worker_lost"), name
        else:
            assert (one["state"], one["rows"]) == ("succeeded", [[name]]), one
    assert lost < told.keys()
    behind = [f"behind{number}" for number in range(BEHIND)]
    assert fleet.counts() == dict.fromkeys(["once", "front", "claimed", *behind], 1)


def require_settled(fleet: Fleet) -> None:
    """Assert that nothing is left of what was lost: no slot, no session, no file, no gap."""
    held = "SELECT 1 AS one FROM query_slots WHERE execution_id IS NOT NULL"
    eventually(lambda: not fleet.fetch(held))
    under_way = "SELECT id FROM query_executions WHERE state IN ('queued', 'running')"
    assert fleet.fetch(under_way) == []
    eventually(lambda: not [name for name in fleet.sessions() if ":idle" not in name])
    told = fleet.fetch(
        "SELECT (SELECT count(*) FROM query_runs WHERE origin = 'query') AS runs, count(*) AS told,"
        " count(DISTINCT after ->> 'run_id') AS once FROM audit_events WHERE action = 'query.asked'"
    )[0]
    assert told["runs"] == told["told"] == told["once"] > 0
    doubled = "SELECT name, due_at, attempts FROM schedule_ticks WHERE attempts > 1"
    assert fleet.fetch(doubled) == []
    require_no_parts(fleet)


def require_no_parts(fleet: Fleet) -> None:
    """Assert that the janitor finds every part of a result that was lost, and that no more is."""
    with fleet.services() as services:
        services.tending.forget_results()
        services.tending.forget_exports()
        succeeded = {
            str(row["id"])
            for row in fleet.fetch("SELECT id FROM query_executions WHERE state = 'succeeded'")
        }
        left = [*services.blobs.list("results/"), *services.blobs.list("exports/")]
        assert {key.split("/")[1] for key in left} <= succeeded


def test_what_one_node_writes_the_other_serves(fleet: Fleet) -> None:
    first, second = fleet.add(), fleet.add()
    fleet.sign_in(first)
    shop = fleet.connect(second, "Shop")
    cell = "select repeat(md5('x'), 40000) as text"
    asked = fleet.ask(first, shop, cell)
    status, told = fleet.call(first, "POST", "/exports", {"query_id": asked["id"], "format": "csv"})
    assert (status, told["state"]) == (200, "succeeded")
    for node in (first, second):
        export = fleet.call(node, "GET", f"/exports/{told['id']}")[1]
        for served_by in (first, second):
            body = require_served_by(served_by, fleet, export["url"])
            assert len(body) == len("text\n") + 40000 * 32 + len("\n")
    changed = export["url"].replace("signature=", "signature=0")
    with suppress(OSError):
        require_served_by(second, fleet, changed)
        raise AssertionError("a link that was changed was served")
    # The cache is one, too: the second node answers with what the first has asked.
    shop = fleet.connect(first, "Cached", cache_seconds=600)
    members = {"connection_id": shop, "sql": "select clock_timestamp()::text, 1"}
    members["sql"] = "select now()::text"
    answers = [fleet.call(node, "POST", "/queries", members)[1] for node in (first, second)]
    assert answers[0]["rows"] == answers[1]["rows"]
    assert answers[1]["cached_at"] is not None
    assert [node.end() for node in fleet.nodes] == [0, 0]


def test_a_tick_that_a_killed_node_held_is_done_by_the_other_one_once(
    app_database_url: str, tmp_path: Path
) -> None:
    ticks = tmp_path / "ticks"
    ticks.mkdir()
    with (
        sample_served(tmp_path / "one", app_database_url, SAMPLE_TICKS=str(ticks)) as first,
        sample_served(tmp_path / "two", app_database_url, SAMPLE_TICKS=str(ticks)) as second,
    ):
        (begun,) = eventually(lambda: [*ticks.glob("begun-*")])
        due_at, _, pid = begun.name.removeprefix("begun-").rpartition("-")
        killed, other = (first, second) if first.process.pid == int(pid) else (second, first)
        assert killed.process.pid == int(pid)
        assert killed.end(signal.SIGKILL) == -signal.SIGKILL
        assert [*ticks.glob("done-*")] == []
        eventually((ticks / f"done-{due_at}-{other.process.pid}").exists)
        assert other.end() == 0
    assert sorted(file.name for file in ticks.glob(f"*-{due_at}-*")) == sorted(
        [begun.name, f"begun-{due_at}-{other.process.pid}", f"done-{due_at}-{other.process.pid}"]
    )
    with closing(Database(app_database_url)) as database:
        find = "SELECT attempts, finished_at IS NOT NULL AS is_done FROM schedule_ticks"
        assert database.fetch(f"{find} WHERE due_at = %s", [due_at]) == [
            {"attempts": 2, "is_done": True}
        ]
