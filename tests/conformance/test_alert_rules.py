"""Every registered kind of rule keeps the promises of `contract.Rule`, and is documented."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from heliograph.alerts.models import AlertState, OutcomeKind, QueryResult, StateKind
from heliograph.alerts.rules.registry import RULE_ADAPTER, RULES

PAGE = Path(__file__).parents[2] / "docs/reference/alert-rules.md"

SAMPLES = {
    "any_rows": {},
    "no_rows": {},
    "row_count": {"op": ">=", "value": "2"},
    "threshold": {"column": "v", "select": "avg", "op": "<", "value": "1.10"},
    "change": {"column": "v", "by": "percent", "op": "!=", "value": "0"},
    "always": {},
}


def make(kind, **more):
    return RULE_ADAPTER.validate_python({"kind": kind, **SAMPLES[kind], **more})


def documented() -> Iterator[tuple[str, set[str]]]:
    section = PAGE.read_text(encoding="utf-8").split("## Rules", 1)[1].split("```", 1)[0]
    for kind, fields in re.findall(r"^\| `(\w+)` \| ([^|]+) \|", section, re.MULTILINE):
        yield kind, set(re.findall(r"`(\w+)`", fields))


def test_the_reference_page_has_a_row_for_each_kind_with_its_fields():
    assert dict(documented()) == {
        kind: set(model.model_fields) - {"kind"} for kind, model in RULES.items()
    }
    assert [kind for kind, _ in documented()] == list(RULES)


@pytest.mark.parametrize("words", [OutcomeKind, StateKind])
def test_the_reference_page_names_every_outcome_and_state(words):
    page = PAGE.read_text(encoding="utf-8")
    assert [word for word in words if f"`{word}`" not in page] == []


def test_every_kind_has_a_sample_here():
    assert list(SAMPLES) == list(RULES)


@pytest.mark.parametrize("kind", RULES)
def test_settings_become_the_model_of_their_kind_and_are_frozen(kind):
    rule = make(kind)
    assert type(rule) is RULES[kind]
    assert rule.kind == kind
    with pytest.raises(ValidationError, match="frozen"):
        rule.key = ("region",)
    with pytest.raises(ValidationError, match="no key surplus"):
        make(kind, surplus="1")
    assert RULE_ADAPTER.validate_python(rule.model_dump()) == rule


CELLS = st.sampled_from([None, "", "NULL", "0", "-1.50", "NaN", "Infinity", "-Infinity", "abc"])
ROWS = st.lists(st.tuples(CELLS, CELLS), max_size=5)
COLUMNS = st.sampled_from([("region", "v"), ("v", "region"), ("v", "v"), ("region", "other")])
STATES = st.dictionaries(
    st.sampled_from(["", "region=NULL", "region=0", 'region=""', "region=gone"]),
    st.builds(
        AlertState,
        kind=st.sampled_from(StateKind),
        measured=st.none() | st.sampled_from([Decimal(0), Decimal("2.5"), Decimal("Infinity")]),
    ),
)


@pytest.mark.parametrize("key", [[], ["region"]], ids=["whole", "keyed"])
@pytest.mark.parametrize("kind", RULES)
@settings(max_examples=40, deadline=None)
@given(
    rows=ROWS, columns=COLUMNS, numeric=st.booleans(), is_cut=st.booleans(), previous=STATES
)  # fmt: skip
def test_a_rule_judges_any_result_each_key_once_and_always_alike(
    kind, key, rows, columns, numeric, is_cut, previous
):
    rule = make(kind, key=key)
    result = QueryResult(columns, [numeric, numeric], rows, len(rows), is_cut)
    outcomes = rule.judge(result, previous)
    assert outcomes == rule.judge(result, previous)
    keys = [outcome.key for outcome in outcomes]
    assert len(set(keys)) == len(keys) > 0
    for outcome in outcomes:
        assert outcome.reason.endswith(".")
        assert outcome.kind is OutcomeKind.VALUE or outcome.is_firing is False
        assert all(0 <= index < len(rows) for index in outcome.row_indexes)
        assert outcome.value is None or not outcome.value.is_nan()
    is_judged_by_key = outcomes[0].kind is not OutcomeKind.WRONG_TYPE or outcomes[0].key
    if not is_cut and is_judged_by_key:
        assert set(previous) <= set(keys)


@pytest.mark.parametrize("kind", RULES)
def test_null_and_the_empty_text_are_keys_of_their_own(kind):
    rows = [(None, "1"), ("", "1"), ("NULL", "1"), (None, "1")]
    outcomes = make(kind, key=["region"]).judge(
        QueryResult(("region", "v"), (False, True), rows, len(rows)), {}
    )
    assert [outcome.key for outcome in outcomes] == ["region=NULL", 'region=""', 'region="NULL"']
    assert tuple(outcomes[0].row_indexes)[:1] == (0,)


@pytest.mark.parametrize("kind", RULES)
def test_an_empty_result_gives_one_outcome_and_never_a_verdict_on_a_number_that_is_not_there(kind):
    nothing = QueryResult(("region", "v"), (False, True), [], 0)
    for key in ([], ["region"]):
        (outcome,) = make(kind, key=key).judge(nothing, {})
        counts_rows = "column" not in RULES[kind].model_fields
        assert outcome.kind is (OutcomeKind.VALUE if counts_rows else OutcomeKind.NO_ROWS)


@pytest.mark.parametrize("kind", RULES)
def test_order_of_keys_does_not_change_a_verdict(kind):
    rows = [("a", "1"), ("b", "2"), ("c", None)]
    rule = make(kind, key=["region"])
    columns, numeric = ("region", "v"), (False, True)
    forward = rule.judge(QueryResult(columns, numeric, rows, 3), {})
    backward = rule.judge(QueryResult(columns, numeric, rows[::-1], 3), {})

    def verdicts(outcomes):
        return {(o.key, o.kind, o.is_firing, o.value) for o in outcomes}

    assert verdicts(forward) == verdicts(backward)
