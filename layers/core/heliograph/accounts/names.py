"""Emails and names as they are kept: one spelling for each."""

from __future__ import annotations

import re
import unicodedata

from heliograph.kernel.errors import RequestInvalid

MOST_EMAIL_CHARACTERS = 254  # RFC 5321, 4.5.3.1.3, less the angle brackets
MOST_NAME_CHARACTERS = 100

# Not what RFC 5322 admits, but what people have: no quotes, no comments, one @.
_EMAIL = re.compile(r"[^\s@\"<>(),;:\\]{1,64}@[^\s@\"<>(),;:\\.]+(\.[^\s@\"<>(),;:\\.]+)*")


def clean_email(text: str, path: str = "/email") -> str:
    """Return an email as it is kept and compared: composed (NFC) and in lower case.

    Raises `RequestInvalid` that names ``path`` for what is no email.
    """
    email = fold_email(text)
    is_email = len(email) <= MOST_EMAIL_CHARACTERS and _EMAIL.fullmatch(email)
    # Nobody has a joiner in their email; whoever sends one wants to be taken for somebody else.
    has_hidden = any(unicodedata.category(character) == "Cf" for character in email)
    if not is_email or has_hidden or not _is_printable(text.strip()):
        raise RequestInvalid("This is not an email address.", [(path, "is not an email address")])
    return email


def fold_email(text: str) -> str:
    """Return by what two emails are the same; for what is no email, something that nobody has."""
    plain = text.encode(errors="replace").decode().replace("\x00", "?")
    return unicodedata.normalize("NFC", plain.strip()).lower()


def clean_name(text: str, path: str = "/name") -> str:
    """Return a name as it is kept: composed (NFC), white space trimmed and single.

    Raises `RequestInvalid` that names ``path`` when it is empty, over 100 characters, or holds
    what cannot be seen.
    """
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name or len(name) > MOST_NAME_CHARACTERS or not _is_printable(name):
        why = f"must have 1 to {MOST_NAME_CHARACTERS} characters, none of them invisible"
        raise RequestInvalid(f"A name {why}.", [(path, why)])
    return name


def fold_name(name: str) -> str:
    """Return by what two names are the same: case, width and composition apart."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def escape_like(text: str) -> str:
    """Return a pattern for LIKE and ILIKE that finds ``text``, without NUL, anywhere."""
    escaped = re.sub(r"([\\%_])", r"\\\1", text.replace("\x00", ""))
    return f"%{escaped}%"


def _is_printable(text: str) -> bool:
    # Format characters (Cf) are let through in part: joiners belong to several scripts.
    hidden = ("Cc", "Cs", "Co", "Cn", "Zl", "Zp")
    bidirectional = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
    return not any(unicodedata.category(c) in hidden or c in bidirectional for c in text)
