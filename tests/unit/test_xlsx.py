"""The XLSX encoder: what openpyxl, an independent reader, finds in the workbooks it writes."""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils.datetime import to_excel
from tests.support.xlsx_text import unescape

from heliograph.connections.engines.contract import Column, Row, ValueKind
from heliograph.kernel.errors import OutputFailed
from heliograph.queries.encoders.contract import Encoder, Summary
from heliograph.queries.encoders.xlsx import MAX_COLUMNS, MAX_SHEET_ROWS, XlsxEncoder
from heliograph.queries.encoders.xlsx_cells import MAX_CELL_UNITS, column_letters, cut_text
from heliograph.queries.encoders.xlsx_zip import ZipStream

TYPES = {
    ValueKind.BOOLEAN: "bool",
    ValueKind.INTEGER: "int4",
    ValueKind.BIGINT: "int8",
    ValueKind.NUMERIC: "numeric",
    ValueKind.FLOAT: "float8",
    ValueKind.TEXT: "text",
    ValueKind.JSON: "jsonb",
    ValueKind.DATE: "date",
    ValueKind.TIMESTAMP: "timestamp",
    ValueKind.TIMESTAMPTZ: "timestamptz",
    ValueKind.ARRAY: "int4[]",
    ValueKind.OTHER: "interval",
}


class Pipe(io.RawIOBase):
    """A stream that can only be written to, as a pipe or the body of a response."""

    def __init__(self) -> None:
        self.written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.written += data
        return len(data)


def at(*parts: int) -> datetime:
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001  # a timestamp has no zone


def columns(*kinds: ValueKind, names: Sequence[str] | None = None) -> list[Column]:
    names = names or [f"c{number}" for number in range(1, len(kinds) + 1)]
    return [Column(name, TYPES[kind], kind) for name, kind in zip(names, kinds, strict=True)]


def encode(
    cols: Sequence[Column],
    *batches: Sequence[Row],
    truncated: bool = False,
    **options: Any,
) -> tuple[bytes, list[str]]:
    out = io.BytesIO()
    encoder = XlsxEncoder(out, **options)
    encoder.start(cols)
    for batch in batches:
        encoder.write_rows(batch)
    encoder.finish(Summary(sum(map(len, batches)), truncated=truncated, duration_ms=1.0))
    assert not out.closed
    return out.getvalue(), encoder.notes


def read(data: bytes) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(data))


def column_cells(kind: ValueKind, values: Sequence[str | None]) -> tuple[list[Any], list[str]]:
    """Write one column, return its cells as openpyxl reads them, and the notes."""
    data, notes = encode(columns(kind), [(value,) for value in values])
    sheet = read(data)["Result"]
    return [sheet.cell(row, 1) for row in range(2, len(values) + 2)], notes


def cell_of(kind: ValueKind, value: str | None) -> Any:
    return column_cells(kind, [value])[0][0]


def text_of(kind: ValueKind, value: str) -> str:
    cell = cell_of(kind, value)
    assert cell.data_type == "s"
    return unescape(cell.value)


def parts_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


# Numbers


@pytest.mark.parametrize("value", ["0", "-1", "32767", "2147483647", "-2147483648"])
def test_small_integers_are_numbers(value: str) -> None:
    cell = cell_of(ValueKind.INTEGER, value)
    assert (cell.data_type, cell.value) == ("n", int(value))


@pytest.mark.parametrize("value", ["0", "7", "999999999999999", "-999999999999999"])
def test_bigints_of_15_digits_are_numbers_shown_in_full(value: str) -> None:
    cell = cell_of(ValueKind.BIGINT, value)
    assert (cell.data_type, cell.value, cell.number_format) == ("n", int(value), "0")


@pytest.mark.parametrize(
    "value", ["1000000000000000", "-1000000000000000", "9223372036854775807", "9007199254740993"]
)
def test_bigints_of_16_digits_are_text_beside_numbers_that_fit(value: str) -> None:
    cells, notes = column_cells(ValueKind.BIGINT, ["42", value, "-42"])
    assert [cell.value for cell in cells] == [42, value, -42]
    assert cells[1].number_format == "@"
    assert notes == ['1 value in column "c1" is text: Excel keeps 15 digits of a number.']


