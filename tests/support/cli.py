"""The command as a person runs it: another process, its exit code and what it printed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_KEPT = ("PATH", "HOME", "LANG", "TMPDIR")


@dataclass(frozen=True)
class Finished:
    """How a command ended."""

    code: int
    stdout: bytes
    stderr: str

    @property
    def document(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.stdout)

    @property
    def error(self) -> dict[str, Any]:
        """The error on the last line of stderr."""
        error: dict[str, Any] = json.loads(self.stderr.splitlines()[-1])["error"]
        return error


def command(*arguments: str) -> list[str]:
    """Return the command line of ``heliograph`` with these arguments."""
    return [sys.executable, "-m", "heliograph.cli", *arguments]


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment without anything that libpq or Heliograph would read by itself."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, **(extra or {})}


def heliograph(
    *arguments: str, env: Mapping[str, str] | None = None, stdin: bytes = b"", timeout: float = 60
) -> Finished:
    """Run ``heliograph`` and return how it ended."""
    done = subprocess.run(
        command(*arguments),
        input=stdin,
        env=environment(env),
        capture_output=True,
        timeout=timeout,
        check=False,
    )
    return Finished(done.returncode, done.stdout, done.stderr.decode())


def start(
    arguments: Sequence[str], env: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start ``heliograph`` and leave it running; the caller ends it."""
    return subprocess.Popen(
        command(*arguments),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(env),
    )
