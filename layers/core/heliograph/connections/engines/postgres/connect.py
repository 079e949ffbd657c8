"""A new connection to a PostgreSQL, or the reason why there is none.

libpq's polling interface is driven here rather than through ``psycopg.connect``, because that one
rounds every timeout up to whole seconds of at least two, applies it to each address anew, and
looks names up in a call that Ctrl-C cannot interrupt.
"""

from __future__ import annotations

import ipaddress
import queue
import random
import selectors
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import psycopg
from psycopg import pq
from psycopg.conninfo import make_conninfo
from psycopg.pq import ConnStatus, PollingStatus
from psycopg.pq.abc import PGconn

from heliograph.connections.engines.postgres.connect_errors import (
    Failure,
    check_version,
    explain_failure,
    explain_silence,
)
from heliograph.connections.url import ConnectionUrl
from heliograph.kernel.errors import (
    ConnectError,
    ConnectionRefused,
    ConnectTimedOut,
    HostUnknown,
    UrlInvalid,
)

CONNECT_TIMEOUT: Final = timedelta(seconds=10)

# A network that has died is noticed after 20 s of silence plus three unanswered probes, and data
# that nobody acknowledges after 45 s.
_NETWORK: Final = {
    "keepalives": "1",
    "keepalives_idle": "20",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "45000",
    "gssencmode": "disable",  # saves a round trip; who needs GSS says so in the URL
}
_NEXT_HOST_AFTER: Final = (ConnectionRefused, ConnectTimedOut)


@dataclass(frozen=True, slots=True)
class Target:
    """One address to try. ``address`` is None where libpq finds its own way: a local socket."""

    host: str
    address: str | None
    port: int

    @property
    def place(self) -> str:
        """Return the target as people write it: ``db.example:5432``, ``[::1]:5432``."""
        name = self.host or self.address or "localhost"
        if name.startswith("/"):
            return f"{name}/.s.PGSQL.{self.port}"
        return f"[{name}]:{self.port}" if ":" in name else f"{name}:{self.port}"


@dataclass(slots=True)
class Handshake:
    """How far the last attempt came: a witness for who wants to tell more than the error does.

    ``is_encrypted`` stays True when libpq, after a TLS attempt, tried once more without.
    """

    is_accepted: bool = False
    is_negotiated: bool = False  # past the question whether to use TLS
    is_encrypted: bool = False


def open_connection(
    url: ConnectionUrl,
    *,
    application_name: str,
    connect_timeout: timedelta = CONNECT_TIMEOUT,
) -> psycopg.Connection:
    """Return a new autocommit connection with UTF-8 as its encoding and nothing prepared.

    ``connect_timeout`` bounds everything together: name lookup, every address, TLS and login; a
    ``connect_timeout`` in the URL wins. ``application_name`` wins over the URL's. Hosts are tried
    in order; the next one is tried only when a host cannot be reached or is not ready.

    Raises HostUnknown, ConnectionRefused, ConnectTimedOut, TlsFailed, LoginFailed,
    DatabaseUnknown, TooManyConnections, ServerUnsupported, or ConnectError for the rest.
    """
    deadline = deadline_of(url, connect_timeout)
    targets = resolve_targets(url, deadline)
    connection = connect_to(url, targets, application_name=application_name, deadline=deadline)
    try:
        check_version(connection.info.server_version)
    except ConnectError:
        connection.close()
        raise
    return connection


def deadline_of(url: ConnectionUrl, connect_timeout: timedelta) -> float:
    """Return the ``time.monotonic()`` at which connecting is given up."""
    stated = int(url.parameter("connect_timeout") or 0)
    return time.monotonic() + (stated or connect_timeout.total_seconds())


def resolve_targets(url: ConnectionUrl, deadline: float) -> list[Target]:
    """Return the addresses of every host, in the order in which they are to be tried.

    A host that does not resolve is left out; raises HostUnknown when none does, ConnectTimedOut
    when the name servers do not answer in time.
    """
    addresses = (url.parameter("hostaddr") or "").split(",")
    if addresses == [""]:
        addresses *= len(url.hosts)
    targets: list[Target] = []
    errors: list[ConnectError] = []
    for (host, port), address in zip(url.hosts, addresses, strict=True):
        try:
            found = [address] if address else _look_up(host, deadline)
        except ConnectError as error:
            errors.append(error)
        else:
            targets += [Target(host, one, port) for one in found]
    if not targets:
        raise errors[-1]
    if url.parameter("load_balance_hosts") == "random":
        random.shuffle(targets)
    return targets


def connect_to(
    url: ConnectionUrl,
    targets: list[Target],
    *,
    application_name: str,
    deadline: float,
    handshake: Handshake | None = None,
) -> psycopg.Connection:
    """Return a connection to the first target that gives one; raises as ``open_connection`` does.

    Does not look at the server's version.
    """
    errors: list[ConnectError] = []
    attempts = list(_attempts(url, targets))
    witness = handshake or Handshake()
    for index, (target, session_attrs) in enumerate(attempts):
        seconds = (deadline - time.monotonic()) / (len(attempts) - index)
        conninfo = _conninfo(url, target, session_attrs, application_name)
        try:
            pgconn = _attempt(conninfo, target, url, max(seconds, 0), witness)
        except ConnectError as error:
            errors.append(error)
            if _is_final(error):
                break
        else:
            connection = psycopg.Connection(pgconn)
            connection.autocommit = True
            connection.prepare_threshold = None
            return connection
    raise _summary(errors)


