"""Arguments of ``heliograph serve``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from heliograph.cli.addresses import database_address, proxy_addresses, public_url

DEFAULT_DATA_DIR = Path(".heliograph")
"""What is kept is kept here unless a folder is named."""

PROXIES_HERE = "127.0.0.1,::1"
"""Whose ``X-Forwarded-For`` is believed behind a proxy of which no address is told."""

_EXAMPLES = """\
examples:
  heliograph serve --demo
  heliograph serve --port 9000 --data-dir /var/lib/heliograph
  heliograph serve --behind-proxy --public-url https://heliograph.example.com
  heliograph serve --database-url postgresql://heliograph@db/heliograph --shared-dir /shared
  heliograph serve --stop

Ctrl-C or SIGTERM ends it: what runs is finished first. A second one ends it at once.
"""


def add_serve(commands: Any, runs: Callable[[str], Any]) -> None:
    """Add the command to ``commands``; ``runs`` names the module that runs it."""
    parser = commands.add_parser(
        "serve",
        help="run the whole application on this machine",
        description="Run everything that template.yaml deploys in one process: the API and the"
        " site, queues and schedules, with a PostgreSQL of its own unless another is named.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(run=runs("serve"))
    parser.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS", help="listen here (default 127.0.0.1)"
    )
    parser.add_argument(
        "--port", type=_port, default=8000, metavar="N", help="default 8000; 0 takes a free one"
    )
    parser.add_argument(
        "--data-dir",
        metavar="DIR",
        type=Path,
        help="what is kept (default .heliograph, or HELIOGRAPH_DATA_DIR)",
    )
    parser.add_argument(
        "--database-url",
        metavar="URL",
        type=database_address,
        help="app database: instead of a PostgreSQL of its own (or set HELIOGRAPH_DATABASE,"
        " or HELIOGRAPH_DATABASE_FILE, which no list of processes shows)",
    )
    parser.add_argument(
        "--demo", action="store_true", help="with a shop's data and three people to sign in as"
    )
    parser.add_argument("--stop", action="store_true", help="end the one that runs, and wait")
    _add_deployment(parser)
    _add_nodes(parser)


def _add_deployment(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("for more than this machine")
    group.add_argument(
        "--public-url",
        metavar="URL",
        type=public_url,
        help="what links begin with: https://heliograph.example.com (or set HELIOGRAPH_PUBLIC_URL)",
    )
    group.add_argument(
        "--behind-proxy",
        nargs="?",
        const=PROXIES_HERE,
        type=proxy_addresses,
        metavar="ADDRESSES",
        help="believe X-Forwarded-For of a proxy on this machine, or at these addresses and"
        " networks: 172.18.0.0/16 (or set HELIOGRAPH_TRUSTED_PROXIES)",
    )
    group.add_argument(
        "--requests-per-second",
        type=_rate,
        default=100.0,
        metavar="N",
        help="for each address, on average; 0: no limit (default 100)",
    )
    group.add_argument(
        "--log-format",
        choices=["text", "json"],
        help="default: text on a terminal, else json; json, when given, holds for all that is said",
    )


def _add_nodes(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("for several nodes")
    group.add_argument(
        "--shared-dir",
        metavar="DIR",
        type=Path,
        help="what several nodes of one --database-url share: key and results",
    )
    group.add_argument(
        "--key-file",
        metavar="FILE",
        type=Path,
        help="the key, if it is to lie elsewhere (default key.json where results are kept)",
    )


def add_health(commands: Any, runs: Callable[[str], Any]) -> None:
    """Add the command to ``commands``; ``runs`` names the module that runs it."""
    parser = commands.add_parser(
        "health",
        help="say whether the server does its work (exit code 1 when not)",
        description="Ask the server of a data folder, or the one at a URL, for /api/health, and"
        " print what fails. Exits with 1 when it cannot do its work or does not answer.",
        allow_abbrev=False,
    )
    parser.set_defaults(run=runs("health"))
    place = parser.add_mutually_exclusive_group()
    place.add_argument(
        "--data-dir",
        metavar="DIR",
        type=Path,
        help="the folder of `heliograph serve` (default .heliograph, or HELIOGRAPH_DATA_DIR)",
    )
    place.add_argument(
        "--url", metavar="URL", type=public_url, help="where it answers: http://127.0.0.1:8000"
    )


def _port(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: 0 to 65535")
    return int(text)


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = -1.0
    if not 0 <= rate < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of requests: 0 or more")
    return rate
