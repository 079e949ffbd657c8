"""From the database's text to the cells of a sheet, a column at a time.

Each kind of value has one function here that turns a run of values of one column into cells, so
that the work per value is a few operations of C speed. A value becomes a number, a boolean or a
date only when reading the cell gives back exactly that value; otherwise it is text, and the tally
says so. The cells are those of ECMA-376 part 1, 18.3.1.4; text is inline (18.3.1.53), because a
table of shared strings would have to be held in memory until the end.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from enum import StrEnum
from functools import partial
from itertools import compress

from heliograph.connections.engines.contract import Column, ValueKind

MAX_CELL_UNITS = 32_767
"""Characters a cell may hold, counted by Excel in UTF-16 code units."""
MAX_DIGITS = 15
"""Significant digits that every double, and Excel, keeps of any decimal number."""
MAX_SCALE = 30
"""Decimal places that a number format of Excel can show."""

# Places in the table of cell formats that `xlsx_parts.STYLES` writes.
STYLE_HEADER = 1
STYLE_INTEGER = 2
STYLE_VALUE_AS_TEXT = 3
STYLE_DATE = 4
STYLE_SECONDS = 5
STYLE_MILLISECONDS = 6
STYLE_QUOTED = 7
STYLE_SCALE = 8  # no decimal places; one more place with each style after it


class Reason(StrEnum):
    """Why values do not stand in the sheet as they do in the database: a clause of a note."""

    CUT = "cut: a cell of Excel holds 32,767 characters"
    DIGITS = "text: Excel keeps 15 digits of a number"
    NOT_FINITE = "text: Excel has no NaN and no infinite number"
    RANGE = "text: Excel has no number so large, so near to zero, or -0"
    DATE_RANGE = "text: Excel's calendar runs from 1900-03-01 to 9999-12-31"
    MICROSECONDS = "text: Excel keeps times to the millisecond"
    SHOWN_SHORTER = "exact, but Excel shows the first 15 digits only"


class Tally:
    """Counts values by reason and column: ``counts[reason][column index]``."""

    def __init__(self) -> None:
        self.counts: dict[Reason, Counter[int]] = {reason: Counter() for reason in Reason}

    def add(self, reason: Reason, column: int, count: int = 1) -> None:
        """Count ``count`` more values of the column."""
        self.counts[reason][column] += count


CellWriter = Callable[[Sequence[str | None], Sequence[str]], list[str]]
"""Turns a run of values of one column, and the numbers of their rows, into cells; NULL into ''."""


def column_letters(index: int) -> str:
    """Return how Excel names the column at ``index``, counted from 0: A, Z, AA, XFD."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def cell_writer(index: int, column: Column, tally: Tally, *, guard_formulas: bool) -> CellWriter:
    """Return what writes the cells of ``column``, the one at ``index`` counted from 0.

    ``guard_formulas`` marks text that looks like a formula with Excel's own "this is text" flag,
    so that it stays text even when a person edits the cell; the text is the same in any case.
    """
    cells = _Cells(index, tally)
    writers: dict[ValueKind, Callable[[Sequence[str], Sequence[str]], list[str]]] = {
        ValueKind.BOOLEAN: cells.booleans,
        ValueKind.INTEGER: cells.integers,
        ValueKind.BIGINT: cells.bigints,
        ValueKind.NUMERIC: cells.numerics,
        ValueKind.FLOAT: cells.floats,
        ValueKind.DATE: cells.dates,
        ValueKind.TIMESTAMP: cells.timestamps,
    }
    text = cells.guarded_texts if guard_formulas else cells.texts
    return partial(_skip_nulls, writers.get(column.kind, text))


def _skip_nulls(
    write: Callable[[Sequence[str], Sequence[str]], list[str]],
    values: Sequence[str | None],
    rows: Sequence[str],
) -> list[str]:
    if None not in values:
        return write(values, rows)  # type: ignore[arg-type]  # no None among them
    present = [value is not None for value in values]
    kept = [value for value in values if value is not None]
    cells = iter(write(kept, list(compress(rows, present))) if kept else ())
    return [next(cells) if there else "" for there in present]


