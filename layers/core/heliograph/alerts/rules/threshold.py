"""``threshold``: compares a number of the result with a fixed one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from heliograph.alerts.models import AlertState, Outcome, OutcomeKind, QueryResult
from heliograph.alerts.rules.contract import ExactDecimal, KeyedRule, OperatorField, compare
from heliograph.alerts.rules.keys import RowGroup, cut_outcome, judge_groups
from heliograph.alerts.rules.measures import (
    Aggregate,
    Unmeasurable,
    exact_context,
    measure,
    numbers,
    show,
)


class Threshold(KeyedRule):
    """Fires when ``select`` of ``column`` compares with ``value``.

    No rows, NULL and what is not a number are outcomes of their own, never 0.
    """

    kind: Literal["threshold"] = "threshold"
    column: Annotated[str, Field(min_length=1)]
    select: Literal["first", "min", "max", "sum", "avg", "any", "all"] = "first"
    op: OperatorField
    value: ExactDecimal

    def judge(self, result: QueryResult, previous: Mapping[str, AlertState]) -> list[Outcome]:
        """Return one outcome per key; a key that is gone has no rows, which is not "back to ok"."""
        return judge_groups(result, self.key, previous, self._judge)

    def _judge(self, group: RowGroup) -> Outcome:
        try:
            match self.select:
                case "any" | "all" as which:
                    return self._judge_each(group, is_any=which == "any")
                case aggregate:
                    return self._judge_one(group, aggregate)
        except Unmeasurable as unmeasurable:
            return unmeasurable.outcome

    def _judge_one(self, group: RowGroup, aggregate: Aggregate) -> Outcome:
        found = measure(group, self.column, aggregate)
        # total op value * count: an average is compared without ever being divided.
        limit = exact_context().multiply(self.value, Decimal(found.count))
        is_firing = compare(found.total, self.op, limit)
        value, is_rounded = found.value, found.is_rounded
        return self._verdict(group, is_firing, value, found.row_indexes, is_rounded=is_rounded)

    def _judge_each(self, group: RowGroup, *, is_any: bool) -> Outcome:
        found = numbers(group, self.column)
        matching = [(n, value) for n, value in found if compare(value, self.op, self.value)]
        is_firing = bool(matching) if is_any else len(matching) == len(found)
        if not group.is_complete and is_firing != is_any:  # one more row could turn the verdict
            return cut_outcome(group, f"{self.select} of {self.column}")
        other = [(n, value) for n, value in found if not compare(value, self.op, self.value)]
        # The value that decided it: one that matches for `any`, one that does not for `all`.
        decisive = (matching if is_any else other) or found
        rows = tuple(number for number, _ in matching or found)
        return self._verdict(group, is_firing, decisive[0][1], rows)

    def _verdict(
        self,
        group: RowGroup,
        is_firing: bool,
        value: Decimal,
        row_indexes: Sequence[int],
        *,
        is_rounded: bool = False,
    ) -> Outcome:
        what = f"{self.select} of {self.column} is {show(value, is_rounded=is_rounded)}"
        verb = "is" if is_firing else "is not"
        return Outcome(
            OutcomeKind.VALUE,
            key=group.key,
            is_firing=is_firing,
            value=value,
            threshold=self.value,
            reason=f"{what}, which {verb} {self.op} {show(self.value)}.",
            row_indexes=row_indexes,
        )
