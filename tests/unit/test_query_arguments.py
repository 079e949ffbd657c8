"""What people type after `heliograph query`, and what a screen of 80 columns can show them."""

from __future__ import annotations

import io

import pytest

from heliograph.cli.parser import parse_arguments
from heliograph.connections.engines.contract import Column, ValueKind
from heliograph.connections.engines.postgres.errors import Diagnosis, query_error
from heliograph.kernel.errors import HeliographError, ParameterSurplus, TextUndecodable, UsageError
from heliograph.queries.encoders.contract import Summary
from heliograph.queries.encoders.table import TableEncoder
from heliograph.queries.placeholders import parse_template, render


@pytest.mark.parametrize("value", ["-5", "-x", "--", "-p", "--format", "", "a=b", "-x y", "é世"])
@pytest.mark.parametrize("option", ["-p", "--param"])
def test_what_follows_p_is_its_value_whatever_it_begins_with(option: str, value: str) -> None:
    options = parse_arguments(["query", option, value, "SELECT 1", option, "last"])
    assert options.param == [value, "last"]
    assert options.sql == "SELECT 1"


def test_a_p_without_a_value_is_refused() -> None:
    with pytest.raises(UsageError, match="expected one argument"):
        parse_arguments(["query", "SELECT 1", "-p"])


def test_sql_may_begin_with_a_comment() -> None:
    assert parse_arguments(["query", "-- all\nSELECT 1"]).sql == "-- all\nSELECT 1"
    assert parse_arguments(["query", "--", "--all\nSELECT 1"]).sql == "--all\nSELECT 1"
    assert parse_arguments(["query", "--", "-p"]).sql == "-p"


def test_sql_without_quotes_around_it_is_explained() -> None:
    with pytest.raises(UsageError) as caught:
        parse_arguments(["query", "SELECT", "1"])
    assert "quotes" in str(caught.value.hint)


def test_a_format_may_be_written_in_capitals() -> None:
    assert parse_arguments(["query", "SELECT 1", "--format", "CSV"]).format == "csv"
    with pytest.raises(UsageError, match="pdf"):
        parse_arguments(["query", "SELECT 1", "--format", "pdf"])


@pytest.mark.parametrize("text", ["-1", "1,000", "many", "", "1e3", "²"])
def test_a_number_of_rows_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="whole number"):
        parse_arguments(["query", "SELECT 1", f"--max-rows={text}"])


@pytest.mark.parametrize(
    ("text", "count"), [("0", 0), ("7", 7), ("99999999999", 99999999999), ("9" * 5000, 2**62)]
)
def test_any_number_of_rows_is_taken(text: str, count: int) -> None:
    assert parse_arguments(["query", "SELECT 1", "--max-rows", text]).max_rows == count


@pytest.mark.parametrize(
    ("sql", "words"),
    [("SELECT '{{day}}'", "quotes"), ("SELECT '$1'", "quotes"), ("SELECT :day", "{{name}}")],
)
def test_a_value_without_a_place_says_how_to_write_the_place(sql: str, words: str) -> None:
    with pytest.raises(ParameterSurplus) as caught:
        render(parse_template(sql), 1)
    assert words in str(caught.value.hint)


def error_of(sqlstate: str, sql: str = "", position: int | None = None) -> HeliographError:
    diagnosis = Diagnosis(sqlstate, "message", position)
    return query_error(diagnosis, sql=sql, origin=lambda place: place)


def test_a_text_in_double_quotes_is_explained_and_an_unknown_column_is_not() -> None:
    sql = 'SELECT * FROM t WHERE a = "x"'
    assert "single quotes" in str(error_of("42703", sql, sql.index('"') + 1).hint)
    assert error_of("42703", sql, sql.index("a =") + 1).hint is None


def test_text_that_the_server_cannot_convert_is_undecodable() -> None:
    assert isinstance(error_of("22021"), TextUndecodable)
    assert not isinstance(error_of("22023"), TextUndecodable)


# The table


def shown(widths: list[int], *, width: int, rows: int = 2) -> list[str]:
    out = io.BytesIO()
    encoder = TableEncoder(out, width=width)
    encoder.start([Column(f"c{n}", "text", ValueKind.TEXT) for n in range(len(widths))])
    encoder.write_rows([tuple("x" * size for size in widths)] * rows)
    encoder.finish(Summary(rows, truncated=False, duration_ms=1))
    return out.getvalue().decode().splitlines()


def test_columns_that_fit_stand_side_by_side() -> None:
    lines = shown([20, 20, 200], width=80)
    assert lines[0].split() == ["c0", "│", "c1", "│", "c2"]
    assert max(map(len, lines)) <= 80


def test_columns_that_do_not_fit_become_a_record_for_each_row() -> None:
    lines = shown([20] * 9 + [200], width=80)
    assert lines[0].startswith("─ 1 ──")
    assert lines[1] == "c0 │ " + "x" * 20
    assert lines[10] == "c9 │ " + "x" * 74 + "…"
    assert lines[11].startswith("─ 2 ──")
    assert max(map(len, lines)) == 80
    assert lines[-1] == "2 rows · 1 ms"


def test_a_wide_table_without_rows_is_its_header() -> None:
    lines = shown([20] * 30, width=80, rows=0)
    assert lines[0].split(" │ ")[29] == "c29"
    assert lines[-1] == "0 rows · 1 ms"
