"""What every step has in common: a line with its time, programs that are run, waits that end."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache"
_Found = TypeVar("_Found")


class TrialFailed(Exception):
    """Something is missing, or the deployed application did not do what it should."""


@contextmanager
def step(what: str) -> Iterator[list[str]]:
    """Do a step and print one line: what it is, how long it took, what was added to the list.

    Whatever `TrialFailed` comes out of it names the step.
    """
    found: list[str] = []
    started = time.monotonic()
    try:
        yield found
    except TrialFailed as error:
        raise TrialFailed(f"{what}: {error}") from None
    print(f"{what:30} {time.monotonic() - started:6.1f} s  {'; '.join(found)}", flush=True)


def expect(is_so: bool, otherwise: str) -> None:
    """Raise `TrialFailed` when it is not so."""
    if not is_so:
        raise TrialFailed(otherwise)


def wait_for(look: Callable[[], _Found | None], seconds: float, otherwise: str) -> _Found:
    """Look until there is something, and return it; raise `TrialFailed` after ``seconds``."""
    deadline = time.monotonic() + seconds
    while (found := look()) is None:
        if time.monotonic() > deadline:
            raise TrialFailed(f"{otherwise} (within {seconds:.0f} s)")
        time.sleep(0.5)
    return found


def run(
    *command: str | Path, timeout: float = 120, environment: Mapping[str, str] | None = None
) -> str:
    """Run a program and return what it printed, or raise `TrialFailed` with its complaint."""
    name = Path(command[0]).name
    try:
        done = subprocess.run(  # noqa: S603
            command,
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )
    except subprocess.TimeoutExpired:
        raise TrialFailed(f"{name} {command[1]} took longer than {timeout:.0f} s") from None
    except FileNotFoundError:
        raise TrialFailed(f"{name} is not installed") from None
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).replace("\r", "\n")
        raise TrialFailed(f"{name} {command[1]} failed: {said[-2000:]}")
    return done.stdout.strip()