@pytest.mark.parametrize(
    ("value", "number_format"),
    [
        ("1.10", "0.00"),
        ("0.000", "0.000"),
        ("12", "0"),
        ("-0.5", "0.0"),
        ("123456789012.345", "0.000"),
        ("0.123456789012345", "0.000000000000000"),
        ("2.5000000000000000", "0.0000000000000000"),
        ("0.000000000000000000000000000001", "0." + 30 * "0"),
    ],
)
def test_numerics_of_15_digits_are_numbers_that_show_their_scale(
    value: str, number_format: str
) -> None:
    cell = cell_of(ValueKind.NUMERIC, value)
    assert cell.data_type == "n"
    assert Decimal(repr(cell.value)) == Decimal(value)
    assert cell.number_format == number_format


@pytest.mark.parametrize(
    "value",
    [
        "1234567890123456",
        "0.1234567890123456",
        "123456789012345.6",
        "3.3333333333333333",
        "0.0000000000000000000000000000001",
        "1" + 400 * "0",
    ],
)
def test_longer_numerics_are_text(value: str) -> None:
    cells, notes = column_cells(ValueKind.NUMERIC, [value, "1.5"])
    assert [(cell.data_type, cell.value) for cell in cells] == [("s", value), ("n", 1.5)]
    assert notes == ['1 value in column "c1" is text: Excel keeps 15 digits of a number.']


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6))
def test_every_numeric_reads_back_equal(number: Decimal) -> None:
    value = f"{abs(number):f}"
    assert Decimal(str(cell_of(ValueKind.NUMERIC, value).value)) == Decimal(value)


@pytest.mark.parametrize("kind", [ValueKind.NUMERIC, ValueKind.FLOAT])
@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_nan_and_infinity_are_text_beside_numbers(kind: ValueKind, value: str) -> None:
    cells, notes = column_cells(kind, ["1.5", value])
    assert [cell.value for cell in cells] == [1.5, value]
    assert notes == [
        '1 value in column "c1" is text: Excel has no NaN and no infinite number.',
    ]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_reads_back_as_the_same_double(number: float) -> None:
    value = "0" if number == 0 else repr(number).removesuffix(".0")
    read_back = cell_of(ValueKind.FLOAT, value).value
    assert float(read_back) == number
    assert isinstance(read_back, str) == (number != 0 and not 1e-307 <= abs(number) < 1e308)


def test_floats_beyond_excel_and_minus_zero_are_text() -> None:
    values = ["-0", "1e+308", "1.7976931348623157e+308", "5e-324", "2.2250738585072014e-308"]
    cells, notes = column_cells(ValueKind.FLOAT, [*values, "1e+307", "-0.5", "1e-307", "3e-05"])
    assert [cell.value for cell in cells] == [*values, 1e307, -0.5, 1e-307, 3e-05]
    assert notes[0] == (
        '5 values in column "c1" are text: Excel has no number so large, so near to zero, or -0.'
    )


def test_floats_of_17_digits_are_exact_numbers_and_noted_as_shown_shorter() -> None:
    cells, notes = column_cells(ValueKind.FLOAT, ["0.1", "0.30000000000000004"])
    assert [cell.value for cell in cells] == [0.1, 0.30000000000000004]
    assert notes == [
        'Numbers in column "c1" are exact, but Excel shows the first 15 digits only.',
    ]
    assert column_cells(ValueKind.FLOAT, ["0.1", "0.000012345678901234"])[1] == []


def test_booleans_are_booleans() -> None:
    cells, _ = column_cells(ValueKind.BOOLEAN, ["t", "f", None])
    assert [(cell.data_type, cell.value) for cell in cells[:2]] == [("b", True), ("b", False)]
    assert cells[2].value is None


# Dates


@pytest.mark.parametrize("value", ["1900-03-01", "1970-01-01", "2024-02-29", "9999-12-31"])
def test_dates_of_excels_calendar_are_dates(value: str) -> None:
    cell = cell_of(ValueKind.DATE, value)
    assert cell.is_date
    assert cell.value == datetime.fromisoformat(value)
    assert cell.number_format == "yyyy-mm-dd"


