"""Memory does not grow with an export of rows that are kept: the peak of a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.cli import environment

MANY = 1_000_000

_WRITE = """
import sys
from pathlib import Path
from heliograph.connections.engines.contract import Column, ValueKind
from heliograph.platform.blob_store_folder import FolderBlobStore
from heliograph.queries.results import ResultWriter
folder, rows = Path(sys.argv[1]), int(sys.argv[2])
columns = [Column("n", "int4", ValueKind.INTEGER), Column("half", "numeric", ValueKind.NUMERIC),
    Column("name", "text", ValueKind.TEXT)]
with ResultWriter(FolderBlobStore(folder), "results/1", columns) as writer:
    for start in range(0, rows, 100):
        writer.write([(str(n), f"{n / 2:.1f}", f"item {n}") for n in range(start, start + 100)])
    (folder / "record").write_bytes(writer.finish().to_bytes())
"""
_EXPORT = """
import sys
from pathlib import Path
from heliograph.platform.blob_store_folder import FolderBlobStore
from heliograph.queries.export_executor import kept_batches
from heliograph.queries.export_writing import Export, write_export_from_rows
from heliograph.queries.result_index import StoredResult
from heliograph.queries.result_reader import ResultReader
folder, format_name, rows = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
blobs = FolderBlobStore(folder)
reader = ResultReader(blobs, StoredResult.from_bytes((folder / "record").read_bytes()))
export = Export(format_name, blobs, "exports/1/out")
assert write_export_from_rows(reader.columns, kept_batches(reader), export).row_count == rows
"""
# A child that has just been forked counts its parent's memory as its own peak (getrusage(2)).
_MEASURE = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:])
_, status, usage = os.wait4(process.pid, 0)
print(usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def peak_megabytes(program: str, *arguments: object) -> float:
    done = subprocess.run(
        [
            sys.executable, "-I", "-S", "-c", _MEASURE,
            sys.executable, "-c", program, *map(str, arguments),
        ],
        env=environment(), capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    return int(done.stdout) / 1024


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Folders of a result of some rows, and of one of many."""
    folders = {}
    for rows in (40_000, MANY):
        folders[rows] = tmp_path_factory.mktemp(f"rows-{rows}")
        peak_megabytes(_WRITE, folders[rows], rows)
    return folders


@pytest.mark.parametrize("format_name", ["csv", "xlsx", "ndjson"])
def test_a_million_kept_rows_take_no_more_memory_than_some(
    format_name: str, kept: dict[int, Path]
) -> None:
    some, many = (
        peak_megabytes(_EXPORT, folder, format_name, rows) for rows, folder in kept.items()
    )
    assert 20 < many < 120
    assert many < some + 8
