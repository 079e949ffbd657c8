"""Every type, every format, against psql's own text."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from tests.support.psql import psql_rows, run_psql
from tests.support.type_zoo import SETUP, zoo_columns, zoo_query
from tests.support.xlsx_text import unescape

from heliograph.connections.engines.contract import RunOptions, ValueKind
from heliograph.connections.service import open_session
from heliograph.connections.url import parse_connection_url
from heliograph.platform.postgres import connect
from heliograph.queries.encoders.registry import load_encoder
from heliograph.queries.encoders.table import visible
from heliograph.queries.parameters import Parameters
from heliograph.queries.placeholders import parse_template
from heliograph.queries.service import copy_csv, prepare_query, write_result

UTC = RunOptions(time_zone="UTC")
NUMBER_TYPES = ("int2", "int4", "int8", "numeric", "float4", "float8")


class Zoo:
    """A database with the types of the zoo, its query, and what psql says of it."""

    def __init__(self, url: str) -> None:
        self.url = url
        run_psql(url, SETUP)
        with connect(url) as connection:
            self.columns = zoo_columns(connection.info.server_version)
        self.sql = zoo_query(self.columns)
        self.expected, nulls = psql_rows(url, self.sql)
        assert set(nulls) == {None}

    def write(self, format_name: str, sql: str | None = None, **parameters: Any) -> bytes:
        out = io.BytesIO()
        query = prepare_query(parse_template(sql or self.sql), Parameters(**parameters))
        with open_session(parse_connection_url(self.url)) as session:
            write_result(session, query, load_encoder(format_name)(out), UTC)
        return out.getvalue()

    def types(self) -> dict[str, str]:
        document = json.loads(self.write("json"), parse_int=str, parse_float=str)
        return {column["name"]: column["type"] for column in document["columns"]}

    def expected_by_name(self) -> dict[str, str | None]:
        return dict(zip(self.columns, self.expected, strict=True))


@pytest.fixture
def zoo(make_database: Callable[[], str]) -> Zoo:
    return Zoo(make_database())


def test_rows_are_the_text_that_psql_prints(zoo: Zoo) -> None:
    query = prepare_query(parse_template(zoo.sql), Parameters())
    with (
        open_session(parse_connection_url(zoo.url)) as session,
        session.run(query.statement, UTC) as result,
    ):
        (row, nulls) = [row for rows in result.batches() for row in rows]
    assert dict(zip(zoo.columns, row, strict=True)) == zoo.expected_by_name()
    assert set(nulls) == {None}


def test_rows_are_the_text_that_psql_prints_on_other_majors(
    make_major_database: Callable[[], str],
) -> None:
    zoo = Zoo(make_major_database())
    _, row, _ = csv_cells(zoo.write("csv").decode())
    assert dict(zip(zoo.columns, row, strict=True)) == zoo.expected_by_name()


def csv_cells(text: str) -> list[list[str | None]]:
    """Read RFC 4180 with NULL (nothing) told from the empty string (two quotes)."""
    rows: list[list[str | None]] = [[]]
    position, length = 0, len(text)
    while position < length:
        if text[position] == '"':
            end = position + 1
            while not (text[end] == '"' and text[end + 1 : end + 2] != '"'):
                end += 2 if text[end] == '"' else 1
            rows[-1].append(text[position + 1 : end].replace('""', '"'))
            position = end + 1
        else:
            end = position
            while text[end] not in ",\n":
                end += 1
            rows[-1].append(text[position:end] or None)
            position = end
        if text[position] == "\n":
            rows.append([])
        position += 1
    return rows[:-1]


def test_csv_holds_every_value_and_tells_null_from_the_empty_string(zoo: Zoo) -> None:
    text = zoo.write("csv").decode()
    header, row, nulls = csv_cells(text)
    assert header == list(zoo.columns)
    assert dict(zip(zoo.columns, row, strict=True)) == zoo.expected_by_name()
    assert set(nulls) == {None}
    assert [len(row) for row in csv.reader(io.StringIO(text, newline=""))] == [len(header)] * 3


def test_csv_of_the_light_path_is_what_copy_writes_to_the_byte(zoo: Zoo) -> None:
    out = io.BytesIO()
    query = prepare_query(parse_template(zoo.sql), Parameters())
    with open_session(parse_connection_url(zoo.url)) as session:
        copy_csv(session, query, out, UTC)
    assert zoo.write("csv") == out.getvalue()


@pytest.mark.parametrize(
    "sql",
    [
        r"""SELECT * FROM (VALUES ('\.'), (''), (NULL), ('a'), (E'\n'), ('"'), (','), (' ')) v""",
        r"""SELECT '\.' AS a, '\.' AS b""",
        'SELECT 1 AS "a,b", 2 AS "a,b", 3 AS "say ""x""", 4 AS "\\."',
        'SELECT 1 AS "\\."',
        "SELECT FROM generate_series(1, 3)",
        "SELECT NULL::int",
        "SELECT 1 WHERE false",
        "VALUES (1, 'x'), (2, NULL)",
        "TABLE pg_catalog.pg_am",
    ],
)
def test_csv_of_both_paths_is_the_same_at_the_edges(sql: str, superuser_url: str) -> None:
    query = prepare_query(parse_template(sql), Parameters())
    ours, copied = io.BytesIO(), io.BytesIO()
    with open_session(parse_connection_url(superuser_url)) as session:
        write_result(session, query, load_encoder("csv")(ours), UTC)
        copy_csv(session, query, copied, UTC)
    assert ours.getvalue() == copied.getvalue()


