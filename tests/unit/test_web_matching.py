"""Which route a path is, and which it is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.web.contract import Access, Call, Route
from heliograph.web.matching import RouteTable


def run(call: Call[object, object]) -> None:
    """Do nothing."""


def route(method: str, path: str) -> Route:
    return Route(method, path, run, "Do nothing", Access.PUBLIC)


TABLE = RouteTable(
    [
        route("GET", "/api/things"),
        route("POST", "/api/things"),
        route("GET", "/api/things/{id}"),
        route("DELETE", "/api/things/{id}"),
        route("POST", "/api/things/test"),
        route("POST", "/api/things/{id}/parts/{part_id}"),
        route("POST", "/api/things/{id}/parts/new"),
    ]
)


@pytest.mark.parametrize(
    ("path", "declared", "texts"),
    [
        ("/api/things", "/api/things", {}),
        ("/api/things/7", "/api/things/{id}", {"id": "7"}),
        ("/api/things/test", "/api/things/test", {}),
        ("/api/things/7/parts/8", "/api/things/{id}/parts/{part_id}", {"id": "7", "part_id": "8"}),
        ("/api/things/7/parts/new", "/api/things/{id}/parts/new", {"id": "7"}),
        # What is escaped stays escaped: it is for whoever reads the identifier to refuse it.
        ("/api/things/a%2Fb", "/api/things/{id}", {"id": "a%2Fb"}),
        ("/api/things/..", "/api/things/{id}", {"id": ".."}),
    ],
)
def test_a_path_becomes_the_declared_one_and_literal_parts_go_first(
    path: str, declared: str, texts: dict[str, str]
) -> None:
    match = TABLE.find(path)
    assert match is not None
    assert (match.path, match.texts) == (declared, texts)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/api",
        "/api/",
        "/api/things/",
        "/api//things",
        "//api/things",
        "/API/things",
        "/api/Things",
        "/api/things/7/",
        "/api/things/7/parts",
        "/api/./things",
        "/api/%74hings",
        "/api/things%00",
        "/api/things?x=1",
        "/api/other/../things",
        "api/things",
        "/api/things/7/parts/8/9",
    ],
)
def test_nothing_else_is_a_declared_path(path: str) -> None:
    assert TABLE.find(path) is None


def test_the_methods_of_a_path_are_those_declared_and_head_goes_with_get() -> None:
    found = {path: TABLE.find(path) for path in ("/api/things", "/api/things/test")}
    assert {path: match.methods for path, match in found.items() if match} == {
        "/api/things": ("GET", "HEAD", "POST"),
        "/api/things/test": ("POST",),
    }


@pytest.mark.parametrize(
    ("paths", "why"),
    [
        (["/api/a/{id}", "/api/a/{id}"], "declared twice"),
        (["/api/a/{id}", "/api/a/{name}"], "the same path"),
    ],
)
def test_two_routes_that_are_one_are_refused(paths: list[str], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        RouteTable([route("GET", path) for path in paths])


@given(st.text(max_size=60))
def test_whatever_the_path_a_match_reads_back_as_it(path: str) -> None:
    match = TABLE.find(path)
    assert match is None or match.path.format(**match.texts) == path
