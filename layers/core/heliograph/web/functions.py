"""Which function of the API serves what: the one declaration, for handlers, template and server.

A module of `heliograph.web.routes` holds the routes of one noun and is called like it. Nothing is
imported here, so that asking which function serves a noun costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heliograph.web.contract import Route

API_FUNCTIONS: Mapping[str, tuple[str, ...]] = {
    "accounts": (
        "session",
        "me",
        "setup",
        "users",
        "groups",
        "invitations",
        "password_resets",
        "tokens",
        "grants",
    ),
    "connections": ("connections",),
    "queries": ("queries",),
    "exports": ("exports",),
    "audit": ("audit_events",),
    "system": ("health", "openapi"),
}
"""Function (a folder of ``functions/``): the modules of `heliograph.web.routes` it serves."""

_NOUNS = {"openapi": "openapi.json"}


def noun_of(module: str) -> str:
    """Return the part of the path after ``/api/`` that the routes of a module begin with."""
    return _NOUNS.get(module, module.replace("_", "-"))


def nouns_of(function: str) -> tuple[str, ...]:
    """Return the nouns that a function serves, as they stand in paths and in ``template.yaml``."""
    return tuple(noun_of(module) for module in API_FUNCTIONS[function])


def load_routes(modules: tuple[str, ...]) -> tuple[Route, ...]:
    """Import modules of `heliograph.web.routes` and return their routes, in that order."""
    from importlib import import_module  # noqa: PLC0415

    return tuple(
        route
        for module in modules
        for route in import_module(f"heliograph.web.routes.{module}").ROUTES
    )
