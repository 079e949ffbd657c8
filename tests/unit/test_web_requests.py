"""What is read from an event, and what is not believed."""

from __future__ import annotations

import base64
from typing import Any
from uuid import UUID

import pytest
from tests.support.api import rest_event

from heliograph.kernel.errors import BodyMalformed, BodyTooLarge
from heliograph.web.requests import read_request


def with_headers(*pairs: tuple[str, str]) -> dict[str, Any]:
    many: dict[str, list[str]] = {}
    for name, value in pairs:
        many.setdefault(name, []).append(value)
    return {**rest_event("GET", "/api/me"), "multiValueHeaders": many, "headers": dict(pairs)}


def test_headers_are_found_in_any_case_and_repeated_ones_are_joined() -> None:
    request = read_request(with_headers(("ACCEPT", "a"), ("accept", "b"), ("X-One", "1")))
    assert request.headers == {"accept": "a, b", "x-one": "1"}


def test_an_event_with_single_headers_and_queries_alone_is_read_too() -> None:
    event = {
        **rest_event("GET", "/api/me"),
        "multiValueHeaders": None,
        "headers": {"A": "1"},
        "multiValueQueryStringParameters": None,
        "queryStringParameters": {"q": "x"},
    }
    request = read_request(event)
    assert (request.headers, request.query) == ({"a": "1"}, {"q": ["x"]})


def test_an_event_that_says_nothing_is_a_request_for_nothing() -> None:
    request = read_request({})
    assert (request.method, request.path, request.peer, request.headers) == ("", "", None, {})
    assert UUID(request.request_id)


def test_cookies_are_read_and_of_two_with_one_name_the_first_counts() -> None:
    request = read_request(with_headers(("Cookie", 'a=1; b="2"; a=3; =4; five'), ("cookie", "c=6")))
    assert request.cookies == {"a": "1", "b": "2", "c": "6"}


@pytest.mark.parametrize("bad", ["", "a b", "x" * 65, "a\nb", "é", 7, None])
def test_a_request_id_that_could_garble_a_log_is_replaced(bad: object) -> None:
    event = rest_event("GET", "/api/me")
    event["requestContext"]["requestId"] = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
    assert read_request(event).request_id == "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
    event["requestContext"]["requestId"] = bad
    assert UUID(read_request(event).request_id)


def test_a_user_agent_is_cut_and_made_printable() -> None:
    request = read_request(with_headers(("User-Agent", "curl/8\x1b[31m é" + "x" * 20_000)))
    assert request.user_agent is not None
    assert request.user_agent.startswith("curl/8 [31m ")
    assert len(request.user_agent) == 200
    assert request.user_agent.isascii()
    assert read_request(with_headers(("User-Agent", " \t "))).user_agent is None


@pytest.mark.parametrize(
    ("forwarded", "proxies", "address"),
    [
        ("198.51.100.9", 0, "203.0.113.7"),  # anybody may write that
        ("198.51.100.9", 1, "198.51.100.9"),
        ("10.0.0.1, 198.51.100.9", 1, "198.51.100.9"),
        ("10.0.0.1, 198.51.100.9, 203.0.113.7", 1, "198.51.100.9"),  # the gateway adds its peer
        ("10.0.0.1, 198.51.100.9, 198.51.100.10", 2, "198.51.100.9"),
        ("2001:db8::1", 1, "2001:db8::1"),
        ("", 1, "203.0.113.7"),
        ("198.51.100.9", 2, "203.0.113.7"),  # fewer hops than promised: nobody is believed
        ("unknown", 1, "203.0.113.7"),
        ("'; DROP TABLE users; --", 1, "203.0.113.7"),
    ],
)
def test_the_address_is_the_peer_unless_proxies_of_our_own_stand_before(
    forwarded: str, proxies: int, address: str
) -> None:
    request = read_request(with_headers(("X-Forwarded-For", forwarded)))
    assert request.address(proxies) == address


def test_a_peer_that_is_no_address_is_none() -> None:
    event = rest_event("GET", "/api/me", address="test-invoke-source-ip")
    assert read_request(event).address(0) is None


@pytest.mark.parametrize("is_base64", [False, True])
def test_a_body_may_have_as_many_bytes_as_the_route_takes_and_no_more(is_base64: bool) -> None:
    def sent(text: str) -> bytes:
        body = base64.b64encode(text.encode()).decode() if is_base64 else text
        return read_request(
            rest_event("POST", "/api/things", body=body, is_base64=is_base64)
        ).read_body(10)

    assert sent("0123456789") == b"0123456789"
    assert sent("éééé") == "éééé".encode()
    for text in ("0123456789a", "éééééé", "x" * 100_000):  # bytes count, not characters
        with pytest.raises(BodyTooLarge, match="10 bytes"):
            sent(text)


@pytest.mark.parametrize("body", ["@@@@", "YQ", "YQ==YQ==", "é"])
def test_a_body_that_is_no_base64_is_malformed(body: str) -> None:
    with pytest.raises(BodyMalformed):
        read_request(rest_event("POST", "/api/x", body=body, is_base64=True)).read_body(100)


def test_a_body_with_half_a_surrogate_pair_is_malformed() -> None:
    with pytest.raises(BodyMalformed):
        read_request(rest_event("POST", "/api/x", body="\ud800")).read_body(100)
