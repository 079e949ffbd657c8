"""``/api/password-resets``: a link by which somebody sets a new password."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from pydantic import Field

from heliograph.accounts.models import LinkKind
from heliograph.kernel.errors import Conflict, LinkInvalid, NotFound, PasswordWeak
from heliograph.web.contract import (
    Access,
    AnswerModel,
    Call,
    Limit,
    Nothing,
    RequestModel,
    Route,
)
from heliograph.web.routes.invitations import LinkEmail, LinkToken

_GUESSES = Limit(60, timedelta(minutes=15), by_address=True)


class PasswordResetRequest(RequestModel):
    """Who shall set a new password."""

    user_id: UUID


class PasswordResetAnswer(AnswerModel):
    """The link to hand over, which is shown this once."""

    user_id: UUID
    link: str = Field(repr=False)
    expires_at: datetime


class NewPassword(LinkToken):
    """The password as it shall be."""

    password: str = Field(repr=False, min_length=1, max_length=1000)


def create_reset(call: Call[PasswordResetRequest, Nothing]) -> PasswordResetAnswer:
    """Make a link by which somebody sets a new password."""
    user_id = call.body.user_id
    link = call.services.links.create_reset(call.actor, user_id)
    return PasswordResetAnswer(user_id=user_id, link=link.url, expires_at=link.expires_at)


def inspect_reset(call: Call[LinkToken, Nothing]) -> LinkEmail:
    """Say whom a link is for."""
    return LinkEmail(email=call.services.links.inspect(LinkKind.PASSWORD_RESET, call.body.token))


def use_reset(call: Call[NewPassword, Nothing]) -> None:
    """Set a new password by the link."""
    call.services.links.use_reset(call.body.token, call.actor, call.body.password)


ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/api/password-resets",
        create_reset,
        "Make a link by which somebody sets a new password",
        Access.ADMIN,
        body=PasswordResetRequest,
        answer=PasswordResetAnswer,
        status=201,
        errors=(NotFound, Conflict),
    ),
    Route(
        "POST",
        "/api/password-resets/inspect",
        inspect_reset,
        "Whom a link is for",
        Access.PUBLIC,
        body=LinkToken,
        answer=LinkEmail,
        limit=_GUESSES,
        errors=(LinkInvalid,),
    ),
    Route(
        "POST",
        "/api/password-resets/use",
        use_reset,
        "Set a new password by the link; all sessions of the person end",
        Access.PUBLIC,
        body=NewPassword,
        status=204,
        limit=_GUESSES,
        errors=(LinkInvalid, PasswordWeak),
    ),
)
