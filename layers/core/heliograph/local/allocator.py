"""Tells the C library to keep little memory aside for each thread."""

from __future__ import annotations

import ctypes
import sys

_M_ARENA_MAX = -8  # <malloc.h> of glibc
_ARENAS = 2


def bound_arenas() -> None:
    """Let all threads share two arenas of glibc's allocator; elsewhere do nothing.

    By default each thread gets one of its own, up to eight for each core, and none gives back what
    it has freed in the middle: a server whose threads take turns with pages of megabytes then holds
    half as much again.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # musl has none
        mallopt(_M_ARENA_MAX, _ARENAS)
