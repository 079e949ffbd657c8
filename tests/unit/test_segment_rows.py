"""From a stored segment back to the database's own text, to the character."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.connections.engines.contract import Column, Row, ValueKind
from heliograph.queries.pages import SegmentWriter
from heliograph.queries.segment_rows import array_literal, find_unkept_cells, rows_from_segment

TEXT = Column("t", "text", ValueKind.TEXT)
FLOAT = Column("f", "float8", ValueKind.FLOAT)
FLAG = Column("b", "bool", ValueKind.BOOLEAN)
BIG = Column("i", "int8", ValueKind.BIGINT)
DOCUMENT = Column("j", "json", ValueKind.JSON)
DOCUMENTS = Column("js", "json[]", ValueKind.ARRAY, ValueKind.JSON)
TEXTS = Column("ts", "text[]", ValueKind.ARRAY, ValueKind.TEXT)
FLAGS = Column("bs", "bool[]", ValueKind.ARRAY, ValueKind.BOOLEAN)
BOXES = Column("boxes", "box[]", ValueKind.ARRAY, ValueKind.OTHER, ";")


def round_trip(columns: Sequence[Column], rows: Sequence[Row], **limits: int) -> list[Row]:
    """Write segments, and read them with the cells that are kept beside them."""
    writer = SegmentWriter(columns, **limits)
    segments = [*writer.write(rows), *writer.finish()]
    unkept = find_unkept_cells(columns, rows, first_row=0)
    found: list[Row] = []
    for segment in segments:
        cells = {(cell.row, cell.column): cell.text for cell in (*segment.cells, *unkept)}
        found += rows_from_segment(segment.lines, columns, first_row=segment.first_row, cells=cells)
    return found


any_text = st.text(st.characters(codec="utf-8", exclude_characters="\x00"))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=6,
)
json_texts = st.builds(
    lambda value, indent, blank: blank + json.dumps(value, indent=indent) + blank,
    json_values,
    st.none() | st.just(1),
    st.sampled_from(["", " ", "\n", "\t"]),
)
elements = st.lists(st.none() | any_text, min_size=1, max_size=4)
cells = st.tuples(
    st.none() | any_text,
    st.none()
    | st.sampled_from(["NaN", "Infinity", "-Infinity", "-0", "1e+16", "0.1", "5e-324", "1e+20"]),
    st.none() | st.sampled_from(["t", "f"]),
    st.none() | st.integers(-(2**63), 2**63 - 1).map(str),
    st.none() | json_texts,
    st.none() | st.lists(st.none() | json_texts, min_size=1, max_size=3).map(array_literal),
    st.none() | elements.map(array_literal) | st.just("[0:1]={a,b}") | st.just("{}"),
    st.none() | st.just("{t,f,NULL}"),
    st.none() | st.just("{(1,1),(0,0);(3,3),(2,2)}"),
)
ALL = [TEXT, FLOAT, FLAG, BIG, DOCUMENT, DOCUMENTS, TEXTS, FLAGS, BOXES]


@given(st.lists(cells, max_size=12))
def test_rows_come_back_exactly_with_the_cells_that_are_kept_beside(rows: list[Row]) -> None:
    assert round_trip(ALL, rows) == rows


@given(st.lists(cells, max_size=12))
def test_cut_cells_come_back_whole(rows: list[Row]) -> None:
    assert round_trip(ALL, rows, cell_bytes=8, segment_rows=5) == rows


@given(st.lists(cells, max_size=12))
def test_without_json_nothing_need_be_kept_beside(rows: list[Row]) -> None:
    columns = [column for column in ALL if column not in (DOCUMENT, DOCUMENTS)]
    kept: list[Row] = [(*row[:4], *row[6:]) for row in rows]
    assert find_unkept_cells(columns, kept, first_row=0) == []
    assert round_trip(columns, kept) == kept


def test_only_what_the_page_cannot_tell_is_kept_beside() -> None:
    rows: list[Row] = [
        ('{"a" : 1.10}', None),
        ("null", None),
        (None, None),
        (" null ", None),
        ('{\n"a": 1}', None),
        (r'"line\nbreak"', None),
        ("[]", "{}"),
    ]
    unkept = find_unkept_cells([DOCUMENT, DOCUMENTS], rows, first_row=100)
    assert [(cell.row, cell.column) for cell in unkept] == [(101, 0), (104, 0), (106, 1)]
    assert round_trip([DOCUMENT, DOCUMENTS], rows) == rows


def test_json_nested_deeper_than_python_recurses_comes_back() -> None:
    deep = "[" * 100_000 + "]" * 100_000
    rows: list[Row] = [("a", deep), (None, '{"x": "]"}')]
    assert round_trip([TEXT, DOCUMENT], rows, cell_bytes=1_000_000) == rows


@pytest.mark.parametrize("count", [0, 1, 3])
def test_rows_without_columns_come_back(count: int) -> None:
    assert round_trip([], [()] * count) == [()] * count


@pytest.mark.parametrize(
    ("values", "literal"),
    [
        ([], "{}"),
        (["a", None, "NULL", "nUlL", "null "], '{a,NULL,"NULL","nUlL","null "}'),
        (["", " ", "a,b", "{x}", "\v"], '{"","\x20","a,b","{x}","\v"}'),
        (['q"q', "back\\slash"], r'{"q\"q","back\\slash"}'),
        ([["1", "2"], ["3", None]], "{{1,2},{3,NULL}}"),
        ([True, False, None], "{t,f,NULL}"),
        (["é\u00a0世", "a;b"], "{é\u00a0世,a;b}"),
    ],
)
def test_array_literals_are_quoted_where_postgres_quotes(
    values: list[object], literal: str
) -> None:
    assert array_literal(values) == literal
