"""Memory does not grow with the result: measured as the peak of the command's own process."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from openpyxl import load_workbook
from tests.support.cli import Finished, command, environment, heliograph

MOST_MEGABYTES = 120
SOME = 100_000
FORMATS = ["csv", "ndjson", "json", "xlsx"]
# CSV without parameters is written by the server itself, everything else row by row.
PATHS = [("csv", False), *((name, True) for name in FORMATS)]
# Two million rows, of which a pointer each would be 15 MB, and two sheets; where it is cheap more.
MILLIONS = [(*path, 2 if path[1] else 5) for path in PATHS]

# A child that has just been forked counts its parent's memory as its own peak (getrusage(2)), and
# a test session is large: so a small process stands between.
_MEASURE = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:])
_, status, usage = os.wait4(process.pid, 0)
print(usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""


@dataclass(frozen=True)
class Measured:
    """What a command used and wrote."""

    megabytes: float
    stderr: str


def measure(*arguments: str) -> Measured:
    return measure_command(command(*arguments))


def measure_command(arguments: list[str]) -> Measured:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _MEASURE, *arguments],
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return Measured(int(done.stdout) / 1024, done.stderr.decode())


def arguments_of(rows: int, name: str, has_value: bool, url: str, path: Path) -> list[str]:
    sql = f"SELECT n, n * 0.5 AS half, 'item ' || n AS name FROM generate_series(1, {rows}) n"
    value = ["-p", "0"] if has_value else []
    where = " WHERE n > $1" if has_value else ""
    return [
        "query", sql + where, *value, "--url", url, "--format", name, "--output", str(path),
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "has_value", "millions"), MILLIONS)
def test_millions_of_rows_take_no_more_memory_than_some(
    name: str, has_value: bool, millions: int, superuser_url: str, tmp_path: Path
) -> None:
    path = tmp_path / "out"
    rows = millions * 1_000_000
    some = measure(*arguments_of(SOME, name, has_value, superuser_url, path))
    written = path.stat().st_size
    many = measure(*arguments_of(rows, name, has_value, superuser_url, path))
    assert path.stat().st_size > 0.8 * written * rows / SOME
    assert last_row_is_there(path, name, rows)
    path.unlink()
    assert many.megabytes < MOST_MEGABYTES
    assert many.megabytes < some.megabytes + 5
    assert some.megabytes > 20  # it was the command that was measured


def last_row_is_there(path: Path, name: str, rows: int) -> bool:
    if name == "xlsx":  # reading it back would take longer than all the rest; see test_xlsx
        return True
    with path.open("rb") as file:
        file.seek(-200, 2)
        return f"item {rows}".encode() in file.read()


@pytest.mark.parametrize(("name", "has_value"), PATHS)
def test_large_rows_are_not_collected(
    name: str, has_value: bool, superuser_url: str, tmp_path: Path
) -> None:
    sql = "SELECT repeat(md5(n::text), 3200) AS t FROM generate_series(1, 2000) n"
    value = ["-p", "0"] if has_value else []
    measured = measure(
        "query", sql + (" WHERE n > $1" if has_value else ""), *value, "--url", superuser_url,
        "--format", name, "--output", str(tmp_path / "out"),
    )  # fmt: skip
    assert measured.megabytes < MOST_MEGABYTES


LARGE = 50_000_000
MOST_MEGABYTES_OF_LARGE_CELLS = 300
SEVERAL = f"SELECT repeat('x', {LARGE}) AS t, n FROM generate_series(1, 8) n"


@pytest.mark.parametrize(("name", "has_value"), PATHS)
def test_cells_of_fifty_megabytes_are_not_collected(
    name: str, has_value: bool, superuser_url: str, tmp_path: Path
) -> None:
    path = tmp_path / "out"
    value = ["-p", "0"] if has_value else []
    measured = measure(
        "query", SEVERAL + (" WHERE n > $1" if has_value else ""), *value, "--url", superuser_url,
        "--format", name, "--output", str(path),
    )  # fmt: skip
    if name != "xlsx":  # which cuts them
        assert path.stat().st_size > 8 * LARGE
    assert measured.megabytes < MOST_MEGABYTES_OF_LARGE_CELLS


# What an API's request does, without the API: a run into a stored result, and an export.
_WRITE = """
import sys
from pathlib import Path
from heliograph.connections.engines.contract import RunOptions
from heliograph.connections.service import open_session
from heliograph.connections.url import parse_connection_url
from heliograph.platform.blob_store_folder import FolderBlobStore
from heliograph.queries.execution import execute
from heliograph.queries.export_writing import Export, write_export
from heliograph.queries.parameters import Parameters
from heliograph.queries.placeholders import parse_template
from heliograph.queries.results import ResultWriter
from heliograph.queries.service import prepare_query
url, folder, target, rows, sql, *values = sys.argv[1:]
store = FolderBlobStore(Path(folder))
query = prepare_query(parse_template(sql), Parameters(values))
class Sink:
    def start(self, columns):
        self.writer = ResultWriter(store, "results", columns)
    def write(self, batch):
        self.writer.write(batch)
