"""Queries over HTTP beside their floors: `heliograph serve`, a bare ASGI application, psycopg."""

from __future__ import annotations

import json
import statistics
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import psycopg

from benchmarks.serve import Served, ask, floor, load, serving
from heliograph.local.postgres_server import PostgresServer
from heliograph.platform.postgres import connect

CLIENTS = (1, 8)
CAP = 4


def run(server: PostgresServer, folder: Path, rows: int) -> None:
    """Measure queries. ``server`` holds the table ``mixed`` in the database ``bench_queries``."""
    url = server.url("bench_queries")
    with serving(folder) as served, _peak_memory(served.process) as peak:
        connection = make_connection(served, url, max_concurrency=8)
        bench_requests(served, connection, url)
        bench_pages(served, connection, rows)
        crowd = make_connection(served, url, max_concurrency=CAP, name="Crowd")
        bench_crowd(served, crowd, url)
        print(f"\npeak RSS of the server in all of it: {peak():.0f} MB  (aim: under 300)")


def make_connection(served: Served, url: str, *, name: str = "Bench", **values: Any) -> str:
    """Save a connection to a database and return its id."""
    parts = urlsplit(url)
    body = {
        "name": name,
        "host": parts.hostname,
        "port": parts.port,
        "database": parts.path[1:],
        "username": parts.username,
        "password": parts.password,
        "ssl_mode": "disable",
        "max_rows": 10_000_000,
        "statement_timeout_seconds": 600,
        **values,
    }
    made: str = ask(served.port, "/api/connections", token=served.token, body=body)["id"]
    return made


def share(served: Served, connection: str) -> None:
    """Let everybody use a connection."""
    body = {
        "object_type": "connection",
        "object_id": connection,
        "grantee": {"type": "everyone"},
        "level": "view",
    }
    ask(served.port, "/api/grants", token=served.token, body=body)


def bench_requests(served: Served, connection: str, url: str) -> None:
    """Measure quick queries, with one client and with eight."""
    cases = {
        "select 1": "select 1",
        "1,000 rows": "select * from mixed where id <= 1000",
        "10,000 rows": "select * from mixed where id <= 10000",
    }
    headers = {"Authorization": f"Bearer {served.token}", "Content-Type": "application/json"}
    with floor({"FLOOR_DATABASE_URL": url}, "benchmarks.floor_queries:app") as (port, process):
        for name, sql in cases.items():
            print(f"\nPOST /api/queries: {name}, 12 mixed columns")
            body = json.dumps({"connection_id": connection, "sql": sql})
            for clients in CLIENTS:
                packed = {**headers, "Accept-Encoding": "gzip"}
                ours = _load(
                    "heliograph serve", served.process, served.port, headers, body, clients
                )
                if name != "select 1":
                    _load("  and gzip", served.process, served.port, packed, body, clients)
                least = _load("floor", process, port, headers, json.dumps({"sql": sql}), clients)
                if clients == 1:
                    _direct(url, sql)
                print(
                    f"  ours / floor, time of a request: {ours['p50_ms'] / least['p50_ms']:.2f}"
                    f"   CPU: {ours['cpu_ms'] / least['cpu_ms']:.2f}",
                    flush=True,
                )


def bench_pages(served: Served, connection: str, rows: int) -> None:
    """Measure a large result: to have it, a page at its end, and sorting all of it."""
    print(f"\na result of {rows:,} rows")
    began = time.perf_counter()
    run_id = _finished(served, connection, "select * from mixed")
    print(f"  stored after {time.perf_counter() - began:.1f} s")
    path = f"/api/queries/{run_id}/rows?limit=10000&offset={rows - 10_000}"
    times = []
    for _ in range(20):
        began = time.perf_counter()
        _get(served, path)
        times.append(1000 * (time.perf_counter() - began))
    print(f"  page of 10,000 at the end: first {times[0]:.1f} ms, then {_median(times[1:]):.1f} ms")
    began = time.perf_counter()
    body = {"sort": [{"column": 9, "direction": "desc"}], "wait_seconds": 25, "limit": 100}
    sorted_run = ask(served.port, f"/api/queries/{run_id}/view", token=served.token, body=body)
    _wait(served, sorted_run)
    print(f"  sorted by a text column after {time.perf_counter() - began:.1f} s", flush=True)


