"""Reads stored results: pages at any offset, whole cells, and everything in order.

Only the segments that a page needs are read from the blob store, neighbours in one request.
"""

from __future__ import annotations

import threading
import zlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import orjson

from heliograph.connections.engines.contract import Column
from heliograph.kernel.errors import NotFound, ResultExpired
from heliograph.platform.blob_store import BlobStore
from heliograph.queries.packing import read_packed
from heliograph.queries.pages import PAGE_BYTES, PAGE_ROWS
from heliograph.queries.result_index import SegmentPlace, StoredResult, cell_key
from heliograph.queries.result_pages import (
    HeldSegment,
    ResultPage,
    build_page,
    damage_told,
    read_cut,
)
from heliograph.queries.segment_rows import rows_from_segment

CACHE_BYTES = 16_000_000

_READ_ACROSS = 65_536  # whole cells between two segments: rather read them than ask twice
_READ_AHEAD = 2_000_000
_TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class WholeSegment:
    """Consecutive rows as they stand in pages (`pages.Segment.lines`), and what those leave out.

    ``cells`` holds the database's own text of the cells that were cut, and of those that JSON
    cannot give back exactly (`segment_rows.find_unkept_cells`), by row of the result and column.
    """

    first_row: int
    row_count: int
    lines: bytes
    cells: dict[tuple[int, int], str] = field(default_factory=dict)


class SegmentCache:
    """The segments that were read last, packed, up to a number of bytes. Threads may share it."""

    def __init__(self, most_bytes: int = CACHE_BYTES) -> None:
        self._most_bytes = most_bytes
        self._held: OrderedDict[tuple[str, int], HeldSegment] = OrderedDict()
        self._lock = threading.Lock()
        self.size = 0

    def get(self, folder: str, number: int) -> HeldSegment | None:
        """Return a segment of the result in that folder, None when it is not held."""
        with self._lock:
            if found := self._held.get((folder, number)):
                self._held.move_to_end((folder, number))
            return found

    def put(self, folder: str, number: int, segment: HeldSegment) -> None:
        """Hold a segment, and let go of those that were not asked for the longest."""
        with self._lock:
            if before := self._held.pop((folder, number), None):
                self.size -= before.held_bytes
            self._held[folder, number] = segment
            self.size += segment.held_bytes
            while self.size > self._most_bytes:
                self.size -= self._held.popitem(last=False)[1].held_bytes


