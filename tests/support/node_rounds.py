"""Kills nodes at random, for as long as one likes: ``make test-nodes ROUNDS=20 SEED=1``.

Two nodes share all work. People ask both all the time: quick queries, queued ones that are counted,
large ones, exports, schemas. In each round one node is killed at a moment that the seed decides,
and started again. In the end everything that was accepted must have ended, once, with the right
answer or as lost with its worker; and nothing may be left of it.
"""

from __future__ import annotations

import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.nodes import FINAL, Fleet, Node, fleet_of
from tests.support.postgres import TEST_SETTINGS

from heliograph.local.postgres_server import PostgresServer
from heliograph.platform import postgres
from heliograph.platform.migrations import migrate

PEOPLE = 4
MOST = 6
"""How many sessions the connection that all ask may have."""

_ROWS = 20_000
_SETTLED_SECONDS = 150.0  # a lease, the janitor's minute, and what waited meanwhile


@dataclass
class Accepted:
    """What one person was told to be taken: where to ask about it, and what it must come to."""

    path: str
    token: str | None = None
    rows: list[list[Any]] | None = None
    row_count: int | None = None


@dataclass
class Tally:
    """What came of it all, for whoever runs it; ``problems`` is empty when all promises held."""

    accepted: list[Accepted] = field(default_factory=list)
    ends: Counter[str] = field(default_factory=Counter)
    broken_off: int = 0
    most_sessions: int = 0
    sessions: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class Person:
    """Somebody who asks either node, whatever happens."""

    def __init__(self, fleet: Fleet, connection: str, tally: Tally, number: int, seed: int) -> None:
        self._fleet = fleet
        self._connection = connection
        self._tally = tally
        self._name = f"p{number}"
        self._random = random.Random(seed * 1000 + number)
        self._count = 0

    def go_on(self, is_over: threading.Event) -> None:
        """Ask one thing after the other until it is over."""
        acts: list[Callable[[Node], None]] = [self._quick, self._counted, self._large, self._export]
        while not is_over.is_set():
            act = self._random.choices([*acts, self._schema], [4, 4, 1, 2, 1])[0]
            try:
                act(self._random.choice(self._fleet.nodes))
            except OSError:
                self._tally.broken_off += 1
                is_over.wait(0.05)

    def _post(self, node: Node, path: str, body: Any, what: Accepted) -> None:
        self._count += 1
        body = {"connection_id": self._connection, "cache_seconds": 0, "detached": True, **body}
        if path == "/exports":
            del body["cache_seconds"], body["detached"]
        status, told = self._fleet.call(node, "POST", path, body)
        if status in (200, 202):
            what.path = f"{path}/{told['id']}"
            self._tally.accepted.append(what)
        elif status not in (429, 503):
            self._tally.problems.append(f"{path} was answered with {status}: {told}")

    def _quick(self, node: Node) -> None:
        n = self._random.randrange(1_000_000)
        what = Accepted("", rows=[[n, f"{n:08d}"]])
        self._post(node, "/queries", {"sql": f"select {n}, lpad('{n}', 8, '0')"}, what)

    def _counted(self, node: Node) -> None:
        token = f"{self._name}-{self._count}"
        pause = self._random.choice([0, 0.02, 0.2])
        sql = f"select counted('{token}') from pg_sleep({pause})"
        self._post(
            node, "/queries", {"sql": sql, "wait_seconds": 0}, Accepted("", token, [[token]])
        )

    def _large(self, node: Node) -> None:
        cell = f"case i when 1 then repeat(md5('{self._count}'), 40000) else md5(i::text) end"
        sql = f"select {cell} from generate_series(1, {_ROWS}) i"
        body = {"sql": sql, "wait_seconds": self._random.choice([0, 2])}
        self._post(node, "/queries", body, Accepted("", row_count=_ROWS))

    def _export(self, node: Node) -> None:
        sql = f"select i, md5(i::text) from generate_series(1, {_ROWS}) i"
        body = {"sql": sql, "format": self._random.choice(["csv", "xlsx"])}
        self._post(node, "/exports", body, Accepted("", row_count=_ROWS))

    def _schema(self, node: Node) -> None:
        path = f"/connections/{self._connection}/schema/refresh"
        status, told = self._fleet.call(node, "POST", path)
        if status not in (200, 202, 429, 503):
            self._tally.problems.append(f"{path} was answered with {status}: {told}")


@contextmanager
def asking(fleet: Fleet, connection: str, tally: Tally, seed: int) -> Iterator[None]:
    """Have people ask while the block runs."""
    is_over = threading.Event()
    people = [Person(fleet, connection, tally, number, seed) for number in range(PEOPLE)]
    threads = [threading.Thread(target=one.go_on, args=(is_over,)) for one in people]
    threads.append(threading.Thread(target=_watch_sessions, args=(fleet, tally, is_over)))
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


def _watch_sessions(fleet: Fleet, tally: Tally, is_over: threading.Event) -> None:
    """Note how many sessions the nodes have at once, running queries or kept warm for some.

    Those that read a schema, or cancel what another one runs, are beside the cap.
    """
    find = (
        "SELECT application_name, state, left(query, 60), wait_event,"
        " extract(epoch FROM clock_timestamp() - backend_start)::numeric(10, 3)"
        " FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name LIKE 'heliograph:%'"
        " AND application_name NOT IN ('heliograph:schema', 'heliograph:cancel')"
    )
    with postgres.connect(fleet.asked_url) as connection:
        while not is_over.wait(0.02):
            rows = connection.execute(find).fetchall()
            if len(rows) > tally.most_sessions:
                tally.most_sessions = len(rows)
                tally.sessions = [" ".join(map(str, row)) for row in rows]