def bench_crowd(served: Served, connection: str, url: str) -> None:
    """Measure 200 queries at once of one person over a cap of 4, and one of somebody else."""
    print(f"\n200 queries of 100 ms at once over a cap of {CAP}; one of somebody else after 0.5 s")
    sql = "select count(*) from mixed where id <= 100000 and pg_sleep(0.1) is not null and id < 2"
    statuses: Counter[int] = Counter()
    other = served.tokens["editor"]
    share(served, connection)
    most, is_over = [0], threading.Event()

    def one(_: int) -> None:
        body = {"connection_id": connection, "sql": sql, "wait_seconds": 10, "cache_seconds": 0}
        try:
            answer = ask(served.port, "/api/queries", token=served.token, body=body)
            _wait(served, answer)
            statuses[200] += 1
        except urllib.error.HTTPError as error:
            statuses[error.code] += 1

    def watch() -> None:
        with connect(url) as server:
            while not is_over.is_set():
                found = server.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE"
                    " 'heliograph:%' AND state = 'active'"
                ).fetchone()
                most[0] = max(most[0], int(found[0]) if found else 0)
                time.sleep(0.01)

    watcher = threading.Thread(target=watch)
    watcher.start()
    began = time.perf_counter()
    with ThreadPoolExecutor(201) as pool:
        crowd = [pool.submit(one, number) for number in range(200)]
        time.sleep(0.5)
        alone = time.perf_counter()
        single = _ask_as(served, other, connection, "select 1")
        alone = time.perf_counter() - alone
        for future in crowd:
            future.result(300)
    took = time.perf_counter() - began
    is_over.set()
    watcher.join(5)
    print(
        f"  all answered after {took:.1f} s ({200 / took:.0f}/s; {CAP} at once: {20 / CAP:.0f} s)"
    )
    print(f"  statuses {dict(statuses)}   most backends at work {most[0]}")
    print(f"  the other person's query: {single} after {alone:.2f} s", flush=True)


def _ask_as(served: Served, token: str, connection: str, sql: str) -> str:
    body = {"connection_id": connection, "sql": sql, "wait_seconds": 25}
    for _ in range(60):  # a crowded server may ask to come again
        try:
            return str(ask(served.port, "/api/queries", token=token, body=body)["state"])
        except urllib.error.HTTPError as error:
            time.sleep(float(error.headers["Retry-After"] or 1) / 4)
    return "never"


def _load(
    name: str,
    process: psutil.Process,
    port: int,
    headers: Mapping[str, str],
    body: str,
    clients: int,
) -> dict[str, Any]:
    load(port, "/api/queries", headers, clients, method="POST", body=body, seconds=1.0)
    before = sum(process.cpu_times()[:2])
    found = load(port, "/api/queries", headers, clients, method="POST", body=body)
    found["cpu_ms"] = 1000 * (sum(process.cpu_times()[:2]) - before) / found["requests"]
    print(
        f"  {name:<24} {clients} client{'s' if clients > 1 else ' '} {found['rps']:>7,.0f}/s"
        f"  p50 {found['p50_ms']:>7.2f} ms  p95 {found['p95_ms']:>7.2f} ms"
        f"  {found['cpu_ms']:>6.2f} CPU ms each  {found['statuses']}",
        flush=True,
    )
    return found


def _direct(url: str, sql: str) -> None:
    """Print what psycopg takes without any HTTP, default loaders, everything fetched."""
    times = []
    with psycopg.connect(url, autocommit=True) as connection:
        ends_at = time.perf_counter() + 2
        while time.perf_counter() < ends_at:
            began = time.perf_counter()
            connection.execute(sql.encode()).fetchall()
            times.append(1000 * (time.perf_counter() - began))
    print(f"  {'psycopg alone':<24} 1 client  {1000 / _median(times):>7,.0f}/s", end="")
    print(f"  p50 {_median(times):>7.2f} ms", flush=True)


def _finished(served: Served, connection: str, sql: str) -> str:
    body = {"connection_id": connection, "sql": sql, "wait_seconds": 25, "limit": 100}
    answer = ask(served.port, "/api/queries", token=served.token, body=body)
    return str(_wait(served, answer)["id"])


def _wait(served: Served, answer: Any) -> Any:
    """Ask until a run is over, for ten minutes at most."""
    ends_at = time.monotonic() + 600
    while answer["state"] in ("queued", "running") and time.monotonic() < ends_at:
        path = f"/api/queries/{answer['id']}?wait_seconds=25&limit=1"
        answer = ask(served.port, path, token=served.token)
    return answer


def _get(served: Served, path: str) -> bytes:
    request = urllib.request.Request(f"http://127.0.0.1:{served.port}{path}")
    request.add_header("Authorization", f"Bearer {served.token}")
    request.add_header("Accept-Encoding", "gzip")
    with urllib.request.urlopen(request, timeout=30) as answer:
        body: bytes = answer.read()
    return body


def _median(times: list[float]) -> float:
    return statistics.median(times)


class _peak_memory:  # noqa: N801  # reads as what it does
    """Looks at a process's memory while it works; calling what comes gives the most, in MB."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self._peak = 0.0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Any:
        self._thread.start()
        return lambda: self._peak

    def __exit__(self, *error: object) -> None:
        self._is_over.set()
        self._thread.join(5)

    def _look(self) -> None:
        while not self._is_over.wait(0.05):
            try:
                self._peak = max(self._peak, self._process.memory_info().rss / 2**20)
            except psutil.Error:
                return
