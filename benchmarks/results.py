"""A result stored and read in pages, beside the command line's JSON and beside JSON made anew.

``python -m benchmarks.results write URL FOLDER`` and ``... read FOLDER`` measure in a process of
their own; `run` asks them and prints.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from heliograph.connections.engines.contract import RunOptions
from heliograph.connections.service import open_session
from heliograph.connections.url import parse_connection_url
from heliograph.platform.blob_store_folder import FolderBlobStore
from heliograph.queries.parameters import Parameters
from heliograph.queries.placeholders import parse_template
from heliograph.queries.result_index import StoredResult
from heliograph.queries.result_reader import ResultReader, SegmentCache
from heliograph.queries.results import ResultWriter
from heliograph.queries.service import prepare_query

SQL = "SELECT * FROM mixed"
REPEATS = 40


def write(url: str, folder: Path) -> dict[str, float]:
    """Store the table; leave the record beside the blobs."""
    query = prepare_query(parse_template(SQL), Parameters([]))
    blobs = FolderBlobStore(folder / "blobs")
    wall, cpu = time.monotonic(), time.process_time()
    with (
        open_session(parse_connection_url(url)) as session,
        session.run(query.statement, RunOptions()) as result,
        ResultWriter(blobs, "results/bench", result.columns) as writer,
    ):
        for rows in result.batches():
            writer.write(rows)
        stored = writer.finish()
    record = stored.to_bytes()
    (folder / "record").write_bytes(record)
    return {
        "rows": stored.row_count,
        "cpu": time.process_time() - cpu,
        "wall": time.monotonic() - wall,
        "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "bytes": stored.stored_bytes,
        "json": stored.json_bytes,
        "packs": len(stored.packs),
        "record": len(record),
    }


def timed(work: Callable[[], object]) -> dict[str, float]:
    """Return the median wall time and the mean CPU time of some work, in ms."""
    walls: list[float] = []
    work()
    cpu = time.process_time()
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        walls.append(1000 * (time.perf_counter() - start))
    cpu = 1000 * (time.process_time() - cpu) / REPEATS
    return {"p50": statistics.median(walls), "cpu": cpu}


def read(folder: Path) -> dict[str, Any]:
    """Measure pages at the end of the result: of a new process, of a warm one, and their floor."""
    blobs, record = FolderBlobStore(folder / "blobs"), (folder / "record").read_bytes()
    measured: dict[str, Any] = {"record": timed(lambda: StoredResult.from_bytes(record))}
    cache = SegmentCache()
    for size in (1_000, 10_000):
        offset = StoredResult.from_bytes(record).row_count - size

        def page(cache: SegmentCache | None, offset: int = offset, size: int = size) -> Any:
            return ResultReader(blobs, StoredResult.from_bytes(record), cache).rows(offset, size)

        plain = b"[" + page(None).rows() + b"]"
        for name, kept in (("cold", None), ("warm", cache)):
            measured[f"{size:,} rows, {name}, as JSON"] = timed(lambda k=kept: page(k).rows())  # type: ignore[misc]
            measured[f"{size:,} rows, {name}, as gzip"] = timed(
                lambda k=kept: page(k).gzip(b'{"rows":[', b"]}")  # type: ignore[misc]
            )
        anew = f"{size:,} rows, made anew"
        measured[f"{anew}, as JSON"] = timed(lambda p=plain: made_anew(p))  # type: ignore[misc]
        measured[f"{anew}, as gzip"] = timed(
            lambda p=plain: compressed(made_anew(p))  # type: ignore[misc]
        )
    measured["rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return measured


def made_anew(page: bytes) -> bytes:
    """Read JSON and write it: the floor of every store that keeps rows as values."""
    import orjson

    return orjson.dumps(json.loads(page))


def compressed(page: bytes) -> bytes:
    """Return the gzip that an answer is otherwise sent as."""
    import zlib

    packer = zlib.compressobj(level=4, wbits=31)
    return packer.compress(page) + packer.flush()


def run(url: str, folder: Path, json_path: dict[str, float]) -> None:
    """Store what the table holds and read its end; ``json_path`` is the command line's JSON."""

    def measure(*arguments: str) -> dict[str, Any]:
        command = [sys.executable, "-m", "benchmarks.results", *arguments]
        found: dict[str, Any] = json.loads(subprocess.check_output(command))
        return found

    written = measure("write", url, str(folder))
    print(f"a stored result, {written['rows']:,} rows of 12 mixed columns, {written['json']:,} B")
    print(
        f"  {written['bytes']:,} B in {written['packs']} packs, record {written['record']:,} B\n"
        f"  stored     {written['rows'] / written['cpu']:>9,.0f} rows/CPU s  "
        f"{written['rows'] / written['wall']:>9,.0f} rows/s  {written['rss_mb']:>4.0f} MB peak\n"
        f"  json path  {json_path['rows'] / json_path['cpu']:>9,.0f} rows/CPU s  "
        f"{json_path['rows'] / json_path['wall']:>9,.0f} rows/s  "
        f"{json_path['rss_mb']:>4.0f} MB peak"
    )
    pages = measure("read", str(folder))
    peak = pages.pop("rss_mb")
    print(f"pages at its end, p50 ms and CPU ms; {peak:.0f} MB peak")
    for name, times in pages.items():
        print(f"  {name:<32} {times['p50']:>8.2f} {times['cpu']:>8.2f}", flush=True)


def main() -> None:
    """Measure one part and print what it took."""
    part, *arguments = sys.argv[1:]
    if part == "write":
        print(json.dumps(write(arguments[0], Path(arguments[1]))))
    else:
        print(json.dumps(read(Path(arguments[0]))))


if __name__ == "__main__":
    main()
