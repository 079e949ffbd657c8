"""``heliograph health``: whether a server does its work, for whoever watches over it."""

from __future__ import annotations

from argparse import Namespace

from heliograph.cli.addresses import kept_address
from heliograph.cli.environment import chosen_data_dir
from heliograph.cli.serve_parser import DEFAULT_DATA_DIR

_SECONDS = 8.0  # the answer takes three at most; a container's check has ten in all


def run(options: Namespace) -> int:
    """Ask ``GET /api/health`` and print one line; return 1 unless it is answered with 200."""
    from heliograph.local.readiness import read_health  # noqa: PLC0415

    data_dir = chosen_data_dir(options) or DEFAULT_DATA_DIR
    url = options.url or kept_address(data_dir)
    if url is None:
        print(f"Nothing is being served from {data_dir}.")
        return 1
    is_well, told = read_health(f"{url}/api/health", seconds=_SECONDS)
    print(told)
    return 0 if is_well else 1
