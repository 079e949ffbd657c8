"""A result as segments of encoded rows, from which pages of any offset are put together.

A segment is some hundred rows of JSON, a row a line, so that a slice of it needs no JSON reader.
What a page cannot hold is cut here, and said: a cell over 64 KB keeps its beginning as a string,
and in a row that still would not fit a page its longest cells are cut further. The whole cell is
handed out beside its segment, to be kept elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from heliograph.connections.engines.contract import Column, Row
from heliograph.queries.encoders.json_tokens import ColumnTokens, Frame, encode_rows, quote

PAGE_ROWS = 10_000
PAGE_BYTES = 4_000_000
CELL_BYTES = 65_536

_SEGMENT_ROWS = 1_000
_SEGMENT_BYTES = 400_000
_LEAST_CELL_BYTES = 64
_MEASURED_CHARACTERS = 1_000_000
_BETWEEN = ",\n"


@dataclass(frozen=True, slots=True)
class CutCell:
    """A cell that a page holds the beginning of. ``row`` counts from 0 in the whole result."""

    row: int
    column: int
    bytes: int


@dataclass(frozen=True, slots=True)
class LargeCell:
    """A cell that was cut, whole: the database's own text."""

    row: int
    column: int
    text: str


@dataclass(slots=True)
class Segment:
    """Consecutive rows as JSON arrays with ``,\\n`` between them, and what of them was cut."""

    first_row: int
    row_count: int = 0
    lines: bytes = b""
    cut: list[CutCell] = field(default_factory=list)
    cells: list[LargeCell] = field(default_factory=list)


class SegmentWriter:
    """Turns batches of rows into segments. Memory: one segment and one batch.

    ``page_bytes`` bounds the encoded size of every row, ``cell_bytes`` the text of every cell.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        page_bytes: int = PAGE_BYTES,
        cell_bytes: int = CELL_BYTES,
        segment_rows: int = _SEGMENT_ROWS,
        segment_bytes: int = _SEGMENT_BYTES,
    ) -> None:
        self._columns = [
            ColumnTokens(column, is_one_line=True, has_exact_as_text=True) for column in columns
        ]
        self._frame = Frame(columns, _BETWEEN, None)
        self._page_bytes = page_bytes
        self._cell_bytes = cell_bytes
        self._segment_rows = segment_rows
        self._segment_bytes = min(segment_bytes, page_bytes)
        self._parts: list[bytes] = []
        self._size = 0
        self._batch = segment_rows  # rows that are encoded at once: less where they are wide
        self._open = Segment(0)

    @property
    def row_count(self) -> int:
        """How many rows have been written so far."""
        return self._open.first_row + self._open.row_count

    def write(self, rows: Sequence[Row]) -> Iterator[Segment]:
        """Take in a batch of rows; yield the segments that are complete."""
        start = 0
        while start < len(rows):
            room = min(self._segment_rows - self._open.row_count, self._batch)
            batch = rows[start : start + room]
            start += len(batch)
            yield from self._write(batch)

    def finish(self) -> Iterator[Segment]:
        """Yield what is left: at most one segment."""
        if self._open.row_count:
            yield self._close()

    def _write(self, rows: Sequence[Row]) -> Iterator[Segment]:
        # No cell can be over its limit where all rows together are not.
        most = min(self._cell_bytes, self._segment_bytes)
        if len(rows) == 1 and any(text and len(text) > most for text in rows[0]):
            yield from self._write_cut(rows[0])
            return
        encoded = encode_rows(rows, self._columns, self._frame).encode()
        if len(encoded) <= most:
            if self._open.row_count and self._size + len(encoded) > self._segment_bytes:
                yield self._close()
            self._append(encoded, len(rows))
            if len(encoded) * 2 <= most:
                self._batch = min(self._segment_rows, self._batch * 2)
            if self._is_full():
                yield self._close()
            return
        if len(rows) > 1:
            # As many as should fit: row by row takes several times as long.
            step = max(1, min(len(rows) - 1, len(rows) * most * 7 // (8 * len(encoded))))
            self._batch = step
            for start in range(0, len(rows), step):
                yield from self._write(rows[start : start + step])
            return
        for row in rows:
            yield from self._write_cut(row)

    def _write_cut(self, row: Row) -> Iterator[Segment]:
        fitted = self._fit(row)
        if self._open.row_count and self._size + len(fitted.line) > self._segment_bytes:
            yield self._close()
        number = self.row_count
        self._append(fitted.line, 1)
        for column in fitted.cut:
            text = row[column] or ""
            self._open.cut.append(CutCell(number, column, _utf8_bytes(text)))
            self._open.cells.append(LargeCell(number, column, text))
        if self._is_full():
            yield self._close()

    def _append(self, encoded: bytes, count: int) -> None:
        self._parts.append(encoded)
        self._size += len(encoded)
        self._open.row_count += count

    def _is_full(self) -> bool:
        return self._open.row_count >= self._segment_rows or self._size >= self._segment_bytes

    def _close(self) -> Segment:
        done = self._open
        done.lines = b"".join(self._parts).removesuffix(_BETWEEN.encode())
        self._parts, self._size = [], 0
        self._open = Segment(done.first_row + done.row_count)
        return done

    def _fit(self, row: Row) -> _FittedRow:
        """Encode one row, its longest cells cut until it fits a page."""
        most = self._cell_bytes
        while True:
            fitted = self._encode(row, most)
            if len(fitted.line) <= self._page_bytes or most <= _LEAST_CELL_BYTES:
                return fitted
            most //= 2

    def _encode(self, row: Row, most: int) -> _FittedRow:
        # A character takes at most four bytes, so short texts need not be measured.
        cut = [
            index
            for index, text in enumerate(row)
            if text is not None and len(text) * 4 > most and _utf8_bytes(text) > most
        ]
        if not cut:
            return _FittedRow(encode_rows([row], self._columns, self._frame).encode(), cut)
        chosen = set(cut)
        tokens = [
            quote(_beginning(text, most)) if index in chosen and text else self._token(index, text)
            for index, text in enumerate(row)
        ]
        return _FittedRow(f"[{','.join(tokens)}]{_BETWEEN}".encode(), cut)

    def _token(self, index: int, text: str | None) -> str:
        if text is None:
            return "null"
        is_quoted, (token,) = self._columns[index].tokens([text])
        return f'"{token}"' if is_quoted else str(token)


@dataclass(frozen=True, slots=True)
class _FittedRow:
    line: bytes
    cut: list[int]


def _utf8_bytes(text: str) -> int:
    """Return how many bytes a text takes, without making them."""
    if text.isascii():
        return len(text)
    starts = range(0, len(text), _MEASURED_CHARACTERS)
    return sum(len(text[start : start + _MEASURED_CHARACTERS].encode()) for start in starts)


def _beginning(text: str, most: int) -> str:
    """Return as much of a text as ``most`` bytes of UTF-8 hold, whole characters only."""
    return text[:most].encode()[:most].decode(errors="ignore")


def slice_lines(lines: bytes, start: int, count: int) -> list[bytes]:
    """Return up to ``count`` rows of a segment from row ``start`` on, each without what follows."""
    return [line.removesuffix(b",") for line in lines.split(b"\n")[start : start + count]]
