"""Exports from PostgreSQL into a folder and into S3: exact, in little memory, whole or not at all.

After each fault: the error, no blob, no upload left open, no statement left on the server.
"""

from __future__ import annotations

import io
import itertools
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from openpyxl import load_workbook
from tests.support.backends import backends
from tests.support.cli import environment
from tests.support.moto_server import BUCKET, MotoServer, running_moto
from tests.support.psql import psql_rows, run_psql
from tests.support.tls_proxy import TlsProxy
from tests.support.type_zoo import SETUP, zoo_columns, zoo_query

from heliograph.connections.engines.contract import RunOptions
from heliograph.connections.service import open_session
from heliograph.connections.url import parse_connection_url
from heliograph.kernel.errors import (
    ConnectionLost,
    HeliographError,
    QueryCanceled,
    QueryError,
    QueryTimedOut,
    StorageUnavailable,
)
from heliograph.platform.aws import open_client
from heliograph.platform.blob_store import BlobStore
from heliograph.platform.blob_store_folder import FolderBlobStore
from heliograph.platform.blob_store_s3 import S3BlobStore
from heliograph.platform.postgres import connect
from heliograph.queries.encoders.registry import load_encoder
from heliograph.queries.export_writing import (
    Export,
    ExportSummary,
    ExportWatch,
    write_export,
    write_export_from_rows,
)
from heliograph.queries.pages import SegmentWriter
from heliograph.queries.parameters import Parameters
from heliograph.queries.placeholders import parse_template
from heliograph.queries.segment_rows import find_unkept_cells, rows_from_segment
from heliograph.queries.service import PreparedQuery, can_copy_csv, prepare_query, write_result

KEY = "exports/1"
PART = 5 * 1024 * 1024
UTC = RunOptions(time_zone="UTC")
BIG = "SELECT n, repeat('x', 100) AS t FROM generate_series(1, 200000) n"
# In the select list, where the server makes row after row; in FROM it would make all of them first.
ENDLESS = "SELECT generate_series(1, 1000000000) AS n, repeat('x', 100) AS t"
# CSV that the server writes, CSV row by row, and a workbook.
PATHS = [("csv", False), ("csv", True), ("xlsx", True)]


@dataclass
class Place:
    """A database, and a store of which a test can say that nothing is left in it."""

    url: str
    store: BlobStore
    leftovers: Callable[[], list[str]]
    used: list[str] = field(default_factory=list)

    def write(
        self,
        sql: str,
        format_name: str = "csv",
        *,
        guard: bool = True,
        options: RunOptions = UTC,
        watch: ExportWatch | None = None,
        values: Iterable[str] = (),
    ) -> ExportSummary:
        """Export; whatever happens, the session can be used again and no backend stays."""
        export = Export(format_name, self.store, KEY, guard_formulas=guard)
        with open_session(parse_connection_url(self.url)) as session:
            try:
                return write_export(
                    session, prepared(sql, values), export, options=options, watch=watch
                )
            except ConnectionLost:
                raise
            except HeliographError:
                again = prepared("SELECT 1 AS again")
                with session.run(again.statement, UTC) as result:
                    assert [*result.batches()] == [[("1",)]]
                raise

    def csv(self) -> str:
        data = self.store.read(KEY)
        assert data is not None
        return data.decode()

    def book(self) -> Any:
        data = self.store.read(KEY)
        assert data is not None
        return load_workbook(io.BytesIO(data))

    def assert_nothing_is_left(self) -> None:
        assert self.store.read(KEY) is None
        assert self.leftovers() == []
        assert backends(self.url) == 0


def prepared(sql: str, values: Iterable[str] = ()) -> PreparedQuery:
    return prepare_query(parse_template(sql), Parameters(list(values)))


def files_in(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file() and path.name != "~links"]


def uploads_of(moto: MotoServer) -> list[str]:
    with closing(open_client("s3", moto.environment)) as client:
        found = client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])
        return [upload["Key"] for upload in found]


@pytest.fixture(scope="module")
def moto() -> Iterator[MotoServer]:
    with running_moto() as server:
        yield server


@pytest.fixture
def folder(make_database: Callable[[], str], tmp_path: Path) -> Place:
    blobs = tmp_path / "blobs"
    return Place(make_database(), FolderBlobStore(blobs), lambda: files_in(blobs))


