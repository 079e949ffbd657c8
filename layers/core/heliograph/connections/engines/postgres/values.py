"""Values on their way to the server: text that PostgreSQL's own input functions read."""

from __future__ import annotations

from collections.abc import Sequence

from heliograph.connections.engines.contract import BoundStatement, Value
from heliograph.connections.engines.postgres.types import PostgresType
from heliograph.kernel.errors import ParameterInvalid


def encode_values(statement: BoundStatement, types: Sequence[PostgresType]) -> list[bytes | None]:
    """Return the values as the text format wants them, arrays as array literals.

    Raises `ParameterInvalid`, naming the parameter, for a list where the server expects one value
    and for a text that PostgreSQL cannot hold (a NUL character).
    """
    encoded: list[bytes | None] = []
    for label, value, kind in zip(statement.labels, statement.values, types, strict=True):
        if isinstance(value, str) and kind.is_array and statement.wraps_lists:
            value = [value]  # noqa: PLW2901
        if value is not None and not isinstance(value, str):
            if not kind.is_array:
                raise ParameterInvalid(
                    f"Parameter {label} takes one value of type {kind.name}, not a list.",
                    hint=f"For a list write: = ANY({_as_written(label)}).",
                )
            value = array_literal(value, kind.delimiter)  # noqa: PLW2901
        encoded.append(None if value is None else _to_bytes(label, value))
    return encoded


def name_value(label: str) -> str:
    """Return `parameter name` for a message; a label of several words says itself what it is."""
    return label if " " in label else f"parameter {label}"


def _as_written(label: str) -> str:
    return label if label.startswith("$") else f"{{{{{label}}}}}"


def _to_bytes(label: str, value: str) -> bytes:
    if "\0" in value:
        raise ParameterInvalid(
            f"The value of {name_value(label)} holds a NUL character,"
            " which PostgreSQL cannot store."
        )
    try:
        return value.encode()
    except UnicodeEncodeError:
        raise ParameterInvalid(f"The value of {name_value(label)} is not valid Unicode.") from None


def array_literal(values: Sequence[Value], delimiter: str = ",") -> str:
    """Return the text of an array, as PostgreSQL reads it."""

    # https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO: quoting is always allowed.
    def literal(value: Value) -> str:
        if value is None:
            return "NULL"
        if isinstance(value, str):
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        return array_literal(value, delimiter)

    return "{" + delimiter.join(map(literal, values)) + "}"
