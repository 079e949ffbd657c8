"""What the history keeps of values: all, hashes that nobody can try out, or nothing."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.connections.history_policy import recorded_values

SALT, OTHER = b"0123456789abcdef", b"fedcba9876543210"
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def shape(value: Any) -> Any:
    """Return a value with a mark in the place of each scalar but None."""
    if isinstance(value, dict):
        return {name: shape(item) for name, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value]
    return None if value is None else "scalar"


def scalars(value: Any) -> list[Any]:
    if isinstance(value, dict | list):
        items = value.values() if isinstance(value, dict) else value
        return [scalar for item in items for scalar in scalars(item)]
    return [] if value is None else [value]


@given(VALUES)
def test_values_are_kept_as_they_are_or_not_at_all(values: Any) -> None:
    assert recorded_values("kept", SALT, values) == values
    assert recorded_values("dropped", SALT, values) is None


@given(VALUES)
def test_a_hash_takes_the_place_of_each_scalar_and_nothing_else_changes(values: Any) -> None:
    hashed = recorded_values("hashed", SALT, values)
    assert shape(hashed) == shape(values)
    assert all(re.fullmatch(r"sha256:[0-9a-f]{32}", one) for one in scalars(hashed))
    assert hashed == recorded_values("hashed", SALT, values)


def test_the_hash_is_that_of_the_json_of_a_value_under_the_salt() -> None:
    def expected(text: str) -> str:
        return f"sha256:{hmac.new(SALT, text.encode(), hashlib.sha256).hexdigest()[:32]}"

    given_ = {"name": "Büro", "when": ["2026-01-01", 7, 1.5, True, None]}
    assert recorded_values("hashed", SALT, given_) == {
        "name": expected('"Büro"'),
        "when": [expected('"2026-01-01"'), expected("7"), expected("1.5"), expected("true"), None],
    }
    assert recorded_values("hashed", SALT, None) is None
    assert recorded_values("hashed", SALT, ("a",)) == [expected('"a"')]


def test_values_that_differ_and_salts_that_differ_make_other_hashes() -> None:
    values = ["1", 1, 1.5, True, "true", "", " ", "a", "A", "\ud800", "é", "e\u0301"]
    hashes = {recorded_values("hashed", salt, value) for salt in (SALT, OTHER) for value in values}
    assert len(hashes) == 2 * len(values)


@pytest.mark.parametrize("value", ["Ada", 4711])
def test_nothing_of_a_value_is_in_its_hash(value: Any) -> None:
    assert str(value) in str(recorded_values("kept", SALT, [value]))
    plain = hashlib.sha256(str(value).encode()).hexdigest()[:32]
    assert plain not in str(recorded_values("hashed", SALT, [value]))
