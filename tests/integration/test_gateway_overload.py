"""Whoever is refused is told so: an answer is never lost in a connection that is cut."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.local_gateway import OPEN, SAMPLE, Running, running_gateway

from heliograph.local.deployment import Deployment, read_deployment
from heliograph.local.gateway import Gateway, Neighbours
from heliograph.local.invoker import Invoker
from heliograph.local.site import FileAnswer, Site

MB = 1024 * 1024


class NoThreads(Invoker):
    """An invoker on a machine that has no thread left, `refusals` times."""

    refusals = 0

    def start(self, *arguments: Any, **named: Any) -> Any:
        if self.refusals:
            self.refusals -= 1
            raise RuntimeError("can't start new thread")
        return super().start(*arguments, **named)


class Vanishing(Site):
    """A site whose file `vanishes` between being found and being opened."""

    vanishes: Path | None = None

    def answer(self, method: str, path: str, headers: Mapping[str, str]) -> FileAnswer:
        found = super().answer(method, path, headers)
        if self.vanishes is not None:
            self.vanishes.unlink()
        return found


@pytest.fixture
def deployment() -> Deployment:
    return read_deployment(SAMPLE, leave_out=frozenset({"left_out"}))


def ask_directly(gateway: Gateway, path: str) -> int:
    """Ask the application itself, without a server; return the status."""
    scope = {
        "type": "http",
        "method": "GET",
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
        "client": ("127.0.0.1", 1),
        "http_version": "1.1",
    }
    sent: list[Mapping[str, Any]] = []

    async def receive() -> Mapping[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message)

    asyncio.run(gateway(scope, receive, send))
    status: int = sent[0]["status"]
    return status


def test_a_place_is_free_again_when_no_thread_could_be_started(deployment: Deployment) -> None:
    invoker = NoThreads(deployment)
    invoker.refusals = 3
    to = Neighbours(deployment, invoker, Site(SAMPLE, {}))
    gateway = Gateway(to, replace(OPEN, running=2, waiting=0))
    assert [ask_directly(gateway, "/api/echo") for _ in range(3)] == [503] * 3
    assert [ask_directly(gateway, "/api/echo") for _ in range(2)] == [200] * 2


def test_who_sends_a_large_body_too_many_hears_that_and_when_to_come_back() -> None:
    limits = replace(OPEN, large_bodies=1)
    body = b"x" * (4 * MB)

    def send(gateway: Running) -> tuple[int, bool]:
        got = gateway.ask("POST", "/api/acts/nap/300", body, {"Content-Type": "text/plain"})
        return got.status, "retry-after" in got.headers

    with running_gateway(limits=limits) as gateway, ThreadPoolExecutor(8) as pool:
        got = [sent.result() for sent in [pool.submit(send, gateway) for _ in range(8)]]
        assert set(got) == {(200, False), (503, True)}
        assert send(gateway) == (200, False)  # the last one has been counted out


def test_a_body_over_the_limit_is_refused_before_it_has_come() -> None:
    head = b"POST /api/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 11000000\r\n\r\n"
    with running_gateway() as gateway:
        began = time.monotonic()
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as sending:
            sending.sendall(head + b"x" * 1000)
            assert sending.recv(12) == b"HTTP/1.1 413"
        assert time.monotonic() - began < 1


def test_who_has_said_everything_and_only_listens_is_answered() -> None:
    requests = (
        b"GET /api/acts/nap/200 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST /api/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}",
    )
    with running_gateway() as gateway:
        for request in requests:
            with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as asking:
                asking.sendall(request)
                asking.shutdown(socket.SHUT_WR)
                found = b""
                while chunk := asking.recv(65536):
                    found += chunk
            assert found.startswith(b"HTTP/1.1 200 ")


def test_who_leaves_in_the_middle_of_a_body_is_not_waited_for() -> None:
    with (
        running_gateway() as gateway,
        socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as asking,
    ):
        asking.sendall(b"POST /api/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab")
        asking.shutdown(socket.SHUT_WR)
        assert asking.recv(65536) == b""


def test_a_connection_too_many_is_told_so_and_room_comes_back() -> None:
    with running_gateway(most_connections=4) as gateway:
        with ExitStack() as stack:
            for _ in range(4):
                stack.enter_context(socket.create_connection(("127.0.0.1", gateway.port), 5))
            refused = gateway.raw(b"GET /api/echo HTTP/1.1\r\nHost: a\r\n\r\n")
            assert refused.startswith(b"HTTP/1.1 503 ")
            assert b"\r\nretry-after: " in refused.lower()
        ends_at = time.monotonic() + 5
        while gateway.get("/api/echo").status != 200:
            assert time.monotonic() < ends_at
            time.sleep(0.05)


def test_a_file_that_is_gone_when_it_is_to_be_sent_is_not_there(
    tmp_path: Path, deployment: Deployment
) -> None:
    page = tmp_path / "index.html"
    page.write_text("hello")
    site = Vanishing(tmp_path, {})
    gateway = Gateway(Neighbours(deployment, Invoker(deployment), site), OPEN)
    assert ask_directly(gateway, "/index.html") == 200
    site.vanishes = page
    assert ask_directly(gateway, "/index.html") == 404
