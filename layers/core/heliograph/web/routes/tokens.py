"""``/api/tokens``: personal tokens for scripts."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import AwareDatetime, Field

from heliograph.accounts.models import Scope
from heliograph.accounts.tokens import DEFAULT_LIFE
from heliograph.kernel.errors import Conflict, CursorInvalid, Forbidden, NotFound
from heliograph.web.contract import Access, AnswerModel, Call, Nothing, RequestModel, Route
from heliograph.web.paging import PageQuery


class TokenRequest(RequestModel):
    """A token to make. ``expires_at`` lies within a year; left out, the token lives 90 days."""

    name: str = Field(min_length=1, max_length=200)
    scopes: list[Scope] = Field(min_length=1, max_length=2)
    expires_at: AwareDatetime | None = None


class TokenAnswer(AnswerModel):
    """A token without its secret; ``hint`` is how it begins."""

    id: UUID
    user_id: UUID
    name: str
    hint: str
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


class NewTokenAnswer(TokenAnswer):
    """A token, whole, which is shown this once."""

    token: str = Field(repr=False)


class TokensAnswer(AnswerModel):
    """A page of tokens, newest first."""

    items: list[TokenAnswer]
    next: str | None


class TokensQuery(PageQuery):
    """Whose tokens."""

    user_id: UUID | None = Field(None, description="One's own unless given; admins may ask.")


def list_tokens(call: Call[Nothing, TokensQuery]) -> TokensAnswer:
    """List the tokens of a person."""
    query = call.query
    page = call.services.tokens.list(call.actor, query.to_page(), user_id=query.user_id)
    return TokensAnswer.model_validate(page)


def create_token(call: Call[TokenRequest, Nothing]) -> NewTokenAnswer:
    """Make a token."""
    body, services = call.body, call.services
    life = DEFAULT_LIFE if body.expires_at is None else body.expires_at - services.clock.now()
    token, secret = services.tokens.create(call.actor, body.name, body.scopes, life=life)
    return NewTokenAnswer(**TokenAnswer.model_validate(token).model_dump(), token=secret)


def revoke_token(call: Call[Nothing, Nothing]) -> None:
    """Revoke a token."""
    call.services.tokens.revoke(call.actor, call.ids["token_id"])


ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/api/tokens",
        list_tokens,
        "List personal tokens, newest first",
        Access.SIGNED_IN,
        query=TokensQuery,
        answer=TokensAnswer,
        errors=(CursorInvalid, Forbidden),
    ),
    Route(
        "POST",
        "/api/tokens",
        create_token,
        "Make a personal token; the answer holds it, this once",
        Access.SIGNED_IN,
        body=TokenRequest,
        answer=NewTokenAnswer,
        status=201,
        errors=(Forbidden, Conflict),
    ),
    Route(
        "DELETE",
        "/api/tokens/{token_id}",
        revoke_token,
        "Revoke a personal token",
        Access.SIGNED_IN,
        status=204,
        errors=(NotFound,),
    ),
)
