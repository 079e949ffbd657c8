"""Arguments of every command."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from heliograph import __version__
from heliograph.cli.addresses import database_address
from heliograph.cli.admin import add_admin
from heliograph.cli.alerts_parser import add_alerts
from heliograph.cli.migrate import add_migrate
from heliograph.cli.serve_parser import add_health, add_serve
from heliograph.kernel.errors import UsageError
from heliograph.queries.encoders.registry import ENCODERS

_QUERY_EXAMPLES = """\
examples:
  heliograph query "select now()" --url postgresql://reader@db.example.com/shop
  heliograph query -f report.sql -p day=today -p region=EU -p region=US --output report.csv
  heliograph query "select * from orders where id = $1" -p 42 --format table
  echo "call daily_report(7)" | heliograph query --url "$SHOP_URL" --output report.xlsx

The SQL comes from the argument, from -f, or from standard input. Values are bound by the server,
never pasted into the SQL: $1, $2 take -p VALUE in order; {{name}} takes -p name=VALUE, repeated for
a list (= ANY({{name}})); [[ and x = {{name}} ]] is left out when name has no value.
The password may stand in PGPASSWORD or in ~/.pgpass instead of the URL.
"""


# No argument of a process can hold it; it keeps argparse from taking the value "--" out.
_VERBATIM = "\0"


class _Parser(argparse.ArgumentParser):
    """Says what is wrong as our own error, so that it ends like every other."""

    def error(self, message: str) -> NoReturn:
        hint = f"See: {self.prog} --help"
        if message.startswith("unrecognized arguments"):
            hint = "Put the whole SQL into quotes, as one argument. See: heliograph query --help"
        raise UsageError(message[:1].upper() + message[1:] + ".", hint=hint)


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options; ``options.run(options)`` runs the command. Raises `UsageError`.

    What follows ``-p`` is its value, whatever it begins with: ``-p -x`` too.
    """
    joined: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument in ("-p", "--param") and "--" not in joined:
            value = next(rest, None)
            joined.append(argument if value is None else f"--param={_VERBATIM}{value}")
        else:
            joined.append(argument)
    return build_parser().parse_args(joined)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser; ``options.run(options)`` runs the command and gives its exit code."""
    parser = _Parser(
        prog="heliograph",
        description="Ask a live PostgreSQL, keep the question, be told when the answer changes.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"heliograph {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_query(commands)
    _add_doctor(commands)
    add_alerts(commands, _runs)
    _add_demo(commands)
    add_serve(commands, _runs)
    add_health(commands, _runs)
    add_migrate(commands, _runs)
    add_admin(commands, _runs)
    return parser


def _runs(module: str) -> Any:
    """Load a command's module only when the command runs: start-up is a feature."""

    def run(options: argparse.Namespace) -> int:
        return int(import_module(f"heliograph.cli.{module}").run(options))

    return run


def _add_url(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("connection")
    group.add_argument(
        "--url", metavar="URL", help="postgresql://user@host/db (or set HELIOGRAPH_DATABASE_URL)"
    )
    group.add_argument("--connection", metavar="NAME", help="a connection of the --config file")
    group.add_argument(
        "--config", metavar="FILE", type=Path, help="YAML file with connections: {NAME: {url: ...}}"
    )


def _add_query(commands: Any) -> None:
    parser = commands.add_parser(
        "query",
        help="run one SQL statement and print or save its result",
        description="Run one SQL statement, read-only, and print or save its result.",
        epilog=_QUERY_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(run=_runs("query"))
    parser.add_argument("sql", nargs="?", metavar="SQL", help="the statement")
    parser.add_argument("-f", "--file", metavar="FILE", help="read the statement here")
    _add_url(parser)
    values = parser.add_argument_group("values")
    values.add_argument(
        "-p",
        "--param",
        action="append",
        default=[],
        metavar="VALUE",
        type=lambda value: value.removeprefix(_VERBATIM),
        help="a value, or name=value",
    )
    values.add_argument(
        "--params",
        metavar="FILE",
        type=Path,
        help="values from a YAML or JSON file, ${ENV} expanded",
    )
    values.add_argument(
        "--null", action="append", default=[], metavar="NAME", help="give NULL for NAME (or for 2)"
    )
    result = parser.add_argument_group("result")
    result.add_argument(
        "--format",
        choices=list(ENCODERS),
        type=str.lower,
        help="default: json, or what --output ends with",
    )
    result.add_argument(
        "--output", metavar="FILE", help="write here; the file appears when complete"
    )
    result.add_argument(
        "--max-rows", metavar="N", type=_row_count, help="stop after N rows and say so"
    )
    result.add_argument("--timeout", metavar="TIME", help="end the query after 30s, 5m, ...")
    result.add_argument("--timezone", metavar="TZ", help="time zone of the session: Europe/Berlin")
    result.add_argument(
        "--guard-formulas",
        action="store_true",
        help="neutralise text that a spreadsheet would run as a formula",
    )


def _row_count(text: str) -> int:
    if not text.isascii() or not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, 0 or more")
    return min(int(text[:20]), 2**62)  # more rows than any result has


def _add_doctor(commands: Any) -> None:
    parser = commands.add_parser(
        "doctor",
        help="test a connection, or an installation, and say how to fix it",
        description="Test a connection: name, port, TLS, login, version, and whether the role can "
        "only read. Or, with --data-dir or --database-url, an installation: its app database, key "
        "and files. Exits with 1 when a step fails.",
        allow_abbrev=False,
    )
    parser.set_defaults(run=_runs("doctor"))
    _add_url(parser)
    group = parser.add_argument_group("installation")
    group.add_argument(
        "--data-dir", metavar="DIR", type=Path, help="the folder of `heliograph serve`"
    )
    group.add_argument(
        "--database-url",
        metavar="URL",
        type=database_address,
        help="an app database that is not in that folder",
    )
    group.add_argument(
        "--redrive", action="store_true", help="bring back messages that failed too often"
    )


def _add_demo(commands: Any) -> None:
    parser = commands.add_parser(
        "demo",
        help="a PostgreSQL of your own with a small shop's data",
        description="An embedded PostgreSQL with the data of a small shop, kept between runs.",
        allow_abbrev=False,
    )
    parser.set_defaults(run=_runs("demo"))
    parser.add_argument("action", choices=["start", "stop", "status", "url", "alerts"])
    parser.add_argument(
        "--data-dir", metavar="DIR", type=Path, default=Path(".heliograph"), help="its folder"
    )
    parser.add_argument(
        "--admin", action="store_true", help="with url: the owner's login, not the reader's"
    )
    parser.add_argument(
        "--file",
        metavar="FILE",
        type=Path,
        default=Path("examples/alerts.yaml"),
        help="with alerts: evaluate this file once and show what receivers on this machine get",
    )
