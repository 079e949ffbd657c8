"""How many rows libpq is to hold at once, and how much has come for them.

libpq takes the number when a statement is sent and keeps it, so it cannot follow the size of the
rows. See docs/decisions/0003-stream-without-a-cursor.md.
"""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Sequence

from heliograph.connections.engines.contract import Column, ValueKind

SMALL_ROWS = 128
"""Rows in a chunk where no value can be large. Measured: 256 is no faster."""

ANY_ROWS = 128
"""Rows in a chunk where one could be: all of them are in memory together."""

LARGE_ROWS = 1
"""Rows in a chunk where rows turned out to be large. Each costs about 1 us more than in others."""

MOST_FIRST_BYTES = 64_000_000
"""What may come for the first chunk; where it is more, rows are large."""

_SMALL_KINDS = frozenset(
    {
        ValueKind.BOOLEAN,
        ValueKind.INTEGER,
        ValueKind.BIGINT,
        ValueKind.NUMERIC,  # at most 150 KB
        ValueKind.FLOAT,
        ValueKind.DATE,
        ValueKind.TIMESTAMP,
        ValueKind.TIMESTAMPTZ,
    }
)
_SMALL_TYPES = frozenset(
    {
        "char", "cidr", "inet", "interval", "macaddr", "macaddr8", "money", "name", "oid", "point",
        "time", "timetz", "uuid", "void",
    }
)  # fmt: skip
# struct tcp_info of <linux/tcp.h>: it only ever grows at its end.
_TCP_INFO_BYTES = 136
_BYTES_RECEIVED = struct.Struct("=Q")
_BYTES_RECEIVED_AT = 128


def rows_at_once(columns: Sequence[Column]) -> int:
    """Return how many rows a chunk of a result with these columns is to have."""
    is_small = all(column.kind in _SMALL_KINDS or column.type in _SMALL_TYPES for column in columns)
    return SMALL_ROWS if is_small else ANY_ROWS


def received_bytes(descriptor: int) -> int | None:
    """Return what has come over a TCP connection so far; None where the system does not say."""
    if sys.platform != "linux":
        return None
    # With all three given nothing is asked of the socket, and whatever it is, it stays as it is.
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, descriptor)
    try:
        info = found.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
    except OSError:  # a Unix socket
        return None
    finally:
        found.detach()
    if len(info) < _TCP_INFO_BYTES:
        return None
    count: int = _BYTES_RECEIVED.unpack_from(info, _BYTES_RECEIVED_AT)[0]
    return count
