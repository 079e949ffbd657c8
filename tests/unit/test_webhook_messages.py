"""What a webhook's receiver gets, and how it is signed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError
from standardwebhooks import Webhook, WebhookVerificationError
from tests.support.notices import make_notice

from heliograph.notifications.channels.webhook import WebhookChannel, WebhookSettings, sign
from heliograph.notifications.models import MessageTemplate

SETTINGS = {"kind": "webhook", "url": "https://example.com/hook"}
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_AfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def channel(**changes: Any) -> WebhookChannel:
    return WebhookChannel("hook", TypeAdapter(WebhookSettings).validate_python(SETTINGS | changes))


def test_a_body_holds_the_notice_exactly() -> None:
    body = json.loads(channel().render(make_notice(key="DE"), MessageTemplate()).body)
    assert body == {
        "type": "alert.firing",
        "timestamp": "2026-03-02T09:30:00+00:00",
        "data": {
            "alert": "Large refunds",
            "key": "DE",
            "state": "alerting",
            "previous_state": "ok",
            "outcome": "value",
            "reason": "The query returned 3 rows.",
            "value": "3",
            "threshold": None,
            "row_count": 3,
            "columns": ["id", "amount", "note"],
            "rows": [["1", "812.50", "late"], ["2", "1000.00", None], ["3", "501.10", ""]],
            "truncated": False,
            "query_name": "refunds",
            "link": "https://heliograph.example/alerts/7?tab=rows",
            "title": "Large refunds [DE] is firing: 3 rows",
            "text": "The query returned 3 rows.",
        },
    }


def test_rows_that_are_left_out_are_said() -> None:
    many = make_notice(rows=tuple(("1", "2", "3") for _ in range(300)), row_count=5000)
    message = channel().render(many, MessageTemplate())
    data = json.loads(message.body)["data"]
    assert (len(data["rows"]), data["row_count"], data["truncated"]) == (100, 5000, True)
    assert message.notes == ("The first 100 of 5,000 rows are sent.",)


def test_a_body_stays_below_its_limit() -> None:
    wide = make_notice(rows=tuple(("x" * 20_000, "2", "3") for _ in range(40)), row_count=40)
    message = channel().render(wide, MessageTemplate())
    assert len(message.body.encode()) <= 256 * 1024
    assert 0 < len(json.loads(message.body)["data"]["rows"]) < 40
    assert message.notes


def test_the_published_library_accepts_a_signature_and_no_other() -> None:
    body = channel().render(make_notice(reason="ünï"), MessageTemplate()).body
    now = int(datetime.now(UTC).timestamp())
    headers = {
        "webhook-id": "dlv_a",
        "webhook-timestamp": str(now),
        "webhook-signature": sign(SECRET, "dlv_a", now, body),
    }
    assert Webhook(SECRET).verify(body.encode(), headers)["type"] == "alert.firing"
    for changed in (
        {"webhook-id": "dlv_b"},
        {"webhook-timestamp": str(now - 1)},
        {"webhook-signature": sign(OTHER, "dlv_a", now, body)},
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(body.encode(), headers | changed)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body.encode() + b" ", headers)


def test_a_signature_is_that_of_the_specification() -> None:
    signature = sign(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, '{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_without_prefix_is_its_own_bytes() -> None:
    now = int(datetime.now(UTC).timestamp())
    headers = {
        "webhook-id": "a",
        "webhook-timestamp": str(now),
        "webhook-signature": sign("plain words", "a", now, "{}"),
    }
    assert Webhook(b"plain words").verify(b"{}", headers) == {}


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_???", "whsec_a"])
def test_a_secret_that_cannot_sign_is_refused_without_being_told(secret: str) -> None:
    with pytest.raises(ValidationError, match="The secret of a webhook"):
        channel(secret=secret)
    assert channel(secret=SECRET)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Host", "evil.example"),
        ("content-length", "0"),
        ("Transfer-Encoding", "chunked"),
        ("webhook-signature", "v1,x"),
        ("Webhook-Id", "x"),
        ("X-A", "b\r\nX-B: c"),
        ("X-A", "ü"),
        ("X A", "b"),
        ("X-A:", "b"),
        ("", "b"),
    ],
)
def test_a_header_that_would_change_the_request_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValidationError, match="header"):
        channel(headers={name: value})
    assert channel(headers={"Authorization": "Bearer t0ken"})
