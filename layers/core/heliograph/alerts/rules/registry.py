"""The kinds of rule by name."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, TypeAdapter
from pydantic_core import PydanticCustomError

from heliograph.alerts.rules.always import Always
from heliograph.alerts.rules.any_rows import AnyRows
from heliograph.alerts.rules.change import Change
from heliograph.alerts.rules.contract import KeyedRule
from heliograph.alerts.rules.no_rows import NoRows
from heliograph.alerts.rules.row_count import RowCount
from heliograph.alerts.rules.threshold import Threshold
from heliograph.kernel.suggestions import suggest

RULES: dict[str, type[KeyedRule]] = {
    "any_rows": AnyRows,
    "no_rows": NoRows,
    "row_count": RowCount,
    "threshold": Threshold,
    "change": Change,
    "always": Always,
}
"""Kind to its model. Each fulfils `contract.Rule`."""


def _check_kind(value: Any) -> Any:
    if isinstance(value, KeyedRule):
        return value
    if not isinstance(value, dict):
        raise PydanticCustomError(
            "not_a_rule", "A rule is a mapping with a kind, such as {kind: any_rows}."
        )
    kind = value.get("kind")
    if kind is None:
        raise PydanticCustomError(
            "kind_missing", "A rule needs a kind: {known}.", {"known": ", ".join(RULES)}
        )
    if not isinstance(kind, str) or kind not in RULES:
        raise PydanticCustomError(
            "unknown_kind",
            "There is no rule of the kind {kind}. {hint}",
            {"kind": str(kind), "hint": suggest(str(kind), RULES)},
        )
    return value


RuleSettings = Annotated[
    AnyRows | NoRows | RowCount | Threshold | Change | Always,
    Field(discriminator="kind"),
    BeforeValidator(_check_kind),
]
"""What stands under ``rule:``. Validates to the model of its kind; use it as a field's type."""

RULE_ADAPTER: TypeAdapter[AnyRows | NoRows | RowCount | Threshold | Change | Always] = TypeAdapter(
    RuleSettings
)
"""Reads a ``rule:`` mapping by itself: ``RULE_ADAPTER.validate_python({...})``."""
