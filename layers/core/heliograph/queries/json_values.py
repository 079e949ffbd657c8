"""Values of placeholders as a request gives them: JSON scalars and lists become texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from heliograph.connections.engines.contract import Value
from heliograph.kernel.errors import RequestInvalid
from heliograph.queries.parameters import Parameters, from_document
from heliograph.queries.placeholders import Template

_DEEPEST = 6  # the dimensions that an array of PostgreSQL may have
_MOST_VALUES = 100_000


def read_parameters(template: Template, given: Sequence[Any] | Mapping[str, Any]) -> Parameters:
    """Return the values that a list gives to ``$n``, or a mapping to ``{{name}}``.

    A text is taken verbatim; a number is its shortest exact text, so who needs more digits than a
    double has sends a text. Raises `RequestInvalid` for a value that is no value, and the
    `UsageError` family where values and placeholders do not fit.
    """
    problems: list[tuple[str, str]] = []
    budget = [_MOST_VALUES]
    if isinstance(given, Mapping):
        read: Any = {
            str(name): _read(value, f"/params/{_escape(str(name))}", problems, budget, 0)
            for name, value in given.items()
        }
    else:
        read = [
            _read(value, f"/params/{index}", problems, budget, 0)
            for index, value in enumerate(given)
        ]
    if budget[0] < 0:
        problems = [("/params", f"has more than {_MOST_VALUES} values")]
    if problems:
        raise RequestInvalid("The values of the parameters cannot be used.", problems)
    return from_document(template, read)


def _read(
    value: Any, path: str, problems: list[tuple[str, str]], budget: list[int], depth: int
) -> Value:
    budget[0] -= 1
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list) and depth < _DEEPEST:
        return [
            _read(item, f"{path}/{index}", problems, budget, depth + 1)
            for index, item in enumerate(value)
        ]
    problems.append((path, "must be a text, a number, a boolean, null, or a list of them"))
    return None


def _escape(name: str) -> str:
    """Return a member's name as RFC 6901 writes it in a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")
