"""What is mailed: both parts, the table, the CSV, and headers that nothing can be smuggled into."""

from __future__ import annotations

import csv
import io
from email import message_from_string
from email.message import EmailMessage
from email.policy import default
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from tests.support.notices import make_notice

from heliograph.notifications.channels.email import EmailChannel, EmailSettings, parse_address
from heliograph.notifications.models import Message, MessageTemplate

SETTINGS: dict[str, Any] = {
    "kind": "email",
    "smtp_url": "smtp://me:secret-word@mail.example:587",
    "from": "Heliograph <heliograph@bücher.example>",
    "to": ["Zoë <zoe@a.example>", "team@b.example"],
}


def channel(**changes: Any) -> EmailChannel:
    return EmailChannel("team", TypeAdapter(EmailSettings).validate_python(SETTINGS | changes))


def parsed(message: Message) -> EmailMessage:
    return cast(EmailMessage, message_from_string(message.body, policy=default))


def part(message: Message, kind: str) -> str:
    found = parsed(message).get_body((kind,))
    assert found is not None
    return cast(str, cast(EmailMessage, found).get_content())


def render(template: MessageTemplate | None = None, **changes: object) -> Message:
    return channel().render(make_notice(**changes), template or MessageTemplate())


def test_a_mail_has_the_headers_of_an_automatic_notice() -> None:
    mail = parsed(render())
    assert mail["Subject"] == "Large refunds is firing: 3 rows"
    assert mail["From"] == "Heliograph <heliograph@xn--bcher-kva.example>"
    assert mail["To"] == "Zoë <zoe@a.example>, team@b.example"
    assert mail["Message-ID"] == "<dlv_abcdefghijklmnopqrstuvwxyz@xn--bcher-kva.example>"
    assert mail["Date"] == "Mon, 02 Mar 2026 09:30:00 +0000"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Reply-To"] is None
    answered = channel(reply_to="boss@a.example").render(make_notice(), MessageTemplate())
    assert parsed(answered)["Reply-To"] == "boss@a.example"


def test_a_mail_says_the_same_in_text_and_in_html() -> None:
    message = render()
    assert parsed(message).get_content_type() == "multipart/alternative"
    text, html = part(message, "plain"), part(message, "html")
    for said in (
        "Large refunds is firing: 3 rows",
        "The query returned 3 rows.",
        "1000.00",
        "https://heliograph.example/alerts/7?tab=rows",
        "dlv_abcdefghijklmnopqrstuvwxyz",
    ):
        assert said in text
        assert said in html
    assert '<i style="opacity:.65">NULL</i>' in html
    assert 'text-align:right;white-space:pre-wrap">1000.00</td>' in html
    assert " 2 │ 1000.00 │ ∅" in text


def test_data_and_templates_cannot_bring_markup_into_the_html() -> None:
    hostile = "<script>alert(1)</script>\"'&"
    message = render(
        MessageTemplate(title=hostile, body="<b>{{ rows[0].a }}</b>"),
        alert=hostile,
        columns=("a", hostile),
        rows=((hostile, hostile),),
        query_name=hostile,
        link='https://x.example/"><script>',
    )
    html = part(message, "html")
    assert "<script" not in html
    assert "<b>" not in html
    assert "&lt;b&gt;&lt;script&gt;" in html
    assert 'href="https://x.example/&quot;&gt;&lt;script&gt;"' in html
    assert "href" not in part(render(link="javascript:alert(1)"), "html")


@pytest.mark.parametrize("gap", ["\n", "\r\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\x00"])
def test_a_header_cannot_be_injected(gap: str) -> None:
    hostile = f"x{gap}Bcc: all@evil.example{gap}{gap}body"
    mail = parsed(render(MessageTemplate(title=hostile), alert=hostile))
    assert mail["Bcc"] is None
    assert mail["Subject"] == "x Bcc: all@evil.example body"
    assert len(mail.get_all("To", [])) == 1


