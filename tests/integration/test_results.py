"""Stored results: every row once, exact, at any offset; nothing left of what was not finished."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.moto_server import BUCKET, running_moto
from tests.support.repository import ROOT

from heliograph.connections.engines.contract import Column, Row, ValueKind
from heliograph.kernel.errors import NotFound, ResultExpired, StorageUnavailable
from heliograph.platform.blob_store import BlobStore
from heliograph.platform.blob_store_folder import FolderBlobStore
from heliograph.platform.blob_store_s3 import S3BlobStore
from heliograph.queries.pages import PAGE_BYTES, SegmentWriter
from heliograph.queries.result_index import StoredResult
from heliograph.queries.result_reader import ResultReader, SegmentCache, delete_result
from heliograph.queries.results import ResultLimits, ResultWriter
from heliograph.queries.segment_rows import rows_from_segment

TEXT = Column("name", "text", ValueKind.TEXT)
BIG = Column("id", "int8", ValueKind.BIGINT)
DOCUMENT = Column("document", "jsonb", ValueKind.JSON)
DOCUMENTS = Column("documents", "jsonb[]", ValueKind.ARRAY, ValueKind.JSON)
COLUMNS = (BIG, TEXT, DOCUMENT)
NO_INLINE = ResultLimits(pack_bytes=20_000, inline_bytes=0, packed_cell_bytes=5_000)


class WatchedStore:
    """A store that counts what is read, and fails when it is told to. Another store does the work.

    ``fail_at`` counts the puts and writes; that one writes and then fails, as where an answer is
    lost.
    """

    def __init__(self, store: BlobStore, fail_at: int | None = None) -> None:
        self._store = store
        self._fail_at = fail_at
        self.reads: list[tuple[str, int, int]] = []
        self.written = 0

    def put(self, key: str, data: bytes, *, content_type: str) -> None:
        self._store.put(key, data, content_type=content_type)
        self._count()

    def write(self, key: str, chunks: Iterable[bytes], *, content_type: str) -> None:
        self._store.write(key, chunks, content_type=content_type)
        self._count()

    def _count(self) -> None:
        self.written += 1
        if self.written == self._fail_at:
            raise StorageUnavailable("The disk is full.")

    def read(self, key: str) -> bytes | None:
        return self._store.read(key)

    def read_range(self, key: str, start: int, length: int) -> bytes | None:
        self.reads.append((key, start, length))
        return self._store.read_range(key, start, length)

    def delete(self, keys: Iterable[str]) -> None:
        self._store.delete(keys)

    def list(self, prefix: str = "") -> Iterator[str]:
        return self._store.list(prefix)

    def link(self, key: str, *, seconds: int, filename: str, content_type: str) -> str:
        return self._store.link(key, seconds=seconds, filename=filename, content_type=content_type)

    def close(self) -> None:
        self._store.close()


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobStore:
    return FolderBlobStore(tmp_path / "blobs")


@pytest.fixture(scope="module")
def bucket() -> Iterator[S3BlobStore]:
    with running_moto() as moto, closing(S3BlobStore(BUCKET, moto.environment)) as store:
        yield store


def write(
    blobs: BlobStore,
    columns: Sequence[Column],
    rows: Sequence[Row],
    *,
    prefix: str = "results/run",
    limits: ResultLimits = NO_INLINE,
    batch: int = 100,
    **segments: int,
) -> StoredResult:
    """Write a result, and take its record through its bytes."""
    segments = {"segment_rows": 50, **segments}
    with ResultWriter(
        blobs, prefix, columns, segments=SegmentWriter(columns, **segments), limits=limits
    ) as writer:
        for start in range(0, len(rows), batch):
            writer.write(rows[start : start + batch])
        assert writer.row_count == len(rows)
        return StoredResult.from_bytes(writer.finish().to_bytes())


def mixed_rows(count: int) -> list[Row]:
    return [
        (str(n * 10**15), None if n % 5 == 0 else f"näme {n} " * (n % 9), f'{{"n": [{n}]}}')
        for n in range(count)
    ]


def as_json(rows: Sequence[Row]) -> list[list[Any]]:
    """What clients are to see of `COLUMNS`."""
    return [
        [big, text, None if document is None else json.loads(document)]
        for big, text, document in rows
    ]


def parsed(rows: bytes) -> list[list[Any]]:
    found: list[list[Any]] = json.loads(b"[" + rows + b"]")
    return found


# Pages

words = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30)
any_rows = st.lists(
    st.tuples(
        st.none() | st.integers(-(2**63), 2**63 - 1).map(str),
        st.none() | words,
        st.none()
        | st.dictionaries(words, words, max_size=2).map(lambda d: json.dumps(d, indent=1)),
    ),
    max_size=80,
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    any_rows,
    st.integers(1, 25),
    st.integers(200, 2000),
    st.sampled_from([0, 300, 10**6]),
    st.sampled_from([1, 500, 10**6]),
    st.integers(1, 30),
    st.integers(150, 3000),
)
def test_pages_laid_together_are_the_rows_whatever_the_windows(
    rows: list[Row],
    segment_rows: int,
    segment_bytes: int,
    inline_bytes: int,
    pack_bytes: int,
    limit: int,
    page_bytes: int,
) -> None:
    limits = ResultLimits(pack_bytes, inline_bytes)
    with tempfile.TemporaryDirectory() as folder:
        blobs = FolderBlobStore(Path(folder))
        stored = write(
            blobs, COLUMNS, rows, limits=limits, batch=13, segment_rows=segment_rows,
            segment_bytes=segment_bytes,
        )  # fmt: skip
        reader = ResultReader(blobs, stored, SegmentCache(), page_rows=20, page_bytes=page_bytes)
        found: list[list[Any]] = []
        while True:
            page = reader.rows(len(found), limit)
            part = parsed(page.rows())
            assert len(part) == page.row_count <= min(limit, 20)
            assert len(page.rows()) <= page_bytes or page.row_count == 1
            assert gzip.decompress(page.gzip(b"[", b"]")) == b"[" + page.rows() + b"]"
            found += part
            assert page.has_more == (len(found) < len(rows))
            if not page.has_more:
                break
            if page.row_count < min(limit, 20):  # only because the next row does not fit
                following = reader.rows(len(found), 1).rows()
                assert len(page.rows()) + len(following) + 2 > page_bytes
        assert found == as_json(rows)
        assert stored.row_count == len(rows)


@settings(
    deadline=None,
    max_examples=80,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(offset=st.integers(0, 520), limit=st.integers(0, 520))
def test_any_window_holds_just_its_rows(blobs: FolderBlobStore, offset: int, limit: int) -> None:
    rows = mixed_rows(500)
    if not hasattr(blobs, "stored"):
        blobs.stored = write(blobs, COLUMNS, rows)  # type: ignore[attr-defined]
    page = ResultReader(blobs, blobs.stored).rows(offset, limit)  # type: ignore[attr-defined]
    assert parsed(page.rows()) == as_json(rows[offset : offset + limit])
    assert page.has_more == (offset + limit < len(rows))
    assert page.offset == offset


def test_a_page_holds_no_more_than_ten_thousand_rows_and_four_megabytes(
    blobs: FolderBlobStore,
) -> None:
    narrow = write(blobs, [TEXT], [("x",)] * 10_500, segment_rows=1000)
    page = ResultReader(blobs, narrow).rows(0, 10**6)
    assert (page.row_count, page.has_more) == (10_000, True)
    wide = write(blobs, [TEXT], [("x" * 60_000,)] * 100, segment_rows=1000)
    page = ResultReader(blobs, wide).rows(1, 1000)
    assert page.row_count == 66
    assert PAGE_BYTES - 60_006 < len(page.rows()) <= PAGE_BYTES


@pytest.mark.parametrize(("offset", "limit"), [(-1, 1), (0, -1)])
def test_a_window_before_the_result_is_refused(
    blobs: FolderBlobStore, offset: int, limit: int
) -> None:
    reader = ResultReader(blobs, write(blobs, COLUMNS, mixed_rows(3)))
    assert reader.rows(0, 1).row_count == 1
    with pytest.raises(ValueError, match="at least"):
        reader.rows(offset, limit)


def test_results_without_rows_or_without_columns_have_pages_too(blobs: FolderBlobStore) -> None:
    empty = ResultReader(blobs, write(blobs, COLUMNS, []))
    assert list(empty.columns) == list(COLUMNS)
    page = empty.rows(0, 100)
    assert (page.rows(), page.row_count, page.has_more) == (b"", 0, False)
    assert gzip.decompress(page.gzip(b'{"rows":[', b"]}")) == b'{"rows":[]}'
    bare = ResultReader(blobs, write(blobs, [], [()] * 120))
    assert parsed(bare.rows(10, 60).rows()) == [[]] * 60


def test_a_bucket_holds_results_as_a_folder_does(
    bucket: S3BlobStore, blobs: FolderBlobStore
) -> None:
    rows = [*mixed_rows(300), ("1", "large " * 30_000, None), ("2", "larger " * 300_000, None)]
    limits = ResultLimits(pack_bytes=2_000, inline_bytes=0)
    for store in (bucket, blobs):
        stored = write(store, COLUMNS, rows, limits=limits)
        assert len(stored.packs) >= 2
        reader = ResultReader(store, stored)
        assert parsed(reader.rows(0, 300).rows()) == as_json(rows[:300])
        for row in (300, 301):
            key = reader.cell(row, 1)
            assert key is not None
            assert store.read(key) == (rows[row][1] or "").encode()
        reader.delete()
        assert list(store.list("results/")) == []


def test_the_first_page_is_there_before_and_after_the_end(blobs: FolderBlobStore) -> None:
    rows = [*mixed_rows(120), ("1", "é" * 50_000, None)]
    with ResultWriter(blobs, "results/run", COLUMNS, limits=NO_INLINE) as writer:
        assert writer.first_page().row_count == 0
        writer.write(rows[:30])
        assert parsed(writer.first_page().rows()) == as_json(rows[:30])
        writer.write(rows[30:])
        stored = writer.finish()
    assert writer.first_page() == ResultReader(blobs, stored).rows(0, 10_000)
    assert parsed(writer.first_page(7).rows()) == as_json(rows[:7])
    assert writer.first_page(7).has_more
    with pytest.raises(ValueError, match="finished"):
        writer.write(rows)


def test_the_first_page_of_a_run_that_was_given_up_stays_in_memory(blobs: FolderBlobStore) -> None:
    rows = mixed_rows(30_000)
    writer = ResultWriter(blobs, "results/run", COLUMNS, limits=NO_INLINE)
    with suppress(ZeroDivisionError), writer:
        writer.write(rows)
        raise ZeroDivisionError
    page = writer.first_page()
    assert (page.row_count, page.has_more) == (10_000, True)
    assert parsed(page.rows()) == as_json(rows[:10_000])
    assert list(blobs.list()) == []


# What is read


def test_only_the_segments_of_a_page_are_read_and_neighbours_at_once(
    blobs: FolderBlobStore,
) -> None:
    stored = write(blobs, COLUMNS, mixed_rows(1000), limits=ResultLimits(10**6, 0))
    watched = WatchedStore(blobs)
    reader = ResultReader(watched, stored, SegmentCache())
    reader.rows(110, 180)  # rows 100 to 299: segments 2 to 5
    sizes = stored.segments.sizes
    assert watched.reads == [(stored.pack_key(0), sum(sizes[:2]), sum(sizes[2:6]))]
    reader.rows(100, 200)
    assert len(watched.reads) == 1
    reader.rows(50, 300)  # segment 1, then the four that are held, then segment 6
    assert [length for _, _, length in watched.reads[1:]] == [sizes[1], sizes[6]]
    reader.rows(10**6, 10)
    reader.rows(0, 0)
    assert len(watched.reads) == 3


def test_a_page_over_the_border_of_packs_is_read_from_both(blobs: FolderBlobStore) -> None:
    rows = mixed_rows(1000)
    stored = write(blobs, COLUMNS, rows, limits=ResultLimits(2_000, 0))
    assert len(stored.packs) > 3
    watched = WatchedStore(blobs)
    border = stored.packs[0] * 50
    page = ResultReader(watched, stored).rows(border - 10, 20)
    assert parsed(page.rows()) == as_json(rows[border - 10 : border + 10])
    assert [key for key, _, _ in watched.reads] == [stored.pack_key(0), stored.pack_key(1)]


def test_the_cache_lets_go_of_what_was_not_asked_for_the_longest(blobs: FolderBlobStore) -> None:
    stored = write(blobs, COLUMNS, mixed_rows(1000), limits=ResultLimits(10**6, 0))
    one = max(stored.segments.sizes) + 300
    cache, watched = SegmentCache(most_bytes=3 * one), WatchedStore(blobs)
    reader = ResultReader(watched, stored, cache)
    for offset in (900, 850, 800, 900, 750):
        reader.rows(offset, 50)
    assert len(watched.reads) == 4
    assert 0 < cache.size <= 3 * one
    reader.rows(900, 50)
    assert len(watched.reads) == 4
    reader.rows(850, 50)
    assert len(watched.reads) == 5


# Where it is kept


def test_a_small_result_makes_no_blob(blobs: FolderBlobStore) -> None:
    rows = mixed_rows(300)
    stored = write(blobs, COLUMNS, rows, limits=ResultLimits())
    assert list(blobs.list()) == []
    assert stored.inline is not None
    assert not stored.may_have_blobs
    assert parsed(ResultReader(blobs, stored).rows(0, 300).rows()) == as_json(rows)
    ResultReader(blobs, stored).delete()
    large = write(blobs, COLUMNS, rows, limits=ResultLimits(inline_bytes=len(stored.inline) - 1))
    assert large.may_have_blobs
    assert list(blobs.list()) == [large.pack_key(0)]
    assert large.stored_bytes == stored.stored_bytes == len(blobs.read(large.pack_key(0)) or b"")


def test_deleting_removes_a_result_and_no_other(blobs: FolderBlobStore) -> None:
    rows = [*mixed_rows(500), ("1", "packed " * 10_000, None), ("2", "alone " * 20_000, None)]
    one = write(blobs, COLUMNS, rows, prefix="results/1")
    other = write(blobs, COLUMNS, rows, prefix="results/11")
    ResultReader(blobs, one).cell(500, 1)
    ResultReader(blobs, one).delete()
    assert all(key.startswith("results/11/") for key in blobs.list())
    assert parsed(ResultReader(blobs, other).rows(0, 500).rows()) == as_json(rows[:500])
    ResultReader(blobs, other).delete()
    assert list(blobs.list()) == []


def test_writers_of_one_run_do_not_mix_their_rows(blobs: FolderBlobStore) -> None:
    rows = mixed_rows(600)
    with ResultWriter(blobs, "results/run", COLUMNS, limits=NO_INLINE) as slow:
        slow.write(rows[:300])
        stored = write(blobs, COLUMNS, rows[::-1])
        slow.write(rows[300:])
    assert parsed(ResultReader(blobs, stored).rows(0, 600).rows()) == as_json(rows[::-1])


# Cells that a page cuts

LARGE_ROWS: list[Row] = [
    ("0", "short", None),
    ("1", "é" * 1_500, None),  # packed beside its segment
    ("2", "ü" * 4_000, '{"deep": "' + "x" * 2_000 + '"}'),  # a blob of its own, and a packed one
    ("3", "last", '{"a": null}'),
]


@pytest.mark.parametrize("inline_bytes", [0, 10**6])
def test_cut_cells_are_listed_where_they_are_and_whole_by_their_key(
    blobs: FolderBlobStore, inline_bytes: int
) -> None:
    rows = [*mixed_rows(75), *LARGE_ROWS, *mixed_rows(75)]
    limits = ResultLimits(20_000, inline_bytes, 5_000)
    stored = write(blobs, COLUMNS, rows, limits=limits, cell_bytes=1_000)
    reader = ResultReader(blobs, stored)
    page = reader.rows(0, 1000)
    cut = [(cell.row, cell.column, cell.bytes) for cell in page.cut_cells]
    assert cut == [(76, 1, 3_000), (77, 1, 8_000), (77, 2, 2_012)]
    found = parsed(page.rows())
    assert found[76][1] == "é" * 500
    assert found[77][1:] == ["ü" * 500, ('{"deep": "' + "x" * 2_000)[:1_000]]
    assert found[78] == ["3", "last", {"a": None}]
    assert [cell.row for cell in reader.rows(77, 2).cut_cells] == [77, 77]
    assert reader.rows(78, 10).cut_cells == ()
    for row, column, size in cut:
        key = reader.cell(row, column)
        assert key is not None
        whole = blobs.read(key) or b""
        assert (whole.decode(), len(whole)) == (rows[row][column], size)
    reader.delete()
    assert list(blobs.list()) == []


def test_a_cell_that_was_not_cut_has_no_blob_and_one_that_is_not_there_is_not_found(
    blobs: FolderBlobStore,
) -> None:
    reader = ResultReader(blobs, write(blobs, COLUMNS, LARGE_ROWS, cell_bytes=1_000))
    assert reader.cell(1, 1) is not None
    assert reader.cell(0, 1) is None
    assert reader.cell(1, 0) is None
    for row, column in ((4, 0), (-1, 0), (0, 3), (0, -1)):
        with pytest.raises(NotFound):
            reader.cell(row, column)


def test_fifty_megabytes_in_a_cell_are_kept_whole(blobs: FolderBlobStore) -> None:
    text = "ß" * 25_000_000
    reader = ResultReader(blobs, write(blobs, [TEXT], [("a",), (text,), ("z",)]))
    page = reader.rows(0, 10)
    assert [row[0][:3] for row in parsed(page.rows())] == ["a", "ßßß", "z"]
    assert [(cell.row, cell.bytes) for cell in page.cut_cells] == [(1, 50_000_000)]
    key = reader.cell(1, 0)
    assert key is not None
    assert (blobs.read(key) or b"").decode() == text


def test_sixteen_hundred_long_cells_in_a_row_fit_a_page(blobs: FolderBlobStore) -> None:
    columns = [TEXT] * 1600
    rows: list[Row] = [tuple(f"{row}-{n} " * 2_000 for n in range(1600)) for row in range(2)]
    reader = ResultReader(blobs, write(blobs, columns, rows, limits=ResultLimits()))
    page = reader.rows(0, 10)
    assert (page.row_count, page.has_more, len(page.cut_cells)) == (1, True, 1600)
    assert len(page.rows()) <= PAGE_BYTES
    key = reader.cell(1, 1599)
    assert key is not None
    assert (blobs.read(key) or b"").decode() == rows[1][1599]


# Everything in order


@pytest.mark.parametrize("limits", [NO_INLINE, ResultLimits(), ResultLimits(5_000_000, 0)])
def test_the_whole_result_comes_back_as_the_database_sent_it(
    blobs: FolderBlobStore, limits: ResultLimits
) -> None:
    columns = [*COLUMNS, DOCUMENTS]
    rows: list[Row] = [
        (*row, document)
        for row, document in zip(
            [*mixed_rows(130), *LARGE_ROWS, ("5", "", "null"), ("6", None, '{"a":\n\r1}')] * 3,
            [None, "{}", '{"{\\"a\\": 1}",NULL,"null"}', '{{"1","[2]"}}'] * 102,
            strict=True,
        )
    ]
    stored = write(blobs, columns, rows, limits=limits, cell_bytes=1_000, batch=37)
    found: list[Row] = []
    for segment in ResultReader(blobs, stored).segments():
        assert segment.first_row == len(found)
        found += rows_from_segment(
            segment.lines, columns, first_row=segment.first_row, cells=segment.cells
        )
    assert found == rows


# Faults


@pytest.mark.parametrize("fail_at", [1, 2, 3, 4])
def test_a_store_that_fails_in_the_middle_is_told_and_nothing_is_left(
    blobs: FolderBlobStore, fail_at: int
) -> None:
    # A pack on the way, a cell of its own, packs again, and the last pack when it is finished.
    rows = [*mixed_rows(400), ("1", "alone " * 20_000, None), *mixed_rows(400)]
    limits = ResultLimits(4_000, 0, 5_000)
    working = WatchedStore(blobs)
    stored = write(working, COLUMNS, rows, limits=limits)
    assert (working.written, len(stored.packs), stored.cell_blobs) == (4, 3, 1)
    ResultReader(blobs, stored).delete()
    with pytest.raises(StorageUnavailable, match="disk is full"):
        write(WatchedStore(blobs, fail_at), COLUMNS, rows, limits=limits)
    assert list(blobs.list()) == []


@pytest.mark.parametrize("leave", ["raise", "return", "abort"])
def test_a_writer_that_is_interrupted_leaves_nothing(blobs: FolderBlobStore, leave: str) -> None:
    rows = [*mixed_rows(2_000), ("1", "alone " * 20_000, None)]
    with (
        suppress(ZeroDivisionError),
        ResultWriter(
            blobs, "results/run", COLUMNS, segments=SegmentWriter(COLUMNS), limits=NO_INLINE
        ) as writer,
    ):
        writer.write(rows)
        writer.first_page()  # sends off what was not yet a segment
        assert list(blobs.list())
        if leave == "raise":
            raise ZeroDivisionError
        if leave == "abort":
            writer.abort()
            writer.abort()
            assert list(blobs.list()) == []
    assert list(blobs.list()) == []


def test_what_a_killed_writer_has_left_goes_with_the_run(blobs: FolderBlobStore) -> None:
    killed = ResultWriter(blobs, "results/run", COLUMNS, limits=NO_INLINE)
    killed.write([("1", "alone " * 20_000, None)])
    killed.first_page()
    write(blobs, COLUMNS, mixed_rows(300))
    other = write(blobs, COLUMNS, mixed_rows(300), prefix="results/run2")
    delete_result(blobs, "results/run")
    assert list(blobs.list()) == [other.pack_key(0)]


def test_rows_that_are_gone_have_expired(blobs: FolderBlobStore) -> None:
    rows = [*mixed_rows(1_000), ("1", "alone " * 20_000, None)]
    stored = write(blobs, COLUMNS, rows, limits=ResultLimits(8_000, 0, 5_000))
    reader = ResultReader(blobs, stored)
    key = reader.cell(1_000, 1)
    assert key is not None
    blobs.delete([stored.pack_key(1)])
    assert reader.rows(0, 50).row_count == 50
    for read in (lambda: reader.rows(0, 1_000), lambda: list(reader.segments())):
        with pytest.raises(ResultExpired) as told:
            read()
        assert told.value.hint == "Run the query again."
    blobs.delete([key])
    with pytest.raises(ResultExpired):
        reader.cell(1_000, 1)


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_damaged_pack_is_told_and_never_shown(blobs: FolderBlobStore, data: Any) -> None:
    rows = [*mixed_rows(120), *LARGE_ROWS]
    stored = write(blobs, COLUMNS, rows, limits=ResultLimits(10**6, 0), cell_bytes=1_000)
    reader, key = ResultReader(blobs, stored), stored.pack_key(0)
    whole = reader.rows(0, 1000)
    pack = bytearray(blobs.read(key) or b"")
    at = data.draw(st.integers(0, len(pack) - 1))
    if data.draw(st.booleans()):
        pack[at] ^= 1 << data.draw(st.integers(0, 7))
    else:
        del pack[at:]
    blobs.put(key, bytes(pack), content_type="application/octet-stream")
    reads: list[tuple[Callable[[], object], object]] = [
        (lambda: reader.rows(0, 1000).rows(), whole.rows()),
        (lambda: reader.rows(0, 1000).cut_cells, whole.cut_cells),
        (lambda: blobs.read(reader.cell(121, 1) or ""), (rows[121][1] or "").encode()),
    ]
    for read, right in reads:
        with suppress(StorageUnavailable):
            assert read() == right
    with suppress(StorageUnavailable):
        for segment in reader.segments():
            found = rows_from_segment(
                segment.lines, COLUMNS, first_row=segment.first_row, cells=segment.cells
            )
            assert found == rows[segment.first_row : segment.first_row + segment.row_count]


# Memory

_WRITER = """
import sys
from hashlib import md5
from pathlib import Path
from heliograph.connections.engines.contract import Column, ValueKind as K
from heliograph.platform.blob_store_folder import FolderBlobStore
from heliograph.queries.results import ResultWriter
kinds = [K.INTEGER, K.BIGINT, K.NUMERIC, K.FLOAT, K.BOOLEAN, K.DATE, K.TIMESTAMP, K.TIMESTAMPTZ]
kinds += [K.OTHER, K.TEXT, K.TEXT, K.TEXT]
columns = [Column(f"c{n}", kind.value, kind) for n, kind in enumerate(kinds)]
batches = [
    [(f"{n}", f"{n * 1000003}", f"{n}.37", f"{n / 7!r}", "ft"[n % 2], "2020-01-01",
      "2020-01-01 00:00:00", "2020-01-01 00:00:00+00", md5(b"%d" % n).hexdigest(),
      f"item {n % 1000}", f"plain text number {n}", f"x{n}" if n % 3 else None)
     for n in range(start, start + 1000)]
    for start in range(0, 10_000, 1000)
]
blobs = FolderBlobStore(Path(sys.argv[1]))
with ResultWriter(blobs, "results/run", columns) as writer:
    for number in range(int(sys.argv[2]) // 1000):
        writer.write(batches[number % 10])
    stored = writer.finish()
print(stored.row_count, len(stored.packs), len(stored.to_bytes()))
"""
# A child that has just been forked counts its parent's memory as its own peak (getrusage(2)), and
# a test session is large: so a small process stands between.
_MEASURE = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:])
_, status, usage = os.wait4(process.pid, 0)
print(usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def test_memory_does_not_grow_with_the_result(tmp_path: Path) -> None:
    def megabytes(count: int) -> float:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _MEASURE, sys.executable, "-c", _WRITER,
             str(tmp_path / str(count)), str(count)],
            capture_output=True, text=True, timeout=60, check=True, cwd=ROOT,
        )  # fmt: skip
        told, used = done.stdout.splitlines()
        rows, packs, record = map(int, told.split())
        assert rows == count
        assert packs >= count // 150_000
        assert record < 10_000
        return int(used) / 1024

    some, many = megabytes(150_000), megabytes(450_000)
    assert 20 < some < 120
    assert many < some + 8
