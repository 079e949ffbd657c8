"""One number out of a column: exact decimals, with PostgreSQL's treatment of NULL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, Inexact, InvalidOperation
from typing import Literal

from heliograph.alerts.models import Outcome, OutcomeKind
from heliograph.alerts.rules.keys import ColumnUnfit, RowGroup, column_index, cut_outcome

Aggregate = Literal["first", "min", "max", "sum", "avg"]

# More digits than sums of numeric (131,072 before the point, 16,383 after) and float8 can have.
_EXACT_DIGITS = 1_000_000
_QUOTIENT_DIGITS = 34


class Unmeasurable(Exception):
    """There is no number; ``outcome`` says why. Stays inside rules."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Measure:
    """A number as an exact fraction: ``total / count``; ``count`` is 1 but for averages.

    ``value`` is the quotient; where it does not end, it is rounded to 34 digits or more, and
    ``is_rounded``. Verdicts are to be taken from the fraction.
    """

    total: Decimal
    row_indexes: Sequence[int]
    count: int = 1

    @property
    def value(self) -> Decimal:
        """The number itself."""
        return divide(self.total, Decimal(self.count))[0]

    @property
    def is_rounded(self) -> bool:
        """True when `value` had to be rounded."""
        return divide(self.total, Decimal(self.count))[1]


def exact_context() -> Context:
    """Return a context in which sums, differences and products are exact and nothing traps."""
    return Context(prec=_EXACT_DIGITS, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])


def divide(dividend: Decimal, divisor: Decimal) -> tuple[Decimal, bool]:
    """Return the quotient and whether it is rounded. The divisor is not 0.

    34 significant digits, or 20 after the point for larger numbers.
    """
    if divisor == 1 or not dividend.is_finite():
        return dividend, False
    digits = max(_QUOTIENT_DIGITS, dividend.adjusted() - divisor.adjusted() + 21)
    context = Context(prec=digits, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])
    return context.divide(dividend, divisor), bool(context.flags[Inexact])


def show(value: Decimal, *, is_rounded: bool = False) -> str:
    """Return a number for a sentence: plain digits up to 40, ``about`` before a rounded one."""
    is_short = value.is_finite() and -20 <= value.adjusted() <= 40
    return f"{'about ' if is_rounded else ''}{format(value, 'f') if is_short else value}"


def numbers(group: RowGroup, column: str) -> list[tuple[int, Decimal]]:
    """Return the column's numbers with their rows, NULLs left out.

    Raises `Unmeasurable`: no rows, only NULLs, not a number, or no such column.
    """
    return _numbers(group, column, group.row_indexes, is_all=group.is_complete)


def measure(group: RowGroup, column: str, aggregate: Aggregate) -> Measure:
    """Return the aggregate of the column's numbers. Raises `Unmeasurable`.

    ``first`` is the first row's, NULL or not; the others ignore NULLs, as SQL does.
    """
    if aggregate == "first":
        number, value = _numbers(group, column, group.row_indexes[:1], is_all=True)[0]
        return Measure(value, (number,))
    found = numbers(group, column)
    if not group.is_complete:
        raise Unmeasurable(cut_outcome(group, f"the {aggregate} of {column}"))
    if aggregate in ("min", "max"):
        extreme: Callable[..., Decimal] = min if aggregate == "min" else max
        best = extreme(value for _, value in found)
        return Measure(best, tuple(number for number, value in found if value == best))
    context = exact_context()
    total = Decimal(0)
    for _, value in found:
        total = context.add(total, value)
    if total.is_nan():
        reason = f"{column} holds Infinity and -Infinity, which have no {aggregate}."
        raise Unmeasurable(Outcome(OutcomeKind.WRONG_TYPE, group.key, reason=reason))
    rows = tuple(number for number, _ in found)
    return Measure(total, rows, len(found) if aggregate == "avg" else 1)


def _numbers(
    group: RowGroup, column: str, row_indexes: Sequence[int], *, is_all: bool
) -> list[tuple[int, Decimal]]:
    try:
        index = column_index(group.result, column)
    except ColumnUnfit as unfit:
        raise Unmeasurable(Outcome(OutcomeKind.WRONG_TYPE, group.key, reason=str(unfit))) from None
    if not row_indexes:
        raise Unmeasurable(_empty_outcome(group))
    found = []
    for number in row_indexes:
        text = group.result.rows[number][index]
        if text is not None:
            found.append((number, _number(group, index, text)))
    if not found and not is_all:
        raise Unmeasurable(cut_outcome(group, f"whether {column} is NULL throughout"))
    if not found:
        reason = f"{column} is NULL."
        raise Unmeasurable(
            Outcome(OutcomeKind.NULL, group.key, reason=reason, row_indexes=row_indexes)
        )
    return found


def _empty_outcome(group: RowGroup) -> Outcome:
    if not group.is_complete:
        return cut_outcome(group, "what it holds")
    reason = "No row has this key." if group.key else "The query gave no rows."
    return Outcome(OutcomeKind.NO_ROWS, group.key, reason=reason)


def _number(group: RowGroup, index: int, text: str) -> Decimal:
    value: Decimal | None = None
    if group.result.is_numeric[index]:
        try:
            value = Decimal(text)
        except InvalidOperation:
            value = None
    if value is None or value.is_nan():
        name = group.result.columns[index]
        what = "NaN" if value is not None else "not a number"
        raise Unmeasurable(Outcome(OutcomeKind.WRONG_TYPE, group.key, reason=f"{name} is {what}."))
    return value
