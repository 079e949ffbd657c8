"""What the deployed functions talk to and this machine runs: two databases, a receiver, bridges."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from infra.localstack.steps import step

from heliograph.local import demo_command
from heliograph.local.postgres_server import PostgresServer
from heliograph.local.receivers import Received, listening


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Where the functions find them. ``shop_owner`` is for this machine itself.

    All are URLs with passwords; ``received`` holds what was posted to ``receiver``.
    """

    database: str
    shop: str
    shop_owner: str
    receiver: str
    received: Received


@contextmanager
def neighbours(folder: Path, host: str) -> Iterator[Neighbours]:
    """Run them in ``folder``, and bridges to them on the address ``host`` of this machine."""
    with ExitStack() as stack:
        with step("databases are there") as said:
            server = stack.enter_context(PostgresServer(folder / "app", settings={"fsync": "off"}))
            stack.callback(demo_command.stop, folder / "demo")
            demo = demo_command.start(folder / "demo")
            receivers = stack.enter_context(listening())
            said.append(f"PostgreSQL {demo.status.version}, for the app and as the demo shop")

        def bridged(url: str) -> str:
            port = urlsplit(url).port or 0
            here = stack.enter_context(bridge(host, port))
            return url.replace(f"127.0.0.1:{port}", f"{host}:{here}")

        yield Neighbours(
            database=bridged(server.url()),
            shop=bridged(demo.reader_url),
            shop_owner=demo.superuser_url,
            receiver=bridged(receivers.http_url),
            received=receivers.received,
        )


@contextmanager
def bridge(host: str, port: int) -> Iterator[int]:
    """Carry connections to a free port of ``host`` on to ``port`` of 127.0.0.1; give the former.

    Functions run in containers, for which 127.0.0.1 is another machine, and the databases listen
    nowhere else.
    """
    with socket.create_server((host, 0)) as listener:

        def accept() -> None:
            with suppress(OSError):  # it is closed in the end
                while True:
                    near, _ = listener.accept()
                    threading.Thread(target=_join, args=(near, port), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield listener.getsockname()[1]
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)


def _join(near: socket.socket, port: int) -> None:
    with near, suppress(OSError), socket.create_connection(("127.0.0.1", port)) as far:
        back = threading.Thread(target=_copy, args=(far, near), daemon=True)
        back.start()
        _copy(near, far)
        back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
