"""``heliograph demo``: a PostgreSQL of one's own with a small shop's data."""

from __future__ import annotations

import sys
from argparse import Namespace

from heliograph.cli.terminal import note
from heliograph.local import demo_command


def run(options: Namespace) -> int:
    """Start, stop or describe the demo's server; progress goes to stderr."""
    actions = {
        "start": _start,
        "stop": _stop,
        "status": _status,
        "url": _url,
        "alerts": _alerts,
    }
    return actions[options.action](options)


def _start(options: Namespace) -> int:
    info = demo_command.start(options.data_dir, say=note)
    note(
        f"the demo shop is ready: PostgreSQL {info.status.version} on 127.0.0.1:{info.status.port}"
        f" (process {info.status.pid}); it goes on until `heliograph demo stop`."
    )
    return 0


def _stop(options: Namespace) -> int:
    if not demo_command.stop(options.data_dir, say=note):
        note("the demo was not running.")
    return 0


def _status(options: Namespace) -> int:
    status = demo_command.status(options.data_dir)
    if status.is_running:
        print(
            f"running: PostgreSQL {status.version} on 127.0.0.1:{status.port}, "
            f"process {status.pid}, data in {status.data_dir}"
        )
        return 0
    print(f"not running; data in {status.data_dir}")
    return 3  # as service status commands do (LSB)


def _alerts(options: Namespace) -> int:
    from heliograph.cli import demo_alerts  # noqa: PLC0415

    return demo_alerts.run(options)


def _url(options: Namespace) -> int:
    sys.stdout.write(demo_command.url(options.data_dir, is_superuser=options.admin) + "\n")
    return 0
