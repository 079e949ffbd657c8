"""``no_rows``: fires while the query gives nothing."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from heliograph.alerts.models import AlertState, Outcome, OutcomeKind, QueryResult
from heliograph.alerts.rules.contract import KeyedRule
from heliograph.alerts.rules.counts import describe_rows, empty_is_known
from heliograph.alerts.rules.keys import RowGroup, cut_outcome, judge_groups


class NoRows(KeyedRule):
    """Fires when there is no row. With key columns: for a key that was seen and is gone."""

    kind: Literal["no_rows"] = "no_rows"

    def judge(self, result: QueryResult, previous: Mapping[str, AlertState]) -> list[Outcome]:
        """Return one outcome per key; an empty result before any key was seen fires as a whole."""
        return judge_groups(result, self.key, previous, _judge)


def _judge(group: RowGroup) -> Outcome:
    if not empty_is_known(group):
        return cut_outcome(group, "whether there are rows")
    return Outcome(
        OutcomeKind.VALUE,
        key=group.key,
        is_firing=group.row_count == 0,
        value=Decimal(group.row_count),
        reason=describe_rows(group),
        row_indexes=group.row_indexes,
    )
