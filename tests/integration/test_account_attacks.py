"""What somebody tries who has a token, a link or an account that should not be enough."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.support.accounts import (
    GOOD_PASSWORD,
    VISITOR,
    access_token,
    make_user,
    signed_in_as,
    token_in,
)
from tests.support.api import Api
from tests.support.hand_clock import HandClock

from heliograph.accounts.models import LinkKind, Scope
from heliograph.accounts.signing_keys import SigningKeys
from heliograph.kernel.actors import SYSTEM, Role
from heliograph.kernel.errors import Forbidden, KeyUnavailable, LinkInvalid
from heliograph.kernel.pagination import PageRequest
from heliograph.web.services import Services

BOSS, CAROL, EVA, NEW = "boss@example.com", "carol@example.com", "eva@example.com", "new@e.example"
COOKIE = "heliograph_refresh"
OTHER_PASSWORD = "violet river chair"


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "key"


# Admins, their tokens and what they leave behind


def test_a_token_does_not_bring_an_admin_back_but_an_editor(services: Services) -> None:
    make_user(services, BOSS, Role.ADMIN)
    carol, eva = make_user(services, CAROL, Role.ADMIN), make_user(services, EVA)
    boss = signed_in_as(services, BOSS)
    secret = services.tokens.create(boss, "script", [Scope.WRITE])[1]
    token = services.tokens.authenticate(secret)
    for user in (carol, eva):
        services.users.change(token, user.id, is_active=False)
    assert services.users.change(token, eva.id, is_active=True).is_active
    assert services.users.change(token, carol.id, name="Carol C.").name == "Carol C."
    with pytest.raises(Forbidden):
        services.users.change(token, carol.id, is_active=True)
    # One step after the other is no way around.
    services.users.change(token, carol.id, role=Role.EDITOR)
    services.users.change(token, carol.id, is_active=True)
    with pytest.raises(Forbidden):
        services.users.change(token, carol.id, role=Role.ADMIN)
    assert services.users.change(boss, carol.id, role=Role.ADMIN).role is Role.ADMIN
    assert services.users.change(token, carol.id, name="Carol").role is Role.ADMIN


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": Role.EDITOR}])
def test_links_that_an_admin_made_do_not_outlive_that_admin(
    services: Services, change: dict[str, object]
) -> None:
    boss, carol = make_user(services, BOSS, Role.ADMIN), make_user(services, CAROL, Role.ADMIN)
    rogue = signed_in_as(services, CAROL)
    _, invitation = services.links.invite(rogue, NEW, Role.ADMIN)
    reset = services.links.create_reset(rogue, boss.id)
    invited, forgotten = token_in(invitation.url), token_in(reset.url)
    assert services.links.inspect(LinkKind.INVITATION, invited) == NEW
    assert services.links.inspect(LinkKind.PASSWORD_RESET, forgotten) == BOSS

    services.users.change(SYSTEM, carol.id, **change)  # type: ignore[arg-type]
    with pytest.raises(LinkInvalid):
        services.links.accept(invited, VISITOR, name="Carol again", password=GOOD_PASSWORD)
    with pytest.raises(LinkInvalid):
        services.links.use_reset(forgotten, VISITOR, OTHER_PASSWORD)
    assert services.links.invitations(PageRequest()).items == []
    assert signed_in_as(services, BOSS).is_admin  # with the password as it was

    link = services.links.invite(signed_in_as(services, BOSS), NEW, Role.VIEWER)[1]
    assert len(services.links.invitations(PageRequest()).items) == 1
    assert services.links.accept(token_in(link.url), VISITOR, name="N", password=GOOD_PASSWORD)


def test_a_link_that_is_being_used_while_its_maker_is_deactivated_is_refused(
    services: Services,
) -> None:
    boss, carol = make_user(services, BOSS, Role.ADMIN), make_user(services, CAROL, Role.ADMIN)
    reset = services.links.create_reset(signed_in_as(services, CAROL), boss.id)
    find, made = services.links._find, []

    def find_then_deactivate(kind: LinkKind, token: str) -> dict[str, object]:
        made.append(find(kind, token))
        services.users.change(SYSTEM, carol.id, is_active=False)
        return made[-1]

    services.links.__dict__["_find"] = find_then_deactivate
    with pytest.raises(LinkInvalid):
        services.links.use_reset(token_in(reset.url), VISITOR, OTHER_PASSWORD)
    assert made


def test_a_new_password_leaves_no_older_link_to_set_another(services: Services) -> None:
    user = make_user(services, EVA)
    reset = services.links.create_reset(SYSTEM, user.id)
    eva = signed_in_as(services, EVA)
    services.sessions.change_password(eva, GOOD_PASSWORD, OTHER_PASSWORD)
    with pytest.raises(LinkInvalid):
        services.links.use_reset(token_in(reset.url), VISITOR, GOOD_PASSWORD)
    assert services.sessions.sign_in(EVA, OTHER_PASSWORD, VISITOR)
    later = services.links.create_reset(SYSTEM, user.id)
    services.links.use_reset(token_in(later.url), VISITOR, GOOD_PASSWORD)


# Signing out


@pytest.mark.parametrize("cookie", ["x" * 43, "gone"])
def test_a_cookie_that_is_not_ours_does_not_keep_the_session_of_the_token_open(
    api: Api, services: Services, cookie: str
) -> None:
    make_user(services, EVA)
    token = access_token(services, EVA)
    out = api.delete("/api/session", token=token, cookies={COOKIE: cookie})
    assert out.status == 204
    assert out.set_cookies[0].startswith(f"{COOKIE}=; ")
    assert api.get("/api/me", token=token).code == "session_revoked"
    # And once more: what is over already is no reason to keep the cookie.
    assert api.delete("/api/session", token=token, cookies={COOKIE: cookie}).status == 204
    assert api.delete("/api/session", cookies={COOKIE: cookie}).status == 204
    assert api.delete("/api/session", token=token).status == 401


# The key that protects secrets is away, or another one


def test_without_the_key_nothing_is_used_up_and_nobody_is_locked_out(
    api: Api, services: Services, key_file: Path, clock: HandClock
) -> None:
    link = services.links.create_setup_link(SYSTEM)
    body = {"token": token_in(link), "email": BOSS, "name": "B", "password": GOOD_PASSWORD}
    away = key_file.rename(key_file.with_name("away"))
    refused = api.post("/api/setup", json=body)
    assert (refused.status, refused.code) == (503, "key_unavailable")
    assert str(key_file) not in refused.text
    away.rename(key_file)
    assert api.post("/api/setup", json=body).status == 201

    boss = signed_in_as(services, BOSS)
    _, invitation = services.links.invite(boss, NEW, Role.EDITOR)
    fresh = Services(services.settings, {}, clock)  # a process that has no key in its memory
    cold = Api(fresh)
    key_file.rename(away)
    body = {"token": token_in(invitation.url), "name": "New", "password": GOOD_PASSWORD}
    assert cold.post("/api/invitations/accept", json=body).code == "key_unavailable"
    for _ in range(12):
        told = cold.post("/api/session", json={"email": BOSS, "password": GOOD_PASSWORD})
        assert (told.status, told.code) == (503, "key_unavailable")
    away.rename(key_file)
    assert cold.post("/api/invitations/accept", json=body).status == 201
    told = cold.post("/api/session", json={"email": BOSS, "password": GOOD_PASSWORD})
    assert told.status == 200
    fresh.close()


def test_another_key_signs_nobody_out(
    api: Api, services: Services, key_file: Path, clock: HandClock
) -> None:
    from heliograph.platform.keys_file import create_key_file

    make_user(services, EVA)
    signed_in = api.post("/api/session", json={"email": EVA, "password": GOOD_PASSWORD})
    away = key_file.rename(key_file.with_name("away"))
    create_key_file(key_file)
    fresh = Services(services.settings, {}, clock)
    cold = Api(fresh)
    told = cold.post("/api/session/refresh", cookies=signed_in.cookies)
    assert (told.status, told.code, told.set_cookies) == (503, "key_unavailable", [])
    assert cold.get("/api/me", token=signed_in.json["access_token"]).status == 200
    away.replace(key_file)
    assert cold.post("/api/session/refresh", cookies=signed_in.cookies).status == 200
    fresh.close()


def test_a_signing_key_that_was_deleted_signs_no_more_within_minutes(
    services: Services, clock: HandClock
) -> None:
    keys = SigningKeys(services.database, clock, lambda: services.envelope)
    stolen = keys.current().kid
    services.database.fetch("DELETE FROM signing_keys RETURNING kid")
    clock.advance(timedelta(minutes=10))
    assert keys.current().kid != stolen
    assert keys.public(keys.current().kid) is not None


def test_a_signing_key_that_is_in_memory_needs_the_other_key_no_more(
    services: Services, clock: HandClock
) -> None:
    class Refusing:
        def decrypt(self, data: bytes, context: object) -> bytes:
            raise KeyUnavailable("KMS refuses.")

    envelopes = [services.envelope]
    keys = SigningKeys(services.database, clock, lambda: envelopes[-1])
    kid = keys.current().kid
    envelopes.append(Refusing())  # type: ignore[arg-type]
    clock.advance(timedelta(hours=1))
    assert keys.current().kid == kid


# Addresses


def test_spellings_of_one_address_share_the_limit_of_a_route(
    services: Services,
) -> None:
    settings = replace(services.settings, proxies="1")
    behind = Api(Services(settings, {}, services.clock))
    spellings = ["203.0.113.9", "::ffff:203.0.113.9", "::FFFF:cb00:7109"]
    told = [
        behind.post(
            "/api/invitations/inspect",
            json={"token": "x"},
            headers={"X-Forwarded-For": f"1.1.1.1, {spellings[number % 3]}"},
        ).status
        for number in range(61)
    ]
    assert told == [410] * 60 + [429]
    elsewhere = {"X-Forwarded-For": "203.0.113.9, ::ffff:203.0.113.10"}
    answered = behind.post("/api/invitations/inspect", json={"token": "x"}, headers=elsewhere)
    assert answered.status == 410
    behind.services.close()
