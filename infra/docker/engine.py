"""The Docker engine as the trials use it: build, run, look, and take everything away again."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAME = f"heliograph-try-{os.getpid()}"
SAFELY: tuple[str | Path, ...] = (
    "--read-only", "--cap-drop", "ALL",
    "--security-opt", "no-new-privileges", "--health-interval", "2s",
)  # fmt: skip
"""Options of ``docker run`` that every trial gives."""
ON_HOST = ("--network", "host")
"""And that who needs databases and receivers on this machine gives as well."""


class TrialFailed(Exception):
    """The container did not do what it should, or cannot be tried here."""


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


def build(tag: str, target: str | None = None) -> None:
    """Build an image from this checkout: the default one, or the one of a target."""
    base = ["--build-arg", f"BASE={os.environ['BASE']}"] if os.environ.get("BASE") else []
    options = [*base, *shlex.split(os.environ.get("BUILD_OPTIONS", ""))]
    if target is not None:
        options += ["--target", target]
    file = ROOT / "infra/docker/Dockerfile"
    started = time.monotonic()
    at_end(lambda: docker("image", "rm", "--force", tag))
    docker("build", "--quiet", *options, "--file", file, "--tag", tag, ROOT, timeout=900)
    say("built in", f"{time.monotonic() - started:.0f} s")
    size = int(docker("image", "inspect", "--format", "{{.Size}}", tag))
    say("image", f"{size / 1e6:.0f} MB, base included")


def make_volume(name: str) -> None:
    """Make a volume that is removed at the end."""
    docker("volume", "create", name)
    at_end(lambda: docker("volume", "rm", "--force", name))


def start(*arguments: str | Path) -> str:
    """Start a container with these arguments of ``docker run`` and return its id."""
    container = docker("run", "--detach", *arguments)
    at_end(lambda: docker("rm", "--force", "--volumes", container))
    return container


def stop(container: str, *, seconds: float = 10) -> None:
    """Stop a container as an operator does; it has to end by itself, and well."""
    started = time.monotonic()
    docker("stop", "--time", f"{seconds:.0f}", container)
    took = time.monotonic() - started
    code = docker("inspect", "--format", "{{.State.ExitCode}}", container)
    expect(code == "0", f"it ended with {code}: {docker_log(container)}")
    expect(took < seconds, f"it took {took:.0f} s to end")
    say("stopped in", f"{took:.1f} s, exit code 0")


def health(container: str) -> str:
    """Return what the engine thinks of a container."""
    return docker("inspect", "--format", "{{.State.Health.Status}}", container)


def memory(container: str) -> str:
    """Return how much memory a container uses, and of how much."""
    return docker("stats", "--no-stream", "--format", "{{.MemUsage}}", container)


def process_of(container: str) -> int:
    """Return the process of this machine that is the container's first."""
    return int(docker("inspect", "--format", "{{.State.Pid}}", container))


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


def docker_log(container: str, lines: str = "20") -> str:
    """Return the last lines that a container wrote."""
    return run(["docker", "logs", "--tail", lines, container], with_errors=True)


def run(command: list[str | Path], timeout: float = 60, *, with_errors: bool = False) -> str:
    """Run a command and return what it printed, or raise `TrialFailed` with its complaint."""
    done = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, check=False, timeout=timeout
    )
    if done.returncode:
        text = (done.stderr or done.stdout).strip()[-2000:]
        raise TrialFailed(f"{Path(command[0]).name} {command[1]} failed: {text}")
    return (done.stdout + done.stderr if with_errors else done.stdout).strip()


_ends: list[Callable[[], object]] = []


def at_end(end: Callable[[], object]) -> None:
    """Have something ended or removed when the trial is over, the latest first."""
    _ends.append(end)


@contextmanager
def cleaned_up() -> Iterator[None]:
    """End and remove whatever was begun, in reverse order."""
    try:
        yield
    finally:
        for end in reversed(_ends):
            try:
                end()
            except (TrialFailed, subprocess.SubprocessError) as error:
                print(f"left behind: {error}", file=sys.stderr)
        _ends.clear()
