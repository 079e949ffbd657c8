"""What is known of a stored result without reading any of its rows: small enough for one column.

A result is a row of segments (`heliograph.queries.pages`), laid together into packs::

    pack       segment, segment, ...             the blob FOLDER/0, FOLDER/1, ...
    segment    lines, cut cells, whole cells, kept cells     all but lines only where there are any
    lines      a piece of `heliograph.queries.packing`
    cut cells  JSON, by zlib: [[row in the segment, column, bytes, bytes in the pack], ...]
    whole cell UTF-8, by zlib; one of 0 bytes in the pack is the blob FOLDER/cells/ROW-COLUMN
    kept cells JSON, by zlib: [[row in the segment, column, text], ...], what no JSON gives back

A small result has no pack: its segments stand in the record itself.
"""

from __future__ import annotations

import struct
import zlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from itertools import accumulate
from operator import add
from typing import NamedTuple

import orjson

from heliograph.connections.engines.contract import Column, ValueKind
from heliograph.kernel.errors import StorageUnavailable

_VERSION = 1
_HEAD = struct.Struct("<BII")  # version, bytes of the description, bytes of the table
_LIST = struct.Struct("<qB")  # the least number, bytes of each one's distance from it
_FORMATS = {0: "", 1: "B", 2: "H", 4: "I", 8: "Q"}


class SegmentPlace(NamedTuple):
    """Where one segment lies: ``start`` is its first byte in the pack of that number."""

    number: int
    first_row: int
    row_count: int
    pack: int
    start: int
    size: int
    line_bytes: int
    cut_size: int
    cell_size: int

    @property
    def whole_end(self) -> int:
        """The byte after everything of it."""
        return self.end + self.cell_size

    @property
    def end(self) -> int:
        """The byte after its lines and its list of cut cells."""
        return self.start + self.size + self.cut_size


@dataclass(slots=True)
class SegmentTable:
    """The segments of a result in order, a list for each thing that is known of them.

    ``sizes`` are bytes of packed lines, ``line_bytes`` of the plain ones, ``cut_sizes`` and
    ``cell_sizes`` (whole and kept ones) of what follows them in the pack.
    """

    row_counts: list[int] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    line_bytes: list[int] = field(default_factory=list)
    cut_sizes: list[int] = field(default_factory=list)
    cell_sizes: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.sizes)

    def add(self, row_count: int, size: int, line_bytes: int, cut_size: int, cell_size: int) -> int:
        """Put a segment at the end; return how many bytes it takes in its pack."""
        self.row_counts.append(row_count)
        self.sizes.append(size)
        self.line_bytes.append(line_bytes)
        self.cut_sizes.append(cut_size)
        self.cell_sizes.append(cell_size)
        return size + cut_size + cell_size

    def to_bytes(self) -> bytes:
        """Return the table, a few bytes for each segment."""
        return zlib.compress(b"".join(map(_write_numbers, self._lists())), 9)

    def _lists(self) -> tuple[list[int], ...]:
        return self.row_counts, self.sizes, self.line_bytes, self.cut_sizes, self.cell_sizes


