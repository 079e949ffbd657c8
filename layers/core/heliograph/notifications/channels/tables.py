"""The first rows of a result as a monospaced table, and as plain cells, cut visibly."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from heliograph.notifications.models import Notice
from heliograph.notifications.templates import unique_names
from heliograph.queries.encoders.table import cell_width, fit_widths, visible

NULL = "∅"  # the mark of the terminal's table
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?|-?Infinity|NaN")
_MAX_COLUMNS = 12


@dataclass(frozen=True, slots=True)
class TableText:
    """The lines of a table, and how many rows and columns of the result they leave out."""

    text: str
    missing_rows: int
    missing_columns: int
    cut_cells: int

    def notes(self) -> list[str]:
        """Say what the table leaves out, in words for its reader."""
        parts = []
        if self.missing_rows:
            parts.append(f"and {self.missing_rows:,} more row{_s(self.missing_rows)}")
        if self.missing_columns:
            parts.append(f"and {self.missing_columns:,} more column{_s(self.missing_columns)}")
        if self.cut_cells:
            parts.append(f"{self.cut_cells:,} cell{_s(self.cut_cells)} cut at …")
        return parts


def write_table(
    notice: Notice,
    *,
    max_rows: int,
    width: int,
    room: int,
    cost: Callable[[str], int] = len,
) -> TableText:
    """Return as many rows as ``max_rows`` and ``room`` allow, ``width`` columns of text wide.

    ``cost`` measures a line against ``room``. NULL shows as ``∅``, a text ``∅`` in quotes.
    """
    names = [visible(name) for name in unique_names(notice.columns)][:_MAX_COLUMNS]
    if not names:
        return TableText("", notice.row_count, 0, 0)
    rows = [[_shown(cell) for cell in row[: len(names)]] for row in notice.rows[:max_rows]]
    natural = [
        max(cell_width(line[index]) for line in [names, *rows]) for index in range(len(names))
    ]
    widths = fit_widths(natural, width - 3 * (len(names) - 1))
    is_right = [is_numeric(notice.rows[:max_rows], index) for index in range(len(names))]
    lines = [_line(names, widths, is_right), "─┼─".join("─" * width for width in widths)]
    left = room - sum(cost(line) + 1 for line in lines)
    if left < 0:
        return TableText("", notice.row_count, len(notice.columns), 0)
    shown = cut_cells = 0
    for row in rows:
        line = _line(row, widths, is_right)
        left -= cost(line) + 1
        if left < 0:
            break
        lines.append(line)
        shown += 1
        cut_cells += sum(cell_width(c) > w for c, w in zip(row, widths, strict=True))
    missing = max(notice.row_count, len(notice.rows)) - shown
    return TableText("\n".join(lines), missing, len(notice.columns) - len(names), cut_cells)


def is_numeric(rows: Sequence[Sequence[str | None]], index: int) -> bool:
    """Say whether a column looks like numbers: nothing but numbers and NULL, and one at least."""
    cells = [row[index] for row in rows if row[index] is not None]
    return bool(cells) and all(_NUMBER.fullmatch(cell or "") for cell in cells)


def cut_text(text: str, limit: int, cost: Callable[[str], int] = len) -> str:
    """Return ``text``, or as much of it as fits ``limit`` with a visible ``…`` at the end."""
    if cost(text) <= limit:
        return text
    low, high = 0, min(len(text), limit)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if cost(text[:middle] + "…") <= limit else (low, middle - 1)
    return text[:low] + "…"


def _shown(cell: str | None) -> str:
    if cell is None:
        return NULL
    return f'"{cell}"' if cell == NULL else visible(cell[:1_000])


def _line(cells: Sequence[str], widths: Sequence[int], is_right: Sequence[bool]) -> str:
    parts = []
    for cell, width, right in zip(cells, widths, is_right, strict=True):
        text = cut_text(cell, width, cell_width)
        padding = " " * (width - cell_width(text))
        parts.append(padding + text if right else text + padding)
    return " │ ".join(parts).rstrip()


def _s(count: int) -> str:
    return "" if count == 1 else "s"
