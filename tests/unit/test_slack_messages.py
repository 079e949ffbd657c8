"""What is posted to Slack: whole, within its limits, and with nothing that data could act with."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from tests.support.notices import make_notice

from heliograph.notifications.channels.slack import SlackChannel, SlackSettings
from heliograph.notifications.models import Message, MessageTemplate

CHANNEL = SlackChannel(
    "ops",
    SlackSettings(kind="slack", webhook_url=SecretStr("https://hooks.slack.com/services/T/B/x")),
)


def render(template: MessageTemplate | None = None, **changes: object) -> Message:
    return CHANNEL.render(make_notice(**changes), template or MessageTemplate())


def blocks(message: Message) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(message.body)["blocks"]
    return found


def texts(message: Message) -> list[str]:
    return [
        block["text"]["text"] if "text" in block else block["elements"][0]["text"]
        for block in blocks(message)
    ]


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def assert_within_limits(message: Message) -> None:
    assert units(message.body) <= 13_000
    assert len(blocks(message)) <= 50
    for block, text in zip(blocks(message), texts(message), strict=True):
        assert 0 < units(text) <= (150 if block["type"] == "header" else 3_000)


def test_a_message_has_header_text_table_and_footer() -> None:
    message = render()
    assert [block["type"] for block in blocks(message)] == [
        "header",
        "section",
        "section",
        "context",
    ]
    header, body, table, footer = texts(message)
    assert header == "🔴 Large refunds is firing: 3 rows"
    assert body == "The query returned 3 rows."
    assert table.splitlines() == [
        "```",
        "id │  amount │ note",
        "───┼─────────┼─────",
        " 1 │  812.50 │ late",
        " 2 │ 1000.00 │ ∅",
        " 3 │  501.10 │",
        "```",
    ]
    assert footer == (
        "2026-03-02 09:30:00 UTC · refunds · <https://heliograph.example/alerts/7?tab=rows|Open>"
        " · dlv_abcdefghijklmnopqrstuvwxyz"
    )
    assert json.loads(message.body)["text"] == header
    assert message.notes == ()


def test_data_can_neither_mention_nor_link_nor_close_the_code_block() -> None:
    hostile = "<!channel> <@U1> <https://evil.example|click> ``` & *b*"
    message = render(
        MessageTemplate(body="{{ rows[0].note }}"),
        alert=hostile,
        reason=hostile,
        query_name=hostile,
        columns=("id", "note"),
        rows=(("1", hostile), ("2", "````````")),
        row_count=2,
        link="https://x.example/?a=<!here>|b",
    )
    for text in texts(message):
        assert "<!" not in text
        assert "<@" not in text
        assert "<https://evil" not in text
    assert "&lt;!channel&gt;" in texts(message)[0]
    assert texts(message)[2].count("```") == 2
    assert "<https://x.example/?a=%3C!here%3E%7Cb|Open>" in texts(message)[-1]
    assert all(block["text"]["verbatim"] for block in blocks(message) if block["type"] == "section")


def test_a_link_that_is_no_web_address_stays_text() -> None:
    footer = texts(render(link="javascript:alert(1)"))[-1]
    assert "javascript:alert(1)" in footer
    assert "|Open>" not in footer


def test_null_the_text_null_and_the_empty_string_look_different() -> None:
    table = texts(render(columns=("a",), rows=((None,), ("NULL",), ("",), ("∅",)), row_count=4))[2]
    assert table.splitlines()[3:7] == ["∅", "NULL", "", '"∅"']


def test_more_rows_than_fit_are_counted() -> None:
    rows = tuple((str(i), "x") for i in range(50))
    message = render(columns=("id", "b"), rows=rows, row_count=1234)
    assert texts(message)[3] == "… and 1,214 more rows"
    assert message.notes == ("The table is cut: and 1,214 more rows.",)
    whole = render(columns=("id", "b"), rows=rows[:20], row_count=20)
    assert not any("more row" in text for text in texts(whole))


def test_many_columns_and_long_cells_are_cut_visibly() -> None:
    message = render(
        columns=tuple(f"c{i}" for i in range(40)),
        rows=(tuple("y" * 500 for _ in range(40)),),
        row_count=1,
    )
    assert "and 28 more columns, 12 cells cut at …" in texts(message)[3]
    assert_within_limits(message)


@pytest.mark.parametrize("character", ["x", "\x01", "&", '"', "\n", "😀", "漢", "`", "\\"])
def test_limits_are_honoured_whatever_the_text_is_made_of(character: str) -> None:
    body = "{% for i in range(900) %}" + character * 20 + "{% endfor %}"
    message = render(
        MessageTemplate(title=character * 150 + "t", body="a" + body + "z"),
        reason=character * 5_000,
        columns=("a", "b"),
        rows=tuple((character * 100, character * 100) for _ in range(40)),
        row_count=40,
        query_name=character * 500,
        link="https://x.example/" + character * 900,
    )
    assert_within_limits(message)
    assert texts(message)[1].endswith("…")
    assert "The text is cut at 3,000 characters." in message.notes
    assert "dlv_abcdefghijklmnopqrstuvwxyz" in texts(message)[-1]


def test_a_cut_never_splits_an_escape() -> None:
    header = texts(render(MessageTemplate(title="&" * 100)))[0]
    assert header.endswith("&amp;…")
    assert units(header) <= 150


def test_a_broken_template_shows_in_the_message() -> None:
    message = render(MessageTemplate(title="{{ nope }}"))
    assert texts(message)[0] == "🔴 Large refunds is firing: 3 rows"
    assert "The template of the title is broken, line 1: 'nope' is undefined." in texts(message)[1]
    assert "template of the title" in message.notes[0]


def test_a_result_without_columns_has_no_table() -> None:
    message = render(columns=(), rows=(), row_count=0, type="alert.error", reason="It failed.")
    assert texts(message)[:2] == ["⚠️ Large refunds could not be evaluated", "It failed."]
    assert not any("```" in text for text in texts(message))


@settings(max_examples=50)
@given(
    st.lists(st.lists(st.none() | st.text(max_size=200), min_size=3, max_size=3), max_size=30),
    st.text(max_size=300),
)
def test_any_data_gives_a_message_within_limits(rows: list[list[str | None]], text: str) -> None:
    notice = make_notice(rows=rows, row_count=len(rows), alert=text or "a", reason=text)
    message = CHANNEL.render(notice, MessageTemplate())
    assert_within_limits(message)
    assert CHANNEL.render(notice, MessageTemplate()) == message