@pytest.mark.parametrize(
    "address",
    [
        "a@b.example\r\nBcc: c@d.example",
        "a@b.example, c@d.example",
        "a@b.example c@d.example",
        "a b@c.example",
        "<a@b.example>, <c@d.example>",
        "a@b.example>",
        "X <a@b.example",
        "no-at.example",
        "@b.example",
        "a@",
        "a@127.1",
        "ä@b.example",
        "a@b@c.example",
        '"X\r\nBcc: e@f.example" <a@b.example>',
        "",
    ],
)
@pytest.mark.parametrize("key", ["from", "to", "reply_to"])
def test_what_is_no_single_address_is_refused(key: str, address: str) -> None:
    with pytest.raises(ValidationError, match=r"no mail address|String"):
        channel(**{key: [address] if key == "to" else address})
    assert channel(**{key: "Doe, J. <a@b.example>".replace(",", "")})


def test_an_address_is_read_with_and_without_a_name() -> None:
    assert parse_address('"Doe, J." <j@b.example>').display_name == "Doe, J."
    assert parse_address("j@B.example.").addr_spec == "j@b.example"


def test_the_csv_is_attached_when_asked_and_guards_formulas() -> None:
    notice = make_notice(
        columns=("id", "note"),
        rows=(("-1", "=1+1"), ("2", None), ("3", ""), ("4", 'a "b",\nc')),
        row_count=9,
    )
    asked = channel(attach_csv=True).render(notice, MessageTemplate())
    (attachment,) = parsed(asked).iter_attachments()
    assert attachment.get_filename() == "large-refunds.csv"
    assert attachment.get_content_type() == "text/csv"
    content = cast(bytes, attachment.get_payload(decode=True)).decode()
    assert content == 'id,note\n-1,\'=1+1\n2,\n3,""\n4,"a ""b"",\nc"\n'
    assert list(csv.reader(io.StringIO(content)))[4] == ["4", 'a "b",\nc']
    assert "The CSV holds the first 4 of 9 rows." in asked.notes
    assert any("apostrophe" in note for note in asked.notes)
    assert not list(parsed(channel().render(notice, MessageTemplate())).iter_attachments())


def test_many_rows_are_cut_and_counted_in_both_parts() -> None:
    rows = tuple((str(i), "x", "y") for i in range(80))
    message = render(rows=rows, row_count=500)
    assert "… and 450 more rows" in part(message, "plain")
    assert "… and 450 more rows" in part(message, "html")
    assert message.notes == ("The table shows the first 50 of 500 rows.",)
    assert "more row" not in part(render(rows=rows[:50], row_count=50), "html")


def test_a_source_is_the_same_each_time_and_pure_ascii_lines() -> None:
    notice = make_notice(alert="Übermäßige Rückgaben 漢字 " * 5, reason="x" * 3_000)
    message = channel(attach_csv=True).render(notice, MessageTemplate())
    assert message == channel(attach_csv=True).render(notice, MessageTemplate())
    assert message.body.isascii()
    lines = message.body.split("\r\n")
    assert max(map(len, lines)) <= 998
    assert not any("\n" in line or "\r" in line for line in lines)
    assert "Übermäßige Rückgaben" in parsed(message)["Subject"]


def test_one_mailbox_written_twice_is_one_recipient() -> None:
    twice = channel(to=["a@b.example", "A <a@B.example>"])
    assert parsed(twice.render(make_notice(), MessageTemplate()))["To"] == "A <a@b.example>"
    assert channel(to="a@b.example").render(make_notice(), MessageTemplate())


@settings(max_examples=50)
@given(st.text(max_size=200), st.none() | st.text(max_size=200))
def test_any_data_gives_a_mail_that_can_be_read(text: str, cell: str | None) -> None:
    notice = make_notice(alert=text, reason=text, key=text, columns=(text,), rows=((cell,),))
    message = channel(attach_csv=True).render(notice, MessageTemplate())
    assert message.body.isascii()
    assert parsed(message)["Message-ID"].startswith("<dlv_")
    assert "dlv_" in part(message, "plain")
