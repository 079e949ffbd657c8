"""``row_count``: compares the number of rows."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from pydantic import field_validator
from pydantic_core import PydanticCustomError

from heliograph.alerts.models import AlertState, Outcome, OutcomeKind, QueryResult
from heliograph.alerts.rules.contract import ExactDecimal, KeyedRule, OperatorField, compare
from heliograph.alerts.rules.counts import describe_rows
from heliograph.alerts.rules.keys import RowGroup, cut_outcome, judge_groups


class RowCount(KeyedRule):
    """Fires when the number of rows compares with ``value``. Zero rows is 0."""

    kind: Literal["row_count"] = "row_count"
    op: OperatorField
    value: ExactDecimal

    @field_validator("value")
    @classmethod
    def _check_whole(cls, value: Decimal) -> Decimal:
        if value < 0 or value != value.to_integral_value():
            raise PydanticCustomError("not_a_count", "A number of rows is 0 or a whole number.")
        return value

    def judge(self, result: QueryResult, previous: Mapping[str, AlertState]) -> list[Outcome]:
        """Return one outcome per key; a key that is gone has 0 rows."""
        return judge_groups(result, self.key, previous, self._judge)

    def _judge(self, group: RowGroup) -> Outcome:
        if not group.is_counted and not self._is_certain(group.row_count):
            return cut_outcome(group, "the number of rows")
        count = Decimal(group.row_count)
        return Outcome(
            OutcomeKind.VALUE,
            key=group.key,
            is_firing=compare(count, self.op, self.value),
            value=count,
            threshold=self.value,
            reason=describe_rows(group),
            row_indexes=group.row_indexes,
        )

    def _is_certain(self, at_least: int) -> bool:
        """Say whether the verdict is the same for every number of rows from ``at_least`` on."""
        if self.op in (">=", "<"):
            return at_least >= self.value
        return at_least > self.value
