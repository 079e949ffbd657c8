"""The embedded gateway keeps API Gateway's and Lambda's promises, over real sockets."""

from __future__ import annotations

import gzip
import json
import socket
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.support.local_gateway import OPEN, Running, running_gateway

from heliograph.local.gateway import MOST_BODY_BYTES
from heliograph.platform.blob_store_folder import FolderBlobStore


@pytest.fixture(scope="module")
def gateway() -> Iterator[Running]:
    with running_gateway() as running:
        yield running


def sample() -> Any:
    """The sample handler's module, as the invoker has imported it."""
    return sys.modules["sample_api.handler"]


@pytest.fixture
def held() -> Iterator[Any]:
    """The handler `hold` answers when the test is over, at the latest."""
    with running_gateway():  # imports the handler
        pass
    module = sample()
    module.HELD.clear()
    while module.ENTERED.acquire(blocking=False):
        pass
    try:
        yield module
    finally:
        module.HELD.set()


def event_of(gateway: Running, method: str, path: str, **how: Any) -> dict[str, Any]:
    got = gateway.ask(method, path, **how)
    assert got.status == 200, got.body
    event: dict[str, Any] = got.json["event"]
    return event


# The event


def test_a_request_becomes_a_rest_proxy_event(gateway: Running) -> None:
    event = event_of(
        gateway,
        "POST",
        "/api/echo/a/b?x=1&x=2&empty=&s=a%20b%2Bc",
        body='{"ü": 1}'.encode(),
        headers={"Content-Type": "application/json", "X-Twice": "one"},
    )
    assert event["httpMethod"] == "POST"
    assert event["path"] == "/api/echo/a/b"
    assert event["resource"] == event["requestContext"]["resourcePath"] == "/api/echo/{proxy+}"
    assert event["pathParameters"] == {"proxy": "a/b"}
    assert event["multiValueQueryStringParameters"] == {
        "x": ["1", "2"],
        "empty": [""],
        "s": ["a b+c"],
    }
    assert event["queryStringParameters"]["x"] == "2"
    assert event["multiValueHeaders"]["x-twice"] == ["one"]
    assert event["headers"]["content-type"] == "application/json"
    assert (event["body"], event["isBase64Encoded"]) == ('{"ü": 1}', False)
    assert event["requestContext"]["identity"]["sourceIp"] == "127.0.0.1"


def test_what_is_absent_is_null(gateway: Running) -> None:
    event = event_of(gateway, "GET", "/api/echo")
    assert event["resource"] == "/api/echo"
    names = ("queryStringParameters", "multiValueQueryStringParameters", "pathParameters", "body")
    assert [event[name] for name in names] == [None] * 4


def test_the_path_stays_as_it_was_sent_and_the_proxy_is_decoded_once(gateway: Running) -> None:
    event = event_of(gateway, "GET", "/api/echo/a%2Fb/%2525/..%2f..%2fetc")
    assert event["path"] == "/api/echo/a%2Fb/%2525/..%2f..%2fetc"
    assert event["pathParameters"] == {"proxy": "a/b/%25/../../etc"}


def test_a_body_that_is_no_text_comes_in_base64(gateway: Running) -> None:
    for kind in ("application/octet-stream", "application/json"):
        event = event_of(
            gateway, "PUT", "/api/echo", body=b"\xff\x00", headers={"Content-Type": kind}
        )
        assert (event["body"], event["isBase64Encoded"]) == ("/wA=", True)


def test_whom_a_request_came_from_is_appended_and_never_believed(gateway: Running) -> None:
    event = event_of(gateway, "GET", "/api/echo", headers={"X-Forwarded-For": "8.8.8.8"})
    assert event["headers"]["x-forwarded-for"] == "8.8.8.8, 127.0.0.1"
    assert event["requestContext"]["identity"]["sourceIp"] == "127.0.0.1"


@pytest.mark.parametrize(
    ("trusted", "counts"),
    [
        ("127.0.0.1,::1", "8.8.8.8"),
        ("10.0.0.7,127.0.0.0/8", "8.8.8.8"),
        ("10.0.0.7,172.16.0.0/12", "127.0.0.1"),
    ],
)
def test_behind_a_proxy_the_address_that_it_forwards_counts_and_nobody_elses(
    trusted: str, counts: str
) -> None:
    with running_gateway(trusted_proxies=trusted) as gateway:
        event = event_of(gateway, "GET", "/api/echo", headers={"X-Forwarded-For": "8.8.8.8"})
    assert event["requestContext"]["identity"]["sourceIp"] == counts


