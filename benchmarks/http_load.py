"""A light load: several clients on kept-alive connections, each asking again as soon as answered.

``python -m benchmarks.http_load`` reads one JSON object on stdin (``host, port, path, headers,
clients, seconds, method, body``) and prints one: requests, statuses, rps, p50_ms, p95_ms.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time
from collections import Counter
from typing import Any


class Client:
    """One connection with one request under way."""

    def __init__(self, host: str, port: int, request: bytes) -> None:
        self._request = request
        self.socket = socket.create_connection((host, port), 10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._got = b""
        self._since = 0.0

    def ask(self) -> None:
        """Send the request."""
        self._got = b""
        self._since = time.perf_counter()
        self.socket.sendall(self._request)

    def read(self) -> tuple[int, float] | None:
        """Read what has come; return the status and the seconds once the answer is whole."""
        piece = self.socket.recv(1 << 18)
        if not piece:
            raise ConnectionError("the server hung up")
        self._got += piece
        head, separator, body = self._got.partition(b"\r\n\r\n")
        if not separator:
            return None
        length = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        if len(body) < length:
            return None
        return int(head.split(b" ", 2)[1]), time.perf_counter() - self._since


def run(plan: dict[str, Any]) -> dict[str, Any]:
    """Do what ``plan`` says and return the measures."""
    body = (plan.get("body") or "").encode()
    headers = {"Host": f"{plan['host']}:{plan['port']}", **plan.get("headers", {})}
    if body:
        headers["Content-Length"] = str(len(body))
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    start = f"{plan.get('method', 'GET')} {plan['path']} HTTP/1.1\r\n"
    request = (start + lines + "\r\n").encode() + body
    clients = [Client(plan["host"], plan["port"], request) for _ in range(plan["clients"])]
    seconds: list[float] = []
    statuses: Counter[int] = Counter()
    with selectors.DefaultSelector() as selector:
        for client in clients:
            selector.register(client.socket, selectors.EVENT_READ, client)
            client.ask()
        began = time.perf_counter()
        while time.perf_counter() - began < plan["seconds"]:
            for key, _ in selector.select(1):
                if (done := key.data.read()) is not None:
                    statuses[done[0]] += 1
                    seconds.append(done[1])
                    key.data.ask()
        lasted = time.perf_counter() - began
    seconds.sort()
    return {
        "requests": len(seconds),
        "statuses": dict(statuses),
        "rps": len(seconds) / lasted,
        "p50_ms": 1000 * seconds[len(seconds) // 2],
        "p95_ms": 1000 * seconds[int(len(seconds) * 0.95)],
    }


if __name__ == "__main__":
    print(json.dumps(run(json.load(sys.stdin))))
