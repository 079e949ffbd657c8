"""Who makes a request, and whether they may call the route at all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from heliograph.kernel.actors import Actor, ActorKind, Role
from heliograph.kernel.errors import Forbidden, TokenInvalid, Unauthenticated
from heliograph.web.contract import Access, Route
from heliograph.web.requests import Request

if TYPE_CHECKING:
    from heliograph.web.services import Services

_PERSONAL_TOKEN = "hgt_"  # noqa: S105

_MOST_TOKEN = 4096
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]+")  # RFC 6750, 2.1
_EDITORS = (Role.ADMIN, Role.EDITOR)


def authenticate(route: Route, request: Request, services: Services, address: str | None) -> Actor:
    """Return who makes the request; on a public route nobody is asked.

    Raises what `recognise` does.
    """
    visitor = Actor(
        ActorKind.ANONYMOUS,
        address=address,
        user_agent=request.user_agent,
        request_id=request.request_id,
    )
    if route.access is Access.PUBLIC:
        return visitor
    return recognise(request.headers, services, visitor)


def recognise(headers: Mapping[str, str], services: Services, visitor: Actor) -> Actor:
    """Return whose token a request bears; ``visitor`` says where they are.

    Raises `Unauthenticated` where there is none, or what `Sessions` and `Tokens` say of it.
    """
    token = _read_token(headers)
    keeper = services.tokens if token.startswith(_PERSONAL_TOKEN) else services.sessions
    return keeper.authenticate(
        token,
        address=visitor.address,
        user_agent=visitor.user_agent,
        request_id=visitor.request_id,
    )


def authorize(route: Route, actor: Actor) -> None:
    """Refuse with `Forbidden` who may not call the route at all, whatever the object is."""
    if route.access is Access.PUBLIC:
        return
    if actor.scopes is not None and route.scope not in actor.scopes:
        raise Forbidden(
            f"This token lacks the scope {route.scope}.",
            hint="Make a token with that scope, or sign in.",
        )
    if route.access is Access.EDITOR and actor.role not in _EDITORS:
        raise Forbidden("Only editors and admins may do this.")
    if route.access is Access.ADMIN and actor.role is not Role.ADMIN:
        raise Forbidden("Only admins may do this.")


def _read_token(headers: Mapping[str, str]) -> str:
    header = headers.get("authorization")
    if not header:
        raise Unauthenticated(
            "Who asks is not known.", hint="Sign in, and send Authorization: Bearer with the token."
        )
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated(
            "This way of signing in is not known.", hint="Send Authorization: Bearer."
        )
    token = token.strip()
    if len(token) > _MOST_TOKEN or not _TOKEN.fullmatch(token):
        raise TokenInvalid("This is no token that Heliograph has given.")
    return token
