"""What a kind of rule promises, and the settings that several kinds share.

A kind is a frozen pydantic model: its fields are the keys of the ``rule:`` mapping, and its
``judge`` is a pure function. A new kind is one file here, a row in `registry.RULES` and a row in
``docs/reference/alert-rules.md``.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, Protocol

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from heliograph.alerts.models import AlertState, Outcome, QueryResult
from heliograph.kernel.suggestions import suggest


class Rule(Protocol):
    """A rule with its settings."""

    @property
    def kind(self) -> str:
        """The name of the kind, as in the registry."""
        ...

    @property
    def key(self) -> tuple[str, ...]:
        """The key columns; empty for one verdict over the whole result."""
        ...

    def judge(self, result: QueryResult, previous: Mapping[str, AlertState]) -> list[Outcome]:
        """Return one outcome per key, each key once; never raises for any result.

        ``previous`` holds the state of every key that is remembered, so that keys which are gone
        are judged too. The same result and states always give the same outcomes.
        """
        ...


Operator = Literal[">", ">=", "<", "<=", "==", "!="]

_COMPARISONS: Final[Mapping[str, Callable[[Decimal, Decimal], bool]]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}


def compare(left: Decimal, op: Operator, right: Decimal) -> bool:
    """Say whether ``left op right`` holds, exactly: 1.10 equals 1.1. Neither may be NaN."""
    return _COMPARISONS[op](left, right)


_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,6})?")
_LONGEST_NUMBER = 1000


def _read_exactly(value: Any) -> Any:
    """Return the Decimal that was written; a float stands for its shortest text."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise PydanticCustomError("not_a_number", "This must be a number, such as 1000 or 0.5.")
    text = repr(value) if isinstance(value, float) else str(value)
    if len(text) > _LONGEST_NUMBER or not _NUMBER.fullmatch(text):
        raise PydanticCustomError(
            "not_a_number",
            "{text} is not a number that can be compared with. "
            "Write digits with a point, such as 1000 or 0.5.",
            {"text": repr(text[:40])},
        )
    return Decimal(text)


ExactDecimal = Annotated[Decimal, BeforeValidator(_read_exactly)]
"""A finite number, kept as it was written: ``1.10`` is ``Decimal("1.10")``."""


def _read_operator(value: Any) -> Any:
    if isinstance(value, str) and value in _COMPARISONS:
        return value
    raise PydanticCustomError(
        "unknown_operator",
        "{text} is not an operator. Write one of {known}, in quotes.",
        {"text": repr(value), "known": " ".join(_COMPARISONS)},
    )


OperatorField = Annotated[Operator, BeforeValidator(_read_operator)]
"""An operator of the file. It stands in quotes there: a bare ``>`` is YAML's own."""


def _read_columns(value: Any) -> Any:
    columns = [value] if isinstance(value, str) else value
    if isinstance(columns, list | tuple):
        if "" in columns:
            raise PydanticCustomError("empty_column", "A key column has no name.")
        for column in columns:
            if columns.count(column) > 1:
                raise PydanticCustomError(
                    "doubled_column", "The key column {column} is named twice.", {"column": column}
                )
    return columns


class KeyedRule(BaseModel):
    """The settings that every kind has: which columns make the key."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: Annotated[tuple[str, ...], BeforeValidator(_read_columns)] = Field(default=())

    @model_validator(mode="before")
    @classmethod
    def _name_unknown_keys(cls, value: Any) -> Any:
        if isinstance(value, dict):
            for name in value:
                if name not in cls.model_fields:
                    raise PydanticCustomError(
                        "unknown_key",
                        "A rule of this kind has no key {name}. {hint}",
                        {"name": str(name), "hint": suggest(str(name), cls.model_fields)},
                    )
        return value
