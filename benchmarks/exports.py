"""Exports into a folder store, beside raw COPY to a file and beside openpyxl.

``python -m benchmarks.exports CASE URL FOLDER ROWS`` measures one in a process of its own; `run`
asks them and prints. An export to the store ends with fsync, and so do the floors.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SIZES = (100_000, 1_000_000)
REPEATS = 3
_SLOW_ROWS = 50_000

COPY, OPENPYXL = "psycopg COPY to a file", "openpyxl write_only"
CASES = {
    "csv, unguarded": ("csv", False),
    "csv, guarded": ("csv", True),
    "xlsx, guarded": ("xlsx", True),
}


def _export(format_name: str, guard: bool) -> Callable[[str, Path, int], int]:
    from heliograph.connections.engines.contract import RunOptions
    from heliograph.connections.service import open_session
    from heliograph.connections.url import parse_connection_url
    from heliograph.platform.blob_store_folder import FolderBlobStore
    from heliograph.queries.export_writing import Export, write_export
    from heliograph.queries.parameters import Parameters
    from heliograph.queries.placeholders import parse_template
    from heliograph.queries.service import prepare_query

    def run(url: str, folder: Path, rows: int) -> int:
        query = prepare_query(parse_template(_sql(rows)), Parameters([]))
        export = Export(format_name, FolderBlobStore(folder), "out", guard_formulas=guard)
        with open_session(parse_connection_url(url)) as session:
            return write_export(session, query, export, options=RunOptions()).row_count

    return run


def _copy() -> Callable[[str, Path, int], int]:
    import psycopg

    def run(url: str, folder: Path, rows: int) -> int:
        count = -1
        with psycopg.connect(url) as connection, (folder / "out").open("wb") as out:
            copy = f"COPY ({_sql(rows)}) TO STDOUT (FORMAT csv, HEADER)"
            with connection.cursor().copy(copy.encode()) as pieces:
                for piece in pieces:
                    out.write(piece)
                    count += 1
            out.flush()
            os.fsync(out.fileno())
        return count

    return run


def _openpyxl() -> Callable[[str, Path, int], int]:
    import psycopg
    from openpyxl import Workbook

    def run(url: str, folder: Path, rows: int) -> int:
        book = Workbook(write_only=True)
        sheet = book.create_sheet("Result")
        count = 0
        with psycopg.connect(url) as connection, connection.cursor("bench") as cursor:
            cursor.itersize = 5_000
            for row in cursor.execute(_sql(rows).encode()):
                sheet.append([_plain(value) for value in row])
                count += 1
        with (folder / "out").open("wb") as out:
            book.save(out)
            out.flush()
            os.fsync(out.fileno())
        return count

    return run


def _plain(value: Any) -> Any:
    """Excel has neither time zones nor UUIDs."""
    has_no_cell = getattr(value, "tzinfo", None) is not None or type(value).__name__ == "UUID"
    return str(value) if has_no_cell else value


def _sql(rows: int) -> str:
    return f"SELECT * FROM mixed WHERE id <= {rows}"


def _case(name: str) -> Callable[[str, Path, int], int]:
    if name in CASES:
        return _export(*CASES[name])
    return {COPY: _copy, OPENPYXL: _openpyxl}[name]()


def _measure(name: str, url: str, folder: Path, rows: int) -> dict[str, Any]:
    """Run one case in a process of its own, and again; keep the quickest by either clock."""
    command = [sys.executable, "-m", "benchmarks.exports", name, url, str(folder), str(rows)]
    repeats = 1 if name == OPENPYXL else REPEATS
    runs = [json.loads(subprocess.check_output(command)) for _ in range(repeats)]
    best = {key: min(run[key] for run in runs) for key in ("cpu", "wall")}
    return {**runs[0], **best, "rss_mb": max(run["rss_mb"] for run in runs)}


def run(url: str, folder: Path, most_rows: int) -> None:
    """Measure every export beside its floor; ``most_rows`` is how many the table has."""
    print("\nexports of 12 mixed columns to a folder store")
    for rows in [size for size in SIZES if size <= most_rows] or [most_rows]:
        found = {name: _measure(name, url, folder, rows) for name in (*CASES, COPY)}
        found[OPENPYXL] = _measure(OPENPYXL, url, folder, min(rows, _SLOW_ROWS))
        for name, one in found.items():
            print(
                f"  {name:<24} {one['rows']:>9,} rows  {one['rows'] / one['wall']:>9,.0f} rows/s  "
                f"{one['rows'] / one['cpu']:>9,.0f} rows/CPU s  {one['wall']:>6.2f} s  "
                f"{one['rss_mb']:>5.0f} MB peak  {one['bytes'] / one['rows']:>4.0f} B/row",
                flush=True,
            )
        for name in CASES:
            floor, aim = (OPENPYXL, "5") if name.startswith("xlsx") else (COPY, "0.8")
            by_clock = {
                clock: _ratio(found[name], found[floor], clock) for clock in ("wall", "cpu")
            }
            print(
                f"  {name} / {floor}: {by_clock['wall']:.2f} by the clock, "
                f"{by_clock['cpu']:.2f} by CPU  (aim: at least {aim})",
                flush=True,
            )


def _ratio(ours: dict[str, Any], floor: dict[str, Any], clock: str) -> float:
    return float((ours["rows"] / ours[clock]) / (floor["rows"] / floor[clock]))


def _peak_megabytes() -> float:
    # Not getrusage(2): there a child begins with the peak of the process that has forked it.
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def main() -> None:
    """Run one case and print what it took."""
    name, url, folder, rows = sys.argv[1:]
    write = _case(name)
    write(url, Path(folder), 1)  # as in a worker that has done it before
    wall, cpu = time.monotonic(), time.process_time()
    count = write(url, Path(folder), int(rows))
    print(
        json.dumps(
            {
                "rows": count,
                "cpu": time.process_time() - cpu,
                "wall": time.monotonic() - wall,
                "rss_mb": _peak_megabytes(),
                "bytes": (Path(folder) / "out").stat().st_size,
            }
        )
    )


if __name__ == "__main__":
    main()
