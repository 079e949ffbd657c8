"""Slack and what speaks like it (Mattermost, Rocket.Chat): an incoming webhook and Block Kit.

Limits after https://docs.slack.dev/reference/block-kit/blocks: 150 characters in a header, 3,000 in
a section, 50 blocks; and about 13,000 in a message, which Slack does not document. They count what
is sent, so after escaping.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import AfterValidator, SecretStr

from heliograph.kernel.errors import UsageError
from heliograph.notifications.channels.contract import Outgoing, Settings
from heliograph.notifications.channels.tables import TableText, cut_text, write_table
from heliograph.notifications.models import Message, MessageTemplate, Notice, Receipt
from heliograph.notifications.templates import write_words
from heliograph.platform.http import parse_http_url, post

_MAX_HEADER = 150
_MAX_SECTION = 3_000
_MAX_LINK = 1_000
_MAX_FALLBACK = 300
_MAX_MESSAGE = 13_000
_MAX_ROWS = 20
_TABLE_WIDTH = 90
_FENCE = "```"
_MARKS = {
    "alert.firing": "🔴",
    "alert.resolved": "🟢",
    "alert.error": "⚠️",
    "alert.no_data": "⚪",
    "digest": "📋",
}


def check_secret_url(url: SecretStr) -> SecretStr:
    """Return the URL when it is one that can be posted to; the error never holds it."""
    try:
        parse_http_url(url.get_secret_value())
    except UsageError as error:
        raise ValueError(f"{error.message} {error.hint}") from None
    return url


class SlackSettings(Settings):
    """``kind: slack``."""

    kind: Literal["slack"]
    webhook_url: Annotated[SecretStr, AfterValidator(check_secret_url)]


class SlackChannel:
    """Posts a header, the body, a table of the first rows and a footer with the delivery id."""

    def __init__(self, name: str, settings: SlackSettings) -> None:
        self.name = name
        self._settings = settings

    def render(self, notice: Notice, template: MessageTemplate) -> Message:
        """Return the payload: the same for the same notice."""
        words = write_words(notice, template)
        notes = list(words.notes)
        mark = _MARKS.get(notice.type, "")
        title = cut_text(f"{mark} {words.title}".strip(), _MAX_HEADER, _cost)
        body = cut_text(words.body, _MAX_SECTION, _cost)
        if body != words.body:
            notes.append(f"The text is cut at {_MAX_SECTION:,} characters.")
        room = _MAX_SECTION - 2 * len(_FENCE) - 2
        while True:
            table = _table(notice, room)
            payload = _payload(notice, title, body, table)
            source = json.dumps(payload, ensure_ascii=False)
            if _units(source) <= _MAX_MESSAGE:
                break
            # JSON doubles quotes and line breaks, so a message of legal parts can still be too long
            if room > 100:
                room //= 2
            else:
                body = cut_text(body, _cost(body) // 2, _cost)
        if table.notes():
            notes.append(f"The table is cut: {', '.join(table.notes())}.")
        return Message(self.name, source, tuple(notes))

    def send(
        self,
        message: Message,
        notice: Notice,
        outgoing: Outgoing,
        recipients: Sequence[str] = (),
    ) -> Receipt:
        """Post the payload; Slack answers 200 and ``ok``."""
        answer = post(
            self._settings.webhook_url.get_secret_value(),
            headers={"Content-Type": "application/json; charset=utf-8", "User-Agent": "Heliograph"},
            body=message.body.encode(),
            timeout=outgoing.timeout_seconds,
            allow_hosts=outgoing.allow_hosts,
            resolve=outgoing.resolve,
            tls=outgoing.tls,
        )
        return Receipt(f"HTTP {answer.status}")


def _payload(notice: Notice, title: str, body: str, table: TableText) -> dict[str, Any]:
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": _escape(title), "emoji": True}}
    ]
    if body:
        blocks.append(_section(_escape(body)))
    if table.text:
        blocks.append(_section(f"{_FENCE}\n{_fenced(table.text)}\n{_FENCE}"))
    if table.notes():
        blocks.append(_context("… " + ", ".join(table.notes())))
    blocks.append(_context(_footer(notice)))
    fallback = _escape(cut_text(title, _MAX_FALLBACK, _cost))
    return {"text": fallback, "blocks": blocks}


def _section(text: str) -> dict[str, Any]:
    # verbatim: Slack makes no links, channels or mentions of what looks like one
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _context(text: str) -> dict[str, Any]:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}]}


def _footer(notice: Notice) -> str:
    parts = [notice.at.strftime("%Y-%m-%d %H:%M:%S %Z"), notice.query_name]
    shown = [_escape(cut_text(part, 200, _cost)) for part in parts if part]
    if notice.link:
        address = _escape(quote(notice.link, safe="/%:=&~+!$,;'@()*[]-._?#"))
        is_web = notice.link.startswith(("https://", "http://")) and len(address) <= _MAX_LINK
        shown.append(f"<{address}|Open>" if is_web else _escape(cut_text(notice.link, 200, _cost)))
    return " · ".join([*shown, notice.delivery_id])


def _table(notice: Notice, room: int) -> TableText:
    return write_table(
        notice, max_rows=_MAX_ROWS, width=_TABLE_WIDTH, room=room, cost=lambda t: _units(_fenced(t))
    )


def _fenced(text: str) -> str:
    """Escape text for a code block; a zero-width space keeps data from closing it."""
    return _escape(text).replace("``", "`\u200b`\u200b")


def _escape(text: str) -> str:
    """Escape the three characters that Slack's markup is made of: no link and no mention is left.

    https://docs.slack.dev/messaging/formatting-message-text#escaping
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cost(text: str) -> int:
    return _units(_escape(text))


def _units(text: str) -> int:
    """Count UTF-16 units: the strictest of the ways in which a receiver may count."""
    return len(text) + sum(character > "\uffff" for character in text)