class _Cells:
    """The cells of one column. ``values`` hold no None here and are never empty."""

    def __init__(self, index: int, tally: Tally) -> None:
        self._index = index
        self._tally = tally
        self._open = f'<c r="{column_letters(index)}'
        self._days = _DayNumbers()
        self._shown_shorter = False

    def _as_text(self, value: str, row: str, reason: Reason) -> str:
        self._tally.add(reason, self._index)
        return (
            f'{self._open}{row}" s="{STYLE_VALUE_AS_TEXT}" t="inlineStr">'
            f"<is><t>{value}</t></is></c>"
        )

    def booleans(self, values: Sequence[str], rows: Sequence[str]) -> list[str]:
        start = self._open
        return [
            f'{start}{row}" t="b"><v>{"1" if value == "t" else "0"}</v></c>'
            for value, row in zip(values, rows, strict=True)
        ]

    def integers(self, values: Sequence[str], rows: Sequence[str]) -> list[str]:
        start = self._open
        return [
            f'{start}{row}"><v>{value}</v></c>' for value, row in zip(values, rows, strict=True)
        ]

    def bigints(self, values: Sequence[str], rows: Sequence[str]) -> list[str]:
        start, middle = self._open, f'" s="{STYLE_INTEGER}"><v>'
        if max(map(len, values)) <= MAX_DIGITS:
            return [
                f"{start}{row}{middle}{value}</v></c>"
                for value, row in zip(values, rows, strict=True)
            ]
        return [
            f"{start}{row}{middle}{value}</v></c>"
            if len(value.lstrip("-")) <= MAX_DIGITS
            else self._as_text(value, row, Reason.DIGITS)
            for value, row in zip(values, rows, strict=True)
        ]

    def numerics(self, values: Sequence[str], rows: Sequence[str]) -> list[str]:
        start, scales = self._open, _SCALE_STYLES
        joined = "\n".join(values)
        if max(map(len, values)) <= MAX_DIGITS and "N" not in joined and "I" not in joined:
            return [
                f"{start}{row}{scales[len(value.partition('.')[2])]}{value}</v></c>"
                for value, row in zip(values, rows, strict=True)
            ]
        return [
            f"{start}{row}{scales[len(value.partition('.')[2])]}{value}</v></c>"
            if (reason := _numeric_reason(value)) is None
            else self._as_text(value, row, reason)
            for value, row in zip(values, rows, strict=True)
        ]

    def floats(self, values: Sequence[str], rows: Sequence[str]) -> list[str]:
        joined = "\n".join(values) + "\n"
        if not self._shown_shorter and _OVER_15_DIGITS.search(joined):
            # Noted once a column, not counted: nearly every computed double is like that.
            self._shown_shorter = True
            self._tally.add(Reason.SHOWN_SHORTER, self._index)
        if not any(mark in joined for mark in _MAYBE_NO_FLOAT_OF_EXCEL):
            return self.integers(values, rows)
        start = self._open
        return [
            f'{start}{row}"><v>{value}</v></c>'
            if (reason := _float_reason(value)) is None
            else self._as_text(value, row, reason)
            for value, row in zip(values, rows, strict=True)
        ]

    def dates(self, values: Sequence[str], rows: Sequence[str]) -> list[str]:
        start, middle = self._open, f'" s="{STYLE_DATE}"><v>'
        days = map(self._days.__getitem__, values)
        return [
            f"{start}{row}{middle}{day}</v></c>"
            if day
            else self._as_text(value, row, Reason.DATE_RANGE)
            for value, row, day in zip(values, rows, days, strict=True)
        ]

    def timestamps(self, values: Sequence[str], rows: Sequence[str]) -> list[str]:
        numbers = self._days
        days = [numbers[value[:10]] for value in values]
        if 0 in days or max(map(len, values)) > len("2024-01-31 23:59:59"):
            return list(map(self._timestamp, values, rows, days))
        start, middle = self._open, f'" s="{STYLE_SECONDS}"><v>'
        minutes, seconds = _MINUTES, _SECONDS
        # As `_day_fraction`, without a call for each value.
        return [
            f"{start}{row}{middle}{day}."
            f"{str((minutes[value[11:16]] + seconds[value[17:]]) // 27).zfill(12)}</v></c>"
            for value, row, day in zip(values, rows, days, strict=True)
        ]

    def _timestamp(self, value: str, row: str, day: int) -> str:
        if not day or value.endswith("BC"):
            return self._as_text(value, row, Reason.DATE_RANGE)
        thousandths = value[20:]
        if len(thousandths) > 3:
            return self._as_text(value, row, Reason.MICROSECONDS)
        style = STYLE_MILLISECONDS if thousandths else STYLE_SECONDS
        fraction = _day_fraction(value[11:16], value[17:19], int(thousandths.ljust(3, "0")))
        return f'{self._open}{row}" s="{style}"><v>{day}.{fraction:012d}</v></c>'

    def texts(self, values: Sequence[str], rows: Sequence[str]) -> list[str]:
        start = self._open
        escaped, opening = self._escape(values)
        middle = f'" t="inlineStr"><is>{opening}'
        return [
            f"{start}{row}{middle}{value}</t></is></c>"
            for value, row in zip(escaped, rows, strict=True)
        ]

    def guarded_texts(self, values: Sequence[str], rows: Sequence[str]) -> list[str]:
        start = self._open
        escaped, opening = self._escape(values)
        middle = f'" t="inlineStr"><is>{opening}'
        quoted = f'" s="{STYLE_QUOTED}" t="inlineStr"><is>{opening}'
        return [
            f"{start}{row}{quoted if value[:1] in _FORMULA_STARTS else middle}{safe}</t></is></c>"
            for value, safe, row in zip(values, escaped, rows, strict=True)
        ]

    def _escape(self, values: Sequence[str]) -> tuple[Sequence[str], str]:
        # A character beyond the basic plane counts twice, hence the half.
        if max(map(len, values)) > MAX_CELL_UNITS // 2:
            values = list(self._cut_long(values))
        return escape_texts(values)

    def _cut_long(self, values: Sequence[str]) -> Iterator[str]:
        for value in values:
            cut = cut_text(value)
            if cut is not value:
                self._tally.add(Reason.CUT, self._index)
            yield cut


