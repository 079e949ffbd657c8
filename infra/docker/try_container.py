"""Build the images and run them as a user would: ``make test-cloud``.

It needs a Docker engine on this machine whose containers can use the host's network, and PgBouncer.
``BASE`` names another base image than the Dockerfile's, ``BUILD_OPTIONS`` adds options to
``docker build``. ``alerts`` or ``server`` as the argument tries that image alone.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from infra.docker.engine import TrialFailed, check_engine, cleaned_up, say
from infra.docker.try_alerts import try_alerts
from infra.docker.try_server import try_server

TRIALS = {"alerts": try_alerts, "server": try_server}


def main(arguments: list[str]) -> int:
    """Try everything and say what was measured; 1 when something is missing or does not hold."""
    if unknown := [name for name in arguments if name not in TRIALS]:
        print(f"There is no image {unknown[0]}: {', '.join(TRIALS)}.", file=sys.stderr)
        return 2
    try:
        check_engine()
        for name in arguments or TRIALS:
            with tempfile.TemporaryDirectory() as folder, cleaned_up():
                Path(folder).chmod(0o755)
                say("image of", name)
                TRIALS[name](Path(folder))
    except (TrialFailed, subprocess.SubprocessError) as error:
        print(f"The trial failed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
