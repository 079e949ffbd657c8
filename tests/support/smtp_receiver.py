"""A real SMTP server (aiosmtpd) on 127.0.0.1 that records what it gets and refuses on demand."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, Self, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass(frozen=True)
class ReceivedMail:
    """One mail as it arrived: the envelope, the source, and how the sender came."""

    sender: str
    recipients: tuple[str, ...]
    source: bytes
    is_encrypted: bool
    user: str | None
    greeted_as: str

    def parsed(self) -> EmailMessage:
        return cast(EmailMessage, message_from_bytes(self.source, policy=default))


class SmtpReceiver:
    """Takes mail until told otherwise.

    ``refusals`` maps a recipient to the reply it gets; ``replies`` are the replies to DATA, one
    after the other, then 250. ``starttls`` offers it, ``implicit_tls`` expects it from the start.
    ``login`` asks for that user and password.
    """

    def __init__(
        self,
        *,
        refusals: Mapping[str, str] | None = None,
        replies: Iterable[str] = (),
        starttls: ssl.SSLContext | None = None,
        implicit_tls: ssl.SSLContext | None = None,
        login: tuple[str, str] | None = None,
    ) -> None:
        self.mails: list[ReceivedMail] = []
        self.port = 0
        self._refusals = dict(refusals or {})
        self._replies = list(replies)
        self._implicit_tls = implicit_tls
        self._options: dict[str, Any] = {"hostname": "mail.test", "tls_context": starttls}
        if login is not None:
            self._login = login
            self._options |= {
                "authenticator": self._authenticate,
                "auth_require_tls": starttls is not None,
            }
        self._arrived = threading.Condition()
        self._started = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._end = asyncio.Event()
        self._thread = threading.Thread(target=self._serve)

    def url(self, login: str = "", *, host: str = "127.0.0.1", options: str = "") -> str:
        scheme = "smtp" if self._implicit_tls is None else "smtps"
        return f"{scheme}://{login}{host}:{self.port}{options}"

    def wait_for(self, count: int, timeout: float = 10.0) -> list[ReceivedMail]:
        """Return the mails once there are ``count``; fail when they do not come."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.mails) >= count, timeout)
            return list(self.mails)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self._refusals:
            return self._refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        reply = self._replies.pop(0) if self._replies else "250 2.0.0 queued"
        if not reply.startswith("250"):
            return reply
        with self._arrived:
            self.mails.append(
                ReceivedMail(
                    sender=envelope.mail_from or "",
                    recipients=tuple(envelope.rcpt_tos),
                    source=cast(bytes, envelope.content),
                    is_encrypted=session.ssl is not None or self._implicit_tls is not None,
                    user=cast("str | None", session.auth_data),
                    greeted_as=session.host_name or "",
                )
            )
            self._arrived.notify_all()
        return reply

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._started.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)
        self._loop.close()

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        user, password = data.login.decode(), data.password.decode()
        return AuthResult(success=(user, password) == self._login, handled=False, auth_data=user)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._main())

    async def _main(self) -> None:
        server = await self._loop.create_server(
            lambda: SMTP(self, loop=self._loop, **self._options),
            "127.0.0.1",
            0,
            ssl=self._implicit_tls,
        )
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        await self._end.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)


@contextmanager
def silent_server() -> Iterator[int]:
    """Give the port of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]
