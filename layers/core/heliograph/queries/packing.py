"""Compressed pieces that can be laid end to end into one gzip, without unpacking any of them.

Each piece is raw deflate that ends on a whole byte and refers to nothing before it (RFC 1951; zlib
calls that a sync flush). So what was compressed once, when a result was stored, is what a browser
gets. A piece carries two checksums: one of the packed bytes, to tell damage before anything is
handed on, and one of the plain bytes, which the end of a gzip needs (RFC 1952).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from isal import isal_zlib as zlib
from isal.igzip_lib import IsalError

# Higher levels were measured on mixed rows: what they save in size costs more in time.
_LEVEL = 1
_DAMAGED = (cast("type[Exception]", IsalError), EOFError)
_RAW = -15  # a window of 32 KB, no header and no checksum of its own
_CHECKSUMS = struct.Struct("<II")
HEAD_BYTES = _CHECKSUMS.size

_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"
_LAST_BLOCK = b"\x03\x00"  # empty, and marked as the last one
_GZIP_TAIL = struct.Struct("<II")
_MOST_STORED = 65_535
_SMALL = 200  # what is shorter is stored as it is
_ONES = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class Packed:
    """A compressed piece: raw deflate, and the length and CRC-32 of what it holds."""

    data: bytes
    size: int
    crc: int

    def to_bytes(self) -> bytes:
        """Return the piece as it is stored: its checksums, then the deflate."""
        return _CHECKSUMS.pack(zlib.crc32(self.data), self.crc) + self.data

    def unpack(self) -> bytes:
        """Return what the piece holds. Raises ValueError when it is damaged."""
        try:
            plain = zlib.decompress(self.data + _LAST_BLOCK, _RAW, bufsize=max(self.size, 1))
        except _DAMAGED as error:
            raise ValueError("It cannot be unpacked.") from error
        if len(plain) != self.size:
            raise ValueError("It holds more or less than it should.")
        return plain


def pack(plain: bytes) -> Packed:
    """Compress a piece."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW)
    data = packer.compress(plain) + packer.flush(zlib.Z_SYNC_FLUSH)
    return Packed(data, len(plain), zlib.crc32(plain))


def read_packed(stored: bytes, size: int) -> Packed:
    """Return the piece that `Packed.to_bytes` has written, and that holds ``size`` bytes.

    Raises ValueError when a bit of it has changed.
    """
    if len(stored) <= HEAD_BYTES:
        raise ValueError("It is too short.")
    packed_crc, crc = _CHECKSUMS.unpack_from(stored)
    data = stored[HEAD_BYTES:]
    if zlib.crc32(data) != packed_crc:
        raise ValueError("Its checksum does not fit.")
    return Packed(data, size, crc)


def gzip_of(pieces: Iterable[Packed | bytes]) -> bytes:
    """Return one gzip of everything that the pieces hold, in order; plain ones are packed."""
    out, crc, size = [_GZIP_HEAD], 0, 0
    for piece in pieces:
        if isinstance(piece, Packed):
            out.append(piece.data)
            crc = zlib.crc32_combine(crc, piece.crc, piece.size)
            size += piece.size
        else:
            out.append(_stored(piece) if len(piece) < _SMALL else pack(piece).data)
            crc = zlib.crc32(piece, crc)
            size += len(piece)
    out += (_LAST_BLOCK, _GZIP_TAIL.pack(crc, size & _ONES))
    return b"".join(out)


def _stored(plain: bytes) -> bytes:
    """Return a block that holds bytes as they are (RFC 1951, 3.2.4)."""
    return b"\x00" + struct.pack("<HH", len(plain), len(plain) ^ _MOST_STORED) + plain
