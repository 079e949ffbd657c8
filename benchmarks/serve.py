"""The server beside its floors: requests, cold starts, queue, memory, and the time to be ready."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parent.parent
READY_SECONDS = 120
LOAD_SECONDS = 4.0


@dataclass
class Served:
    """A running `heliograph serve --demo` and a session of its admin."""

    process: psutil.Process
    port: int
    data_dir: Path
    ready_seconds: float
    token: str = ""
    user_id: str = ""
    tokens: dict[str, str] = field(default_factory=dict)
    people: dict[str, tuple[str, str]] = field(default_factory=dict)


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def ask(port: int, path: str, *, token: str = "", body: Any = None) -> Any:
    """Return the JSON that the server answers with."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}")
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(request, data, timeout=30) as answer:
        return json.load(answer)


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """Start the server with the demo, sign in, and stop it afterwards."""
    port = free_port()
    command = [str(Path(sys.executable).with_name("heliograph")), "serve", "--demo"]
    command += ["--port", str(port), "--data-dir", str(folder / "data")]
    command += ["--requests-per-second", "0"]  # one address asks for all
    began = time.perf_counter()
    with (folder / "serve.log").open("w") as log:
        started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    assert started.stdout is not None
    try:
        people: dict[str, tuple[str, str]] = {}
        ready = 0.0
        for line in started.stdout:
            words = line.split()
            if line.startswith("Heliograph is ready"):
                ready = time.perf_counter() - began
            elif len(words) == 3:
                people[words[0]] = (words[1], words[2])
            if len(people) == 3:
                break
        email, password = people["admin"]
        signed = ask(port, "/api/session", body={"email": email, "password": password})
        served = Served(psutil.Process(started.pid), port, folder / "data", ready)
        served.token, served.user_id = signed["access_token"], signed["user"]["id"]
        served.people = people
        for role, (email, password) in people.items():
            body = {"email": email, "password": password}
            served.tokens[role] = ask(port, "/api/session", body=body)["access_token"]
        yield served
    finally:
        started.send_signal(signal.SIGTERM)
        started.wait(60)


@contextmanager
def floor(
    environment: Mapping[str, str], app: str = "benchmarks.floor_app:app"
) -> Iterator[tuple[int, psutil.Process]]:
    """Run an application of ours that is a floor under uvicorn."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", app, "--port", str(port)]
    command += ["--log-level", "error", "--no-access-log"]
    started = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment})
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            time.sleep(0.05)
        yield port, psutil.Process(started.pid)
    finally:
        started.terminate()
        started.wait(30)


def load(  # all but four are named
    port: int,
    path: str,
    headers: Mapping[str, str],
    clients: int,
    *,
    method: str = "GET",
    body: str = "",
    seconds: float = LOAD_SECONDS,
) -> dict[str, Any]:
    """Return what `benchmarks.http_load` measures, in a process of its own."""
    plan = {
        "host": "127.0.0.1",
        "port": port,
        "path": path,
        "headers": dict(headers),
        "clients": clients,
        "seconds": seconds,
        "method": method,
        "body": body,
    }
    command = [sys.executable, "-m", "benchmarks.http_load"]
    done = subprocess.run(
        command, input=json.dumps(plan), cwd=ROOT, capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def measure_load(
    name: str, process: psutil.Process, port: int, headers: Mapping[str, str]
) -> dict[int, dict[str, Any]]:
    """Print and return the measures of one server with 1 and with 8 clients."""
    measured: dict[int, dict[str, Any]] = {}
    for clients in (1, 8):
        before = sum(process.cpu_times()[:2])
        run = load(port, "/api/me", headers, clients)
        run["cpu_ms"] = 1000 * (sum(process.cpu_times()[:2]) - before) / run["requests"]
        measured[clients] = run
        print(
            f"  {name:<28} {clients} client{'s' if clients > 1 else ' '} "
            f"{run['rps']:>7,.0f}/s  p50 {run['p50_ms']:>6.2f} ms  p95 {run['p95_ms']:>6.2f} ms  "
            f"{run['cpu_ms']:.2f} CPU ms each  {run['statuses']}",
            flush=True,
        )
    return measured


def app_url(data_dir: Path) -> str:
    """Return the URL of the app database of a running server."""
    port = (data_dir / "postgres.port").read_text().strip()
    password = (data_dir / "postgres.heliograph").read_text().strip()
    return f"postgresql://heliograph:{password}@127.0.0.1:{port}/heliograph"


def bench_requests(served: Served) -> None:
    """Measure GET /api/me of somebody who is signed in, and the floor's one statement."""
    print("\nGET /api/me, signed in, beside starlette + psycopg pool + orjson (no sign-in at all)")
    database = app_url(served.data_dir)
    headers = {"Authorization": f"Bearer {served.token}"}
    ours = measure_load("heliograph serve", served.process, served.port, headers)
    environment = {"FLOOR_DATABASE_URL": database, "FLOOR_USER_ID": served.user_id}
    with floor(environment) as (port, process):
        least = measure_load("floor", process, port, {})
    for clients in (1, 8):
        ratio = least[clients]["rps"] / ours[clients]["rps"]
        print(f"  floor / ours, requests a second, {clients}: {ratio:.2f}", flush=True)


