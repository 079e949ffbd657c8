"""Exports of rows that are there already: chunks, looking after, notes; and their names."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from heliograph.connections.engines.contract import Column, Row, ValueKind
from heliograph.kernel.errors import (
    OutputFailed,
    QueryCanceled,
    QueryTimedOut,
    StorageUnavailable,
    UsageError,
)
from heliograph.queries.encoders.contract import Summary
from heliograph.queries.encoders.csv import CsvEncoder
from heliograph.queries.execution import ROW_LIMIT
from heliograph.queries.export_names import export_filename, link_export
from heliograph.queries.export_writing import (
    CONTENT_TYPES,
    Export,
    ExportSummary,
    ExportWatch,
    write_export_from_rows,
)

NAME = Column("name", "text", ValueKind.TEXT)
NUMBER = Column("n", "int4", ValueKind.INTEGER)
MEGABYTE = 1024 * 1024


class MemoryBlobs:
    """A blob store in memory that keeps a blob when its last chunk has come, and no sooner."""

    def __init__(self, *, fails_after: int | None = None) -> None:
        self.kept: dict[str, bytes] = {}
        self.content_types: dict[str, str] = {}
        self.chunk_sizes: list[int] = []
        self._fails_after = fails_after

    def write(self, key: str, chunks: Iterable[bytes], *, content_type: str) -> None:
        taken = []
        for chunk in chunks:
            if len(taken) == self._fails_after:
                raise StorageUnavailable("The disk is full.")
            taken.append(chunk)
        self.chunk_sizes = [len(chunk) for chunk in taken]
        self.kept[key] = b"".join(taken)
        self.content_types[key] = content_type

    def put(self, key: str, data: bytes, *, content_type: str) -> None:
        self.write(key, [data], content_type=content_type)

    def read(self, key: str) -> bytes | None:
        return self.kept.get(key)

    def delete(self, keys: Iterable[str]) -> None:
        for key in keys:
            self.kept.pop(key, None)

    def list(self, prefix: str = "") -> Iterator[str]:
        return (key for key in sorted(self.kept) if key.startswith(prefix))

    def link(self, key: str, *, seconds: int, filename: str, content_type: str) -> str:
        return f"memory:{key}|{seconds}|{filename}|{content_type}"

    def close(self) -> None:
        """Do nothing."""


class Seconds:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def write(
    blobs: MemoryBlobs,
    batches: Iterable[Sequence[Row]],
    *,
    columns: Sequence[Column] = (NUMBER, NAME),
    format_name: str = "csv",
    watch: ExportWatch | None = None,
    truncated_reason: str | None = None,
    notes: Sequence[str] = (),
) -> ExportSummary:
    export = Export(format_name, blobs, "exports/1")
    return write_export_from_rows(
        columns, batches, export, watch=watch, truncated_reason=truncated_reason, notes=notes
    )


def encoded(rows: Sequence[Row]) -> bytes:
    out = io.BytesIO()
    encoder = CsvEncoder(out, guard_formulas=True)
    encoder.start([NUMBER, NAME])
    encoder.write_rows(rows)
    encoder.finish(Summary(len(rows), False, 0))
    return out.getvalue()


@pytest.mark.parametrize("format_name", ["csv", "xlsx"])
def test_an_export_is_stored_under_its_key_with_its_type_and_size(format_name: str) -> None:
    blobs = MemoryBlobs()
    summary = write(blobs, [[("1", "a"), ("2", None)], [("3", "")]], format_name=format_name)
    assert blobs.content_types == {"exports/1": CONTENT_TYPES[format_name]}
    assert (summary.row_count, summary.bytes) == (3, len(blobs.kept["exports/1"]))
    assert (summary.truncated, summary.truncated_reason, summary.notes) == (False, None, ())


def test_a_format_that_is_none_of_exports_is_refused_before_anything_is_written() -> None:
    blobs = MemoryBlobs()
    with pytest.raises(UsageError, match="table"):
        write(blobs, [[("1", "a")]], format_name="table")
    assert blobs.kept == {}
    assert write(blobs, [[("1", "a")]]).row_count == 1


rows_strategy = st.lists(
    st.tuples(
        st.integers(-9, 9).map(str) | st.none(),
        st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\x00")),
    ),
    max_size=30,
)


@given(rows_strategy, st.integers(1, 7))
def test_whatever_the_batches_the_bytes_are_those_of_the_encoder(
    rows: list[Row], batch: int
) -> None:
    blobs = MemoryBlobs()
    batches = [rows[start : start + batch] for start in range(0, len(rows), batch)]
    assert write(blobs, batches).row_count == len(rows)
    assert blobs.kept["exports/1"] == encoded(rows)


def test_chunks_are_large_enough_for_a_store_and_do_not_grow_with_a_cell() -> None:
    blobs = MemoryBlobs()
    small: list[Row] = [("1", "x" * 1000)] * 100
    write(blobs, [small] * 20)
    assert min(blobs.chunk_sizes[:-1]) >= MEGABYTE // 4
    write(blobs, [[("1", "y" * (5 * MEGABYTE))]])
    assert max(blobs.chunk_sizes) <= MEGABYTE
    assert blobs.kept["exports/1"] == encoded([("1", "y" * (5 * MEGABYTE))])


def test_the_check_is_called_at_once_and_then_five_times_a_second_at_most() -> None:
    seconds = Seconds()
    checked_at: list[float] = []
    watch = ExportWatch(lambda: checked_at.append(seconds.now), monotonic=seconds)

    def batches() -> Iterator[Sequence[Row]]:
        for _ in range(20):
            yield [("1", "a")]
            seconds.now += 0.0625

    write(MemoryBlobs(), batches(), watch=watch)
    assert checked_at == [100.0, 100.25, 100.5, 100.75, 101.0]


def test_progress_is_told_once_a_second_at_most() -> None:
    seconds = Seconds()
    told: list[int] = []
    watch = ExportWatch(on_progress=told.append, monotonic=seconds)

    def batches() -> Iterator[Sequence[Row]]:
        for _ in range(30):
            yield [("1", "a")] * 10
            seconds.now += 0.125

    write(MemoryBlobs(), batches(), watch=watch)
    assert told == [90, 170, 250]


def test_a_check_that_raises_ends_the_export_and_no_blob_is_left() -> None:
    blobs = MemoryBlobs()
    calls = 0

    def check() -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise QueryCanceled("Somebody has cancelled the export.")

    seconds = iter(range(1000))
    watch = ExportWatch(check, monotonic=lambda: float(next(seconds)))
    with pytest.raises(QueryCanceled):
        write(blobs, [[("1", "a")]] * 100, watch=watch)
    assert (blobs.kept, calls) == ({}, 3)
    assert write(blobs, [[("1", "a")]] * 100).row_count == 100


def test_a_deadline_ends_the_export_and_no_blob_is_left() -> None:
    blobs, seconds = MemoryBlobs(), Seconds()

    def batches() -> Iterator[Sequence[Row]]:
        for _ in range(30):
            yield [("1", "a")] * 10
            seconds.now += 0.125

    with pytest.raises(QueryTimedOut, match="90 rows"):
        write(blobs, batches(), watch=ExportWatch(deadline=101.0, monotonic=seconds))
    assert blobs.kept == {}
    later = ExportWatch(deadline=seconds.now + 4, monotonic=seconds)
    assert write(blobs, batches(), watch=later).row_count == 300


def test_a_store_that_fails_ends_what_makes_the_rows() -> None:
    blobs = MemoryBlobs(fails_after=1)
    ended = []

    def batches() -> Iterator[Sequence[Row]]:
        try:
            while True:
                yield [("1", "x" * 1000)] * 500
        finally:
            ended.append(True)

    with pytest.raises(StorageUnavailable):
        write(blobs, batches())
    assert (blobs.kept, ended) == ({}, [True])


def test_rows_that_fail_in_the_middle_leave_no_blob() -> None:
    blobs = MemoryBlobs()

    def batches() -> Iterator[Sequence[Row]]:
        yield [("1", "x" * 1000)] * 1000
        raise StorageUnavailable("A stored segment is gone.")

    with pytest.raises(StorageUnavailable, match="segment"):
        write(blobs, batches())
    assert blobs.kept == {}


def test_more_columns_than_a_sheet_holds_are_refused_for_xlsx_and_not_for_csv() -> None:
    blobs = MemoryBlobs()
    columns = [Column(f"c{n}", "int4", ValueKind.INTEGER) for n in range(16_385)]
    rows = [tuple("1" for _ in columns)]
    with pytest.raises(OutputFailed, match="16,384"):
        write(blobs, [rows], columns=columns, format_name="xlsx")
    assert blobs.kept == {}
    assert write(blobs, [rows], columns=columns).row_count == 1


def test_what_cut_an_earlier_run_is_said_and_the_csv_stays_data_alone() -> None:
    blobs = MemoryBlobs()
    rows: list[Row] = [("1", "a"), ("2", "b")]
    summary = write(blobs, [rows], truncated_reason=ROW_LIMIT, notes=["It also said this."])
    assert summary.truncated
    assert summary.notes == (
        "Cut at 2 rows by the connection's row policy: the query gives more.",
        "It also said this.",
    )
    assert blobs.kept["exports/1"] == encoded(rows)
    other = write(blobs, [rows[:1]], truncated_reason="canceled")
    assert other.notes == ("Cut at 1 row: the query gives more.",)
    assert write(blobs, [rows]).notes == ()


def test_a_workbook_has_what_cut_it_and_other_notes_on_a_sheet_of_their_own() -> None:
    blobs = MemoryBlobs()
    write(
        blobs, [[("1", "a")]], format_name="xlsx",
        truncated_reason=ROW_LIMIT, notes=["It also said this."],
    )  # fmt: skip
    book = load_workbook(io.BytesIO(blobs.kept["exports/1"]))
    assert book.sheetnames == ["Result", "Notes"]
    assert [row[0] for row in book["Notes"].iter_rows(values_only=True)] == [
        "Notes",
        "The result is cut after 1 rows: the query gives more.",
        "It also said this.",
    ]
    assert [*book["Result"].iter_rows(values_only=True)] == [("n", "name"), (1, "a")]


DAY = date(2026, 1, 31)


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Orders by month", "Orders by month 2026-01-31.csv"),
        ("Umsätze 世界", "Umsätze 世界 2026-01-31.csv"),
        ("../../etc/passwd", "-..-etc-passwd 2026-01-31.csv"),
        ('a\\b:c*d?e"f<g>h|i', "a-b-c-d-e-f-g-h-i 2026-01-31.csv"),
        ("two\nlines\tand\x00nul\x7f", "two lines and nul 2026-01-31.csv"),
        ("bill\u202egnp.exe", "bill gnp.exe 2026-01-31.csv"),
        (".hidden. ", "hidden 2026-01-31.csv"),
        ("CON.txt", "_CON.txt 2026-01-31.csv"),
        ("Console", "Console 2026-01-31.csv"),
        ("", "Export 2026-01-31.csv"),
        (" ./. ", "Export 2026-01-31.csv"),
    ],
)
def test_a_file_is_named_after_its_title_as_far_as_that_is_safe(title: str, name: str) -> None:
    assert export_filename(title, DAY, "csv") == name


def test_the_name_of_a_cut_result_says_so() -> None:
    name = export_filename("Orders", DAY, "csv", cut_at=100_000)
    assert name == "Orders 2026-01-31 (first 100000 rows only).csv"


@given(st.text())
def test_every_name_is_one_segment_of_a_path_that_every_system_keeps(title: str) -> None:
    name = export_filename(title, DAY, "xlsx", cut_at=10**9)
    assert name.isprintable()
    assert not set(name) & set('\\/:*?"<>|')
    assert len(name.encode()) < 200
    assert name[0] not in " ."
    assert name.endswith(" 2026-01-31 (first 1000000000 rows only).xlsx")


def test_a_link_tells_the_name_and_the_type() -> None:
    link = link_export(
        MemoryBlobs(), "exports/1", filename="a 2026-01-31.csv", format_name="csv", seconds=60
    )
    assert link == "memory:exports/1|60|a 2026-01-31.csv|text/csv; charset=utf-8"