@dataclass(frozen=True)
class StoredResult:
    """A finished result: what it looks like and where its rows are.

    ``packs`` counts the segments of each pack; ``inline`` is the only pack where there is no blob.
    ``cell_blobs`` and ``cell_blob_bytes`` tell of the cells that are blobs of their own.
    """

    folder: str
    columns: tuple[Column, ...]
    segments: SegmentTable
    packs: tuple[int, ...]
    inline: bytes | None = None
    cell_blobs: int = 0
    cell_blob_bytes: int = 0

    @cached_property
    def row_count(self) -> int:
        """How many rows there are."""
        return sum(self.segments.row_counts)

    @cached_property
    def json_bytes(self) -> int:
        """How many bytes the rows of all pages take, cut cells being cut."""
        return sum(self.segments.line_bytes) + 2 * max(0, len(self.segments) - 1)

    @cached_property
    def stored_bytes(self) -> int:
        """How many bytes are kept, in blobs and inline; the record itself aside."""
        table = self.segments
        packed = sum(table.sizes) + sum(table.cut_sizes) + sum(table.cell_sizes)
        return packed + self.cell_blob_bytes

    @property
    def may_have_blobs(self) -> bool:
        """False when the blob store holds nothing of it. A cut cell becomes a blob when asked."""
        return self.inline is None or bool(self.cell_blobs) or any(self.segments.cut_sizes)

    def pack_key(self, pack: int) -> str:
        """Return the key of a pack's blob."""
        return pack_key(self.folder, pack)

    def places(self, row: int) -> Iterator[SegmentPlace]:
        """Yield the segments from the one that holds ``row`` on; none for a row past the end."""
        if row >= self.row_count:
            return
        table = self.segments
        number = bisect_right(self._first_rows, row) - 1
        pack = bisect_right(self._pack_ends, number)
        while number < len(table):
            while number >= self._pack_ends[pack]:
                pack += 1
            yield SegmentPlace(
                number,
                self._first_rows[number],
                table.row_counts[number],
                pack,
                self._starts[number] - self._starts[self._pack_ends[pack] - self.packs[pack]],
                table.sizes[number],
                table.line_bytes[number],
                table.cut_sizes[number],
                table.cell_sizes[number],
            )
            number += 1

    def to_bytes(self) -> bytes:
        """Return the record: about 4 bytes for each segment, and what is inline."""
        description = zlib.compress(
            orjson.dumps(
                {
                    "folder": self.folder,
                    "columns": [_write_column(column) for column in self.columns],
                    "packs": self.packs,
                    "segments": len(self.segments),
                    "inline": self.inline is not None,
                    "cells": [self.cell_blobs, self.cell_blob_bytes],
                }
            ),
            6,
        )
        table = self.segments.to_bytes()
        head = _HEAD.pack(_VERSION, len(description), len(table))
        return b"".join((head, description, table, self.inline or b""))

    @staticmethod
    def from_bytes(data: bytes) -> StoredResult:
        """Return what `to_bytes` has written.

        Raises `StorageUnavailable` for a record of another version, and for a damaged one.
        """
        try:
            return _read(data)
        except (ValueError, KeyError, TypeError, struct.error, zlib.error) as error:
            raise StorageUnavailable(
                "The record of a result cannot be read.", hint="Run the query again."
            ) from error

    @cached_property
    def _first_rows(self) -> list[int]:
        return list(accumulate(self.segments.row_counts, initial=0))

    @cached_property
    def _starts(self) -> list[int]:
        """The first byte of each segment, as if all packs were one."""
        table = self.segments
        sizes = map(add, table.sizes, map(add, table.cut_sizes, table.cell_sizes))
        return list(accumulate(sizes, initial=0))

    @cached_property
    def _pack_ends(self) -> list[int]:
        """The number of the segment after each pack."""
        return list(accumulate(self.packs))


def pack_key(folder: str, pack: int) -> str:
    """Return the key of a pack's blob."""
    return f"{folder}/{pack}"


def cell_key(folder: str, row: int, column: int) -> str:
    """Return the key of a whole cell's blob; both numbers count from 0."""
    return f"{folder}/cells/{row}-{column}"


def _read(data: bytes) -> StoredResult:
    version, size, tabled = _HEAD.unpack_from(data)
    if version != _VERSION:
        raise ValueError("It is of another version.")
    body = _HEAD.size + size
    found = orjson.loads(zlib.decompress(data[_HEAD.size : body]))
    count = int(found["segments"])
    table = memoryview(zlib.decompress(data[body : body + tabled]))
    lists: list[list[int]] = []
    start = 0
    for _ in fields(SegmentTable):
        numbers, start = _read_numbers(table, start, count)
        lists.append(numbers)
    inline = data[body + tabled :]
    if sum(found["packs"]) != count or (inline and not found["inline"]):
        raise ValueError("Its parts do not fit.")
    stored = StoredResult(
        found["folder"],
        tuple(_read_column(*described) for described in found["columns"]),
        SegmentTable(*lists),
        tuple(found["packs"]),
        inline if found["inline"] else None,
        *found["cells"],
    )
    if stored.inline is not None and stored.stored_bytes - stored.cell_blob_bytes != len(inline):
        raise ValueError("Its rows are not all there.")
    return stored


def _write_column(column: Column) -> tuple[str, str, str, str | None, str]:
    return (column.name, column.type, column.kind, column.element, column.delimiter)


def _read_column(name: str, kind_name: str, kind: str, element: str | None, mark: str) -> Column:
    return Column(name, kind_name, ValueKind(kind), ValueKind(element) if element else None, mark)


def _write_numbers(numbers: Sequence[int]) -> bytes:
    """Return how much each number is above the least one, in as few bytes each as hold that.

    All lowest bytes come first: the higher ones are nearly all alike, and zlib makes next to
    nothing of them. Deltas from number to number were no smaller, and slower to read.
    """
    least = min(numbers, default=0)
    above = [number - least for number in numbers]
    most = max(above, default=0)
    width = next(width for width in _FORMATS if most < 1 << 8 * width)
    packed = struct.pack(f"<{len(above)}{_FORMATS[width]}", *above) if width else b""
    return _LIST.pack(least, width) + b"".join(packed[place::width] for place in range(width))


def _read_numbers(written: memoryview, start: int, count: int) -> tuple[list[int], int]:
    """Return a list of numbers, and where in the table the next one begins."""
    least, width = _LIST.unpack_from(written, start)
    start += _LIST.size
    if not width:
        return [least] * count, start
    packed = bytearray(width * count)
    for place in range(width):
        packed[place::width] = written[start + place * count : start + (place + 1) * count]
    above = struct.unpack(f"<{count}{_FORMATS[width]}", packed)
    return list(map(least.__add__, above)), start + width * count
