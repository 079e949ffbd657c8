"""What a route is: declared once, with its models, who may call it, and how often."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from heliograph.kernel.actors import Actor
from heliograph.kernel.errors import HeliographError

if TYPE_CHECKING:
    from heliograph.web.services import Services

BodyT = TypeVar("BodyT")
QueryT = TypeVar("QueryT")


class Access(StrEnum):
    """Who may call a route at all. What they may do to one object, the service decides."""

    PUBLIC = "public"  # nobody is asked who they are
    SIGNED_IN = "signed_in"  # any active user, and tokens with a scope that fits
    EDITOR = "editor"  # editors and admins
    ADMIN = "admin"


# Building is deferred: a function that has just started makes only what its first request needs.


class RequestModel(BaseModel):
    """What a client sends. Unknown members are refused, types are not guessed."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, hide_input_in_errors=True, defer_build=True
    )


class QueryModel(BaseModel):
    """What stands in a query string: texts, from which numbers, booleans and times are read."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, defer_build=True
    )


class AnswerModel(BaseModel):
    """What a client gets."""

    model_config = ConfigDict(frozen=True, from_attributes=True, defer_build=True)


class Nothing(BaseModel):
    """No body, no query string: nothing is taken."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``count`` calls in ``per``, counted for each address or each actor.

    It is counted in the app database, so it holds over all instances: for what is worth guessing
    or costly. The flood is kept away before, by the gateway.
    """

    count: int
    per: timedelta
    by_address: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What a route's function returns when a model alone does not say it.

    ``body`` is a model, bytes (then ``media_type`` says of what), or None for no content.
    ``cookies`` are whole ``Set-Cookie`` values.
    """

    body: BaseModel | bytes | None = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    cookies: tuple[str, ...] = field(default=(), repr=False)
    media_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Call(Generic[BodyT, QueryT]):
    """One request, understood: who makes it, what it says, and what there is to answer it with.

    ``actor`` is of kind ``anonymous`` on public routes, where nobody was asked. ``ids`` are the
    parts of the path in braces. ``cookies`` and ``headers`` (lower case) are as they came.
    """

    actor: Actor
    services: Services
    body: BodyT
    query: QueryT
    ids: Mapping[str, UUID]
    headers: Mapping[str, str] = field(repr=False)
    cookies: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path, and everything that is known of it.

    ``path`` is the whole path with parameters in braces, which are UUIDs. ``scope`` is what a
    personal token needs (``read`` or ``write``). ``also`` has the models of further statuses that
    the route answers with, None for one without a body. ``errors`` are those that are the route's
    own; every route may also answer those of its access, body and limits.
    """

    method: str
    path: str
    run: Callable[[Call[Any, Any]], BaseModel | Answer | None]
    summary: str
    access: Access
    body: type[BaseModel] = Nothing
    query: type[BaseModel] = Nothing
    answer: type[BaseModel] | None = None
    status: int = 200
    also: Mapping[int, type[BaseModel] | None] = field(default_factory=dict)
    limit: Limit | None = None
    errors: tuple[type[HeliographError], ...] = ()
    most_bytes: int = 256 * 1024
    media_types: tuple[str, ...] = ("application/json",)

    @property
    def scope(self) -> str:
        """The scope that a personal token needs for this route."""
        return "read" if self.method in ("GET", "HEAD") else "write"

    @property
    def noun(self) -> str:
        """The part of the path after ``/api/``: what API Gateway routes by."""
        return self.path.split("/")[2]
