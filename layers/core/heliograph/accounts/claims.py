"""Claims: what the policies of a database may know of a person, beside who they are.

A claim is a name and a text. PostgreSQL's row-level security reads it as the setting
``heliograph.claim_<name>``, so its name is one that a setting can have, whatever its case.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from heliograph.kernel.errors import RequestInvalid

MOST_CLAIMS: Final = 20
MOST_VALUE_CHARACTERS: Final = 1000
NAME_PATTERN: Final = "[a-z][a-z0-9_]{0,39}"
NAME_RULE: Final = "has up to 40 lower-case letters, digits and _, a letter first"

_NAME: Final = re.compile(NAME_PATTERN)
_MOST_SHOWN: Final = 60


def is_claim_name(name: str) -> bool:
    """Say whether a claim may be called this: see `NAME_RULE`."""
    return _NAME.fullmatch(name) is not None


def is_setting_value(text: str) -> bool:
    """Say whether a setting of PostgreSQL can hold a text: no NUL, no half of a surrogate pair."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def clean_claims(claims: Mapping[str, str], path: str = "/claims") -> dict[str, str]:
    """Return claims as they are kept, by name.

    Raises `RequestInvalid` that names the places: over 20 claims, a name that none can have, a text
    that PostgreSQL cannot hold, or one of over 1,000 characters.
    """
    problems = []
    if len(claims) > MOST_CLAIMS:
        problems.append((path, f"must have at most {MOST_CLAIMS} members"))
    for name, value in claims.items():
        where = f"{path}/{_in_pointer(name)}"
        if not is_claim_name(name):
            problems.append((where, f"is no name of a claim: one {NAME_RULE}"))
        elif len(value) > MOST_VALUE_CHARACTERS:
            problems.append((where, f"must have at most {MOST_VALUE_CHARACTERS} characters"))
        elif not is_setting_value(value):
            problems.append((where, "holds a character that PostgreSQL refuses"))
    if problems:
        raise RequestInvalid("These claims cannot be kept.", problems[:MOST_CLAIMS])
    return dict(sorted(claims.items()))


def _in_pointer(name: str) -> str:
    """Return a member's name as RFC 6901 writes it in a JSON pointer, cut where it is long."""
    shown = name[:_MOST_SHOWN].encode(errors="replace").decode().replace("\0", "\ufffd")
    return shown.replace("~", "~0").replace("/", "~1")