def _look_up(host: str, deadline: float) -> list[str | None]:
    """Look a name up in a thread of its own, because the call itself hears no Ctrl-C."""
    if not host or host.startswith(("/", "@")):
        return [None]
    if _is_address(host):
        return [host]
    answers: queue.SimpleQueue[list[str | None] | OSError | UnicodeError] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            answers.put(list(dict.fromkeys(str(info[4][0]) for info in found)))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=look_up, name="heliograph-name-lookup", daemon=True).start()
    seconds = max(deadline - time.monotonic(), 0)
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise ConnectTimedOut(
            f"No name server answered within {seconds:.3g} s for the host {host}.",
            hint="Check the network and its name servers.",
        ) from None
    if isinstance(answer, list):
        return answer
    is_temporary = isinstance(answer, socket.gaierror) and answer.errno == socket.EAI_AGAIN
    raise HostUnknown(
        f"The host {host} is not known.",
        hint="Check the spelling of the host in the URL."
        + (" The name server did not answer: is this machine online?" if is_temporary else ""),
    )


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _attempts(url: ConnectionUrl, targets: list[Target]) -> Iterator[tuple[Target, str | None]]:
    """Yield what to try in order; ``prefer-standby`` means two rounds, as it does in libpq."""
    wanted = url.parameter("target_session_attrs")
    for round_wanted in ("standby", "any") if wanted == "prefer-standby" else (wanted,):
        for target in targets:
            yield target, round_wanted


def _conninfo(
    url: ConnectionUrl, target: Target, session_attrs: str | None, application_name: str
) -> str:
    ours = {
        "host": target.host or None,
        "hostaddr": target.address,
        "port": str(target.port),
        "target_session_attrs": session_attrs,
        "application_name": application_name,
        "client_encoding": "UTF8",
        "connect_timeout": None,
        "load_balance_hosts": None,
    }
    try:
        return make_conninfo("", **(_NETWORK | url.to_conninfo() | ours))
    except psycopg.Error:
        raise UrlInvalid(
            "The installed libpq does not know one of the parameters in the connection URL.",
            hint="Leave out the parameters that you do not need.",
        ) from None


def _attempt(
    conninfo: str, target: Target, url: ConnectionUrl, seconds: float, handshake: Handshake
) -> PGconn:
    pgconn = pq.PGconn.connect_start(conninfo.encode())
    try:
        _drive(pgconn, target, url, seconds, handshake)
    except BaseException:
        pgconn.finish()
        raise
    pgconn.nonblocking = 1
    return pgconn


def _drive(
    pgconn: PGconn, target: Target, url: ConnectionUrl, seconds: float, handshake: Handshake
) -> None:
    """Poll until the connection stands. The manual, "PQconnectStart", says in which order."""
    deadline = time.monotonic() + seconds
    handshake.is_accepted = handshake.is_negotiated = handshake.is_encrypted = False
    polled = PollingStatus.WRITING
    while polled != PollingStatus.OK:
        if pgconn.status == ConnStatus.BAD or polled == PollingStatus.FAILED:
            raise explain_failure(_failure(pgconn, target), url)
        if not _is_ready(pgconn.socket, polled, deadline):
            raise explain_silence(
                target.place, has_answered=handshake.is_accepted, seconds=round(seconds, 1)
            )
        polled = PollingStatus(pgconn.connect_poll())
        if pgconn.status != ConnStatus.BAD:
            handshake.is_accepted |= pgconn.status not in (ConnStatus.STARTED, ConnStatus.NEEDED)
            handshake.is_negotiated |= pgconn.status == ConnStatus.AWAITING_RESPONSE
            handshake.is_encrypted |= pgconn.ssl_in_use


def _is_ready(fileno: int, polled: PollingStatus, deadline: float) -> bool:
    is_reading = polled == PollingStatus.READING
    with selectors.DefaultSelector() as selector:
        selector.register(fileno, selectors.EVENT_READ if is_reading else selectors.EVENT_WRITE)
        while True:
            remaining = deadline - time.monotonic()
            if selector.select(max(remaining, 0)):
                return True
            if remaining <= 0:
                return False


def _failure(pgconn: PGconn, target: Target) -> Failure:
    return Failure(
        text=pgconn.error_message.decode("utf-8", "replace").strip(),
        place=target.place,
        needs_password=pgconn.needs_password,
        used_password=pgconn.used_password,
    )


def _is_final(error: ConnectError) -> bool:
    """Whether the host answered, so that the next one would only repeat it."""
    is_not_ready = type(error) is ConnectError
    return not (is_not_ready or isinstance(error, _NEXT_HOST_AFTER))


def _summary(errors: list[ConnectError]) -> ConnectError:
    """Return the error that tells most: who answered, before who was silent, before who was not."""
    ranks: dict[type[ConnectError], int] = {ConnectionRefused: 0, ConnectTimedOut: 1}
    return max(reversed(errors), key=lambda error: ranks.get(type(error), 2))
