"""``/api/invitations``: how people come. The link is shown once, to be copied."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from pydantic import Field

from heliograph.accounts.models import LinkKind
from heliograph.kernel.actors import Role
from heliograph.kernel.errors import (
    Conflict,
    CursorInvalid,
    LinkInvalid,
    NameTaken,
    NotFound,
    PasswordWeak,
)
from heliograph.web.contract import (
    Access,
    Answer,
    AnswerModel,
    Call,
    Limit,
    Nothing,
    RequestModel,
    Route,
)
from heliograph.web.paging import PageQuery
from heliograph.web.routes.session import SessionAnswer, answer_signed_in

_GUESSES = Limit(60, timedelta(minutes=15), by_address=True)


class InvitationRequest(RequestModel):
    """Whom to invite, as what, into which groups."""

    email: str = Field(min_length=1, max_length=320)
    role: Role
    group_ids: list[UUID] = Field(default=[], max_length=100)


class InvitationAnswer(AnswerModel):
    """An invitation that waits for its person."""

    id: UUID
    email: str
    role: Role
    group_ids: list[UUID]
    created_by: UUID | None
    created_at: datetime
    expires_at: datetime


class NewInvitationAnswer(InvitationAnswer):
    """An invitation with its link, which is shown this once."""

    link: str = Field(repr=False)


class InvitationsAnswer(AnswerModel):
    """A page of the invitations that wait, newest first."""

    items: list[InvitationAnswer]
    next: str | None


class LinkToken(RequestModel):
    """What stands in the link after ``#token=``."""

    token: str = Field(repr=False, min_length=1, max_length=100)


class LinkEmail(AnswerModel):
    """Whom a link is for."""

    email: str


class Acceptance(LinkToken):
    """Who accepts an invitation."""

    name: str = Field(min_length=1, max_length=200)
    password: str = Field(repr=False, min_length=1, max_length=1000)


def invite(call: Call[InvitationRequest, Nothing]) -> NewInvitationAnswer:
    """Invite somebody."""
    body = call.body
    invitation, link = call.services.links.invite(call.actor, body.email, body.role, body.group_ids)
    told = InvitationAnswer.model_validate(invitation)
    return NewInvitationAnswer(**told.model_dump(), link=link.url)


def list_invitations(call: Call[Nothing, PageQuery]) -> InvitationsAnswer:
    """List the invitations that wait."""
    page = call.services.links.invitations(call.query.to_page())
    return InvitationsAnswer.model_validate(page)


def revoke_invitation(call: Call[Nothing, Nothing]) -> None:
    """Take an invitation back."""
    call.services.links.revoke_invitation(call.actor, call.ids["invitation_id"])


def inspect_invitation(call: Call[LinkToken, Nothing]) -> LinkEmail:
    """Say whom an invitation is for."""
    return LinkEmail(email=call.services.links.inspect(LinkKind.INVITATION, call.body.token))


def accept_invitation(call: Call[Acceptance, Nothing]) -> Answer:
    """Accept an invitation, and be signed in."""
    body, services = call.body, call.services
    services.sessions.prepare()  # before the link is used up
    user = services.links.accept(body.token, call.actor, name=body.name, password=body.password)
    return answer_signed_in(services, services.sessions.start(user.id, call.actor), 201)


ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/api/invitations",
        invite,
        "Invite somebody; the answer holds the link, this once",
        Access.ADMIN,
        body=InvitationRequest,
        answer=NewInvitationAnswer,
        status=201,
        errors=(NameTaken, Conflict),
    ),
    Route(
        "GET",
        "/api/invitations",
        list_invitations,
        "List the invitations that wait, newest first",
        Access.ADMIN,
        query=PageQuery,
        answer=InvitationsAnswer,
        errors=(CursorInvalid,),
    ),
    Route(
        "DELETE",
        "/api/invitations/{invitation_id}",
        revoke_invitation,
        "Take an invitation back",
        Access.ADMIN,
        status=204,
        errors=(NotFound,),
    ),
    Route(
        "POST",
        "/api/invitations/inspect",
        inspect_invitation,
        "Whom an invitation is for",
        Access.PUBLIC,
        body=LinkToken,
        answer=LinkEmail,
        limit=_GUESSES,
        errors=(LinkInvalid,),
    ),
    Route(
        "POST",
        "/api/invitations/accept",
        accept_invitation,
        "Accept an invitation, and sign in",
        Access.PUBLIC,
        body=Acceptance,
        answer=SessionAnswer,
        status=201,
        limit=_GUESSES,
        errors=(LinkInvalid, PasswordWeak, NameTaken),
    ),
)