@pytest.fixture
def bucket(make_database: Callable[[], str], moto: MotoServer) -> Iterator[Place]:
    with closing(S3BlobStore(BUCKET, moto.environment, part_bytes=PART)) as store:
        yield Place(make_database(), store, lambda: uploads_of(moto))
        store.delete(list(store.list()))


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest) -> Place:
    place: Place = request.getfixturevalue(request.param)
    return place


# What is written


@pytest.mark.parametrize("guard", [False, True])
def test_a_csv_is_what_copy_writes_to_the_byte(guard: bool, place: Place) -> None:
    with connect(place.url) as connection, connection.cursor() as cursor:
        copy = f"COPY ({BIG}) TO STDOUT (FORMAT csv, HEADER)"
        with cursor.copy(copy.encode()) as pieces:
            expected = b"".join(bytes(piece) for piece in pieces)
    summary = place.write(BIG, guard=guard)
    assert place.store.read(KEY) == expected
    assert summary == ExportSummary(200_000, len(expected), None, ())
    assert place.leftovers() == ([] if isinstance(place.store, S3BlobStore) else ["1"])


def test_a_workbook_holds_every_row(place: Place) -> None:
    sql = "SELECT n, n * 0.5 AS half, 'row ' || n AS t FROM generate_series(1, 3000) n"
    summary = place.write(sql, "xlsx")
    rows = [*place.book()["Result"].iter_rows(values_only=True)]
    assert rows[0] == ("n", "half", "t")
    assert rows[1:] == [(n, n * 0.5, f"row {n}") for n in range(1, 3001)]
    assert (summary.row_count, summary.notes) == (3000, ())


def test_parameters_are_bound_and_the_csv_is_the_same(folder: Place) -> None:
    folder.write("SELECT n FROM generate_series(1, 5) n WHERE n > $1", guard=False, values=["2"])
    assert folder.csv() == "n\n3\n4\n5\n"


@pytest.mark.parametrize("path", PATHS)
def test_rows_beyond_the_policy_are_cut_and_that_is_said(
    path: tuple[str, bool], folder: Place
) -> None:
    format_name, guard = path
    sql = "SELECT n FROM generate_series(1, 50000) n"
    options = RunOptions(max_rows=1234)
    summary = folder.write(sql, format_name, guard=guard, options=options)
    assert (summary.row_count, summary.truncated_reason) == (1234, "row_limit")
    assert summary.notes == (
        "Cut at 1,234 rows by the connection's row policy: the query gives more.",
    )
    if format_name == "xlsx":
        book = folder.book()
        assert book["Result"].max_row == 1235
        assert "1,234" in book["Notes"]["A2"].value
    else:
        assert folder.csv() == "\n".join(["n", *map(str, range(1, 1235)), ""])
    whole = folder.write(sql, format_name, guard=guard, options=RunOptions(max_rows=50_000))
    assert (whole.row_count, whole.truncated, whole.notes) == (50_000, False, ())


FORMULAS = """SELECT * FROM (VALUES (1, '=1+1', -1), (2, '+1', 2), (3, '-1+1', 3), (4, '@x', 4),
    (5, E'\\tx', 5), (6, E'\\rx', 6), (7, '-5', 7), (8, '-1.5e3', 8), (9, 'a=b', -9), (10, '', 0),
    (11, NULL, 1)) AS v(id, "=name", n)"""
GUARDED = ["'=1+1", "'+1", "'-1+1", "'@x", "'\tx", '"\'\rx"', "-5", "-1.5e3", "a=b", '""', ""]


def test_text_that_a_spreadsheet_would_run_is_neutralised_in_csv_unless_not_wanted(
    folder: Place,
) -> None:
    summary = folder.write(FORMULAS)
    numbers = [-1, 2, 3, 4, 5, 6, 7, 8, -9, 0, 1]
    lines = [f"{n},{t},{m}" for n, t, m in zip(range(1, 12), GUARDED, numbers, strict=True)]
    assert folder.csv().split("\n") == ["id,'=name,n", *lines, ""]
    assert len(summary.notes) == 1
    assert summary.notes[0].startswith("7 cell(s)")
    raw = folder.write(FORMULAS, guard=False)
    assert folder.csv().startswith("id,=name,n\n1,=1+1,-1\n2,+1,2\n")
    assert raw.notes == ()


