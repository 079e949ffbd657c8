"""`heliograph serve` as a process of its own, as a person starts it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tests.support.cli import environment

HELIOGRAPH = Path(sys.executable).parent / "heliograph"
SAMPLE_SERVER = Path(__file__).parent / "serve_sample.py"


class Served:
    """A process that serves. Its output is read as it comes."""

    def __init__(self, command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [str(word) for word in command],
            env=environment(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.out: list[str] = []
        self.errors: list[str] = []
        self._changed = threading.Condition()
        self._readers = [
            threading.Thread(target=self._read, args=pair, daemon=True)
            for pair in ((self.process.stdout, self.out), (self.process.stderr, self.errors))
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream: Any, lines: list[str]) -> None:
        with stream:
            for line in stream:
                with self._changed:
                    lines.append(line.rstrip("\n"))
                    self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    def wait_for_line(self, beginning: str, seconds: float = 60) -> str:
        """Return the first line of stdout that begins so."""

        def found() -> list[str]:
            return [line for line in self.out if line.startswith(beginning)]

        def is_over() -> bool:
            return bool(found()) or self.process.poll() is not None

        ends_at = time.monotonic() + seconds
        with self._changed:
            while not is_over() and time.monotonic() < ends_at:
                self._changed.wait(0.1)
            assert found(), (self.out, self.errors)
            return found()[0]

    @property
    def url(self) -> str:
        return self.wait_for_line("Heliograph is ready: ").removeprefix("Heliograph is ready: ")

    def end(self, number: int = signal.SIGTERM, seconds: float = 40) -> int:
        """Send a signal, and return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(seconds)
        for reader in self._readers:
            reader.join(10)
        return code

    def error(self) -> dict[str, Any]:
        """Return the error that the process ended with, from the last line of stderr."""
        self.process.wait(60)
        for reader in self._readers:
            reader.join(10)
        found: dict[str, Any] = json.loads(self.errors[-1])["error"]
        return found


@contextmanager
def served(*arguments: str | Path, env: Mapping[str, str] | None = None) -> Iterator[Served]:
    """Yield `heliograph serve` with these arguments, ended afterwards."""
    with _ended(Served([HELIOGRAPH, "serve", *arguments], env)) as started:
        yield started


@contextmanager
def sample_served(data_dir: Path, database_url: str, **variables: str) -> Iterator[Served]:
    """Yield a process that serves the sample deployment; its first line is its URL."""
    command = [sys.executable, SAMPLE_SERVER, data_dir, database_url]
    with _ended(Served(command, variables)) as started:
        yield started


@contextmanager
def _ended(started: Served) -> Iterator[Served]:
    try:
        yield started
    finally:
        try:
            started.end()
        except subprocess.TimeoutExpired:
            started.end(signal.SIGKILL)


def call(
    url: str,
    method: str = "GET",
    *,
    json_body: Any = None,
    token: str | None = None,
    seconds: float = 30,
) -> tuple[int, Any]:
    """Send one request of the API; return the status and what was answered, None when empty."""
    headers: Mapping[str, str] = {
        "Content-Type": "application/json",
        **({"Authorization": f"Bearer {token}"} if token else {}),
    }
    data = None if json_body is None else json.dumps(json_body).encode()
    request = Request(url, data=data, headers=dict(headers), method=method)
    try:
        with urlopen(request, timeout=seconds) as response:
            body = response.read()
            return response.status, json.loads(body) if body else None
    except HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def sign_in(url: str, email: str, password: str) -> tuple[int, Any]:
    """Return the status, and the access token when it went well."""
    status, told = call(
        f"{url}/api/session", "POST", json_body={"email": email, "password": password}
    )
    return status, told.get("access_token")
