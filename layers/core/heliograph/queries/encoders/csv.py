"""CSV after RFC 4180, byte for byte as PostgreSQL's own ``COPY ... (FORMAT csv, HEADER)``.

NULL is an empty field and the empty string is ``""``, so the two stay apart. Lines end with LF.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain, repeat
from typing import BinaryIO

from heliograph.connections.engines.contract import Column, Row, ValueKind
from heliograph.queries.encoders.contract import Summary

_SEPARATOR = "\x7f"  # any character will do; a text that holds it only goes a slower way
_EMPTY = _SEPARATOR * 2
_QUOTE, _DOUBLED = '"', '""'
_NEEDS_QUOTES = re.compile(r'[",\r\n]')  # copyto.c: CopyAttributeOutCSV
PLAIN_KINDS = frozenset(
    {
        ValueKind.BOOLEAN,
        ValueKind.INTEGER,
        ValueKind.BIGINT,
        ValueKind.NUMERIC,
        ValueKind.FLOAT,
        ValueKind.DATE,
        ValueKind.TIMESTAMP,
        ValueKind.TIMESTAMPTZ,
    }
)
"""Kinds whose text never holds a quote, a comma or a line break, and is never guarded."""

_FORMULA = re.compile(r"[=+\-@\t\r]")
_MAYBE_FORMULA = re.compile(rf"{_SEPARATOR}[=+\-@\t\r]")  # in a whole batch, a value's beginning
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")


class CsvEncoder:
    """Writes a header and a line for each row.

    With ``guard_formulas`` a cell of text that a spreadsheet would run gets an apostrophe in front
    (https://owasp.org/www-community/attacks/CSV_Injection); a plain negative number is left alone.
    """

    def __init__(self, out: BinaryIO, /, *, guard_formulas: bool = False) -> None:
        self.notes: list[str] = []
        self._out = out
        self._guards = guard_formulas
        self._columns: Sequence[Column] = ()
        self._has_nulls: list[bool] = []
        self._guarded_cells = 0

    def start(self, columns: Sequence[Column]) -> None:
        """Write the header."""
        self._columns = columns
        names = [column.name for column in columns]
        if self._guards:
            names = [self._guard(name) for name in names]
        line = ",".join(quote(name, is_alone=len(names) == 1) for name in names)
        self._has_nulls = [False] * len(columns)
        self._out.write(f"{line}\n".encode())

    def write_rows(self, rows: Sequence[Row]) -> None:
        """Write a batch of rows: in one join for them all, however many there are."""
        if not self._columns:
            self._out.write(b"\n" * len(rows))
        elif rows:
            by_column = list(zip(*rows, strict=True))
            guarded_before = self._guarded_cells
            try:
                text = self._encode(by_column)
            except TypeError:  # a NULL where none was seen yet
                self._guarded_cells = guarded_before
                for index, values in enumerate(by_column):
                    self._has_nulls[index] = self._has_nulls[index] or None in values
                text = self._encode(by_column)
            self._out.write(text.encode())

    def finish(self, summary: Summary) -> None:
        """Say how many cells were guarded."""
        if self._guarded_cells:
            self.notes.append(formula_note(self._guarded_cells))

    def _encode(self, by_column: Sequence[Sequence[str | None]]) -> str:
        parts: list[Sequence[str | None] | repeat[str]] = []
        for column, values, has_nulls in zip(
            self._columns, by_column, self._has_nulls, strict=True
        ):
            parts += (self._fields(column, values, has_nulls), repeat(","))
        parts[-1] = repeat("\n")
        # The fields end the zip; what is repeated never does.
        return "".join(chain.from_iterable(zip(*parts, strict=False)))

    def _fields(
        self, column: Column, values: Sequence[str | None], has_nulls: bool
    ) -> Sequence[str | None]:
        if column.kind in PLAIN_KINDS:
            return ["" if value is None else value for value in values] if has_nulls else values
        joined = _joined(values, has_nulls)
        if self._guards and _MAYBE_FORMULA.search(joined):
            values = [value and self._guard(value) for value in values]
            joined = _joined(values, has_nulls)
        is_alone = len(self._columns) == 1
        is_quoted = is_alone or _EMPTY in joined or any(mark in joined for mark in '",\n\r')
        del joined  # of a large text no copy more than it takes
        if is_quoted:
            return _quoted(values, is_alone=is_alone)
        return [value or "" for value in values] if has_nulls else values

    def _guard(self, text: str) -> str:
        if is_formula(text):
            self._guarded_cells += 1
            return f"'{text}"
        return text


def is_formula(text: str) -> bool:
    """Say whether a spreadsheet would run a text: a plain negative number it would not."""
    return bool(_FORMULA.match(text)) and not _NUMBER.fullmatch(text)


def formula_note(count: int) -> str:
    """Return the note on so many cells that were guarded."""
    return (
        f"{count} cell(s) that a spreadsheet would take for a formula have an apostrophe in front."
    )


def _joined(values: Sequence[str | None], has_nulls: bool) -> str:
    present = [value for value in values if value is not None] if has_nulls else values
    return _SEPARATOR.join(("", *present, ""))  # type: ignore[arg-type]


def quote(text: str, *, is_alone: bool) -> str:
    r"""Return a CSV field; ``\.`` alone on a line would end an input, so it is quoted."""
    if not text or _NEEDS_QUOTES.search(text) or (is_alone and text == "\\."):
        return f'"{text.replace(_QUOTE, _DOUBLED)}"'
    return text


def _quoted(values: Sequence[str | None], *, is_alone: bool) -> list[str]:
    if is_alone:
        return ["" if value is None else quote(value, is_alone=True) for value in values]
    # Looking for one mark after the other is twice as quick as a pattern that looks for all.
    return [
        ("" if value is None else '""')
        if not value
        else f'"{value.replace(_QUOTE, _DOUBLED)}"'
        if '"' in value or "," in value or "\n" in value or "\r" in value
        else value
        for value in values
    ]
