"""What a file may declare of a placeholder: its type, a default, the values that are allowed.

::

    day:    {type: date, default: today}
    region: {type: text, list: true, allowed: [EU, US, APAC], value: [EU]}
    most:   {type: integer, optional: true}

The server still infers the type that it binds; a declaration says what people may give, so that
they hear of a mistake before anything runs, in terms of the parameter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from heliograph.connections.engines.contract import Value
from heliograph.kernel.errors import FileInvalid, ParameterInvalid
from heliograph.kernel.suggestions import suggest

_KEYS = ("type", "value", "default", "optional", "list", "allowed")
_NUMBER = r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?"
_PATTERNS = {
    "number": re.compile(_NUMBER),
    "integer": re.compile(r"[+-]?\d+"),
    "boolean": re.compile(r"true|false|t|f|yes|no|on|off|1|0", re.IGNORECASE),
}
# What PostgreSQL's input functions take beside ISO 8601: datetime special values.
_MOMENTS = frozenset({"today", "yesterday", "tomorrow", "now", "epoch", "infinity", "-infinity"})
TYPES = ("text", "number", "integer", "boolean", "date", "timestamp")
_EXAMPLES = {
    "number": "12.50",
    "integer": "42",
    "boolean": "true or false",
    "date": "2026-01-31 or today",
    "timestamp": "2026-01-31 09:30 or now",
}


@dataclass(frozen=True, slots=True)
class Declaration:
    """One declared parameter; ``default`` serves when neither file nor person gives a value."""

    name: str
    type: str = "text"
    is_list: bool = False
    is_optional: bool = False
    allowed: tuple[str, ...] = ()
    default: Value = None
    has_default: bool = False
    value: Value = None
    has_value: bool = False

    def check(self, value: Value) -> Value:
        """Return the value as it is bound. Raises `ParameterInvalid`, without repeating it."""
        if value is None:
            return None
        if isinstance(value, str):
            self._check_text(value)
            return [value] if self.is_list else value
        if not self.is_list:
            raise ParameterInvalid(f"Parameter {self.name} takes one value, not a list.")
        for item in value:
            if isinstance(item, str):
                self._check_text(item)
        return value

    def _check_text(self, text: str) -> None:
        if self.allowed and text not in self.allowed:
            raise ParameterInvalid(
                f"The value of parameter {self.name} is not one of those that are allowed.",
                hint=f"They are: {', '.join(self.allowed)}.",
            )
        if not fits(self.type, text):
            raise ParameterInvalid(
                f"The value of parameter {self.name} is not a valid {self.type}.",
                hint=f"For example {_EXAMPLES[self.type]}.",
            )


def fits(type_name: str, text: str) -> bool:
    """Say whether a text is a value of a declared type (text takes all)."""
    pattern = _PATTERNS.get(type_name)
    if pattern is not None:
        return pattern.fullmatch(text.strip()) is not None
    if type_name in ("date", "timestamp"):
        return text.strip().lower() in _MOMENTS or _is_moment(text.strip())
    return True


def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def read_declaration(name: str, data: Mapping[str, Any]) -> Declaration:
    """Return the declaration that a mapping of a file makes. Raises `FileInvalid`."""
    for key in data:
        if key not in _KEYS:
            raise FileInvalid(
                f"Parameter {name} has an unknown key {key}.", hint=suggest(str(key), _KEYS)
            )
    type_name = data.get("type", "text")
    if type_name not in TYPES:
        raise FileInvalid(
            f"Parameter {name} has an unknown type {type_name}.",
            hint=f"There are: {', '.join(TYPES)}.",
        )
    allowed = data.get("allowed") or []
    if not isinstance(allowed, list) or not all(isinstance(item, str) for item in allowed):
        raise FileInvalid(f"What is allowed for parameter {name} must be a list of values.")
    return Declaration(
        name=name,
        type=type_name,
        is_list=_flag(name, data, "list"),
        is_optional=_flag(name, data, "optional"),
        allowed=tuple(allowed),
        default=_plain(name, data.get("default")),
        has_default="default" in data,
        value=_plain(name, data.get("value")),
        has_value="value" in data,
    )


def _flag(name: str, data: Mapping[str, Any], key: str) -> bool:
    text = str(data.get(key, "false")).lower()
    if text not in ("true", "false"):
        raise FileInvalid(f"{key} of parameter {name} must be true or false.")
    return text == "true"


def _plain(name: str, value: Any) -> Value:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list) and all(item is None or isinstance(item, str) for item in value):
        return value
    raise FileInvalid(f"The parameter {name} must be a value or a list of values.")


def apply_declarations(
    declarations: Sequence[Declaration], given: Mapping[str, Value]
) -> dict[str, Value]:
    """Return the values to bind: those given, else the file's, else the default, all checked.

    An optional parameter without any is left out, so that its ``[[ ... ]]`` goes, or is NULL where
    it stands outside of one. Raises `ParameterInvalid`.
    """
    values = dict(given)
    for declaration in declarations:
        name = declaration.name
        if name in given:
            values[name] = declaration.check(given[name])
        elif declaration.has_value:
            values[name] = declaration.check(declaration.value)
        elif declaration.has_default:
            values[name] = declaration.check(declaration.default)
    return values
