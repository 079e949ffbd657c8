"""XLSX: a workbook that holds exactly what the database said, as far as Excel can.

Rows become XML and go compressed to the stream at once: memory does not grow with them, and the
stream need not be seekable. Why not a library, and which value becomes what kind of cell:
docs/decisions/0004-xlsx-writer.md. Excel's limits are those of its "specifications and limits".
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, repeat
from typing import BinaryIO

from heliograph.connections.engines.contract import Column, Row, ValueKind
from heliograph.kernel.errors import OutputFailed
from heliograph.queries.encoders import xlsx_parts as parts
from heliograph.queries.encoders.contract import Summary
from heliograph.queries.encoders.xlsx_cells import (
    CellWriter,
    Reason,
    Tally,
    cell_writer,
    column_letters,
)
from heliograph.queries.encoders.xlsx_zip import ZipStream

MAX_SHEET_ROWS = 1_048_576
"""Rows of a sheet, the header among them."""
MAX_COLUMNS = 16_384

# A part of the archive must stay under 4 GiB; a sheet ends well before, and the next goes on.
_MAX_SHEET_BYTES = 2 << 30
# How much is turned into XML at a time: what stays in a processor's cache is quickest.
_CHUNK_CELLS = 6_000
_CHUNK_BYTES = 1 << 20
_FIRST_CHUNK_ROWS = 64
_NAMED_COLUMNS = 5


class XlsxEncoder:
    """Writes one result as a workbook: sheet "Result", then "Result 2" and so on, then "Notes".

    NULL is no cell (but for one blank cell in a row of NULLs alone), an empty text is a cell with
    an empty text. Text is never a formula;
    ``guard_formulas`` keeps it text even when a person edits it, and changes no character.
    ``sheet_rows`` is the number of rows, header included, after which the next sheet begins.
    ``notes`` is complete after ``finish``.
    """

    def __init__(
        self,
        out: BinaryIO,
        /,
        *,
        guard_formulas: bool = False,
        sheet_rows: int = MAX_SHEET_ROWS,
    ) -> None:
        self.notes: list[str] = []
        self._guard_formulas = guard_formulas
        self._sheet_rows = sheet_rows
        self._zip = ZipStream(out)
        self._tally = Tally()
        self._columns: Sequence[Column] = ()
        self._writers: list[CellWriter] = []
        self._widths: list[int] = []
        self._names: list[str] = []
        self._areas: list[str | None] = []
        self._row = 0  # the last one written on the open sheet, counted from 1
        self._chunk_rows = _FIRST_CHUNK_ROWS

    def start(self, columns: Sequence[Column]) -> None:
        """Begin a result with these columns.

        Raises OutputFailed, before anything is written, when a sheet cannot hold so many.
        """
        if len(columns) > MAX_COLUMNS:
            raise OutputFailed(
                f"A sheet of Excel holds {MAX_COLUMNS:,} columns; the result has {len(columns):,}.",
                hint="Select fewer columns, or write CSV.",
            )
        self._columns = columns
        self._writers = [
            cell_writer(index, column, self._tally, guard_formulas=self._guard_formulas)
            for index, column in enumerate(columns)
        ]
        self._zip.add("_rels/.rels", parts.ROOT_RELATIONS.encode())

    def write_rows(self, rows: Sequence[Row]) -> None:
        """Write a batch of rows, in the order of the columns."""
        start = 0
        while start < len(rows):
            if not self._names:
                self._widths = parts.column_widths(self._columns, rows)
                self._begin_sheet()
            elif self._row >= self._sheet_rows or self._zip.part_size >= _MAX_SHEET_BYTES:
                self._end_sheet()
                self._begin_sheet()
            count = min(self._chunk_rows, self._sheet_rows - self._row)
            chunk = rows[start : start + count]
            size = self._write_chunk(chunk)
            self._adapt_chunk(size // len(chunk))
            start += count

    def _write_chunk(self, rows: Sequence[Row]) -> int:
        numbers = [str(number) for number in range(self._row + 1, self._row + 1 + len(rows))]
        values = zip(*rows, strict=True)
        cells = [
            write(column, numbers) for write, column in zip(self._writers, values, strict=True)
        ]
        _keep_null_rows(cells, numbers)
        pieces = zip(repeat('<row r="', len(rows)), numbers, repeat('">'), *cells, repeat("</row>"))
        data = "".join(chain.from_iterable(pieces)).encode()
        self._zip.write(data)
        self._row += len(rows)
        return len(data)

    def _adapt_chunk(self, row_bytes: int) -> None:
        by_cells = _CHUNK_CELLS // max(1, len(self._columns))
        by_bytes = _CHUNK_BYTES // max(1, row_bytes)
        self._chunk_rows = max(1, min(by_cells, by_bytes, 4 * self._chunk_rows))

    def _begin_sheet(self) -> None:
        number = len(self._names) + 1
        self._names.append("Result" if number == 1 else f"Result {number}")
        titles = [column.name for column in self._columns]
        self._open_part(titles, self._widths)
        self._row = 1

    def _open_part(self, titles: Sequence[str], widths: Sequence[int]) -> None:
        number = len(self._names)
        self._zip.begin(f"xl/worksheets/sheet{number}.xml")
        self._zip.write(parts.sheet_head(titles, widths, is_first=number == 1).encode())

    def _end_sheet(self) -> None:
        width = len(self._columns)
        self._areas.append(f"A1:{column_letters(width - 1)}{self._row}" if width else None)
        self._close_part()

    def _close_part(self) -> None:
        self._zip.write(parts.sheet_tail(self._areas[-1]).encode())
        self._zip.end()

    def finish(self, summary: Summary) -> None:
        """End the result. The stream stays open: it belongs to the caller."""
        if not self._names:
            self._widths = parts.column_widths(self._columns, ())
            self._begin_sheet()
        self._end_sheet()
        self.notes += self._compose_notes()
        lines = list(self.notes)
        if summary.truncated:
            cut = f"The result is cut after {summary.row_count:,} rows: the query gives more."
            lines.insert(0, cut)
        if lines:
            self._write_notes(lines)
        self._write_package()

    def _compose_notes(self) -> list[str]:
        notes = []
        if len(self._names) > 1:
            last = f' to "{self._names[-1]}"' if len(self._names) > 2 else ""
            notes.append(
                "The result is larger than one sheet of Excel"
                f" ({self._sheet_rows:,} rows, header included):"
                f' it continues on "{self._names[1]}"{last}.'
            )
        for reason, counts in self._tally.counts.items():
            if counts:
                total = counts.total()
                where = self._name_columns(sorted(counts))
                if reason is Reason.SHOWN_SHORTER:
                    notes.append(f"Numbers in {where} are {reason}.")
                else:
                    values = "1 value" if total == 1 else f"{total:,} values"
                    notes.append(f"{values} in {where} {'is' if total == 1 else 'are'} {reason}.")
        return notes

    def _name_columns(self, indexes: Sequence[int]) -> str:
        named = [
            f'"{self._columns[index].name}"' if self._columns[index].name else f"number {index + 1}"
            for index in indexes[:_NAMED_COLUMNS]
        ]
        more = len(indexes) - len(named)
        if more:
            named.append(f"{more} more")
        listed = " and ".join(filter(None, (", ".join(named[:-1]), named[-1])))
        return f"column{'s' if len(indexes) > 1 else ''} {listed}"

    def _write_notes(self, lines: Sequence[str]) -> None:
        self._names.append("Notes")
        self._areas.append(None)
        column = Column("Notes", "text", ValueKind.TEXT)
        self._open_part([column.name], [120])
        self._row = 1
        self._writers = [cell_writer(0, column, Tally(), guard_formulas=False)]
        self._write_chunk([(line,) for line in lines])
        self._close_part()

    def _write_package(self) -> None:
        count = len(self._names)
        for name, text in (
            ("xl/styles.xml", parts.styles_part()),
            ("xl/workbook.xml", parts.workbook_part(self._names, self._areas)),
            ("xl/_rels/workbook.xml.rels", parts.workbook_relations(count)),
            ("[Content_Types].xml", parts.content_types(count)),
        ):
            self._zip.add(name, text.encode())
        self._zip.close()


def _keep_null_rows(cells: Sequence[list[str]], numbers: Sequence[str]) -> None:
    # A row without any cell is no row to most readers, and the last ones would go unseen.
    if cells and all("" in column for column in cells):
        for place, row in enumerate(zip(*cells, strict=True)):
            if not any(row):
                cells[0][place] = f'<c r="A{numbers[place]}"/>'
