"""What a database engine promises: the shapes that leave it, and the Protocols it fulfils."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

Row = tuple[str | None, ...]
"""One row: the database's own text of each value, None for NULL."""


class ValueKind(StrEnum):
    """What a column holds, as far as any encoder needs to know. Decided by type, never by value."""

    BOOLEAN = "boolean"  # text is "t" or "f"
    INTEGER = "integer"  # int2, int4: safe in every JSON reader
    BIGINT = "bigint"  # int8
    NUMERIC = "numeric"  # exact decimals of any length; "NaN", "Infinity", "-Infinity" too
    FLOAT = "float"  # float4, float8; "NaN", "Infinity", "-Infinity" too
    TEXT = "text"  # text, varchar, bpchar, name, char, citext, xml, enums: what people type
    JSON = "json"  # json, jsonb: the text is JSON already
    DATE = "date"
    TIMESTAMP = "timestamp"  # without time zone
    TIMESTAMPTZ = "timestamptz"
    ARRAY = "array"  # the text is an array literal; `element` and `delimiter` say of what
    OTHER = "other"  # everything else: the database's text


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a result. ``type`` is the database's name (``int8``, ``text[]``, ``mood``)."""

    name: str
    type: str
    kind: ValueKind
    element: ValueKind | None = None  # for ARRAY: the kind of its elements
    delimiter: str = ","  # for ARRAY: between elements


@dataclass(frozen=True, slots=True)
class CheckStep:
    """One step of a connection test. ``fix`` says what to do when it is not ok."""

    name: str
    ok: bool
    message: str
    fix: str | None = None
    is_warning: bool = False  # it works, but not as it should; does not fail the test


Values = Sequence[str | Sequence[str | None] | None]
"""Parameters in order: text verbatim, a list for an array, None for NULL."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How one statement is run. ``settings`` are bound, for the transaction only."""

    timeout: timedelta | None = None
    max_rows: int | None = None
    time_zone: str | None = None
    batch_rows: int = 5_000
    application_name: str = "heliograph"
    settings: Mapping[str, str] = field(default_factory=dict)


class ResultStream(Protocol):
    """A running result: columns first, then batches of rows, each held once.

    ``row_count`` and ``truncated`` are final when the batches have ended.
    """

    columns: Sequence[Column]
    row_count: int
    truncated: bool

    def batches(self) -> Iterator[list[Row]]:
        """Yield lists of rows until the result, or ``max_rows``, is reached."""
        ...
