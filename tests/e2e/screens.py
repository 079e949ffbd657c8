"""Every screen of the app: which path shows it, and to whom. One line for each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Screen:
    """``heading`` is what stands on it once its data are there."""

    name: str
    path: str
    role: str | None
    heading: str


SCREENS = (
    Screen("sign-in", "/sign-in", None, "Sign in"),
    Screen("setup-done", "/setup", None, "Heliograph is set up"),
    Screen("invitation-cut", "/invitation", None, "This link is not whole"),
    Screen("home-admin", "/", "admin", "Welcome"),
    Screen("home-viewer", "/", "viewer", "Welcome"),
    Screen("connections", "/connections", "editor", "Connections"),
    Screen("connection-new", "/connections/new", "editor", "New connection"),
    Screen("users", "/users", "admin", "People"),
    Screen("roles", "/roles", "viewer", "What roles may do"),
    Screen("groups", "/groups", "admin", "Groups"),
    Screen("invitations", "/invitations", "admin", "Invitations"),
    Screen("tokens", "/tokens", "viewer", "Personal tokens"),
    Screen("audit-events", "/audit-events", "admin", "Audit record"),
    Screen("sql-editor", "/queries/new", "editor", "SQL editor"),
    Screen("history", "/queries", "editor", "History"),
    Screen("not-found", "/no/such/page", "editor", "There is nothing here"),
)
