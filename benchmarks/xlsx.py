"""XLSX: ours beside openpyxl (write only) and XlsxWriter (constant memory), one mixed table.

``python -m benchmarks.xlsx [rows] [level ...]`` prints rows per CPU second, the size of the file
and the ratio to openpyxl. Every writer gets what it likes best, made outside the measured part:
ours the database's text, the others Python's own types. A level repeats ours at that zlib level.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from heliograph.connections.engines.contract import Column, Row, ValueKind
from heliograph.queries.encoders.contract import Summary
from heliograph.queries.encoders.xlsx import XlsxEncoder
from heliograph.queries.encoders.xlsx_zip import ZipStream

BATCH = 5_000
COLUMNS = (
    Column("id", "int4", ValueKind.INTEGER),
    Column("account", "int8", ValueKind.BIGINT),
    Column("price", "numeric", ValueKind.NUMERIC),
    Column("ratio", "float8", ValueKind.FLOAT),
    Column("active", "bool", ValueKind.BOOLEAN),
    Column("born", "date", ValueKind.DATE),
    Column("seen_at", "timestamp", ValueKind.TIMESTAMP),
    Column("paid_at", "timestamptz", ValueKind.TIMESTAMPTZ),
    Column("token", "uuid", ValueKind.OTHER),
    Column("city", "text", ValueKind.TEXT),
    Column("remark", "text", ValueKind.TEXT),
    Column("note", "text", ValueKind.TEXT),
)
_CITIES = ("Lisboa", "Utrecht", "Graz", "Kobe", "Quito", "Oulu", "Bergen", "Cork")
_REMARKS = ("größer & <b>besser</b>", "naïve café", "東京 → 大阪", "a < b && c > d", "plain words")


def make_rows(start: int, count: int) -> list[tuple[Any, ...]]:
    """Return rows as the other writers like them; the same for the same ``start``."""
    random = Random(start)
    day, moment = date(2020, 1, 1), datetime(2020, 1, 1)  # noqa: DTZ001  # a timestamp has no zone
    return [
        (
            number,
            random.randrange(10**12),
            Decimal(random.randrange(10**7)) / 100,
            random.random() * 1000,
            random.random() < 0.5,
            day + timedelta(days=random.randrange(2000)),
            moment + timedelta(seconds=random.randrange(10**8)),
            f"{moment + timedelta(seconds=random.randrange(10**8))}+00",
            str(UUID(int=random.getrandbits(128))),
            random.choice(_CITIES),
            f"{random.choice(_REMARKS)} {random.randrange(1000)}",
            None if random.random() < 0.5 else f"note {random.randrange(100)}",
        )
        for number in range(start, start + count)
    ]


def as_text(rows: Sequence[tuple[Any, ...]]) -> list[Row]:
    """Return the same rows as PostgreSQL's text."""
    return [
        tuple(
            None if value is None else "ft"[value] if isinstance(value, bool) else str(value)
            for value in row
        )
        for row in rows
    ]


def _batches(rows: int) -> list[tuple[int, int]]:
    return [(start, min(BATCH, rows - start)) for start in range(0, rows, BATCH)]


def write_ours(path: Path, rows: int, level: int | None = None) -> float:
    """Write the table with the encoder; return its CPU seconds."""
    with path.open("wb") as out:
        began = time.process_time()
        encoder = XlsxEncoder(out)
        if level is not None:
            encoder._zip = ZipStream(out, level=level)
        encoder.start(COLUMNS)
        spent = time.process_time() - began
        for start, count in _batches(rows):
            batch = as_text(make_rows(start, count))
            began = time.process_time()
            encoder.write_rows(batch)
            spent += time.process_time() - began
        began = time.process_time()
        encoder.finish(Summary(rows, truncated=False, duration_ms=0))
        return spent + time.process_time() - began


def write_openpyxl(path: Path, rows: int) -> float:
    """Write the table with openpyxl's write-only mode; return its CPU seconds."""
    import openpyxl

    began = time.process_time()
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Result")
    sheet.append([column.name for column in COLUMNS])
    spent = time.process_time() - began
    for start, count in _batches(rows):
        batch = make_rows(start, count)
        began = time.process_time()
        for row in batch:
            sheet.append(row)
        spent += time.process_time() - began
    began = time.process_time()
    book.save(path)
    return spent + time.process_time() - began


def write_xlsxwriter(path: Path, rows: int) -> float:
    """Write the table with XlsxWriter's constant-memory mode; return its CPU seconds."""
    import xlsxwriter

    began = time.process_time()
    book = xlsxwriter.Workbook(
        path, {"constant_memory": True, "default_date_format": "yyyy-mm-dd hh:mm:ss"}
    )
    sheet = book.add_worksheet("Result")
    sheet.write_row(0, 0, [column.name for column in COLUMNS])
    spent = time.process_time() - began
    for start, count in _batches(rows):
        batch = make_rows(start, count)
        began = time.process_time()
        for number, row in enumerate(batch, start + 1):
            sheet.write_row(number, 0, row)
        spent += time.process_time() - began
    began = time.process_time()
    book.close()
    return spent + time.process_time() - began


def run(rows: int, *, slow_rows: int = 20_000, levels: Sequence[int] = ()) -> list[dict[str, Any]]:
    """Measure every writer; the two slow ones with at most ``slow_rows`` rows."""
    writers: list[tuple[str, int, Callable[[Path, int], float]]] = [
        ("heliograph", rows, write_ours),
        ("openpyxl write_only", min(rows, slow_rows), write_openpyxl),
        ("XlsxWriter constant_memory", min(rows, slow_rows), write_xlsxwriter),
    ]
    writers += [
        (f"heliograph, level {level}", rows, partial(write_ours, level=level)) for level in levels
    ]
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, count, write in writers:
            path = Path(folder) / "out.xlsx"
            cpu = write(path, count)
            results.append(
                {
                    "writer": name,
                    "rows": count,
                    "cpu_seconds": cpu,
                    "rows_per_cpu_second": count / cpu,
                    "bytes": path.stat().st_size,
                    "bytes_per_row": path.stat().st_size / count,
                }
            )
    floor = results[1]["rows_per_cpu_second"]
    return [result | {"ratio": result["rows_per_cpu_second"] / floor} for result in results]


def main() -> None:
    """Print the table."""
    arguments = [int(argument) for argument in sys.argv[1:]]
    rows, levels = (arguments or [200_000])[0], arguments[1:]
    print(f"{'writer':28} {'rows':>9} {'CPU s':>7} {'rows/CPU s':>11} {'B/row':>6} {'ratio':>6}")
    for result in run(rows, levels=levels):
        print(
            f"{result['writer']:28} {result['rows']:9,} {result['cpu_seconds']:7.2f}"
            f" {result['rows_per_cpu_second']:11,.0f} {result['bytes_per_row']:6.1f}"
            f" {result['ratio']:6.1f}"
        )


if __name__ == "__main__":
    main()
