"""Mail over SMTP: text and HTML, the result as a table, and as CSV when asked.

One mail goes to all recipients of the channel. It never sends a copy of itself anywhere else.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from heliograph.connections.engines.contract import Column, ValueKind
from heliograph.kernel.errors import DestinationRefused, UsageError
from heliograph.notifications.channels.contract import Outgoing, Settings
from heliograph.notifications.channels.email_html import write_html
from heliograph.notifications.channels.tables import write_table
from heliograph.notifications.models import Message, MessageTemplate, Notice, Receipt
from heliograph.notifications.templates import Words, unique_names, write_words
from heliograph.platform.addresses import normal_host
from heliograph.platform.smtp import parse_smtp_url, send_mail
from heliograph.queries.encoders.contract import Summary
from heliograph.queries.encoders.csv import CsvEncoder

_MAX_ROWS = 50
_MAX_TEXT_TABLE = 30_000
_MAX_CSV = 5 * 1024 * 1024
_LOCAL_PART = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")  # RFC 5321, without quotes
_MAILBOX = re.compile(
    r'(?:(?P<name>"[^"\\<>\x00-\x1f]*"\s*|[^"\\<>@,;:\x00-\x1f]*)<(?P<within>[^<>\s]+)>'
    r"|(?P<bare>[^<>\s,;]+))"
)
_SEPARATORS = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def parse_address(text: str) -> Address:
    """Return one address, written ``a@b.example`` or ``Name <a@b.example>``.

    Raises ValueError for anything else, a list of addresses included; an international domain
    becomes its ASCII form.
    """
    match = _MAILBOX.fullmatch(text.strip())
    local, _, domain = (match["within"] or match["bare"] if match else "").rpartition("@")
    invalid = ValueError(f"{text!r} is no mail address.")
    if match is None or not _LOCAL_PART.fullmatch(local):
        raise invalid
    try:
        address = f"{local}@{normal_host(domain)}"
    except DestinationRefused:
        raise invalid from None
    return Address((match["name"] or "").strip().strip('"'), addr_spec=address)


def _check_address(text: str) -> str:
    parse_address(text)
    return text


def _check_smtp_url(url: SecretStr) -> SecretStr:
    try:
        parse_smtp_url(url.get_secret_value())
    except UsageError as error:
        raise ValueError(f"{error.message} {error.hint or ''}".strip()) from None
    return url


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


_Mailbox = Annotated[str, AfterValidator(_check_address)]


class EmailSettings(Settings):
    """``kind: email``."""

    kind: Literal["email"]
    smtp_url: Annotated[SecretStr, AfterValidator(_check_smtp_url)]
    sender: _Mailbox = Field(alias="from")
    to: Annotated[tuple[_Mailbox, ...], BeforeValidator(_as_list), Field(min_length=1)]
    reply_to: _Mailbox | None = None
    attach_csv: bool = False


class EmailChannel:
    """Sends one mail to all recipients; who is refused stops none of the others."""

    def __init__(self, name: str, settings: EmailSettings) -> None:
        self.name = name
        self._settings = settings
        self._sender = parse_address(settings.sender)
        # one mailbox written twice is one recipient
        self._to = {address.addr_spec: address for address in map(parse_address, settings.to)}

    def render(self, notice: Notice, template: MessageTemplate) -> Message:
        """Return the mail's source, ASCII with CRLF: the same for the same notice."""
        words = self._with_csv_note(write_words(notice, template), notice)
        notes = list(words.notes)
        mail = EmailMessage(policy=SMTP)
        self._write_headers(mail, notice, words.title)
        mail.set_content(_text(notice, words), cte="quoted-printable")
        mail.add_alternative(
            write_html(notice, words, max_rows=_MAX_ROWS), subtype="html", cte="quoted-printable"
        )
        if len(notice.rows) > _MAX_ROWS or notice.row_count > len(notice.rows):
            shown = min(len(notice.rows), _MAX_ROWS)
            notes.append(f"The table shows the first {shown:,} of {notice.row_count:,} rows.")
        if self._settings.attach_csv and notice.columns:
            self._attach_csv(mail, notice, notes)
        # a random boundary would make each rendering another mail; `=_` is never in encoded text
        for number, part in enumerate(mail.walk()):
            if part.is_multipart():
                part.set_boundary(f"=_{notice.delivery_id}_{number}")
        return Message(self.name, mail.as_bytes().decode("ascii"), tuple(notes))

    def _with_csv_note(self, words: Words, notice: Notice) -> Words:
        """Say in the mail itself that its attachment does not hold every row."""
        held = len(notice.rows)
        if not self._settings.attach_csv or not notice.columns or notice.row_count <= held:
            return words
        said = f"The attached CSV holds the first {held:,} of {notice.row_count:,} rows."
        return replace(words, body=f"{words.body}\n\n{said}".strip())

    def send(
        self,
        message: Message,
        notice: Notice,
        outgoing: Outgoing,
        recipients: Sequence[str] = (),
    ) -> Receipt:
        """Hand the mail to the server for all recipients, or for those of them that are given."""
        wanted = [address for address in self._to if not recipients or address in recipients]
        answer = send_mail(
            parse_smtp_url(self._settings.smtp_url.get_secret_value()),
            sender=self._sender.addr_spec,
            recipients=wanted,
            source=message.body.encode("ascii"),
            timeout=outgoing.timeout_seconds,
            allow_hosts=outgoing.allow_hosts,
            resolve=outgoing.resolve,
            tls=outgoing.tls,
        )
        return Receipt(answer.detail, answer.refused, answer.deferred)

    def _write_headers(self, mail: EmailMessage, notice: Notice, title: str) -> None:
        mail["From"] = self._sender
        mail["To"] = tuple(self._to.values())
        if self._settings.reply_to:
            mail["Reply-To"] = parse_address(self._settings.reply_to)
        mail["Subject"] = _SEPARATORS.sub(" ", title)
        mail["Date"] = format_datetime(notice.at.astimezone(UTC))
        mail["Message-ID"] = f"<{notice.delivery_id}@{self._sender.domain}>"
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation notices in return
        mail["X-Auto-Response-Suppress"] = "All"

    def _attach_csv(self, mail: EmailMessage, notice: Notice, notes: list[str]) -> None:
        content, encoder_notes = _csv(notice)
        if len(content) > _MAX_CSV:
            notes.append("The CSV is too large for a mail and is not attached.")
            return
        name = re.sub(r"[^A-Za-z0-9]+", "-", notice.alert).strip("-").lower() or "result"
        mail.add_attachment(
            content,
            maintype="text",
            subtype="csv",
            filename=f"{name}.csv",
            params={"charset": "utf-8", "header": "present"},
        )
        notes += encoder_notes
        if notice.row_count > len(notice.rows):
            notes.append(
                f"The CSV holds the first {len(notice.rows):,} of {notice.row_count:,} rows."
            )


def _text(notice: Notice, words: Words) -> str:
    table = write_table(notice, max_rows=_MAX_ROWS, width=120, room=_MAX_TEXT_TABLE)
    more = "… " + ", ".join(table.notes()) if table.notes() and notice.columns else ""
    footer = [f"-- \n{notice.at:%Y-%m-%d %H:%M:%S %Z}", notice.query_name, notice.link or ""]
    footer.append(f"Delivery {notice.delivery_id}")
    parts = [words.title, words.body, table.text, more, "\n".join(filter(None, footer))]
    return "\n\n".join(filter(None, parts)) + "\n"


def _csv(notice: Notice) -> tuple[bytes, list[str]]:
    out = io.BytesIO()
    encoder = CsvEncoder(out, guard_formulas=True)
    names = unique_names(notice.columns)
    encoder.start([Column(name, "text", ValueKind.TEXT) for name in names])
    encoder.write_rows([tuple(row) for row in notice.rows])
    encoder.finish(Summary(row_count=len(notice.rows), truncated=False, duration_ms=0.0))
    return out.getvalue(), encoder.notes
