"""The routes of accounts, end to end: who may call them, what they answer, what they refuse."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.support.accounts import (
    GOOD_PASSWORD,
    access_token,
    make_user,
    token_in,
)
from tests.support.api import Answered, Api
from tests.support.hand_clock import HandClock

from heliograph.kernel.actors import Role
from heliograph.kernel.ids import new_id
from heliograph.web.services import Services

BOSS, EVA, VERA = "boss@example.com", "eva@example.com", "vera@example.com"
COOKIE = "heliograph_refresh"


@pytest.fixture
def people(services: Services) -> dict[str, str]:
    """The ids of an admin, an editor and a viewer by their emails."""
    roles = {BOSS: Role.ADMIN, EVA: Role.EDITOR, VERA: Role.VIEWER}
    return {email: str(make_user(services, email, role).id) for email, role in roles.items()}


@pytest.fixture
def tokens(services: Services, people: dict[str, str]) -> dict[str, str]:
    """Their access tokens."""
    return {email: access_token(services, email) for email in people}


def sign_in(api: Api, email: str = EVA, password: str = GOOD_PASSWORD) -> Answered:
    return api.post("/api/session", json={"email": email, "password": password})


# Sessions


def test_signing_in_answers_tokens_and_sets_a_cookie_that_only_sessions_see(
    api: Api, people: dict[str, str]
) -> None:
    answered = sign_in(api)
    assert answered.status == 200
    assert answered.json.keys() == {"access_token", "expires_in", "user"}
    assert answered.json["expires_in"] == 600
    assert answered.json["user"]["id"] == people[EVA]
    (cookie,) = answered.set_cookies
    assert cookie.startswith(f"{COOKIE}=")
    parts = cookie.split("; ")[1:]
    assert set(parts) == {
        "Path=/api/session",
        f"Max-Age={7 * 24 * 3600}",
        "HttpOnly",
        "SameSite=Strict",
        "Secure",
    }
    assert answered.cookies[COOKIE] not in answered.text
    me = api.get("/api/me", token=answered.json["access_token"])
    assert (me.status, me.json["email"]) == (200, EVA)


def test_the_cookie_is_secure_only_where_the_app_is(services: Services, people: Any) -> None:
    from dataclasses import replace

    services.settings = replace(services.settings, public_url="http://127.0.0.1:8000")
    (cookie,) = sign_in(Api(services)).set_cookies
    assert "Secure" not in cookie
    assert "HttpOnly" in cookie


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"email": EVA, "password": "not the password"}, 401, "sign_in_failed"),
        ({"email": "nobody@example.com", "password": GOOD_PASSWORD}, 401, "sign_in_failed"),
        ({"email": EVA}, 422, "request_invalid"),
        ({"email": EVA, "password": GOOD_PASSWORD, "admin": True}, 422, "request_invalid"),
        ({"email": EVA, "password": 7}, 422, "request_invalid"),
        ({"email": EVA, "password": "x" * 1001}, 422, "request_invalid"),
    ],
)
def test_a_sign_in_that_is_wrong_sets_no_cookie(
    api: Api, people: dict[str, str], body: Any, status: int, code: str
) -> None:
    answered = api.post("/api/session", json=body)
    assert (answered.status, answered.code) == (status, code)
    assert answered.set_cookies == []
    assert sign_in(api).status == 200


def test_too_many_failures_are_told_when_to_come_back(api: Api, people: dict[str, str]) -> None:
    for _ in range(10):
        assert sign_in(api, password="not the password").status == 401
    answered = sign_in(api)
    assert (answered.status, answered.code) == (429, "rate_limited")
    assert 0 < int(answered.headers["retry-after"]) <= 900


def test_the_cookie_keeps_a_person_signed_in_and_signs_them_out(
    api: Api, people: dict[str, str], clock: HandClock
) -> None:
    first = sign_in(api)
    clock.advance(timedelta(minutes=11))
    expired = api.get("/api/me", token=first.json["access_token"])
    assert (expired.status, expired.code) == (401, "token_expired")
    second = api.post("/api/session/refresh", cookies=first.cookies)
    assert second.status == 200
    assert second.cookies[COOKIE] != first.cookies[COOKIE]
    assert api.get("/api/me", token=second.json["access_token"]).status == 200
    out = api.delete("/api/session", cookies=second.cookies)
    assert out.status == 204
    assert out.set_cookies[0].startswith(f"{COOKIE}=; Path=/api/session; Max-Age=0")
    gone = api.get("/api/me", token=second.json["access_token"])
    assert (gone.status, gone.code) == (401, "session_revoked")
    again = api.post("/api/session/refresh", cookies=second.cookies)
    assert (again.status, again.code) == (401, "session_revoked")


def test_a_refresh_token_that_comes_back_late_signs_everybody_out(
    api: Api, people: dict[str, str], clock: HandClock
) -> None:
    first = sign_in(api)
    second = api.post("/api/session/refresh", cookies=first.cookies)
    assert api.post("/api/session/refresh", cookies=first.cookies).cookies == second.cookies
    clock.advance(timedelta(seconds=11))
    reused = api.post("/api/session/refresh", cookies=first.cookies)
    assert (reused.status, reused.code) == (401, "session_revoked")
    assert api.get("/api/me", token=second.json["access_token"]).code == "session_revoked"


def test_signing_out_works_by_access_token_too_and_tells_who_is_not_signed_in(
    api: Api, people: dict[str, str]
) -> None:
    token = sign_in(api).json["access_token"]
    assert api.delete("/api/session", token=token).status == 204
    assert api.get("/api/me", token=token).code == "session_revoked"
    for how in ({}, {"token": "forged"}):
        assert api.delete("/api/session", **how).status == 401
    assert api.post("/api/session/refresh").code == "unauthenticated"
    assert api.post("/api/session/refresh", cookies={COOKIE: "x" * 43}).code == "token_invalid"


def test_one_sees_ones_own_sessions_and_ends_them(api: Api, people: dict[str, str]) -> None:
    other, own = sign_in(api), sign_in(api)
    token = own.json["access_token"]
    listed = api.get("/api/me/sessions", token=token).json["items"]
    assert [item["is_current"] for item in listed].count(True) == 1
    (elsewhere,) = [item for item in listed if not item["is_current"]]
    assert elsewhere["address"] == "203.0.113.7"
    assert api.delete(f"/api/me/sessions/{new_id()}", token=token).code == "not_found"
    assert api.delete(f"/api/me/sessions/{elsewhere['id']}", token=token).status == 204
    assert api.get("/api/me", token=other.json["access_token"]).code == "session_revoked"
    assert api.delete("/api/me/sessions", token=token).status == 204
    assert len(api.get("/api/me/sessions", token=token).json["items"]) == 1


def test_the_password_is_changed_by_who_knows_it(api: Api, people: dict[str, str]) -> None:
    token = sign_in(api).json["access_token"]
    body = {"current_password": GOOD_PASSWORD, "new_password": "otter lamp window"}
    wrong = api.post("/api/me/password", json={**body, "current_password": "no"}, token=token)
    assert (wrong.status, wrong.json["errors"][0]["path"]) == (422, "/current_password")
    weak = api.post("/api/me/password", json={**body, "new_password": "password123"}, token=token)
    assert (weak.status, weak.code) == (422, "password_weak")
    assert sign_in(api).status == 200
    assert api.post("/api/me/password", json=body, token=token).status == 204
    assert sign_in(api).status == 401
    assert sign_in(api, password="otter lamp window").status == 200


def test_me_says_who_asks_and_by_what(
    api: Api, services: Services, people: dict[str, str], tokens: dict[str, str]
) -> None:
    group = api.post("/api/groups", json={"name": "Sales"}, token=tokens[BOSS]).json
    api.put(f"/api/groups/{group['id']}/members/{people[EVA]}", token=tokens[BOSS])
    me = api.get("/api/me", token=tokens[EVA]).json
    session_id = me.pop("session_id")
    assert me == {
        "id": people[EVA],
        "email": EVA,
        "name": "Eva",
        "role": "editor",
        "groups": [{"id": group["id"], "name": "Sales"}],
        "claims": {},
        "scopes": None,
    }
    assert session_id
    made = api.post("/api/tokens", json={"name": "x", "scopes": ["read"]}, token=tokens[EVA])
    by_token = api.get("/api/me", token=made.json["token"]).json
    assert (by_token["scopes"], by_token["session_id"]) == (["read"], None)


# Who may call what


def routes_for(people: dict[str, str]) -> list[tuple[str, str, Any, Role]]:
    """Return method, path, body and the least role, of what not everybody may call."""
    user, nobody = people[VERA], new_id()
    return [
        ("GET", "/api/users", None, Role.EDITOR),
        ("GET", f"/api/users/{user}", None, Role.EDITOR),
        ("PATCH", f"/api/users/{user}", {"name": "Vera V."}, Role.ADMIN),
        ("GET", "/api/groups", None, Role.EDITOR),
        ("POST", "/api/groups", {"name": "Some"}, Role.ADMIN),
        ("GET", f"/api/groups/{nobody}", None, Role.EDITOR),
        ("PATCH", f"/api/groups/{nobody}", {"name": "Other"}, Role.ADMIN),
        ("DELETE", f"/api/groups/{nobody}", None, Role.ADMIN),
        ("GET", f"/api/groups/{nobody}/members", None, Role.EDITOR),
        ("PUT", f"/api/groups/{nobody}/members/{user}", None, Role.ADMIN),
        ("DELETE", f"/api/groups/{nobody}/members/{user}", None, Role.ADMIN),
        ("GET", "/api/invitations", None, Role.ADMIN),
        ("POST", "/api/invitations", {"email": "n@example.com", "role": "viewer"}, Role.ADMIN),
        ("DELETE", f"/api/invitations/{nobody}", None, Role.ADMIN),
        ("POST", "/api/password-resets", {"user_id": user}, Role.ADMIN),
    ]


def test_each_route_is_for_its_roles_and_refuses_the_others(
    api: Api, people: dict[str, str], tokens: dict[str, str]
) -> None:
    may = {Role.ADMIN: {BOSS}, Role.EDITOR: {BOSS, EVA}}
    for method, path, body, least in routes_for(people):
        for email, token in tokens.items():
            answered = api.request(method, path, json=body, token=token)
            if email in may[least]:
                assert answered.status in (200, 201, 204, 404), (method, path, email)
            else:
                assert (answered.status, answered.code) == (403, "forbidden"), (method, path)
        assert api.request(method, path, json=body).status == 401


def test_a_token_keeps_to_its_scopes_and_away_from_accounts(
    api: Api, people: dict[str, str], tokens: dict[str, str]
) -> None:
    made = {
        scope: api.post(
            "/api/tokens", json={"name": scope, "scopes": [scope]}, token=tokens[BOSS]
        ).json["token"]
        for scope in ("read", "write")
    }
    group = {"name": "Sales"}
    assert api.get("/api/users", token=made["read"]).status == 200
    assert api.post("/api/groups", json=group, token=made["read"]).code == "forbidden"
    assert api.post("/api/groups", json=group, token=made["write"]).status == 201
    assert api.get("/api/users", token=made["write"]).code == "forbidden"
    body = {"current_password": GOOD_PASSWORD, "new_password": "otter lamp window"}
    for method, path, sent in (
        ("POST", "/api/tokens", {"name": "more", "scopes": ["read"]}),
        ("POST", "/api/me/password", body),
        ("DELETE", "/api/me/sessions", None),
        ("POST", "/api/password-resets", {"user_id": people[EVA]}),
        ("POST", "/api/invitations", {"email": "n@example.com", "role": "admin"}),
        ("PATCH", f"/api/users/{people[EVA]}", {"role": "admin"}),
    ):
        refused = api.request(method, path, json=sent, token=made["write"])
        assert (refused.status, refused.code) == (403, "forbidden"), path
    assert api.get("/api/me/sessions", token=made["read"]).code == "forbidden"


# Users


def test_users_are_listed_changed_and_deactivated(
    api: Api, people: dict[str, str], tokens: dict[str, str]
) -> None:
    page = api.get("/api/users?limit=2", token=tokens[EVA]).json
    rest = api.get("/api/users", query={"limit": 2, "cursor": page["next"]}, token=tokens[EVA]).json
    assert [u["email"] for u in page["items"] + rest["items"]] == [BOSS, EVA, VERA]
    assert {u["last_signed_in_at"] for u in page["items"]} == {None}
    seen = api.get("/api/users?role=viewer&search=VERA&is_active=true", token=tokens[BOSS]).json
    assert seen["items"][0]["last_signed_in_at"] is not None
    assert "password_hash" not in seen["items"][0]
    path = f"/api/users/{people[VERA]}"
    changed = api.patch(path, json={"role": "editor", "name": "Vera V."}, token=tokens[BOSS])
    assert (changed.json["role"], changed.json["name"]) == ("editor", "Vera V.")
    assert api.get("/api/users", token=tokens[VERA]).status == 200
    assert api.patch(path, json={"is_active": False}, token=tokens[BOSS]).status == 200
    assert api.get("/api/users", token=tokens[VERA]).code == "session_revoked"
    assert sign_in(api, VERA).code == "sign_in_failed"
    assert api.patch(path, json={"role": "owner"}, token=tokens[BOSS]).status == 422
    assert api.get(f"/api/users/{new_id()}", token=tokens[BOSS]).code == "not_found"
    assert api.get("/api/users?cursor=x", token=tokens[BOSS]).code == "cursor_invalid"


def test_the_last_admin_cannot_leave(
    api: Api, people: dict[str, str], tokens: dict[str, str]
) -> None:
    path = f"/api/users/{people[BOSS]}"
    for change in ({"role": "viewer"}, {"is_active": False}):
        refused = api.patch(path, json=change, token=tokens[BOSS])
        assert (refused.status, refused.code) == (409, "last_admin")
    api.patch(f"/api/users/{people[EVA]}", json={"role": "admin"}, token=tokens[BOSS])
    assert api.patch(path, json={"role": "viewer"}, token=tokens[BOSS]).status == 200
    assert api.patch(path, json={"role": "admin"}, token=tokens[BOSS]).code == "forbidden"


# Groups, invitations, resets, tokens


def test_a_group_is_made_renamed_filled_and_deleted(
    api: Api, people: dict[str, str], tokens: dict[str, str]
) -> None:
    boss = tokens[BOSS]
    group = api.post("/api/groups", json={"name": "Sales"}, token=boss)
    assert (group.status, group.json["member_count"]) == (201, 0)
    path = f"/api/groups/{group.json['id']}"
    taken = api.post("/api/groups", json={"name": "SALES"}, token=boss)
    assert (taken.status, taken.code) == (409, "name_taken")
    assert api.patch(path, json={"name": "Field"}, token=boss).json["name"] == "Field"
    assert api.put(f"{path}/members/{people[EVA]}", token=boss).status == 204
    members = api.get(f"{path}/members", token=tokens[EVA]).json["items"]
    assert [member["email"] for member in members] == [EVA]
    assert api.get(path, token=boss).json["member_count"] == 1
    assert api.get("/api/groups?search=fie", token=boss).json["items"][0]["name"] == "Field"
    assert api.delete(f"{path}/members/{people[EVA]}", token=boss).status == 204
    assert api.delete(f"{path}/members/{people[EVA]}", token=boss).code == "not_found"
    assert api.delete(path, token=boss).status == 204
    assert api.get(path, token=boss).code == "not_found"


def test_an_invitation_goes_all_the_way(api: Api, tokens: dict[str, str]) -> None:
    boss = tokens[BOSS]
    body = {"email": "New@Example.com", "role": "viewer"}
    made = api.post("/api/invitations", json=body, token=boss)
    assert made.status == 201
    token = token_in(made.json["link"])
    listed = api.get("/api/invitations", token=boss)
    assert [item["email"] for item in listed.json["items"]] == ["new@example.com"]
    assert token not in listed.text
    inspected = api.post("/api/invitations/inspect", json={"token": token})
    assert inspected.json == {"email": "new@example.com"}
    acceptance = {"token": token, "name": "New", "password": GOOD_PASSWORD}
    weak = api.post("/api/invitations/accept", json={**acceptance, "password": "new@example.com"})
    assert weak.code == "password_weak"
    accepted = api.post("/api/invitations/accept", json=acceptance)
    assert (accepted.status, accepted.json["user"]["role"]) == (201, "viewer")
    assert api.get("/api/me", token=accepted.json["access_token"]).status == 200
    again = api.post("/api/invitations/accept", json=acceptance)
    assert (again.status, again.code) == (410, "link_invalid")
    assert api.post("/api/invitations", json=body, token=boss).code == "name_taken"
    other = api.post("/api/invitations", json={**body, "email": "b@example.com"}, token=boss)
    assert api.delete(f"/api/invitations/{other.json['id']}", token=boss).status == 204
    revoked = {"token": token_in(other.json["link"])}
    assert api.post("/api/invitations/inspect", json=revoked).code == "link_invalid"


def test_a_reset_goes_all_the_way(api: Api, people: dict[str, str], tokens: dict[str, str]) -> None:
    made = api.post("/api/password-resets", json={"user_id": people[EVA]}, token=tokens[BOSS])
    assert made.status == 201
    token = token_in(made.json["link"])
    inspect = api.post("/api/password-resets/inspect", json={"token": token})
    assert inspect.json == {"email": EVA}
    use = {"token": token, "password": "otter lamp window"}
    weak = api.post("/api/password-resets/use", json={**use, "password": "qwertyuiop"})
    assert weak.code == "password_weak"
    assert api.get("/api/me", token=tokens[EVA]).status == 200
    assert api.post("/api/password-resets/use", json=use).status == 204
    assert api.get("/api/me", token=tokens[EVA]).code == "session_revoked"
    assert api.post("/api/password-resets/use", json=use).code == "link_invalid"
    assert sign_in(api, password="otter lamp window").status == 200
    unknown = api.post("/api/password-resets", json={"user_id": str(new_id())}, token=tokens[BOSS])
    assert unknown.code == "not_found"


def test_guessing_links_is_limited_by_address(api: Api) -> None:
    codes = [api.post("/api/invitations/inspect", json={"token": "x" * 43}).code for _ in range(61)]
    assert codes == ["link_invalid"] * 60 + ["rate_limited"]
    elsewhere = api.post(
        "/api/invitations/inspect", json={"token": "x" * 43}, address="198.51.100.9"
    )
    assert elsewhere.code == "link_invalid"


def test_a_personal_token_is_shown_once_used_and_revoked(
    api: Api, people: dict[str, str], tokens: dict[str, str], clock: HandClock
) -> None:
    eva = tokens[EVA]
    made = api.post("/api/tokens", json={"name": "script", "scopes": ["read"]}, token=eva)
    assert made.status == 201
    secret = made.json["token"]
    assert secret.startswith(made.json["hint"] + "_")
    listed = api.get("/api/tokens", token=eva)
    assert [item["name"] for item in listed.json["items"]] == ["script"]
    assert secret not in listed.text
    assert api.get("/api/tokens", query={"user_id": people[EVA]}, token=tokens[VERA]).status == 403
    seen = api.get("/api/tokens", query={"user_id": people[EVA]}, token=tokens[BOSS]).json
    assert len(seen["items"]) == 1
    path = f"/api/tokens/{made.json['id']}"
    assert api.delete(path, token=tokens[VERA]).code == "not_found"
    assert api.delete(path, token=eva).status == 204
    assert api.get("/api/me", token=secret).code == "token_invalid"
    year = clock.now() + timedelta(days=365)
    over, past = year + timedelta(seconds=1), clock.now() - timedelta(seconds=1)
    local = year.replace(tzinfo=None).isoformat()
    for wrong in (
        {"name": "x", "scopes": []},
        {"name": "x", "scopes": ["admin"]},
        {"name": "x", "scopes": ["read"], "expires_at": local},
        {"name": "x", "scopes": ["read"], "expires_at": over.isoformat()},
        {"name": "x", "scopes": ["read"], "expires_at": past.isoformat()},
    ):
        assert api.post("/api/tokens", json=wrong, token=eva).code == "request_invalid", wrong
    until = {"name": "x", "scopes": ["read"], "expires_at": year.isoformat()}
    assert api.post("/api/tokens", json=until, token=eva).status == 201


# Grants


@pytest.fixture
def connection(services: Services, tokens: dict[str, str]) -> str:
    """The id of a connection that nobody has a right on."""
    from pydantic import SecretStr

    from heliograph.connections.models import ConnectionDraft
    from heliograph.kernel.actors import SYSTEM

    draft = ConnectionDraft(
        name="Shop",
        host="db.example.com",
        port=5432,
        database="shop",
        username="reader",
        password=SecretStr("a secret of the shop"),
        ssl_mode="require",
    )
    return str(services.connections.create(SYSTEM, draft).id)


def test_a_connection_is_shared_explained_and_taken_back(
    api: Api, people: dict[str, str], tokens: dict[str, str], connection: str
) -> None:
    about = {"object_type": "connection", "object_id": connection}
    to_eva = {**about, "grantee": {"type": "user", "id": people[EVA]}}
    assert api.get("/api/grants", query=about, token=tokens[EVA]).code == "not_found"
    given = api.post("/api/grants", json={**to_eva, "level": "view"}, token=tokens[BOSS])
    assert (given.status, given.json["grantee"]["name"]) == (200, "Eva")
    assert api.get("/api/grants", query=about, token=tokens[EVA]).code == "forbidden"
    to_all = {**about, "grantee": {"type": "everyone"}, "level": "view"}
    assert api.post("/api/grants", json=to_all, token=tokens[EVA]).code == "forbidden"
    api.post("/api/grants", json={**to_eva, "level": "edit"}, token=tokens[BOSS])
    shared = api.post("/api/grants", json=to_all, token=tokens[EVA])
    assert shared.status == 200
    listed = api.get("/api/grants", query=about, token=tokens[EVA]).json["items"]
    assert {(g["grantee"]["type"], g["level"], g["object_name"]) for g in listed} == {
        ("user", "edit", "Shop"),
        ("everyone", "view", "Shop"),
    }
    query = {**about, "user_id": people[VERA]}
    explained = api.get("/api/grants/explain", query=query, token=tokens[EVA]).json
    assert (explained["level"], explained["user_name"]) == ("view", "Vera")
    assert explained["reasons"][0]["grant"]["grantee"]["type"] == "everyone"
    assert api.get("/api/grants/explain", query=query, token=tokens[VERA]).code == "forbidden"
    assert api.delete(f"/api/grants/{shared.json['id']}", token=tokens[EVA]).status == 204
    assert api.delete(f"/api/grants/{shared.json['id']}", token=tokens[EVA]).code == "not_found"
    assert api.get("/api/grants/explain", query=query, token=tokens[EVA]).json["level"] is None


def test_a_grant_on_nothing_or_to_nobody_is_refused(
    api: Api, people: dict[str, str], tokens: dict[str, str], connection: str
) -> None:
    good = {
        "object_type": "connection",
        "object_id": connection,
        "grantee": {"type": "user", "id": people[EVA]},
        "level": "view",
    }
    for change, code in (
        ({"object_type": "spoon"}, "not_found"),
        ({"object_type": "users"}, "not_found"),
        ({"object_type": "Connection; DROP"}, "request_invalid"),
        ({"object_id": str(new_id())}, "not_found"),
        ({"grantee": {"type": "user", "id": str(new_id())}}, "not_found"),
        ({"grantee": {"type": "group", "id": people[EVA]}}, "not_found"),
        ({"grantee": {"type": "everyone", "id": people[EVA]}}, "request_invalid"),
        ({"grantee": {"type": "user"}}, "request_invalid"),
        ({"level": "own"}, "request_invalid"),
    ):
        assert api.post("/api/grants", json={**good, **change}, token=tokens[BOSS]).code == code
    assert api.post("/api/grants", json=good, token=tokens[BOSS]).status == 200
