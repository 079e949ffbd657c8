"""Build the image and run it as a user would: ``make test-cloud``.

It needs a Docker engine on this machine whose containers can use the host's network. ``BASE`` names
another base image than the Dockerfile's, ``BUILD_OPTIONS`` adds options to ``docker build``.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from heliograph.local.receivers import Received, listening

ROOT = Path(__file__).resolve().parents[2]
HELIOGRAPH = ROOT / ".venv/bin/heliograph"
NAME = f"heliograph-try-{os.getpid()}"
IMAGE = f"{NAME}:image"
ALERTS = """\
version: 1
timezone: Europe/Berlin
allow_hosts: [127.0.0.1]
connections:
  shop: {url: "${SHOP_DATABASE_URL}"}
channels:
  hook: {kind: webhook, url: "${WEBHOOK_URL}", secret: "${WEBHOOK_SECRET}"}
alerts:
  - name: Orders came in
    connection: shop
    query: select count(*) as orders from orders
    schedule: {every: 10s}
    rule: {kind: threshold, column: orders, select: first, op: ">", value: 0}
    notify: [hook]
"""


class TrialFailed(Exception):
    """The container did not do what it should."""


def main() -> int:
    """Try everything and say what was measured; 1 when something is missing or does not hold."""
    try:
        check_engine()
        with tempfile.TemporaryDirectory() as folder, cleaned_up(), listening() as receivers:
            build()
            run_options = prepare(Path(folder), receivers.http_url)
            trial(run_options, receivers.received)
    except (TrialFailed, subprocess.SubprocessError) as error:
        print(f"The trial failed: {error}", file=sys.stderr)
        return 1
    return 0


def check_engine() -> None:
    """Raise `TrialFailed` that says what is missing."""
    if shutil.which("docker") is None:
        raise TrialFailed("docker is not installed; it needs a Docker engine.")
    answer = subprocess.run(
        ["docker", "version", "--format", "{{.Server.Version}}"],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    if answer.returncode:
        raise TrialFailed(f"no Docker engine answers: {answer.stderr.strip()}")
    say("engine", answer.stdout.strip())


def build() -> None:
    """Build the image from this checkout."""
    base = ["--build-arg", f"BASE={os.environ['BASE']}"] if os.environ.get("BASE") else []
    options = shlex.split(os.environ.get("BUILD_OPTIONS", ""))
    file = ROOT / "infra/docker/Dockerfile"
    started = time.monotonic()
    docker("build", "--quiet", *base, *options, "--file", file, "--tag", IMAGE, ROOT, timeout=900)
    say("built in", f"{time.monotonic() - started:.0f} s")
    size = int(docker("image", "inspect", "--format", "{{.Size}}", IMAGE))
    say("image", f"{size / 1e6:.0f} MB, base included")


def prepare(folder: Path, receiver_url: str) -> list[str | Path]:
    """Start the demo database, write the alerts, and return the options of ``docker run``."""
    data = folder / "demo"
    folder.chmod(0o755)
    run([HELIOGRAPH, "demo", "start", "--data-dir", data], timeout=120)
    _stops.append(lambda: run([HELIOGRAPH, "demo", "stop", "--data-dir", data], timeout=60))
    alerts = folder / "alerts.yaml"
    alerts.write_text(ALERTS)
    alerts.chmod(0o644)
    secrets = folder / "alerts.env"
    secrets.write_text(
        f"SHOP_DATABASE_URL={run([HELIOGRAPH, 'demo', 'url', '--data-dir', data])}\n"
        f"WEBHOOK_URL={receiver_url}/hook\n"
        "WEBHOOK_SECRET=whsec_aGVsaW9ncmFwaC1leGFtcGxlLXNlY3JldA==\n"
    )
    docker("volume", "create", NAME)
    _stops.append(lambda: docker("volume", "rm", "--force", NAME))
    return [
        *("--network", "host", "--read-only", "--cap-drop", "ALL"),
        *("--security-opt", "no-new-privileges", "--env-file", secrets),
        *("--volume", f"{alerts}:/etc/heliograph/alerts.yaml:ro"),
        *("--volume", f"{NAME}:/var/lib/heliograph", "--health-interval", "2s"),
    ]


def trial(run_options: list[str | Path], received: Received) -> None:
    """Run the container twice on one state, and hold it to what the documents promise."""
    first = start(run_options)
    wait("an alert arrives", lambda: len(received.posts) == 1, 30, first)
    notice = json.loads(received.posts[0][1])
    expect(notice["type"] == "alert.firing", f"the first message is {notice['type']}")
    wait("its health check passes", lambda: health(first) == "healthy", 60, first)
    expect(docker("exec", first, "id", "-u") == "10001", "it does not run as its own user")
    say("memory", docker("stats", "--no-stream", "--format", "{{.MemUsage}}", first))
    pid = docker("inspect", "--format", "{{.State.Pid}}", first)
    say("processor", f"{cpu_seconds(int(pid)):.2f} s since the start")
    stop(first)
    before = history(run_options)
    expect(len(before) > 0, "it remembers nothing")
    second = start(run_options)
    wait("it evaluates again", lambda: len(history(run_options)) > len(before) + 1, 60, second)
    expect(len(received.posts) == 1, "what was told already was told again")
    stop(second)
    say("state", "kept over the restart; nothing told twice")
    docker("run", "--rm", *run_options, IMAGE, "alerts", "check", "/etc/heliograph/alerts.yaml")


def start(run_options: list[str | Path]) -> str:
    """Start a container and return its id."""
    container = docker("run", "--detach", *run_options, IMAGE)
    _stops.append(lambda: docker("rm", "--force", container))
    return container


def stop(container: str) -> None:
    """Stop a container as an operator does; it has to end by itself, and well."""
    started = time.monotonic()
    docker("stop", container)
    seconds = time.monotonic() - started
    code = docker("inspect", "--format", "{{.State.ExitCode}}", container)
    expect(code == "0", f"it ended with {code}: {docker_log(container)}")
    expect(seconds < 10, f"it took {seconds:.0f} s to end")
    say("stopped in", f"{seconds:.1f} s, exit code 0")


def history(run_options: list[str | Path]) -> list[str]:
    """Return the evaluations that the state remembers."""
    place = ["/etc/heliograph/alerts.yaml", "--state", "/var/lib/heliograph/alerts.db"]
    return docker("run", "--rm", *run_options, IMAGE, "alerts", "history", *place).splitlines()


def health(container: str) -> str:
    """Return what the engine thinks of a container."""
    return docker("inspect", "--format", "{{.State.Health.Status}}", container)


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process of this machine has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait(what: str, is_so: Callable[[], bool], seconds: float, container: str) -> None:
    """Look until it is so, or raise `TrialFailed`."""
    started = time.monotonic()
    while not is_so():
        if time.monotonic() - started > seconds:
            said = docker_log(container)
            raise TrialFailed(f"{what}: not within {seconds:.0f} s\n{said}")
        time.sleep(0.2)
    say(what, f"after {time.monotonic() - started:.1f} s")


def expect(is_so: bool, otherwise: str) -> None:
    """Raise `TrialFailed` when it is not so."""
    if not is_so:
        raise TrialFailed(otherwise)


def say(what: str, text: str) -> None:
    """Print one line of what was found."""
    print(f"{what:26} {text}", flush=True)


def docker(*arguments: str | Path, timeout: float = 60) -> str:
    """Call docker and return what it printed."""
    return run(["docker", *arguments], timeout=timeout)


def docker_log(container: str) -> str:
    """Return the last lines that a container wrote."""
    return run(["docker", "logs", "--tail", "20", container], with_errors=True)


def run(command: list[str | Path], timeout: float = 60, *, with_errors: bool = False) -> str:
    """Run a command and return what it printed, or raise `TrialFailed` with its complaint."""
    done = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, check=False, timeout=timeout
    )
    if done.returncode:
        text = (done.stderr or done.stdout).strip()[-2000:]
        raise TrialFailed(f"{Path(command[0]).name} {command[1]} failed: {text}")
    return (done.stdout + done.stderr if with_errors else done.stdout).strip()


_stops: list[Callable[[], object]] = []


@contextmanager
def cleaned_up() -> Iterator[None]:
    """End and remove whatever was begun, in reverse order, the image last."""
    _stops.append(lambda: docker("image", "rm", "--force", IMAGE))
    try:
        yield
    finally:
        for end in reversed(_stops):
            try:
                end()
            except (TrialFailed, subprocess.SubprocessError) as error:
                print(f"left behind: {error}", file=sys.stderr)


if __name__ == "__main__":
    raise SystemExit(main())
