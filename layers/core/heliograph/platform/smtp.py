"""Outgoing mail: one message to its recipients through a server that may be reached.

``smtp://user:password@host:587`` encrypts with STARTTLS and refuses to go on without;
``smtps://host:465`` encrypts from the first byte. ``?starttls=optional`` and ``?starttls=off`` are
for a relay on a private host that ``allow_hosts`` names, and ``?ehlo=NAME`` is the name that the
sender greets with. Whatever is encrypted is verified against the host name.

A relay on this very machine needs none of that: what is said to a loopback address leaves no
machine, so STARTTLS is used where it is offered, and with any certificate (RFC 7435).
"""

from __future__ import annotations

import base64
import re
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from urllib.parse import parse_qsl, unquote, urlsplit

from heliograph.kernel.errors import (
    DeliveryDeferred,
    DeliveryError,
    DeliveryRejected,
    DestinationRefused,
    UsageError,
)
from heliograph.platform.addresses import (
    Destination,
    Resolver,
    default_tls,
    find_destination,
    normal_host,
    open_socket,
    resolve_system,
)
from heliograph.platform.redaction import redact

_PORTS = {"smtp": 587, "smtps": 465}
_GOODBYE_SECONDS = 2.0
_STARTTLS = ("auto", "required", "optional", "off")
_UNFIT = re.compile(r"[\x00-\x20\x7f\\]")
_EHLO_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """A mail server as its URL describes it."""

    host: str
    port: int
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    is_implicit_tls: bool = False
    starttls: str = "auto"  # auto | required | optional | off; auto is required but on loopback
    ehlo: str = ""

    def secrets(self) -> list[str]:
        """Return what an error message must not hold, in the spellings that the protocol uses."""
        plain = f"\0{self.user}\0{self.password}"
        encoded = [base64.b64encode(t.encode()).decode() for t in (self.user, self.password, plain)]
        return [self.user, self.password, *encoded]


@dataclass(frozen=True, slots=True)
class SmtpAnswer:
    """The server took the message for at least one recipient.

    ``refused`` will never be taken, ``deferred`` may be on another attempt; both hold addresses.
    """

    detail: str
    refused: tuple[str, ...] = ()
    deferred: tuple[str, ...] = ()


def parse_smtp_url(url: str) -> SmtpServer:
    """Return the server that the URL describes; user and password are percent-decoded.

    Raises `UsageError`, which never holds the URL.
    """
    invalid = UsageError(
        "The smtp_url of a channel is not valid.",
        hint="Write smtp://user:password@host:587 or smtps://host:465, with special characters "
        "of the password percent-encoded.",
    )
    if _UNFIT.search(url):
        raise invalid
    try:
        parts = urlsplit(url)
        port = parts.port
        login, _, place = parts.netloc.rpartition("@")
        host = normal_host(place.rpartition(":")[0] if port else place)
        options = dict(parse_qsl(parts.query, strict_parsing=True)) if parts.query else {}
    except (ValueError, DestinationRefused):
        raise invalid from None
    user, _, password = login.partition(":")
    if parts.scheme not in _PORTS or parts.path not in ("", "/") or "@" in user + password:
        raise invalid
    if bool(user) != bool(password):
        raise UsageError("The smtp_url of a channel needs both a user and a password, or neither.")
    starttls, ehlo = options.pop("starttls", "auto"), options.pop("ehlo", "")
    is_implicit = parts.scheme == "smtps"
    is_known = not options and starttls in _STARTTLS and (not ehlo or _EHLO_NAME.fullmatch(ehlo))
    if not is_known or (is_implicit and "starttls=" in parts.query):
        raise UsageError(
            "The smtp_url of a channel has an option that is not known.",
            hint="smtp:// takes starttls=required, optional or off; both take ehlo=NAME.",
        )
    return SmtpServer(
        host=host,
        port=port or _PORTS[parts.scheme],
        user=unquote(user),
        password=unquote(password),
        is_implicit_tls=is_implicit,
        starttls=starttls,
        ehlo=ehlo,
    )


def send_mail(
    server: SmtpServer,
    *,
    sender: str,
    recipients: Sequence[str],
    source: bytes,
    timeout: float,
    allow_hosts: Sequence[str] = (),
    resolve: Resolver = resolve_system,
    tls: ssl.SSLContext | None = None,
) -> SmtpAnswer:
    """Hand a message to the server for all recipients, within ``timeout`` seconds.

    A recipient that the server does not take stops none of the others. Raises
    `DestinationRefused`; `DeliveryRejected` when a 5xx reply ends it or no recipient is ever taken;
    `DeliveryDeferred` for a 4xx reply and whatever goes wrong on the way.
    """
    deadline = time.monotonic() + timeout
    destination = find_destination(
        server.host, server.port, allow_hosts, timeout=timeout, resolve=resolve
    )
    if server.starttls in ("optional", "off") and not destination.is_private:
        raise DestinationRefused(
            f"{server.host} is a public mail server, which is not spoken to without encryption.",
            hint="Leave starttls= out of the smtp_url.",
        )
    if server.starttls == "auto":
        server = replace(server, starttls="required")
        if all(ip_address(address).is_loopback for address in destination.addresses):
            server = replace(server, starttls="optional")
            tls = tls or (None if server.is_implicit_tls else _unverified_tls())
    tls = tls or default_tls()
    secrets = server.secrets()
    try:
        with _session(server, destination, tls, deadline) as session:
            _greet(session, server, tls)
            return _hand_over(session, sender, recipients, source, secrets)
    except OSError as error:  # smtplib's own errors and TLS's are OSErrors too
        # at the deadline the connection was cut, and a reply may be the half of one
        if time.monotonic() >= deadline or isinstance(error, TimeoutError):
            raise DeliveryDeferred(f"{server.host} did not answer in time.") from None
        if isinstance(error, smtplib.SMTPResponseException):
            raise _refusal(server.host, error.smtp_code, error.smtp_error, secrets) from None
        what = "TLS failed" if isinstance(error, ssl.SSLError) else "the connection failed"
        reason = redact(str(error), secrets)
        raise DeliveryDeferred(f"{server.host}: {what}: {reason}") from None


