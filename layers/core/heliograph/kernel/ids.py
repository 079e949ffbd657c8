"""Identifiers: UUIDs that sort by the time they were made, one type per noun."""

from __future__ import annotations

import os
import time
from typing import NewType
from uuid import UUID

UserId = NewType("UserId", UUID)
GroupId = NewType("GroupId", UUID)
ConnectionId = NewType("ConnectionId", UUID)


def new_id() -> UUID:
    """Return a new UUID of version 7 (RFC 9562, 5.7): 48 bits of milliseconds, then random bits."""
    milliseconds = time.time_ns() // 1_000_000
    random_bits = int.from_bytes(os.urandom(10))
    value = (milliseconds & (1 << 48) - 1) << 80 | random_bits
    value = value & ~(0xF << 76) | 0x7 << 76
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)
