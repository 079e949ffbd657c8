"""Values as a request gives them: texts verbatim, numbers exact, nothing guessed."""

from __future__ import annotations

from typing import Any

import pytest

from heliograph.kernel.errors import HeliographError, ParametersMixed, RequestInvalid
from heliograph.queries.json_values import read_parameters
from heliograph.queries.placeholders import parse_template

POSITIONAL = parse_template("select $1, $2")
NAMED = parse_template("select {{a}}, {{b}}")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0.10", "0.10"),
        ("", ""),
        (None, None),
        (True, "true"),
        (False, "false"),
        (12345678901234567890123, "12345678901234567890123"),
        (0.1, "0.1"),
        (1e100, "1e+100"),
        ([1, "x", None, [True]], ["1", "x", None, ["true"]]),
        ([], []),
    ],
)
def test_a_value_becomes_the_text_that_is_bound(value: Any, text: Any) -> None:
    assert read_parameters(POSITIONAL, [value, "b"]).positional == [text, "b"]
    assert read_parameters(NAMED, {"a": value, "b": "b"}).named == {"a": text, "b": "b"}


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ([{"a": 1}, 1], "/params/0"),
        ([1, [2, {"x": 1}]], "/params/1/1"),
        ({"a": 1, "b/~c": {}}, "/params/b~1~0c"),
        ([[[[[[[[1]]]]]]], 1], "/params/0/0/0/0/0/0/0"),
        ([["x"] * 100_000, 1], "/params"),
    ],
)
def test_what_is_no_value_is_named_by_its_place(given: Any, path: str) -> None:
    with pytest.raises(RequestInvalid) as caught:
        read_parameters(POSITIONAL, given)
    assert [where for where, _ in caught.value.problems] == [path]


@pytest.mark.parametrize(("template", "given"), [(POSITIONAL, {"a": 1}), (NAMED, [1, 2])])
def test_values_by_name_and_by_place_are_not_mixed(template: Any, given: Any) -> None:
    with pytest.raises(ParametersMixed):
        read_parameters(template, given)


def test_sql_without_placeholders_takes_no_values() -> None:
    plain = parse_template("select 1")
    assert read_parameters(plain, []).positional == ()
    assert read_parameters(plain, {}).positional == ()
    with pytest.raises(HeliographError):
        read_parameters(plain, {"a": 1})
