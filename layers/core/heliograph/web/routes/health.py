"""``/api/health``: whether Heliograph can do its work, and for admins what is missing."""

from __future__ import annotations

from heliograph import __version__
from heliograph.kernel.actors import Role
from heliograph.kernel.errors import HeliographError
from heliograph.web.authentication import recognise
from heliograph.web.contract import Access, Answer, AnswerModel, Call, Nothing, Route
from heliograph.web.health import HealthStatus, judge


class HealthCheckAnswer(AnswerModel):
    """One thing that was looked at; ``message`` and ``fix`` are for admins alone."""

    name: str
    ok: bool
    message: str | None = None
    fix: str | None = None


class HealthAnswer(AnswerModel):
    """How Heliograph is: ``degraded`` when something should be mended, but it does its work."""

    status: HealthStatus
    version: str
    checks: list[HealthCheckAnswer]


def get_health(call: Call[Nothing, Nothing]) -> Answer:
    """Tell what was found; 503 when Heliograph cannot do its work."""
    checks = call.services.health.examine()
    is_told = _is_admin(call)
    status = judge(checks)
    body = HealthAnswer(
        status=status,
        version=__version__,
        checks=[
            HealthCheckAnswer(
                name=check.name,
                ok=check.ok,
                message=check.message if is_told else None,
                fix=check.fix if is_told else None,
            )
            for check in checks
        ],
    )
    code = 503 if status is HealthStatus.FAILING else 200
    return Answer(body, status=code, headers={"Cache-Control": "no-store"})


def _is_admin(call: Call[Nothing, Nothing]) -> bool:
    """Say whether an admin asks. Everybody may ask, so a token that fails is no reason to refuse.

    The actor of a public route is nobody in particular, so it is not looked at.
    """
    try:
        actor = recognise(call.headers, call.services, call.actor)
    except HeliographError:
        return False
    has_scope = actor.scopes is None or "read" in actor.scopes
    return actor.role is Role.ADMIN and has_scope


ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/api/health",
        get_health,
        "Say whether Heliograph can do its work",
        Access.PUBLIC,
        answer=HealthAnswer,
    ),
)