def token_text(value: Any, kind: str) -> Any:
    """Turn a parsed JSON value (numbers kept as their tokens) back into PostgreSQL's text."""
    if value is None or isinstance(value, str):
        return value
    assert kind == "bool", kind
    return "t" if value else "f"


@pytest.mark.parametrize("format_name", ["json", "ndjson"])
def test_json_holds_every_value(zoo: Zoo, format_name: str) -> None:
    text = zoo.write(format_name)
    numbers_as_text = {"parse_int": str, "parse_float": str}
    if format_name == "json":
        document = json.loads(text, **numbers_as_text)
        plain = json.loads(text)
        row = dict(zip(zoo.columns, document["rows"][0], strict=True))
        assert set(document["rows"][1]) == {None}
        assert (plain["row_count"], plain["truncated"]) == (2, False)
    else:
        lines = text.splitlines()
        assert len(lines) == 2
        row = json.loads(lines[0], **numbers_as_text)
        assert set(json.loads(lines[1]).values()) == {None}
    types = zoo.types()
    for name, expected in zoo.expected_by_name().items():
        kind = types[name]
        if kind in ("json", "jsonb"):
            wanted = None if expected is None else json.loads(expected, **numbers_as_text)
            assert row[name] == wanted, name
        elif not kind.endswith("[]"):
            assert token_text(row[name], kind) == expected, name


def test_numbers_are_json_tokens_and_not_strings(zoo: Zoo) -> None:
    sql = (
        "SELECT 9223372036854775807::int8, 1.10::numeric, 0.1::float8, 1e20::float8, 1::int2, true"
    )
    assert b"[9223372036854775807,1.10,0.1,1e+20,1,true]" in zoo.write("json", sql)


def test_nan_and_infinity_are_json_strings_next_to_finite_numbers(zoo: Zoo) -> None:
    values = "(1, 'NaN'::float8), (2, 'Infinity'), (3, '-Infinity'), (4, 1.5)"
    sql = f"SELECT x FROM (VALUES {values}) v(n, x) ORDER BY n"
    assert zoo.write("ndjson", sql).decode().splitlines() == [
        '{"x":"NaN"}',
        '{"x":"Infinity"}',
        '{"x":"-Infinity"}',
        '{"x":1.5}',
    ]


def test_arrays_nest_in_json_with_their_elements_exact(zoo: Zoo) -> None:
    document = json.loads(zoo.write("json"), parse_int=str, parse_float=str)
    row = dict(zip(zoo.columns, document["rows"][0], strict=True))
    assert row["int_array_0"] == ["1", "2", None, "-3"]
    assert row["int_array_1"] == []
    assert row["int_array_3"] == [[["1"], ["2"]], [["3"], ["4"]]]
    assert row["int_array_4"] == "[0:1]={5,6}"
    assert row["float_array_0"] == ["NaN", "Infinity", "-Infinity", "0.1", "1e+20"]
    assert row["bool_array_0"] == [True, False, None]
    assert row["text_array_0"] == [
        "a", "", None, "NULL", "null", "a,b", 'q"q', "back\\slash", "{x}", " ",
    ]  # fmt: skip
    assert row["text_array_1"] == ["line\nbreak", "é世"]
    assert row["jsonb_array_0"] == [{"a": "1.10"}, None, None]
    assert row["enum_array_0"] == ["happy", "so, so", None, 'sad "blue"']
    assert row["composite_array_0"] == ['(1,"x y",)', None]
    assert row["box_array_0"] == ["(1,1),(0,0)", "(3,3),(2,2)"]
    assert row["domain_array_0"] == ["1", "2"]


