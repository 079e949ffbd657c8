"""What a file declares of its parameters."""

from __future__ import annotations

from typing import Any

import pytest

from heliograph.connections.engines.contract import Value
from heliograph.kernel.errors import (
    FileInvalid,
    ParameterInvalid,
    ParameterMissing,
    ParameterSurplus,
)
from heliograph.queries.declarations import TYPES, fits
from heliograph.queries.parameters import from_arguments
from heliograph.queries.placeholders import parse_template, render


def values(sql: str, document: dict[str, Any], *arguments: str) -> dict[str, Value]:
    template = parse_template(sql)
    parameters = from_arguments(template, arguments, [], document)
    render(template, parameters.named.keys())
    return dict(parameters.named)


def test_the_command_line_wins_over_the_file_and_the_file_over_the_default() -> None:
    document = {"day": {"type": "date", "default": "today"}}
    assert values("{{day}}", document) == {"day": "today"}
    assert values("{{day}}", {"day": {**document["day"], "value": "yesterday"}}) == {
        "day": "yesterday"
    }
    assert values("{{day}}", document, "day=2026-01-31") == {"day": "2026-01-31"}


@pytest.mark.parametrize(
    ("type_name", "good", "bad"),
    [
        ("text", "anything", None),
        ("number", "-1.5e3", "1,5"),
        ("integer", "-42", "4.2"),
        ("boolean", "True", "maybe"),
        ("date", "2026-01-31", "31.01.2026"),
        ("date", "today", "someday"),
        ("timestamp", "2026-01-31 09:30+01:00", "half past nine"),
    ],
)
def test_a_value_must_fit_its_type(type_name: str, good: str, bad: str | None) -> None:
    document = {"x": {"type": type_name}}
    assert values("{{x}}", document, f"x={good}") == {"x": good}
    if bad is not None:
        with pytest.raises(ParameterInvalid, match=f"x is not a valid {type_name}") as caught:
            values("{{x}}", document, f"x={bad}")
        assert bad not in f"{caught.value.to_dict()}"


def test_only_allowed_values_are_taken() -> None:
    document = {"region": {"type": "text", "list": "true", "allowed": ["EU", "US"]}}
    assert values("{{region}}", document, "region=EU") == {"region": ["EU"]}
    assert values("{{region}}", document, "region=EU", "region=US") == {"region": ["EU", "US"]}
    with pytest.raises(ParameterInvalid, match="allowed") as caught:
        values("{{region}}", document, "region=EU", "region=MARS")
    assert caught.value.hint == "They are: EU, US."


def test_a_list_is_taken_only_where_one_is_declared() -> None:
    with pytest.raises(ParameterInvalid, match="one value"):
        values("{{x}}", {"x": {"type": "integer"}}, "x=1", "x=2")
    assert values("{{x}}", {"x": {"type": "integer", "list": "true"}}, "x=1", "x=2") == {
        "x": ["1", "2"]
    }


def test_an_optional_parameter_takes_its_clause_along_or_is_null() -> None:
    document = {"most": {"type": "integer", "optional": "true"}}
    assert values("select 1 [[ limit {{most}} ]]", document) == {}
    assert values("select {{most}}", document) == {"most": None}
    with pytest.raises(ParameterMissing):
        values("select {{most}}", {"most": {"type": "integer"}})


def test_a_declared_value_without_a_place_is_surplus() -> None:
    with pytest.raises(ParameterSurplus, match="day"):
        values("select {{x}}", {"x": "1", "day": {"default": "today"}})


@pytest.mark.parametrize(
    ("declaration", "words"),
    [
        ({"tpye": "date"}, "unknown key"),
        ({"type": "money"}, "unknown type"),
        ({"allowed": "EU"}, "list of values"),
        ({"list": "perhaps"}, "true or false"),
        ({"default": {"a": "b"}}, "a value or a list"),
    ],
)
def test_a_malformed_declaration_is_refused(declaration: dict[str, Any], words: str) -> None:
    with pytest.raises(FileInvalid, match=words):
        values("{{x}}", {"x": declaration}, "x=1")


def test_every_declared_type_has_a_rule() -> None:
    assert [name for name in TYPES if fits(name, "@@")] == ["text"]
