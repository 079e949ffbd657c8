"""Connections that a YAML file names, as the alert runner's file does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from heliograph.connections.url import ConnectionUrl, parse_connection_url
from heliograph.kernel.durations import parse_duration
from heliograph.kernel.errors import FileInvalid
from heliograph.kernel.suggestions import suggest
from heliograph.platform.documents import read_verbatim
from heliograph.platform.settings import expand_references

_KEYS = ("url", "statement_timeout")


@dataclass(frozen=True, slots=True)
class NamedConnection:
    """A connection of the file: where it goes and how long a statement may take there."""

    name: str
    url: ConnectionUrl
    statement_timeout: timedelta | None = None


def read_connection(path: Path, name: str, environment: Mapping[str, str]) -> NamedConnection:
    """Return the connection ``name`` of the file, with ``${ENV}`` expanded.

    Raises `FileInvalid` for a file without it, an unknown key or a variable that is not set.
    """
    document = read_verbatim(path, what="configuration file")
    connections = document.get("connections") if isinstance(document, dict) else None
    if not isinstance(connections, dict):
        raise FileInvalid(
            f"The configuration file {path} has no connections.",
            hint='It needs: connections: {shop: {url: "postgresql://..."}}',
        )
    if name not in connections:
        raise FileInvalid(
            f"The configuration file {path} has no connection {name}.",
            hint=suggest(name, [str(key) for key in connections]),
        )
    return _connection(path, name, connections[name], environment)


def _connection(
    path: Path, name: str, value: Any, environment: Mapping[str, str]
) -> NamedConnection:
    if not isinstance(value, dict) or not isinstance(value.get("url"), str):
        raise FileInvalid(f"The connection {name} in {path} needs a url.")
    for key in value:
        if key not in _KEYS:
            raise FileInvalid(
                f"The connection {name} in {path} has an unknown key {key}.",
                hint=suggest(str(key), _KEYS),
            )
    timeout = value.get("statement_timeout")
    return NamedConnection(
        name=name,
        url=parse_connection_url(expand_references(value["url"], environment)),
        statement_timeout=None if timeout is None else parse_duration(str(timeout)),
    )
