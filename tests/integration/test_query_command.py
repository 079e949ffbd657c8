"""`heliograph query`, as a person runs it, against a real PostgreSQL."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from tests.support.backends import backends
from tests.support.cli import command, environment, heliograph, start
from tests.support.psql import run_psql

from heliograph.platform.postgres import connect

PROCEDURES = """
CREATE TABLE items (id int PRIMARY KEY, name text, price numeric(10, 2));
INSERT INTO items SELECT n, 'item ' || n, n * 1.10 FROM generate_series(1, 20) n;
CREATE PROCEDURE nothing() LANGUAGE plpgsql AS 'BEGIN NULL; END';
CREATE PROCEDURE doubled(INOUT n int, INOUT label text DEFAULT 'x')
    LANGUAGE plpgsql AS $$ BEGIN n := n * 2; label := label || '!'; END $$;
CREATE PROCEDURE cheapest(most int, INOUT rows refcursor DEFAULT 'rows')
    LANGUAGE plpgsql AS $$ BEGIN
        OPEN rows FOR SELECT id, name, price FROM items ORDER BY price LIMIT most; END $$;
CREATE PROCEDURE with_total(INOUT total numeric DEFAULT NULL, INOUT rows refcursor DEFAULT 'c')
    LANGUAGE plpgsql AS $$ BEGIN
        SELECT sum(price) INTO total FROM items; OPEN rows FOR SELECT id FROM items ORDER BY id;
    END $$;
CREATE PROCEDURE commits() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$;
CREATE PROCEDURE writes() LANGUAGE plpgsql AS $$ BEGIN DELETE FROM items; END $$;
CREATE FUNCTION two_cursors() RETURNS SETOF refcursor LANGUAGE plpgsql AS $$
    DECLARE a refcursor := 'first'; b refcursor := 'second'; BEGIN
        OPEN a FOR SELECT 1 AS n; RETURN NEXT a; OPEN b FOR SELECT 2 AS n; RETURN NEXT b; END $$;
CREATE FUNCTION makes_temporary() RETURNS int LANGUAGE plpgsql AS $$
    BEGIN CREATE TEMP TABLE scratch (n int); RETURN 1; END $$;
CREATE FUNCTION fails_late(n int) RETURNS int LANGUAGE plpgsql AS $$
    BEGIN IF n > 100000 THEN RAISE EXCEPTION 'row % is bad', n USING HINT = 'mend it'; END IF;
    RETURN n; END $$;
