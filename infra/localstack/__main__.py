"""Deploy the stack to LocalStack and try what the template wires: ``make localstack``.

It needs a Docker engine, and ``python3.13`` with pip; docs/how-to/run-on-localstack.md has the
variables. Everything that was started is stopped in the end, unless ``KEEP=1``.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from infra.localstack import smoke, smoke_wiring
from infra.localstack.deployment import check_tools, deploy
from infra.localstack.emulator import Emulator, find_host_address, localstack
from infra.localstack.neighbours import Neighbours, neighbours
from infra.localstack.steps import TrialFailed

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def main() -> int:
    """Try everything; 1 when something is missing or does not hold."""
    for number in _SIGNALS:
        signal.signal(number, _interrupt)
    started = time.monotonic()
    try:
        check_tools()
        host = find_host_address()
        with (
            _folder() as folder,
            neighbours(folder, host) as near,
            localstack(folder, host) as emulator,
        ):
            try:
                code = _try(emulator, near, started)
                _keep(emulator)
            finally:
                _ignore_signals()  # stopping takes a while, and has an end
    except TrialFailed as error:
        print(f"The trial failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; everything is stopped.", file=sys.stderr)
        return 130
    return code


def _try(emulator: Emulator, near: Neighbours, started: float) -> int:
    try:
        try_everything(emulator, near, started)
    except TrialFailed as error:
        _show_log(emulator)
        print(f"The trial failed: {error}", file=sys.stderr)
        return 1
    return 0


def try_everything(emulator: Emulator, near: Neighbours, started: float) -> None:
    """Deploy, and do what people do; raise `TrialFailed` when something does not hold."""
    deployment = deploy(emulator.url, near.database)
    api, password = smoke.set_up(deployment)
    smoke_wiring.place_alerts(deployment, near)
    smoke.check_health(api)
    connection_id = smoke.connect(api, near)
    smoke.ask_inline(api, connection_id)
    query_id = smoke.ask_queued(deployment, api, connection_id)
    smoke.read_page(api, query_id)
    smoke.export(deployment, api, connection_id)
    smoke.read_schema(deployment, api, connection_id, near)
    smoke_wiring.poison_queues(deployment)
    smoke_wiring.await_janitor(deployment)
    smoke_wiring.await_alert(near)
    print(f"{'all of it':30} {time.monotonic() - started:6.1f} s", flush=True)
    if _is_kept():
        print(f"\nThe API is at {deployment.api_url}/api")
        print(f"Sign in as {smoke.EMAIL} with {password}")


def _keep(emulator: Emulator) -> None:
    """With ``KEEP=1``, leave everything running until Ctrl-C or SIGTERM."""
    if not _is_kept():
        return
    print(f"export AWS_ENDPOINT_URL={emulator.url} AWS_DEFAULT_REGION=us-east-1 \\")
    print("  AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test")
    print(f"LocalStack's log is {emulator.log}")
    print("Ctrl-C stops everything.", flush=True)
    with suppress(KeyboardInterrupt):
        threading.Event().wait()
    print("Stopping ...", flush=True)


def _is_kept() -> bool:
    return os.environ.get("KEEP") == "1"


def _show_log(emulator: Emulator) -> None:
    with suppress(OSError):
        lines = emulator.log.read_text(errors="replace").splitlines()
        print("\n".join(["The last lines of LocalStack's log:", *lines[-15:]]), file=sys.stderr)


@contextmanager
def _folder() -> Iterator[Path]:
    """Make a folder for everything that runs, and remove it in the end."""
    folder = Path(tempfile.mkdtemp(prefix="heliograph-localstack-"))
    folder.chmod(0o755)  # PostgreSQL may run as another user
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _interrupt(number: int, frame: FrameType | None) -> None:
    _ignore_signals()
    raise KeyboardInterrupt


def _ignore_signals() -> None:
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    raise SystemExit(main())
