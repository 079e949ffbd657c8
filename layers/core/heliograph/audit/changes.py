"""What changed, as small JSON, and never a secret."""

from __future__ import annotations

import json
import math
import re
import warnings
from collections.abc import Mapping, Set
from typing import Any

HIDDEN = "***"
"""What stands for a secret in a record: that it was set or changed, not what it is."""

_SECRET = re.compile(
    r"passw|passphrase|token|secret|private_?key|api_?key|credential|hash", re.IGNORECASE
)
_HARMLESS = re.compile(
    r"_(id|ids|at|name|count|seconds|version)$", re.IGNORECASE
)  # expires_at, token_id


class SecretRecorded(UserWarning):
    """A value under a name like ``password`` was about to be written into the audit record."""


def changed(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the members of both that differ. One that stands on one side only, stays there."""
    missing = object()
    differing = [
        name
        for name in dict.fromkeys([*before, *after])
        if before.get(name, missing) != after.get(name, missing)
    ]
    return (
        {name: before[name] for name in differing if name in before},
        {name: after[name] for name in differing if name in after},
    )


def write_json(members: Mapping[str, Any] | None) -> str | None:
    """Return members as JSON that PostgreSQL takes, None for None.

    Ids, times and states become their text, sets become sorted lists. What is named like a secret
    and is neither None, a boolean nor ``***`` is written as ``***``, with a `SecretRecorded`
    warning: a test fails with it, a running installation goes on and has recorded nothing.
    """
    if members is None:
        return None
    return json.dumps(_clean(members), default=_plain, allow_nan=False)


def hide_secrets(members: Mapping[str, Any]) -> dict[str, Any]:
    """Return members, those that are named like a secret as `HIDDEN`, without a warning.

    For members whose names people choose, not the program.
    """
    return {name: HIDDEN if _is_secret(name, value) else value for name, value in members.items()}


def clean_text(text: str) -> str:
    """Return text that PostgreSQL can keep: without NUL and lone surrogates."""
    return text.encode(errors="replace").decode().replace("\x00", "\ufffd")


def _clean(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {clean_text(str(name)): _member(str(name), item) for name, item in value.items()}
    if isinstance(value, Set):
        return sorted((_clean(item) for item in value), key=str)
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no word for it
    return clean_text(value) if isinstance(value, str) else value


def _member(name: str, value: Any) -> Any:
    if not _is_secret(name, value):
        return _clean(value)
    warnings.warn(
        f"{name!r} looks like a secret and is recorded as {HIDDEN}.", SecretRecorded, stacklevel=2
    )
    return HIDDEN


def _is_secret(name: str, value: Any) -> bool:
    if value is None or isinstance(value, bool) or value == HIDDEN:
        return False
    return bool(_SECRET.search(name)) and not _HARMLESS.search(name)


def _plain(value: Any) -> str:
    return clean_text(str(value))
