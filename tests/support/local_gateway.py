"""The embedded gateway over real sockets, in a thread of the test's own process."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from heliograph.local.answers import raw_error
from heliograph.local.deployment import read_deployment
from heliograph.local.gateway import Gateway, Limits, Neighbours, Told
from heliograph.local.http_server import bind, make_server
from heliograph.local.invoker import Invoker
from heliograph.local.site import Site
from heliograph.platform.blob_store_folder import FolderBlobStore

SAMPLE = Path(__file__).parent / "sample_deployment"
OPEN = Limits(requests_per_second=0)


@dataclass(frozen=True)
class Got:
    """A response; header names are in lower case, the last of several values counts."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    set_cookies: list[str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Running:
    """A gateway that answers on a port of this machine."""

    port: int
    told: list[Told] = field(default_factory=list)

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        seconds: float = 20,
    ) -> Got:
        """Send one request as it is: nothing of the path is changed."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            given = dict(headers or {})
            if body is not None and "Transfer-Encoding" not in given:
                given.setdefault("Content-Length", str(len(body)))
            for name, value in given.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            response = connection.getresponse()
            pairs = [(name.lower(), value) for name, value in response.getheaders()]
            cookies = [value for name, value in pairs if name == "set-cookie"]
            return Got(response.status, dict(pairs), response.read(), cookies)
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Got:
        return self.ask("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def raw(self, sent: bytes, *, seconds: float = 10) -> bytes:
        """Send bytes and return all that comes back until the connection closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as connection:
            connection.sendall(sent)
            found = b""
            while chunk := connection.recv(65536):
                found += chunk
            return found


@contextmanager
def running_gateway(
    *,
    limits: Limits = OPEN,
    folder: Path = SAMPLE,
    site: Path | None = None,
    blobs: FolderBlobStore | None = None,
    is_strict: bool = False,
    **server: Any,
) -> Iterator[Running]:
    """Yield a gateway over the sample deployment, ended afterwards."""
    deployment = read_deployment(folder, leave_out=frozenset({"left_out"}))
    invoker = Invoker(deployment, is_strict=is_strict)
    listener = bind("127.0.0.1", 0)
    listener.listen(256)
    running = Running(listener.getsockname()[1])
    pages = Site(site or folder, deployment.site_headers)
    neighbours = Neighbours(deployment, invoker, pages, blobs, tell=running.told.append)
    made = make_server(
        Gateway(neighbours, limits), lambda error: raw_error(error, "none"), **server
    )
    thread = threading.Thread(target=lambda: asyncio.run(made.serve(sockets=[listener])))
    thread.start()
    try:
        yield running
    finally:
        made.should_exit = True
        thread.join(20)
        listener.close()
        assert not thread.is_alive()