@pytest.mark.parametrize("values", [[], ["1"]])
def test_a_guarded_csv_is_the_encoders_to_the_byte_for_every_type(
    values: list[str], folder: Place
) -> None:
    run_psql(folder.url, SETUP)
    with connect(folder.url) as connection:
        columns = zoo_columns(connection.info.server_version)
    sql = zoo_query(columns)
    where = " WHERE $1 = '1'" if values else ""
    summary = folder.write(f"SELECT * FROM ({sql}) AS zoo{where}", values=values)
    out = io.BytesIO()
    encoder = load_encoder("csv")(out, guard_formulas=True)
    with open_session(parse_connection_url(folder.url)) as session:
        write_result(session, prepared(sql), encoder, UTC)
    assert folder.store.read(KEY) == out.getvalue()
    assert b"'=1+1" in out.getvalue()
    assert summary.notes == tuple(encoder.notes)


def test_text_that_a_spreadsheet_would_run_stays_text_in_a_workbook(folder: Place) -> None:
    folder.write(FORMULAS, "xlsx")
    cells = [folder.book()["Result"].cell(row, 2) for row in range(2, 9)]
    assert [cell.value for cell in cells] == [
        "=1+1", "+1", "-1+1", "@x", "\tx", "\rx", "-5",
    ]  # fmt: skip
    assert {cell.data_type for cell in cells} == {"s"}
    assert [bool(cell.quotePrefix) for cell in cells[:6]] == [True] * 6


def test_limits_of_a_workbook_are_said_and_the_csv_has_none_of_them(folder: Place) -> None:
    sql = "SELECT repeat('x', 40000) AS long, 12345678901234567::int8 AS id"
    summary = folder.write(sql, "xlsx")
    assert [row[0] for row in folder.book()["Notes"].iter_rows(min_row=2, values_only=True)] == [
        *summary.notes
    ]
    told = " ".join(summary.notes)
    assert "32,767" in told
    assert "15 digits" in told
    assert folder.write(sql).notes == ()
    assert folder.csv() == f"long,id\n{'x' * 40000},12345678901234567\n"


def test_a_result_larger_than_a_sheet_goes_on_and_says_so(folder: Place) -> None:
    summary = folder.write("SELECT n FROM generate_series(1, 1048580) n", "xlsx")
    assert summary.row_count == 1_048_580
    assert any('continues on "Result 2"' in note for note in summary.notes)


@pytest.mark.parametrize("path", PATHS)
def test_zero_rows_make_a_header_alone(path: tuple[str, bool], folder: Place) -> None:
    format_name, guard = path
    summary = folder.write("SELECT 1 AS a, 'x' AS b WHERE false", format_name, guard=guard)
    assert (summary.row_count, summary.truncated, summary.notes) == (0, False, ())
    if format_name == "xlsx":
        assert [*folder.book()["Result"].iter_rows(values_only=True)] == [("a", "b")]
    else:
        assert folder.csv() == "a,b\n"


@pytest.mark.parametrize("path", PATHS)
def test_a_call_without_columns_is_an_export_without_columns(
    path: tuple[str, bool], folder: Place
) -> None:
    format_name, guard = path
    run_psql(folder.url, "CREATE PROCEDURE nothing() LANGUAGE sql AS 'SELECT 1'")
    summary = folder.write("CALL nothing()", format_name, guard=guard)
    assert summary.row_count == 0
    if format_name == "xlsx":
        assert folder.book().sheetnames == ["Result"]
    else:
        assert folder.csv() == "\n"


@pytest.mark.parametrize("path", PATHS)
def test_duplicate_and_missing_names_stay(path: tuple[str, bool], folder: Place) -> None:
    format_name, guard = path
    folder.write('SELECT 1 AS a, 2 AS a, 3 AS "a,b", 4', format_name, guard=guard)
    if format_name == "xlsx":
        names = next(folder.book()["Result"].iter_rows(values_only=True))
        assert names == ("a", "a", "a,b", "?column?")
    else:
        assert folder.csv() == 'a,a,"a,b",?column?\n1,2,3,4\n'


@pytest.mark.parametrize("path", PATHS)
def test_1600_columns_arrive_whole(path: tuple[str, bool], folder: Place) -> None:
    format_name, guard = path
    cells = ", ".join(f"'v{n}' AS c{n}" for n in range(1600))
    folder.write(f"SELECT {cells}", format_name, guard=guard)
    names, values = [f"c{n}" for n in range(1600)], [f"v{n}" for n in range(1600)]
    if format_name == "xlsx":
        rows = [[*row] for row in folder.book()["Result"].iter_rows(values_only=True)]
        assert rows == [names, values]
    else:
        assert folder.csv() == f"{','.join(names)}\n{','.join(values)}\n"