with open_session(parse_connection_url(url)) as session:
    if target == "result":
        sink = Sink()
        found = execute(session, query, RunOptions(), sink)
        assert sink.writer.finish().row_count == int(rows)
    else:
        found = write_export(session, query, Export(target, store, "out"), options=RunOptions())
assert found.row_count == int(rows), found
"""


def measure_writing(url: str, folder: Path, target: str, rows: int, *query: str) -> Measured:
    python = [sys.executable, "-c", _WRITE]
    return measure_command([*python, url, str(folder), target, str(rows), *query])


@pytest.mark.parametrize("target", ["result", "csv", "csv with a value", "xlsx"])
def test_cells_of_fifty_megabytes_are_stored_and_exported_one_after_another(
    target: str, superuser_url: str, tmp_path: Path
) -> None:
    name, _, has_value = target.partition(" ")
    query = [f"{SEVERAL} WHERE n > $1", "0"] if has_value else [SEVERAL]
    measured = measure_writing(superuser_url, tmp_path, name, 8, *query)
    if name != "xlsx":
        written = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
        assert written >= 8 * LARGE
    assert measured.megabytes < MOST_MEGABYTES_OF_LARGE_CELLS


@pytest.mark.parametrize("target", ["result", "csv"])
def test_rows_of_1600_columns_larger_than_a_page_take_no_more_memory_when_there_are_more(
    target: str, superuser_url: str, tmp_path: Path
) -> None:
    columns = ", ".join(f"repeat('x', 3000 + n) AS c{number}" for number in range(1600))
    sql = f"SELECT {columns} FROM generate_series(1, %d) n"
    few = measure_writing(superuser_url, tmp_path, target, 8, sql % 8)
    many = measure_writing(superuser_url, tmp_path, target, 32, sql % 32)
    assert many.megabytes < few.megabytes + 20
    assert many.megabytes < MOST_MEGABYTES_OF_LARGE_CELLS


def one_large_cell(name: str, url: str, path: Path) -> Finished:
    sql = f"SELECT repeat('é', {LARGE // 2}) AS t, 1 AS n"
    return heliograph("query", sql, "--url", url, "--format", name, "--output", str(path))


@pytest.mark.parametrize("name", ["csv", "ndjson", "json", "table"])
def test_a_cell_of_fifty_megabytes_arrives_whole(
    name: str, superuser_url: str, tmp_path: Path
) -> None:
    path = tmp_path / "out"
    done = one_large_cell(name, superuser_url, path)
    assert (done.code, done.stderr) == (0, "")
    assert path.read_bytes().count("é".encode()) == LARGE // 2


def test_a_cell_of_fifty_megabytes_is_cut_in_xlsx_which_says_so(
    superuser_url: str, tmp_path: Path
) -> None:
    path = tmp_path / "out.xlsx"
    done = one_large_cell("xlsx", superuser_url, path)
    assert done.code == 0
    assert "32,767" in done.stderr
    text, number = next(load_workbook(path)["Result"].iter_rows(min_row=2, values_only=True))
    assert number == 1
    assert isinstance(text, str)
    assert len(text) <= 32_767
    assert text.startswith("éééé")


@pytest.mark.parametrize("name", [*FORMATS, "table"])
def test_a_row_of_1600_columns_arrives_whole(name: str, superuser_url: str, tmp_path: Path) -> None:
    names = [f"c{n}" for n in range(1600)]
    values = [f"v{n}" for n in range(1600)]
    columns = ", ".join(f"'{v}' AS {c}" for c, v in zip(names, values, strict=True))
    path = tmp_path / f"out.{name}"
    done = heliograph(
        "query", f"SELECT {columns}", "--url", superuser_url, "--format", name,
        "--output", str(path),
    )  # fmt: skip
    assert (done.code, done.stderr) == (0, "")
    assert read_back(path, name) == [names, values]


def read_back(path: Path, name: str) -> list[list[str]]:
    if name == "xlsx":
        rows = load_workbook(path)["Result"].iter_rows(values_only=True)
        return [[str(cell) for cell in row] for row in rows]
    text = path.read_text()
    if name == "csv":
        return list(csv.reader(text.splitlines()))
    if name == "table":
        lines = text.splitlines()
        return [[cell.strip() for cell in line.split("│")] for line in (lines[0], lines[2])]
    document = json.loads(text)
    if name == "ndjson":
        return [list(document), list(document.values())]
    return [[column["name"] for column in document["columns"]], *document["rows"]]
