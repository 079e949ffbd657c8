"""What the pages on accounts and permissions say is what the code does."""

from __future__ import annotations

import re
from datetime import timedelta

from tests.support.repository import ROOT

from heliograph.accounts import (
    access_tokens,
    attempts,
    links,
    passwords,
    refresh_tokens,
    sessions,
    signing_keys,
    tokens,
)
from heliograph.accounts.object_types import OBJECT_TYPES
from heliograph.accounts.permissions import Level, ReasonKind
from heliograph.kernel.actors import Role

ACCOUNTS = (ROOT / "docs/reference/accounts.md").read_text()
PERMISSIONS = (ROOT / "docs/explanation/permissions.md").read_text()


def rows(text: str, heading: str) -> list[list[str]]:
    """Return the cells of the table whose first column is called ``heading``."""
    found = re.search(rf"^\| {heading} ?\|.*\n\|[-|]+\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert found, heading
    return [
        [cell.strip(" `") for cell in line.strip("|").split(" | ")]
        for line in found[1].splitlines()
    ]


def names(text: str, heading: str) -> list[str]:
    return [row[0] for row in rows(text, heading)]


def test_roles_levels_reasons_and_object_types_are_those_of_the_code() -> None:
    assert names(ACCOUNTS, "role") == list(Role)
    assert names(PERMISSIONS, "level") == list(Level)
    assert names(PERMISSIONS, "kind") == list(ReasonKind)
    lies_in = {name: kind.parent_type or "-" for name, kind in OBJECT_TYPES.items()}
    assert dict(rows(PERMISSIONS, "object type")) == lies_in


def test_limits_of_guessing_are_those_of_the_code() -> None:
    limits = (attempts.PER_ACCOUNT_AND_ADDRESS, attempts.PER_ACCOUNT, attempts.PER_ADDRESS)
    assert [row[1:] for row in rows(ACCOUNTS, "count")] == [
        [str(limit.count), f"{limit.window // timedelta(minutes=1)} minutes"] for limit in limits
    ]
    assert f"within {attempts.KNOWN_FOR.days} days" in ACCOUNTS


def test_lifetimes_are_those_of_the_code() -> None:
    life = {row[0]: row[1] for row in rows(ACCOUNTS, "")}
    assert life == {
        "access token": f"{access_tokens.LIFETIME // timedelta(minutes=1)} minutes",
        "refresh token": f"one use, within {refresh_tokens.IDLE_LIFE.days} days",
        "session": f"{sessions.LIFE.days} days; {refresh_tokens.IDLE_LIFE.days} days without use",
    }
    hours, days = timedelta(hours=1), timedelta(days=1)
    assert [row[-1] for row in rows(ACCOUNTS, "link")] == [
        f"{links.SETUP_LIFE // hours} hours",
        f"{links.INVITATION_LIFE // days} days",
        f"{links.RESET_LIFE // hours} hours",
    ]
    assert f"within {refresh_tokens.GRACE.seconds} seconds" in ACCOUNTS
    assert f"replaced after {signing_keys.ROTATED_AFTER.days} days" in ACCOUNTS
    assert hours == signing_keys.VERIFIES_AFTER
    assert f"it is {tokens.DEFAULT_LIFE.days} days" in ACCOUNTS
    assert 365 * days == tokens.LONGEST_LIFE


def test_what_is_said_of_passwords_is_what_is_checked() -> None:
    fewest, most = passwords.FEWEST_CHARACTERS, passwords.MOST_CHARACTERS
    assert f"{fewest} to {most} characters" in ACCOUNTS
    assert passwords._MEMORY_KIB == 19 * 1024
    assert f"(19 MiB, {passwords._ITERATIONS} passes, {passwords._LANES} lane)" in ACCOUNTS
