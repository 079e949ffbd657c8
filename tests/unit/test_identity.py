"""Who asks, as settings and as part of a cache key."""

from __future__ import annotations

import dataclasses
from uuid import UUID

import pytest

from heliograph.kernel.actors import SYSTEM, Actor, ActorKind, Role
from heliograph.kernel.errors import RequestInvalid
from heliograph.kernel.ids import UserId
from heliograph.queries.identity import Identity, identity_key, identity_of, identity_settings

ADA_ID = UserId(UUID("0190c0de-0000-7000-8000-00000000000a"))
ADA = Identity(str(ADA_ID), "ada@example.com", "editor", ("Sales", "Büro"), {"region": "west"})


def test_the_claims_of_a_person_are_settings() -> None:
    assert identity_settings(ADA) == {
        "heliograph.user_id": str(ADA_ID),
        "heliograph.user_email": "ada@example.com",
        "heliograph.user_role": "editor",
        "heliograph.user_groups": '["Büro", "Sales"]',
        "heliograph.claim_region": "west",
    }


def test_an_identity_is_that_of_the_actor() -> None:
    actor = Actor(ActorKind.TOKEN, user_id=ADA_ID, email="ada@example.com", role=Role.EDITOR)
    found = identity_of(actor, ["Sales", "Büro", "Sales"], {"region": "west"})
    assert identity_settings(found) == identity_settings(ADA)
    nobody = identity_settings(identity_of(SYSTEM, ()))
    assert nobody == identity_settings(Identity("", "", ""))


def test_nobody_is_told_by_empty_claims_and_not_by_their_absence() -> None:
    assert identity_settings(None, known_claims=["region"]) == dict.fromkeys(
        identity_settings(ADA), ""
    )
    lacking = dataclasses.replace(ADA, claims={})
    assert identity_settings(lacking, known_claims=["region"])["heliograph.claim_region"] == ""


def test_keys_are_equal_where_policies_see_the_same() -> None:
    key = identity_key(identity_settings(ADA))
    assert len(key) == 64
    again = dataclasses.replace(ADA, groups=("Büro", "Sales"))
    assert identity_key(identity_settings(again)) == key
    others = [
        None,
        *(dataclasses.replace(ADA, **{name: "x"}) for name in ("user_id", "email", "role")),
        dataclasses.replace(ADA, groups=("Sales",)),
        dataclasses.replace(ADA, groups=('Büro", "Sales',)),
        dataclasses.replace(ADA, claims={}),
        dataclasses.replace(ADA, claims={"region": "east"}),
        dataclasses.replace(ADA, claims={"site": "west"}),
    ]
    keys = {identity_key(identity_settings(other)) for other in others}
    assert len(keys) == len(others)
    assert key not in keys


@pytest.mark.parametrize("name", ["", "A", "1a", "a-b", "a.b", "a b", "a'", "ä", "a" * 41, "a\n"])
def test_the_name_of_a_claim_cannot_be_anything_but_a_name(name: str) -> None:
    with pytest.raises(RequestInvalid):
        identity_settings(dataclasses.replace(ADA, claims={name: "x"}))
    with pytest.raises(RequestInvalid):
        identity_settings(None, known_claims=[name])
    assert identity_settings(None, known_claims=["a1_b"])["heliograph.claim_a1_b"] == ""


@pytest.mark.parametrize("value", ["a\0b", "\ud800"])
def test_a_value_that_postgresql_cannot_hold_is_refused_and_not_repeated(value: str) -> None:
    with pytest.raises(RequestInvalid) as caught:
        identity_settings(dataclasses.replace(ADA, email=value))
    assert value not in str(caught.value)
    assert "heliograph.user_email" in caught.value.message
