"""The only place that reads the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import TypeVar

from heliograph.kernel.errors import FileInvalid, SettingsMissing, UsageError

SettingsT = TypeVar("SettingsT")

_REFERENCE = re.compile(
    r"\$(?P<escaped>\$)?\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}"
)


def read_environment() -> Mapping[str, str]:
    """Return the process's environment, to be handed to whoever needs a part of it."""
    return os.environ


def set_environment(values: Mapping[str, str]) -> None:
    """Give this process variables, as a deployment gives them to a function.

    For whoever runs handlers in its own process, before it loads them.
    """
    os.environ.update(values)


def database_url(environment: Mapping[str, str]) -> str | None:
    """Return ``HELIOGRAPH_DATABASE_URL``, or None when it is unset or empty."""
    return environment.get("HELIOGRAPH_DATABASE_URL") or None


def app_database(environment: Mapping[str, str]) -> str | None:
    """Return ``HELIOGRAPH_DATABASE``, or the text of the file that ``HELIOGRAPH_DATABASE_FILE``
    names, as containers are given secrets; None when neither is set. Empty counts as not set.

    What stands around the text (a line's end) is not part of it. Raises `UsageError` when both are
    set, and `FileInvalid` for a file that cannot be read or holds nothing.
    """
    name = setting_name("database")
    given, path = environment.get(name), environment.get(f"{name}_FILE")
    if given and path:
        raise UsageError(f"{name} and {name}_FILE are both set.", hint="Set one of them.")
    if not path:
        return given or None
    try:
        text = Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise FileInvalid(
            f"{name}_FILE names {path}, which cannot be read: {error.strerror}.",
            hint="The user who runs Heliograph must be able to read it: 10001 in our containers.",
        ) from error
    except ValueError:
        raise FileInvalid(f"{name}_FILE names {path}, which is no text in UTF-8.") from None
    if not text:
        raise FileInvalid(f"{name}_FILE names {path}, which is empty.")
    return text


def data_dir(environment: Mapping[str, str]) -> Path | None:
    """Return ``HELIOGRAPH_DATA_DIR``, or None when it is unset or empty."""
    text = environment.get("HELIOGRAPH_DATA_DIR")
    return Path(text) if text else None


def trusted_proxies(environment: Mapping[str, str]) -> str | None:
    """Return ``HELIOGRAPH_TRUSTED_PROXIES``, or None when it is unset or empty."""
    return environment.get("HELIOGRAPH_TRUSTED_PROXIES") or None


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


@dataclass(frozen=True, slots=True)
class AppSettings:
    """What its deployment tells a function of the app: where its neighbours are, never a secret.

    Each is an address whose form says which adapter serves it. A function is given those of
    `FUNCTION_SETTINGS` and no others; the rest is None.
    """

    database: str | None = None
    """The app database: ``postgresql://...``, or the ARN of a secret that holds such a URL or the
    JSON object that RDS keeps (``host, port, dbname, username, password``)."""
    key: str | None = None
    """What protects secrets: the ARN of a KMS key, or ``file:///path`` of a key file."""
    blobs: str | None = None
    """Results and exports: ``s3://bucket``, or ``file:///folder``."""
    schema_queue: str | None = None
    """Where requests to read a schema go: the URL of an SQS queue, or ``postgres:name``."""
    query_queue: str | None = None
    """Where those are woken up who do queries: as ``schema_queue``."""
    export_queue: str | None = None
    """Where those are woken up who write exports: as ``schema_queue``."""
    public_url: str | None = None
    """What links to the app begin with: ``https://heliograph.example``, no slash at the end."""
    forbidden_hosts: str | None = None
    """Names, addresses and networks that no connection may point at, separated by commas."""
    allowed_origins: str | None = None
    """Origins beside its own whose pages may call the API, ``https://a.example``, with commas."""
    proxies: str | None = None
    """How many proxies of the operator's own stand before the gateway and append whom they were
    called by to ``X-Forwarded-For``: CloudFront is one. None: 0."""


_EVERY_API = ("allowed_origins", "proxies")
_QUERY_QUEUES = ("query_queue", "export_queue")
_QUEUES = ("schema_queue", *_QUERY_QUEUES)

FUNCTION_SETTINGS: Mapping[str, tuple[str, ...]] = {
    "accounts": ("database", "key", "public_url", *_EVERY_API),
    "connections": ("database", "key", "schema_queue", "forbidden_hosts", *_EVERY_API),
    "queries": ("database", "key", "blobs", *_QUERY_QUEUES, "forbidden_hosts", *_EVERY_API),
    "exports": ("database", "blobs", *_QUERY_QUEUES, *_EVERY_API),
    "audit": ("database", "blobs", *_EVERY_API),
    "system": ("database", "key", "blobs", *_QUEUES, "public_url", *_EVERY_API),
    "schema_reader": ("database", "key", "forbidden_hosts"),
    "query_runner": ("database", "key", "blobs", *_QUERY_QUEUES, "forbidden_hosts"),
    "export_writer": ("database", "key", "blobs", *_QUERY_QUEUES, "forbidden_hosts"),
    "janitor": ("database", "blobs", *_QUEUES),
    "migrator": ("database", "key", "public_url"),
}
"""Which fields of `AppSettings` each function, a folder of ``functions/``, is given."""

_MAY_BE_EMPTY = frozenset({"forbidden_hosts", *_EVERY_API})


def read_app_settings(function: str, environment: Mapping[str, str]) -> AppSettings:
    """Return the settings of one function. Raises `SettingsMissing` that names what lacks."""
    names = FUNCTION_SETTINGS[function]
    found = {name: environment.get(setting_name(name)) or None for name in names}
    missing = [
        setting_name(name)
        for name, value in found.items()
        if value is None and name not in _MAY_BE_EMPTY
    ]
    if missing:
        raise SettingsMissing(
            f"The environment lacks {', '.join(missing)}.",
            hint="`heliograph serve` and template.yaml set them: docs/reference/settings.md.",
        )
    return AppSettings(**found)


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
