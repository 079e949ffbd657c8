"""Arguments of ``heliograph alerts``."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_DESCRIPTION = "Evaluate the alerts of one YAML or JSON file and tell people what changed."
_EXAMPLES = """\
examples:
  heliograph alerts check alerts.yaml
  heliograph alerts run alerts.yaml --dry-run
  heliograph alerts run alerts.yaml                     stay, and evaluate each alert when it is due
  heliograph alerts run alerts.yaml --once              evaluate what is due and end: for cron
  heliograph alerts mute alerts.yaml "Large refunds" --until 2026-12-24T18:00

exit codes of --once and --dry-run: 0 done, 2 bad file, 3 an evaluation failed, 6 undelivered
"""


def add_alerts(commands: Any, runs: Any) -> None:
    """Add the command and what can be done with a file."""
    parser = commands.add_parser(
        "alerts",
        help="be told when the answer changes, from one file",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(run=runs("alerts"))
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _add(actions, "check", "check the whole file, without asking any database", has_state=False)
    _add_run(_add(actions, "run", "evaluate alerts: stay, or --once"))
    history = _add(actions, "history", "print what was evaluated and told, a JSON object a line")
    history.add_argument("name", nargs="?", metavar="NAME", help="only this alert")
    history.add_argument("--limit", type=int, default=100, metavar="N", help="the last N (100)")
    replay = _add(actions, "replay", "send a delivery that was given up once more, with its id")
    replay.add_argument("name", metavar="DELIVERY_ID")
    mute = _add(actions, "mute", "hold an alert's messages back until a time")
    mute.add_argument("name", metavar="NAME")
    mute.add_argument(
        "--until",
        required=True,
        type=_instant,
        metavar="ISO",
        help="2026-12-24T18:00 in the file's time zone, or with an offset; now ends a mute",
    )
    _add(actions, "health", "say whether a staying runner is alive (exit code 1 when not)")


def _add(actions: Any, name: str, text: str, *, has_state: bool = True) -> Any:
    parser = actions.add_parser(
        name, help=text, description=text[:1].upper() + text[1:] + ".", allow_abbrev=False
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the alert file (YAML or JSON)")
    if has_state:
        parser.add_argument(
            "--state",
            metavar="PLACE",
            help="where to remember: a file, postgresql://... or s3://bucket/key "
            "(default: state in FILE, else heliograph-alerts.db beside it)",
        )
    return parser


def _add_run(parser: Any) -> None:
    parser.add_argument("--once", action="store_true", help="evaluate what is due, deliver, end")
    parser.add_argument("--only", metavar="NAME", help="this alert alone, due or not")
    parser.add_argument("--now", type=_instant, metavar="ISO", help="take this for the present")
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="print outcome, next state and the exact messages; send and change nothing",
    )


def _instant(text: str) -> datetime:
    if text == "now":
        return datetime.now(UTC)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a time such as 2026-12-24T18:00 or 2026-12-24T17:00Z"
        ) from None
