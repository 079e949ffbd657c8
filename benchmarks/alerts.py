"""The alert runner: evaluations a second, delay from due to delivered, memory.

``python -m benchmarks.alerts`` prints what one process does with 1,000 alerts on a SQLite state:
query, verdict and state for each; with a delivery each; and how long a message takes from its due
time when the runner stays.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from heliograph.local.postgres_server import PostgresServer


class Sink(ThreadingHTTPServer):
    """Takes webhooks and remembers when each came."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.arrivals: list[tuple[float, str]] = []


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        arrival = (time.time(), self.headers["webhook-id"])
        self.server.arrivals.append(arrival)  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@contextmanager
def sink() -> Iterator[Sink]:
    with Sink() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()


def write_file(path: Path, url: str, hook: str, alerts: int, *, fires: bool) -> None:
    """Write a file with that many alerts, each a query of its own."""
    document = {
        "version": "1",
        "allow_hosts": ["127.0.0.1"],
        "connections": {"db": {"url": url}},
        "channels": {"hook": {"kind": "webhook", "url": hook}},
        "alerts": [
            {
                "name": f"alert {number}",
                "connection": "db",
                "query": f"SELECT {number} AS n, $1::numeric AS level",
                "params": ["99" if fires else "1"],
                "schedule": {"every": "10s"},
                "rule": {"kind": "threshold", "column": "level", "op": ">", "value": "50"},
                "notify": ["hook"],
            }
            for number in range(alerts)
        ],
    }
    path.write_text(json.dumps(document))


def bench_once(folder: Path, url: str, alerts: int) -> None:
    """Measure one pass over all alerts, in a process of its own."""
    with sink() as server:
        hook = f"http://127.0.0.1:{server.server_address[1]}/hook"
        for fires in (False, True):
            path = folder / f"once-{fires}.yaml"
            write_file(path, url, hook, alerts, fires=fires)
            began = time.monotonic()
            code = (
                "import sys, resource; from heliograph.cli import main; "
                f"code = main(['alerts', 'run', {str(path)!r}, '--once', '--state', "
                f"{str(folder / f'{fires}.db')!r}]); "
                "usage = resource.getrusage(resource.RUSAGE_SELF); "
                "print(code, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)"
            )
            run = subprocess.run(
                [sys.executable, "-c", code], capture_output=True, text=True, check=True
            )
            exit_code, cpu, memory = run.stdout.split()
            assert exit_code == "0", run.stderr
            seconds = time.monotonic() - began
            what = "evaluation and delivery" if fires else "evaluation"
            print(
                f"  {alerts:,} alerts, {what:<24} {alerts / seconds:>7,.0f} a second"
                f"   {1000 * float(cpu) / alerts:.2f} CPU ms each   {float(memory):.0f} MB peak"
            )
        assert len(server.arrivals) == alerts


def bench_staying(folder: Path, url: str, alerts: int, seconds: float) -> None:
    """Measure the delay from due time to arrival while the runner stays."""
    with sink() as server:
        hook = f"http://127.0.0.1:{server.server_address[1]}/hook"
        path = folder / "staying.yaml"
        write_file(path, url, hook, alerts, fires=True)
        document = json.loads(path.read_text())
        for alert in document["alerts"]:
            alert["rule"] = {"kind": "always"}
        path.write_text(json.dumps(document))
        command = [sys.executable, "-m", "heliograph.cli", "alerts", "run", str(path)]
        process = subprocess.Popen(
            [*command, "--state", str(folder / "staying.db")], stderr=subprocess.DEVNULL
        )
        try:
            time.sleep(seconds)
        finally:
            process.terminate()
            process.wait(timeout=30)
        history = subprocess.run(
            [*command[:-2], "history", str(path), "--state", str(folder / "staying.db"),
             "--limit", "100000"], capture_output=True, text=True, check=True,
        )  # fmt: skip
        due = {
            delivery["id"]: datetime.fromisoformat(line["due_at"]).astimezone(UTC).timestamp()
            for line in map(json.loads, history.stdout.splitlines())
            for delivery in line["deliveries"]
        }
        print_delays(server, due, alerts)


def print_delays(server: Sink, due: dict[str, float], alerts: int) -> None:
    """Print the spread of delays."""
    arrived = {name: at for at, name in server.arrivals}
    delays = sorted(at - due[name] for name, at in arrived.items() if name in due)
    if not delays:
        print("  no message arrived")
        return
    print(
        f"  {alerts:,} digests every 10 s, {len(delays):,} of {len(due):,} messages: delay "
        f"median {1000 * statistics.median(delays):.0f} ms, "
        f"95 % {1000 * delays[int(len(delays) * 0.95)]:.0f} ms, most {1000 * delays[-1]:.0f} ms"
    )


def run(alerts: int = 1_000) -> None:
    """Measure everything."""
    with tempfile.TemporaryDirectory(prefix="heliograph-bench-") as name:
        folder = Path(name)
        with PostgresServer(folder / "postgres", settings={"max_connections": "200"}) as server:
            print("alert runner, one process, SQLite state (fsync for every commit)")
            bench_once(folder, server.url(), alerts)
            bench_staying(folder, server.url(), alerts // 5, 35)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"  peak memory of the largest process {peak:.0f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.alerts")
    parser.add_argument("--alerts", type=int, default=1_000)
    run(parser.parse_args().alerts)
