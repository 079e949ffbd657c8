"""``make bench``: every path beside its floor; prints ratios, never fails on them."""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import alerts, browser, exports, queries, results, serve
from benchmarks.cold_starts import bench_cold_starts
from benchmarks.data import make_mixed
from heliograph.local.postgres_server import PostgresServer
from heliograph.platform.postgres import connect

SLOW_ROWS = 50_000
PARTS = (
    "paths",
    "results",
    "exports",
    "queries",
    "startup",
    "alerts",
    "serve",
    "cold",
    "browser",
    "up",
)


@dataclass(frozen=True)
class Pair:
    """Our path, its floor, and the ratio that we aim at."""

    ours: str
    floor: str
    aim: str
    is_slow: bool = False  # the floor is so slow that fewer rows are enough to know it


PAIRS = (
    Pair("csv", "psycopg COPY to a file", "0.9"),
    Pair("csv, with a parameter", "psycopg COPY to a file", ""),
    Pair("ndjson", "psycopg + orjson, a line each", "3"),
    Pair("json", "psycopg + orjson, pages", ""),
    Pair("xlsx", "openpyxl write_only", "5", is_slow=True),
    Pair("xlsx", "XlsxWriter constant_memory", "", is_slow=True),
)


def measure(case: str, url: str, folder: Path) -> dict[str, float]:
    """Run one case in a process of its own, twice, and keep the quicker one."""
    command = [sys.executable, "-m", "benchmarks.paths", case, url, str(folder / "out")]
    runs = [json.loads(subprocess.check_output(command)) for _ in range(2)]
    best: dict[str, float] = min(runs, key=lambda run: float(run["cpu"]))
    return best


def cpu_ms(code: str, repeat: int = 7) -> float:
    """Return the CPU milliseconds of an interpreter that runs ``code``: the quickest of several."""

    def once() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        user, system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
        return 1000 * (user + system)

    return min(once() for _ in range(repeat))


def show(name: str, run: dict[str, Any]) -> None:
    """Print one measured case."""
    speed = run["rows"] / run["cpu"]
    print(
        f"  {name:<32} {run['rows']:>9,} rows  {speed:>9,.0f} rows/CPU s  "
        f"{run['rows'] / run['wall']:>9,.0f} rows/s  {run['rss_mb']:>5.0f} MB peak  "
        f"{run['bytes'] / run['rows']:>4.0f} B/row",
        flush=True,
    )


def bench_paths(server: PostgresServer, folder: Path, rows: int) -> None:
    """Measure every path on ``rows`` rows, the slow floors on fewer."""
    url, few = server.url("bench"), server.url("bench_few")
    measured: dict[str, dict[str, float]] = {}
    print(f"12 mixed columns; {rows:,} rows, slow writers {min(rows, SLOW_ROWS):,}")
    for pair in PAIRS:
        for case, is_slow in ((pair.ours, False), (pair.floor, pair.is_slow)):
            if case not in measured:
                measured[case] = measure(case, few if is_slow else url, folder)
                show(case, measured[case])
    print("\nratios of rows per CPU second, ours to the floor's")
    for pair in PAIRS:
        ours, floor = measured[pair.ours], measured[pair.floor]
        ratio = (ours["rows"] / ours["cpu"]) / (floor["rows"] / floor["cpu"])
        aim = f"(aim: at least {pair.aim})" if pair.aim else ""
        print(f"  {pair.ours:<24} / {pair.floor:<32} {ratio:>6.2f}  {aim}", flush=True)


def bench_results(server: PostgresServer, folder: Path, rows: int) -> None:
    """Measure where a result lives: storing it, and pages at its end."""
    create(server, "bench_results")
    url = server.url("bench_results")
    make_mixed(url, rows)
    print()
    results.run(url, folder, measure("json", url, folder))


def bench_exports(server: PostgresServer, folder: Path, rows: int) -> None:
    """Measure exports into a store of blobs."""
    create(server, "bench_exports")
    make_mixed(server.url("bench_exports"), rows)
    place = folder / "exports"
    place.mkdir()
    exports.run(server.url("bench_exports"), place, rows)


def bench_queries(server: PostgresServer, folder: Path, rows: int) -> None:
    """Measure queries over HTTP."""
    create(server, "bench_queries")
    make_mixed(server.url("bench_queries"), rows)
    with connect(server.url("bench_queries")) as connection:
        connection.execute("CREATE UNIQUE INDEX ON mixed (id)")
    place = folder / "queries"
    place.mkdir()
    print()
    queries.run(server, place, rows)


def bench_startup(server: PostgresServer) -> None:
    """Measure `heliograph query "select 1"` beside the imports that it cannot do without."""
    bare = cpu_ms("pass")
    floor = cpu_ms("import psycopg, orjson")
    query = (
        "import sys; from heliograph.cli import main; "
        f"sys.exit(main(['query', 'select 1', '--url', {server.url()!r}]))"
    )
    ours = cpu_ms(query)
    print("\nstart-up, CPU ms: what an interpreter alone takes, the floor, ours with a connection")
    print(f"  bare {bare:.0f}   import psycopg, orjson {floor:.0f}   query {ours:.0f}")
    print(f"  ours / floor {ours / floor:.2f}  (aim: at most 2)", flush=True)


def main() -> None:
    """Measure everything."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--only", choices=PARTS, default=None)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="heliograph-bench-") as name:
        folder = Path(name)
        settings = {"fsync": "off", "shared_buffers": "512MB", "synchronous_commit": "off"}
        with PostgresServer(folder / "postgres", settings=settings) as server:
            if options.only in (None, "paths"):
                for database, rows in (("bench", options.rows), ("bench_few", SLOW_ROWS)):
                    create(server, database)
                    make_mixed(server.url(database), min(rows, options.rows))
                bench_paths(server, folder, options.rows)
            if options.only in (None, "results"):
                bench_results(server, folder, options.rows)
            if options.only in (None, "exports"):
                bench_exports(server, folder, options.rows)
            if options.only in (None, "queries"):
                bench_queries(server, folder, options.rows)
            if options.only in (None, "startup"):
                bench_startup(server)
            if options.only in (None, "cold"):
                bench_cold_starts(server)
    if options.only in (None, "alerts"):
        print()
        alerts.run()
    for name, bench in (("serve", serve.run), ("browser", browser.run), ("up", serve.bench_up)):
        if options.only in (None, name):
            print()
            with tempfile.TemporaryDirectory(prefix="heliograph-bench-") as folder:
                bench(Path(folder))


def create(server: PostgresServer, database: str) -> None:
    """Create an empty database."""
    with connect(server.url()) as connection:
        connection.execute(f"CREATE DATABASE {database}".encode())


if __name__ == "__main__":
    main()