@pytest.mark.parametrize("guard", [False, True])
def test_a_cell_of_fifty_megabytes_arrives_whole_in_csv(guard: bool, place: Place) -> None:
    summary = place.write("SELECT repeat('é', 25000000) AS t, 1 AS n", guard=guard)
    data = place.store.read(KEY)
    assert data is not None
    assert data[:6] == "t,n\né".encode()
    assert len(data) == summary.bytes == 50_000_007


def test_a_cell_of_fifty_megabytes_is_cut_in_a_workbook_which_says_so(folder: Place) -> None:
    summary = folder.write("SELECT repeat('é', 25000000) AS t, 1 AS n", "xlsx")
    assert "32,767" in summary.notes[0]
    assert folder.book()["Result"]["B2"].value == 1


CURSORS = """CREATE FUNCTION two() RETURNS refcursor LANGUAGE plpgsql AS
    $$ DECLARE c refcursor := 'c'; BEGIN OPEN c FOR SELECT 1 AS a UNION ALL SELECT 2; RETURN c;
    END $$"""


@pytest.mark.parametrize("path", PATHS)
def test_a_cursor_that_is_returned_is_read_and_not_named(
    path: tuple[str, bool], folder: Place
) -> None:
    format_name, guard = path
    run_psql(folder.url, CURSORS)
    summary = folder.write("SELECT two()", format_name, guard=guard)
    assert summary.row_count == 2
    if format_name == "csv":
        assert folder.csv() == "a\n1\n2\n"


# What goes wrong


FAILS = "SELECT 1 / (n - 150000) AS x, repeat('x', 100) AS t FROM generate_series(1, 200000) n"


@pytest.mark.parametrize("path", PATHS)
def test_an_error_in_mid_result_leaves_nothing(path: tuple[str, bool], place: Place) -> None:
    format_name, guard = path
    with pytest.raises(QueryError) as caught:
        place.write(FAILS, format_name, guard=guard)
    assert caught.value.sqlstate == "22012"
    place.assert_nothing_is_left()
    place.write(FAILS.replace("150000", "250000"), format_name, guard=guard)
    assert place.store.read(KEY) is not None


def test_an_export_that_fails_keeps_what_had_its_key(place: Place) -> None:
    place.store.put(KEY, b"as it was", content_type="text/csv")
    with pytest.raises(QueryError):
        place.write(FAILS)
    assert place.store.read(KEY) == b"as it was"


@pytest.mark.parametrize("path", PATHS)
def test_a_connection_that_is_cut_leaves_nothing(path: tuple[str, bool], place: Place) -> None:
    format_name, guard = path
    direct = place.url
    with TlsProxy(direct, answer="N") as proxy:
        place.url = proxy.url("sslmode=disable", host="127.0.0.1")
        watch = ExportWatch(lambda: proxy.cut_after(2_000_000))
        with pytest.raises(ConnectionLost):
            place.write(ENDLESS, format_name, guard=guard, watch=watch)
    place.url = direct
    place.assert_nothing_is_left()


class Cancelled:
    """A check that says at its n-th call that the export is cancelled."""

    def __init__(self, call: int) -> None:
        self._left = call

    def __call__(self) -> None:
        self._left -= 1
        if not self._left:
            raise QueryCanceled("Somebody has cancelled the export.")


@pytest.mark.parametrize("path", PATHS)
def test_a_cancel_ends_the_statement_and_leaves_nothing(
    path: tuple[str, bool], place: Place
) -> None:
    format_name, guard = path
    with pytest.raises(QueryCanceled, match="Somebody"):
        place.write(ENDLESS, format_name, guard=guard, watch=ExportWatch(Cancelled(4)))
    place.assert_nothing_is_left()


SLEEPS = "SELECT 1 AS n, 'x' AS t, pg_sleep(60)::text AS s"


@pytest.mark.parametrize("path", PATHS)
def test_a_cancel_reaches_a_statement_that_gives_no_row(
    path: tuple[str, bool], folder: Place
) -> None:
    format_name, guard = path
    began = time.monotonic()
    with pytest.raises(QueryCanceled, match="Somebody"):
        folder.write(SLEEPS, format_name, guard=guard, watch=ExportWatch(Cancelled(2)))
    assert time.monotonic() - began < 10
    folder.assert_nothing_is_left()


