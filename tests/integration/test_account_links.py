"""Set-up, invitations and password resets: each link works once, for whom it was made."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from tests.support.accounts import GOOD_PASSWORD, VISITOR, actions_of, make_user, token_in
from tests.support.api import Api
from tests.support.hand_clock import HandClock

from heliograph.accounts.models import LinkKind
from heliograph.kernel.actors import SYSTEM, Role
from heliograph.kernel.errors import (
    Conflict,
    HeliographError,
    LinkInvalid,
    NameTaken,
    NotFound,
    PasswordWeak,
    RequestInvalid,
    SessionRevoked,
    SetupDone,
    SignInFailed,
)
from heliograph.kernel.ids import new_id
from heliograph.kernel.pagination import PageRequest
from heliograph.web.services import Services


def both(work: Callable[[int], Any]) -> list[Any]:
    """Return what two threads got that did the same at the same moment: a value or an error."""
    barrier = Barrier(2, timeout=10)

    def run(number: int) -> Any:
        barrier.wait()
        try:
            return work(number)
        except HeliographError as error:
            return error

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(run, range(2)))


def set_up(services: Services, token: str, email: str = "first@example.com") -> Any:
    return services.links.use_setup(
        token, VISITOR, email=email, name="First", password=GOOD_PASSWORD
    )


# Set-up


def test_the_setup_link_makes_one_admin_and_keeps_its_token_out_of_what_is_sent(
    services: Services,
) -> None:
    assert services.links.is_setup_needed()
    url = services.links.create_setup_link(SYSTEM)
    assert url.startswith("https://heliograph.example/setup#token=")
    user = set_up(services, token_in(url))
    assert (user.role, user.email) == (Role.ADMIN, "first@example.com")
    assert not services.links.is_setup_needed()
    assert services.sessions.sign_in("first@example.com", GOOD_PASSWORD, VISITOR)
    with pytest.raises(SetupDone):
        set_up(services, token_in(url), "second@example.com")
    with pytest.raises(SetupDone):
        services.links.create_setup_link(SYSTEM)


def test_a_newer_setup_link_replaces_the_older(services: Services) -> None:
    older = services.links.create_setup_link(SYSTEM)
    newer = services.links.create_setup_link(SYSTEM)
    with pytest.raises(LinkInvalid):
        set_up(services, token_in(older))
    assert set_up(services, token_in(newer))


def test_a_setup_link_lasts_a_day(services: Services, clock: HandClock) -> None:
    token = token_in(services.links.create_setup_link(SYSTEM))
    clock.advance(timedelta(hours=24))
    with pytest.raises(LinkInvalid):
        set_up(services, token)
    token = token_in(services.links.create_setup_link(SYSTEM))
    clock.advance(timedelta(hours=23, minutes=59))
    assert set_up(services, token)


def test_of_two_who_set_up_at_once_one_wins(services: Services) -> None:
    token = token_in(services.links.create_setup_link(SYSTEM))
    done = both(lambda number: set_up(services, token, f"admin{number}@example.com"))
    assert sorted(type(one).__name__ for one in done) in (
        ["LinkInvalid", "User"],
        ["SetupDone", "User"],
    )
    assert len(services.users.list(PageRequest()).items) == 1


def test_two_who_make_a_setup_link_at_once_leave_one_that_works(services: Services) -> None:
    urls = both(lambda _: services.links.create_setup_link(SYSTEM))
    results = []
    for url in urls:
        try:
            results.append(services.links.inspect(LinkKind.SETUP, token_in(url)))
        except LinkInvalid:
            results.append("invalid")
    assert results.count("invalid") == 1


def test_a_weak_password_does_not_use_the_setup_link_up(services: Services) -> None:
    token = token_in(services.links.create_setup_link(SYSTEM))
    with pytest.raises(PasswordWeak):
        services.links.use_setup(
            token, VISITOR, email="first@example.com", name="First", password="password123"
        )
    assert set_up(services, token)


def test_setup_over_http_signs_in(api: Api, services: Services) -> None:
    assert api.get("/api/setup").json == {"needed": True}
    body = {
        "token": token_in(services.links.create_setup_link(SYSTEM)),
        "email": "First@Example.com",
        "name": "First",
        "password": GOOD_PASSWORD,
    }
    wrong = api.post("/api/setup", json={**body, "token": "x" * 43})
    assert (wrong.status, wrong.code) == (410, "link_invalid")
    answered = api.post("/api/setup", json=body)
    assert answered.status == 201
    assert answered.json["user"]["email"] == "first@example.com"
    assert "heliograph_refresh" in answered.cookies
    me = api.get("/api/me", token=answered.json["access_token"])
    assert me.json["role"] == "admin"
    assert api.get("/api/setup").json == {"needed": False}
    again = api.post("/api/setup", json=body)
    assert (again.status, again.code) == (409, "setup_done")


# Invitations


def test_an_invitation_makes_the_person_that_was_invited(services: Services) -> None:
    group = services.groups.create(SYSTEM, "Sales")
    gone = services.groups.create(SYSTEM, "Gone")
    invitation, link = services.links.invite(
        SYSTEM, " Eva@Example.com ", Role.EDITOR, [group.id, gone.id]
    )
    services.groups.delete(SYSTEM, gone.id)
    assert link.url.startswith("https://heliograph.example/invitation#token=")
    assert [i.id for i in services.links.invitations(PageRequest()).items] == [invitation.id]
    assert services.links.inspect(LinkKind.INVITATION, token_in(link.url)) == "eva@example.com"
    user = services.links.accept(token_in(link.url), VISITOR, name="Eva", password=GOOD_PASSWORD)
    assert (user.email, user.role, user.name) == ("eva@example.com", Role.EDITOR, "Eva")
    assert services.groups.of_user(user.id) == [(group.id, "Sales")]
    assert services.links.invitations(PageRequest()).items == []
    with pytest.raises(LinkInvalid):
        services.links.accept(token_in(link.url), VISITOR, name="Eva", password=GOOD_PASSWORD)
    assert "invitation.accepted" in actions_of(services)


def test_a_link_of_one_kind_is_no_link_of_another(services: Services) -> None:
    user = make_user(services, "eva@example.com")
    reset = token_in(services.links.create_reset(SYSTEM, user.id).url)
    with pytest.raises(LinkInvalid):
        services.links.accept(reset, VISITOR, name="Eva", password=GOOD_PASSWORD)
    with pytest.raises(LinkInvalid):
        services.links.inspect(LinkKind.INVITATION, reset)
    assert services.links.inspect(LinkKind.PASSWORD_RESET, reset) == "eva@example.com"


def test_of_two_who_accept_at_once_one_wins(services: Services) -> None:
    _, link = services.links.invite(SYSTEM, "eva@example.com", Role.VIEWER)
    done = both(
        lambda number: services.links.accept(
            token_in(link.url), VISITOR, name=f"Eva {number}", password=GOOD_PASSWORD
        )
    )
    assert sorted(type(one).__name__ for one in done) == ["LinkInvalid", "User"]


def test_a_newer_invitation_replaces_the_older_also_when_both_are_made_at_once(
    services: Services,
) -> None:
    _, older = services.links.invite(SYSTEM, "eva@example.com", Role.VIEWER)
    done = both(lambda _: services.links.invite(SYSTEM, "eva@example.com", Role.EDITOR))
    assert all(isinstance(one, tuple | Conflict) for one in done)
    waiting = services.links.invitations(PageRequest()).items
    assert len(waiting) == 1
    with pytest.raises(LinkInvalid):
        services.links.inspect(LinkKind.INVITATION, token_in(older.url))
    assert waiting[0].role is Role.EDITOR


def test_an_invitation_that_was_taken_back_or_is_a_week_old_is_none(
    services: Services, clock: HandClock
) -> None:
    revoked, link = services.links.invite(SYSTEM, "eva@example.com", Role.VIEWER)
    services.links.revoke_invitation(SYSTEM, revoked.id)
    with pytest.raises(LinkInvalid):
        services.links.accept(token_in(link.url), VISITOR, name="Eva", password=GOOD_PASSWORD)
    with pytest.raises(NotFound):
        services.links.revoke_invitation(SYSTEM, revoked.id)
    _, link = services.links.invite(SYSTEM, "eva@example.com", Role.VIEWER)
    clock.advance(timedelta(days=7))
    assert services.links.invitations(PageRequest()).items == []
    with pytest.raises(LinkInvalid):
        services.links.accept(token_in(link.url), VISITOR, name="Eva", password=GOOD_PASSWORD)


def test_who_has_an_account_and_who_is_in_no_group_is_told(services: Services) -> None:
    make_user(services, "eva@example.com")
    with pytest.raises(NameTaken):
        services.links.invite(SYSTEM, "EVA@example.com", Role.VIEWER)
    with pytest.raises(RequestInvalid) as caught:
        services.links.invite(SYSTEM, "new@example.com", Role.VIEWER, [new_id()])
    assert caught.value.problems[0][0] == "/group_ids"
    assert services.links.invitations(PageRequest()).items == []


def test_an_invitation_for_somebody_who_came_another_way_is_refused(services: Services) -> None:
    _, link = services.links.invite(SYSTEM, "eva@example.com", Role.VIEWER)
    make_user(services, "eva@example.com")
    with pytest.raises(NameTaken):
        services.links.accept(token_in(link.url), VISITOR, name="Eva", password=GOOD_PASSWORD)


# Password resets


def test_a_reset_sets_the_password_and_ends_all_sessions(services: Services) -> None:
    user = make_user(services, "eva@example.com")
    signed_in = services.sessions.sign_in("eva@example.com", GOOD_PASSWORD, VISITOR)
    token = token_in(services.links.create_reset(SYSTEM, user.id).url)
    with pytest.raises(PasswordWeak):
        services.links.use_reset(token, VISITOR, "eva@example.com")
    assert services.sessions.authenticate(signed_in.access_token)
    services.links.use_reset(token, VISITOR, "otter lamp window")
    with pytest.raises(SessionRevoked):
        services.sessions.authenticate(signed_in.access_token)
    with pytest.raises(SessionRevoked):
        services.sessions.refresh(signed_in.refresh_token, VISITOR)
    with pytest.raises(SignInFailed):
        services.sessions.sign_in("eva@example.com", GOOD_PASSWORD, VISITOR)
    assert services.sessions.sign_in("eva@example.com", "otter lamp window", VISITOR)
    with pytest.raises(LinkInvalid):
        services.links.use_reset(token, VISITOR, "another good one")


def test_of_two_who_use_a_reset_at_once_one_wins(services: Services) -> None:
    user = make_user(services, "eva@example.com")
    token = token_in(services.links.create_reset(SYSTEM, user.id).url)
    done = both(lambda n: services.links.use_reset(token, VISITOR, f"otter lamp window {n}"))
    assert sorted(type(one).__name__ for one in done) == ["LinkInvalid", "NoneType"]


def test_nobody_who_is_deactivated_sets_a_password(services: Services) -> None:
    make_user(services, "boss@example.com", Role.ADMIN)
    user = make_user(services, "eva@example.com")
    token = token_in(services.links.create_reset(SYSTEM, user.id).url)
    services.users.change(SYSTEM, user.id, is_active=False)
    with pytest.raises(LinkInvalid):
        services.links.use_reset(token, VISITOR, "otter lamp window")
    with pytest.raises(Conflict):
        services.links.create_reset(SYSTEM, user.id)
    services.users.change(SYSTEM, user.id, is_active=True)
    with pytest.raises(LinkInvalid):
        services.links.use_reset(token, VISITOR, "otter lamp window")
    token = token_in(services.links.create_reset(SYSTEM, user.id).url)
    services.links.use_reset(token, VISITOR, "otter lamp window")


def test_a_reset_lasts_a_day_and_a_newer_one_replaces_it(
    services: Services, clock: HandClock
) -> None:
    user = make_user(services, "eva@example.com")
    older = token_in(services.links.create_reset(SYSTEM, user.id).url)
    newer = token_in(services.links.create_reset(SYSTEM, user.id).url)
    with pytest.raises(LinkInvalid):
        services.links.inspect(LinkKind.PASSWORD_RESET, older)
    assert services.links.inspect(LinkKind.PASSWORD_RESET, newer) == "eva@example.com"
    clock.advance(timedelta(hours=24))
    with pytest.raises(LinkInvalid):
        services.links.use_reset(newer, VISITOR, "otter lamp window")
    with pytest.raises(NotFound):
        services.links.create_reset(SYSTEM, new_id())


def test_no_record_and_no_row_holds_a_token_or_a_password(services: Services) -> None:
    user = make_user(services, "eva@example.com")
    reset = token_in(services.links.create_reset(SYSTEM, user.id).url)
    _, link = services.links.invite(SYSTEM, "new@example.com", Role.VIEWER)
    services.links.use_reset(reset, VISITOR, "otter lamp window")
    signed_in = services.sessions.sign_in("eva@example.com", "otter lamp window", VISITOR)
    secrets = [
        reset,
        token_in(link.url),
        signed_in.refresh_token,
        signed_in.access_token,
        "otter lamp window",
    ]
    tables = ("audit_events", "one_time_links", "refresh_tokens", "sessions", "users")
    kept = "".join(
        row["text"]
        for table in tables
        for row in services.database.fetch(f"SELECT t::text AS text FROM {table} AS t")
    )
    assert "eva@example.com" in kept
    assert [secret for secret in secrets if secret in kept] == []
    for shown in (repr(signed_in), repr(link)):
        assert [secret for secret in secrets if secret in shown] == []
