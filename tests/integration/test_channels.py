"""Channels against real receivers: what arrives, who is refused, and what is worth another try."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter
from standardwebhooks import Webhook
from tests.support.certificates import Authority
from tests.support.http_receiver import HttpReceiver
from tests.support.notices import make_notice
from tests.support.smtp_receiver import SmtpReceiver, silent_server

from heliograph.kernel.errors import (
    DeliveryDeferred,
    DeliveryRejected,
    DestinationRefused,
)
from heliograph.notifications.channels.contract import Channel, Outgoing
from heliograph.notifications.channels.registry import ChannelSettings, make_channel
from heliograph.notifications.models import MessageTemplate, Receipt

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
LOGIN = ("me@a.example", "pass SECRET/word")
LOGIN_TEXT = "me%40a.example:pass%20SECRET%2Fword@"
THREE = ["a@x.example", "b@x.example", "c@x.example"]


def channel_of(**settings: Any) -> Channel:
    return make_channel("it", TypeAdapter[Any](ChannelSettings).validate_python(settings))


def email(url: str, to: Sequence[str] = ("a@x.example",), **changes: Any) -> Channel:
    settings = {"kind": "email", "smtp_url": url, "from": "h@y.example", "to": list(to)}
    return channel_of(**settings, **changes)


def deliver(channel: Channel, outgoing: Outgoing, recipients: Sequence[str] = ()) -> Receipt:
    notice = make_notice()
    message = channel.render(notice, MessageTemplate())
    return channel.send(message, notice, outgoing, recipients)


@pytest.fixture
def authority() -> Authority:
    return Authority()


@pytest.fixture
def outgoing(authority: Authority) -> Outgoing:
    """Local receivers are allowed, by address and as mail.test, and their authority trusted."""
    return Outgoing(
        allow_hosts=["127.0.0.1"],
        timeout_seconds=5,
        resolve=lambda host, port: ["127.0.0.1"],
        tls=authority.client(),
    )


@pytest.fixture
def plain() -> Iterator[SmtpReceiver]:
    """A relay without encryption, as containers have beside them."""
    with SmtpReceiver() as receiver:
        yield receiver


def test_slack_gets_exactly_what_was_rendered(outgoing: Outgoing) -> None:
    with HttpReceiver() as receiver:
        channel = channel_of(kind="slack", webhook_url=receiver.url("/services/T/B/x"))
        assert deliver(channel, outgoing).detail == "HTTP 200"
    (request,) = receiver.requests
    assert request.body.decode() == channel.render(make_notice(), MessageTemplate()).body
    assert request.headers["content-type"] == "application/json; charset=utf-8"
    assert request.json()["text"] == "🔴 Large refunds is firing: 3 rows"


def test_a_webhook_is_signed_for_each_attempt_and_its_body_stays_the_same(
    outgoing: Outgoing,
) -> None:
    now = datetime.now(UTC)
    times = iter([now, now.replace(microsecond=0)])
    with HttpReceiver([503]) as receiver:
        channel = channel_of(
            kind="webhook",
            url=receiver.url("/hook"),
            secret=SECRET,
            headers={"Authorization": "Bearer t0ken"},
        )
        at = Outgoing(allow_hosts=outgoing.allow_hosts, now=times.__next__)
        with pytest.raises(DeliveryDeferred):
            deliver(channel, at)
        deliver(channel, at)
    first, second = receiver.requests
    for request in (first, second):
        verified = Webhook(SECRET).verify(request.body, dict(request.headers))
        assert verified["data"]["alert"] == "Large refunds"
        assert request.headers["authorization"] == "Bearer t0ken"
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == make_notice().delivery_id
    assert first.headers["webhook-timestamp"] == str(int(now.timestamp()))


def test_a_webhook_without_a_secret_is_unsigned(outgoing: Outgoing) -> None:
    with HttpReceiver() as receiver:
        deliver(channel_of(kind="webhook", url=receiver.url()), outgoing)
    assert "webhook-signature" not in receiver.requests[0].headers
    assert receiver.requests[0].headers["webhook-id"] == make_notice().delivery_id


def test_mail_goes_encrypted_with_starttls_and_login(
    authority: Authority, outgoing: Outgoing
) -> None:
    with SmtpReceiver(starttls=authority.server("mail.test"), login=LOGIN) as receiver:
        url = receiver.url(LOGIN_TEXT, host="mail.test", options="?ehlo=box.example")
        receipt = deliver(email(url, THREE, attach_csv=True), outgoing)
    (mail,) = receiver.mails
    assert (mail.is_encrypted, mail.user) == (True, LOGIN[0])
    assert mail.greeted_as == "box.example"
    assert (mail.sender, mail.recipients) == ("h@y.example", tuple(THREE))
    assert mail.parsed()["Message-ID"] == f"<{make_notice().delivery_id}@y.example>"
    kinds = [part.get_content_type() for part in mail.parsed().walk()]
    assert kinds == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/csv",
    ]
    assert receipt == Receipt("250 2.0.0 queued", (), ())


def test_mail_goes_encrypted_from_the_first_byte(authority: Authority, outgoing: Outgoing) -> None:
    with SmtpReceiver(implicit_tls=authority.server("mail.test"), login=LOGIN) as receiver:
        url = receiver.url(LOGIN_TEXT, host="mail.test")
        assert url.startswith("smtps://")
        deliver(email(url), outgoing)
    assert (receiver.mails[0].is_encrypted, receiver.mails[0].user) == (True, LOGIN[0])


def test_what_arrives_is_what_was_rendered_dots_included(
    plain: SmtpReceiver, outgoing: Outgoing
) -> None:
    channel = email(plain.url(options="?starttls=optional"))
    notice = make_notice(reason=".\n.dots\n..\nend")
    message = channel.render(notice, MessageTemplate())
    channel.send(message, notice, outgoing)
    assert plain.mails[0].source.decode() == message.body
    assert plain.mails[0].greeted_as == "[127.0.0.1]"


@pytest.mark.parametrize("scheme", ["starttls", "implicit_tls"])
def test_a_mail_server_with_the_wrong_certificate_gets_no_login_and_no_mail(
    scheme: str, authority: Authority, outgoing: Outgoing
) -> None:
    context = authority.server("mail.test")
    receiver = (
        SmtpReceiver(starttls=context, login=LOGIN)
        if scheme == "starttls"
        else SmtpReceiver(implicit_tls=context, login=LOGIN)
    )
    with receiver:
        with pytest.raises(DeliveryDeferred, match="certificate verify failed") as caught:
            deliver(email(receiver.url(LOGIN_TEXT, host="other.test")), outgoing)
        assert "SECRET" not in f"{caught.value!r}{vars(caught.value)}"
        assert not receiver.mails
        deliver(email(receiver.url(LOGIN_TEXT, host="mail.test")), outgoing)
        assert len(receiver.mails) == 1


def test_a_server_without_starttls_gets_nothing_unless_the_file_says_so(
    plain: SmtpReceiver, outgoing: Outgoing
) -> None:
    with pytest.raises(DeliveryRejected, match="does not offer STARTTLS"):
        deliver(email(plain.url(options="?starttls=required")), outgoing)
    assert not plain.mails
    deliver(email(plain.url(options="?starttls=optional")), outgoing)
    deliver(email(plain.url(options="?starttls=off")), outgoing)
    assert [mail.is_encrypted for mail in plain.mails] == [False, False]


def test_a_relay_on_this_machine_is_spoken_to_as_it_can(plain: SmtpReceiver) -> None:
    local = Outgoing(allow_hosts=["127.0.0.1"])
    deliver(email(plain.url()), local)
    assert [mail.is_encrypted for mail in plain.mails] == [False]
    with SmtpReceiver(starttls=Authority().server("mail.test"), login=LOGIN) as encrypted:
        deliver(email(encrypted.url(LOGIN_TEXT)), local)  # whoever signed its certificate
        assert [(mail.is_encrypted, mail.user) for mail in encrypted.mails] == [(True, LOGIN[0])]


def test_optional_starttls_is_used_where_it_is_offered(
    authority: Authority, outgoing: Outgoing
) -> None:
    with SmtpReceiver(starttls=authority.server("mail.test")) as receiver:
        deliver(email(receiver.url(host="mail.test", options="?starttls=optional")), outgoing)
    assert receiver.mails[0].is_encrypted


def test_a_public_mail_server_is_never_spoken_to_in_the_clear(outgoing: Outgoing) -> None:
    public = Outgoing(resolve=lambda host, port: ["192.0.43.10"], timeout_seconds=0.2)
    with pytest.raises(DestinationRefused, match="without encryption"):
        deliver(email("smtp://mail.test:25?starttls=optional"), public)


def test_a_private_mail_server_is_refused_unless_it_is_allowed(
    plain: SmtpReceiver, outgoing: Outgoing
) -> None:
    channel = email(plain.url(options="?starttls=off"))
    with pytest.raises(DestinationRefused, match="loopback"):
        deliver(channel, Outgoing(timeout_seconds=2))
    deliver(channel, outgoing)
    assert len(plain.mails) == 1


def test_a_wrong_password_is_final_and_not_told(authority: Authority, outgoing: Outgoing) -> None:
    with SmtpReceiver(starttls=authority.server("mail.test"), login=LOGIN) as receiver:
        wrong = receiver.url("me%40a.example:otherSECRET@", host="mail.test")
        with pytest.raises(DeliveryRejected, match="535") as caught:
            deliver(email(wrong), outgoing)
        assert "SECRET" not in f"{caught.value!r}{vars(caught.value)}"
        deliver(email(receiver.url(LOGIN_TEXT, host="mail.test")), outgoing)
    assert len(receiver.mails) == 1


def test_a_server_that_takes_no_login_is_a_final_failure(
    plain: SmtpReceiver, outgoing: Outgoing
) -> None:
    with pytest.raises(DeliveryRejected, match="does not take a login"):
        deliver(email(plain.url(LOGIN_TEXT, options="?starttls=off")), outgoing)


def test_one_refused_recipient_of_three_does_not_stop_the_others(outgoing: Outgoing) -> None:
    with SmtpReceiver(refusals={"b@x.example": "550 no such user"}) as receiver:
        receipt = deliver(email(receiver.url(options="?starttls=off"), THREE), outgoing)
    assert receiver.mails[0].recipients == ("a@x.example", "c@x.example")
    assert (receipt.refused, receipt.deferred) == (("b@x.example",), ())


def test_a_recipient_refused_for_now_can_be_tried_alone_later(outgoing: Outgoing) -> None:
    with SmtpReceiver(refusals={"b@x.example": "451 greylisted"}) as receiver:
        channel = email(receiver.url(options="?starttls=off"), THREE)
        receipt = deliver(channel, outgoing)
        assert (receipt.refused, receipt.deferred) == ((), ("b@x.example",))
        with pytest.raises(DeliveryDeferred, match="451"):
            deliver(channel, outgoing, receipt.deferred)
        deliver(channel, outgoing, ["c@x.example"])
    assert [mail.recipients for mail in receiver.mails] == [
        ("a@x.example", "c@x.example"),
        ("c@x.example",),
    ]


def test_all_recipients_refused_is_final_and_one_for_now_is_not(outgoing: Outgoing) -> None:
    for_good = dict.fromkeys(THREE, "550 no such user")
    with SmtpReceiver(refusals=for_good) as receiver, pytest.raises(DeliveryRejected, match="550"):
        deliver(email(receiver.url(options="?starttls=off"), THREE), outgoing)
    for order in ({"a@x.example": "451 later"}, {"c@x.example": "451 later"}):
        with SmtpReceiver(refusals=for_good | order) as receiver:
            with pytest.raises(DeliveryDeferred, match="451"):
                deliver(email(receiver.url(options="?starttls=off"), THREE), outgoing)
            assert not receiver.mails


def test_a_4xx_is_tried_again_and_a_5xx_is_not(outgoing: Outgoing) -> None:
    with SmtpReceiver(replies=["451 try later", "554 spam"]) as receiver:
        channel = email(receiver.url(options="?starttls=off"))
        with pytest.raises(DeliveryDeferred, match=r"127\.0\.0\.1 answered 451"):
            deliver(channel, outgoing)
        with pytest.raises(DeliveryRejected, match=r"127\.0\.0\.1 answered 554"):
            deliver(channel, outgoing)
        assert deliver(channel, outgoing).detail == "250 2.0.0 queued"
    assert len(receiver.mails) == 1


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_mail_server_that_stays_silent_does_not_hold_the_sender(
    scheme: str, outgoing: Outgoing
) -> None:
    impatient = Outgoing(allow_hosts=outgoing.allow_hosts, timeout_seconds=0.3)
    with silent_server() as port:
        started = time.monotonic()
        with pytest.raises(DeliveryDeferred, match="did not answer in time"):
            deliver(email(f"{scheme}://127.0.0.1:{port}"), impatient)
        assert time.monotonic() - started < 3


def test_a_mail_server_that_drips_is_cut_at_the_deadline(outgoing: Outgoing) -> None:
    """A timeout per read would wait for ever for a line that grows by a byte now and then."""
    ended = threading.Event()

    def drip(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            for _ in range(200):
                if ended.wait(0.05):
                    return
                try:
                    connection.send(b"2")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=drip, args=(listening,))
        thread.start()
        url = f"smtp://127.0.0.1:{listening.getsockname()[1]}"
        started = time.monotonic()
        with pytest.raises(DeliveryDeferred, match="did not answer in time"):
            deliver(email(url), Outgoing(allow_hosts=outgoing.allow_hosts, timeout_seconds=0.4))
        assert time.monotonic() - started < 3
        ended.set()
        thread.join(10)


def test_a_mail_server_that_does_not_listen_is_tried_again(outgoing: Outgoing) -> None:
    with silent_server() as port:
        pass
    with pytest.raises(DeliveryDeferred, match="the connection failed") as caught:
        deliver(email(f"smtp://{LOGIN_TEXT}127.0.0.1:{port}"), outgoing)
    assert "SECRET" not in f"{caught.value!r}{vars(caught.value)}"
