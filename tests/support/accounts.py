"""People for tests, and the ways they act."""

from __future__ import annotations

from dataclasses import replace

from heliograph.accounts.models import User
from heliograph.kernel.actors import SYSTEM, Actor, ActorKind, Role
from heliograph.web.services import Services

GOOD_PASSWORD = "tiger lamp ocean"
VISITOR = Actor(ActorKind.ANONYMOUS, address="203.0.113.7", user_agent="Mozilla/5.0")


def visitor_from(address: str) -> Actor:
    """Somebody of whom only the address is known."""
    return replace(VISITOR, address=address)


def make_user(services: Services, email: str, role: Role = Role.EDITOR) -> User:
    """Make a user with `GOOD_PASSWORD`."""
    name = email.partition("@")[0].title()
    return services.users.create(SYSTEM, email=email, name=name, role=role, password=GOOD_PASSWORD)


def access_token(services: Services, email: str) -> str:
    """Sign a user in and return the access token."""
    return services.sessions.sign_in(email, GOOD_PASSWORD, VISITOR).access_token


def signed_in_as(services: Services, email: str) -> Actor:
    """Sign a user in and return them as an actor."""
    return services.sessions.authenticate(access_token(services, email), address=VISITOR.address)


def token_in(url: str) -> str:
    """Return the token of a one-time link."""
    return url.partition("#token=")[2]


def actions_of(services: Services) -> list[str]:
    """Return the actions in the audit record, oldest first."""
    rows = services.database.fetch("SELECT action FROM audit_events ORDER BY id")
    return [row["action"] for row in rows]
