"""Addresses: those that are given as options, and the one that a data folder was last served at."""

from __future__ import annotations

from argparse import ArgumentTypeError
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

_PUBLIC_URL_FILE = "serve.url"
_DATABASES = ("postgresql://", "postgres://", "arn:")


def public_url(text: str) -> str:
    """Return the option's value without a slash at its end.

    Raises `ArgumentTypeError`, as argparse expects, for what no link can begin with.
    """
    try:
        parts = urlsplit(text)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port  # raises for what is no port
    except ValueError:
        is_address = False
    if not is_address or not text.isascii() or not text.isprintable() or set("?#@ \\") & set(text):
        raise ArgumentTypeError("links begin with http://host or https://host, and a port perhaps")
    return text.rstrip("/")


def database_address(text: str) -> str:
    """Return the option's value, which may hold a password and so is in no message.

    Raises `ArgumentTypeError` for what is neither a URL of PostgreSQL nor an ARN.
    """
    if not text.startswith(_DATABASES):
        raise ArgumentTypeError("the form is postgresql://user@host/database, or an ARN")
    return text


def keep_public_url(data_dir: Path, url: str) -> None:
    """Write down what links begin with, for commands that know the folder alone."""
    with suppress(OSError):  # a convenience: nothing fails for want of it
        (data_dir / _PUBLIC_URL_FILE).write_text(f"{url}\n")


def kept_public_url(data_dir: Path) -> str | None:
    """Return what links began with when the folder was last served, None when that is not known."""
    try:
        return public_url((data_dir / _PUBLIC_URL_FILE).read_text().strip())
    except (OSError, ValueError, ArgumentTypeError):
        return None
