"""``heliograph doctor``: a connection test, a row per step."""

from __future__ import annotations

import sys
from argparse import Namespace

from heliograph.cli.connection import chosen_connection
from heliograph.cli.terminal import styled
from heliograph.connections.service import examine_connection

_NAME_WIDTH = 10


def run(options: Namespace) -> int:
    """Print each step as it is done; return 1 when one failed."""
    url, _ = chosen_connection(options)
    out = sys.stdout
    has_failed = False
    has_warning = False
    for step in examine_connection(url):
        mark, style = ("ok", "32") if step.ok else ("FAILED", "1;31")
        if step.ok and step.is_warning:
            mark, style = "warning", "33"
        has_failed = has_failed or not step.ok
        has_warning = has_warning or step.is_warning
        lead = f"{styled(f'{mark:<7}', style, out)}  {step.name:<{_NAME_WIDTH}}  "
        indent = " " * (7 + 2 + _NAME_WIDTH + 2)
        print(lead + step.message.replace("\n", f"\n{indent}"), flush=True)
        if step.fix:
            label = styled("fix: ", "1", out)
            print(f"{indent}{label}" + step.fix.replace("\n", f"\n{indent}     "), flush=True)
    return 1 if has_failed else 0
