"""One place decides who may do what to an object, and says why."""

from __future__ import annotations

from itertools import product

import pytest

from heliograph.accounts.permissions import (
    Grant,
    Grantee,
    GranteeType,
    Level,
    ObjectRef,
    ReasonKind,
    decide,
    refuse_token,
)
from heliograph.kernel.actors import SYSTEM, Actor, ActorKind, Role
from heliograph.kernel.errors import Forbidden
from heliograph.kernel.ids import GroupId, UserId, new_id

OBJECT = ObjectRef("connection", new_id())
FOLDER = ObjectRef("folder", new_id())
EVA = UserId(new_id())
SALES = GroupId(new_id())

ROLES = list(Role)
SCOPES = [None, frozenset({"read"}), frozenset({"write"}), frozenset({"read", "write"})]
TO_EVA = Grantee(GranteeType.USER, EVA, "Eva")
TO_SALES = Grantee(GranteeType.GROUP, SALES, "Sales")
TO_EVERYONE = Grantee(GranteeType.EVERYONE)
TO_OTHERS = (
    Grantee(GranteeType.USER, new_id()),
    Grantee(GranteeType.GROUP, new_id()),
    Grantee(GranteeType.USER, SALES),  # an id says nothing without its type
    Grantee(GranteeType.GROUP, EVA),
)


def eva(role: Role = Role.EDITOR, scopes: frozenset[str] | None = None) -> Actor:
    kind = ActorKind.USER if scopes is None else ActorKind.TOKEN
    return Actor(kind, EVA, "eva@example.com", role, frozenset({SALES}), scopes)


def grant(grantee: Grantee, level: Level, on: ObjectRef = OBJECT) -> Grant:
    return Grant(new_id(), on, grantee, level, object_name="Reports")


@pytest.mark.parametrize(
    ("role", "scopes", "granted", "needed"),
    list(product(ROLES, SCOPES, [None, *Level], Level)),
)
def test_every_combination_of_role_scopes_and_grant(
    role: Role, scopes: frozenset[str] | None, granted: Level | None, needed: Level
) -> None:
    grants = [] if granted is None else [grant(TO_EVA, granted)]
    has_scope = scopes is None or {Level.VIEW: "read", Level.EDIT: "write"}[needed] in scopes
    may_edit = needed is Level.VIEW or role is not Role.VIEWER
    is_granted = granted is Level.EDIT or granted is needed
    expected = has_scope and may_edit and (role is Role.ADMIN or is_granted)
    decision = decide(eva(role, scopes), needed, OBJECT, grants)
    assert decision.is_allowed is expected
    assert decision.reasons


@pytest.mark.parametrize("grantee", [TO_EVA, TO_SALES, TO_EVERYONE])
@pytest.mark.parametrize("place", [OBJECT, FOLDER])
def test_a_grant_to_the_person_a_group_or_everyone_counts_wherever_it_stands(
    grantee: Grantee, place: ObjectRef
) -> None:
    held = grant(grantee, Level.EDIT, place)
    decision = decide(eva(), Level.EDIT, OBJECT, [held])
    assert decision.is_allowed
    assert [(reason.kind, reason.grant) for reason in decision.reasons] == [
        (ReasonKind.GRANT, held)
    ]
    assert ("on the folder Reports" in decision.reasons[0].message) is (place == FOLDER)


@pytest.mark.parametrize("grantee", TO_OTHERS)
def test_grants_to_others_count_for_nothing(grantee: Grantee) -> None:
    decision = decide(eva(), Level.VIEW, OBJECT, [grant(grantee, Level.EDIT)])
    assert not decision.is_allowed
    assert [reason.kind for reason in decision.reasons] == [ReasonKind.NO_GRANT]


def test_every_grant_that_is_enough_is_a_reason() -> None:
    grants = [
        grant(TO_EVA, Level.VIEW),
        grant(TO_SALES, Level.EDIT),
        grant(TO_OTHERS[0], Level.EDIT),
    ]
    view = decide(eva(), Level.VIEW, OBJECT, grants)
    assert [reason.grant for reason in view.reasons] == grants[:2]
    edit = decide(eva(), Level.EDIT, OBJECT, grants)
    assert [reason.grant for reason in edit.reasons] == [grants[1]]


def test_a_refusal_says_which_limit_it_is() -> None:
    held = [grant(TO_EVA, Level.EDIT)]
    cases = (
        (eva(Role.VIEWER), Level.EDIT, held, ReasonKind.VIEWER_ROLE),
        (eva(scopes=frozenset({"read"})), Level.EDIT, held, ReasonKind.TOKEN_SCOPE),
        (eva(Role.ADMIN, frozenset({"read"})), Level.EDIT, held, ReasonKind.TOKEN_SCOPE),
        (eva(), Level.EDIT, [grant(TO_EVA, Level.VIEW)], ReasonKind.VIEW_ONLY),
        (eva(), Level.VIEW, [], ReasonKind.NO_GRANT),
    )
    for actor, needed, grants, kind in cases:
        decision = decide(actor, needed, OBJECT, grants)
        assert (decision.is_allowed, decision.reasons[0].kind) == (False, kind)


@pytest.mark.parametrize("kind", [ActorKind.CLI, ActorKind.SYSTEM])
def test_who_holds_the_database_needs_no_grant(kind: ActorKind) -> None:
    for level in Level:
        assert decide(Actor(kind), level, OBJECT, []).is_allowed


def test_who_was_not_asked_is_no_admin() -> None:
    for level in Level:
        assert not decide(Actor(ActorKind.ANONYMOUS), level, OBJECT, []).is_allowed


def test_a_person_without_a_group_is_in_none() -> None:
    nobody = Actor(ActorKind.USER, None, None, Role.EDITOR)
    unspecific = [Grantee(GranteeType.USER), Grantee(GranteeType.GROUP)]
    for grantee in unspecific:
        assert not decide(nobody, Level.VIEW, OBJECT, [grant(grantee, Level.EDIT)]).is_allowed


def test_only_a_personal_token_is_refused_what_would_get_it_more() -> None:
    refuse_token(eva())
    refuse_token(SYSTEM)
    with pytest.raises(Forbidden):
        refuse_token(eva(Role.ADMIN, frozenset({"read", "write"})))
