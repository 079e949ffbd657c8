"""A zip archive written in one pass to a stream that need not be seekable.

The standard library's writer can do that too, but for parts of unknown size it reserves zip64
fields, at which Excel may offer to "repair" the workbook. Here a part stays under 4 GiB, so its
header is the plain one that every spreadsheet program reads, and zip64 records appear only in the
directory of an archive that is itself larger than that.

The format is PKWARE's APPNOTE.TXT, version 6.3.3: 4.3.7 (local header), 4.3.9 (data descriptor),
4.3.12 (central directory), 4.3.14 to 4.3.16 (ends of the directory), 4.5.3 (zip64 field).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from isal import isal_zlib as zlib

from heliograph.kernel.errors import OutputFailed

_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_DESCRIPTOR = struct.Struct("<4s3I")
_DIRECTORY_HEADER = struct.Struct("<4s6H3I5H2I")
_DIRECTORY_END = struct.Struct("<4s4H2IH")
_ZIP64_FIELD = struct.Struct("<2HQ")
_ZIP64_END = struct.Struct("<4sQ2H2I4Q")
_ZIP64_LOCATOR = struct.Struct("<4sIQI")

_SIZES_FOLLOW = 0x0008
_DEFLATED = 8
_VERSION = 20
_VERSION_ZIP64 = 45
# Always the first moment that zip knows, so that the same result gives the same bytes.
_DOS_TIME, _DOS_DATE = 0, 0x21
_MAX_16 = 0xFFFF
_MAX_32 = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class _Part:
    name: bytes
    crc: int
    compressed: int
    size: int
    offset: int


class ZipStream:
    """Writes parts one after the other: ``begin``, ``write`` as often as needed, ``end``.

    ``level`` is zlib's. ``part_size`` is how many bytes the open part has so far, uncompressed; a
    part must stay under 4 GiB. ``position`` is where in the stream the archive begins. ``close``
    writes the directory and leaves the stream open.
    """

    def __init__(self, out: BinaryIO, *, level: int = 1, position: int = 0) -> None:
        self.part_size = 0
        self._out = out
        self._level = level
        self._written = position
        self._parts: list[_Part] = []
        self._begin_state(b"")

    def _begin_state(self, name: bytes) -> None:
        self._name = name
        self._offset = self._written
        self._deflater = zlib.compressobj(self._level, zlib.DEFLATED, -zlib.MAX_WBITS)
        self._crc = 0
        self.part_size = self._compressed = 0

    def _emit(self, data: bytes) -> None:
        if data:
            self._out.write(data)
            self._written += len(data)

    def begin(self, name: str) -> None:
        """Start the part ``name`` (ASCII); the one before must have ended."""
        encoded = name.encode("ascii")
        self._begin_state(encoded)
        self._emit(
            _LOCAL_HEADER.pack(
                b"PK\x03\x04", _VERSION, _SIZES_FOLLOW, _DEFLATED, _DOS_TIME, _DOS_DATE,
                0, 0, 0, len(encoded), 0,
            )
            + encoded
        )  # fmt: skip

    def write(self, data: bytes) -> None:
        """Add bytes to the open part."""
        self._crc = zlib.crc32(data, self._crc)
        self.part_size += len(data)
        self._emit_compressed(self._deflater.compress(data))

    def _emit_compressed(self, data: bytes) -> None:
        self._compressed += len(data)
        self._emit(data)

    def end(self) -> None:
        """End the open part. Raises OutputFailed when it has grown beyond 4 GiB."""
        self._emit_compressed(self._deflater.flush())
        if max(self.part_size, self._compressed) >= _MAX_32:
            raise OutputFailed(
                f"A part of the workbook has grown to {self.part_size:,} bytes; 4 GiB is the most.",
                hint="Ask for fewer columns or rows, or write CSV.",
            )
        part = _Part(self._name, self._crc, self._compressed, self.part_size, self._offset)
        self._emit(_DESCRIPTOR.pack(b"PK\x07\x08", part.crc, part.compressed, part.size))
        self._parts.append(part)

    def add(self, name: str, data: bytes) -> None:
        """Write one whole part."""
        self.begin(name)
        self.write(data)
        self.end()

    def close(self) -> None:
        """Write the directory, which ends the archive."""
        start = self._written
        for part in self._parts:
            self._emit(_directory_entry(part))
        count, size = len(self._parts), self._written - start
        if count >= _MAX_16 or size >= _MAX_32 or start >= _MAX_32:
            self._emit(_zip64_ends(count, size, start))
        self._emit(
            _DIRECTORY_END.pack(
                b"PK\x05\x06", 0, 0, min(count, _MAX_16), min(count, _MAX_16),
                min(size, _MAX_32), min(start, _MAX_32), 0,
            )
        )  # fmt: skip


def _directory_entry(part: _Part) -> bytes:
    far = part.offset >= _MAX_32
    extra = _ZIP64_FIELD.pack(1, 8, part.offset) if far else b""
    version = _VERSION_ZIP64 if far else _VERSION
    header = _DIRECTORY_HEADER.pack(
        b"PK\x01\x02", version, version, _SIZES_FOLLOW, _DEFLATED, _DOS_TIME, _DOS_DATE,
        part.crc, part.compressed, part.size, len(part.name), len(extra),
        0, 0, 0, 0, min(part.offset, _MAX_32),
    )  # fmt: skip
    return header + part.name + extra


def _zip64_ends(count: int, size: int, start: int) -> bytes:
    # 44: the bytes of this record that follow its own length field.
    end = _ZIP64_END.pack(
        b"PK\x06\x06", 44, _VERSION_ZIP64, _VERSION_ZIP64, 0, 0, count, count, size, start
    )
    return end + _ZIP64_LOCATOR.pack(b"PK\x06\x07", 0, start + size, 1)
