"""``/api/groups``: groups of people. Editors see them, to share with; admins change them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import Field

from heliograph.kernel.errors import CursorInvalid, NameTaken, NotFound
from heliograph.web.contract import Access, AnswerModel, Call, Nothing, RequestModel, Route
from heliograph.web.paging import PageQuery
from heliograph.web.routes.users import UsersAnswer, answer_user


class GroupAnswer(AnswerModel):
    """A group."""

    id: UUID
    name: str
    member_count: int
    created_at: datetime
    updated_at: datetime


class GroupsAnswer(AnswerModel):
    """A page of groups, by name."""

    items: list[GroupAnswer]
    next: str | None


class GroupsQuery(PageQuery):
    """Which groups."""

    search: str | None = Field(
        None, min_length=1, max_length=200, description="A part of the name."
    )


class GroupRequest(RequestModel):
    """A group as it shall be."""

    name: str = Field(min_length=1, max_length=200)


def list_groups(call: Call[Nothing, GroupsQuery]) -> GroupsAnswer:
    """List groups."""
    page = call.services.groups.list(call.query.to_page(), search=call.query.search)
    return GroupsAnswer.model_validate(page)


def create_group(call: Call[GroupRequest, Nothing]) -> GroupAnswer:
    """Create a group."""
    return GroupAnswer.model_validate(call.services.groups.create(call.actor, call.body.name))


def get_group(call: Call[Nothing, Nothing]) -> GroupAnswer:
    """Return one group."""
    return GroupAnswer.model_validate(call.services.groups.get(call.ids["group_id"]))


def rename_group(call: Call[GroupRequest, Nothing]) -> GroupAnswer:
    """Give a group another name."""
    groups = call.services.groups
    return GroupAnswer.model_validate(
        groups.rename(call.actor, call.ids["group_id"], call.body.name)
    )


def delete_group(call: Call[Nothing, Nothing]) -> None:
    """Delete a group and what was granted to it."""
    call.services.groups.delete(call.actor, call.ids["group_id"])


def list_members(call: Call[Nothing, PageQuery]) -> UsersAnswer:
    """List who is in a group."""
    page = call.services.groups.members(call.ids["group_id"], call.query.to_page())
    return UsersAnswer(items=[answer_user(user, call.actor) for user in page.items], next=page.next)


def add_member(call: Call[Nothing, Nothing]) -> None:
    """Add somebody to a group."""
    call.services.groups.add_member(call.actor, call.ids["group_id"], call.ids["user_id"])


def remove_member(call: Call[Nothing, Nothing]) -> None:
    """Take somebody out of a group."""
    call.services.groups.remove_member(call.actor, call.ids["group_id"], call.ids["user_id"])


_ONE = "/api/groups/{group_id}"
_MEMBER = "/api/groups/{group_id}/members/{user_id}"

ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/api/groups",
        list_groups,
        "List groups",
        Access.EDITOR,
        query=GroupsQuery,
        answer=GroupsAnswer,
        errors=(CursorInvalid,),
    ),
    Route(
        "POST",
        "/api/groups",
        create_group,
        "Create a group",
        Access.ADMIN,
        body=GroupRequest,
        answer=GroupAnswer,
        status=201,
        errors=(NameTaken,),
    ),
    Route(
        "GET", _ONE, get_group, "One group", Access.EDITOR, answer=GroupAnswer, errors=(NotFound,)
    ),
    Route(
        "PATCH",
        _ONE,
        rename_group,
        "Rename a group",
        Access.ADMIN,
        body=GroupRequest,
        answer=GroupAnswer,
        errors=(NotFound, NameTaken),
    ),
    Route(
        "DELETE",
        _ONE,
        delete_group,
        "Delete a group, and what was granted to it",
        Access.ADMIN,
        status=204,
        errors=(NotFound,),
    ),
    Route(
        "GET",
        "/api/groups/{group_id}/members",
        list_members,
        "List who is in a group",
        Access.EDITOR,
        query=PageQuery,
        answer=UsersAnswer,
        errors=(NotFound, CursorInvalid),
    ),
    Route(
        "PUT",
        _MEMBER,
        add_member,
        "Add somebody to a group",
        Access.ADMIN,
        status=204,
        errors=(NotFound,),
    ),
    Route(
        "DELETE",
        _MEMBER,
        remove_member,
        "Take somebody out of a group",
        Access.ADMIN,
        status=204,
        errors=(NotFound,),
    ),
)
