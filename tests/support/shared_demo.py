"""The app with its demo, served once for all workers of a test session."""

from __future__ import annotations

import fcntl
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.cli import environment
from tests.support.postgres import is_user_alive, process_name
from tests.support.serving import HELIOGRAPH

ROLES = ("admin", "editor", "viewer")
_READY = "Heliograph is ready: "
_IN_BACKGROUND = 'out=$1 errors=$2; shift 2; "$@" >"$out" 2>"$errors" </dev/null &'


@dataclass(frozen=True)
class Demo:
    """Where it is served, and email and password by role."""

    url: str
    people: Mapping[str, tuple[str, str]]
    data_dir: Path


class SharedDemo:
    """One `heliograph serve --demo`: the first user starts it, the last one ends it.

    It belongs to no worker: what it prints goes to files in ``folder``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._users = folder / "users"
        self._out = folder / "out"

    @contextmanager
    def in_use(self) -> Iterator[Demo]:
        """Yield it, started when nobody else has."""
        me = self._users / process_name(os.getpid())
        with self._locked():
            self._users.mkdir(exist_ok=True)
            me.touch()
            if not self._out.exists():
                self._start()
        try:
            yield self._read()
        finally:
            me.unlink()
            with self._locked():
                if not any(map(is_user_alive, self._users.iterdir())):
                    self._stop()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _start(self) -> None:
        # The shell leaves it behind: whoever started it may end before the others do.
        command = [HELIOGRAPH, "serve", "--demo", "--port", "0", "--data-dir", self._data_dir]
        errors = self._folder / "errors"
        errors.touch()  # The shell that makes it otherwise may be slower than the first look at it.
        subprocess.run(
            ["/bin/sh", "-c", _IN_BACKGROUND, "sh", self._out, errors, *command],
            env=environment({}),
            check=True,
            timeout=30,
        )
        ends_at = time.monotonic() + 110
        while not self._lines("viewer "):
            assert time.monotonic() < ends_at, f"not ready in time: {errors.read_text()}"
            assert '"error"' not in errors.read_text(), errors.read_text()
            time.sleep(0.05)

    def _stop(self) -> None:
        if not self._out.exists():
            return
        subprocess.run(
            [HELIOGRAPH, "serve", "--stop", "--data-dir", self._data_dir],
            env=environment({}),
            capture_output=True,
            timeout=60,
            check=True,
        )
        self._out.unlink()

    @property
    def _data_dir(self) -> Path:
        return self._folder / "data"

    def _read(self) -> Demo:
        people = {
            role: (email, password)
            for role in ROLES
            for line in self._lines(f"{role} ")
            for _, email, password in [line.split(" ")]
        }
        return Demo(self._lines(_READY)[0].removeprefix(_READY), people, self._data_dir)

    def _lines(self, beginning: str) -> list[str]:
        lines = self._out.read_text().splitlines() if self._out.exists() else []
        return [line for line in lines if line.startswith(beginning)]