@pytest.mark.parametrize(
    "value",
    [
        "1900-02-28", "1899-12-31", "0001-01-01", "10000-01-01", "5874897-12-31",
        "0044-03-15 BC", "2024-03-15 BC", "infinity", "-infinity",
    ],
)  # fmt: skip
def test_dates_that_excel_lacks_are_text(value: str) -> None:
    cells, notes = column_cells(ValueKind.DATE, ["2024-01-31", value])
    assert [cell.value for cell in cells] == [at(2024, 1, 31), value]
    assert notes == [
        '1 value in column "c1" is text: Excel\'s calendar runs from 1900-03-01 to 9999-12-31.',
    ]


@given(st.dates(min_value=date(1900, 3, 1)))
def test_every_date_is_the_day_that_excel_counts(day: date) -> None:
    assert cell_of(ValueKind.DATE, day.isoformat()).value.date() == day


@pytest.mark.parametrize(
    ("value", "number_format"),
    [
        ("2024-01-31 00:00:00", "yyyy-mm-dd hh:mm:ss"),
        ("2024-01-31 23:59:59", "yyyy-mm-dd hh:mm:ss"),
        ("1900-03-01 00:00:01", "yyyy-mm-dd hh:mm:ss"),
        ("2024-01-31 23:59:59.999", "yyyy-mm-dd hh:mm:ss.000"),
        ("9999-12-31 23:59:59.5", "yyyy-mm-dd hh:mm:ss.000"),
    ],
)
def test_timestamps_to_the_millisecond_are_dates(value: str, number_format: str) -> None:
    cell = cell_of(ValueKind.TIMESTAMP, value)
    assert cell.value == datetime.fromisoformat(value)
    assert cell.number_format == number_format


@given(
    st.datetimes(min_value=at(1900, 3, 1)),
    st.integers(min_value=0, max_value=999),
)
def test_every_timestamp_to_the_millisecond_reads_back_equal(moment: datetime, ms: int) -> None:
    moment = moment.replace(microsecond=ms * 1000)
    value = str(moment).rstrip("0") if ms else str(moment)
    cell = cell_of(ValueKind.TIMESTAMP, value)
    assert cell.value == moment
    # Not only after rounding: what is held is the moment to a tenth of a microsecond, or as near
    # as a double comes.
    raw = float(re.search(b'r="A2"[^>]*><v>([^<]*)', sheet_xml(ValueKind.TIMESTAMP, value))[1])
    assert math.isclose(raw, to_excel(moment), rel_tol=0, abs_tol=1e-12 + math.ulp(raw))


def sheet_xml(kind: ValueKind, value: str) -> bytes:
    return parts_of(encode(columns(kind), [(value,)])[0])["xl/worksheets/sheet1.xml"]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("2024-01-31 10:00:00.123456", "Excel keeps times to the millisecond"),
        ("2024-01-31 10:00:00.0001", "Excel keeps times to the millisecond"),
        ("1900-02-28 23:59:59", "Excel's calendar runs from 1900-03-01 to 9999-12-31"),
        ("10000-01-01 00:00:00", "Excel's calendar runs from 1900-03-01 to 9999-12-31"),
        ("294276-12-31 23:59:59", "Excel's calendar runs from 1900-03-01 to 9999-12-31"),
        ("2024-01-31 10:00:00 BC", "Excel's calendar runs from 1900-03-01 to 9999-12-31"),
        ("2024-01-31 10:00:00.5 BC", "Excel's calendar runs from 1900-03-01 to 9999-12-31"),
        ("infinity", "Excel's calendar runs from 1900-03-01 to 9999-12-31"),
        ("-infinity", "Excel's calendar runs from 1900-03-01 to 9999-12-31"),
    ],
)
def test_other_timestamps_are_text(value: str, reason: str) -> None:
    cells, notes = column_cells(ValueKind.TIMESTAMP, [value, "2024-01-31 10:00:00"])
    assert [cell.value for cell in cells] == [value, at(2024, 1, 31, 10)]
    assert notes == [f'1 value in column "c1" is text: {reason}.']


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (ValueKind.TIMESTAMPTZ, "2024-01-31 10:00:00+00"),
        (ValueKind.TIMESTAMPTZ, "0044-03-15 10:00:00.123456+05:30 BC"),
        (ValueKind.OTHER, "24:00:00"),
        (ValueKind.OTHER, "04:05:06.789-08"),
        (ValueKind.OTHER, "-1 years -2 mons +3 days -04:05:06.789"),
        (ValueKind.OTHER, "\\xdeadbeef"),
        (ValueKind.OTHER, '(1,"a ""b""",)'),
        (ValueKind.OTHER, "[1,10)"),
        (ValueKind.ARRAY, "{{1,2},{3,NULL}}"),
        (ValueKind.JSON, '{"n": 12345678901234567890.123, "t": "<&>"}'),
        (ValueKind.TEXT, "0123"),
        (ValueKind.TEXT, "1e5"),
    ],
)
def test_everything_else_is_the_databases_text(kind: ValueKind, value: str) -> None:
    cells, notes = column_cells(kind, [value])
    assert (cells[0].data_type, cells[0].value, notes) == ("s", value, [])