def test_the_context_is_that_of_lambda(gateway: Running) -> None:
    told = gateway.get("/api/echo").json
    assert told["context"]["function"] == "SampleApiFunction"
    assert told["context"]["memory"] == "256"
    assert 0 < told["context"]["left"] <= 2000
    assert told["context"]["request_id"] == told["event"]["requestContext"]["requestId"]


# The answer


def test_an_answer_goes_back_as_it_was_given(gateway: Running) -> None:
    assert gateway.get("/api/acts/binary").body == b"\x00\x01\x02\xff"
    assert gateway.get("/api/acts/cookies").set_cookies == ["a=1", "b=2"]
    nothing = gateway.get("/api/acts/nothing")
    assert (nothing.status, nothing.body) == (204, b"")
    assert "content-length" not in nothing.headers
    assert len(gateway.get("/api/acts/nearly").body) == 5 * 1024 * 1024


def test_head_has_the_headers_and_no_body(gateway: Running) -> None:
    got = gateway.ask("HEAD", "/api/echo")
    assert (got.status, got.body) == (200, b"")
    assert int(got.headers["content-length"]) > 0


@pytest.mark.parametrize(
    ("act", "status", "code"),
    [
        ("big", 502, "answer_too_large"),
        ("escaped", 502, "answer_too_large"),
        ("text", 502, "handler_failed"),
        ("status", 502, "handler_failed"),
        ("smuggle", 502, "handler_failed"),
        ("garbled", 502, "handler_failed"),
        ("fail", 502, "handler_failed"),
        ("unknown", 502, "handler_failed"),
        ("quit", 502, "handler_failed"),
    ],
)
def test_what_lambda_would_not_take_is_refused(
    gateway: Running, act: str, status: int, code: str
) -> None:
    got = gateway.get(f"/api/acts/{act}")
    assert (got.status, got.json["code"]) == (status, code)
    assert got.json["request_id"] == got.headers["x-request-id"]
    assert b"4711" not in got.body
    assert "x-b" not in got.headers
    assert gateway.told[-1].code == code


def test_an_unknown_path_has_the_one_error_shape(gateway: Running) -> None:
    for path in ("/api/nowhere", "/api/", "/api", "/api/echoes", "/api/acts"):
        got = gateway.get(path)
        assert (got.status, got.json["code"]) == (404, "route_unknown")
        assert {"type", "title", "status", "detail", "errors", "request_id"} <= got.json.keys()


def test_a_handler_that_leaves_a_thread_behind_fails_where_that_is_looked_at(held: Any) -> None:
    with running_gateway(is_strict=True) as gateway:
        left = gateway.get("/api/acts/leak")
        clean = gateway.get("/api/echo")
    assert (left.status, left.json["code"]) == (502, "handler_failed")
    assert "left-behind" in left.json["detail"]
    assert clean.status == 200


# Time


def test_a_handler_is_ended_at_the_templates_timeout() -> None:
    with running_gateway() as gateway:
        sample().INTERRUPTED.clear()
        began = time.monotonic()
        got = gateway.get("/api/acts/hang")
        assert (got.status, got.json["code"]) == (504, "handler_timed_out")
        assert 1.9 < time.monotonic() - began < 4
        assert sample().INTERRUPTED.wait(2), "the thread was not told"


def test_the_place_of_a_handler_that_ran_too_long_stays_taken_until_it_ends(held: Any) -> None:
    limits = replace(OPEN, running=1, waiting=0, answer_seconds=0.3)
    with running_gateway(limits=limits) as gateway:
        assert gateway.get("/api/acts/hold").status == 504
        refused = gateway.get("/api/echo")
        assert (refused.status, refused.json["code"]) == (503, "overloaded")
        held.HELD.set()
        deadline = time.monotonic() + 5
        while gateway.get("/api/echo").status != 200:
            assert time.monotonic() < deadline
            time.sleep(0.02)


# Too much


def test_two_hundred_slow_requests_at_once_neither_pile_up_nor_block() -> None:
    limits = replace(OPEN, running=4, waiting=8, wait_seconds=1.0)
    process = psutil.Process()
    with running_gateway(limits=limits) as gateway:
        gateway.get("/api/echo")
        before = process.memory_info().rss
        began = time.monotonic()
        with ThreadPoolExecutor(200) as pool:
            got = list(pool.map(lambda _: gateway.get("/api/acts/nap"), range(200)))
        seconds = time.monotonic() - began
        after = gateway.get("/api/echo")
    statuses = {one.status for one in got}
    assert statuses == {200, 503}
    refused = [one for one in got if one.status == 503]
    assert all(one.json["code"] == "overloaded" for one in refused)
    assert all(int(one.headers["retry-after"]) >= 1 for one in refused)
    assert len(refused) > 100
    assert seconds < 10
    assert after.status == 200
    assert process.memory_info().rss - before < 100_000_000


