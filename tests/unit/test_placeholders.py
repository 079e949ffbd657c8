"""Placeholders: what is one, what is not, and where an error points."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.repository import ROOT

from heliograph.kernel.errors import (
    ParameterMissing,
    ParametersMixed,
    ParameterSurplus,
    PlaceholderInvalid,
)
from heliograph.queries.placeholders import RenderedSql, parse_template, render


def rendered(sql: str, *names: str) -> RenderedSql:
    return render(parse_template(sql), set(names))


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        ("SELECT {{a}}", "SELECT $1"),
        ("SELECT {{ a }}, {{b}}, {{a}}", "SELECT $1, $2, $1"),
        ("SELECT {{größe}}", "SELECT $1"),
        ("SELECT ARRAY[{{a}}]", "SELECT ARRAY[$1]"),
        ("SELECT ARRAY[[{{a}}]]", "SELECT ARRAY[[$1]]"),
        ("SELECT array [[[1,{{a}}]],[[2,{{a}}]]]", "SELECT array [[[1,$1]],[[2,$1]]]"),
        ("SELECT x[y[{{a}}]]", "SELECT x[y[$1]]"),
        ('SELECT "t"[[{{a}}]]', 'SELECT "t"[[$1]]'),
        ("SELECT (x)[[{{a}}]]", "SELECT (x)[[$1]]"),
        ("SELECT x{{a}}5", "SELECT x $1 5"),
        ("SELECT '{{a}}', {{a}}", "SELECT '{{a}}', $1"),
        ("SELECT E'\\'{{x}}', {{a}}", "SELECT E'\\'{{x}}', $1"),
        ("SELECT E'a'\n'\\'{{x}}', {{a}}", "SELECT E'a'\n'\\'{{x}}', $1"),
        ("SELECT '\\', {{a}}", "SELECT '\\', $1"),
        ("SELECT $q$ {{x}} $q$, {{a}}", "SELECT $q$ {{x}} $q$, $1"),
        ("SELECT $$ $q$ {{x}} $$, {{a}}", "SELECT $$ $q$ {{x}} $$, $1"),
        ('SELECT "{{x}}", {{a}}', 'SELECT "{{x}}", $1'),
        ("SELECT 1 -- {{x}}\n, {{a}}", "SELECT 1 -- {{x}}\n, $1"),
        ("SELECT /* /* {{x}} */ {{y}} */ {{a}}", "SELECT /* /* {{x}} */ {{y}} */ $1"),
        ("SELECT c$1, {{a}}", "SELECT c$1, $1"),
    ],
)
def test_placeholders_count_only_where_sql_is_code(sql: str, text: str) -> None:
    names = parse_template(sql).names
    assert rendered(sql, *names).text == text


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT ARRAY[[1,2],[3,4]]",
        "SELECT '{{1,2},{3,4}}'::int[]",
        "SELECT a[b[1]] FROM t",
        "SELECT (ARRAY[[1]])[1][1]",
        "SELECT $$ {{ $$, '[[' || ']]'",
        "SELECT 'it''s {{x}}'",
        "SELECT 'unterminated {{x}}",
        "",
    ],
)
def test_sql_without_placeholders_is_left_alone(sql: str) -> None:
    template = parse_template(sql)
    assert (template.names, template.positions) == ((), frozenset())
    assert render(template, 0).text == sql


@pytest.mark.parametrize(
    ("sql", "names", "text"),
    [
        ("a [[and x = {{x}}]] b", ["x"], "a  and x = $1  b"),
        ("a [[and x = {{x}}]] b", [], "a  b"),
        ("1=1[[and x={{x}}]]", ["x"], "1=1 and x=$1 "),
        ("[[ {{x}} ]] [[ {{y}} ]]", ["y"], "   $1  "),
        ("[[ x = ANY({{x}}) and y = z[w[1]] ]]", ["x"], "  x = ANY($1) and y = z[w[1]]  "),
        ("[[ a[1] = {{x}} and b = c[2]]]", ["x"], "  a[1] = $1 and b = c[2] "),
        ("[[ {{x}} = ']]' ]]", ["x"], "  $1 = ']]'  "),
        ("[[ {{x}} and {{y}} ]] {{x}}", ["x"], " $1"),
    ],
)
def test_an_optional_clause_stays_when_all_its_placeholders_have_values(
    sql: str, names: list[str], text: str
) -> None:
    assert rendered(sql, *names).text.split() == text.split()


def test_what_stands_only_in_clauses_is_not_required() -> None:
    template = parse_template("{{a}} [[ {{b}} {{a}} ]] [[ {{c}} ]]")
    assert template.required == {"a"}
    with pytest.raises(ParameterMissing, match="for a\\.") as caught:
        render(template, {"b"})
    assert caught.value.code == "parameter_missing"
    assert render(template, {"a"}).labels == ("a",)


def test_surplus_values_are_named() -> None:
    with pytest.raises(ParameterSurplus, match="for z"):
        rendered("SELECT {{a}}", "a", "z")
    with pytest.raises(ParameterSurplus, match=r"\$3"):
        render(parse_template("SELECT $1, $2"), 3)
    with pytest.raises(ParameterMissing, match=r"\$2, \$3"):
        render(parse_template("SELECT $3"), 1)
    assert render(parse_template("SELECT $3"), 3).labels == ("$1", "$2", "$3")


def test_both_kinds_together_are_refused() -> None:
    with pytest.raises(ParametersMixed):
        parse_template("SELECT $1, {{a}}")
    assert parse_template("SELECT '$1', {{a}}").names == ("a",)


@pytest.mark.parametrize(
    ("sql", "column"),
    [("SELECT {{", 8), ("SELECT {{1x}}", 8), ("SELECT {{a", 8), ("SELECT {{a b}}", 8),
     ("SELECT $0", 8), ("SELECT $65536", 8), ("SELECT {{}}", 8)],
)  # fmt: skip
def test_a_malformed_placeholder_is_placed(sql: str, column: int) -> None:
    with pytest.raises(PlaceholderInvalid) as caught:
        parse_template(sql)
    assert (caught.value.line, caught.value.column) == (1, column)
    assert parse_template("SELECT $65535").positions == {65_535}


def test_positions_lead_back_to_the_text_as_written() -> None:
    sql = "SELECT {{first}} [[ , {{gone}} ]] , bad, {{ second }}, worse"
    result = rendered(sql, "first", "second")
    for word in ("SELECT", "bad", "worse"):
        assert result.origin(result.text.index(word) + 1) == sql.index(word) + 1
    assert result.origin(result.text.index("$2") + 1) == sql.index("{{ second") + 1


@given(st.text(alphabet="ab {}[]$1'\"\\-/*\nE,()", max_size=60))
def test_any_text_renders_or_is_refused_by_name(sql: str) -> None:
    try:
        template = parse_template(sql)
    except (PlaceholderInvalid, ParametersMixed):
        return
    given_all = template.names or max(template.positions, default=0)
    result = render(template, given_all)
    assert all(1 <= result.origin(n) <= len(sql) + 1 for n in range(1, len(result.text) + 1))
    if not template.names:
        assert result.text == sql


@given(st.text(max_size=30), st.text(max_size=30))
def test_a_string_literal_never_holds_a_placeholder(before: str, inside: str) -> None:
    literal = "'" + (before + "{{x}}" + inside).replace("'", "''") + "'"
    assert parse_template(f"SELECT {literal}").names == ()


_GOLDEN = json.loads((ROOT / "tests/golden/placeholders.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", _GOLDEN, ids=lambda case: case["sql"])
def test_the_web_app_and_the_server_read_the_same_placeholders(case: dict[str, Any]) -> None:
    """``placeholders.test.ts`` holds the web app to the same file."""
    sql = case["sql"]
    if "error" in case:
        with pytest.raises((PlaceholderInvalid, ParametersMixed)) as caught:
            parse_template(sql)
        assert {"code": caught.value.code, "column": caught.value.column} == case["error"]
        return
    template = parse_template(sql)
    tokens = template.tokens
    assert case == {
        "sql": sql,
        "names": list(template.names),
        "required": sorted(template.required),
        "positions": sorted(template.positions),
        "clauses": [
            sql[tokens[first].start : tokens[last].end] for first, last in template.clauses
        ],
    }
