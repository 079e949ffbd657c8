"""Lists in pages: the place where a page ended is the cursor to the next one.

A cursor holds the sort key of the last item of a page, so a page costs the same wherever it lies,
and rows that come or go meanwhile neither repeat nor hide others (keyset pagination).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from heliograph.kernel.errors import CursorInvalid

T = TypeVar("T")

DEFAULT_LIMIT = 50
MOST_ITEMS = 200


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page of a list is asked for: at most ``limit`` items after ``cursor``."""

    limit: int = DEFAULT_LIMIT
    cursor: str | None = None

    def after(self, *kinds: Callable[[str], object]) -> tuple[object, ...] | None:
        """Return the sort key after which the page begins, each part read by its ``kind``.

        None for the first page. Raises `CursorInvalid` for a cursor that no page has given.
        """
        return None if self.cursor is None else read_cursor(self.cursor, *kinds)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a list. ``next`` is the cursor of the following page, None on the last one."""

    items: Sequence[T]
    next: str | None = None


def make_page(found: Sequence[T], limit: int, key: Callable[[T], Sequence[object]]) -> Page[T]:
    """Return the page of up to ``limit`` items of ``found``, which was read with ``limit + 1``."""
    items = found[:limit]
    is_last = len(found) <= limit
    return Page(items, None if is_last or not items else write_cursor(*key(items[-1])))


def write_cursor(*parts: object) -> str:
    """Return the cursor that stands for a sort key; ``str`` of each part is what it holds."""
    text = json.dumps([str(part) for part in parts], separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str, *kinds: Callable[[str], object]) -> tuple[object, ...]:
    """Return the sort key that a cursor stands for, each part read by its ``kind``.

    Raises `CursorInvalid` for anything that `write_cursor` has not made from as many parts.
    """
    try:
        parts = json.loads(base64.urlsafe_b64decode((cursor + "=" * (-len(cursor) % 4)).encode()))
        is_list = isinstance(parts, list) and len(parts) == len(kinds)
        if is_list and all(_is_storable(part) for part in parts):
            return tuple(kind(part) for kind, part in zip(kinds, parts, strict=True))
    except (ValueError, RecursionError, OverflowError):
        pass  # not base64, not JSON, or not of these kinds
    raise CursorInvalid(
        "This cursor is not one that the list has given.",
        hint="Begin again without a cursor, and pass on `next` as it is.",
    )


def _is_storable(part: object) -> bool:
    """Say whether PostgreSQL takes it as a text. Raises ValueError for half a character."""
    return isinstance(part, str) and "\x00" not in part and bool(part.encode() or True)