"""


@pytest.fixture
def url(make_database: Callable[[], str]) -> str:
    url = make_database()
    run_psql(url, PROCEDURES)
    return url


def rows_of(*arguments: str) -> list[list[Any]]:
    done = heliograph("query", *arguments)
    assert done.code == 0, done.stderr
    rows: list[list[Any]] = done.document["rows"]
    return rows


# What comes out


def test_the_default_is_one_json_document(superuser_url: str) -> None:
    done = heliograph("query", "SELECT 1 AS n, 'x' AS t", "--url", superuser_url)
    assert (done.code, done.stderr) == (0, "")
    document = done.document
    assert document.pop("duration_ms") >= 0
    assert document == {
        "columns": [{"name": "n", "type": "int4"}, {"name": "t", "type": "text"}],
        "rows": [[1, "x"]],
        "row_count": 1,
        "truncated": False,
    }


def test_the_environment_names_the_database(superuser_url: str) -> None:
    env = {"HELIOGRAPH_DATABASE_URL": superuser_url}
    assert heliograph("query", "SELECT 1", env=env).code == 0
    done = heliograph("query", "SELECT 1")
    assert (done.code, done.error["code"]) == (2, "usage_invalid")


def test_sql_comes_from_an_argument_a_file_or_standard_input(
    superuser_url: str, tmp_path: Path
) -> None:
    path = tmp_path / "q.sql"
    path.write_text("\ufeffSELECT 'é' AS x;\n-- the end")
    for arguments, stdin in (
        (["SELECT 'é' AS x"], b""),
        (["-f", str(path)], b""),
        ([], b"SELECT '\xc3\xa9' AS x"),
    ):
        done = heliograph("query", *arguments, "--url", superuser_url, stdin=stdin)
        assert done.document["rows"] == [["é"]], done.stderr


def test_two_sources_of_sql_or_none_are_refused(superuser_url: str, tmp_path: Path) -> None:
    both = heliograph("query", "SELECT 1", "-f", "x.sql", "--url", superuser_url)
    assert (both.code, both.error["code"]) == (2, "usage_invalid")
    missing = heliograph("query", "-f", str(tmp_path / "none.sql"), "--url", superuser_url)
    assert (missing.code, missing.error["code"]) == (2, "file_invalid")
    empty = heliograph("query", "--url", superuser_url)
    assert (empty.code, empty.error["code"]) == (3, "sql_empty")


def test_a_named_connection_comes_from_a_file(superuser_url: str, tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text("connections:\n  shop: {url: '${SHOP}', statement_timeout: 300ms}\n")
    arguments = ["--connection", "shop", "--config", str(config)]
    env = {"SHOP": superuser_url}
    assert heliograph("query", "SELECT 1", *arguments, env=env).code == 0
    slow = heliograph("query", "SELECT pg_sleep(5)", *arguments, env=env)
    assert (slow.code, slow.error["code"]) == (5, "query_timed_out")
    unset = heliograph("query", "SELECT 1", *arguments)
    assert (unset.code, unset.error["code"]) == (2, "file_invalid")
    assert "SHOP" in unset.error["message"]
    arguments[1] = "shpo"
    wrong = heliograph("query", "SELECT 1", *arguments, env=env)
    assert (wrong.code, wrong.error["hint"]) == (2, "Did you mean shop?")


@pytest.mark.parametrize("name", ["json", "ndjson", "csv", "xlsx", "table"])
def test_every_format_reaches_a_file_and_stdout(
    name: str, superuser_url: str, tmp_path: Path
) -> None:
    path = tmp_path / f"out.{name}"
    sql = "SELECT n, n * 1.5 AS x FROM generate_series(1, 3) n"
    to_file = heliograph(
        "query", sql, "--url", superuser_url, "--format", name, "--output", str(path)
    )
    to_stdout = heliograph("query", sql, "--url", superuser_url, "--format", name)
    assert (to_file.code, to_file.stdout) == (0, b"")
    for data in (path.read_bytes(), to_stdout.stdout):
        if name == "xlsx":
            sheet = load_workbook(io.BytesIO(data)).worksheets[0]
            assert [[cell.value for cell in row] for row in sheet] == [
                ["n", "x"], [1, 1.5], [2, 3.0], [3, 4.5],
            ]  # fmt: skip
        else:
            text = data.decode()
            assert "4.5" in text
            assert text.endswith("\n")


def test_the_format_follows_the_name_of_the_output(superuser_url: str, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    assert (
        heliograph("query", "SELECT 1 AS n", "--url", superuser_url, "--output", str(path)).code
        == 0
    )
    assert path.read_bytes() == b"n\n1\n"


def test_an_xlsx_is_not_written_to_a_terminal(superuser_url: str) -> None:
    code, _, errors = run_on_terminal(
        "query", "SELECT 1", "--url", superuser_url, "--format", "xlsx", terminal="stdout"
    )
    assert code == 2
    assert json.loads(errors.splitlines()[-1])["error"]["code"] == "usage_invalid"


def test_max_rows_cuts_and_says_so_in_every_format(superuser_url: str) -> None:
    sql = "SELECT n FROM generate_series(1, 10) n"
    for name in ("json", "ndjson", "csv", "table"):
        arguments = ["query", sql, "--url", superuser_url, "--format", name]
        cut = heliograph(*arguments, "--max-rows", "3")
        assert "cut after 3 rows" in cut.stderr
        whole = heliograph(*arguments, "--max-rows", "10")
        assert whole.stderr == ""
        if name == "csv":
            assert cut.stdout == b"n\n1\n2\n3\n"
            assert len(whole.stdout.splitlines()) == 11
        if name == "json":
            assert (cut.document["truncated"], cut.document["row_count"]) == (True, 3)
            assert (whole.document["truncated"], whole.document["row_count"]) == (False, 10)


def test_max_rows_cuts_what_cannot_be_wrapped(url: str) -> None:
    done = heliograph("query", "CALL cheapest(10)", "--url", url, "--max-rows", "4")
    assert [row[0] for row in done.document["rows"]] == [1, 2, 3, 4]
    assert done.document["truncated"] is True
    assert heliograph("query", "SHOW ALL", "--url", url, "--max-rows", "0").document["rows"] == []


def test_guard_formulas_neutralises_text_and_leaves_numbers(superuser_url: str) -> None:
    sql = "SELECT '=1+1' AS a, '-5' AS b, -5 AS c, '@x' AS d, 'plain' AS e, NULL::text AS f"
    arguments = ["query", sql, "--url", superuser_url, "--format", "csv"]
    assert heliograph(*arguments).stdout.splitlines()[1] == b"=1+1,-5,-5,@x,plain,"
    guarded = heliograph(*arguments, "--guard-formulas")
    assert guarded.stdout.splitlines()[1] == b"'=1+1,-5,-5,'@x,plain,"
    assert "2 cell(s)" in guarded.stderr


def test_a_time_zone_is_that_of_the_session(superuser_url: str) -> None:
    sql = "SELECT '2026-06-30 12:00+00'::timestamptz"
    rows = rows_of(sql, "--url", superuser_url, "--timezone", "Asia/Kathmandu")
    assert rows == [["2026-06-30 17:45:00+05:45"]]
    wrong = heliograph("query", sql, "--url", superuser_url, "--timezone", "Mars/Base")
    assert (wrong.code, wrong.error["code"]) == (2, "usage_invalid")


# Statements of every kind


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("VALUES (1), (2)", [[1], [2]]),
        ("TABLE items LIMIT 0", []),
        ("SELECT 1 WHERE false", []),
        ("SELECT", [[]]),
        ("WITH x AS (SELECT 5 AS n) SELECT n FROM x;", [[5]]),
        ("SHOW standard_conforming_strings", [["on"]]),
        ("CALL nothing()", []),
        ("CALL doubled(21, 'hi')", [[42, "hi!"]]),
        ("SELECT name FROM items WHERE id = 3 -- the end", [["item 3"]]),
    ],
)
def test_statements_that_read_succeed(sql: str, rows: list[Any], url: str) -> None:
    assert rows_of(sql, "--url", url) == rows


def test_explain_gives_a_plan(url: str) -> None:
    assert "Scan" in str(rows_of("EXPLAIN SELECT * FROM items", "--url", url))


def test_a_call_takes_parameters(url: str) -> None:
    assert rows_of("CALL doubled($1, $2)", "-p", "4", "-p", "y", "--url", url) == [[8, "y!"]]
    named = ["-p", "n=4", "-p", "label=y"]
    assert rows_of("CALL doubled({{n}}, {{label}})", *named, "--url", url) == [[8, "y!"]]


def test_a_returned_cursor_is_read(url: str) -> None:
    done = heliograph("query", "CALL cheapest($1)", "-p", "2", "--url", url)
    assert [column["name"] for column in done.document["columns"]] == ["id", "name", "price"]
    assert done.stdout.count(b"1.10") == 1
    assert [row[1] for row in done.document["rows"]] == ["item 1", "item 2"]


def test_values_beside_a_cursor_are_told(url: str) -> None:
    done = heliograph("query", "CALL with_total()", "--url", url)
    assert done.document["row_count"] == 20
    assert "total = 231.00" in done.stderr


def test_several_cursors_of_one_shape_are_read_in_order(url: str) -> None:
    assert rows_of("SELECT * FROM two_cursors()", "--url", url) == [[1], [2]]


def test_a_refcursor_that_names_no_cursor_is_a_value(superuser_url: str) -> None:
    assert rows_of("SELECT 'nobody'::refcursor", "--url", superuser_url) == [["nobody"]]


@pytest.mark.parametrize(
    ("sql", "code", "words"),
    [
        ("CALL writes()", "write_refused", "read-only"),
        ("SELECT makes_temporary()", "write_refused", "temporary"),
        ("CALL commits()", "query_failed", ""),
    ],
)
def test_what_writes_behind_a_name_is_refused_by_the_transaction(
    sql: str, code: str, words: str, url: str
) -> None:
    done = heliograph("query", sql, "--url", url)
    assert (done.code, done.error["code"]) == (3, code)
    assert words in f"{done.error['message']} {done.error['hint']}"
    assert rows_of("SELECT count(*) FROM items", "--url", url) == [[20]]


# Parameters


def test_values_are_bound_and_never_pasted(url: str) -> None:
    nasty = "x'; DROP TABLE items; --"
    assert rows_of("SELECT $1::text", "-p", nasty, "--url", url) == [[nasty]]
    assert rows_of("SELECT {{v}}::text", "-p", f"v={nasty}", "--url", url) == [[nasty]]
    assert rows_of("SELECT count(*) FROM items", "--url", url) == [[20]]


def test_types_are_inferred_by_the_server(url: str) -> None:
    sql = "SELECT name FROM items WHERE id = $1 AND price < $2"
    assert rows_of(sql, "-p", "2", "-p", "99.5", "--url", url) == [["item 2"]]


def test_lists_bind_as_arrays_and_one_value_is_a_list_of_one(url: str) -> None:
    sql = "SELECT id FROM items WHERE id = ANY({{ids}}) ORDER BY id"
    assert rows_of(sql, "-p", "ids=2", "-p", "ids=5", "--url", url) == [[2], [5]]
    assert rows_of(sql, "-p", "ids=2", "--url", url) == [[2]]
    names = "SELECT id FROM items WHERE name = ANY({{names}})"
    assert rows_of(names, "-p", "names=item 3", "-p", 'names=a,"b\\', "--url", url) == [[3]]
    positional = "SELECT id FROM items WHERE id = ANY($1) ORDER BY id"
    assert rows_of(positional, "-p", "{1,2}", "--url", url) == [[1], [2]]


def test_a_list_for_one_value_is_refused(url: str) -> None:
    sql = "SELECT id FROM items WHERE id = {{id}}"
    done = heliograph("query", sql, "-p", "id=1", "-p", "id=2", "--url", url)
    assert (done.code, done.error["code"]) == (3, "parameter_invalid")
    assert "ANY({{id}})" in done.error["hint"]


def test_optional_clauses_stay_only_with_their_values(url: str) -> None:
    sql = "SELECT count(*) FROM items WHERE true [[ AND id > {{least}} ]] [[AND id < {{most}}]]"
    assert rows_of(sql, "--url", url) == [[20]]
    assert rows_of(sql, "-p", "least=15", "--url", url) == [[5]]
    assert rows_of(sql, "-p", "least=15", "-p", "most=18", "--url", url) == [[2]]


def test_null_is_given_by_name_or_number(url: str) -> None:
    sql = "SELECT $1::int IS NULL, $2::text"
    assert rows_of(sql, "--null", "1", "-p", "x", "--url", url) == [[True, "x"]]
    named = "SELECT {{a}}::int IS NULL, {{b}}::text"
    assert rows_of(named, "--null", "a", "-p", "b=", "--url", url) == [[True, ""]]


def test_a_parameter_file_gives_the_same(url: str, tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("ids: [1, 2]\nprice: 1.10\nnothing: null\nwho: ${WHO:-me}\n")
    sql = (
        "SELECT count(*), {{price}}::text, {{nothing}}::int, {{who}}::text "
        "FROM items WHERE id = ANY({{ids}})"
    )
    assert rows_of(sql, "--params", str(path), "--url", url) == [[2, "1.10", None, "me"]]
    assert rows_of(sql, "--params", str(path), "-p", "ids=7", "--url", url)[0][0] == 1
    path = tmp_path / "p.json"
    path.write_text('[7, null, "x"]')
    sql = "SELECT $1::text, $2::int, $3::text"
    assert rows_of(sql, "--params", str(path), "--url", url) == [["7", None, "x"]]


@pytest.mark.parametrize(
    ("sql", "arguments", "code", "words"),
    [
        ("SELECT $1, $2", ["-p", "1"], "parameter_missing", "$2"),
        ("SELECT $1", ["-p", "1", "-p", "2"], "parameter_surplus", "$2"),
        ("SELECT 1", ["-p", "1"], "parameter_surplus", "$1"),
        ("SELECT {{day}}", [], "parameter_missing", "day"),
        ("SELECT {{day}}", ["-p", "day=1", "-p", "dya=2"], "parameter_surplus", "dya"),
        ("SELECT {{day}}", ["-p", "today"], "parameters_mixed", "name=value"),
        ("SELECT {{day}}, $1", ["-p", "day=1"], "parameters_mixed", "both"),
        ("SELECT {{day", [], "placeholder_invalid", "}}"),
        ("SELECT $0", [], "placeholder_invalid", "$0"),
        ("SELECT $1", ["--null", "x"], "usage_invalid", "--null"),
    ],
)
def test_missing_surplus_and_mixed_parameters_are_named(
    sql: str, arguments: list[str], code: str, words: str, superuser_url: str
) -> None:
    done = heliograph("query", sql, *arguments, "--url", superuser_url)
    assert (done.code, done.error["code"]) == (2, code)
    assert words in done.error["message"]


@pytest.mark.parametrize(
    ("sql", "words"), [("SELECT {{day}}", "-p NAME=VALUE"), ("SELECT $1, $2", "One -p each")]
)
def test_a_missing_value_comes_with_the_option_that_gives_it(
    sql: str, words: str, superuser_url: str
) -> None:
    done = heliograph("query", sql, "--url", superuser_url)
    assert done.error["code"] == "parameter_missing"
    assert words in done.error["hint"]


@pytest.mark.parametrize(
    ("sql", "value", "kind"),
    [
        ("SELECT {{v}}::date", "geheim-17", "date"),
        ("SELECT {{v}}::int4", "99999999999", "int4"),
        ("SELECT 1 + {{v}}", "geheim-17", "int4"),
        ("SELECT {{v}}::jsonb", '{"geheim-17"', "jsonb"),
        ("SELECT id FROM items WHERE id = ANY({{v}})", "geheim-17", "int4[]"),
    ],
)
def test_a_value_that_does_not_fit_names_the_parameter_and_is_not_repeated(
    sql: str, value: str, kind: str, url: str
) -> None:
    done = heliograph("query", sql, "-p", f"v={value}", "--url", url)
    assert (done.code, done.error["code"]) == (3, "parameter_invalid")
    assert done.error["message"] == f"The value of parameter v is not a valid {kind}."
    assert value not in done.stderr


def test_a_value_that_fails_later_is_not_repeated_either(superuser_url: str) -> None:
    sql = "SELECT {{v}}::text::int"
    done = heliograph("query", sql, "-p", "v=geheim-17", "--url", superuser_url)
    assert (done.code, done.error["sqlstate"]) == (3, "22P02")
    assert "geheim" not in done.stderr


# Errors


def test_bad_sql_is_placed_in_the_text_that_the_person_wrote(url: str) -> None:
    sql = "SELECT 'é',\n  nmae FROM items\n  WHERE id = {{id}} [[ AND name = {{name}} ]]"
    done = heliograph("query", sql, "-p", "id=1", "--url", url)
    error = done.error
    assert (done.code, error["code"], error["sqlstate"]) == (3, "sql_invalid", "42703")
    assert (error["line"], error["column"]) == (2, 3)
    assert "name" in error["hint"]
    later = "SELECT 1 [[ AND x = {{x}} ]] FROM items WHERE {{id}} = idd"
    error = heliograph("query", later, "-p", "id=1", "--url", url).error
    assert later[error["position"] - 1 :] == "idd"
    cut = heliograph("query", later, "-p", "id=1", "--max-rows", "5", "--url", url).error
    assert cut["position"] == error["position"]


def test_a_syntax_error_is_placed_too(superuser_url: str) -> None:
    error = heliograph("query", "SELECT 'é' FRM x", "--url", superuser_url).error
    assert (error["code"], error["sqlstate"], error["line"]) == ("sql_invalid", "42601", 1)
    assert error["column"] == 16


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("", "sql_empty"),
        ("-- only a comment", "sql_empty"),
        ("SELECT 1; SELECT 2", "several_statements"),
        ("DELETE FROM items", "statement_refused"),
        ("WITH gone AS (DELETE FROM items RETURNING *) SELECT * FROM gone", "statement_refused"),
        ("SELECT pg_read_file('/etc/passwd')", "function_refused"),
        ("SELECT 1/0", "query_failed"),
        ("SELECT fails_late(n) FROM generate_series(1, 200000) n", "query_failed"),
    ],
)
@pytest.mark.parametrize("name", ["json", "csv"])
def test_a_failed_query_leaves_no_file_and_no_backend(
    sql: str, code: str, name: str, url: str, tmp_path: Path
) -> None:
    path = tmp_path / "out"
    path.write_text("as it was")
    done = heliograph("query", sql, "--url", url, "--format", name, "--output", str(path))
    assert (done.code, done.error["code"]) == (3, code)
    assert path.read_text() == "as it was"
    assert [found.name for found in tmp_path.iterdir()] == ["out"]
    assert backends(url) == 0


def test_a_timeout_ends_the_query_on_the_server(url: str) -> None:
    started = time.monotonic()
    done = heliograph("query", "SELECT pg_sleep(30)", "--timeout", "300ms", "--url", url)
    assert (done.code, done.error["code"]) == (5, "query_timed_out")
    assert time.monotonic() - started < 10
    assert backends(url) == 0
    assert heliograph("query", "SELECT pg_sleep(0)", "--timeout", "5s", "--url", url).code == 0
    wrong = heliograph("query", "SELECT 1", "--timeout", "soon", "--url", url)
    assert (wrong.code, wrong.error["code"]) == (2, "usage_invalid")


def test_a_cancel_by_somebody_else_is_no_timeout(url: str) -> None:
    with running(["query", "SELECT pg_sleep(30)", "--timeout", "25s", "--url", url]) as process:
        wait_for_query(url)
        signal_backend(url, "pg_cancel_backend")
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 3
    assert json.loads(errors.splitlines()[-1])["error"]["code"] == "query_canceled"


def test_a_terminated_backend_is_a_lost_connection(url: str, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    sql = "SELECT n, pg_sleep(0.0005) FROM generate_series(1, 1000000) n"
    with running(["query", sql, "--url", url, "--output", str(path)]) as process:
        wait_for_query(url)
        signal_backend(url, "pg_terminate_backend")
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 3
    assert json.loads(errors.splitlines()[-1])["error"]["code"] == "connection_lost"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    "sql",
    ["SELECT pg_sleep(30)", "SELECT n FROM generate_series(1, 100000000) n"],
)
def test_an_interrupt_cancels_on_the_server_and_keeps_nothing(
    sql: str, signal_number: int, url: str, tmp_path: Path
) -> None:
    path = tmp_path / "out.ndjson"
    with running(["query", sql, "--url", url, "--output", str(path)]) as process:
        wait_for_query(url)
        process.send_signal(signal_number)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert json.loads(errors.splitlines()[-1])["error"]["code"] == "interrupted"
    assert list(tmp_path.iterdir()) == []
    assert backends(url) == 0


@contextmanager
def running(arguments: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = start(arguments)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for_query(url: str) -> None:
    """Wait until the command's statement runs on the server."""
    deadline = time.monotonic() + 20
    with connect(url) as connection:
        while time.monotonic() < deadline:
            found = connection.execute(
                "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid() AND state = 'active' AND query ~ 'sleep|series'"
            ).fetchone()
            if found:
                return
    raise AssertionError("the query never ran")


