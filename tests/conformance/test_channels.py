"""What every kind of channel promises, checked over the registry."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError
from tests.support.http_receiver import Answer, HttpReceiver
from tests.support.notices import make_notice
from tests.support.smtp_receiver import SmtpReceiver

from heliograph.kernel.errors import DeliveryDeferred, DeliveryRejected, DestinationRefused
from heliograph.notifications.channels.contract import Channel, Outgoing
from heliograph.notifications.channels.registry import (
    CHANNEL_KINDS,
    ChannelSettings,
    make_channel,
)
from heliograph.notifications.models import MessageTemplate, Notice

DOCS = Path(__file__).parents[2] / "docs" / "reference" / "channels.md"
LOCAL = Outgoing(allow_hosts=["127.0.0.1"], timeout_seconds=5)
ADAPTER = TypeAdapter[Any](ChannelSettings)
HOSTILE = "<b>&\"'`*_~|\\ <!channel> @here {{ 7*7 }} \u202e\u0000\r\nBcc: x@y.example 漢字 😀"
TYPES = ["alert.firing", "alert.resolved", "alert.error", "alert.no_data", "digest"]


@dataclass(frozen=True)
class Receiver:
    """A real receiver of one kind: its settings, and what arrived as (delivery id, whole text)."""

    settings: dict[str, Any]
    arrived: Callable[[], list[tuple[str, str]]]


@contextmanager
def http_receiver(settings: dict[str, Any], url_key: str, failure: str) -> Iterator[Receiver]:
    status = {"none": 200, "busy": 503, "gone": 410}[failure]
    with HttpReceiver([Answer(status)] * 100) as receiver:

        def arrived() -> list[tuple[str, str]]:
            return [
                (
                    request.headers.get("webhook-id")
                    or re.findall(r"dlv_\w+", request.body.decode())[-1],
                    request.body.decode(),
                )
                for request in receiver.requests
            ]

        yield Receiver(settings | {url_key: receiver.url("/pathSECRET")}, arrived)


@contextmanager
def smtp_receiver(failure: str) -> Iterator[Receiver]:
    reply = {"none": "250 ok", "busy": "451 busy", "gone": "550 gone"}[failure]
    with SmtpReceiver(replies=[reply] * 100) as receiver:

        def arrived() -> list[tuple[str, str]]:
            return [
                (mail.parsed()["Message-ID"][1:].partition("@")[0], mail.source.decode())
                for mail in receiver.mails
            ]

        settings = {
            "kind": "email",
            "smtp_url": receiver.url(options="?starttls=off&ehlo=nameSECRET"),
            "from": "h@y.example",
            "to": ["a@x.example"],
        }
        yield Receiver(settings, arrived)


def receive(kind: str, failure: str = "none") -> AbstractContextManager[Receiver]:
    """Start a receiver for a kind; a new kind in the registry needs one here."""
    if kind == "email":
        return smtp_receiver(failure)
    if kind == "slack":
        return http_receiver({"kind": "slack"}, "webhook_url", failure)
    assert kind == "webhook"
    return http_receiver({"kind": "webhook", "secret": "keySECRET"}, "url", failure)


def channel_of(receiver: Receiver) -> Channel:
    return make_channel("it", ADAPTER.validate_python(receiver.settings))


def deliver(channel: Channel, notice: Notice, outgoing: Outgoing = LOCAL) -> str:
    message = channel.render(notice, MessageTemplate())
    assert channel.send(message, notice, outgoing).detail
    return message.body


pytestmark = pytest.mark.parametrize("kind", sorted(CHANNEL_KINDS))


def test_what_arrives_is_what_was_rendered_and_carries_the_delivery_id(kind: str) -> None:
    with receive(kind) as receiver:
        body = deliver(channel_of(receiver), make_notice())
        assert receiver.arrived() == [(make_notice().delivery_id, body)]


def test_a_repeat_carries_the_same_id_and_the_same_body(kind: str) -> None:
    with receive(kind) as receiver:
        channel = channel_of(receiver)
        deliver(channel, make_notice())
        deliver(channel_of(receiver), make_notice())
        first, second = receiver.arrived()
        assert first == second


@pytest.mark.parametrize("type_", TYPES)
def test_every_type_of_notice_is_said(kind: str, type_: str) -> None:
    with receive(kind) as receiver:
        deliver(channel_of(receiver), make_notice(type=type_, columns=(), rows=(), value=None))
        assert len(receiver.arrived()) == 1


@pytest.mark.parametrize(
    "cell", [None, "", HOSTILE, "x" * 100_000], ids=["null", "empty", "hostile", "long"]
)
def test_any_data_is_delivered(kind: str, cell: str | None) -> None:
    text = (cell or "")[:500]
    notice = make_notice(
        alert=text or "a",
        key=text,
        reason=text,
        query_name=text,
        columns=("", "", text),
        rows=((cell, cell, cell),) * 60,
        row_count=60,
    )
    with receive(kind) as receiver:
        channel = channel_of(receiver)
        assert deliver(channel, notice)
        assert receiver.arrived()[0][0] == notice.delivery_id


def test_a_broken_template_is_delivered_as_the_default_and_says_so(kind: str) -> None:
    with receive(kind) as receiver:
        channel = channel_of(receiver)
        broken = channel.render(make_notice(), MessageTemplate(title="{{ nope", body="fine words"))
        assert "template of the title is broken" in " ".join(broken.notes)
        assert "Large refunds is firing" in broken.body
        assert "fine words" in broken.body
        assert "broken" in broken.body
        whole = channel.render(make_notice(), MessageTemplate(title="Mine {{ row_count }}"))
        assert "Mine 3" in whole.body
        assert not whole.notes


def test_no_secret_is_in_a_message_or_shown_by_the_settings(kind: str) -> None:
    with receive(kind) as receiver:
        settings = ADAPTER.validate_python(receiver.settings)
        channel = make_channel("it", settings)
        message = channel.render(make_notice(), MessageTemplate(body="{{ nope }}"))
        for shown in (repr(settings), str(settings), repr(message), settings.model_dump_json()):
            assert "SECRET" not in shown


def test_a_private_receiver_gets_nothing_unless_it_is_allowed(kind: str) -> None:
    with receive(kind) as receiver:
        channel = channel_of(receiver)
        with pytest.raises(DestinationRefused):
            deliver(channel, make_notice(), Outgoing())
        assert receiver.arrived() == []
        deliver(channel, make_notice())
        assert len(receiver.arrived()) == 1


def test_a_busy_receiver_defers_and_one_that_is_gone_rejects(kind: str) -> None:
    with receive(kind, "busy") as receiver, pytest.raises(DeliveryDeferred) as busy:
        deliver(channel_of(receiver), make_notice())
    with receive(kind, "gone") as receiver, pytest.raises(DeliveryRejected) as gone:
        deliver(channel_of(receiver), make_notice())
    for caught in (busy, gone):
        assert "SECRET" not in f"{caught.value!r}{vars(caught.value)}"
        assert "127.0.0.1" in str(caught.value)


def test_unknown_and_missing_keys_are_errors(kind: str) -> None:
    with receive(kind) as receiver:
        assert ADAPTER.validate_python(receiver.settings)
        with pytest.raises(ValidationError, match="Extra inputs"):
            ADAPTER.validate_python(receiver.settings | {"urll": "x"})
        for key, is_required in CHANNEL_KINDS[kind].fields().items():
            if is_required and key != "kind":
                with pytest.raises(ValidationError, match="Field required"):
                    ADAPTER.validate_python(
                        {k: v for k, v in receiver.settings.items() if k != key}
                    )


def test_the_reference_lists_the_fields_of_the_kind(kind: str) -> None:
    section = DOCS.read_text().partition(f"\n## `{kind}`\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (yes|no) \|", section, re.MULTILINE)
    documented = {name: needed == "yes" for name, needed in rows}
    assert documented == CHANNEL_KINDS[kind].fields()
    kinds = re.findall(r"^## `(\w+)`$", DOCS.read_text(), re.MULTILINE)
    assert sorted(kinds) == sorted(CHANNEL_KINDS)
