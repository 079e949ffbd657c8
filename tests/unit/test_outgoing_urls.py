"""URLs of receivers, and what of them may be told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from heliograph.kernel.errors import UsageError
from heliograph.platform.http import parse_http_url, parse_retry_after
from heliograph.platform.redaction import redact
from heliograph.platform.smtp import parse_smtp_url

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("url", "host", "port", "target"),
    [
        ("https://hooks.example/services/T0/B0", "hooks.example", 443, "/services/T0/B0"),
        ("http://hooks.example:8080", "hooks.example", 8080, "/"),
        ("https://Hooks.Example./a?b=c&d=%20#frag", "hooks.example", 443, "/a?b=c&d=%20"),
        ("http://[2606:4700::1]:81/x", "2606:4700::1", 81, "/x"),
        ("https://bücher.example/ü", "xn--bcher-kva.example", 443, "/%C3%BC"),
    ],
)
def test_a_url_is_taken_apart(url: str, host: str, port: int, target: str) -> None:
    parsed = parse_http_url(url)
    assert (parsed.host, parsed.port, parsed.target) == (host, port, target)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://hooks.example/SECRET",
        "file:///SECRET",
        "hooks.example/SECRET",
        "https:///SECRET",
        "https://user:SECRET@hooks.example/",
        "https://SECRET@hooks.example/",
        "https://hooks.example@evil.example:80/SECRET",
        "https://hooks.example\\@evil.example/SECRET",
        "https://hooks.example:99999/SECRET",
        "https://hooks.example:0/SECRET",
        "https://hooks.example/SECRET\r\nX: y",
        "https://hooks.example/SE CRET",
        "https://127.1/SECRET",
        "https://0x7f.1/SECRET",
        "https://2130706433/SECRET",
        "",
    ],
)
def test_a_url_that_is_not_plain_http_is_refused_without_being_told(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_http_url(url)
    assert "SECRET" not in f"{caught.value} {caught.value.hint} {caught.value.__cause__}"


def test_a_mail_server_is_read_from_its_url() -> None:
    server = parse_smtp_url("smtp://me%40a.example:p%2Fw%3Ad@Mail.Example:2525?ehlo=box.example")
    assert (server.host, server.port, server.ehlo) == ("mail.example", 2525, "box.example")
    assert (server.user, server.password) == ("me@a.example", "p/w:d")
    assert (server.starttls, server.is_implicit_tls) == ("auto", False)
    assert "p/w:d" not in repr(server)


def test_a_mail_server_has_the_usual_ports() -> None:
    assert parse_smtp_url("smtp://mail.example").port == 587
    assert parse_smtp_url("smtps://mail.example").port == 465
    assert parse_smtp_url("smtp://mail.example?starttls=optional").starttls == "optional"


@pytest.mark.parametrize(
    "url",
    [
        "http://u:SECRET@mail.example",
        "smtp://u:SEC@RET@mail.example",
        "smtp://u:SECRET@mail.example/path",
        "smtp://u:SECRET@mail.example?starttls=never",
        "smtp://u:SECRET@mail.example?tls=1",
        "smtps://u:SECRET@mail.example?starttls=off",
        "smtp://u:SECRET@mail.example?ehlo=a%0d%0ab",
        "smtp://:SECRET@mail.example",
        "smtp://SECRET@mail.example",
        "smtp://u:SECRET@127.1",
        "smtp://u:SECRET@mail.example:x",
    ],
)
def test_a_mail_url_that_is_not_understood_is_refused_without_being_told(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_smtp_url(url)
    assert "SEC" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("30", 30.0),
        ("0", 0.0),
        (" 1.5 ", 1.5),
        ("Mon, 02 Mar 2026 09:02:00 GMT", 120.0),
        ("Mon, 02 Mar 2026 08:00:00 GMT", 0.0),
        ("Monday, 02-Mar-26 09:02:00 GMT", 120.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1e9", None),
        ("nan", None),
        ("Mon, 99 Foo 2026", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str, seconds: float | None) -> None:
    assert parse_retry_after(header, NOW) == seconds


def test_an_answer_is_told_without_what_was_sent() -> None:
    said = redact("Cannot POST\n /services/T0/B0AA/xYz9", ["T0", "B0AA", "XYZ9", "services"])
    assert said == "Cannot POST /***/T0/***/***"
    assert redact("a" * 300, []) == "a" * 199 + "…"
    assert redact("no_service", ["other"]) == "no_service"
