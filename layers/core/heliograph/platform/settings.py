"""The only place that reads the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import TypeVar

from heliograph.kernel.errors import FileInvalid, UsageError

SettingsT = TypeVar("SettingsT")

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


@dataclass(frozen=True, slots=True)
class AlertFileSettings:
    """What its deployment tells the function ``alert_file``; secrets are named, never given.

    ``alerts_file`` is a path inside the deployment or ``s3://bucket/key``. ``alerts_state`` is
    ``s3://bucket/key`` or the name or ARN of a secret that holds a PostgreSQL URL.
    ``alerts_secret`` is the name or ARN of a secret with a JSON object, whose members the file
    names as ``${NAME}``.
    """

    alerts_file: str
    alerts_state: str
    alerts_secret: str | None = None


def setting_name(field: str) -> str:
    """Return the variable that a field of a settings class is read from."""
    return f"HELIOGRAPH_{field.upper()}"


def read_settings(kind: type[SettingsT], environment: Mapping[str, str]) -> SettingsT:
    """Fill a settings dataclass from the environment; an empty variable counts as not set.

    Raises `UsageError` that names every missing variable at once.
    """
    known = fields(kind)  # type: ignore[arg-type]
    found = {
        field.name: value for field in known if (value := environment.get(setting_name(field.name)))
    }
    missing = [
        setting_name(field.name)
        for field in known
        if field.name not in found and field.default is MISSING
    ]
    if missing:
        raise UsageError(f"The environment lacks {', '.join(missing)}.")
    return kind(**found)
