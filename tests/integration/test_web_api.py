"""The API end to end: forged tokens, somebody else's ids, one shape whatever is sent."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from tests.support.accounts import GOOD_PASSWORD, access_token, make_user
from tests.support.api import Api, SetClock

from heliograph.kernel.actors import Role
from heliograph.web.contract import Access
from heliograph.web.openapi import all_routes
from heliograph.web.services import Services

PROBLEM = {"type", "title", "status", "code", "detail", "errors", "request_id"}
ROUTES = all_routes()


def encoded(value: Any) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def parts_of(token: str) -> tuple[dict[str, Any], dict[str, Any], str]:
    header, claims, signature = token.split(".")
    read = [json.loads(base64.urlsafe_b64decode(f"{text}==")) for text in (header, claims)]
    return read[0], read[1], signature


@pytest.fixture
def token(services: Services) -> str:
    make_user(services, "ada@example.com", Role.ADMIN)
    return access_token(services, "ada@example.com")


def test_a_genuine_token_opens_what_the_forged_ones_below_do_not(api: Api, token: str) -> None:
    answered = api.get("/api/me", token=token)
    assert (answered.status, answered.headers["cache-control"]) == (200, "no-store")
    assert answered.headers["x-request-id"]


def forged(token: str, services: Services) -> dict[str, str]:
    """Return tokens that are wrong in one way each."""
    header, claims, signature = parts_of(token)
    other = make_user(services, "eve@example.com", Role.VIEWER)
    public = services.database.fetch("SELECT * FROM signing_keys")[0]
    text = next(bytes(value) for name, value in public.items() if "public" in name)
    hs256 = {**header, "alg": "HS256"}
    signed = f"{encoded(hs256)}.{encoded(claims)}"
    mac = hmac.new(text, signed.encode(), hashlib.sha256).digest()
    head, body = encoded(header), encoded(claims)
    stolen = encoded({**claims, "sub": str(other.id)})
    critical = encoded({**header, "crit": ["b64"], "b64": False})
    return {
        "alg none": f"{encoded({**header, 'alg': 'none'})}.{body}.",
        "alg None": f"{encoded({**header, 'alg': 'None'})}.{body}.{signature}",
        "no alg": f"{encoded({'kid': header['kid']})}.{body}.{signature}",
        "public key as a secret": f"{signed}.{encoded(mac)}",
        "no signature": f"{head}.{body}.",
        "two parts": f"{head}.{body}",
        "another person": f"{head}.{stolen}.{signature}",
        "longer life": f"{head}.{encoded({**claims, 'exp': 9e9})}.{signature}",
        "unknown key": f"{encoded({**header, 'kid': str(uuid4())})}.{body}.{signature}",
        "a path as key": f"{encoded({**header, 'kid': '../../etc/passwd'})}.{body}.{signature}",
        "sql as key": f"{encoded({**header, 'kid': chr(39) + ' OR 1=1'})}.{body}.{signature}",
        "a number as key": f"{encoded({**header, 'kid': 1})}.{body}.{signature}",
        "critical header": f"{critical}.{body}.{signature}",
        "other signature": f"{head}.{body}.{encoded(bytes(64))}",
        "a list": f"{encoded([])}.{encoded([])}.{signature}",
        "nested": f"{encoded(b'[' * 1000)}.{body}.{signature}",
        "no base64": f"~~~.{body}.{signature}",
        "dots": "...",
        "personal, unknown": "hgt_" + "a" * 43,
        "personal, empty": "hgt_",
    }


def test_no_forged_token_is_believed_and_all_have_one_code(
    api: Api, services: Services, token: str
) -> None:
    answers = {
        name: api.get("/api/me", token=text) for name, text in forged(token, services).items()
    }
    assert {name: a.status for name, a in answers.items() if a.status != 401} == {}
    assert {a.code for a in answers.values()} == {"token_invalid"}
    for answered in answers.values():
        assert 'error="invalid_token"' in answered.headers["www-authenticate"]


def test_an_expired_token_says_so_and_one_of_an_ended_session_too(
    api: Api, services: Services, token: str, clock: SetClock
) -> None:
    signed_in = api.post(
        "/api/session", json={"email": "ada@example.com", "password": GOOD_PASSWORD}
    )
    ended = signed_in.json["access_token"]
    assert api.delete("/api/session", cookies=signed_in.cookies).status == 204
    assert api.get("/api/me", token=ended).code == "session_revoked"
    clock.advance(timedelta(hours=1))
    assert api.get("/api/me", token=token).code == "token_expired"


@pytest.mark.parametrize(
    "route",
    [route for route in ROUTES if route.access is not Access.PUBLIC],
    ids=lambda route: f"{route.method} {route.path}",
)
def test_no_route_but_the_public_ones_runs_without_a_token(api: Api, route: Any) -> None:
    path = route.path.replace("{", "").replace("}", "")
    answered = api.request(route.method, path)
    assert (answered.status, answered.code) == (401, "unauthenticated")
    assert set(answered.json) >= PROBLEM


def test_each_route_refuses_each_kind_of_nonsense_in_the_one_shape(api: Api, token: str) -> None:
    """Every route, as an admin: whatever is sent, nothing is a 500 and nothing is a stranger."""
    bad_bodies = ["{", "[]", "null", '"x"', '{"\\u0000": 1}', '{"a": 1, "a": 2}', "[" * 5000]
    seen: set[int] = set()
    for route in ROUTES:
        path = "/".join(
            str(uuid4()) if part.startswith("{") else part for part in route.path.split("/")
        )
        bad_id = "/".join("%2e%2e" if part.startswith("{") else part for part in path.split("/"))
        answers = [
            api.request(route.method, path, token=token, query={"nonsense": "1"}),
            api.request(route.method, path, token=token, query={"limit": ["1", "2"]}),
            api.request(route.method, bad_id, token=token, query={"limit": "\x00"}),
            api.request("PROPFIND", path, token=token),
        ]
        if route.method != "GET":
            answers += [
                api.request(route.method, path, token=token, body=body) for body in bad_bodies
            ]
            answers.append(
                api.request(route.method, path, token=token, body="x" * (route.most_bytes + 1))
            )
            answers.append(
                api.request(
                    route.method, path, token=token, body="a=b", headers={"Content-Type": "x/y"}
                )
            )
        for answered in answers:
            assert 400 <= answered.status < 500, (route.path, answered.json)
            assert set(answered.json) >= PROBLEM
            assert answered.json["status"] == answered.status
        seen |= {answered.status for answered in answers}
    assert seen >= {400, 405, 413, 415, 422}


def test_ids_of_others_and_ids_of_nothing_are_told_apart_by_nobody(
    api: Api, services: Services
) -> None:
    for name in ("eva", "tom"):
        make_user(services, f"{name}@example.com", Role.EDITOR)
    eva, tom = (access_token(services, f"{name}@example.com") for name in ("eva", "tom"))
    made = api.post("/api/tokens", token=eva, json={"name": "ci", "scopes": ["read"]})
    assert made.status == 201, made.json
    own = made.json.get("id") or made.json["personal_token"]["id"]
    strange = api.delete(f"/api/tokens/{own}", token=tom)
    nothing = api.delete(f"/api/tokens/{uuid4()}", token=tom)
    told = [{**a.json, "request_id": ""} for a in (strange, nothing)]
    assert told[0] == told[1]
    assert strange.status == 404
    assert api.delete(f"/api/tokens/{own}", token=eva).status == 204


def test_of_requests_at_once_each_gets_its_own_answer(api: Api, services: Services) -> None:
    emails = [f"user{n}@example.com" for n in range(4)]
    for email in emails:
        make_user(services, email)
    tokens = {email: access_token(services, email) for email in emails}
    wrong: list[str] = []

    def ask(email: str) -> None:
        for _ in range(25):
            answered = api.get("/api/me", token=tokens[email])
            if email not in answered.text or any(o in answered.text for o in emails if o != email):
                wrong.append(answered.text)

    threads = [threading.Thread(target=ask, args=(email,)) for email in emails]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []


def test_an_app_database_that_is_away_is_503_with_a_time_to_try_again(
    api: Api, services: Services, token: str
) -> None:
    services.close()
    services.database._url = "postgresql://nobody@127.0.0.1:1/nothing"  # a closed port
    answered = api.get("/api/me", token=token)
    assert (answered.status, answered.code) == (503, "database_unavailable")
    assert answered.headers["retry-after"] == "5"
    assert "127.0.0.1" not in answered.text


def test_the_description_is_served_to_everybody(api: Api) -> None:
    answered = api.get("/api/openapi.json", headers={"Accept-Encoding": "gzip"})
    assert answered.status == 200
    assert answered.json["openapi"] == "3.1.0"
    assert set(answered.json["paths"]) == {route.path for route in ROUTES}