def play(fleet: Fleet, rounds: int, seed: int, say: Callable[[str], None]) -> Tally:
    """Play some rounds on a fleet without nodes, and look at what came of them."""
    chance = random.Random(seed)
    tally = Tally()
    nodes = [fleet.add(), fleet.add()]
    fleet.sign_in(nodes[0])
    connection = fleet.connect(nodes[1], "Asked by all", max_concurrency=MOST)
    assert all(node.url for node in nodes)
    with asking(fleet, connection, tally, seed):
        for number in range(1, rounds + 1):
            killed = chance.randrange(2)
            time.sleep(chance.uniform(0.2, 3.0))
            nodes[killed].kill()
            time.sleep(chance.choice([0.0, chance.uniform(0.0, 2.0)]))
            nodes[killed].start()
            assert nodes[killed].url
            say(f"round {number}: killed node {killed + 1}, {len(tally.accepted)} accepted so far")
            fleet.sign_in(nodes[1 - killed])  # access tokens end; who was killed is there again
    settle(fleet, nodes, tally)
    tally.problems += [f"exit {code}" for node in nodes if (code := node.end()) != 0]
    return tally


def settle(fleet: Fleet, nodes: list[Node], tally: Tally) -> None:
    """Wait until nothing is under way, without asking about it, and look at everything."""
    ends_at = time.monotonic() + _SETTLED_SECONDS
    under_way = "SELECT id FROM query_executions WHERE state IN ('queued', 'running')"
    held = "SELECT number FROM query_slots WHERE execution_id IS NOT NULL"
    while fleet.fetch(under_way) or fleet.fetch(held):
        if time.monotonic() > ends_at:
            left = (len(fleet.fetch(under_way)), len(fleet.fetch(held)))
            tally.problems.append(f"stuck: {left[0]} executions, {left[1]} slots")
            break
        time.sleep(0.5)
    counts = fleet.counts()
    for number, one in enumerate(tally.accepted):
        told = fleet.call(nodes[number % 2], "GET", one.path)[1]
        tally.problems += look_at(one, told, counts)
        tally.ends[f"{one.path.split('/')[1]} {told.get('state')}"] += 1
    doubled = [token for token, count in counts.items() if count > 1]
    tally.problems += [f"{token} was run {counts[token]} times" for token in doubled]
    if tally.most_sessions > MOST:
        tally.problems.append(f"{tally.most_sessions} sessions at once, {MOST} admitted")
        tally.problems += tally.sessions
    tally.problems += look_at_records(fleet)


def look_at(one: Accepted, told: Any, counts: dict[str, int]) -> list[str]:
    """Return what is wrong with the end of something that was accepted."""
    state = told.get("state")
    if state not in FINAL:
        return [f"{one.path} is {state}"]
    if state != "succeeded":
        code = (told.get("error") or {}).get("code")
        return [] if code == "worker_lost" else [f"{one.path} is {state}: {told.get('error')}"]
    if one.token is not None and counts.get(one.token) != 1:
        return [f"{one.path} was run {counts.get(one.token)} times"]
    if one.rows is not None and told["rows"] != one.rows:
        return [f"{one.path} says {told['rows']}, not {one.rows}"]
    if one.row_count is not None and told["row_count"] != one.row_count:
        return [f"{one.path} has {told['row_count']} rows"]
    return []


def look_at_records(fleet: Fleet) -> list[str]:
    """Return what is wrong with the audit record, the ticks and the folder."""
    problems = []
    (told,) = fleet.fetch(
        "SELECT (SELECT count(*) FROM query_runs WHERE origin = 'query') AS runs, count(*) AS told,"
        " count(DISTINCT after ->> 'run_id') AS once FROM audit_events WHERE action = 'query.asked'"
    )
    if len(set(told.values())) != 1:
        problems.append(f"the audit record tells otherwise: {told}")
    doubled = "SELECT name FROM schedule_ticks WHERE attempts > 1 AND finished_at IS NULL"
    problems += [f"the tick {row['name']} is stuck" for row in fleet.fetch(doubled)]
    with fleet.services() as services:
        while services.tending.forget_results() or services.tending.forget_exports():
            pass
        done = fleet.fetch("SELECT id FROM query_executions WHERE state = 'succeeded'")
        known = {str(row["id"]) for row in done}
        left = [*services.blobs.list("results/"), *services.blobs.list("exports/")]
        problems += [f"left: {key}" for key in left if key.split("/")[1] not in known]
    return problems


def main(rounds: int, seed: int) -> int:
    """Play on a server of its own; return 1 when a promise was broken."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = PostgresServer(folder / "postgres", settings=TEST_SETTINGS)
        server.start()
        try:
            with postgres.connect(server.url()) as connection:
                connection.execute("CREATE DATABASE app")
                connection.execute("CREATE DATABASE asked")
            migrate(server.url("app"))
            log = folder / "postgres.log"
            with fleet_of(folder, server.url("app"), server.url("asked"), log) as fleet:
                tally = play(fleet, rounds, seed, lambda text: print(text, flush=True))
        finally:
            server.stop(mode="immediate")
    print(f"{rounds} rounds, seed {seed}, {time.monotonic() - began:.0f} s")
    print(f"{len(tally.accepted)} accepted, {tally.broken_off} requests broke off")
    for end, count in sorted(tally.ends.items()):
        print(f"  {end}: {count}")
    print(f"at most {tally.most_sessions} of {MOST} sessions at once")
    for problem in tally.problems[:50]:
        print(f"BROKEN: {problem}")
    print(f"{len(tally.problems)} promises broken" if tally.problems else "every promise was kept")
    return 1 if tally.problems else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