def signal_backend(url: str, function: str) -> None:
    with connect(url) as connection:
        connection.execute(
            f"SELECT {function}(pid) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND state = 'active'"
        )


def test_a_reader_that_leaves_ends_the_command_quietly(superuser_url: str) -> None:
    sql = "SELECT n FROM generate_series(1, 5000000) n"
    with running(["query", sql, "--url", superuser_url, "--format", "csv"]) as process:
        assert process.stdout is not None
        assert process.stdout.read(2) == b"n\n"
        process.stdout.close()
        assert process.wait(timeout=20) == -signal.SIGPIPE
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_a_full_disk_keeps_nothing_and_says_so(superuser_url: str) -> None:
    sql = "SELECT n FROM generate_series(1, 300000) n"
    arguments = ["query", sql, "--url", superuser_url, "--format", "csv"]
    done = heliograph(*arguments, "--output", "/dev/full")
    assert (done.code, done.error["code"]) == (1, "output_failed")
    assert heliograph(*arguments, "--output", "/dev/null").code == 0


def test_an_output_that_cannot_be_made_is_refused(superuser_url: str, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none" / "out.csv"):
        done = heliograph("query", "SELECT 1", "--url", superuser_url, "--output", str(path))
        assert (done.code, done.error["code"]) == (2, "usage_invalid")


def test_an_existing_file_keeps_its_permissions(superuser_url: str, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old")
    path.chmod(0o640)
    assert (
        heliograph("query", "SELECT 1 AS n", "--url", superuser_url, "--output", str(path)).code
        == 0
    )
    assert path.read_text() == "n\n1\n"
    assert path.stat().st_mode & 0o777 == 0o640


def test_unknown_options_are_usage_errors(superuser_url: str) -> None:
    for arguments in (
        ["--colour"],
        ["--format", "pdf"],
        ["--max-rows", "many"],
        ["--max-rows", "-1"],
    ):
        done = heliograph("query", "SELECT 1", "--url", superuser_url, *arguments)
        assert (done.code, done.error["code"]) == (2, "usage_invalid")


def test_a_password_never_shows(superuser_url: str) -> None:
    wrong = superuser_url.replace("@", "-Geheim99@", 1)
    done = heliograph("query", "SELECT 1", "--url", wrong)
    assert (done.code, done.error["code"]) == (4, "login_failed")
    assert "Geheim99" not in done.stderr


# At a terminal


def run_on_terminal(*arguments: str, terminal: str) -> tuple[int, str, str]:
    """Run with one stream (``stdout`` or ``stderr``) a terminal of 60 columns."""
    master, slave = pty.openpty()
    subprocess.run(["stty", "cols", "60", "rows", "20"], stdin=slave, check=True)
    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    streams[terminal] = slave
    env = environment({"TERM": "xterm"})
    process = subprocess.Popen(command(*arguments), stdin=subprocess.DEVNULL, env=env, **streams)
    os.close(slave)
    seen = b""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if not select.select([master], [], [], 0.1)[0]:
            continue
        try:
            data = os.read(master, 65536)
        except OSError:
            break
        if not data:
            break
        seen += data
    other = process.communicate(timeout=20)[1 if terminal == "stdout" else 0].decode()
    os.close(master)
    text = seen.decode().replace("\r\n", "\n")
    return process.returncode, *((text, other) if terminal == "stdout" else (other, text))


def test_a_table_fits_the_terminal_and_says_what_it_cut(superuser_url: str) -> None:
    sql = "SELECT 1 AS id, repeat('long ', 30) AS note, NULL AS nothing, '' AS empty"
    code, shown, errors = run_on_terminal(
        "query", sql, "--url", superuser_url, "--format", "table", terminal="stdout"
    )
    assert code == 0
    lines = [line for line in shown.replace("\x1b[2m", "").replace("\x1b[1m", "")
             .replace("\x1b[0m", "").split("\n") if line]  # fmt: skip
    assert max(map(len, lines)) <= 60
    assert "…" in lines[2]
    assert "∅" in lines[2]
    assert "1 cell(s) did not fit" in errors


def test_progress_shows_on_a_terminal_and_goes_away(superuser_url: str) -> None:
    code, _, errors = run_on_terminal(
        "query", "SELECT pg_sleep(1.8)", "--url", superuser_url, terminal="stderr"
    )
    assert code == 0
    assert "waiting for the first row" in errors
    assert errors.endswith("\r\x1b[K")


def test_an_error_on_a_terminal_points_at_its_place(superuser_url: str) -> None:
    code, _, errors = run_on_terminal(
        "query", "SELECT 1,\n  nowhere", "--url", superuser_url, terminal="stderr"
    )
    lines = [line for line in errors.split("\n") if line]
    assert code == 3
    assert "nowhere" in lines[1]
    assert lines[2].index("^") - lines[2].count("\x1b") >= 0
    assert json.loads(lines[-1])["error"]["line"] == 2


def test_csv_reads_back_with_the_standard_library(url: str) -> None:
    done = heliograph("query", "TABLE items", "--url", url, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout.decode())))
    assert len(rows) == 20
    assert rows[0] == {"id": "1", "name": "item 1", "price": "1.10"}


def test_help_is_help() -> None:
    done = subprocess.run(command("query", "--help"), capture_output=True, check=True)
    assert b"examples:" in done.stdout
    assert sys.version_info >= (3, 11)