class ResultReader:
    """Reads one stored result. Every method may raise `StorageUnavailable`, also for damage."""

    def __init__(
        self,
        blobs: BlobStore,
        stored: StoredResult,
        cache: SegmentCache | None = None,
        *,
        page_rows: int = PAGE_ROWS,
        page_bytes: int = PAGE_BYTES,
    ) -> None:
        self._blobs = blobs
        self._stored = stored
        self._cache = cache
        self._page_rows = page_rows
        self._page_bytes = page_bytes

    @property
    def columns(self) -> Sequence[Column]:
        """What the rows hold."""
        return self._stored.columns

    def rows(self, offset: int, limit: int) -> ResultPage:
        """Return up to ``limit`` rows from row ``offset`` on; both are 0 at least.

        At most 10,000 rows and 4 MB, but one row where there is any: `ResultPage.row_count` says
        how many. None past the end. Raises `ResultExpired` when they are no longer kept.
        """
        if offset < 0 or limit < 0:
            raise ValueError("An offset and a limit are 0 at least.")
        limit = min(limit, self._page_rows)
        held = self._hold(self._needed(offset, limit)) if limit else ()
        return build_page(held, offset, limit, self._stored.row_count, self._page_bytes)

    def cell(self, row: int, column: int) -> str | None:
        """Return the key of a blob that holds a whole cell as UTF-8, None when it was not cut.

        A cell that lies in a pack becomes a blob when it is first asked for. Raises `NotFound` for
        a row or column that there is not, and `ResultExpired`.
        """
        place = next(self._stored.places(row), None) if row >= 0 else None
        if place is None or not 0 <= column < len(self.columns):
            raise NotFound("The result has no such cell.")
        if not place.cut_size:
            return None
        start = place.start + place.size
        offset = start + place.cut_size
        for at, index, _, size in read_cut(self._read(place.pack, start, place.cut_size)):
            if (place.first_row + at, index) == (row, column):
                return self._cell_blob(row, column, place.pack, offset, size)
            offset += size
        return None

    def short_cell(self, row: int, column: int) -> str | None:
        """Return the text of a cell that was not cut. Raises as `cell` does."""
        page = self.rows(row, 1)
        if not page.row_count:
            raise NotFound("The result has no such cell.")
        return rows_from_segment(page.rows(), self.columns, first_row=row)[0][column]

    def segments(self) -> Iterator[WholeSegment]:
        """Yield the whole result in order. Memory: about 2 MB, a segment and its whole cells.

        Raises `ResultExpired`, also in the middle.
        """
        near: list[SegmentPlace] = []
        for place in self._stored.places(0):
            if near and (
                place.pack != near[0].pack or place.whole_end - near[0].start > _READ_AHEAD
            ):
                yield from self._read_whole(near)
                near = []
            near.append(place)
        if near:
            yield from self._read_whole(near)

    def delete(self) -> None:
        """Remove everything that the blob store holds of the result."""
        if self._stored.may_have_blobs:
            delete_result(self._blobs, self._stored.folder)

    def _needed(self, offset: int, limit: int) -> Iterator[SegmentPlace]:
        """Yield the segments of a page: at most one more than fits."""
        size = 0
        for place in self._stored.places(offset):
            if place.first_row >= offset + limit or size > self._page_bytes:
                return
            yield place
            if place.first_row >= offset:  # how much of the first one is wanted is not known
                size += place.line_bytes

    def _hold(self, places: Iterable[SegmentPlace]) -> Iterator[HeldSegment]:
        """Yield segments in order, from the cache or else from their packs."""
        wanted: list[SegmentPlace] = []
        for place in places:
            found = self._cache and self._cache.get(self._stored.folder, place.number)
            if wanted and (found or not _are_near(wanted[-1], place)):
                yield from self._fetch(wanted)
                wanted = []
            if found:
                yield found
            else:
                wanted.append(place)
        if wanted:
            yield from self._fetch(wanted)

    def _fetch(self, places: Sequence[SegmentPlace]) -> Iterator[HeldSegment]:
        """Read neighbours in one request."""
        first = places[0].start
        data = self._read(places[0].pack, first, places[-1].end - first)
        for place in places:
            start = place.start - first
            middle = start + place.size
            with damage_told():
                lines = read_packed(data[start:middle], place.line_bytes)
            cut = data[middle : middle + place.cut_size]
            segment = HeldSegment(place.first_row, place.row_count, lines, cut)
            if self._cache and self._stored.inline is None:
                self._cache.put(self._stored.folder, place.number, segment)
            yield segment

    def _read_whole(self, places: Sequence[SegmentPlace]) -> Iterator[WholeSegment]:
        first = places[0].start
        data = self._read(places[0].pack, first, places[-1].whole_end - first)
        for place in places:
            start, middle = place.start - first, place.end - first
            with damage_told():
                lines = read_packed(data[start : start + place.size], place.line_bytes).unpack()
            cells: dict[tuple[int, int], str] = {}
            for at, column, _, size in read_cut(data[start + place.size : middle]):
                row = place.first_row + at
                cells[row, column] = self._whole_cell(row, column, data[middle : middle + size])
                middle += size
            kept = data[middle : place.whole_end - first]
            with damage_told():
                for at, column, text in orjson.loads(zlib.decompress(kept)) if kept else ():
                    cells[place.first_row + at, column] = text
            yield WholeSegment(place.first_row, place.row_count, lines, cells)

    def _whole_cell(self, row: int, column: int, packed: bytes) -> str:
        if packed:
            with damage_told():
                return zlib.decompress(packed).decode()
        text = self._blobs.read(cell_key(self._stored.folder, row, column))
        if text is None:
            raise _expired()
        return text.decode()

    def _cell_blob(self, row: int, column: int, pack: int, start: int, size: int) -> str:
        key = cell_key(self._stored.folder, row, column)
        if size:
            with damage_told():
                text = zlib.decompress(self._read(pack, start, size))
            self._blobs.put(key, text, content_type=_TEXT)
        elif self._blobs.read_range(key, 0, 1) is None:
            raise _expired()
        return key

    def _read(self, pack: int, start: int, length: int) -> bytes:
        if self._stored.inline is not None:
            return self._stored.inline[start : start + length]
        data = self._blobs.read_range(self._stored.pack_key(pack), start, length)
        if data is None:
            raise _expired()
        with damage_told():
            if len(data) != length:
                raise ValueError("It ends too early.")
        return data


def _are_near(place: SegmentPlace, following: SegmentPlace) -> bool:
    return place.pack == following.pack and place.cell_size <= _READ_ACROSS


def _expired() -> ResultExpired:
    return ResultExpired("The result is no longer kept.", hint="Run the query again.")


def delete_result(blobs: BlobStore, prefix: str) -> None:
    """Remove everything under a prefix: of a result, or of all attempts at writing it."""
    blobs.delete(list(blobs.list(f"{prefix}/")))
