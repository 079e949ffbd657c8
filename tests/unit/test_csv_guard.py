"""Formulas in CSV that the database wrote: what the encoder would have written, to the byte."""

from __future__ import annotations

import io
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from heliograph.connections.engines.contract import Column, Row, ValueKind
from heliograph.kernel.errors import QueryError
from heliograph.queries.encoders.contract import Summary
from heliograph.queries.encoders.csv import CsvEncoder
from heliograph.queries.encoders.csv_guard import CsvGuard

KINDS = [ValueKind.NUMERIC, ValueKind.TEXT, ValueKind.DATE, ValueKind.ARRAY, ValueKind.OTHER]
NUMBERS = st.sampled_from(["-5", "12.50", "-Infinity", "NaN", "-0.1e-7", "2026-01-31", "-infinity"])
# What decides how a cell is written and guarded, and a little of everything else.
LETTERS = st.sampled_from(["=", "+", "-", "@", "\t", "\r", "\n", '"', ",", "1", "e", ".", "٣", "é"])
TEXTS = st.text(LETTERS, max_size=6) | NUMBERS | st.just("\\.")


@st.composite
def results(draw: st.DrawFn) -> tuple[list[Column], list[Row]]:
    kinds = draw(st.lists(st.sampled_from(KINDS), max_size=5))
    columns = [Column(draw(TEXTS), kind.value, kind) for kind in kinds]
    plain = (ValueKind.NUMERIC, ValueKind.DATE)
    cells = [st.none() | (NUMBERS if kind in plain else TEXTS) for kind in kinds]
    return columns, draw(st.lists(st.tuples(*cells), max_size=12))


def encoded(columns: list[Column], rows: list[Row], *, guard: bool) -> tuple[bytes, list[str]]:
    out = io.BytesIO()
    encoder = CsvEncoder(out, guard_formulas=guard)
    encoder.start(columns)
    encoder.write_rows(rows)
    encoder.finish(Summary(len(rows), truncated=False, duration_ms=1.0))
    return out.getvalue(), encoder.notes


def guarded(columns: list[Column], data: bytes, borders: list[int]) -> tuple[bytes, list[str]]:
    guard = CsvGuard(columns)
    places = [0, *sorted(border % (len(data) + 1) for border in borders), len(data)]
    pieces = [data[start:end] for start, end in pairwise(places)]
    out = b"".join(guard.guard(piece) for piece in pieces)
    guard.finish()
    return out, guard.notes


TEXT = Column("t", "text", ValueKind.TEXT)
NUMBER = Column("=n", "numeric", ValueKind.NUMERIC)


@example(([TEXT, NUMBER], [("-5", "-5"), ("-5+1", "-5"), ("-٣", "-1"), ('-"', None)]), [])
@example(([NUMBER, TEXT], [(None, '"=1'), ("1", '=a\n=b,"=c"'), (None, ""), ("2", None)]), [9])
@example(([TEXT], [("\\.",), (None,), ("",), ("=",), ("\n=",), ("\r",)]), [3, 4])
@example(([], [(), ()]), [])
@given(results(), st.lists(st.integers(0, 1000), max_size=4))
def test_any_csv_in_any_pieces_becomes_what_the_encoder_writes(
    result: tuple[list[Column], list[Row]], borders: list[int]
) -> None:
    plain, _ = encoded(*result, guard=False)
    assert guarded(result[0], plain, borders) == encoded(*result, guard=True)


def test_a_piece_without_formulas_is_handed_on_as_it_is() -> None:
    guard = CsvGuard([TEXT, NUMBER])
    assert guard.guard(b"t,=n\n") == b"t,'=n\n"
    piece = b"a,-1\n" * 500
    assert guard.guard(piece) is piece
    assert guard.notes[0].startswith("1 cell(s)")


def test_a_row_that_does_not_end_is_an_error_and_not_written() -> None:
    guard = CsvGuard([TEXT])
    assert guard.guard(b't\n"=1') == b"t\n"
    with pytest.raises(QueryError, match="middle of a row"):
        guard.finish()
