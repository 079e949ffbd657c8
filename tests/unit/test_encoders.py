"""Encoders on values that no server sends in one query."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from heliograph.connections.engines.contract import Column, Row, ValueKind
from heliograph.queries.encoders.contract import Summary
from heliograph.queries.encoders.csv import CsvEncoder
from heliograph.queries.encoders.json import JsonEncoder, NdjsonEncoder, unique_names
from heliograph.queries.encoders.json_tokens import array_token, quote
from heliograph.queries.encoders.registry import ENCODERS, load_encoder
from heliograph.queries.encoders.table import TableEncoder, cell_width, fit_widths, visible

TEXT = Column("t", "text", ValueKind.TEXT)
NUMBER = Column("n", "numeric", ValueKind.NUMERIC)
postgres_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def encoded(name: str, columns: list[Column], *batches: list[Row]) -> str:
    out = io.BytesIO()
    encoder = load_encoder(name)(out)
    encoder.start(columns)
    for rows in batches:
        encoder.write_rows(rows)
    encoder.finish(Summary(sum(map(len, batches)), truncated=False, duration_ms=1.0))
    return out.getvalue().decode()


@example([("", None), ("\x1f\x7f", None)])
@given(st.lists(st.tuples(st.none() | postgres_text, st.none() | postgres_text), min_size=1))
def test_any_text_survives_json_and_ndjson(rows: list[Row]) -> None:
    columns = [Column("a", "text", ValueKind.TEXT), Column("b%s", "uuid", ValueKind.OTHER)]
    assert json.loads(encoded("json", columns, rows))["rows"] == [list(row) for row in rows]
    lines = encoded("ndjson", columns, rows).split("\n")[:-1]
    assert [tuple(json.loads(line).values()) for line in lines] == rows


@given(st.recursive(st.none() | postgres_text, st.lists, max_leaves=8))
def test_any_array_literal_nests(value: object) -> None:
    def literal(item: object) -> str:
        if item is None:
            return "NULL"
        if isinstance(item, list):
            return "{" + ",".join(map(literal, item)) + "}"
        return '"' + str(item).replace("\\", "\\\\").replace('"', '\\"') + '"'

    if isinstance(value, list):
        assert json.loads(array_token(literal(value), quote)) == value


@pytest.mark.parametrize("name", sorted(ENCODERS))
def test_every_format_takes_a_result_without_rows_and_one_without_columns(name: str) -> None:
    for columns, batches in (([TEXT], []), ([], []), ([], [[(), ()]])):
        out = io.BytesIO()
        encoder = load_encoder(name)(out, guard_formulas=True)
        encoder.start(columns)
        for rows in batches:
            encoder.write_rows(rows)
        encoder.finish(Summary(sum(map(len, batches)), truncated=True, duration_ms=0.0))
        assert encoder.notes == []
        assert out.getvalue() or name == "ndjson"


def test_batches_join_into_one_document() -> None:
    rows: list[list[Row]] = [[("1",), ("2",)], [], [("3",)]]
    assert json.loads(encoded("json", [NUMBER], *rows))["rows"] == [[1], [2], [3]]
    assert encoded("csv", [NUMBER], *rows) == "n\n1\n2\n3\n"


@pytest.mark.parametrize(
    ("names", "unique"),
    [
        (["a", "a"], ["a", "a_2"]),
        (["a", "a", "a_2"], ["a", "a_3", "a_2"]),
        (["a_2", "a", "a"], ["a_2", "a", "a_3"]),
        (["", ""], ["column_1", "column_2"]),
        (["column_2", ""], ["column_2", "column_2_2"]),
        (["a", "b"], ["a", "b"]),
    ],
)
def test_names_are_made_unique(names: list[str], unique: list[str]) -> None:
    assert unique_names(names) == unique


@given(st.lists(st.sampled_from(["", "a", "a_2", "a_3", "column_1", "b"])))
def test_unique_names_are_unique_and_keep_first_ones(names: list[str]) -> None:
    unique = unique_names(names)
    assert len(set(unique)) == len(names)
    assert all(given in unique for given in names if given)


def test_formula_guard_marks_text_and_leaves_numbers() -> None:
    out = io.BytesIO()
    encoder = CsvEncoder(out, guard_formulas=True)
    encoder.start([Column("=name", "text", ValueKind.TEXT), NUMBER])
    encoder.write_rows([("=1", "-1"), ("-1.5e3", "2"), ("-1+1", "3"), ("\tx", "4"), (None, None)])
    encoder.finish(Summary(5, truncated=False, duration_ms=0))
    lines = out.getvalue().decode().split("\n")
    assert lines[:6] == ["'=name,n", "'=1,-1", "-1.5e3,2", "'-1+1,3", "'\tx,4", ","]
    assert "4 cell(s)" in encoder.notes[0]


def test_json_inside_ndjson_stays_on_one_line() -> None:
    column = Column("j", "json", ValueKind.JSON)
    value = '{\n "a" :\r\n 1.10 }'
    text = encoded("ndjson", [column], [(value,)])
    assert text.count("\n") == 1
    assert '"a" :   1.10' in text
    assert value in encoded("json", [column], [(value,)])


@pytest.mark.parametrize(
    ("text", "width"), [("abc", 3), ("世界", 4), ("é", 1), ("e\u0301", 1), ("", 0), ("👋", 2)]
)
def test_cell_width_counts_terminal_columns(text: str, width: int) -> None:
    assert cell_width(text) == width


def test_a_terminal_is_never_handed_control_characters() -> None:
    assert visible("a\x1b[31mb\nc\td") == "a\\u001b[31mb↵c⇥d"
    assert visible("plain – ünïcode") == "plain – ünïcode"
    assert visible("\u202egnp") == "\\u202egnp"


def test_widths_take_from_the_widest_first() -> None:
    assert fit_widths([3, 50, 20], 60) == [3, 37, 20]
    assert fit_widths([3, 50, 50], 43) == [3, 20, 20]
    assert fit_widths([3, 4], 60) == [3, 4]
    assert fit_widths([30, 30, 30], 5) == [6, 6, 6]


def test_a_table_aligns_wide_characters_and_tells_null_from_empty() -> None:
    rows: list[Row] = [("世界", "1.5"), (None, "-10"), ("", None)]
    lines = encoded("table", [TEXT, NUMBER], rows).split("\n")
    assert lines[:5] == ["t    │   n", "─────┼────", "世界 │ 1.5", "∅    │ -10", "     │   ∅"]
    assert lines[5] == "3 rows · 1 ms"


def test_a_table_streams_after_its_first_rows() -> None:
    out = io.BytesIO()
    encoder = TableEncoder(out, width=20)
    encoder.start([TEXT])
    encoder.write_rows([("x",)] * 999)
    assert out.getvalue() == b""
    encoder.write_rows([("y",)])
    assert out.getvalue().count(b"\n") == 1002


def test_encoders_name_their_summary() -> None:
    out = io.BytesIO()
    encoder = JsonEncoder(out)
    encoder.start([TEXT])
    encoder.finish(Summary(0, truncated=True, duration_ms=12.345))
    assert json.loads(out.getvalue()) == {
        "columns": [{"name": "t", "type": "text"}],
        "rows": [], "row_count": 0, "truncated": True, "duration_ms": 12.3,
    }  # fmt: skip


def test_ndjson_says_which_names_it_changed() -> None:
    encoder = NdjsonEncoder(io.BytesIO())
    encoder.start([TEXT, TEXT])
    assert encoder.notes == ["Column 2 is called 't_2' here: another column is called 't' too."]
