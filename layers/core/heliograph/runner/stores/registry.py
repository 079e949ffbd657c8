"""The state stores by the scheme of their place. Modules are loaded when they are first asked for.

Opening a store does no I/O beyond that: reading from a place where nothing was ever written gives
nothing, and only the first write makes a file, tables or an object.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import cast

from heliograph.kernel.errors import UsageError
from heliograph.platform.settings import read_environment
from heliograph.runner.stores.contract import StateStore

Opener = Callable[[str, Mapping[str, str]], StateStore]

STORES = {
    "sqlite": "heliograph.runner.stores.sqlite:open_sqlite",
    "postgresql": "heliograph.runner.stores.postgres:open_postgres",
    "postgres": "heliograph.runner.stores.postgres:open_postgres",
    "s3": "heliograph.runner.stores.s3:open_s3",
}
"""Scheme to ``module:function``. Each function takes a place and an environment."""

_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://")
_EXAMPLES = (
    "A place is the path of a file, sqlite:///relative.db, sqlite:////absolute.db,"
    " postgresql://user@host/database or s3://bucket/key.json."
)


def open_store(place: str, environment: Mapping[str, str] | None = None) -> StateStore:
    """Return the store that keeps its state at ``place``: a path, or a URL of `STORES`.

    ``environment`` gives S3 its region, credentials and ``AWS_ENDPOINT_URL``; it is the process's
    own when left out. Raises `UsageError` for a place that is none.
    """
    if environment is None:
        environment = read_environment()
    found = _SCHEME.match(place)
    scheme = found["scheme"].lower() if found else "sqlite"
    if scheme not in STORES:
        raise UsageError(f"There is no alert state store {scheme}://.", hint=_EXAMPLES)
    if scheme == "sqlite":
        place = _read_path(place[found.end() :] if found else place, is_url=found is not None)
    module, _, attribute = STORES[scheme].partition(":")
    return cast("Opener", getattr(import_module(module), attribute))(place, environment)


def _read_path(text: str, *, is_url: bool) -> str:
    if is_url:
        if not text.startswith("/"):
            raise UsageError("A sqlite URL has three slashes before its path.", hint=_EXAMPLES)
        text = text[1:]
    if not text or "\0" in text:
        raise UsageError("The place of the alert state is empty or no path.", hint=_EXAMPLES)
    if text == ":memory:":
        raise UsageError("An alert state in memory would be forgotten.", hint=_EXAMPLES)
    return str(Path(text).expanduser())
