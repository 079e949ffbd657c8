"""Segments of encoded rows: every row once, in order, exact, and what is cut is said."""

from __future__ import annotations

import json
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from heliograph.connections.engines.contract import Column, Row, ValueKind
from heliograph.queries.pages import Segment, SegmentWriter, slice_lines

TEXT = Column("name", "text", ValueKind.TEXT)
BIG = Column("id", "int8", ValueKind.BIGINT)
EXACT = Column("amount", "numeric", ValueKind.NUMERIC)
DOCUMENT = Column("document", "jsonb", ValueKind.JSON)
FLOAT = Column("ratio", "float8", ValueKind.FLOAT)
BIGS = Column("ids", "int8[]", ValueKind.ARRAY, ValueKind.BIGINT)


def write(
    columns: Sequence[Column], rows: Sequence[Row], *, batch: int = 128, **limits: int
) -> list[Segment]:
    writer = SegmentWriter(columns, **limits)
    found = [
        segment
        for start in range(0, len(rows), batch)
        for segment in writer.write(rows[start : start + batch])
    ]
    return [*found, *writer.finish()]


def read(segments: Sequence[Segment]) -> list[list[object]]:
    return [row for segment in segments for row in json.loads(b"[" + segment.lines + b"]")]


def test_numbers_that_a_double_cannot_hold_are_strings_and_the_others_numbers() -> None:
    columns = [BIG, EXACT, FLOAT, BIGS, DOCUMENT]
    row = ("9223372036854775807", "0.10", "1.5", "{1,NULL,9007199254740993}", '{"a": [1,\n2]}')
    (segment,) = write(columns, [row])
    assert read([segment]) == [
        ["9223372036854775807", "0.10", 1.5, ["1", None, "9007199254740993"], {"a": [1, 2]}]
    ]
    assert segment.cut == segment.cells == []


def test_nan_and_null_are_told_apart_from_text() -> None:
    rows: list[Row] = [("NaN", "NaN", "NaN"), (None, None, None), ("1", "2", "")]
    assert read(write([EXACT, FLOAT, TEXT], rows)) == [
        ["NaN", "NaN", "NaN"],
        [None, None, None],
        ["1", 2, ""],
    ]


@given(
    st.lists(
        st.tuples(st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\x00"))),
        max_size=60,
    ),
    st.integers(1, 20),
    st.integers(1, 25),
    st.integers(200, 2000),
)
def test_every_row_is_in_one_segment_and_in_order(
    rows: list[Row], batch: int, segment_rows: int, segment_bytes: int
) -> None:
    segments = write(
        [TEXT], rows, batch=batch, segment_rows=segment_rows, segment_bytes=segment_bytes
    )
    assert read(segments) == [list(row) for row in rows]
    assert [segment.first_row for segment in segments] == [
        sum(before.row_count for before in segments[:index]) for index in range(len(segments))
    ]
    assert all(segment.row_count <= segment_rows for segment in segments)


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\x00")), min_size=1, max_size=30
    )
)
def test_a_slice_is_whole_rows_whatever_line_breaks_they_hold(texts: list[str]) -> None:
    rows: list[Row] = [(json.dumps({"k": text}, indent=1), text) for text in texts]
    (segment,) = write([DOCUMENT, TEXT], rows, segment_rows=100, segment_bytes=10**6)
    for start in (0, len(rows) // 2, len(rows)):
        sliced = [json.loads(line) for line in slice_lines(segment.lines, start, 7)]
        assert sliced == [[{"k": text}, text] for text in texts[start : start + 7]]


def test_a_large_cell_keeps_its_beginning_and_is_handed_out_whole() -> None:
    rows: list[Row] = [("a", "small"), ("b", "é" * 100), ("c", None)]
    segments = write([TEXT, TEXT], rows, cell_bytes=101, segment_bytes=10**6)
    (segment,) = segments
    assert read(segments) == [["a", "small"], ["b", "é" * 50], ["c", None]]
    assert [(cut.row, cut.column, cut.bytes) for cut in segment.cut] == [(1, 1, 200)]
    assert [(cell.row, cell.column, cell.text) for cell in segment.cells] == [(1, 1, "é" * 100)]


def test_a_cell_at_the_limit_is_not_cut() -> None:
    segments = write([TEXT], [("x" * 101,)], cell_bytes=101, segment_bytes=10**6)
    assert read(segments) == [["x" * 101]]
    assert segments[0].cut == []


def test_a_cut_document_becomes_a_string_beside_whole_ones() -> None:
    rows: list[Row] = [('{"a": "' + "x" * 300 + '"}', '{"b": 1}')]
    segments = write([DOCUMENT, DOCUMENT], rows, cell_bytes=64, segment_bytes=10**6)
    first, second = read(segments)[0]
    assert first == ('{"a": "' + "x" * 300)[:64]
    assert second == {"b": 1}


def test_a_row_of_many_long_cells_is_cut_until_it_fits_a_page() -> None:
    columns = [TEXT] * 160
    segments = write(columns, [tuple("z" * 7_000 for _ in columns)], page_bytes=400_000)
    (segment,) = segments
    assert len(segment.lines) <= 400_000
    assert len(segment.cut) == 160
    assert {cell.text for cell in segment.cells} == {"z" * 7_000}


def test_short_cells_beside_long_ones_stay_whole() -> None:
    columns = [TEXT] * 11
    row: Row = ("short", *("z" * 60_000 for _ in range(10)))
    (segment,) = write(columns, [row], page_bytes=400_000)
    assert read([segment])[0][0] == "short"
    assert {cut.column for cut in segment.cut} == set(range(1, 11))


def test_segments_stay_small_where_rows_are_large() -> None:
    rows: list[Row] = [("y" * 30_000,) for _ in range(40)]
    segments = write([TEXT], rows, segment_bytes=100_000)
    assert read(segments) == [list(row) for row in rows]
    assert max(len(segment.lines) for segment in segments) <= 100_000 + 3


def test_a_result_without_rows_or_columns_has_no_segment_or_empty_rows() -> None:
    assert write([TEXT], []) == []
    assert read(write([], [(), ()])) == [[], []]
