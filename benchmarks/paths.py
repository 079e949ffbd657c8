"""One path from the database to a file, measured in a process of its own.

``python -m benchmarks.paths CASE URL OUTPUT`` prints ``{"rows", "cpu", "wall", "rss_mb", ...}`` of
the work alone: imports are not counted in the times; the peak of memory is that of the process.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SQL = "SELECT * FROM mixed"
SQL_WITH_PARAMETER = "SELECT * FROM mixed WHERE id >= $1"


def _ours(name: str, *, with_parameter: bool = False) -> Callable[[str, Path], int]:
    from heliograph.connections.engines.contract import RunOptions
    from heliograph.connections.service import open_session
    from heliograph.connections.url import parse_connection_url
    from heliograph.platform.output import open_output
    from heliograph.queries.encoders.registry import load_encoder
    from heliograph.queries.parameters import Parameters
    from heliograph.queries.placeholders import parse_template
    from heliograph.queries.service import can_copy_csv, copy_csv, prepare_query, write_result

    values = ["1"] if with_parameter else []
    query = prepare_query(
        parse_template(SQL_WITH_PARAMETER if with_parameter else SQL), Parameters(values)
    )

    def run(url: str, path: Path) -> int:
        with open_session(parse_connection_url(url)) as session, open_output(path) as out:
            if name == "csv" and can_copy_csv(query):
                return copy_csv(session, query, out, RunOptions()).row_count
            return write_result(session, query, load_encoder(name)(out), RunOptions()).row_count

    return run


def _raw_copy() -> Callable[[str, Path], int]:
    import psycopg

    def run(url: str, path: Path) -> int:
        rows = -1
        with psycopg.connect(url) as connection, path.open("wb") as out:
            copy = connection.cursor().copy(f"COPY ({SQL}) TO STDOUT (FORMAT csv, HEADER)")
            with copy as pieces:
                for piece in pieces:
                    out.write(piece)
                    rows += 1
        return rows

    return run


def _default_ndjson() -> Callable[[str, Path], int]:
    import orjson
    import psycopg
    from psycopg.rows import dict_row

    def run(url: str, path: Path) -> int:
        rows = 0
        with psycopg.connect(url) as connection, path.open("wb") as out:
            cursor = connection.cursor("bench", row_factory=dict_row)
            cursor.itersize = 10_000
            cursor.execute(SQL)
            for row in cursor:
                out.write(orjson.dumps(row, default=str, option=orjson.OPT_APPEND_NEWLINE))
                rows += 1
        return rows

    return run


def _default_json_pages() -> Callable[[str, Path], int]:
    import orjson
    import psycopg

    def run(url: str, path: Path) -> int:
        rows = 0
        with psycopg.connect(url) as connection, path.open("wb") as out:
            cursor = connection.cursor("bench")
            cursor.execute(SQL)
            while page := cursor.fetchmany(10_000):
                out.write(orjson.dumps(page, default=str))
                rows += len(page)
        return rows

    return run


def _values(url: str) -> Any:
    import psycopg

    connection = psycopg.connect(url)
    cursor = connection.cursor("bench")
    cursor.itersize = 5_000
    cursor.execute(SQL)
    return cursor


def _openpyxl() -> Callable[[str, Path], int]:
    from openpyxl import Workbook

    def run(url: str, path: Path) -> int:
        book = Workbook(write_only=True)
        sheet = book.create_sheet("Result")
        rows = 0
        for row in _values(url):
            sheet.append([_plain(value) for value in row])
            rows += 1
        book.save(path)
        return rows

    return run


def _xlsxwriter() -> Callable[[str, Path], int]:
    import xlsxwriter

    def run(url: str, path: Path) -> int:
        book = xlsxwriter.Workbook(
            path, {"constant_memory": True, "default_date_format": "yyyy-mm-dd hh:mm:ss"}
        )
        sheet = book.add_worksheet("Result")
        rows = 0
        for row in _values(url):
            sheet.write_row(rows, 0, [_plain(value) for value in row])
            rows += 1
        book.close()
        return rows

    return run


def _plain(value: Any) -> Any:
    """Excel has neither time zones nor UUIDs."""
    if getattr(value, "tzinfo", None) is not None or type(value).__name__ == "UUID":
        return str(value)
    return value


CASES: dict[str, Callable[[], Callable[[str, Path], int]]] = {
    "csv": lambda: _ours("csv"),
    "csv, with a parameter": lambda: _ours("csv", with_parameter=True),
    "ndjson": lambda: _ours("ndjson"),
    "json": lambda: _ours("json"),
    "xlsx": lambda: _ours("xlsx"),
    "psycopg COPY to a file": _raw_copy,
    "psycopg + orjson, a line each": _default_ndjson,
    "psycopg + orjson, pages": _default_json_pages,
    "openpyxl write_only": _openpyxl,
    "XlsxWriter constant_memory": _xlsxwriter,
}


def main() -> None:
    """Run one case and print what it took."""
    case, url, output = sys.argv[1:]
    run = CASES[case]()
    wall, cpu = time.monotonic(), time.process_time()
    rows = run(url, Path(output))
    result = {
        "rows": rows,
        "cpu": time.process_time() - cpu,
        "wall": time.monotonic() - wall,
        "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "bytes": Path(output).stat().st_size,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
