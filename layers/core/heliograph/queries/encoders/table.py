"""A table for the eye: a terminal's width, aligned, NULL told from the empty string."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import BinaryIO

from heliograph.connections.engines.contract import Column, Row, ValueKind
from heliograph.queries.encoders.contract import Summary

_RIGHT_ALIGNED = (ValueKind.INTEGER, ValueKind.BIGINT, ValueKind.NUMERIC, ValueKind.FLOAT)
_MEASURED_ROWS = 1_000  # widths come from the first rows; later ones may stick out
_NARROWEST = 6
_NARROWEST_BEFORE_RECORDS = 10  # a screen of columns narrower than that tells nobody anything
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_NAMED_ESCAPES = {"\n": "↵", "\r": "␍", "\t": "⇥"}
_NULL = "∅"


class TableEncoder:
    """Writes an aligned table; ``width`` is the terminal's, None for no limit.

    Line breaks and control characters are shown as visible marks, a cell that does not fit ends in
    ``…`` and `notes` says so. Where the columns do not fit side by side, each row becomes a record:
    a line for each column. Only the first rows are held, to measure the columns.
    """

    def __init__(
        self,
        out: BinaryIO,
        /,
        *,
        guard_formulas: bool = False,
        width: int | None = None,
        has_colour: bool = False,
    ) -> None:
        self.notes: list[str] = []
        self._out = out
        self._width = width
        self._has_colour = has_colour
        self._columns: Sequence[Column] = ()
        self._waiting: list[list[str | None]] = []
        self._widths: list[int] | None = None
        self._shows_records = False
        self._row = 0
        self._cut_cells = 0

    def start(self, columns: Sequence[Column]) -> None:
        """Remember the columns; the header waits for the widths."""
        self._columns = columns

    def write_rows(self, rows: Sequence[Row]) -> None:
        """Write a batch of rows, or keep it until the columns are measured."""
        shown = [[None if cell is None else visible(cell) for cell in row] for row in rows]
        if self._widths is not None:
            self._write(shown)
            return
        self._waiting += shown
        if len(self._waiting) >= _MEASURED_ROWS:
            self._flush()

    def finish(self, summary: Summary) -> None:
        """Write what is left and a line that counts the rows."""
        if self._widths is None:
            self._flush()
        count = f"{summary.row_count:,} row{'' if summary.row_count == 1 else 's'}"
        if not self._columns and not summary.row_count:
            count = "Done: the statement returned no rows."
        more = ", and there are more" if summary.truncated else ""
        self._line(self._dim(f"{count}{more} · {summary.duration_ms:,.0f} ms"))
        if self._cut_cells:
            self.notes.append(
                f"{self._cut_cells:,} cell(s) did not fit the terminal and end in …; "
                "--format json or csv shows them whole."
            )

    def _flush(self) -> None:
        self._widths = self._measure()
        room = None if self._width is None else self._width - 3 * (len(self._widths) - 1)
        if room is not None and self._waiting:
            self._widths = fit_widths(self._widths, room, narrowest=_NARROWEST_BEFORE_RECORDS)
            self._shows_records = sum(self._widths) > room
        if self._columns and not self._shows_records:
            names = [visible(column.name) for column in self._columns]
            self._line(self._join(names, is_bold=True))
            self._line(self._dim("─┼─".join("─" * width for width in self._widths)))
        self._write(self._waiting)
        self._waiting = []

    def _measure(self) -> list[int]:
        widths = [cell_width(visible(column.name)) for column in self._columns]
        for row in self._waiting:
            for index, cell in enumerate(row):
                widths[index] = max(widths[index], cell_width(cell or _NULL))
        return widths

    def _write(self, rows: Sequence[Sequence[str | None]]) -> None:
        if self._columns:
            for row in rows:
                if self._shows_records:
                    self._write_record(row)
                else:
                    self._line(self._join(row))

    def _write_record(self, row: Sequence[str | None]) -> None:
        assert self._width is not None
        names = [visible(column.name) for column in self._columns]
        name_width = min(max(map(cell_width, names)), self._width // 2)
        self._row += 1
        title = f"─ {self._row:,} "
        self._line(self._dim(title + "─" * (self._width - len(title))))
        for name, cell in zip(names, row, strict=True):
            text = self._cut(_NULL if cell is None else cell, self._width - name_width - 3)
            shown = self._cut(name, name_width)
            label = shown + " " * (name_width - cell_width(shown))
            value = self._dim(text) if cell is None else text
            self._line(self._bold(label) + self._dim(" │ ") + value)

    def _join(self, cells: Sequence[str | None], *, is_bold: bool = False) -> str:
        parts = []
        for column, width, cell in zip(self._columns, self._widths or [], cells, strict=True):
            text = self._cut(_NULL if cell is None else cell, width)
            padding = " " * (width - cell_width(text))
            if cell is None:
                text = self._dim(text)
            elif is_bold:
                text = self._bold(text)
            parts.append(padding + text if column.kind in _RIGHT_ALIGNED else text + padding)
        return self._dim(" │ ").join(parts).rstrip()

    def _cut(self, text: str, width: int) -> str:
        if self._width is None or cell_width(text) <= width:
            return text
        self._cut_cells += 1
        kept, used = [], 0
        for character in text:
            used += cell_width(character)
            if used > width - 1:
                break
            kept.append(character)
        return "".join(kept) + "…"

    def _bold(self, text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if self._has_colour else text

    def _dim(self, text: str) -> str:
        return f"\x1b[2m{text}\x1b[0m" if self._has_colour else text

    def _line(self, text: str) -> None:
        self._out.write(text.encode() + b"\n")


def visible(text: str) -> str:
    """Return the text on one line, with a mark for whatever a terminal would act upon."""
    if _CONTROL.search(text) is None:
        return text
    return _CONTROL.sub(
        lambda match: _NAMED_ESCAPES.get(match[0]) or f"\\u{ord(match[0]):04x}", text
    )


def cell_width(text: str) -> int:
    """Return how many columns of a terminal the text takes (UAX #11; combining marks take none)."""
    if text.isascii():
        return len(text)
    return sum(
        0
        if unicodedata.combining(character)
        else 2
        if unicodedata.east_asian_width(character) in "WF"
        else 1
        for character in text
    )


def fit_widths(widths: list[int], room: int, *, narrowest: int = _NARROWEST) -> list[int]:
    """Return widths that together fit ``room``: the widest columns give way, narrow ones stay.

    No column is cut below ``narrowest``, so many columns may still not fit.
    """
    fitted = list(widths)
    if sum(fitted) <= room:
        return fitted
    low, high = narrowest, max(fitted)
    while low < high:  # the widest cap at which all fit
        middle = (low + high + 1) // 2
        if sum(min(width, middle) for width in fitted) <= room:
            low = middle
        else:
            high = middle - 1
    return [min(width, low) for width in fitted]
