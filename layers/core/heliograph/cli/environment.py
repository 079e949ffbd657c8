"""What the environment says where an option is not given."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable
from pathlib import Path

from heliograph.cli.addresses import proxy_addresses, public_url
from heliograph.kernel.errors import UsageError
from heliograph.platform import settings


def chosen_database(options: Namespace) -> str | None:
    """Return the address of the app database: ``--database-url``, else what the environment names.

    None when neither says one. Raises what `settings.app_database` raises.
    """
    given: str | None = options.database_url
    return given or settings.app_database(settings.read_environment())


def chosen_data_dir(options: Namespace) -> Path | None:
    """Return ``--data-dir``, else ``HELIOGRAPH_DATA_DIR``, None when neither says one."""
    given: Path | None = options.data_dir
    return given or settings.data_dir(settings.read_environment())


def chosen_public_url(options: Namespace) -> str | None:
    """Return ``--public-url``, else ``HELIOGRAPH_PUBLIC_URL``, None when neither says one."""
    name = settings.setting_name("public_url")
    given: str | None = options.public_url
    return given or _checked(name, settings.read_environment().get(name), public_url)


def chosen_proxies(options: Namespace) -> str | None:
    """Return ``--behind-proxy``, else ``HELIOGRAPH_TRUSTED_PROXIES``, None when neither is said."""
    given: str | None = options.behind_proxy
    told = settings.trusted_proxies(settings.read_environment())
    return given or _checked("HELIOGRAPH_TRUSTED_PROXIES", told, proxy_addresses)


def _checked(name: str, text: str | None, check: Callable[[str], str]) -> str | None:
    """Return what an option of this text would be. Raises `UsageError` that names the variable."""
    try:
        return check(text) if text else None
    except ArgumentTypeError as error:
        raise UsageError(f"The variable {name} is wrong: {error}.") from None
