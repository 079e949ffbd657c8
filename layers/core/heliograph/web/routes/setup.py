"""``/api/setup``: the first admin, by a one-time link."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from heliograph.kernel.errors import LinkInvalid, NameTaken, PasswordWeak, SetupDone
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
from heliograph.web.routes.session import SessionAnswer, answer_signed_in


class SetupAnswer(AnswerModel):
    """Whether the first admin is still missing."""

    needed: bool


class SetupRequest(RequestModel):
    """Who becomes the first admin; ``token`` is what stands in the link after ``#token=``."""

    token: str = Field(repr=False, min_length=1, max_length=100)
    email: str = Field(min_length=1, max_length=320)
    name: str = Field(min_length=1, max_length=200)
    password: str = Field(repr=False, min_length=1, max_length=1000)


def get_setup(call: Call[Nothing, Nothing]) -> SetupAnswer:
    """Say whether there is no admin yet."""
    return SetupAnswer(needed=call.services.links.is_setup_needed())


def set_up(call: Call[SetupRequest, Nothing]) -> Answer:
    """Become the first admin, and be signed in."""
    body, services = call.body, call.services
    services.sessions.prepare()  # before the link is used up
    user = services.links.use_setup(
        body.token, call.actor, email=body.email, name=body.name, password=body.password
    )
    return answer_signed_in(services, services.sessions.start(user.id, call.actor), 201)


ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/api/setup",
        get_setup,
        "Whether the first admin is still missing",
        Access.PUBLIC,
        answer=SetupAnswer,
    ),
    Route(
        "POST",
        "/api/setup",
        set_up,
        "Become the first admin by the set-up link, and sign in",
        Access.PUBLIC,
        body=SetupRequest,
        answer=SessionAnswer,
        status=201,
        limit=Limit(20, timedelta(minutes=15), by_address=True),
        errors=(SetupDone, LinkInvalid, PasswordWeak, NameTaken),
    ),
)