def test_an_address_that_asks_too_often_is_told_when_to_come_back() -> None:
    with running_gateway(limits=replace(OPEN, requests_per_second=2, burst=3)) as gateway:
        got = [gateway.get("/api/echo") for _ in range(5)]
        statuses = [one.status for one in got]
        assert statuses == [200, 200, 200, 429, 429]
        assert got[-1].json["code"] == "rate_limited"
        assert got[-1].headers["retry-after"] == "1"
        time.sleep(0.6)  # what it was told to wait, in part: a token comes every half second
        assert gateway.get("/api/echo").status == 200


def test_a_body_over_the_limit_is_refused_and_one_at_the_limit_is_not(gateway: Running) -> None:
    headers = {"Content-Type": "text/plain"}
    got = gateway.ask("POST", "/api/echo", b"x" * (MOST_BODY_BYTES + 1), headers)
    assert (got.status, got.json["code"]) == (413, "body_too_large")
    # Echoed, it is too large for an answer; it has come through all the same.
    allowed = gateway.ask("POST", "/api/echo", b"x" * MOST_BODY_BYTES, headers)
    assert allowed.json["code"] == "answer_too_large"
    chunked = b"".join(b"10000\r\n" + b"y" * 65536 + b"\r\n" for _ in range(170)) + b"0\r\n\r\n"
    head = b"POST /api/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert gateway.raw(head + chunked).startswith(b"HTTP/1.1 413 ")


def test_a_slow_body_and_a_slow_head_are_not_waited_for() -> None:
    with running_gateway(limits=replace(OPEN, body_seconds=0.3), head_seconds=0.3) as gateway:
        began = time.monotonic()
        late = gateway.raw(b"POST /api/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab")
        assert late.startswith(b"HTTP/1.1 400 ")
        assert b"body_malformed" in late
        assert gateway.raw(b"GET /api/echo HTTP/1.1\r\nHos").startswith(b"HTTP/1.1 422 ")
        assert gateway.raw(b"") == b""
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as kept:
            kept.sendall(b"GET /api/acts/binary HTTP/1.1\r\nHost: a\r\n\r\n")
            first = kept.recv(65536)
            while not first.endswith(b"\x00\x01\x02\xff"):
                first += kept.recv(65536)
            assert first.startswith(b"HTTP/1.1 200 ")
            kept.sendall(b"GET /api")
            assert kept.recv(65536).startswith(b"HTTP/1.1 422 ")
        assert time.monotonic() - began < 5


def test_a_head_without_end_is_cut_off(gateway: Running) -> None:
    endless = b"GET /api/echo HTTP/1.1\r\n" + b"X-A: " + b"a" * 70_000
    answered = gateway.raw(endless)
    assert answered.startswith(b"HTTP/1.1 422 ")
    assert json.loads(answered.partition(b"\r\n\r\n")[2])["code"] == "request_invalid"


def test_what_is_no_http_is_refused_in_the_one_shape(gateway: Running) -> None:
    answered = gateway.raw(b"\x16\x03\x01 hello\r\n\r\n")
    assert answered.startswith(b"HTTP/1.1 422 ")
    assert b"connection: close" in answered


