"""``/api/grants``: who may view and edit what. Whoever may edit an object may share it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import Field

from heliograph.accounts.permissions import Grant, GranteeType, Level, Reason, ReasonKind
from heliograph.kernel.errors import CursorInvalid, Forbidden, NotFound
from heliograph.web.contract import (
    Access,
    AnswerModel,
    Call,
    Nothing,
    QueryModel,
    RequestModel,
    Route,
)
from heliograph.web.paging import PageQuery

_TYPE = r"^[a-z][a-z_]*$"


class GranteeRequest(RequestModel):
    """To whom. ``id`` is left out for everyone."""

    type: GranteeType
    id: UUID | None = None


class GrantRequest(RequestModel):
    """A right to give, in place of what the grantee has on the object."""

    object_type: str = Field(max_length=50, pattern=_TYPE)
    object_id: UUID
    grantee: GranteeRequest
    level: Level


class GrantsQuery(PageQuery):
    """The rights on which object."""

    object_type: str = Field(max_length=50, pattern=_TYPE)
    object_id: UUID


class ExplainQuery(QueryModel):
    """What may this person do to this object."""

    object_type: str = Field(max_length=50, pattern=_TYPE)
    object_id: UUID
    user_id: UUID


class GranteeAnswer(AnswerModel):
    """To whom a right was given."""

    type: GranteeType
    id: UUID | None
    name: str | None


class GrantAnswer(AnswerModel):
    """A right. Its object is the one that was asked about, or one that it lies in."""

    id: UUID
    object_type: str
    object_id: UUID
    object_name: str | None
    grantee: GranteeAnswer
    level: Level
    created_at: datetime | None


class GrantsAnswer(AnswerModel):
    """A page of rights, oldest first."""

    items: list[GrantAnswer]
    next: str | None


class ReasonAnswer(AnswerModel):
    """Why something is permitted or refused."""

    kind: ReasonKind
    message: str
    grant: GrantAnswer | None


class ExplanationAnswer(AnswerModel):
    """What a person may do to an object, and why. ``level`` is null for nothing."""

    user_id: UUID
    user_name: str
    level: Level | None
    reasons: list[ReasonAnswer]


def list_grants(call: Call[Nothing, GrantsQuery]) -> GrantsAnswer:
    """List the rights on an object."""
    query = call.query
    page = call.services.grants.list_on(
        call.actor, query.object_type, query.object_id, query.to_page()
    )
    return GrantsAnswer(items=[_answer(grant) for grant in page.items], next=page.next)


def give_grant(call: Call[GrantRequest, Nothing]) -> GrantAnswer:
    """Give a right."""
    body = call.body
    grant = call.services.grants.give(
        call.actor,
        body.object_type,
        body.object_id,
        body.grantee.type,
        body.grantee.id,
        body.level,
    )
    return _answer(grant)


def withdraw_grant(call: Call[Nothing, Nothing]) -> None:
    """Withdraw a right."""
    call.services.grants.withdraw(call.actor, call.ids["grant_id"])


def explain(call: Call[Nothing, ExplainQuery]) -> ExplanationAnswer:
    """Explain what a person may do to an object."""
    query = call.query
    found = call.services.grants.explain(
        call.actor, query.object_type, query.object_id, query.user_id
    )
    return ExplanationAnswer(
        user_id=found.user_id,
        user_name=found.user_name,
        level=found.level,
        reasons=[_reason(reason) for reason in found.reasons],
    )


def _answer(grant: Grant) -> GrantAnswer:
    return GrantAnswer(
        id=grant.id,
        object_type=grant.object.type,
        object_id=grant.object.id,
        object_name=grant.object_name,
        grantee=GranteeAnswer.model_validate(grant.grantee),
        level=grant.level,
        created_at=grant.created_at,
    )


def _reason(reason: Reason) -> ReasonAnswer:
    grant = None if reason.grant is None else _answer(reason.grant)
    return ReasonAnswer(kind=reason.kind, message=reason.message, grant=grant)


ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/api/grants",
        list_grants,
        "List the rights on an object, oldest first",
        Access.SIGNED_IN,
        query=GrantsQuery,
        answer=GrantsAnswer,
        errors=(NotFound, Forbidden, CursorInvalid),
    ),
    Route(
        "POST",
        "/api/grants",
        give_grant,
        "Give a right on an object, in place of the one before",
        Access.SIGNED_IN,
        body=GrantRequest,
        answer=GrantAnswer,
        errors=(NotFound, Forbidden),
    ),
    Route(
        "DELETE",
        "/api/grants/{grant_id}",
        withdraw_grant,
        "Withdraw a right",
        Access.SIGNED_IN,
        status=204,
        errors=(NotFound, Forbidden),
    ),
    Route(
        "GET",
        "/api/grants/explain",
        explain,
        "What one person may do to an object, and why",
        Access.SIGNED_IN,
        query=ExplainQuery,
        answer=ExplanationAnswer,
        errors=(NotFound, Forbidden),
    ),
)
