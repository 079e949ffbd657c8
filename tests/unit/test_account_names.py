"""Emails, names and secrets as they are kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.accounts.attempts import network_of
from heliograph.accounts.names import (
    clean_email,
    clean_name,
    escape_like,
    fold_email,
    fold_name,
)
from heliograph.accounts.one_time_secrets import (
    decode_base62,
    encode_base62,
    hash_secret,
    make_secret,
)
from heliograph.kernel.errors import RequestInvalid


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (" Eva@Example.COM\n", "eva@example.com"),
        ("eva+tag@localhost", "eva+tag@localhost"),
        ("o'hara@sub.example.co.uk", "o'hara@sub.example.co.uk"),
        ("mu\u0308ller@example.de", "m\u00fcller@example.de"),
    ],
)
def test_an_email_has_one_spelling(text: str, kept: str) -> None:
    assert clean_email(text) == kept


@pytest.mark.parametrize(
    "text",
    [
        "",
        "eva",
        "@example.com",
        "eva@",
        "eva@@example.com",
        "eva@.example.com",
        "eva@example..com",
        "eva maria@example.com",
        "eva@exam\x00ple.com",
        "eva@example.com\u202e",
        "eva\u200b@example.com",
        "eva@exam\u00adple.com",
        "eva@example.com, max@example.com",
        "<eva@example.com>",
        "x" * 65 + "@example.com",
        "eva@" + "x" * 260,
        "eva\ud800@example.com",
    ],
)
def test_what_is_no_email_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(RequestInvalid) as caught:
        clean_email(text)
    assert caught.value.problems == [("/email", "is not an email address")]


@given(st.text())
def test_what_somebody_types_as_an_email_can_always_be_looked_up(text: str) -> None:
    folded = fold_email(text)
    assert "\x00" not in folded
    assert folded.encode().decode() == folded


def test_a_name_is_trimmed_and_what_cannot_be_seen_is_refused() -> None:
    assert clean_name("  Eva \t Maria ") == "Eva Maria"
    assert clean_name("م\u200cن") == "م\u200cن"  # a joiner that belongs to the script
    for text in ("", "  ", "x" * 101, "Eva\x00", "Eva\u202egnp", "\ud800", "\ue000", "Eva\x1b[31m"):
        with pytest.raises(RequestInvalid):
            clean_name(text)
    assert clean_name("x" * 100)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Sales", "SALES", True),
        ("Straße", "STRASSE", True),
        ("ｓａｌｅｓ", "Sales", True),
        ("e\u0301", "\u00c9", True),
        ("Sales", "Sales 2", False),
    ],
)
def test_names_are_the_same_apart_from_case_and_width(one: str, other: str, same: bool) -> None:
    assert (fold_name(one) == fold_name(other)) is same


def test_a_search_is_taken_literally() -> None:
    assert escape_like("50%_\\") == "%50\\%\\_\\\\%"
    assert escape_like("a\x00b") == "%ab%"


def test_a_secret_is_256_random_bits_in_letters_and_digits() -> None:
    made = {make_secret() for _ in range(200)}
    assert len(made) == 200
    assert all(len(secret) == 43 and secret.isalnum() and secret.isascii() for secret in made)
    assert 62**43 > 2**256 > 62**42
    assert len({hash_secret(secret) for secret in made}) == 200


@given(st.binary(min_size=16, max_size=16))
def test_base62_comes_back(data: bytes) -> None:
    text = encode_base62(data, 22)
    assert len(text) == 22
    assert decode_base62(text, 16) == data


def test_what_is_no_number_in_base62_is_none() -> None:
    assert decode_base62("z" * 22, 16) is None
    assert decode_base62("0" * 21 + "-", 16) is None


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:1:2", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        ("not an address", "unknown"),
        (None, "unknown"),
    ],
)
def test_an_address_counts_as_what_one_person_may_have(address: str | None, network: str) -> None:
    assert network_of(address) == network