def test_more_connections_than_there_is_room_for_are_refused() -> None:
    with running_gateway(most_connections=3) as gateway:
        held = [socket.create_connection(("127.0.0.1", gateway.port)) for _ in range(3)]
        try:
            answered = gateway.raw(b"GET /api/echo HTTP/1.1\r\nHost: a\r\n\r\n")
        except ConnectionResetError:  # it closes without reading what we send
            answered = b"HTTP/1.1 503 "
        for one in held:
            one.close()
        assert answered.startswith(b"HTTP/1.1 503 ")
        deadline = time.monotonic() + 5
        while b"200 OK" not in gateway.raw(
            b"GET /api/echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        ):
            assert time.monotonic() < deadline


def test_small_answers_on_a_kept_connection_do_not_wait_for_each_other(gateway: Running) -> None:
    connection = HTTPConnection("127.0.0.1", gateway.port, timeout=10)
    began = time.monotonic()
    for _ in range(20):
        connection.request("GET", "/api/acts/binary")
        assert connection.getresponse().read() == b"\x00\x01\x02\xff"
    connection.close()
    assert time.monotonic() - began < 0.5  # delayed acknowledgements would take 0.8


# The site and links


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("outside") / "site"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>app</title>")
    (folder / "assets/app-1a2b.js").write_text("export {}\n" * 100)
    (folder / "assets/app-1a2b.js.gz").write_bytes(gzip.compress(b"export {}\n" * 100))
    (folder / "empty.txt").touch()
    (folder / ".env").write_text("SECRET=1")
    (folder.parent / "secret.txt").write_text("outside")
    (folder / "link.txt").symlink_to(folder.parent / "secret.txt")
    with running_gateway(site=folder) as running:
        yield running


def test_pages_come_with_the_headers_of_the_template(site: Running) -> None:
    got = site.get("/")
    assert (got.status, got.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert b"<title>app</title>" in got.body
    expected = {
        "content-security-policy": "default-src 'self'",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "same-origin",
        "strict-transport-security": "max-age=300; includeSubDomains",
        "permissions-policy": "camera=()",
        "cache-control": "no-cache",
    }
    assert expected.items() <= got.headers.items()


def test_a_file_that_has_not_changed_is_not_sent_again(site: Running) -> None:
    first = site.get("/index.html")
    again = site.get("/index.html", If_None_Match=first.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert site.get("/index.html", If_None_Match='"other"').status == 200


def test_a_packed_file_is_sent_to_whoever_takes_it(site: Running) -> None:
    plain = site.get("/assets/app-1a2b.js")
    packed = site.get("/assets/app-1a2b.js", Accept_Encoding="br;q=0, gzip")
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert packed.headers["content-type"] == "text/javascript; charset=utf-8"
    assert packed.headers["etag"] != plain.headers["etag"]
    assert "immutable" in packed.headers["cache-control"]
    assert site.get("/assets/app-1a2b.js", Accept_Encoding="gzip;q=0").body == plain.body


def test_a_page_of_the_app_is_its_index_and_a_missing_file_is_missing(site: Running) -> None:
    for path in ("/dashboards/7", "/no.such.folder/7", "/assets/"):
        page = site.get(path)
        assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    for path in ("/missing.js", "/dashboards/7.5", "/assets/app-0000.js"):
        got = site.get(path, Accept="text/html")
        assert (got.status, got.json["code"]) == (404, "not_found")
    assert site.get("/api/dashboards", Accept="text/html").status == 404


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "/assets/..%5c..%5csecret.txt",
        "/link.txt",
        "/.env",
        "/assets/%00.js",
    ],
)
def test_nothing_outside_of_the_site_is_reachable(site: Running, path: str) -> None:
    got = site.get(path)
    assert got.status == 404
    assert b"outside" not in got.body
    assert b"SECRET" not in got.body


@pytest.mark.parametrize("path", ["//etc/passwd", "/%ff", "/" + "a" * 5000, "/../secret"])
def test_a_strange_address_without_a_dot_is_the_apps_to_refuse(site: Running, path: str) -> None:
    """As behind CloudFront: it is a page, the app says that there is none, and no file is read."""
    assert site.get(path).body == site.get("/").body


def test_pages_are_only_read(site: Running) -> None:
    head = site.ask("HEAD", "/")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == site.get("/").headers["content-length"]
    assert site.ask("POST", "/", b"x").status == 405
    assert (site.get("/empty.txt").status, site.get("/empty.txt").body) == (200, b"")


def test_a_signed_link_gives_the_blob_and_a_changed_one_does_not(tmp_path: Path) -> None:
    blobs = FolderBlobStore(tmp_path / "blobs", links="http://host")
    blobs.put("exports/a.csv", b"a,b\n" * 200_000, content_type="text/csv")
    link = blobs.link("exports/a.csv", seconds=60, filename="a.csv", content_type="text/csv")
    path = link.removeprefix("http://host")
    with running_gateway(blobs=blobs) as gateway:
        got = gateway.get(path)
        head = gateway.ask("HEAD", path)
        forged = gateway.get(path.replace("a.csv?", "b.csv?"))
        assert gateway.ask("POST", path, b"").status == 405
    assert (got.status, got.body) == (200, b"a,b\n" * 200_000)
    assert "attachment" in got.headers["content-disposition"]
    assert (head.status, head.body) == (200, b"")
    assert (forged.status, forged.json["code"]) == (410, "link_invalid")
