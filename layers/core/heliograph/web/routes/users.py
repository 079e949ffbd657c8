"""``/api/users``: people, roles, claims. Editors see them, to share with; admins change them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, WithJsonSchema

from heliograph.accounts.claims import MOST_CLAIMS, MOST_VALUE_CHARACTERS, NAME_PATTERN
from heliograph.accounts.models import User
from heliograph.kernel.actors import Actor, Role
from heliograph.kernel.errors import CursorInvalid, LastAdmin, NotFound
from heliograph.web.contract import Access, AnswerModel, Call, Nothing, RequestModel, Route
from heliograph.web.paging import PageQuery

# The service checks them; this says the same in the API's description.
_Claims = Annotated[
    dict[str, str],
    WithJsonSchema(
        {
            "type": "object",
            "maxProperties": MOST_CLAIMS,
            "propertyNames": {"pattern": f"^{NAME_PATTERN}$"},
            "additionalProperties": {"type": "string", "maxLength": MOST_VALUE_CHARACTERS},
        }
    ),
]


class UserAnswer(AnswerModel):
    """A person. Who is no admin gets null for ``last_signed_in_at``, and for others' ``claims``."""

    id: UUID
    email: str
    name: str
    role: Role
    is_active: bool
    created_at: datetime
    last_signed_in_at: datetime | None
    claims: dict[str, str] | None


class UsersAnswer(AnswerModel):
    """A page of people, in the order of their emails."""

    items: list[UserAnswer]
    next: str | None


class UsersQuery(PageQuery):
    """Which people: those that fit everything that is given."""

    search: str | None = Field(
        None, min_length=1, max_length=200, description="A part of the name or the email."
    )
    role: Role | None = Field(None, description="Those with this role.")
    is_active: bool | None = Field(None, description="Those who may, or may not, sign in.")


class UserChange(RequestModel):
    """What to change; what is left out stays as it is."""

    name: str | None = Field(None, min_length=1, max_length=200)
    role: Role | None = None
    is_active: bool | None = Field(
        None, description="False ends all sessions and makes tokens unusable, at once."
    )
    claims: _Claims | None = Field(
        None,
        description="What row-level security may know of them, by name; replaces all they have.",
    )


def answer_user(user: User, actor: Actor) -> UserAnswer:
    """Return what ``actor`` may see of a user."""
    answer = UserAnswer.model_validate(user)
    if actor.is_admin:
        return answer
    hidden: dict[str, Any] = {"last_signed_in_at": None}
    if user.id != actor.user_id:
        hidden["claims"] = None
    return answer.model_copy(update=hidden)


def list_users(call: Call[Nothing, UsersQuery]) -> UsersAnswer:
    """List people."""
    query = call.query
    page = call.services.users.list(
        query.to_page(), search=query.search, role=query.role, is_active=query.is_active
    )
    return UsersAnswer(items=[answer_user(user, call.actor) for user in page.items], next=page.next)


def get_user(call: Call[Nothing, Nothing]) -> UserAnswer:
    """Return one person."""
    return answer_user(call.services.users.get(call.ids["user_id"]), call.actor)


def change_user(call: Call[UserChange, Nothing]) -> UserAnswer:
    """Change a person's name, role, state or claims."""
    body = call.body
    user = call.services.users.change(
        call.actor,
        call.ids["user_id"],
        name=body.name,
        role=body.role,
        is_active=body.is_active,
        claims=body.claims,
    )
    return answer_user(user, call.actor)


ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/api/users",
        list_users,
        "List people",
        Access.EDITOR,
        query=UsersQuery,
        answer=UsersAnswer,
        errors=(CursorInvalid,),
    ),
    Route(
        "GET",
        "/api/users/{user_id}",
        get_user,
        "One person",
        Access.EDITOR,
        answer=UserAnswer,
        errors=(NotFound,),
    ),
    Route(
        "PATCH",
        "/api/users/{user_id}",
        change_user,
        "Change a person's name, role, state or claims",
        Access.ADMIN,
        body=UserChange,
        answer=UserAnswer,
        errors=(NotFound, LastAdmin),
    ),
)
