"""The way back: from the JSON of a stored segment to the very text that the database sent.

Every type but three comes back from the page alone: floats and integers are the database's own
tokens, arrays nest and make their literal again. json, jsonb and arrays of them do not: JSON's null
and SQL's NULL are one token, a line break inside json became a blank, and in an array of json
nobody can tell a dimension from a value. `find_unkept_cells` names the cells that are lost so, to
be stored beside their segment as the cells are that a page cuts; there are hardly ever any.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from heliograph.connections.engines.contract import Column, Row, ValueKind
from heliograph.queries.pages import LargeCell

_BOOLEANS = {True: "t", False: "f", None: None}
_LINE_BREAK = re.compile("[\r\n]")
_PUNCTUATION = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},]')
_STEP = {"[": 1, "{": 1, "]": -1, "}": -1}
_ESCAPED_IN_ARRAYS = re.compile(r'["\\]')


def find_unkept_cells(
    columns: Sequence[Column], rows: Sequence[Row], *, first_row: int
) -> list[LargeCell]:
    """Return the cells that `rows_from_segment` could not give back from the JSON alone.

    ``first_row`` is the number of the first of ``rows`` in the whole result. Costs nothing where no
    column is json, jsonb or an array of them.
    """
    found = []
    for index, column in enumerate(columns):
        if not _holds_json(column):
            continue
        is_array = column.kind is ValueKind.ARRAY
        for number, row in enumerate(rows, first_row):
            text = row[index]
            if text is not None and (is_array or text == "null" or _LINE_BREAK.search(text)):
                found.append(LargeCell(number, index, text))
    return found


def _holds_json(column: Column) -> bool:
    return ValueKind.JSON in (column.kind, column.element)


def rows_from_segment(
    lines: bytes,
    columns: Sequence[Column],
    *,
    first_row: int = 0,
    cells: Mapping[tuple[int, int], str] | None = None,
) -> list[Row]:
    """Return the rows of a segment (`pages.Segment.lines`) as the database's own text.

    ``cells`` holds by row and column, the row counted in the whole result, the cells that were cut
    or could not be kept: `Segment.cells` and `find_unkept_cells`. With them the rows are exactly
    those that the segment was written from; a cell that is missing there is as the page shows it.
    """
    if not lines:
        return []
    texts = lines.decode().split("\n")
    documents = [index for index, column in enumerate(columns) if _holds_json(column)]
    taken = [_take(text.removesuffix(","), documents) for text in texts] if documents else []
    parsed = json.loads(
        f"[{','.join(rest for rest, _ in taken) if documents else lines.decode()}]",
        parse_int=str,
        parse_float=str,
    )
    if not columns:
        return [()] * len(parsed)
    others = zip(*parsed, strict=True)
    whole = zip(*(found for _, found in taken), strict=True)
    by_column = [
        next(whole) if _holds_json(column) else _texts(column, next(others)) for column in columns
    ]
    rows: list[Row] = list(zip(*by_column, strict=True))
    return _with_cells(rows, first_row, cells) if cells else rows


def _with_cells(rows: list[Row], first_row: int, cells: Mapping[tuple[int, int], str]) -> list[Row]:
    for (number, index), text in cells.items():
        if 0 <= number - first_row < len(rows):
            row = rows[number - first_row]
            rows[number - first_row] = (*row[:index], text, *row[index + 1 :])
    return rows


def _texts(column: Column, values: Sequence[Any]) -> Sequence[str | None]:
    if column.kind is ValueKind.BOOLEAN:
        return [_BOOLEANS[value] for value in values]
    if column.kind is ValueKind.ARRAY:
        return [
            array_literal(value, column.delimiter) if isinstance(value, list) else value
            for value in values
        ]
    return values


def _take(line: str, documents: Sequence[int]) -> tuple[str, list[str | None]]:
    """Split off the tokens of json from a row, character for character."""
    tokens = list(_tokens(line))
    found = [None if tokens[index] == "null" else tokens[index] for index in documents]
    skipped = set(documents)
    rest = ",".join(token for index, token in enumerate(tokens) if index not in skipped)
    return f"[{rest}]", found


def _tokens(line: str) -> Iterator[str]:
    """Yield what stands between the commas of the outermost array. However deep, no recursion."""
    depth, start = 0, 1
    for match in _PUNCTUATION.finditer(line):
        mark = match[0]
        if mark == "," and depth == 1:
            yield line[start : match.start()]
            start = match.end()
        else:
            depth += _STEP.get(mark, 0)
    yield line[start:-1]


def array_literal(values: Sequence[Any], delimiter: str = ",") -> str:
    """Return PostgreSQL's literal of nested lists, quoted where ``array_out`` quotes.

    https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO
    """
    return "{" + delimiter.join(_element(value, delimiter) for value in values) + "}"


def _element(value: Any, delimiter: str) -> str:
    if isinstance(value, list):
        return array_literal(value, delimiter)
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "t" if value else "f"
    text: str = value
    if _plain(delimiter).fullmatch(text) and text.upper() != "NULL":
        return text
    return '"' + _ESCAPED_IN_ARRAYS.sub(r"\\\g<0>", text) + '"'


@lru_cache(maxsize=16)
def _plain(delimiter: str) -> re.Pattern[str]:
    return re.compile(rf'[^"\\{{}} \t\n\r\v\f{re.escape(delimiter)}]+')
