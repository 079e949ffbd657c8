"""The only place that reads the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from heliograph.kernel.errors import FileInvalid

_REFERENCE = re.compile(
    r"\$(?P<escaped>\$)?\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}"
)


def read_environment() -> Mapping[str, str]:
    """Return the process's environment, to be handed to whoever needs a part of it."""
    return os.environ


def database_url(environment: Mapping[str, str]) -> str | None:
    """Return ``HELIOGRAPH_DATABASE_URL``, or None when it is unset or empty."""
    return environment.get("HELIOGRAPH_DATABASE_URL") or None


def has_colour(environment: Mapping[str, str]) -> bool:
    """Say whether a terminal may be coloured: https://no-color.org and ``TERM=dumb``."""
    return not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"


def expand_references(text: str, environment: Mapping[str, str]) -> str:
    """Replace ``${NAME}`` and ``${NAME:-default}``; ``$${NAME}`` stands for the text ``${NAME}``.

    The default serves an unset or empty variable, as in a shell. Raises `FileInvalid` for a
    variable that is not set and has no default; the message names the variable, never a value.
    """

    def value_of(match: re.Match[str]) -> str:
        if match["escaped"]:
            return match[0][1:]
        value = environment.get(match["name"])
        if value or (value is not None and match["default"] is None):
            return value
        if match["default"] is not None:
            return match["default"]
        raise FileInvalid(
            f"The environment variable {match['name']} is not set.",
            hint=f"Set it, or give a default: ${{{match['name']}:-...}}.",
        )

    return _REFERENCE.sub(value_of, text)
