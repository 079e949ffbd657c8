"""Pages of rows, put together from packed segments without reading any JSON.

Whole segments stay as they were packed; only a slice of the first or the last one is unpacked.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import orjson

from heliograph.kernel.errors import StorageUnavailable
from heliograph.queries.packing import Packed, gzip_of
from heliograph.queries.pages import CutCell

_BETWEEN = b",\n"


@dataclass(frozen=True, slots=True)
class HeldSegment:
    """A segment in memory, packed: its lines, and the list of its cut cells as it is stored."""

    first_row: int
    row_count: int
    lines: Packed
    cut: bytes

    def cut_between(self, start: int, end: int) -> Iterator[CutCell]:
        """Yield the cells that were cut in these rows of the result."""
        for entry in read_cut(self.cut):
            row = self.first_row + entry[0]
            if start <= row < end:
                yield CutCell(row, entry[1], entry[2])

    @property
    def held_bytes(self) -> int:
        """About how much memory it takes."""
        return len(self.lines.data) + len(self.cut) + 200


@dataclass(frozen=True, slots=True)
class ResultPage:
    """Rows of a result from ``offset`` on. ``has_more`` says that there are rows after them."""

    offset: int
    row_count: int
    has_more: bool
    cut_cells: tuple[CutCell, ...]
    pieces: tuple[Packed | bytes, ...]

    @property
    def json_bytes(self) -> int:
        """How many bytes the rows take as JSON, about."""
        return sum(one.size if isinstance(one, Packed) else len(one) for one in self.pieces)

    def rows(self) -> bytes:
        """Return the rows as JSON arrays with ``,\\n`` between them, without brackets around."""
        return _BETWEEN.join(
            _unpacked(piece) if isinstance(piece, Packed) else piece for piece in self.pieces
        )

    def gzip(self, before: bytes, after: bytes) -> bytes:
        """Return a gzip of ``before``, the rows and ``after``; what is packed stays as it is."""
        parts: list[Packed | bytes] = [before]
        for number, piece in enumerate(self.pieces):
            parts += (_BETWEEN, piece) if number else (piece,)
        return gzip_of([*parts, after])


def build_page(
    segments: Iterable[HeldSegment], offset: int, limit: int, total: int, most_bytes: int
) -> ResultPage:
    """Return the page of up to ``limit`` of ``total`` rows, from segments that begin at its offset.

    Raises `StorageUnavailable` for a segment that cannot be unpacked.
    """
    row, end, size = offset, min(offset + limit, total), 0
    pieces: list[Packed | bytes] = []
    cut: list[CutCell] = []
    for segment in segments:
        if row >= end:
            break
        room = most_bytes - size
        start = row - segment.first_row
        count = min(segment.row_count - start, end - row)
        if count == segment.row_count and segment.lines.size <= room:
            taken, length = count, segment.lines.size
            pieces.append(segment.lines)
        else:
            lines = _unpacked(segment.lines).split(b"\n", start + count)[start : start + count]
            taken = _fitting(lines, room, least=0 if pieces else 1)
            if not taken:
                break
            piece = b"\n".join(lines[:taken]).removesuffix(b",")
            length = len(piece)
            pieces.append(piece)
        cut += segment.cut_between(row, row + taken)
        row += taken
        size += length + len(_BETWEEN)
        if taken < count:
            break
    return ResultPage(offset, row - offset, row < total, tuple(cut), tuple(pieces))


def read_cut(stored: bytes) -> list[list[int]]:
    """Return the cut cells of a segment: ``[row in it, column, bytes, bytes in the pack]`` each."""
    if not stored:
        return []
    with damage_told():
        entries: list[list[int]] = orjson.loads(zlib.decompress(stored))
    return entries


def _fitting(lines: Sequence[bytes], room: int, *, least: int) -> int:
    """Return how many lines fit: the last one's comma does not count."""
    size, taken = -1, 0
    for line in lines:
        size += len(line) + 1
        if size - line.endswith(b",") > room and taken >= least:
            break
        taken += 1
    return taken


def _unpacked(piece: Packed) -> bytes:
    with damage_told():
        return piece.unpack()


class damage_told:  # noqa: N801  # reads as what it does; a generator would cost more than the work
    """Turns what damage shows itself by into `StorageUnavailable`."""

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        if kind is not None and issubclass(kind, ValueError | zlib.error):
            raise StorageUnavailable(
                "A stored result is damaged.", hint="Run the query again."
            ) from None
