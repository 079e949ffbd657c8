"""``/api/me``: who is signed in, where else, and their password."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import Field

from heliograph.accounts.models import Scope, Session
from heliograph.kernel.actors import Role
from heliograph.kernel.errors import (
    CursorInvalid,
    Forbidden,
    NotFound,
    PasswordWeak,
    RateLimited,
)
from heliograph.web.contract import Access, AnswerModel, Call, Nothing, RequestModel, Route
from heliograph.web.paging import PageQuery


class MyGroupAnswer(AnswerModel):
    """A group that the person is in."""

    id: UUID
    name: str


class MeAnswer(AnswerModel):
    """Who makes the request. ``scopes`` is null for a person who is signed in."""

    id: UUID
    email: str
    name: str
    role: Role
    groups: list[MyGroupAnswer]
    claims: dict[str, str]
    scopes: list[Scope] | None
    session_id: UUID | None


class MySessionAnswer(AnswerModel):
    """A place where the person is signed in."""

    id: UUID
    address: str | None
    user_agent: str | None
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    is_current: bool


class MySessionsAnswer(AnswerModel):
    """A page of sessions, newest first."""

    items: list[MySessionAnswer]
    next: str | None


class PasswordChange(RequestModel):
    """The password as it is, and as it shall be."""

    current_password: str = Field(repr=False, min_length=1, max_length=1000)
    new_password: str = Field(repr=False, min_length=1, max_length=1000)


def get_me(call: Call[Nothing, Nothing]) -> MeAnswer:
    """Return who makes the request."""
    actor, services = call.actor, call.services
    assert actor.user_id is not None
    user = services.users.get(actor.user_id)
    groups = services.groups.of_user(actor.user_id) if actor.group_ids else []
    return MeAnswer(
        id=user.id,
        email=user.email,
        name=user.name,
        role=user.role,
        claims=dict(user.claims),
        groups=[MyGroupAnswer(id=group_id, name=name) for group_id, name in groups],
        scopes=None if actor.scopes is None else sorted(Scope(scope) for scope in actor.scopes),
        session_id=None if actor.session_id is None else UUID(actor.session_id),
    )


def list_sessions(call: Call[Nothing, PageQuery]) -> MySessionsAnswer:
    """List where the person is signed in."""
    page = call.services.sessions.list(call.actor, call.query.to_page())
    items = [_answer(session, call.actor.session_id) for session in page.items]
    return MySessionsAnswer(items=items, next=page.next)


def end_session(call: Call[Nothing, Nothing]) -> None:
    """Sign out somewhere else."""
    call.services.sessions.end(call.actor, call.ids["session_id"])


def end_other_sessions(call: Call[Nothing, Nothing]) -> None:
    """Sign out everywhere else."""
    call.services.sessions.end_others(call.actor)


def change_password(call: Call[PasswordChange, Nothing]) -> None:
    """Change one's own password."""
    body = call.body
    call.services.sessions.change_password(call.actor, body.current_password, body.new_password)


def _answer(session: Session, current: str | None) -> MySessionAnswer:
    return MySessionAnswer(
        id=session.id,
        address=session.address,
        user_agent=session.user_agent,
        created_at=session.created_at,
        last_used_at=session.last_used_at,
        expires_at=session.expires_at,
        is_current=str(session.id) == current,
    )


ROUTES: tuple[Route, ...] = (
    Route("GET", "/api/me", get_me, "Who makes the request", Access.SIGNED_IN, answer=MeAnswer),
    Route(
        "GET",
        "/api/me/sessions",
        list_sessions,
        "List where you are signed in, newest first",
        Access.SIGNED_IN,
        query=PageQuery,
        answer=MySessionsAnswer,
        errors=(CursorInvalid, Forbidden),
    ),
    Route(
        "DELETE",
        "/api/me/sessions",
        end_other_sessions,
        "Sign out everywhere else",
        Access.SIGNED_IN,
        status=204,
        errors=(Forbidden,),
    ),
    Route(
        "DELETE",
        "/api/me/sessions/{session_id}",
        end_session,
        "Sign out in one place",
        Access.SIGNED_IN,
        status=204,
        errors=(NotFound, Forbidden),
    ),
    Route(
        "POST",
        "/api/me/password",
        change_password,
        "Change your own password; all your other sessions end",
        Access.SIGNED_IN,
        body=PasswordChange,
        status=204,
        errors=(PasswordWeak, Forbidden, RateLimited),
    ),
)
