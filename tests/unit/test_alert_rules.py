"""What each kind of rule finds in a result: exact verdicts, and outcomes kept apart."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from heliograph.alerts.models import AlertState, OutcomeKind, QueryResult, StateKind
from heliograph.alerts.outcomes import failed_outcome, outcome_of_error
from heliograph.alerts.rules.contract import compare
from heliograph.alerts.rules.keys import key_text
from heliograph.alerts.rules.registry import RULE_ADAPTER
from heliograph.kernel import errors

OPERATORS = [">", ">=", "<", "<=", "==", "!="]


def rule(kind, **fields):
    return RULE_ADAPTER.validate_python({"kind": kind, **fields})


def threshold(select="first", op="<", value="1000", **fields):
    return rule("threshold", column="v", select=select, op=op, value=value, **fields)


def change(op=">", value="0", **fields):
    return rule("change", column="v", op=op, value=value, **fields)


def result_of(*values, is_numeric=True, is_cut=False):
    return QueryResult(["v"], [is_numeric], [(v,) for v in values], len(values), is_cut)


def keyed(*rows, columns=("region", "v"), is_cut=False):
    is_numeric = [name == "v" for name in columns]
    return QueryResult(columns, is_numeric, rows, len(rows), is_cut)


def one(judged):
    assert len(judged) == 1
    return judged[0]


def judge(a_rule, result, previous=None):
    return one(a_rule.judge(result, previous or {}))


def by_key(a_rule, result, previous=None):
    outcomes = a_rule.judge(result, previous or {})
    assert len({outcome.key for outcome in outcomes}) == len(outcomes)
    return {outcome.key: outcome for outcome in outcomes}


# Rules on the number of rows


@pytest.mark.parametrize(("rows", "any_fires", "none_fires"), [(0, False, True), (2, True, False)])
def test_zero_rows_is_a_value_for_rules_on_rows(rows, any_fires, none_fires):
    result = result_of(*["1"] * rows)
    for kind, fires in (("any_rows", any_fires), ("no_rows", none_fires)):
        outcome = judge(rule(kind), result)
        assert (outcome.kind, outcome.is_firing) == (OutcomeKind.VALUE, fires)
        assert outcome.value == rows
    counted = judge(rule("row_count", op="==", value="0"), result)
    assert (counted.kind, counted.is_firing) == (OutcomeKind.VALUE, rows == 0)


def test_a_result_without_columns_has_no_rows_and_does_not_crash():
    nothing = QueryResult([], [], [], 0)
    assert judge(rule("any_rows"), nothing).is_firing is False
    assert judge(threshold(), nothing).kind is OutcomeKind.WRONG_TYPE


@pytest.mark.parametrize("op", OPERATORS)
@given(count=st.integers(0, 6), value=st.integers(0, 6))
def test_row_count_compares_the_number_of_rows(op, count, value):
    outcome = judge(rule("row_count", op=op, value=str(value)), result_of(*["1"] * count))
    assert outcome.is_firing is compare(Decimal(count), op, Decimal(value))


@pytest.mark.parametrize("op", OPERATORS)
@given(seen=st.integers(0, 5), value=st.integers(0, 5))
def test_row_count_of_a_cut_result_is_judged_only_when_it_is_certain(op, seen, value):
    outcome = judge(rule("row_count", op=op, value=value), result_of(*["1"] * seen, is_cut=True))
    verdicts = {compare(Decimal(seen + more), op, Decimal(value)) for more in range(20)}
    if len(verdicts) == 1:
        assert (outcome.kind, outcome.is_firing) == (OutcomeKind.VALUE, verdicts.pop())
    else:
        assert outcome.kind is OutcomeKind.QUERY_ERROR
        assert "cut" in outcome.reason


def test_any_rows_of_a_cut_result_is_certain_once_there_is_a_row():
    assert judge(rule("any_rows"), result_of("1", is_cut=True)).is_firing is True
    assert judge(rule("no_rows"), result_of("1", is_cut=True)).is_firing is False
    for kind in ("any_rows", "no_rows"):
        assert judge(rule(kind), result_of(is_cut=True)).kind is OutcomeKind.QUERY_ERROR


def test_row_count_counts_rows_that_were_counted_but_not_kept():
    result = QueryResult(["v"], [True], [("1",)], row_count=500)
    assert judge(rule("row_count", op="==", value=500), result).is_firing is True
    assert judge(threshold("sum", ">", "0"), result).kind is OutcomeKind.QUERY_ERROR


# threshold


@pytest.mark.parametrize(
    ("select", "value", "rows"),
    [
        ("first", "3", (0,)),
        ("min", "-1.50", (2,)),
        ("max", "3", (0, 3)),
        ("sum", "4.50", (0, 2, 3)),
        ("avg", "1.5", (0, 2, 3)),
    ],
)
def test_threshold_selects_one_number_and_ignores_nulls(select, value, rows):
    outcome = judge(threshold(select, "==", value), result_of("3", None, "-1.50", "3"))
    assert outcome.is_firing is True
    assert outcome.value == Decimal(value)
    assert tuple(outcome.row_indexes) == rows
    assert outcome.threshold == Decimal(value)


@pytest.mark.parametrize("select", ["first", "min", "max", "sum", "avg", "any", "all"])
@pytest.mark.parametrize("op", OPERATORS)
def test_an_empty_result_or_null_is_never_zero(select, op):
    against_zero = threshold(select, op, "0")
    assert judge(against_zero, result_of()).kind is OutcomeKind.NO_ROWS
    assert judge(against_zero, result_of(None)).kind is OutcomeKind.NULL
    assert judge(against_zero, result_of(None, is_numeric=False)).kind is OutcomeKind.NULL
    assert judge(against_zero, result_of("0")).kind is OutcomeKind.VALUE


def test_first_is_the_first_row_even_when_it_is_null():
    assert judge(threshold("first"), result_of(None, "1")).kind is OutcomeKind.NULL
    assert judge(threshold("max"), result_of(None, "1")).kind is OutcomeKind.VALUE


@pytest.mark.parametrize("select", ["first", "min", "max", "sum", "avg", "any", "all"])
@pytest.mark.parametrize(
    ("text", "is_numeric"), [("12", False), ("abc", False), ("NaN", True), ("12abc", True)]
)
def test_what_is_no_number_is_a_wrong_type(select, text, is_numeric):
    outcome = judge(threshold(select), result_of(text, is_numeric=is_numeric))
    assert outcome.kind is OutcomeKind.WRONG_TYPE
    assert outcome.is_firing is False


def test_a_missing_column_is_a_wrong_type_with_a_suggestion():
    for rows in ([("1",)], []):
        outcome = judge(
            rule("threshold", column="revnue", op="<", value="1"),
            QueryResult(["Revenue"], [True], rows, len(rows)),
        )
        assert outcome.kind is OutcomeKind.WRONG_TYPE
        assert "Did you mean Revenue?" in outcome.reason


def test_a_column_that_comes_twice_is_never_guessed():
    outcome = judge(threshold(), QueryResult(["v", "v"], [True, True], [("1", "2")], 1))
    assert outcome.kind is OutcomeKind.WRONG_TYPE
    assert "2 columns named v" in outcome.reason


def test_infinity_compares():
    assert judge(threshold("max", ">", "1e300"), result_of("1", "Infinity")).is_firing is True
    assert judge(threshold("sum", "<", "0"), result_of("1", "-Infinity")).is_firing is True
    both = judge(threshold("sum", "<", "0"), result_of("Infinity", "-Infinity"))
    assert both.kind is OutcomeKind.WRONG_TYPE


def test_any_and_all_skip_nulls():
    cells = ("5", None, "15")
    assert judge(threshold("any", ">", "10"), result_of(*cells)).is_firing is True
    assert judge(threshold("all", ">", "10"), result_of(*cells)).is_firing is False
    assert judge(threshold("all", ">", "1"), result_of(*cells)).is_firing is True
    assert judge(threshold("any", ">", "20"), result_of(*cells)).is_firing is False


def test_any_and_all_name_the_value_that_decided_and_the_rows_that_match():
    found = judge(threshold("any", ">", "10"), result_of("5", None, "15", "25"))
    assert (found.value, tuple(found.row_indexes)) == (Decimal(15), (2, 3))
    broken = judge(threshold("all", ">", "10"), result_of("15", "5"))
    assert broken.value == 5


@pytest.mark.parametrize(
    ("select", "op", "kind", "fires"),
    [
        ("first", "<", OutcomeKind.VALUE, True),
        ("any", "<", OutcomeKind.VALUE, True),
        ("any", ">", OutcomeKind.QUERY_ERROR, False),
        ("all", ">", OutcomeKind.VALUE, False),
        ("all", "<", OutcomeKind.QUERY_ERROR, False),
        ("min", "<", OutcomeKind.QUERY_ERROR, False),
        ("max", "<", OutcomeKind.QUERY_ERROR, False),
        ("sum", "<", OutcomeKind.QUERY_ERROR, False),
        ("avg", "<", OutcomeKind.QUERY_ERROR, False),
    ],
)
def test_threshold_over_a_cut_result_has_a_verdict_only_when_it_is_certain(select, op, kind, fires):
    outcome = judge(threshold(select, op, "10"), result_of("1", "2", is_cut=True))
    assert (outcome.kind, bool(outcome.is_firing)) == (kind, fires)
    assert ("cut" in outcome.reason) is (kind is OutcomeKind.QUERY_ERROR)
    if select != "first":
        null = judge(threshold(select, op, "10"), result_of(None, is_cut=True))
        assert null.kind is OutcomeKind.QUERY_ERROR


LARGE = 10**30
NUMBERS = st.decimals(-LARGE, LARGE, allow_nan=False, allow_infinity=False, places=4)


@given(st.lists(NUMBERS, min_size=1, max_size=8), st.sampled_from(OPERATORS), NUMBERS)
def test_sum_and_avg_are_exact(cells, op, limit):
    result = result_of(*[str(cell) for cell in cells])
    total = sum(Fraction(cell) for cell in cells)
    for select, exact in (("sum", total), ("avg", total / len(cells))):
        outcome = judge(threshold(select, op, str(limit)), result)
        expected = {
            ">": exact > limit, ">=": exact >= limit, "<": exact < limit,
            "<=": exact <= limit, "==": exact == limit, "!=": exact != limit,
        }[op]  # fmt: skip
        assert outcome.is_firing is expected
        assert abs(Fraction(outcome.value) - exact) <= abs(exact) / 10**33
        assert judge(threshold(select, op, str(limit)), result) == outcome


def test_an_average_that_does_not_end_is_compared_exactly_and_shown_as_rounded():
    rounded = "0." + "3" * 34
    third = judge(threshold("avg", "==", rounded), result_of("0", "0", "1"))
    assert third.is_firing is False
    assert f"about {rounded}" in third.reason


def test_sums_hold_more_digits_than_a_default_decimal():
    tiny, huge = "0." + "0" * 300 + "1", "1" + "0" * 300
    outcome = judge(threshold("sum", ">", huge), result_of(huge, tiny))
    assert outcome.is_firing is True
    assert judge(threshold("sum", ">", huge), result_of(huge, "0")).is_firing is False


@given(st.lists(st.text(max_size=5) | st.none(), max_size=4), st.booleans(), st.booleans())
def test_no_text_crashes_a_rule(cells, is_numeric, is_cut):
    result = result_of(*cells, is_numeric=is_numeric, is_cut=is_cut)
    for a_rule in (threshold("avg"), threshold("any"), change(), change(by="percent")):
        assert judge(a_rule, result, {"": AlertState(measured=Decimal(0))}).reason


# change


def previous(measured, key=""):
    return {key: AlertState(measured=None if measured is None else Decimal(measured))}


def test_the_first_evaluation_only_remembers():
    for before in ({}, previous(None)):
        outcome = judge(change("!=", "0"), result_of("7.50"), before)
        assert outcome.kind is OutcomeKind.VALUE
        assert outcome.is_firing is None
        assert (outcome.value, outcome.measured) == (None, Decimal("7.50"))


@pytest.mark.parametrize(
    ("old", "new", "by", "op", "value", "expected", "fires"),
    [
        ("10", "12.5", "absolute", ">=", "2.5", "2.5", True),
        ("12.5", "10", "absolute", "<=", "-2.5", "-2.5", True),
        ("12.5", "10", "absolute", ">", "0", "-2.5", False),
        ("200", "150", "percent", "<=", "-25", "-25", True),
        ("-200", "-150", "percent", ">", "0", "25", True),
        ("0", "0", "percent", "==", "0", "0", True),
        ("5", "Infinity", "absolute", ">", "1e9", "Infinity", True),
        ("5", "Infinity", "percent", ">", "1e9", "Infinity", True),
    ],
)
def test_change_is_signed_and_relative_to_the_size_of_the_old(
    old, new, by, op, value, expected, fires
):
    outcome = judge(change(op, value, by=by), result_of(new), previous(old))
    assert (outcome.kind, outcome.is_firing) == (OutcomeKind.VALUE, fires)
    assert outcome.value == Decimal(expected)
    assert outcome.measured == Decimal(new)


@pytest.mark.parametrize(
    ("old", "new", "by"),
    [("0", "5", "percent"), ("Infinity", "Infinity", "absolute"), ("-Infinity", "1", "percent")],
)
def test_a_change_without_meaning_has_no_verdict_but_is_remembered(old, new, by):
    outcome = judge(change("!=", "0", by=by), result_of(new), previous(old))
    assert (outcome.kind, outcome.is_firing, outcome.value) == (OutcomeKind.VALUE, None, None)
    assert outcome.measured == Decimal(new)


def test_change_forgets_nothing_over_an_empty_result():
    for result, kind in ((result_of(), OutcomeKind.NO_ROWS), (result_of(None), OutcomeKind.NULL)):
        outcome = judge(change(), result, previous("5"))
        assert (outcome.kind, outcome.measured) == (kind, None)


@given(NUMBERS, NUMBERS.filter(bool), NUMBERS, st.sampled_from(OPERATORS))
def test_percent_is_compared_without_being_rounded(new, old, limit, op):
    outcome = judge(change(op, str(limit), by="percent"), result_of(str(new)), previous(old))
    exact = (Fraction(new) - Fraction(old)) * 100 / abs(Fraction(old))
    assert outcome.is_firing is {
        ">": exact > limit, ">=": exact >= limit, "<": exact < limit,
        "<=": exact <= limit, "==": exact == limit, "!=": exact != limit,
    }[op]  # fmt: skip


# Keys


def test_each_key_has_its_own_verdict():
    outcomes = by_key(
        threshold("sum", ">", "10", key=["region"]),
        keyed(("EU", "6"), ("US", "6"), ("EU", "5"), (None, None)),
    )
    assert {key: outcome.is_firing for key, outcome in outcomes.items()} == {
        "region=EU": True, "region=US": False, "region=NULL": False,
    }  # fmt: skip
    assert tuple(outcomes["region=EU"].row_indexes) == (0, 2)
    assert outcomes["region=NULL"].kind is OutcomeKind.NULL


def test_null_and_empty_and_the_word_null_are_three_keys():
    outcomes = by_key(
        rule("any_rows", key=["region"]), keyed((None, "1"), ("", "1"), ("NULL", "1"))
    )
    assert list(outcomes) == ["region=NULL", 'region=""', 'region="NULL"']


def test_a_key_reads_as_columns_and_values():
    assert key_text(["region", "day"], ["EU", "2026-01-01"]) == "region=EU, day=2026-01-01"
    assert key_text(["a b"], ["x, y=1"]) == 'a b="x, y=1"'
    assert key_text(["who"], [" x"]) == 'who=" x"'
    assert key_text(["who"], ["Ødegård Ltd."]) == "who=Ødegård Ltd."


CELLS = st.none() | st.text(alphabet='ab,="\\ NULnul\n', max_size=6)


@given(st.tuples(CELLS, CELLS), st.tuples(CELLS, CELLS))
def test_two_keys_never_share_a_text(left, right):
    columns = ["a", "b"]
    assert (key_text(columns, left) == key_text(columns, right)) == (left == right)


def test_a_key_that_is_gone_is_judged_by_its_kind():
    before = {"region=US": AlertState(kind=StateKind.ALERTING, measured=Decimal(3))}
    rows = keyed(("EU", "6"))
    for a_rule, kind, fires in [
        (rule("any_rows", key=["region"]), OutcomeKind.VALUE, False),
        (rule("no_rows", key=["region"]), OutcomeKind.VALUE, True),
        (rule("row_count", op="<", value=1, key=["region"]), OutcomeKind.VALUE, True),
        (rule("row_count", op=">", value=0, key=["region"]), OutcomeKind.VALUE, False),
        (threshold(key=["region"]), OutcomeKind.NO_ROWS, False),
        (change(key=["region"]), OutcomeKind.NO_ROWS, False),
        (rule("always", key=["region"]), OutcomeKind.VALUE, False),
    ]:
        gone = by_key(a_rule, rows, before)["region=US"]
        assert (gone.kind, gone.is_firing, gone.is_absent) == (kind, fires, True)
        assert by_key(a_rule, rows, before)["region=EU"].is_absent is False


def test_change_compares_each_key_with_its_own_past():
    before = {**previous("5", "region=EU"), **previous("9", "region=US")}
    outcomes = by_key(change(key=["region"]), keyed(("EU", "6"), ("US", "6")), before)
    assert outcomes["region=EU"].value == 1
    assert outcomes["region=US"].value == -3


def test_an_empty_result_of_a_rule_with_keys_is_never_silent():
    assert judge(threshold(key=["region"]), keyed()).kind is OutcomeKind.NO_ROWS
    assert judge(rule("no_rows", key=["region"]), keyed()).is_firing is True
    assert judge(rule("any_rows", key=["region"]), keyed()).is_firing is False
    again = by_key(rule("no_rows", key=["region"]), keyed(("EU", "1")), {"": AlertState()})
    assert again[""].is_firing is False


def test_the_alert_as_a_whole_recovers_when_its_keys_can_be_judged_again():
    broken = {"": AlertState(kind=StateKind.ERROR, notified_kind=StateKind.ERROR)}
    outcomes = by_key(rule("any_rows", key=["region"]), keyed(("EU", "1")), broken)
    assert (outcomes[""].kind, outcomes[""].is_firing) == (OutcomeKind.VALUE, False)
    assert "" not in by_key(rule("any_rows", key=["region"]), keyed(("EU", "1")))


def test_keys_beyond_a_cut_are_unknown_and_not_gone():
    before = {"region=US": AlertState(kind=StateKind.ALERTING)}
    outcomes = by_key(rule("any_rows", key=["region"]), keyed(("EU", "1"), is_cut=True), before)
    assert set(outcomes) == {"region=EU", ""}
    assert outcomes["region=EU"].is_firing is True
    assert outcomes[""].kind is OutcomeKind.QUERY_ERROR


def test_a_missing_key_column_is_one_wrong_type_for_the_alert():
    outcome = judge(
        rule("any_rows", key=["regoin"]), keyed(("EU", "1")), {"region=EU": AlertState()}
    )
    assert (outcome.kind, outcome.key) == (OutcomeKind.WRONG_TYPE, "")
    assert "Did you mean region?" in outcome.reason


def test_keys_of_a_rule_that_lost_its_key_columns_stop_firing():
    before = {"region=EU": AlertState(kind=StateKind.ALERTING)}
    outcomes = by_key(rule("any_rows"), keyed(("EU", "1")), before)
    assert outcomes[""].is_firing is True
    assert (outcomes["region=EU"].kind, outcomes["region=EU"].is_firing) == (
        OutcomeKind.VALUE,
        False,
    )


# Settings


@pytest.mark.parametrize(
    ("written", "exact"),
    [("1.10", "1.10"), ("-0.5", "-0.5"), ("1e3", "1E+3"), (1000, "1000"), (1.1, "1.1"),
     ("9007199254740993", "9007199254740993"), (".5", "0.5"), (Decimal("2.50"), "2.50")],
)  # fmt: skip
def test_a_threshold_is_the_decimal_that_was_written(written, exact):
    assert str(threshold(value=written).value) == exact


@pytest.mark.parametrize(
    "written",
    ["NaN", "Infinity", "-inf", float("nan"), float("inf"), "1,000", "1_000", "", "ten", True, None,
     [1], "1e9999999", "١", "9" * 2000],
)  # fmt: skip
def test_what_is_no_finite_number_is_refused_as_a_threshold(written):
    with pytest.raises(ValidationError, match="number"):
        threshold(value=written)


@pytest.mark.parametrize(
    ("given_settings", "complaint"),
    [
        ({"kind": "treshold"}, "Did you mean threshold?"),
        ({}, "A rule needs a kind"),
        ("any_rows", "A rule is a mapping with a kind, such as {kind: any_rows}."),
        ({"kind": ["any_rows"]}, "no rule of the kind"),
        ({"kind": "any_rows", "keys": ["a"]}, "Did you mean key?"),
        ({"kind": "any_rows", "key": ["a", "a"]}, "named twice"),
        ({"kind": "any_rows", "key": [""]}, "no name"),
        ({"kind": "row_count", "op": ">", "value": "0.5"}, "whole number"),
        ({"kind": "row_count", "op": ">", "value": "-1"}, "whole number"),
        ({"kind": "row_count", "op": "=", "value": "1"}, "Write one of > >= < <= == !="),
        ({"kind": "row_count", "op": "", "value": "1"}, "in quotes"),
        ({"kind": "row_count", "op": ["<"], "value": "1"}, "is not an operator"),
        ({"kind": "threshold", "op": ">", "value": "1"}, "Field required"),
        (
            {"kind": "change", "column": "v", "select": "any", "op": ">", "value": "1"},
            "'first', 'min', 'max', 'sum' or 'avg'",
        ),
    ],
)
def test_settings_that_are_refused_say_what_is_wrong(given_settings, complaint):
    with pytest.raises(ValidationError) as invalid:
        RULE_ADAPTER.validate_python(given_settings)
    assert complaint in " ".join(error["msg"] for error in invalid.value.errors())


def test_one_key_column_may_be_written_without_a_list():
    assert rule("any_rows", key="region").key == ("region",)
    assert rule("any_rows").key == ()


# Errors become outcomes


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (errors.QueryTimedOut("slow"), OutcomeKind.TIMEOUT),
        (errors.ConnectTimedOut("no answer"), OutcomeKind.UNREACHABLE),
        (errors.LoginFailed("refused"), OutcomeKind.UNREACHABLE),
        (errors.ConnectionLost("gone"), OutcomeKind.UNREACHABLE),
        (errors.SqlInvalid("syntax"), OutcomeKind.QUERY_ERROR),
        (errors.HeliographError("odd"), OutcomeKind.QUERY_ERROR),
    ],
)
def test_errors_become_outcomes_and_never_values(error, kind):
    assert outcome_of_error(error) is kind
    outcome = failed_outcome(error)
    assert (outcome.kind, outcome.key, outcome.reason) == (kind, "", error.message)