# Numbers

_SCALE_STYLES = tuple(f'" s="{STYLE_SCALE + scale}"><v>' for scale in range(MAX_SCALE + 1))

# Each is in every float that is no number of Excel; some others have them too.
_MAYBE_NO_FLOAT_OF_EXCEL = ("N", "I", "e+3", "e-3", "-0\n")
_OVER_15_DIGITS = re.compile(r"[1-9](?:\d{15}|[\d.]{16})")


def _numeric_reason(value: str) -> Reason | None:
    if value[-1] in "Ny":
        return Reason.NOT_FINITE
    whole, _, fraction = value.lstrip("-").partition(".")
    digits = (whole + fraction.rstrip("0")).lstrip("0")
    return Reason.DIGITS if len(digits) > MAX_DIGITS or len(fraction) > MAX_SCALE else None


def _float_reason(value: str) -> Reason | None:
    """Return why a float cannot be a number. Excel's own span is 2.2251e-308 to 9.9999e+307."""
    if value[-1] in "Ny":
        return Reason.NOT_FINITE
    exponent = value.partition("e")[2]
    if value == "-0" or (exponent and abs(int(exponent)) >= 308):
        return Reason.RANGE
    return None


# Dates

_EPOCH = date(1899, 12, 30).toordinal()
# Excel believes that 1900 was a leap year, so it is wrong about every day before this one.
_FIRST_DAY = date(1900, 3, 1).toordinal() - _EPOCH

