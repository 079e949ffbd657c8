"""The committed description of the API is what the routes say, and it is a valid one."""

from __future__ import annotations

import ast
import json
import re
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from tests.support.repository import PACKAGE, ROOT

from heliograph.kernel import errors
from heliograph.web.contract import Access, Nothing, Route
from heliograph.web.errors import status_of
from heliograph.web.functions import API_FUNCTIONS, load_routes, noun_of, nouns_of
from heliograph.web.matching import RouteTable
from heliograph.web.openapi import all_routes, make_document

COMMITTED = PACKAGE / "web/openapi.json"
ROUTES = all_routes()
DOCUMENT: dict[str, Any] = json.loads(COMMITTED.read_text())
OPERATIONS = [
    (path, method, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


def test_the_committed_document_is_what_the_routes_say() -> None:
    assert make_document(ROUTES) == DOCUMENT, "run `make openapi`"


def test_it_is_valid_openapi_3_1() -> None:
    assert list(OpenAPIV31SpecValidator(DOCUMENT).iter_errors()) == []
    broken = {**DOCUMENT, "paths": {"/api/x": {"get": {"responses": {"200": {}}}}}}
    assert list(OpenAPIV31SpecValidator(broken).iter_errors())


def test_every_function_serves_the_nouns_that_its_modules_are_called_by() -> None:
    for modules in API_FUNCTIONS.values():
        for module in modules:
            assert {route.noun for route in load_routes((module,))} == {noun_of(module)}
    nouns = [noun for function in API_FUNCTIONS for noun in nouns_of(function)]
    assert len(nouns) == len(set(nouns))


def test_every_module_of_routes_is_served_by_a_function() -> None:
    written = {path.stem for path in (PACKAGE / "web/routes").glob("*.py")} - {"__init__"}
    assert written == {module for modules in API_FUNCTIONS.values() for module in modules}


@pytest.mark.parametrize("function", API_FUNCTIONS)
def test_every_function_has_a_handler_of_its_own_name(function: str) -> None:
    RouteTable(load_routes(API_FUNCTIONS[function]))
    tree = ast.parse((ROOT / f"functions/{function}/handler.py").read_text())
    made = [ast.unparse(node) for node in tree.body if isinstance(node, ast.Assign)]
    assert made == [f"handle = make_handler('{function}')"]


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_a_route_is_declared_as_the_others_are(route: Route) -> None:
    assert route.method in ("GET", "POST", "PUT", "PATCH", "DELETE")
    assert re.fullmatch(r"/api(/([a-z][a-z.-]*|\{[a-z_]+\}))+", route.path)
    assert route.summary
    assert not route.summary.endswith(".")
    assert route.run.__doc__
    if route.method == "GET":
        assert route.body is Nothing
    for kind in route.errors:
        assert issubclass(kind, errors.HeliographError)


# Whoever opens another route to everybody says so here too.
PUBLIC = {
    "POST /api/session",
    "POST /api/session/refresh",
    "DELETE /api/session",
    "GET /api/setup",
    "POST /api/setup",
    "POST /api/invitations/inspect",
    "POST /api/invitations/accept",
    "POST /api/password-resets/inspect",
    "POST /api/password-resets/use",
    "GET /api/health",
    "GET /api/openapi.json",
}


def test_what_is_public_is_known_by_name() -> None:
    assert {named(route) for route in ROUTES if route.access is Access.PUBLIC} == PUBLIC


def test_what_nobody_must_sign_in_for_and_could_be_guessed_is_limited() -> None:
    changing = [r for r in ROUTES if r.access is Access.PUBLIC and r.method != "GET"]
    assert changing
    free = {named(r) for r in changing if r.limit is None or not r.limit.by_address}
    assert free == UNGUESSABLE


# A refresh token is a cookie of 256 random bits.
UNGUESSABLE = {"POST /api/session/refresh", "DELETE /api/session"}


def test_no_answer_has_a_member_that_is_a_secret() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    answered: set[str] = set()
    waiting = [ref for _, _, operation in OPERATIONS for ref in refs_in(operation["responses"])]
    while waiting:
        name = waiting.pop()
        if name not in answered:
            answered.add(name)
            waiting += refs_in(schemas[name])
    secret = re.compile(r"password|secret|token|private|hash|digest|credential")
    found = {
        f"{name}.{member}"
        for name in answered
        for member in schemas[name].get("properties", {})
        if secret.search(member)
    }
    assert found == SHOWN


# Tokens are shown once, when they are made.
SHOWN = {"NewTokenAnswer.token", "SessionAnswer.access_token", "ConnectionAnswer.has_password"}


def resolved(response: dict[str, Any]) -> dict[str, Any]:
    """Return a response, also one that is said by its name."""
    name = response.get("$ref", "").rpartition("/")[2]
    return DOCUMENT["components"]["responses"][name] if name else response


def refs_in(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"].rpartition("/")[2]] if "/schemas/" in value.get("$ref", "") else []
        return own + [ref for item in value.values() for ref in refs_in(item)]
    return [ref for item in value for ref in refs_in(item)] if isinstance(value, list) else []


def test_every_schema_has_a_short_name_and_is_used() -> None:
    names = set(DOCUMENT["components"]["schemas"])
    assert [name for name in names if not re.fullmatch(r"[A-Z][A-Za-z]+", name)] == []
    assert names == set(refs_in(DOCUMENT))


def test_every_object_that_is_sent_refuses_what_it_does_not_know() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    sent = {ref for _, _, operation in OPERATIONS for ref in refs_in(operation.get("requestBody"))}
    objects = {name for name in sent if schemas[name].get("type") == "object"}
    assert objects
    assert {n for n in objects if schemas[n].get("additionalProperties") is not False} == set()


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_every_operation_says_which_errors_it_answers_and_in_the_one_shape(route: Route) -> None:
    operation = DOCUMENT["paths"][route.path][route.method.lower()]
    assert (operation["security"] == []) is (route.access is Access.PUBLIC)
    responses = {status: resolved(told) for status, told in operation["responses"].items()}
    for kind in route.errors:
        told = responses[str(status_of(kind))]
        assert f"`{kind.code}`" in told["description"]
        assert "Problem" in refs_in(told["content"])
    wanted = {"422", "500", "503"}
    if route.access is not Access.PUBLIC:
        wanted |= {"401", "403"}
    if route.limit is not None:
        wanted.add("429")
        assert "Retry-After" in responses["429"]["headers"]
    assert wanted <= set(responses)
    for response in responses.values():
        assert "X-Request-Id" in response["headers"]


def test_every_code_that_an_answer_may_have_is_listed() -> None:
    listed = DOCUMENT["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]
    known = re.findall(
        r"^## `?([a-z_]+)`?$", (ROOT / "docs/reference/errors.md").read_text(), re.MULTILINE
    )
    assert listed == sorted(known)


def test_two_routes_run_by_functions_of_one_name_are_refused() -> None:
    route = ROUTES[0]
    other = next(r for r in ROUTES if r.path != route.path)
    twin = Route(other.method, other.path, route.run, "Twin", route.access)
    with pytest.raises(ValueError, match="two routes are run by"):
        make_document([route, twin])
