"""A door through which containers reach what listens on 127.0.0.1, open while it is needed."""

from __future__ import annotations

import json
import socket
import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import ip_network

from infra.sam_local.trial import TrialFailed, run

LOOPBACK = "127.0.0.1"
_DESKTOP = "host.docker.internal"
_CHUNK = 65_536
_CONNECT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Doorstep:
    """Where doors open: ``address`` is listened on, ``name`` is what containers call it."""

    address: str
    name: str


def find_doorstep() -> Doorstep:
    """Return where containers of the default network reach this machine, and nobody else does.

    On Linux that is the gateway of Docker's bridge, an address of this machine that no other one
    is routed to. Where the engine runs in a virtual machine (Docker Desktop), the address is not
    ours: there a name leads to our 127.0.0.1.
    """
    form = "{{json .IPAM.Config}}"
    found = run(["docker", "network", "inspect", "bridge", "--format", form]).stdout
    for address in map(_gateway, json.loads(found)):
        with suppress(OSError), socket.create_server((address, 0)):
            return Doorstep(address, address)
    return Doorstep(LOOPBACK, _DESKTOP)


def _gateway(config: Mapping[str, str]) -> str:
    """Return a network's gateway: the first address of its subnet, unless the engine says else."""
    return config.get("Gateway") or str(next(ip_network(config["Subnet"]).hosts()))


@contextmanager
def open_door(doorstep: Doorstep, port: int) -> Iterator[int]:
    """Lead connections to a free port of the doorstep on to ``port`` of 127.0.0.1; yield it."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with (
                suppress(OSError),
                socket.create_connection((LOOPBACK, port), _CONNECT_SECONDS) as inner,
            ):
                inner.settimeout(None)
                back = threading.Thread(target=_pump, args=(inner, self.request), daemon=True)
                back.start()
                _pump(self.request, inner)
                back.join()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 64

    try:
        server = Server((doorstep.address, 0), Handler)
    except OSError as error:
        raise TrialFailed(f"{doorstep.address} cannot be listened on: {error}.") from None
    with server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(_CHUNK):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
