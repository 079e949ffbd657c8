"""``change``: compares a number of the result with the same number at the last evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from heliograph.alerts.models import AlertState, Outcome, OutcomeKind, QueryResult
from heliograph.alerts.rules.contract import ExactDecimal, KeyedRule, OperatorField, compare
from heliograph.alerts.rules.keys import RowGroup, judge_groups
from heliograph.alerts.rules.measures import (
    Aggregate,
    Measure,
    Unmeasurable,
    divide,
    exact_context,
    measure,
    show,
)

_HUNDRED = Decimal(100)


class Change(KeyedRule):
    """Fires when the change since the last evaluation compares with ``value``.

    The change is signed: new - old, or (new - old) / \\|old\\| * 100 by percent. There is no
    verdict, and the state stays, at the first measurement, for a percentage of 0 (but 0 to 0 is 0
    percent) and where infinities leave nothing to compare.
    """

    kind: Literal["change"] = "change"
    column: Annotated[str, Field(min_length=1)]
    select: Aggregate = "first"
    by: Literal["absolute", "percent"] = "absolute"
    op: OperatorField
    value: ExactDecimal

    def judge(self, result: QueryResult, previous: Mapping[str, AlertState]) -> list[Outcome]:
        """Return one outcome per key, with what to remember; a key that is gone has no rows."""

        def judge_group(group: RowGroup) -> Outcome:
            state = previous.get(group.key)
            try:
                found = measure(group, self.column, self.select)
            except Unmeasurable as unmeasurable:
                return unmeasurable.outcome
            return self._judge(group, None if state is None else state.measured, found)

        return judge_groups(result, self.key, previous, judge_group)

    def _judge(self, group: RowGroup, old: Decimal | None, found: Measure) -> Outcome:
        new = found.value
        what = f"{self.select} of {self.column} is {show(new, is_rounded=found.is_rounded)}"
        if old is None:
            return self._undecided(group, found, f"{what}; there is nothing yet to compare with.")
        context = exact_context()
        change, is_rounded = context.subtract(new, old), False
        if self.by == "percent" and change != 0:
            if old == 0 or not old.is_finite():
                reason = f"{what} after {show(old)}: a percentage of {show(old)} has no meaning."
                return self._undecided(group, found, reason)
            hundredfold, size = context.multiply(change, _HUNDRED), old.copy_abs()
            # change * 100 op value * |old|: a percentage is compared without being divided.
            is_firing = compare(hundredfold, self.op, context.multiply(self.value, size))
            change, is_rounded = divide(hundredfold, size)
        elif change.is_nan():
            return self._undecided(group, found, f"{what} after {show(old)}, without a difference.")
        else:
            is_firing = compare(change, self.op, self.value)
        unit = "%" if self.by == "percent" else ""
        moved = f"a change of {show(change, is_rounded=is_rounded)}{unit}"
        verb = "is" if is_firing else "is not"
        return Outcome(
            OutcomeKind.VALUE,
            key=group.key,
            is_firing=is_firing,
            value=change,
            measured=new,
            threshold=self.value,
            reason=f"{what} after {show(old)}, {moved}, which {verb} {self.op} "
            f"{show(self.value)}{unit}.",
            row_indexes=found.row_indexes,
        )

    def _undecided(self, group: RowGroup, found: Measure, reason: str) -> Outcome:
        return Outcome(
            OutcomeKind.VALUE,
            key=group.key,
            is_firing=None,
            measured=found.value,
            threshold=self.value,
            reason=reason,
            row_indexes=found.row_indexes,
        )
