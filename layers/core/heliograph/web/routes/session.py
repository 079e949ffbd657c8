"""``/api/session``: sign in, stay signed in, sign out."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pydantic import Field

from heliograph.accounts.models import SignedIn
from heliograph.kernel.errors import (
    Forbidden,
    SessionRevoked,
    SignInFailed,
    TokenExpired,
    TokenInvalid,
    Unauthenticated,
)
from heliograph.web.authentication import recognise
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
from heliograph.web.routes.users import UserAnswer

if TYPE_CHECKING:
    from heliograph.web.services import Services

REFRESH_COOKIE = "heliograph_refresh"


class SignInRequest(RequestModel):
    """Who signs in."""

    email: str = Field(min_length=1, max_length=320)
    password: str = Field(repr=False, min_length=1, max_length=1000)


class SessionAnswer(AnswerModel):
    """An access token, for how many seconds it is good, and whose it is.

    The refresh token comes as a cookie that only ``/api/session`` gets to see.
    """

    access_token: str = Field(repr=False)
    expires_in: int
    user: UserAnswer


def answer_signed_in(services: Services, signed_in: SignedIn, status: int = 200) -> Answer:
    """Return the answer that signs somebody in: the body, and the refresh token as a cookie."""
    body = SessionAnswer(
        access_token=signed_in.access_token,
        expires_in=signed_in.expires_in,
        user=UserAnswer.model_validate(signed_in.user),
    )
    life = signed_in.refresh_expires_at - services.clock.now()
    cookie = _cookie(services, signed_in.refresh_token, int(life.total_seconds()))
    return Answer(body, status=status, cookies=(cookie,))


def sign_in(call: Call[SignInRequest, Nothing]) -> Answer:
    """Sign in with email and password."""
    body = call.body
    signed_in = call.services.sessions.sign_in(body.email, body.password, call.actor)
    return answer_signed_in(call.services, signed_in)


def refresh(call: Call[Nothing, Nothing]) -> Answer:
    """Exchange the refresh token in the cookie for new tokens."""
    token = call.cookies.get(REFRESH_COOKIE)
    if not token:
        raise Unauthenticated("Nobody is signed in here.", hint="Sign in.")
    return answer_signed_in(call.services, call.services.sessions.refresh(token, call.actor))


def sign_out(call: Call[Nothing, Nothing]) -> Answer:
    """End the session of the cookie, or of the access token where the cookie has none to end.

    It is public, because an access token may have expired meanwhile, and to sign out must work.
    """
    sessions = call.services.sessions
    token = call.cookies.get(REFRESH_COOKIE)
    if not token or not sessions.sign_out(token, call.actor):
        try:
            sessions.end_own(recognise(call.headers, call.services, call.actor))
        except (Unauthenticated, Forbidden):  # nobody's token, or a personal one
            if not token:
                raise
    return Answer(status=204, cookies=(_cookie(call.services, "", 0),))


def _cookie(services: Services, value: str, seconds: int) -> str:
    parts = [
        f"{REFRESH_COOKIE}={value}",
        "Path=/api/session",
        f"Max-Age={seconds}",
        "HttpOnly",
        "SameSite=Strict",
    ]
    if (services.settings.public_url or "").startswith("https://"):
        parts.append("Secure")
    return "; ".join(parts)


ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/api/session",
        sign_in,
        "Sign in with email and password",
        Access.PUBLIC,
        body=SignInRequest,
        answer=SessionAnswer,
        limit=Limit(300, timedelta(minutes=10), by_address=True),
        errors=(SignInFailed,),
    ),
    Route(
        "POST",
        "/api/session/refresh",
        refresh,
        "Get new tokens for the refresh token in the cookie",
        Access.PUBLIC,
        answer=SessionAnswer,
        errors=(Unauthenticated, TokenInvalid, TokenExpired, SessionRevoked),
    ),
    Route(
        "DELETE",
        "/api/session",
        sign_out,
        "Sign out: end this session at once",
        Access.PUBLIC,
        status=204,
        errors=(Unauthenticated, TokenInvalid, TokenExpired, SessionRevoked, Forbidden),
    ),
)
