"""What every step of the trial needs: to say what was found, and to fail with a reason."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class TrialFailed(Exception):
    """Something is missing, or did not do what it should."""


def say(what: str, text: str) -> None:
    """Print one line of what was found."""
    print(f"{what:26} {text}", flush=True)


def expect(is_so: bool, otherwise: str) -> None:
    """Raise `TrialFailed` when it is not so."""
    if not is_so:
        raise TrialFailed(otherwise)


def run(
    command: list[str | Path],
    *,
    seconds: float = 60,
    folder: Path = ROOT,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end. Raises `TrialFailed` with its complaint, or when it takes longer.

    ``environment`` None is the one of this process.
    """
    name = " ".join([Path(command[0]).name, *map(str, command[1:3])])
    try:
        done = subprocess.run(  # noqa: S603
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except FileNotFoundError:
        raise TrialFailed(f"{Path(command[0]).name} is not installed.") from None
    except subprocess.TimeoutExpired:
        raise TrialFailed(f"{name} did not end within {seconds:.0f} s.") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-2000:]
        raise TrialFailed(f"{name} failed: {said}")
    return done
