"""The rule of a claim's name is one rule, for those who set claims and for those who tell them."""

from __future__ import annotations

import pytest

from heliograph.accounts.claims import MOST_CLAIMS, clean_claims, is_claim_name, is_setting_value
from heliograph.audit.changes import hide_secrets
from heliograph.kernel.errors import RequestInvalid
from heliograph.queries.identity import Identity, identity_settings


@pytest.mark.parametrize(
    ("name", "is_name"),
    [("a", True), ("a1_b", True), ("a" * 40, True), ("a" * 41, False), ("", False), ("A", False)]
    + [(name, False) for name in ("1a", "_a", "a-b", "a.b", "a b", "ä", "a\n", "a\0")],
)
def test_what_can_be_kept_can_be_told_and_nothing_else(name: str, is_name: bool) -> None:
    assert is_claim_name(name) is is_name
    identity = Identity("", "", "", claims={name: "x"})
    if is_name:
        assert clean_claims({name: "x"}) == {name: "x"}
        assert identity_settings(identity)[f"heliograph.claim_{name}"] == "x"
    else:
        for work in (lambda: clean_claims({name: "x"}), lambda: identity_settings(identity)):
            with pytest.raises(RequestInvalid):
                work()


@pytest.mark.parametrize("value", ["a\0b", "\ud800"])
def test_a_value_that_no_setting_can_hold_is_refused(value: str) -> None:
    assert is_setting_value("a\x01b \U0001f426")
    assert not is_setting_value(value)
    with pytest.raises(RequestInvalid):
        clean_claims({"a": value})


def test_every_place_is_named_but_not_without_end() -> None:
    with pytest.raises(RequestInvalid) as caught:
        clean_claims({"A": "x", "b": "x", "c": "y" * 1001}, "/person/claims")
    assert [path for path, _ in caught.value.problems] == ["/person/claims/A", "/person/claims/c"]
    with pytest.raises(RequestInvalid) as caught:
        clean_claims({f"A{n}": "x" for n in range(1000)})
    assert len(caught.value.problems) == MOST_CLAIMS


def test_members_that_people_name_like_secrets_are_hidden_without_a_warning() -> None:
    members = {"region": "west", "api_key": "k", "token_id": "t", "password": None}
    assert hide_secrets(members) == {**members, "api_key": "***"}