# A day of 86,400,000 milliseconds in units of 10**-12 days, so that one is 312,500 / 27: finer than
# a double keeps of a date of our time, so that a reader that rounds to milliseconds, as Excel does,
# gets back the very same one. Here times 27, and half of that in each minute, for the rounding.
_MILLISECOND = 312_500
_MINUTES = {f"{m // 60:02d}:{m % 60:02d}": m * 60_000 * _MILLISECOND + 13 for m in range(1440)}
_SECONDS = {f"{s:02d}": s * 1000 * _MILLISECOND for s in range(60)}


def _day_fraction(minute: str, second: str, millisecond: int) -> int:
    """Return the part of a day that has gone at "HH:MM", "SS" and so many milliseconds."""
    return (_MINUTES[minute] + _SECONDS[second] + millisecond * _MILLISECOND) // 27


def _day_number(value: str) -> int:
    """Return Excel's number of a date, 0 when it has none that is true."""
    if len(value) != 10 or value[4] != "-" or value[7] != "-":
        return 0
    day = date.fromisoformat(value).toordinal() - _EPOCH
    return day if day >= _FIRST_DAY else 0


class _DayNumbers(dict[str, int]):
    """Remembers the numbers of dates, of some thousands at most: most columns repeat theirs."""

    def __missing__(self, value: str) -> int:
        if len(self) >= 4096:
            self.clear()
        number = self[value] = _day_number(value)
        return number


# Text

_FORMULA_STARTS = frozenset("=+-@\t\r")
_CONTROLS = bytes(range(1, 9)) + b"\x0b\x0c" + bytes(range(14, 32))
_SPECIAL_BYTES = _CONTROLS + b"\t\n\r&<>"
_ORDINARY_BYTES = bytes(set(range(256)) - set(_SPECIAL_BYTES))
_NOT_IN_XML = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
# The underscore that ends a false escape may also be the first one of a true escape.
_LIKE_AN_ESCAPE = re.compile(f"_(?=x[0-9A-Fa-f]{{4}}(?:_|{_NOT_IN_XML.pattern}))")


def cut_text(value: str) -> str:
    """Return ``value`` itself when a cell can hold it, else its beginning and a visible mark.

    A character of two UTF-16 code units is never halved.
    """
    if len(value) <= MAX_CELL_UNITS // 2:
        return value
    encoded = value.encode("utf-16-le")
    units = len(encoded) // 2
    if units <= MAX_CELL_UNITS:
        return value
    mark = f" … [cut: {units:,} characters]"
    return encoded[: 2 * (MAX_CELL_UNITS - len(mark))].decode("utf-16-le", "ignore") + mark


def escape_texts(values: Sequence[str]) -> tuple[Sequence[str], str]:
    """Return texts as XML content, and the opening ``<t>`` that they all need.

    What XML 1.0 cannot hold is written ``_xHHHH_``, and text that looks like that has its first
    underscore written so (ECMA-376 part 1, 22.9.2.19). A carriage return is a character reference,
    which every XML reader gives back. White space at either end needs ``xml:space``.
    """
    joined = original = "\0".join(values)
    special = joined.encode().translate(None, _ORDINARY_BYTES)
    if "_x" in joined:
        joined = _LIKE_AN_ESCAPE.sub("_x005F_", joined)
    if special:
        joined = joined.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        joined = joined.replace("\r", "&#13;")
    if special.translate(None, b"\t\n\r&<>") or "\ufffe" in joined or "\uffff" in joined:
        joined = _NOT_IN_XML.sub(lambda match: f"_x{ord(match[0]):04X}_", joined)
    has_edge = (
        b"\n" in special
        or b"\t" in special
        or original[:1] == " "
        or original[-1:] == " "
        or "\0 " in original
        or " \0" in original
    )
    escaped = values if joined is original else joined.split("\0")
    return escaped, '<t xml:space="preserve">' if has_edge else "<t>"
