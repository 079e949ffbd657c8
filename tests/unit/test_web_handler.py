"""A handler from event to answer, over services that are not there."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from tests.support.api import Answered, read_answer, rest_event

from heliograph.kernel.actors import Actor, ActorKind, Role
from heliograph.kernel.errors import HeliographError, NotFound, SessionRevoked, TokenExpired
from heliograph.kernel.ids import UserId, new_id
from heliograph.platform.settings import AppSettings
from heliograph.web.app import make_handler
from heliograph.web.contract import (
    Access,
    Answer,
    AnswerModel,
    Call,
    QueryModel,
    RequestModel,
    Route,
)
from heliograph.web.services import Services

SECRET = "correct-horse-battery-staple"
ID = "0198a000-0000-7000-8000-000000000001"
JSON = {"Content-Type": "application/json"}


class Name(RequestModel):
    name: str


class Search(QueryModel):
    q: str | None = None


class Thing(AnswerModel):
    name: str
    id: UUID | None = None


class FakeKeeper:
    """Stands for sessions and for tokens: knows actors by their token."""

    def __init__(self) -> None:
        self.known: dict[str, Actor | HeliographError] = {}
        self.asked: list[Mapping[str, Any]] = []

    def authenticate(self, token: str, **about: Any) -> Actor:
        self.asked.append({"token": token, **about})
        found = self.known.get(token, TokenExpired("The token has expired."))
        if isinstance(found, HeliographError):
            raise found
        return replace(found, request_id=about["request_id"])


class Web:
    """A handler of the routes below and what it stands on."""

    def __init__(self, settings: AppSettings | None = None) -> None:
        services: Any = Services(settings or AppSettings(public_url="https://app.example"), {})
        services.sessions, services.tokens = FakeKeeper(), FakeKeeper()
        self.sessions: FakeKeeper = services.sessions
        self.tokens: FakeKeeper = services.tokens
        for role in Role:
            self.sessions.known[role.value] = person(role)
            self.tokens.known[f"hgt_{role.value}"] = person(role, scopes=frozenset({"read"}))
        self.handler = make_handler("things", ROUTES, services=services)

    def __call__(self, method: str, path: str, token: str | None = None, **how: Any) -> Answered:
        headers = {**(how.pop("headers", None) or {})}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return read_answer(self.handler(rest_event(method, path, headers=headers, **how), None))


def person(role: Role, scopes: frozenset[str] | None = None) -> Actor:
    kind = ActorKind.USER if scopes is None else ActorKind.TOKEN
    return Actor(kind, UserId(new_id()), f"{role}@example.com", role, scopes=scopes)


def create(call: Call[Name, Any]) -> Answer:
    return Answer(Thing(name=call.body.name), cookies=("a=1; HttpOnly", "b=2"))


def find(call: Call[Any, Search]) -> Thing:
    return Thing(name=call.query.q or "none", id=call.ids["id"])


def remove(call: Call[Any, Any]) -> None:
    raise NotFound("There is no such thing.")


def fail(call: Call[Any, Any]) -> Thing:
    raise RuntimeError(f"the password is {SECRET}")


def misuse(call: Call[Any, Any]) -> Thing:
    return Thing(name=call)  # type: ignore[arg-type]


def inject(call: Call[Any, Any]) -> Answer:
    return Answer(None, headers={"X-Name": f"a\r\nSet-Cookie: {SECRET}"})


def large(call: Call[Any, Any]) -> Answer:
    return Answer(b'{"a":"' + call.headers["x-fill"].encode() * 1024 * 1024 + b'"}')


def binary(call: Call[Any, Any]) -> Answer:
    return Answer(b"\xff\x00", media_type="application/octet-stream")


def whoami(call: Call[Any, Any]) -> Thing:
    return Thing(name=str(call.actor.role), id=call.actor.user_id)


def refresh(call: Call[Any, Any]) -> Thing:
    return Thing(name=call.cookies.get("refresh", "none"))


def change(call: Call[Any, Any]) -> None:
    return None


ROUTES = (
    Route("POST", "/api/things", create, "s", Access.PUBLIC, body=Name, answer=Thing, status=201),
    Route("GET", "/api/things/{id}", find, "s", Access.PUBLIC, query=Search, answer=Thing),
    Route("DELETE", "/api/things/{id}", remove, "s", Access.PUBLIC),
    Route("GET", "/api/things/fail", fail, "s", Access.PUBLIC, answer=Thing),
    Route("GET", "/api/things/misuse", misuse, "s", Access.PUBLIC, answer=Thing),
    Route("GET", "/api/things/inject", inject, "s", Access.PUBLIC),
    Route("GET", "/api/things/large", large, "s", Access.PUBLIC),
    Route("GET", "/api/things/binary", binary, "s", Access.PUBLIC, status=200, answer=Thing),
    Route("GET", "/api/things/mine", whoami, "s", Access.SIGNED_IN, answer=Thing),
    Route("GET", "/api/things/edited", whoami, "s", Access.EDITOR, answer=Thing),
    Route("GET", "/api/things/ruled", whoami, "s", Access.ADMIN, answer=Thing),
    Route("POST", "/api/things/mine", change, "s", Access.SIGNED_IN),
    Route("POST", "/api/things/refresh", refresh, "s", Access.PUBLIC, answer=Thing),
)


@pytest.fixture
def web() -> Web:
    return Web()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_route_answers_with_its_status_its_model_and_its_cookies(web: Web) -> None:
    made = web("POST", "/api/things", body='{"name": "é"}', headers=JSON)
    assert (made.status, made.json) == (201, {"name": "é", "id": None})
    assert made.cookies == {"a": "1", "b": "2"}
    assert made.headers["content-type"] == "application/json"
    assert made.headers["cache-control"] == "no-store"
    found = web("GET", f"/api/things/{ID}", query={"q": ["%2F é"]})
    assert (found.status, found.json) == (200, {"name": "%2F é", "id": ID})


def test_a_route_that_answers_nothing_answers_204(web: Web) -> None:
    answered = web("POST", "/api/things/mine", "admin")
    assert (answered.status, answered.body) == (204, b"")


def test_head_is_get_without_the_body(web: Web) -> None:
    head, get = (web(method, f"/api/things/{ID}") for method in ("HEAD", "GET"))
    assert (head.status, head.body) == (get.status, b"") == (200, b"")
    assert head.headers["content-type"] == get.headers["content-type"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/things/", 404, "route_unknown"),
        ("GET", "/api/other", 404, "route_unknown"),
        ("GET", f"/api/things/{ID}/..", 404, "route_unknown"),
        ("GET", "/api/things/..", 404, "not_found"),
        ("GET", "/api/things/%2e%2e%2fadmin", 404, "not_found"),
        ("GET", "/api/things/%zz", 404, "not_found"),
        ("GET", "/api/things/7", 404, "not_found"),
        ("GET", "/api/things/{id}", 404, "not_found"),
        ("PUT", f"/api/things/{ID}", 405, "method_unsupported"),
        ("TRACE", "/api/things", 405, "method_unsupported"),
        ("OPTIONS", "/api/things", 405, "method_unsupported"),
        ("get", f"/api/things/{ID}", 405, "method_unsupported"),
        ("GET\r\nX: 1", f"/api/things/{ID}", 405, "method_unsupported"),
        ("", f"/api/things/{ID}", 405, "method_unsupported"),
        ("DELETE", f"/api/things/{ID}", 404, "not_found"),
    ],
)
def test_unknown_paths_methods_and_ids_have_the_one_shape(
    web: Web, method: str, path: str, status: int, code: str
) -> None:
    answered = web(method, path)
    assert (answered.status, answered.code) == (status, code)
    assert set(answered.json) >= {
        "type", "title", "status", "code", "detail", "errors", "request_id"
    }  # fmt: skip
    assert answered.json["request_id"] == answered.headers["x-request-id"]


def test_a_method_that_is_not_there_names_those_that_are(web: Web) -> None:
    assert web("PUT", f"/api/things/{ID}").headers["allow"] == "DELETE, GET, HEAD"


def test_a_body_a_type_and_a_query_are_checked_before_the_route_runs(web: Web) -> None:
    sent = [
        ({"body": "{", "headers": JSON}, 400, "body_malformed"),
        ({"body": '{"name": "a"}'}, 415, "media_type_unsupported"),
        ({"body": '{"name": 1}', "headers": JSON}, 422, "request_invalid"),
        ({"body": f'"{"x" * 300_000}"', "headers": JSON}, 413, "body_too_large"),
        ({"body": '{"name": "a"}', "headers": JSON, "query": {"a": ["1"]}}, 422, "request_invalid"),
        ({"body": '{"name": "a"}', "headers": JSON}, 201, None),
    ]
    answers = [web("POST", "/api/things", **how) for how, _, _ in sent]
    assert [(a.status, a.code) for a in answers] == [(status, code) for _, status, code in sent]


@pytest.mark.parametrize("path", ["fail", "misuse", "inject"])
def test_what_nobody_foresaw_is_500_logged_once_and_tells_nothing(
    web: Web, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    answered = web("GET", f"/api/things/{path}")
    assert (answered.status, answered.code) == (500, "unexpected")
    captured = capsys.readouterr()
    assert captured.out == ""
    told = [json.loads(line) for line in captured.err.splitlines()]
    assert [line["event"] for line in told] == ["http.failed", "http.request"]
    assert told[0]["request_id"] == answered.json["request_id"] == told[1]["request_id"]
    assert any(line.startswith("heliograph.web.app:") for line in told[0]["trace"])
    for text in (captured.err, answered.text, str(answered.headers)):
        assert SECRET not in text
        assert "Traceback" not in text


def test_settings_that_lack_are_an_answer_and_the_log_names_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HELIOGRAPH_DATABASE", raising=False)
    handler = make_handler("audit", ROUTES)
    answered = read_answer(handler(rest_event("GET", f"/api/things/{ID}"), None))
    assert (answered.status, answered.code) == (500, "settings_missing")
    assert "HELIOGRAPH_" not in answered.text
    assert "HELIOGRAPH_DATABASE" in lines(capsys)[0]["message"]


def test_a_request_is_one_line_that_holds_nothing_of_what_was_sent(
    web: Web, capsys: pytest.CaptureFixture[str]
) -> None:
    web("GET", f"/api/things/{ID}", query={"q": [SECRET]}, headers={"Cookie": f"a={SECRET}"})
    web("POST", "/api/things", body=json.dumps({"name": SECRET}), headers=JSON)
    web("GET", f"/api/things/{SECRET}")
    web("GET", f"/api/{SECRET}")
    web(SECRET, "/api/things")
    web("GET", "/api/things/mine", f"hgt_{SECRET}")
    answered = web("GET", "/api/things/mine", "viewer")
    captured = capsys.readouterr().err
    assert SECRET not in captured
    first, *_, last = told = [json.loads(line) for line in captured.splitlines()]
    assert {line["event"] for line in told} == {"http.request"}
    assert len(told) == 7
    assert (first["cold"], first["function"]) == (True, "things")
    assert [line.get("route") for line in told] == [
        "/api/things/{id}", "/api/things", "/api/things/{id}", None, None,
        "/api/things/mine", "/api/things/mine",
    ]  # fmt: skip
    assert (last["status"], last["method"], last["user"]) == (200, "GET", answered.json["id"])
    assert "cold" not in last
    assert last["duration_ms"] >= 0


def test_a_token_says_who_asks(web: Web) -> None:
    answered = web("GET", "/api/things/mine", "viewer", headers={"User-Agent": "curl/8"})
    assert (answered.status, answered.json["name"]) == (200, "viewer")
    assert web.sessions.asked == [
        {
            "token": "viewer",
            "address": "203.0.113.7",
            "user_agent": "curl/8",
            "request_id": answered.headers["x-request-id"],
        }
    ]
    assert web("GET", "/api/things/mine", "hgt_editor").json["name"] == "editor"
    assert [asked["token"] for asked in web.tokens.asked] == ["hgt_editor"]


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "unauthenticated"),
        ("", "unauthenticated"),
        ("Basic YWRtaW46YWRtaW4=", "unauthenticated"),
        ("admin", "unauthenticated"),
        ("Bearer", "token_invalid"),
        ("Bearer ", "token_invalid"),
        ("Bearer ad min", "token_invalid"),
        ("Bearer admin, Bearer admin", "token_invalid"),
        ("Bearer admin\x00", "token_invalid"),
        ("Bearer é", "token_invalid"),
        ("Bearer " + "a" * 5000, "token_invalid"),
        ("Bearer unknown", "token_expired"),
    ],
)
def test_without_a_token_that_is_known_nothing_runs(
    web: Web, header: str | None, code: str
) -> None:
    headers = {} if header is None else {"Authorization": header}
    answered = web("GET", "/api/things/mine", headers=headers)
    assert (answered.status, answered.code) == (401, code)
    assert answered.headers["www-authenticate"].startswith('Bearer realm="heliograph"')
    assert web("GET", "/api/things/mine", headers={"authorization": "bEaReR admin"}).status == 200


def test_a_token_that_is_sent_twice_is_none(web: Web) -> None:
    event = rest_event("GET", "/api/things/mine")
    event["multiValueHeaders"]["Authorization"] = ["Bearer admin", "Bearer viewer"]
    assert read_answer(web.handler(event, None)).code == "token_invalid"


def test_a_session_that_was_ended_says_so(web: Web) -> None:
    web.sessions.known["ended"] = SessionRevoked("The session has ended.")
    assert web("GET", "/api/things/mine", "ended").code == "session_revoked"


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("mine", {"admin", "editor", "viewer"}),
        ("edited", {"admin", "editor"}),
        ("ruled", {"admin"}),
    ],
)
def test_a_role_that_is_too_low_is_refused(web: Web, path: str, allowed: set[str]) -> None:
    answers = {role.value: web("GET", f"/api/things/{path}", role.value) for role in Role}
    assert {role for role, answered in answers.items() if answered.status == 200} == allowed
    refused = {a.code for role, a in answers.items() if role not in allowed}
    assert refused <= {"forbidden"}


def test_a_token_does_no_more_than_its_scope_says(web: Web) -> None:
    assert web("GET", "/api/things/ruled", "hgt_admin").status == 200
    refused = web("POST", "/api/things/mine", "hgt_admin")
    assert (refused.status, refused.code) == (403, "forbidden")
    web.tokens.known["hgt_w"] = person(Role.ADMIN, scopes=frozenset({"write"}))
    assert web("POST", "/api/things/mine", "hgt_w").status == 204
    assert web("GET", "/api/things/mine", "hgt_w").status == 403


def test_who_asks_is_found_out_before_the_body_is_read(web: Web) -> None:
    assert web("POST", "/api/things/mine", body="{").code == "unauthenticated"
    assert web("POST", "/api/things/mine", "admin", body="{", headers=JSON).code == "body_malformed"


@pytest.mark.parametrize(
    ("headers", "is_taken"),
    [
        ({}, False),
        ({"Content-Type": "text/plain"}, False),
        ({"Content-Type": "application/x-www-form-urlencoded"}, False),
        ({"Content-Type": "application/json"}, True),
        ({"Origin": "https://app.example"}, True),
        ({"Origin": "http://heliograph.example"}, True),  # the host that was called
        ({"Origin": "https://evil.example", **JSON}, False),
        ({"Origin": "https://app.example.evil.example", **JSON}, False),
        ({"Origin": "null", **JSON}, False),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-site", **JSON}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://app.example", **JSON}, False),
    ],
)
def test_a_cookie_counts_only_for_our_own_pages(
    web: Web, headers: dict[str, str], is_taken: bool
) -> None:
    answered = web("POST", "/api/things/refresh", headers={"Cookie": "refresh=r1", **headers})
    if is_taken:
        assert (answered.status, answered.json["name"]) == (200, "r1")
    else:
        assert (answered.status, answered.code) == (403, "forbidden")
    assert web("POST", "/api/things/refresh", headers=headers).json["name"] == "none"


def test_by_default_no_other_origin_is_told_anything(web: Web) -> None:
    origin = {"Origin": "https://other.example", "Access-Control-Request-Method": "GET"}
    for method in ("GET", "OPTIONS"):
        answered = web(method, f"/api/things/{ID}", headers=origin)
        assert [name for name in answered.headers if name.startswith("access-control")] == []
    assert answered.status == 405


def test_an_allowed_origin_may_call_with_a_token_and_others_may_not() -> None:
    web = Web(AppSettings(allowed_origins="https://a.example, https://b.example/ ,*"))
    asked = {"Access-Control-Request-Method": "POST"}
    pre = web("OPTIONS", "/api/things", headers={"Origin": "https://b.example", **asked})
    assert (pre.status, pre.body) == (204, b"")
    assert pre.headers["access-control-allow-origin"] == "https://b.example"
    assert pre.headers["access-control-allow-methods"] == "POST"
    assert pre.headers["access-control-allow-headers"] == "authorization, content-type"
    assert "access-control-allow-credentials" not in pre.headers
    got = web("GET", f"/api/things/{ID}", headers={"Origin": "https://a.example"})
    assert got.headers["access-control-allow-origin"] == "https://a.example"
    assert got.headers["vary"] == "Origin"
    failed = web("GET", "/api/things/fail", headers={"Origin": "https://a.example"})
    assert failed.headers["access-control-allow-origin"] == "https://a.example"
    for origin in ("https://c.example", "null", "*", "https://a.example.evil.example", ""):
        for method in ("GET", "OPTIONS"):
            other = web(method, f"/api/things/{ID}", headers={"Origin": origin, **asked})
            assert "access-control-allow-origin" not in other.headers
            assert other.headers["vary"] == "Origin"


def test_answers_are_packed_where_the_client_takes_it(web: Web) -> None:
    query = {"q": ["é" * 1000]}
    plain = web("GET", f"/api/things/{ID}", query=query)
    packed = web("GET", f"/api/things/{ID}", query=query, headers={"Accept-Encoding": "br, gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.json == plain.json
    assert len(packed.body) * 5 < len(plain.body)
    assert plain.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"
    for header in ("", "br", "gzip;q=0", "identity", "gzip; q=0.0"):
        refused = web("GET", f"/api/things/{ID}", query=query, headers={"Accept-Encoding": header})
        assert "content-encoding" not in refused.headers
    small = web("GET", f"/api/things/{ID}", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in small.headers


@pytest.mark.parametrize(
    ("fill", "accept", "status"),
    [
        ("xxxxx", "", 200),
        ("xxxxxx", "", 502),
        ('\\"\\', "", 200),  # each would become two in JSON, so it goes as base64
        ("xxxxxx", "gzip", 200),
    ],
)
def test_an_answer_larger_than_lambda_sends_is_refused(
    web: Web, fill: str, accept: str, status: int
) -> None:
    headers = {"X-Fill": fill, "Accept-Encoding": accept}
    answered = web("GET", "/api/things/large", headers=headers)
    assert answered.status == status
    if status != 200:
        assert answered.code == "answer_too_large"


def test_bytes_travel_as_they_are(web: Web) -> None:
    answered = web("GET", "/api/things/binary")
    assert (answered.body, answered.headers["content-type"]) == (
        b"\xff\x00",
        "application/octet-stream",
    )


def test_the_event_is_left_as_it_came(web: Web) -> None:
    event = rest_event("GET", f"/api/things/{ID}")
    before = json.dumps(event)
    web.handler(event, None)
    assert json.dumps(event) == before
    assert event["resource"] == "/api/things/{proxy+}"


def test_threads_never_see_each_others_requests() -> None:
    barrier = threading.Barrier(2)
    seen: list[tuple[str, str | None]] = []

    def meet(call: Call[Any, Search]) -> Thing:
        barrier.wait(5)  # both requests are inside now
        return Thing(name=call.query.q or "", id=call.actor.user_id)

    route = Route("GET", "/api/things", meet, "s", Access.SIGNED_IN, query=Search, answer=Thing)
    services: Any = Services(AppSettings(), {})
    services.sessions = keeper = FakeKeeper()
    people = {name: person(Role.VIEWER) for name in ("anna", "ben")}
    keeper.known |= people
    handler = make_handler("things", [route], services=services)

    def ask(name: str) -> Callable[[], None]:
        event = rest_event(
            "GET", "/api/things", query={"q": [name]}, headers={"Authorization": f"Bearer {name}"}
        )

        def run() -> None:
            for _ in range(50):
                answered = read_answer(handler(event, None))
                seen.append((name, answered.json.get("name")))
                assert answered.json["id"] == str(people[name].user_id)

        return run

    threads = [threading.Thread(target=ask(name)) for name in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(seen) == [("anna", "anna")] * 50 + [("ben", "ben")] * 50


class CountedRoutes(list[Route]):
    """Routes that count how often somebody goes through them."""

    count = 0

    def __iter__(self) -> Iterator[Route]:
        self.count += 1
        return super().__iter__()


def test_a_handler_is_made_at_the_first_request_and_once() -> None:
    routes, together = CountedRoutes(ROUTES), threading.Barrier(4)
    handler = make_handler("things", routes, services=Services(AppSettings(), {}))
    assert routes.count == 0
    statuses: list[int] = []

    def ask() -> None:
        together.wait(5)
        statuses.append(handler(rest_event("GET", f"/api/things/{ID}"), None)["statusCode"])

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert statuses == [200] * 4
    assert routes.count == 2, "once for the table of paths, once for Chalice"