def _unverified_tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class _Session(smtplib.SMTP):
    """smtplib's client over a socket that leads to a checked address."""

    def __init__(self, opened: socket.socket, host: str, ehlo: str) -> None:
        self._opened = opened
        super().__init__(local_hostname=ehlo)
        self._host = host  # what starttls() verifies the certificate against

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self._opened


@contextmanager
def _session(
    server: SmtpServer, destination: Destination, tls: ssl.SSLContext, deadline: float
) -> Iterator[_Session]:
    """Open a session that is cut at the deadline, however slowly the server answers."""
    opened = open_socket(destination, deadline=deadline)
    session: _Session | None = None
    watchdog: threading.Timer | None = None
    try:
        opened.settimeout(max(0.1, deadline - time.monotonic()))
        if server.is_implicit_tls:
            opened = tls.wrap_socket(opened, server_hostname=server.host)
        session = _Session(opened, server.host, server.ehlo or _address_literal(opened))
        watchdog = threading.Timer(deadline - time.monotonic(), _cut, [session, opened])
        watchdog.start()
        code, reply = session.connect(server.host, server.port)
        if code != 220:
            raise smtplib.SMTPConnectError(code, reply)
        yield session
        with suppress(OSError):  # the message is accepted; nobody waits long for a goodbye
            (session.sock or opened).settimeout(_GOODBYE_SECONDS)
            session.quit()
    finally:
        if watchdog is not None:
            watchdog.cancel()
            watchdog.join()
        if session is not None:
            session.close()
        opened.close()


def _cut(session: _Session, opened: socket.socket) -> None:
    """End the connection under whoever reads from it; after STARTTLS the session has another."""
    with suppress(OSError):
        socket.socket.shutdown(session.sock or opened, socket.SHUT_RDWR)


def _address_literal(opened: socket.socket) -> str:
    """Return the sender's own address as RFC 5321 4.1.3 writes it, for who has no proper name."""
    address = opened.getsockname()[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _greet(session: _Session, server: SmtpServer, tls: ssl.SSLContext) -> None:
    session.ehlo_or_helo_if_needed()
    if not server.is_implicit_tls and server.starttls != "off":
        if session.has_extn("starttls"):
            session.starttls(context=tls)
            session.ehlo_or_helo_if_needed()
        elif server.starttls == "required":
            raise DeliveryRejected(
                f"{server.host} does not offer STARTTLS, so nothing was sent.",
                hint="Use smtps://, or ?starttls=optional for a relay on a private host.",
            )
    if server.user:
        try:
            session.login(server.user, server.password)
        except smtplib.SMTPNotSupportedError:
            raise DeliveryRejected(
                f"{server.host} does not take a login.",
                hint="Leave user and password out of the smtp_url.",
            ) from None


def _hand_over(
    session: _Session,
    sender: str,
    recipients: Sequence[str],
    source: bytes,
    secrets: Sequence[str],
) -> SmtpAnswer:
    code, reply = session.mail(sender, [f"SIZE={len(source)}"] if session.has_extn("size") else [])
    if code != 250:
        raise smtplib.SMTPResponseException(code, reply)
    refused: list[str] = []
    deferred: list[str] = []
    last: tuple[int, bytes] = (550, b"no recipient")
    for recipient in recipients:
        code, reply = session.rcpt(recipient)
        if code in (250, 251):
            continue
        if code == 421:
            raise smtplib.SMTPResponseException(code, reply)
        if not deferred:
            last = (code, reply)  # a 4xx outlives a 5xx: another attempt may still succeed
        (deferred if 400 <= code < 500 else refused).append(recipient)
    if len(refused) + len(deferred) == len(recipients):
        raise smtplib.SMTPResponseException(*last)
    code, reply = session.data(source)
    if code != 250:
        raise smtplib.SMTPResponseException(code, reply)
    said = redact(reply.decode("utf-8", "replace"), secrets)
    return SmtpAnswer(f"{code} {said}", tuple(refused), tuple(deferred))


def _refusal(host: str, code: int, reply: bytes | str, secrets: Sequence[str]) -> DeliveryError:
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    said = f"{host} answered {code}: {redact(text, secrets)}"
    return DeliveryRejected(said) if 500 <= code < 600 else DeliveryDeferred(said)
