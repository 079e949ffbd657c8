"""Formulas neutralised in CSV that the database writes, to the byte as `CsvEncoder` does it.

One pattern passes over rows in which nothing is to be done, as many as there are; the cells of
numbers and dates among them are skipped by their place. Only a row at which it stops is looked at
cell by cell. Nothing is ever unquoted: an apostrophe in front of a text changes neither whether it
needs quotes nor how it is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from heliograph.connections.engines.contract import Column
from heliograph.kernel.errors import QueryError
from heliograph.queries.encoders.csv import PLAIN_KINDS, formula_note, is_formula

_MARKS = rb"=+\-@\t\r"
_NUMBER = rb"-\d++(?:\.\d++)?+(?:[eE][+\-]?+\d++)?+"
_COMMA, _LINE_END = b",", b"\n"


class CsvGuard:
    """Takes the pieces of a CSV with these columns, header first, and gives them back guarded.

    A piece may end anywhere, but only whole rows come back: what is left waits for the next piece.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self._is_header_next = True
        self._guarded_cells = 0
        self._rest = b""
        has_text = [column.kind not in PLAIN_KINDS for column in columns]
        self._safe_rows = re.compile(b"(?:%s)*" % _row(map(_safe_cell, _ends(columns), has_text)))
        self._any_row = re.compile(_row(map(_any_cell, _ends(columns), has_text)))
        self._header = re.compile(_row(_any_cell(end, True) for end in _ends(columns)))
        self._ends = [end for end, is_text in zip(_ends(columns), has_text, strict=True) if is_text]
        self._header_ends = list(_ends(columns))

    @property
    def notes(self) -> list[str]:
        """What was changed, if anything was."""
        return [formula_note(self._guarded_cells)] if self._guarded_cells else []

    def guard(self, piece: bytes) -> bytes:
        """Return the rows that are complete, a formula neutralised wherever one begins."""
        data = self._rest + piece if self._rest else piece
        parts: list[bytes | memoryview] = []
        at = 0
        if self._is_header_next:
            at = self._guard_row(data, 0, self._header, self._header_ends, parts)
            if not at:
                self._rest = data
                return b""
            self._is_header_next = False
        while at < len(data):
            safe = self._safe_rows.match(data, at)
            end = safe.end() if safe else at
            parts.append(memoryview(data)[at:end])
            at = self._guard_row(data, end, self._any_row, self._ends, parts)
            if at == end:
                break
        self._rest = data[at:]
        if len(parts) == 1 and len(parts[0]) == len(data):
            return data
        return b"".join(parts)

    def finish(self) -> None:
        """Say that this was the last piece. Raises `QueryError` where a row has not ended."""
        if self._rest:
            raise QueryError("The CSV that the server wrote ends in the middle of a row.")

    def _guard_row(
        self,
        data: bytes,
        at: int,
        row: re.Pattern[bytes],
        ends: Sequence[bytes],
        parts: list[bytes | memoryview],
    ) -> int:
        """Put the row at ``at`` into parts; return where it ends, ``at`` if it does not."""
        found = row.match(data, at)
        if found is None:
            return at
        view = memoryview(data)
        done = at
        for number, end in enumerate(ends, 1):
            start = found.start(number)
            if start >= 0 and _is_formula(data, start, end):
                parts += (view[done:start], b"'")
                done = start
                self._guarded_cells += 1
        parts.append(view[done : found.end()])
        return found.end()


def _ends(columns: Sequence[Column]) -> Iterator[bytes]:
    """Yield what stands behind each cell of a row."""
    for _ in columns[1:]:
        yield _COMMA
    yield from [_LINE_END] * bool(columns)


def _row(cells: Iterator[bytes]) -> bytes:
    return b"".join(cells) or _LINE_END


def _safe_cell(end: bytes, is_text: bool) -> bytes:
    """Match a cell and its end, if it is no formula; a number that is written as text is none."""
    if not is_text:
        return b"[^%s]*+%s" % (end, end)
    bare = b'(?:[^"%s%s][^%s]*+)?+%s' % (_MARKS, end, end, end)
    quoted = b'"(?:[^"%s][^"]*+)?+(?:""[^"]*+)*+"%s' % (_MARKS, end)
    return b"(?:%s|%s|%s%s)" % (bare, quoted, _NUMBER, end)


def _any_cell(end: bytes, is_text: bool) -> bytes:
    """Match a cell and its end; in text, a group says where something like a formula begins."""
    if not is_text:
        return b"[^%s]*+%s" % (end, end)
    return b'(?:(?="?+([%s])))?+(?:(?:"[^"]*+")++|[^"%s]*+)%s' % (_MARKS, end, end)


def _is_formula(data: bytes, start: int, end: bytes) -> bool:
    if data[start] != ord("-") or (start and data[start - 1] == ord('"')):
        return True  # nothing else begins a number, and none needs quotes
    return is_formula(data[start : data.index(end, start)].decode("utf-8", "surrogateescape"))