# Text


def test_null_is_no_cell_and_empty_text_is_an_empty_cell() -> None:
    data, _ = encode(
        columns(ValueKind.TEXT, ValueKind.INTEGER, ValueKind.TEXT),
        [(None, "1", ""), ("", None, None), (None, None, None)],
    )
    sheet = read(data)["Result"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
    assert rows == [[None, 1, ""], ["", None, None], [None, None, None]]
    written = re.findall(b'r="([A-C][234])"', parts_of(data)["xl/worksheets/sheet1.xml"])
    assert written == [b"B2", b"C2", b"A3", b"A4"]


def test_a_row_of_nothing_but_nulls_is_still_a_row() -> None:
    data, _ = encode(columns(ValueKind.TEXT, ValueKind.TEXT), [("a", None), (None, None)])
    assert list(read(data)["Result"].iter_rows(values_only=True))[1:] == [("a", None), (None, None)]
    assert b'<c r="A3"/>' in parts_of(data)["xl/worksheets/sheet1.xml"]


@pytest.mark.parametrize(
    "value",
    [
        "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "<b>&amp;</b>", "]]>", " lead", "trail ",
        "  ", "\n", "a\nb", "a\r\nb", "\r", "tab\there", "\x01\x02\x1f", "\x0b\x0c", "\x7f\x85",
        "\ufffe\uffff", "\u2028", "\u00a0x\u00a0", "_x0041_", "_x005F_x0041_", "_x0041_x0042_",
        "_x0041\x01", "_\x01", "__x0041__", "_xD83D_", "_X0041_", "_x004_", "😀👩‍👩‍👧", "日本語",
        "e\u0301",
    ],
)  # fmt: skip
def test_every_character_survives(value: str) -> None:
    assert text_of(ValueKind.TEXT, value) == value


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
        | st.text(st.sampled_from("_x0041F&<> \t\n\r\x01=")),
        min_size=1,
    )
)
def test_any_text_reads_back_equal(values: list[str]) -> None:
    cells, notes = column_cells(ValueKind.TEXT, values)
    assert [unescape(cell.value) for cell in cells] == values
    assert all(cell.data_type == "s" for cell in cells)
    assert notes == []


def test_what_xml_can_hold_needs_no_unescaping_by_the_reader() -> None:
    value = "a\r\nb\tc <&> ]]> _x _x00 \x7f"
    assert cell_of(ValueKind.TEXT, value).value == value


@pytest.mark.parametrize("value", [" a", "a ", "a\n", "\ta"])
def test_white_space_at_the_ends_is_marked_to_be_kept(value: str) -> None:
    assert b'<t xml:space="preserve">' in sheet_xml(ValueKind.TEXT, value)
    assert b'<t xml:space="preserve">' not in sheet_xml(ValueKind.TEXT, "a b")


def test_guard_flags_formulas_as_text_and_changes_no_character() -> None:
    values = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "1+1", "", "a=b"]
    data, notes = encode(
        columns(ValueKind.TEXT), [(value,) for value in values], guard_formulas=True
    )
    cells = [read(data)["Result"].cell(row, 1) for row in range(2, len(values) + 2)]
    assert [cell.value for cell in cells] == values
    assert [bool(cell.quotePrefix) for cell in cells] == 6 * [True] + 3 * [False]
    assert notes == []
    assert not cell_of(ValueKind.TEXT, "=1+1").quotePrefix


