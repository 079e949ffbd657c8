"""What the guard refuses, what it lets pass, and where it says that something stands."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.guard_cases import (
    DISGUISES,
    FUNCTION,
    HARMLESS,
    INNOCENT,
    THIRD_PARTY,
    Disguise,
)

from heliograph.kernel.errors import (
    FunctionRefused,
    HeliographError,
    QueryRefused,
    SeveralStatements,
    SqlEmpty,
    SqlInvalid,
    SqlTooLarge,
    StatementRefused,
)
from heliograph.queries.guard import Statement, StatementKind, check_statement
from heliograph.queries.guard_functions import BUILTIN, EXTENSION
from heliograph.queries.guard_rules import ALLOWED, REFUSED, REFUSED_VIEWS

REFERENCE = Path(__file__).parents[2] / "docs/reference/guard.md"


def refuse(sql: str) -> HeliographError:
    with pytest.raises(QueryRefused) as caught:
        check_statement(sql)
    return caught.value


def marked(sql: str) -> tuple[str, int]:
    """Return the SQL without its mark ``¦`` and the 1-based position where the mark stood."""
    return sql.replace("¦", ""), sql.index("¦") + 1


@pytest.mark.parametrize("case", DISGUISES, ids=lambda case: case.name)
def test_disguise_is_refused_at_its_place_with_a_hint(case: Disguise) -> None:
    error = refuse(case.sql)

    assert error.code == case.code
    assert error.hint
    assert error.position is not None
    assert 1 <= error.position <= len(case.sql)


@pytest.mark.parametrize(
    "sql", [sql for _, sql in THIRD_PARTY], ids=[name for name, _ in THIRD_PARTY]
)
def test_function_of_an_absent_extension_is_refused_by_name(sql: str) -> None:
    assert refuse(sql).code == FUNCTION


@pytest.mark.parametrize(
    "sql",
    [sql for _, sql in INNOCENT + HARMLESS],
    ids=[name for name, _ in INNOCENT + HARMLESS],
)
def test_innocent_look_alike_passes(sql: str) -> None:
    statement = check_statement(sql)

    assert sql[statement.offset :].startswith(statement.text)


def test_there_are_enough_cases_and_each_has_a_name_of_its_own() -> None:
    assert len(DISGUISES) >= 60
    assert len(INNOCENT) >= 60
    names = [case.name for case in DISGUISES]
    assert len(set(names)) == len(names)
    assert len({name for name, _ in INNOCENT}) == len(INNOCENT)


@pytest.mark.parametrize(
    ("sql", "kind", "is_wrappable"),
    [
        ("SELECT 1", StatementKind.SELECT, True),
        ("WITH a AS (SELECT 1) TABLE a", StatementKind.SELECT, True),
        ("VALUES (1)", StatementKind.VALUES, True),
        ("/* a */ table t", StatementKind.TABLE, True),
        ("SELECT 1 UNION TABLE t", StatementKind.SELECT, True),
        ("SHOW all", StatementKind.SHOW, False),
        ("EXPLAIN TABLE t", StatementKind.EXPLAIN, False),
        ("CALL p()", StatementKind.CALL, False),
    ],
)
def test_kind_is_told(sql: str, kind: StatementKind, is_wrappable: bool) -> None:
    statement = check_statement(sql)

    assert (statement.kind, statement.is_wrappable) == (kind, is_wrappable)


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        ("  SELECT 1 ; \n", "SELECT 1"),
        ("/* 数 */ SELECT '数' -- 数\n;-- end", "SELECT '数'"),
        ("SELECT 1 /* a */ + /* b */ 2 /* c /* d */ */", "SELECT 1 /* a */ + /* b */ 2"),
        (";;\n;SELECT '-- no comment' -- comment", "SELECT '-- no comment'"),
        ("SELECT $a$-- /*$a$ -- x", "SELECT $a$-- /*$a$"),
        ('SELECT 1 AS "--" /**/', 'SELECT 1 AS "--"'),
        (r"SELECT E'\'--' --'", r"SELECT E'\'--'"),
        (r"SELECT '\' --'", r"SELECT '\'"),
        ("SELECT a$b$ FROM t --$b$", "SELECT a$b$ FROM t"),
        ("SELECT 1--\r", "SELECT 1"),
        ("SELECT 4--1", "SELECT 4"),
    ],
)
def test_text_is_the_statement_without_what_surrounds_it(sql: str, text: str) -> None:
    statement = check_statement(sql)

    assert statement.text == text
    assert statement.offset == sql.index(text)


def test_functions_are_named_without_schema_and_in_lower_case() -> None:
    statement = check_statement(
        'SELECT app.F(1), count(*), "G"() FROM Generate_Series(1, 2) WHERE x IN (SELECT h(x))'
    )

    assert statement.functions == {"f", "count", "g", "generate_series", "h"}


def test_parameters_are_found_everywhere_but_in_quotes() -> None:
    statement = check_statement("SELECT $1, '$9', $$ $8 $$ FROM f($3) LIMIT $2 -- $7")

    assert statement.parameters == {1, 2, 3}


@pytest.mark.parametrize("sql", ["", "  \n", ";", " ; ; ", "-- SELECT 1", "/* a /* b */ */ ;"])
def test_nothing_is_refused_as_empty(sql: str) -> None:
    assert isinstance(refuse(sql), SqlEmpty)


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("/* é😀 */ ¦DELETE FROM t", StatementRefused),
        ("SELECT 'é😀'; -- 数\n  ¦SELECT 2", SeveralStatements),
        ("SELECT 'é😀',\n\t¦pg_read_file('數')", FunctionRefused),
        ("SELECT 'é' FROM (SELECT 'for update' FROM t ¦FOR UPDATE) AS x", StatementRefused),
        ("SELECT 'into', é ¦INTO t", StatementRefused),
        ("WITH é AS (/* delete */ ¦DELETE FROM t RETURNING 1) TABLE é", StatementRefused),
        ("EXPLAIN /* é */ ¦UPDATE t SET a = 1", StatementRefused),
        ("SELECT 'é', (¦'数'::text).pg_read_file", FunctionRefused),
        ("SELECT 'é' FROM ¦pg_hba_file_rules", FunctionRefused),
        ("SELECT ¦nextval('é'), pg_read_file('b')", FunctionRefused),
    ],
)
def test_refusal_points_at_the_character(sql: str, error: type[HeliographError]) -> None:
    text, position = marked(sql)
    raised = refuse(text)

    assert type(raised) is error
    assert raised.position == position
    before = text[: position - 1]
    assert (raised.line, raised.column) == (
        before.count("\n") + 1,
        len(before) - (before.rfind("\n") + 1) + 1,
    )


@pytest.mark.parametrize(
    "sql",
    [
        "¦SELEC 1",
        "SELECT 'é😀' fro ¦fro",
        "SELECT 'é', ¦'数",
        "SELECT 'é' ¦/* 数",
        "SELECT 'é' +¦",
        "SELECT\n  'é',\n  , 1".replace("  ,", "  ¦,"),
        "SELECT 'a' ¦\0; DROP TABLE t",
        "SELECT 'é¦\ud800'",
    ],
)
def test_invalid_sql_points_at_the_character(sql: str) -> None:
    text, position = marked(sql)
    with pytest.raises(SqlInvalid) as caught:
        check_statement(text)

    assert caught.value.position == position
    assert caught.value.sqlstate in ("42601", "22021")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1" + "+1" * 490_000,
        "SELECT 1" + " UNION SELECT 1" * 60_000,
        "SELECT " + "(" * 400_000 + "1" + ")" * 400_000,
        "SELECT " + "NOT " * 200_000 + "true",
        "SELECT " + "f(" * 10_000 + "1" + ")" * 10_000,
        "SELECT '" + "é" * 500_000 + "'",
        "SELECT 1 " + "/*" * 200_000 + "*/" * 200_000,
        "SELECT 1 " + "/**/" * 200_000,
        "SELECT 1 " + "+" * 900_000 + " 1",
    ],
    ids=[
        "operators",
        "unions",
        "parentheses",
        "nots",
        "calls",
        "bytes",
        "nesting",
        "comments",
        "runs",
    ],
)
@pytest.mark.timeout(20)
def test_what_is_too_large_or_too_deep_is_soon_refused_and_the_process_lives(sql: str) -> None:
    assert isinstance(refuse(sql), SqlTooLarge)


def test_a_wide_statement_of_nearly_the_largest_size_passes() -> None:
    statement = check_statement(f"SELECT 1 WHERE 1 IN ({','.join(['12345678'] * 20_000)})")

    assert statement.kind is StatementKind.SELECT


def test_a_comment_with_a_long_line_of_stars_passes() -> None:
    assert check_statement(f"/{'*' * 900}/ SELECT '{'=' * 900}' -- {'-' * 900}")


def test_a_chain_of_three_hundred_operators_passes() -> None:
    assert check_statement("SELECT 1" + " + 1" * 300)


@pytest.mark.parametrize(
    "name", sorted((BUILTIN | EXTENSION) - frozenset().union(*ALLOWED.values()))
)
def test_volatile_function_that_is_not_allowed_is_refused(name: str) -> None:
    assert refuse(f"SELECT {name}(1)").code == FUNCTION
    assert refuse(f"SELECT pg_catalog.{name}(1)").code == FUNCTION


@pytest.mark.parametrize("name", sorted(frozenset().union(*ALLOWED.values())))
def test_allowed_function_passes(name: str) -> None:
    assert check_statement(f"SELECT pg_catalog.{name}(1), {name}()").functions == {name}


def test_every_allowed_function_is_volatile_somewhere() -> None:
    assert frozenset().union(*ALLOWED.values()) <= BUILTIN | EXTENSION


def test_own_function_named_like_a_builtin_needs_its_schema() -> None:
    assert check_statement("SELECT app.nextval(1)")
    assert refuse("SELECT nextval(1)").hint


def test_reference_names_every_group_and_every_allowed_function() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    rows = {
        cells[1].strip(): set(cells[2].replace("`", "").replace(",", " ").split())
        for line in text.splitlines()
        if (cells := line.split("|")) and len(cells) >= 5
    }

    for group, names in ALLOWED.items():
        assert rows[group] == names, group
    for refusal in REFUSED:
        expected = refusal.names | {f"{prefix}*" for prefix in refusal.prefixes}
        assert rows[refusal.group] == expected, refusal.group
    assert rows["views over files"] == REFUSED_VIEWS


def test_importing_the_guard_loads_nothing_heavy() -> None:
    code = "import sys, heliograph.queries.guard; print(*sys.modules)"
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert not {"pydantic", "psycopg", "asyncio", "openpyxl"} & set(output.stdout.split())


WORDS = "SELECT FROM t x WHERE WITH AS DELETE INTO FOR UPDATE EXPLAIN CALL VALUES AND nextval"
MARKS = "( ) , ; -- /* */ ' '' \" $$ $a$ E' U&' \\ $1 1 + * :: . [ ] é 😀"
PIECES = st.sampled_from([*WORDS.split(), *MARKS.split(), "\n", "\r", "\0", "\ud800"])


@given(st.one_of(st.text(), st.lists(PIECES, max_size=20).map(" ".join)))
def test_any_text_passes_or_is_refused_and_what_passes_passes_again(sql: str) -> None:
    try:
        statement = check_statement(sql)
    except (QueryRefused, SqlInvalid):
        return
    assert sql[statement.offset :].startswith(statement.text)
    _assert_passes_again(statement)


@given(
    st.sampled_from([sql for _, sql in INNOCENT]),
    st.sampled_from(["", " ", "\n", "-- ; DROP\n", "/* /* é */ */", ";", "\t;\n"]),
    st.sampled_from(["", " ", "\n", "-- ; DROP", ";", " ; ;-- é", "/* ' */;"]),
)
def test_what_surrounds_a_statement_changes_nothing(sql: str, before: str, after: str) -> None:
    plain = check_statement(sql)
    # A comment that ends the statement would swallow what follows on its line.
    surrounded = check_statement(before + sql + "\n" + after)

    assert surrounded.text == plain.text
    assert surrounded.functions == plain.functions
    _assert_passes_again(surrounded)


def _assert_passes_again(statement: Statement) -> None:
    again = check_statement(statement.text)
    assert again.text == statement.text
    assert again.offset == 0
    assert again.kind == statement.kind
