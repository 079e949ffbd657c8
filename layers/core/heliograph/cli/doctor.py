"""``heliograph doctor``: a connection, or an installation, examined; a row for each thing."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterable
from typing import TYPE_CHECKING

from heliograph.cli.connection import chosen_connection
from heliograph.cli.environment import chosen_database
from heliograph.cli.terminal import note, styled
from heliograph.connections.engines.contract import CheckStep
from heliograph.connections.service import examine_connection
from heliograph.kernel.errors import UsageError

if TYPE_CHECKING:
    from heliograph.web.services import Services

_NAME_WIDTH = 10
_INSTALLATION_SECONDS = 20.0
_REACHING = ("dns", "tcp", "tls", "login")


def run(options: Namespace) -> int:
    """Print each step as it is done; return 1 when one failed."""
    if options.data_dir is not None or options.database_url is not None:
        return _examine_installation(options)
    if options.redrive:
        raise UsageError("--redrive needs --data-dir or --database-url.")
    url, _ = chosen_connection(options)
    return _print_steps(examine_connection(url))


def _print_steps(steps: Iterable[CheckStep]) -> int:
    out = sys.stdout
    has_failed = False
    for step in steps:
        mark, style = ("ok", "32") if step.ok else ("FAILED", "1;31")
        if step.ok and step.is_warning:
            mark, style = "warning", "33"
        has_failed = has_failed or not step.ok
        lead = f"{styled(f'{mark:<7}', style, out)}  {step.name:<{_NAME_WIDTH}}  "
        indent = " " * (7 + 2 + _NAME_WIDTH + 2)
        print(lead + step.message.replace("\n", f"\n{indent}"), flush=True)
        if step.fix:
            label = styled("fix: ", "1", out)
            print(f"{indent}{label}" + step.fix.replace("\n", f"\n{indent}     "), flush=True)
    return 1 if has_failed else 0


def _examine_installation(options: Namespace) -> int:
    """Look at what ``heliograph serve`` stands on; what is not vital is a warning."""
    from contextlib import closing  # noqa: PLC0415

    from heliograph.local.installation import find_installation  # noqa: PLC0415
    from heliograph.platform.settings import read_environment  # noqa: PLC0415
    from heliograph.web.health import Health  # noqa: PLC0415
    from heliograph.web.services import Services  # noqa: PLC0415

    if options.url is not None or options.connection is not None:
        raise UsageError("--url and --connection examine a connection; leave out --data-dir.")
    settings = find_installation(options.data_dir, chosen_database(options))
    steps = []
    if settings.database is None:
        steps.append(
            CheckStep(
                "database",
                ok=False,
                message=f"No PostgreSQL is running in {options.data_dir}.",
                fix=f"Run: heliograph serve --data-dir {options.data_dir}",
            )
        )
    with closing(Services(settings, read_environment())) as services:
        if options.redrive and settings.database is not None:
            _redrive(services)
        for check in Health(services, seconds=_INSTALLATION_SECONDS).examine():
            if check.name == "database" and not check.ok and settings.database is not None:
                steps += _why_unreachable(settings.database)
            is_warning = not check.ok and not check.is_vital
            steps.append(
                CheckStep(check.name, check.ok or is_warning, check.message, check.fix, is_warning)
            )
    return _print_steps(steps)


def _why_unreachable(url: str) -> list[CheckStep]:
    """Return the steps towards the server, as far as the one that fails."""
    from heliograph.connections.url import parse_connection_url  # noqa: PLC0415

    return [
        step for step in examine_connection(parse_connection_url(url)) if step.name in _REACHING
    ]


def _redrive(services: Services) -> None:
    from heliograph.platform.dead_letters import redrive_dead_letters  # noqa: PLC0415

    address = services.settings.schema_queue or ""
    count = redrive_dead_letters(address, database=lambda: services.database)
    note(f"brought back {count} message(s).")
