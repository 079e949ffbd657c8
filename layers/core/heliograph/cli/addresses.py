"""Addresses: those that are given as options, and those at which a data folder is served."""

from __future__ import annotations

from argparse import ArgumentTypeError
from contextlib import suppress
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

_PUBLIC_URL_FILE = "serve.url"
_ADDRESS_FILE = "serve.address"
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


def proxy_addresses(text: str) -> str:
    """Return the option's value: addresses and networks, separated by commas.

    Raises `ArgumentTypeError` for what is neither, and for the whole world: whoever is believed
    says under which address their requests count.
    """
    networks = [part.strip() for part in text.split(",")]
    for network in networks:
        try:
            is_everybody = ip_network(network).prefixlen == 0
        except ValueError:
            raise ArgumentTypeError(
                f"{network!r} is no address or network: 10.0.0.7 or 172.16.0.0/12"
            ) from None
        if is_everybody:
            raise ArgumentTypeError(f"{network} is everybody: name your proxies")
    return ",".join(networks)


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


def keep_address(data_dir: Path, url: str) -> None:
    """Write down where the server answers on this machine, for `heliograph health`."""
    with suppress(OSError):
        (data_dir / _ADDRESS_FILE).write_text(f"{url}\n")


def kept_address(data_dir: Path) -> str | None:
    """Return where the server of a data folder answers, None when nothing is served from it."""
    try:
        return public_url((data_dir / _ADDRESS_FILE).read_text().strip())
    except (OSError, ValueError, ArgumentTypeError):
        return None


def forget_address(data_dir: Path) -> None:
    """Take back what `keep_address` has written down."""
    with suppress(OSError):
        (data_dir / _ADDRESS_FILE).unlink()
