"""A webhook of one's own, signed after the Standard Webhooks specification 1.0.

https://github.com/standard-webhooks/standard-webhooks: ``webhook-id`` is the delivery's id and the
same for every attempt, as is the body; ``webhook-timestamp`` is the attempt's. The signature is
``v1,`` and the base64 of HMAC-SHA256 over ``id.timestamp.body``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, SecretStr

from heliograph.notifications.channels.contract import Outgoing, Settings
from heliograph.notifications.channels.slack import check_secret_url
from heliograph.notifications.models import Message, MessageTemplate, Notice, Receipt
from heliograph.notifications.templates import write_words
from heliograph.platform.http import post

_MAX_ROWS = 100
_MAX_BODY = 256 * 1024
_PREFIX = "whsec_"
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110 5.6.2
_OURS = ("host", "content-length", "content-type", "connection", "transfer-encoding", "user-agent")


def signing_key(secret: str) -> bytes:
    """Return the key of a secret: ``whsec_`` and base64, or any other text as its UTF-8 bytes.

    Raises ValueError, which never holds the secret, when it is empty, or not base64
    after the prefix.
    """
    if not secret:
        raise ValueError("The secret of a webhook is empty; leave it out to send unsigned.")
    if not secret.startswith(_PREFIX):
        return secret.encode()
    encoded = secret.removeprefix(_PREFIX)
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise ValueError("The secret of a webhook is not base64 after whsec_.")
    return key


def sign(secret: str, webhook_id: str, timestamp: int, body: str) -> str:
    """Return the ``webhook-signature`` of a body."""
    signed = f"{webhook_id}.{timestamp}.{body}".encode()
    digest = hmac.new(signing_key(secret), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode('ascii')}"


def _check_secret(secret: SecretStr) -> SecretStr:
    signing_key(secret.get_secret_value())
    return secret


def _check_headers(headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name):
            raise ValueError("A header of a webhook has a name that HTTP does not know.")
        if name.lower() in _OURS or name.lower().startswith("webhook-"):
            raise ValueError(f"The header {name} is set by Heliograph itself.")
        text = value.get_secret_value()
        if not (text.isascii() and text.isprintable()) or text != text.strip():
            raise ValueError(f"The header {name} has a value that HTTP cannot carry.")
    return headers


class WebhookSettings(Settings):
    """``kind: webhook``."""

    kind: Literal["webhook"]
    url: Annotated[SecretStr, AfterValidator(check_secret_url)]
    secret: Annotated[SecretStr, AfterValidator(_check_secret)] | None = None
    headers: Annotated[dict[str, SecretStr], AfterValidator(_check_headers)] = {}  # noqa: RUF012


class WebhookChannel:
    """Posts the notice as JSON."""

    def __init__(self, name: str, settings: WebhookSettings) -> None:
        self.name = name
        self._settings = settings

    def render(self, notice: Notice, template: MessageTemplate) -> Message:
        """Return the body: the same for every attempt."""
        words = write_words(notice, template)
        rows = list(notice.rows[:_MAX_ROWS])
        source = _body(notice, words.title, words.body, rows)
        while len(source.encode()) > _MAX_BODY and rows:
            rows = rows[: len(rows) // 2]
            source = _body(notice, words.title, words.body, rows)
        notes = list(words.notes)
        if len(rows) < notice.row_count:
            notes.append(f"The first {len(rows):,} of {notice.row_count:,} rows are sent.")
        return Message(self.name, source, tuple(notes))

    def send(
        self,
        message: Message,
        notice: Notice,
        outgoing: Outgoing,
        recipients: Sequence[str] = (),
    ) -> Receipt:
        """Post the body with its id, the time of this attempt and, given a secret, a signature."""
        timestamp = int(outgoing.now().timestamp())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Heliograph",
            "webhook-id": notice.delivery_id,
            "webhook-timestamp": str(timestamp),
        }
        if self._settings.secret is not None:
            secret = self._settings.secret.get_secret_value()
            headers["webhook-signature"] = sign(secret, notice.delivery_id, timestamp, message.body)
        own = {name: value.get_secret_value() for name, value in self._settings.headers.items()}
        answer = post(
            self._settings.url.get_secret_value(),
            headers=own | headers,
            body=message.body.encode(),
            timeout=outgoing.timeout_seconds,
            allow_hosts=outgoing.allow_hosts,
            resolve=outgoing.resolve,
            tls=outgoing.tls,
        )
        return Receipt(f"HTTP {answer.status}")


def _body(notice: Notice, title: str, text: str, rows: Sequence[Sequence[str | None]]) -> str:
    data: dict[str, Any] = {
        "alert": notice.alert,
        "key": notice.key,
        "state": notice.state,
        "previous_state": notice.previous_state,
        "outcome": notice.outcome,
        "reason": notice.reason,
        "value": notice.value,
        "threshold": notice.threshold,
        "row_count": notice.row_count,
        "columns": list(notice.columns),
        "rows": [list(row) for row in rows],
        "truncated": notice.is_cut or len(rows) < notice.row_count,
        "query_name": notice.query_name,
        "link": notice.link,
        "title": title,
        "text": text,
    }
    body = {"type": notice.type, "timestamp": notice.at.isoformat(), "data": data}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