@pytest.mark.parametrize("path", PATHS)
def test_a_deadline_of_the_export_ends_a_statement_that_goes_on(
    path: tuple[str, bool], folder: Place
) -> None:
    format_name, guard = path
    for sql in (SLEEPS, ENDLESS):
        watch = ExportWatch(deadline=time.monotonic() + 0.5)
        with pytest.raises(QueryTimedOut):
            folder.write(sql, format_name, guard=guard, watch=watch)
        folder.assert_nothing_is_left()


def test_a_statement_that_somebody_else_cancelled_says_so_unless_we_know_better(
    folder: Place,
) -> None:
    def check(is_known: bool, calls: Iterator[int]) -> None:
        if next(calls) == 1:
            with connect(folder.url) as connection:
                connection.execute(
                    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
        elif is_known:
            raise QueryCanceled("Ada has cancelled the export.")

    with pytest.raises(QueryCanceled) as caught:
        folder.write(SLEEPS, watch=ExportWatch(partial(check, False, itertools.count(1))))
    assert caught.value.sqlstate == "57014"
    with pytest.raises(QueryCanceled, match="Ada"):
        folder.write(SLEEPS, watch=ExportWatch(partial(check, True, itertools.count(1))))
    folder.assert_nothing_is_left()


@pytest.mark.parametrize("path", PATHS)
def test_a_deadline_ends_the_statement_and_leaves_nothing(
    path: tuple[str, bool], place: Place
) -> None:
    format_name, guard = path
    options = RunOptions(timeout=timedelta(seconds=0.7))
    with pytest.raises(QueryTimedOut):
        place.write(ENDLESS, format_name, guard=guard, options=options)
    place.assert_nothing_is_left()


class FullFolder(FolderBlobStore):
    """A folder whose disk is full after so many chunks."""

    room = 3

    def write(self, key: str, chunks: Iterable[bytes], *, content_type: str) -> None:
        super().write(key, self._until_full(chunks), content_type=content_type)

    def _until_full(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for count, chunk in enumerate(chunks):
            if count == self.room:
                raise StorageUnavailable("The folder of blobs cannot be used: no space left.")
            yield chunk


@pytest.mark.parametrize("path", PATHS)
def test_a_full_disk_ends_the_statement_and_leaves_nothing(
    path: tuple[str, bool], folder: Place, tmp_path: Path
) -> None:
    format_name, guard = path
    folder.store = FullFolder(tmp_path / "blobs")
    with pytest.raises(StorageUnavailable):
        folder.write(ENDLESS, format_name, guard=guard)
    folder.assert_nothing_is_left()


class _Forwarding(BaseHTTPRequestHandler):
    """Passes requests on to moto, but refuses the third part of an upload."""

    protocol_version = "HTTP/1.1"
    upstream = ""
    refused = 0

    def _forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if "partNumber=3" in self.path:
            type(self).refused += 1
            self._answer(403, b"<Error><Code>AccessDenied</Code></Error>")
            return
        with closing(HTTPConnection(urlsplit(self.upstream).netloc, timeout=10)) as connection:
            connection.request(self.command, self.path, body, dict(self.headers.items()))
            answer = connection.getresponse()
            self._answer(answer.status, answer.read(), answer.headers.get("etag"))

    def _answer(self, status: int, body: bytes, etag: str | None = None) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/xml")
        if etag:
            self.send_header("etag", etag)
        if status != 204:
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_POST = do_DELETE = _forward  # noqa: N815

    def log_message(self, *_args: object) -> None:
        """Say nothing of each request."""


@contextmanager
def refusing_the_third_part(moto: MotoServer) -> Iterator[tuple[dict[str, str], type[_Forwarding]]]:
    handler = type("Forwarding", (_Forwarding,), {"upstream": moto.url, "refused": 0})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        yield {**moto.environment, "AWS_ENDPOINT_URL": url}, handler
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


@pytest.mark.parametrize("guard", [False, True])
def test_s3_that_refuses_the_third_part_is_left_without_an_upload(
    guard: bool, bucket: Place, moto: MotoServer
) -> None:
    with refusing_the_third_part(moto) as (refusing, handler):
        with closing(S3BlobStore(BUCKET, refusing, part_bytes=PART)) as store:
            place = Place(bucket.url, store, bucket.leftovers)
            with pytest.raises(StorageUnavailable):
                place.write(ENDLESS, guard=guard)
            place.assert_nothing_is_left()
        assert handler.refused
    bucket.write(BIG, guard=guard)
    assert bucket.leftovers() == []


# From a stored run


def test_every_type_comes_back_from_stored_segments_as_it_was(folder: Place) -> None:
    run_psql(folder.url, SETUP)
    with connect(folder.url) as connection:
        columns = zoo_columns(connection.info.server_version)
    sql = zoo_query(columns)
    expected = psql_rows(folder.url, sql)
    query = prepared(sql)
    with (
        open_session(parse_connection_url(folder.url)) as session,
        session.run(query.statement, UTC) as result,
    ):
        rows = [row for batch in result.batches() for row in batch]
        found = result.columns
    writer = SegmentWriter(found)
    segments = [*writer.write(rows), *writer.finish()]
    unkept = find_unkept_cells(found, rows, first_row=0)
    # All that the JSON of pages alone cannot give back.
    assert [found[cell.column].name for cell in unkept] == ["json_0", "json_3", "jsonb_array_0"]
    back = [
        rows_from_segment(
            segment.lines, found, first_row=segment.first_row,
            cells={(cell.row, cell.column): cell.text for cell in (*segment.cells, *unkept)},
        )
        for segment in segments
    ]  # fmt: skip
    assert [list(row) for batch in back for row in batch] == [list(row) for row in expected]
    for format_name in ("csv", "xlsx"):
        export = Export(format_name, folder.store, KEY)
        summary = write_export_from_rows(found, back, export)
        out = io.BytesIO()
        encoder = load_encoder(format_name)(out, guard_formulas=True)
        with open_session(parse_connection_url(folder.url)) as session:
            write_result(session, query, encoder, UTC)
        assert folder.store.read(KEY) == out.getvalue()
        assert summary.notes == tuple(encoder.notes)
        assert summary.row_count == 2


# Memory


_EXPORT = """
import sys
from pathlib import Path
from heliograph.connections.engines.contract import RunOptions
from heliograph.connections.service import open_session
from heliograph.connections.url import parse_connection_url
from heliograph.platform.blob_store_folder import FolderBlobStore
from heliograph.queries.export_writing import Export, write_export
from heliograph.queries.parameters import Parameters
from heliograph.queries.placeholders import parse_template
from heliograph.queries.service import prepare_query
url, folder, format_name, guard, rows = sys.argv[1:]
sql = f"SELECT n, n * 0.5 AS half, 'item ' || n AS name FROM generate_series(1, {rows}) n"
export = Export(format_name, FolderBlobStore(Path(folder)), "out", guard_formulas=guard == "True")
with open_session(parse_connection_url(url)) as session:
    query = prepare_query(parse_template(sql), Parameters())
    assert write_export(session, query, export, options=RunOptions()).row_count == int(rows)
"""
# A child that has just been forked counts its parent's memory as its own peak (getrusage(2)).
_MEASURE = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:])
_, status, usage = os.wait4(process.pid, 0)
print(usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def peak_megabytes(url: str, folder: Path, path: tuple[str, bool], rows: int) -> float:
    format_name, guard = path
    done = subprocess.run(
        [
            sys.executable, "-I", "-S", "-c", _MEASURE,
            sys.executable, "-c", _EXPORT, url, str(folder), format_name, str(guard), str(rows),
        ],
        env=environment(), capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    return int(done.stdout) / 1024


@pytest.mark.parametrize("path", PATHS)
def test_half_a_million_rows_take_no_more_memory_than_some(
    path: tuple[str, bool], superuser_url: str, tmp_path: Path
) -> None:
    some = peak_megabytes(superuser_url, tmp_path, path, 20_000)
    written = (tmp_path / "out").stat().st_size
    many = peak_megabytes(superuser_url, tmp_path, path, 500_000)
    assert (tmp_path / "out").stat().st_size > 20 * written
    assert 20 < many < 120
    assert many < some + 5


def test_the_paths_are_those_that_they_are_meant_to_be() -> None:
    assert can_copy_csv(prepared(BIG))
    assert not can_copy_csv(prepared("SELECT $1::int", ["1"]))
    assert not can_copy_csv(prepared("SHOW work_mem"))
