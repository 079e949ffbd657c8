"""Outgoing HTTP against a real server: where it may go, and what it makes of every answer."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from tests.support.certificates import Authority
from tests.support.http_receiver import Answer, HttpReceiver
from tests.support.smtp_receiver import silent_server

from heliograph.kernel.errors import (
    DeliveryDeferred,
    DeliveryError,
    DeliveryRejected,
    DestinationRefused,
    UsageError,
)
from heliograph.platform.http import HttpAnswer, post

LOCAL = ["127.0.0.1"]
SECRET_PATH = "/services/T0SECRET/B0SECRET/xyzSECRET?token=querySECRET"


def send(
    url: str, *, timeout: float = 5.0, allow: Sequence[str] = LOCAL, **options: object
) -> HttpAnswer:
    return post(
        url,
        headers={"Content-Type": "text/plain", "Authorization": "Bearer headerSECRET"},
        body=b"hello",
        timeout=timeout,
        allow_hosts=allow,
        **options,  # type: ignore[arg-type]
    )


def everything_about(error: BaseException) -> str:
    """Return all that a log could show of an error, its chain included."""
    told, seen = [], error
    while True:
        told += [str(seen), repr(seen), repr(vars(seen))]
        following = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
        if following is None:
            return "\n".join(told)
        seen = following


def test_a_post_arrives_as_it_was_sent() -> None:
    with HttpReceiver() as receiver:
        answer = send(receiver.url(SECRET_PATH))
    assert (answer.status, answer.body) == (200, b"ok")
    (request,) = receiver.requests
    assert (request.method, request.path, request.body) == ("POST", SECRET_PATH, b"hello")
    assert request.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert request.headers["content-length"] == "5"
    assert "cookie" not in request.headers
    assert "accept-encoding" not in request.headers


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "127.1", "0x7f.1", "2130706433", "[::ffff:127.0.0.1]", "0.0.0.0"],
)
def test_a_private_host_gets_no_connection_unless_it_is_allowed(host: str) -> None:
    with HttpReceiver() as receiver:
        with pytest.raises((DestinationRefused, UsageError)):
            send(receiver.url("/", host=host), allow=[])
        assert receiver.connections == 0
        assert send(receiver.url("/")).status == 200
        assert receiver.connections == 1


def test_the_connection_goes_to_the_checked_address_though_the_name_has_moved() -> None:
    """A name that answers differently the second time must not be asked twice for one request."""
    with HttpReceiver() as good:
        answers = [["127.0.0.1"], ["127.0.0.2"]]
        asked: list[str] = []

        def rebinding(host: str, port: int) -> Sequence[str]:
            asked.append(host)
            return answers[len(asked) - 1]

        url = good.url("/x", host="hooks.test")
        assert send(url, resolve=rebinding, allow=["127.0.0.1"]).status == 200
        assert asked == ["hooks.test"]
        assert good.requests[0].headers["host"] == f"hooks.test:{good.port}"
        with pytest.raises(DestinationRefused):
            send(url, resolve=rebinding, allow=["127.0.0.1"])
        assert good.connections == 1


def test_the_next_address_is_tried_when_the_first_does_not_answer() -> None:
    with HttpReceiver() as receiver:
        url = receiver.url("/", host="hooks.test")
        both = ["127.0.0.9", "127.0.0.1"]
        answer = send(url, resolve=lambda host, port: both, allow=["127.0.0.0/8"])
    assert answer.status == 200


def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    with HttpReceiver() as proxy, HttpReceiver() as receiver:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "https_proxy"):
            monkeypatch.setenv(name, proxy.url("/"))
        assert send(receiver.url("/")).status == 200
        assert (proxy.connections, receiver.connections) == (0, 1)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_failure_that_is_never_followed(status: int) -> None:
    with HttpReceiver() as target:
        redirect = Answer(status, headers={"Location": target.url("/secret")})
        with HttpReceiver([redirect]) as receiver:
            with pytest.raises(DeliveryRejected, match=f"answered {status}, a redirect"):
                send(receiver.url("/"))
            assert send(receiver.url("/")).status == 200
    assert target.connections == 0


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 409, 410, 413, 422])
def test_a_client_error_is_final(status: int) -> None:
    with HttpReceiver([Answer(status, b"no_service")]) as receiver:
        with pytest.raises(DeliveryRejected, match=rf"127\.0\.0\.1 answered {status}: no_service"):
            send(receiver.url("/"))
        assert send(receiver.url("/")).status == 200


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_or_broken_server_is_tried_again(status: int) -> None:
    with HttpReceiver([status]) as receiver, pytest.raises(DeliveryDeferred) as caught:
        send(receiver.url("/"))
    assert str(status) in str(caught.value)
    assert caught.value.retry_after is None


def test_retry_after_is_read_as_seconds_and_as_a_date_by_the_servers_own_clock() -> None:
    fast = datetime.now(UTC) + timedelta(hours=5)
    dated = {
        "Date": format_datetime(fast, usegmt=True),
        "Retry-After": format_datetime(fast + timedelta(seconds=90), usegmt=True),
    }
    waits = []
    with HttpReceiver(
        [Answer(429, headers={"Retry-After": "17"}), Answer(503, headers=dated)]
    ) as receiver:
        for _ in range(2):
            with pytest.raises(DeliveryDeferred) as caught:
                send(receiver.url("/"))
            waits.append(caught.value.retry_after)
    assert waits == [17.0, 90.0]


@pytest.mark.parametrize("status", [404, 500])
def test_no_error_tells_the_secrets_of_the_url_though_the_server_echoes_them(status: int) -> None:
    echo = f"Cannot POST {SECRET_PATH} with Bearer headerSECRET".encode()
    with HttpReceiver([Answer(status, echo)]) as receiver, pytest.raises(DeliveryError) as caught:
        send(receiver.url(SECRET_PATH))
    told = everything_about(caught.value)
    assert "Cannot POST" in told
    assert "SECRET" not in told


@pytest.mark.parametrize(
    "answer", [Answer(hangs=True), Answer(closes=True), Answer(drips=0.02)], ids=repr
)
def test_a_server_that_fails_on_the_way_is_tried_again_and_in_time(answer: Answer) -> None:
    with HttpReceiver([answer]) as receiver:
        started = time.monotonic()
        with pytest.raises(DeliveryDeferred) as caught:
            send(receiver.url(SECRET_PATH), timeout=0.5)
        assert time.monotonic() - started < 3
        assert "SECRET" not in everything_about(caught.value)
        assert send(receiver.url("/")).status == 200


def test_a_host_that_never_speaks_and_one_that_does_not_listen_are_tried_again() -> None:
    with silent_server() as port, pytest.raises(DeliveryDeferred, match="did not answer in time"):
        send(f"http://127.0.0.1:{port}/{SECRET_PATH}", timeout=0.3)
    with pytest.raises(DeliveryDeferred, match="could not be reached") as caught:
        send(f"http://127.0.0.1:{port}{SECRET_PATH}")
    assert "SECRET" not in everything_about(caught.value)


def test_a_long_answer_is_read_up_to_64_kb() -> None:
    with HttpReceiver([Answer(body=b"x" * 5_000_000)]) as receiver:
        assert len(send(receiver.url("/")).body) == 64 * 1024


def test_an_accepted_message_is_not_sent_again_because_the_answer_broke_off() -> None:
    with HttpReceiver([Answer(200, breaks_off=True), Answer(503, breaks_off=True)]) as receiver:
        assert send(receiver.url("/")).status == 200
        with pytest.raises(DeliveryDeferred, match="503"):
            send(receiver.url("/"))


def test_a_certificate_is_verified_against_the_name_though_the_address_is_connected_to() -> None:
    authority = Authority()
    names = {"hooks.test": ["127.0.0.1"], "other.test": ["127.0.0.1"]}
    with HttpReceiver(tls=authority.server("hooks.test")) as receiver:

        def go(host: str, *, is_trusting: bool = True) -> HttpAnswer:
            return send(
                receiver.url(SECRET_PATH, host=host),
                resolve=lambda host, port: names[host],
                tls=authority.client() if is_trusting else None,
            )

        assert go("hooks.test").status == 200
        assert receiver.requests[0].headers["host"] == f"hooks.test:{receiver.port}"
        with pytest.raises(DeliveryDeferred, match="certificate verify failed") as wrong_name:
            go("other.test")
        with pytest.raises(DeliveryDeferred, match="certificate verify failed"):
            go("hooks.test", is_trusting=False)
        with pytest.raises(DeliveryDeferred, match="certificate verify failed"):
            send(receiver.url("/"), tls=authority.client())  # the address is not in it
        assert len(receiver.requests) == 1
        assert "SECRET" not in everything_about(wrong_name.value)