def test_no_text_is_ever_a_formula() -> None:
    data, _ = encode(columns(ValueKind.TEXT), [("=1+1",), ('=HYPERLINK("http://x")',)])
    assert b"<f" not in parts_of(data)["xl/worksheets/sheet1.xml"]


def test_long_text_is_cut_with_a_mark_and_counted() -> None:
    longest, longer = "a" * MAX_CELL_UNITS, "b" * (MAX_CELL_UNITS + 1)
    cells, notes = column_cells(ValueKind.TEXT, [longest, longer, longer, "short"])
    assert cells[0].value == longest
    assert len(cells[1].value) == MAX_CELL_UNITS
    assert cells[1].value.endswith("bb … [cut: 32,768 characters]")
    assert cells[3].value == "short"
    assert notes == ['2 values in column "c1" are cut: a cell of Excel holds 32,767 characters.']


@given(st.integers(16_350, 16_500), st.integers(0, 3), st.integers(0, 70))
def test_cut_counts_utf16_units_and_halves_no_character(wide: int, before: int, after: int) -> None:
    value = "a" * before + "😀" * wide + "b" * after
    units = before + 2 * wide + after
    cut = cut_text(value)
    if units <= MAX_CELL_UNITS:
        assert cut is value
    else:
        assert MAX_CELL_UNITS - 1 <= len(cut.encode("utf-16-le")) // 2 <= MAX_CELL_UNITS
        kept, _, mark = cut.partition(" … ")
        assert mark == f"[cut: {units:,} characters]"
        assert value.startswith(kept)


# Sheets


def test_rows_beyond_a_sheet_continue_on_the_next_under_the_same_header() -> None:
    rows: list[Row] = [(str(number), f"n{number}") for number in range(25)]
    data, notes = encode(
        columns(ValueKind.INTEGER, ValueKind.TEXT), rows[:7], rows[7:22], rows[22:], sheet_rows=11
    )
    book = read(data)
    assert book.sheetnames == ["Result", "Result 2", "Result 3", "Notes"]
    found = []
    for name in book.sheetnames[:3]:
        header, *body = book[name].iter_rows(values_only=True)
        assert header == ("c1", "c2")
        found += body
    assert found == [(number, f"n{number}") for number in range(25)]
    assert [book[name].max_row for name in book.sheetnames[:3]] == [11, 11, 6]
    assert notes == [
        (
            "The result is larger than one sheet of Excel (11 rows, header included):"
            ' it continues on "Result 2" to "Result 3".'
        ),
    ]
    assert [row[0] for row in book["Notes"].iter_rows(values_only=True)] == ["Notes", *notes]


def test_a_sheet_that_is_exactly_full_is_not_continued() -> None:
    data, notes = encode(columns(ValueKind.INTEGER), [(str(n),) for n in range(10)], sheet_rows=11)
    assert read(data).sheetnames == ["Result"]
    assert notes == []


@pytest.mark.parametrize("extra", [0, 1])
def test_excels_own_limit_of_rows_is_kept(extra: int) -> None:
    def batches() -> Iterator[list[Row]]:
        left = MAX_SHEET_ROWS - 1 + extra
        while left:
            yield [("1",)] * min(left, 5000)
            left -= min(left, 5000)

    data, notes = encode(columns(ValueKind.INTEGER), *batches())
    parts = parts_of(data)
    assert parts["xl/worksheets/sheet1.xml"].count(b"<row ") == MAX_SHEET_ROWS == 1_048_576
    assert b'<autoFilter ref="A1:A1048576"/>' in parts["xl/worksheets/sheet1.xml"]
    assert len(notes) == extra
    assert ("xl/worksheets/sheet2.xml" in parts) == bool(extra)
    if extra:
        assert parts["xl/worksheets/sheet2.xml"].count(b"<row ") == 2