def bench_memory(served: Served) -> None:
    """Print what an idle server and its database take, each shared page counted once."""
    time.sleep(3)
    postmaster = int((served.data_dir / "postgres" / "postmaster.pid").read_text().split()[0])
    parts: dict[str, float] = {}
    for name, root in (("heliograph", served.process), ("postgres", psutil.Process(postmaster))):
        processes = [root, *root.children(recursive=True)]
        parts[name] = sum(one.memory_full_info().pss for one in processes) / 2**20
    resident = served.process.memory_info().rss / 2**20
    print("\nidle memory in MB, shared pages divided among their users (PSS)")
    print(
        f"  heliograph {parts['heliograph']:.0f} (RSS {resident:.0f})   "
        f"postgres {parts['postgres']:.0f}   together {sum(parts.values()):.0f}  (aim: under 200)",
        flush=True,
    )


def bench_queue(served: Served) -> None:
    """Measure from the start of a send to the message in the hands of who waits for it."""
    from heliograph.platform.database import Database
    from heliograph.platform.queues_postgres import PostgresQueue, Wakeups

    url = app_url(served.data_dir)
    queue = PostgresQueue(Database(url), "bench")
    received: list[float] = []
    sent: list[float] = []
    is_listening = threading.Event()

    def receive() -> None:
        wakeups = Wakeups(url)
        wakeups.listen()
        is_listening.set()
        while len(received) < len(delays):
            found = queue.receive(visibility=timedelta(seconds=30))
            received.extend(time.perf_counter() for _ in found)
            if found:
                queue.acknowledge(found)
            else:
                wakeups.wait(1.0)

    delays = [0.02] * 100
    waiter = threading.Thread(target=receive)
    waiter.start()
    is_listening.wait(10)
    for delay in delays:
        time.sleep(delay)
        sent.append(time.perf_counter())
        queue.send("bench")
    waiter.join(30)
    took = sorted(1000 * (there - here) for here, there in zip(sent, received, strict=True))
    print("\nqueue: from the start of a send to a waiting receiver, over the embedded database")
    print(f"  p50 {statistics.median(took):.1f} ms   p95 {took[94]:.1f} ms", flush=True)


def bench_layers() -> None:
    """Print what the layers weigh, unzipped, as `sam build` makes them."""
    from tests.support.built_functions import build_functions

    built = build_functions()
    print(f"\nlayers as `sam build` makes them for Python {built.version}, MB unzipped")
    for name, folder in (("core", built.core), ("deps", built.deps)):
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
        aim = "  (aim: under 120)" if name == "deps" else ""
        print(f"  {name} {size:.0f}{aim}", flush=True)


def bench_up(folder: Path) -> None:
    """Measure `make up` from a fresh clone with an empty HOME to the line that says it is ready."""
    clone, home = folder / "clone", folder / "home"
    home.mkdir()
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "PORT": str(free_port())}
    print("\n`make up` in a fresh clone, seconds to `Heliograph is ready` (packages downloaded)")
    for name in ("first", "second"):
        began = time.perf_counter()
        process = subprocess.Popen(
            ["make", "up"],
            cwd=clone,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if line.startswith("Heliograph is ready"):
                    print(f"  {name} {time.perf_counter() - began:.1f}", flush=True)
                    break
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)


def run(folder: Path) -> None:
    """Measure the server."""
    with serving(folder) as served:
        print(f"start with a new database and the demo: {served.ready_seconds:.1f} s")
        bench_memory(served)
        bench_requests(served)
        bench_queue(served)
    with serving(folder) as served:
        print(f"\nstart with a database that is there: {served.ready_seconds:.1f} s")
    bench_layers()
