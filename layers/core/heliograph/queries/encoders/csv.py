"""CSV after RFC 4180, byte for byte as PostgreSQL's own ``COPY ... (FORMAT csv, HEADER)``.

NULL is an empty field and the empty string is ``""``, so the two stay apart. Lines end with LF.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import BinaryIO

from heliograph.connections.engines.contract import Column, Row, ValueKind
from heliograph.queries.encoders.contract import Summary

_NEEDS_QUOTES = re.compile(r'[",\r\n]')  # copyto.c: CopyAttributeOutCSV
# Text of these kinds never holds a quote, a comma or a line break.
_PLAIN = frozenset(
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
_FORMULA = re.compile(r"[=+\-@\t\r]")
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
        self._guarded_cells = 0

    def start(self, columns: Sequence[Column]) -> None:
        """Write the header."""
        self._columns = columns
        names = [column.name for column in columns]
        if self._guards:
            names = [self._guard(name) for name in names]
        self._write_lines([",".join(quote(name, is_alone=len(names) == 1) for name in names)])

    def write_rows(self, rows: Sequence[Row]) -> None:
        """Write a batch of rows."""
        if not self._columns:
            self._write_lines([""] * len(rows))
        elif rows:
            is_alone = len(self._columns) == 1
            fields = [
                self._fields(column, values, is_alone)
                for column, values in zip(self._columns, zip(*rows, strict=True), strict=True)
            ]
            self._write_lines(map(",".join, zip(*fields, strict=True)))

    def finish(self, summary: Summary) -> None:
        """Say how many cells were guarded."""
        if self._guarded_cells:
            self.notes.append(
                f"{self._guarded_cells} cell(s) that a spreadsheet would take for a formula "
                "have an apostrophe in front."
            )

    def _fields(
        self, column: Column, values: Sequence[str | None], is_alone: bool
    ) -> Sequence[str]:
        if column.kind in _PLAIN:
            return _without_null(values) if None in values else values  # type: ignore[return-value]
        if self._guards:
            values = [value and self._guard(value) for value in values]
        joined = "\0".join(filter(None, values))  # PostgreSQL's text never holds a NUL
        if "" in values or is_alone or _NEEDS_QUOTES.search(joined):
            return ["" if value is None else quote(value, is_alone=is_alone) for value in values]
        return _without_null(values) if None in values else values  # type: ignore[return-value]

    def _guard(self, text: str) -> str:
        if _FORMULA.match(text) and not _NUMBER.fullmatch(text):
            self._guarded_cells += 1
            return f"'{text}"
        return text

    def _write_lines(self, lines: Sequence[str] | map[str]) -> None:
        self._out.write(("\n".join(lines) + "\n").encode())


def quote(text: str, *, is_alone: bool) -> str:
    r"""Return a CSV field; ``\.`` alone on a line would end an input, so it is quoted."""
    if not text or _NEEDS_QUOTES.search(text) or (is_alone and text == "\\."):
        return '"' + text.replace('"', '""') + '"'
    return text


def _without_null(values: Sequence[str | None]) -> list[str]:
    return ["" if value is None else value for value in values]