def test_types_are_named_as_postgres_names_them(zoo: Zoo) -> None:
    types = zoo.types()
    assert types["bigint_0"] == "int8"
    assert types["text_array_0"] == "text[]"
    assert types["enum_0"] == "mood"
    assert types["enum_array_0"] == "mood[]"
    assert types["composite_0"] == "point3"
    assert types["domain_0"] == "int4"  # the server describes a domain as what lies beneath


def test_a_void_result_is_the_empty_text_that_psql_prints(zoo: Zoo) -> None:
    assert b'"rows":[\n[""]\n]' in zoo.write("json", "SELECT pg_sleep(0)")


def test_xlsx_holds_every_value_or_its_exact_text(zoo: Zoo, tmp_path: Path) -> None:
    path = tmp_path / "zoo.xlsx"
    path.write_bytes(zoo.write("xlsx"))
    sheet = load_workbook(path)["Result"]
    names = [cell.value for cell in sheet[1]]
    assert names == list(zoo.columns)
    types = zoo.types()
    for cell, name, expected in zip(sheet[2], names, zoo.expected, strict=True):
        assert cell_text(cell.value, types[name], expected) == xlsx_text(expected), name


def xlsx_text(expected: str | None) -> str | None:
    if expected is not None and len(expected.encode("utf-16-le")) // 2 > 32_767:
        return expected[:100]
    return expected


def cell_text(value: Any, kind: str, expected: str | None) -> Any:
    if value is None:
        return None
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, int | float):
        assert kind in NUMBER_TYPES, kind
        if kind in ("float4", "float8"):
            return expected if float(str(expected)) == value else repr(value)
        return expected if Decimal(str(expected)) == Decimal(repr(value)) else repr(value)
    if not isinstance(value, str):  # a real date
        assert kind in ("date", "timestamp")
        text = str(value)
        return text.removesuffix(" 00:00:00") if kind == "date" else trimmed(text)
    text = unescape(value)
    return text[:100] if len(text) > 32_000 else text


def trimmed(timestamp: str) -> str:
    return timestamp.rstrip("0") if "." in timestamp else timestamp


def test_table_shows_every_value_on_one_line(zoo: Zoo) -> None:
    lines = zoo.write("table").decode().split("\n")
    cells = [cell.strip() for cell in lines[2].split(" │ ")]
    assert len(lines) == 6
    for cell, name, expected in zip(cells, zoo.columns, zoo.expected, strict=True):
        assert cell == ("∅" if expected is None else visible(expected).strip()), name


def test_duplicate_and_odd_names_stay_in_csv_and_json_and_are_made_unique_in_ndjson(
    superuser_url: str,
) -> None:
    sql = 'SELECT 1 AS a, 2 AS a, 3 AS a_2, 4, 5, 6 AS "{{x}}", 7 AS "100%s"'
    query = prepare_query(parse_template(sql), Parameters())
    texts, notes = {}, []
    for name in ("csv", "json", "ndjson"):
        out = io.BytesIO()
        encoder = load_encoder(name)(out)
        with open_session(parse_connection_url(superuser_url)) as session:
            write_result(session, query, encoder, UTC)
        texts[name] = out.getvalue().decode()
        notes += encoder.notes
    assert texts["csv"].splitlines()[0] == "a,a,a_2,?column?,?column?,{{x}},100%s"
    columns = [column["name"] for column in json.loads(texts["json"])["columns"]]
    assert columns == ["a", "a", "a_2", "?column?", "?column?", "{{x}}", "100%s"]
    assert json.loads(texts["ndjson"]) == {
        "a": 1, "a_3": 2, "a_2": 3, "?column?": 4, "?column?_2": 5, "{{x}}": 6, "100%s": 7,
    }  # fmt: skip
    assert len(notes) == 2


def test_kinds_are_decided_by_type_and_never_by_value(superuser_url: str) -> None:
    query = prepare_query(parse_template("SELECT '1'::text, 1::numeric, '1'::json"), Parameters())
    with (
        open_session(parse_connection_url(superuser_url)) as session,
        session.run(query.statement, UTC) as result,
    ):
        kinds = [column.kind for column in result.columns]
    assert kinds == [ValueKind.TEXT, ValueKind.NUMERIC, ValueKind.JSON]
