"""``always``: a digest, sent at every evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from heliograph.alerts.models import AlertState, Outcome, OutcomeKind, QueryResult
from heliograph.alerts.rules.contract import KeyedRule
from heliograph.alerts.rules.counts import describe_rows
from heliograph.alerts.rules.keys import RowGroup, judge_groups


class Always(KeyedRule):
    """Sends the result, whatever it is. With key columns: one digest per key."""

    kind: Literal["always"] = "always"

    def judge(self, result: QueryResult, previous: Mapping[str, AlertState]) -> list[Outcome]:
        """Return one outcome per key; a key that is gone gets no digest."""
        return judge_groups(result, self.key, previous, _judge)


def _judge(group: RowGroup) -> Outcome:
    return Outcome(
        OutcomeKind.VALUE,
        key=group.key,
        is_firing=group.key == "" or group.row_count > 0,
        value=Decimal(group.row_count),
        reason=describe_rows(group),
        row_indexes=group.row_indexes,
    )