def test_16_384_columns_are_written_and_one_more_is_refused_before_any_byte() -> None:
    data, _ = encode(columns(*[ValueKind.INTEGER] * MAX_COLUMNS), [("1",) * MAX_COLUMNS])
    assert b'<c r="XFD2"><v>1</v></c>' in parts_of(data)["xl/worksheets/sheet1.xml"]
    out = io.BytesIO()
    with pytest.raises(OutputFailed, match=r"16,384 columns; the result has 16,385"):
        XlsxEncoder(out).start(columns(*[ValueKind.INTEGER] * (MAX_COLUMNS + 1)))
    assert out.getvalue() == b""


@pytest.mark.parametrize(
    ("index", "letters"),
    [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA"), (16383, "XFD")],
)
def test_columns_are_named_as_excel_names_them(index: int, letters: str) -> None:
    assert column_letters(index) == letters


def test_header_is_bold_frozen_and_filtered() -> None:
    data, _ = encode(columns(ValueKind.INTEGER, ValueKind.TEXT), [("1", "a"), ("2", "b")])
    sheet = read(data)["Result"]
    assert [cell.font.b for cell in sheet[1]] == [True, True]
    assert not sheet["A2"].font.b
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:B3")


def test_column_names_may_be_equal_empty_or_full_of_markup() -> None:
    names = ["a", "a", "", "<&>\"'", "=1+1", "?column?", " b "]
    data, _ = encode(columns(*[ValueKind.TEXT] * 7, names=names), [("x",) * 7])
    assert [cell.value for cell in read(data)["Result"][1]] == names


def test_columns_are_as_wide_as_their_first_rows_need_within_bounds() -> None:
    kinds = [ValueKind.TEXT, ValueKind.TEXT, ValueKind.TIMESTAMP, ValueKind.TEXT]
    row = ("x" * 30, "y" * 300, "2024-01-31 10:00:00", "z")
    data, _ = encode(columns(*kinds, names=["a", "b", "c", "a longer name"]), [row])
    dimensions = read(data)["Result"].column_dimensions
    assert [dimensions[letter].width for letter in "ABCD"] == [32, 60, 21, 17]


def test_a_result_without_rows_has_its_header() -> None:
    data, notes = encode(columns(ValueKind.INTEGER, ValueKind.TEXT))
    assert list(read(data)["Result"].iter_rows(values_only=True)) == [("c1", "c2")]
    assert notes == []


@pytest.mark.parametrize("rows", [[], [()], [(), ()]])
def test_a_result_without_columns_is_an_empty_sheet(rows: list[Row]) -> None:
    data, notes = encode([], rows)
    assert [row for row in read(data)["Result"].iter_rows(values_only=True) if any(row)] == []
    assert notes == []


def test_empty_batches_write_nothing() -> None:
    data, _ = encode(columns(ValueKind.INTEGER), [], [("1",)], [], [("2",)])
    rows = list(read(data)["Result"].iter_rows(values_only=True))
    assert rows == [("c1",), (1,), (2,)]


def test_a_truncated_result_says_so_on_the_notes_sheet_only() -> None:
    data, notes = encode(columns(ValueKind.INTEGER), [("1",), ("2",)], truncated=True)
    book = read(data)
    assert list(book["Result"].iter_rows(values_only=True)) == [("c1",), (1,), (2,)]
    assert book["Notes"]["A2"].value == "The result is cut after 2 rows: the query gives more."
    assert notes == []


def test_notes_name_up_to_five_columns_and_count_the_rest() -> None:
    big = "12345678901234567890"
    names = ["a", "", "c", "d", "e", "f", "g"]
    _, notes = encode(columns(*[ValueKind.BIGINT] * 7, names=names), [(big,) * 7])
    assert notes == [
        (
            '7 values in columns "a", number 2, "c", "d", "e" and 2 more are text:'
            " Excel keeps 15 digits of a number."
        ),
    ]


def test_values_of_a_row_stay_together_whatever_is_null() -> None:
    kinds = list(ValueKind)
    full = {
        ValueKind.BOOLEAN: "t",
        ValueKind.DATE: "2024-01-31",
        ValueKind.TIMESTAMP: "2024-01-31 10:00:00",
    }
    rows = [
        tuple(
            None if (row * 7 + place) % 3 == 0 else full.get(kind, str(row))
            for place, kind in enumerate(kinds)
        )
        for row in range(300)
    ]
    sheet = read(encode(columns(*kinds), rows[:1], rows[1:])[0])["Result"]
    expected = {"t": True, "2024-01-31": at(2024, 1, 31)}
    expected["2024-01-31 10:00:00"] = at(2024, 1, 31, 10)
    numbers = {ValueKind.INTEGER, ValueKind.BIGINT, ValueKind.NUMERIC, ValueKind.FLOAT}
    for row, cells in zip(rows, sheet.iter_rows(min_row=2, values_only=True), strict=True):
        for kind, value, cell in zip(kinds, row, cells, strict=True):
            if value is not None and kind in numbers:
                assert cell == int(value)
            else:
                assert cell == expected.get(value or "", value)


# The package


def test_the_encoder_fulfils_its_contract() -> None:
    encoder: Encoder = XlsxEncoder(io.BytesIO())
    assert encoder.notes == []


def test_an_unseekable_stream_gets_the_same_bytes() -> None:
    pipe = Pipe()
    encoder = XlsxEncoder(pipe)  # type: ignore[arg-type]  # all that BinaryIO needs here
    encoder.start(columns(ValueKind.TEXT))
    encoder.write_rows([("a",)])
    encoder.finish(Summary(1, truncated=False, duration_ms=9.0))
    assert bytes(pipe.written) == encode(columns(ValueKind.TEXT), [("a",)])[0]


def test_rows_leave_before_the_result_has_ended() -> None:
    out = io.BytesIO()
    encoder = XlsxEncoder(out)
    encoder.start(columns(ValueKind.INTEGER))
    before = len(out.getvalue())
    for start in range(0, 100_000, 5000):
        encoder.write_rows([(str(number * 7919),) for number in range(start, start + 5000)])
    assert len(out.getvalue()) > before + 100_000


def test_every_part_is_well_formed_and_declared() -> None:
    big = "12345678901234567890"
    rows: list[Row] = [(big,)] * 30
    parts = parts_of(encode(columns(ValueKind.BIGINT), rows, sheet_rows=11, truncated=True)[0])
    trees = {name: ET.fromstring(content) for name, content in parts.items()}
    declared = {part.get("PartName") for part in trees["[Content_Types].xml"]} - {None}
    assert declared == {f"/{name}" for name in parts if not name.endswith((".rels", "].xml"))}
    targets = {f"xl/{relation.get('Target')}" for relation in trees["xl/_rels/workbook.xml.rels"]}
    assert {f"/{target}" for target in targets} == declared - {"/xl/workbook.xml"}


def test_archive_uses_no_zip64_when_small_and_fixed_times() -> None:
    data, _ = encode(columns(ValueKind.TEXT), [("a",)])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {info.extract_version for info in archive.infolist()} == {20}
    assert b"PK\x06\x06" not in data


class Far(io.BytesIO):
    """What stands after ``SKIPPED`` bytes of a stream too long to hold."""

    SKIPPED = 5 << 30

    def seek(self, offset: int, whence: int = 0) -> int:
        if whence == 0:
            offset -= self.SKIPPED
        return super().seek(offset, whence) + self.SKIPPED

    def tell(self) -> int:
        return super().tell() + self.SKIPPED


def test_an_archive_beyond_4_gib_has_zip64_records() -> None:
    out = io.BytesIO()
    archive = ZipStream(out, position=Far.SKIPPED)
    archive.add("one.txt", b"first")
    archive.add("two.txt", b"second" * 1000)
    archive.close()
    with zipfile.ZipFile(Far(out.getvalue())) as read_back:
        assert read_back.testzip() is None
        assert read_back.read("one.txt") == b"first"
        assert read_back.read("two.txt") == b"second" * 1000
        assert read_back.getinfo("one.txt").header_offset == Far.SKIPPED


def test_timestamps_of_every_minute_and_millisecond_are_exact() -> None:
    moments = [at(2024, 1, 31) + timedelta(minutes=n, seconds=n % 60) for n in range(1440)]
    moments += [at(2079, 6, 7, 23, 59, 59, n * 1000) for n in range(1, 1000)]
    texts = [str(m).rstrip("0") if m.microsecond else str(m) for m in moments]
    cells, notes = column_cells(ValueKind.TIMESTAMP, texts)
    assert [cell.value for cell in cells] == moments
    assert notes == []
