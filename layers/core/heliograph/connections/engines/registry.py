"""The database engines by name. Modules are loaded when they are first asked for."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from heliograph.connections.engines.contract import Engine

ENGINES = {"postgres": "heliograph.connections.engines.postgres:PostgresEngine"}
"""Engine name to ``module:class``. Each class fulfils `contract.Engine`."""


def load_engine(name: str = "postgres") -> Engine:
    """Return the engine of that name. Raises KeyError: names come from code, not from people."""
    module, _, attribute = ENGINES[name].partition(":")
    return cast("Engine", getattr(import_module(module), attribute)())
