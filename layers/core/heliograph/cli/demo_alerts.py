"""``heliograph demo alerts``: the example alerts on the demo shop, told to receivers right here."""

from __future__ import annotations

import sys
import tempfile
from argparse import Namespace
from pathlib import Path
from typing import Any

import orjson

from heliograph.cli.terminal import note, styled
from heliograph.kernel.clock import SystemClock
from heliograph.local import demo_command
from heliograph.local.receivers import Received, listening
from heliograph.platform.settings import read_environment
from heliograph.runner.file import load_alert_file
from heliograph.runner.once import OnceReport, run_once
from heliograph.runner.stores.registry import open_store

_MOST_LINES = 12  # of one message: enough to see what it looks like


def run(options: Namespace) -> int:
    """Evaluate every alert of the file once and show what the receivers got.

    Nothing is remembered: each call begins with an empty state, so that what fires, fires again.
    """
    clock = SystemClock()
    with listening() as receivers, tempfile.TemporaryDirectory() as folder:
        environment = {
            **read_environment(),
            "SHOP_DATABASE_URL": demo_command.url(options.data_dir),
            "SLACK_WEBHOOK_URL": f"{receivers.http_url}/slack",
            "WEBHOOK_URL": f"{receivers.http_url}/hook",
            "SMTP_URL": receivers.smtp_url,
        }
        file = load_alert_file(options.file, environment)
        store = open_store(str(Path(folder) / "state.db"))
        try:
            reports = [run_once(file, store, clock, only=name) for name in file.alerts]
        finally:
            store.close()
        _show(receivers.received)
    return _summary(options, reports)


def _summary(options: Namespace, reports: list[OnceReport]) -> int:
    evaluated = sum(len(report.evaluated) for report in reports)
    delivered = sum(len(report.delivered) for report in reports)
    failed = [name for report in reports for name in report.failed]
    note(f"{options.file}: {evaluated} alerts evaluated, {delivered} messages delivered.")
    if failed:
        note(f"failed: {', '.join(failed)}")
    return 3 if failed else 0


def _show(received: Received) -> None:
    for path, body in received.posts:
        payload: dict[str, Any] = orjson.loads(body)
        if path == "/slack":
            _title("Slack got", payload["text"])
            _indent(_slack_text(payload))
        else:
            data = payload["data"]
            words = [data["alert"], data["key"], f"{data['row_count']} rows"]
            _title("Webhook got", f"{payload['type']}: {', '.join(filter(None, words))}")
    for mail in received.mails:
        _title("Email got", f"{mail['Subject']} (to {mail['To']})")
        part = mail.get_body(preferencelist=("plain",))
        if part is not None:
            _indent(str(part.get_content()))


def _slack_text(payload: dict[str, Any]) -> str:
    texts = [
        block["text"]["text"].strip("`\n")
        for block in payload.get("blocks", [])
        if block["type"] == "section"
    ]
    return "\n".join(texts)


def _title(who: str, what: str) -> None:
    sys.stdout.write(f"{styled(who, '1', sys.stdout)}  {what}\n")


def _indent(text: str) -> None:
    lines = text.strip().splitlines()
    for line in lines[:_MOST_LINES]:
        sys.stdout.write(f"  {line}\n".rstrip(" "))
    if len(lines) > _MOST_LINES:
        sys.stdout.write(f"  … and {len(lines) - _MOST_LINES} more lines\n")
