"""Writes a result of any length in constant memory, to be read page by page afterwards.

Rows become segments, segments are packed each for itself and laid together into blobs of some
megabytes, so that neither writing nor reading asks the blob store often. What is small makes no
blob at all: it stays in the record (`StoredResult`).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import orjson
from isal import isal_zlib as zlib

from heliograph.connections.engines.contract import Column, Row
from heliograph.kernel.errors import PlatformError
from heliograph.platform.blob_store import BlobStore
from heliograph.queries.packing import pack
from heliograph.queries.pages import (
    PAGE_BYTES,
    PAGE_ROWS,
    CutCell,
    LargeCell,
    Segment,
    SegmentWriter,
)
from heliograph.queries.result_index import SegmentTable, StoredResult, cell_key, pack_key
from heliograph.queries.result_pages import HeldSegment, ResultPage, build_page
from heliograph.queries.segment_rows import find_unkept_cells

_PACK_TYPE = "application/octet-stream"
_TEXT_TYPE = "text/plain; charset=utf-8"
_CHUNK_CHARACTERS = 1_000_000
# An engine makes its batches small where rows are large; only there is it worth a look.
_FEW_ROWS = 16
_MANY_CHARACTERS = 4_000_000


@dataclass(frozen=True, slots=True)
class ResultLimits:
    """What goes where, in bytes.

    A pack is closed when it holds ``pack_bytes``; a whole result of up to ``inline_bytes`` stays in
    its record; a cut cell of up to ``packed_cell_bytes`` of text lies, whole, beside its segment,
    and a longer one is a blob of its own.
    """

    pack_bytes: int = 8_000_000
    inline_bytes: int = 131_072
    packed_cell_bytes: int = 1_048_576


class ResultWriter:
    """Takes in batches of rows; a context that removes what was written unless it was finished.

    Everything lies under ``prefix``, in a folder that no other writer uses: two workers that
    believe to have the same run do not mix their rows. Memory: two packs and a segment. While one
    pack is sent, rows may go on being taken in; no thread outlives the context.

    Every method may raise `StorageUnavailable`; so may a later call for what an earlier one began.
    """

    def __init__(
        self,
        blobs: BlobStore,
        prefix: str,
        columns: Sequence[Column],
        *,
        segments: SegmentWriter | None = None,
        limits: ResultLimits | None = None,
    ) -> None:
        self.folder = f"{prefix}/{secrets.token_hex(6)}"
        self._blobs = blobs
        self._columns = tuple(columns)
        self._limits = limits or ResultLimits()
        self._segments = segments or SegmentWriter(columns)
        self._table = SegmentTable()
        self._parts: list[bytes] = []  # of the pack that is being filled
        self._part_bytes = 0
        self._packs: list[int] = []
        self._packed_segments = 0  # those in packs that were closed
        self._first: list[HeldSegment] = []  # what the first page is made of
        self._cells: list[str] = []
        self._cell_bytes = 0
        self._uploader: ThreadPoolExecutor | None = None
        self._upload: Future[None] | None = None
        self._unkept: list[LargeCell] = []  # of rows whose segment is not complete
        self._is_over = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.abort()
        else:
            with suppress(PlatformError):  # what went wrong first is what is told
                self.abort()

    @property
    def row_count(self) -> int:
        """How many rows have been taken in."""
        return self._segments.row_count

    def write(self, rows: Sequence[Row]) -> None:
        """Take in a batch of rows."""
        if self._is_over:
            raise ValueError("The result is finished.")
        if len(rows) <= _FEW_ROWS and _characters(rows) > _MANY_CHARACTERS:
            # One after another, else a segment and its making would hold them all, more than once.
            for row in rows:
                self._take([row])
                self._drain()
        else:
            self._take(rows)

    def first_page(self, limit: int = PAGE_ROWS) -> ResultPage:
        """Return the first rows of what was taken in so far, up to a page, from memory alone.

        For the answer to who waits for a run, and for the preview of one that took too long; works
        after `finish` and `abort` too, the latter without the last rows.
        """
        if not self._is_over:
            self._drain()
        total = sum(self._table.row_counts)
        return build_page(self._first, 0, min(limit, PAGE_ROWS), total, PAGE_BYTES)

    def finish(self) -> StoredResult:
        """Write the rest; return the record without which nobody finds the rows."""
        self._drain()
        inline = None
        if not self._packs and self._part_bytes <= self._limits.inline_bytes:
            inline = b"".join(self._parts)
            self._close_pack()
        else:
            self._wait()
            if self._parts:
                key = self._next_key()
                self._blobs.put(key, self._close_pack(), content_type=_PACK_TYPE)
        self._stop()
        return StoredResult(
            self.folder,
            self._columns,
            self._table,
            tuple(self._packs),
            inline,
            len(self._cells),
            self._cell_bytes,
        )

    def abort(self) -> None:
        """Remove what was written, unless the result is finished; doing so again does nothing."""
        if self._is_over:
            return
        keys = [*self._cells, *(pack_key(self.folder, pack) for pack in range(len(self._packs)))]
        self._stop()
        self._parts.clear()
        self._blobs.delete(keys)

    def _take(self, rows: Sequence[Row]) -> None:
        self._unkept += find_unkept_cells(self._columns, rows, first_row=self.row_count)
        for segment in self._segments.write(rows):
            self._add(segment)

    def _drain(self) -> None:
        for segment in self._segments.finish():
            self._add(segment)

    def _add(self, segment: Segment) -> None:
        lines = pack(segment.lines)
        packed, (cut, cells) = lines.to_bytes(), self._pack_cells(segment)
        cells.append(self._pack_unkept(segment))
        cell_bytes = sum(map(len, cells))
        self._hold_first(HeldSegment(segment.first_row, segment.row_count, lines, cut))
        self._part_bytes += self._table.add(
            segment.row_count, len(packed), lines.size, len(cut), cell_bytes
        )
        self._parts += (packed, cut, *cells)
        if self._part_bytes >= self._limits.pack_bytes:
            self._wait()
            if self._uploader is None:
                self._uploader = ThreadPoolExecutor(1, thread_name_prefix="result-upload")
            self._upload = self._uploader.submit(self._send, self._next_key(), self._close_pack())

    def _hold_first(self, held: HeldSegment) -> None:
        last = self._first[-1] if self._first else None
        size = sum(segment.lines.size for segment in self._first)
        if last is None or (last.first_row + last.row_count < PAGE_ROWS and size < PAGE_BYTES):
            self._first.append(held)

    def _pack_cells(self, segment: Segment) -> tuple[bytes, list[bytes]]:
        """Return the list of a segment's cut cells, and those that are kept beside it, whole."""
        if not segment.cut:
            return b"", []
        entries: list[tuple[int, int, int, int]] = []
        cells: list[bytes] = []
        room = self._limits.pack_bytes
        for cut, cell in zip(segment.cut, segment.cells, strict=True):
            packed = b""
            if cut.bytes <= self._limits.packed_cell_bytes and room > 0:
                packed = zlib.compress(cell.text.encode(), 1)
                cells.append(packed)
                room -= len(packed)
            else:
                self._write_cell(cut, cell)
            entries.append((cut.row - segment.first_row, cut.column, cut.bytes, len(packed)))
        return zlib.compress(orjson.dumps(entries), 1), cells

    def _pack_unkept(self, segment: Segment) -> bytes:
        """Return the cells that the segment's JSON cannot give back, but for those kept whole."""
        if not self._unkept:
            return b""
        end = segment.first_row + segment.row_count
        whole = {(cut.row, cut.column) for cut in segment.cut}
        entries = [
            (cell.row - segment.first_row, cell.column, cell.text)
            for cell in self._unkept
            if cell.row < end and (cell.row, cell.column) not in whole
        ]
        self._unkept = [cell for cell in self._unkept if cell.row >= end]
        return zlib.compress(orjson.dumps(entries), 1) if entries else b""

    def _write_cell(self, cut: CutCell, cell: LargeCell) -> None:
        key = cell_key(self.folder, cut.row, cut.column)
        self._cells.append(key)
        self._cell_bytes += cut.bytes
        self._blobs.write(key, _chunks(cell.text), content_type=_TEXT_TYPE)

    def _next_key(self) -> str:
        return pack_key(self.folder, len(self._packs))

    def _close_pack(self) -> bytes:
        """Return the pack that was being filled, and begin another."""
        data = b"".join(self._parts)
        if self._parts:
            self._packs.append(len(self._table) - self._packed_segments)
            self._packed_segments = len(self._table)
        self._parts, self._part_bytes = [], 0
        return data

    def _send(self, key: str, data: bytes) -> None:
        self._blobs.put(key, data, content_type=_PACK_TYPE)

    def _wait(self) -> None:
        """Wait until the last pack is stored. Raises what went wrong with it."""
        upload, self._upload = self._upload, None
        if upload is not None:
            upload.result()

    def _stop(self) -> None:
        self._is_over = True
        if self._uploader is not None:
            self._uploader.shutdown()  # waits; what became of the last pack is `_wait`'s to tell
            self._uploader = None


def _chunks(text: str) -> Iterator[bytes]:
    for start in range(0, len(text), _CHUNK_CHARACTERS):
        yield text[start : start + _CHUNK_CHARACTERS].encode()


def _characters(rows: Sequence[Row]) -> int:
    return sum(len(text) for row in rows for text in row if text)
