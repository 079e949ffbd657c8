"""Errors as answers: the one table from class to HTTP status, and the one shape.

Nobody below this room knows of HTTP. A class that the table does not name has the status of the
class it derives from.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from heliograph.kernel import errors
from heliograph.kernel.errors import HeliographError, PlatformError

STATUSES: Mapping[type[HeliographError], int] = {
    errors.HeliographError: 500,
    # What was asked makes no sense, or the database that was asked said no: the request's affair.
    errors.UsageError: 422,
    errors.QueryError: 422,
    errors.QueryCanceled: 409,
    errors.ConnectionLost: 502,
    errors.ServerResourcesExhausted: 502,
    errors.QueryTimedOut: 504,
    # A database, or a receiver, that somebody has named and that does not answer as it should.
    errors.ConnectError: 502,
    errors.ConnectTimedOut: 504,
    errors.DeliveryError: 502,
    errors.DestinationRefused: 422,
    # The command line's own: no route raises them.
    errors.OutputFailed: 500,
    errors.Interrupted: 500,
    errors.LocalDatabaseError: 500,
    errors.StateFailed: 500,
    errors.RequestError: 400,
    errors.RequestInvalid: 422,
    errors.BodyMalformed: 400,
    errors.BodyTooLarge: 413,
    errors.MediaTypeUnsupported: 415,
    errors.RouteUnknown: 404,
    errors.MethodUnsupported: 405,
    errors.CursorInvalid: 422,
    errors.Unauthenticated: 401,
    errors.TokenExpired: 401,
    errors.TokenInvalid: 401,
    errors.SessionRevoked: 401,
    errors.SignInFailed: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.NameTaken: 409,
    errors.LastAdmin: 409,
    errors.SetupDone: 409,
    errors.LinkInvalid: 410,
    errors.ResultExpired: 410,
    errors.PasswordRequired: 422,
    errors.PasswordWeak: 422,
    errors.AddressForbidden: 422,
    errors.ExportTooLarge: 422,
    errors.RateLimited: 429,
    errors.PlatformError: 500,
    errors.Overloaded: 503,
    errors.DatabaseUnavailable: 503,
    errors.SchemaOutdated: 503,
    errors.MigrationFailed: 500,
    errors.QueueUnavailable: 503,
    errors.StorageUnavailable: 503,
    errors.BlobKeyInvalid: 404,
    errors.KeyUnavailable: 503,
    errors.SettingsMissing: 500,
    errors.DeploymentInvalid: 500,
    errors.HandlerFailed: 502,
    errors.HandlerTimedOut: 504,
    errors.AnswerTooLarge: 502,
}
"""Error class: HTTP status."""

_SQL_FIELDS = ("sqlstate", "position", "line", "column", "hint")
_RETRY_SECONDS = 5
_MOST_PLACES = 20
# What anybody may be told of our own neighbours; the others name hosts, folders and keys.
_TOLD = (errors.Overloaded, errors.DatabaseUnavailable, errors.SchemaOutdated, errors.HandlerFailed)


def status_of(kind: type[HeliographError]) -> int:
    """Return the HTTP status of an error class."""
    return next(STATUSES[base] for base in kind.__mro__ if base in STATUSES)


def unexpected() -> HeliographError:
    """Return what stands for an error that nobody foresaw."""
    return HeliographError(
        "Something went wrong in Heliograph itself.",
        hint="The log says where, under this request id. Please report it.",
    )


def describe(error: HeliographError, request_id: str) -> dict[str, Any]:
    """Return an error in the shape that every error of the API has.

    What a neighbour of ours did wrong is told without its particulars, which the log has.
    """
    kind = type(error)
    status = status_of(kind)
    is_own = isinstance(error, PlatformError)
    message, fields = error.message, {name: getattr(error, name) for name in _SQL_FIELDS}
    if is_own:
        fields = {"hint": error.hint}
    if is_own and not isinstance(error, _TOLD):
        message = "A part that Heliograph stands on does not do its work."
        fields = {"hint": "`heliograph doctor` tells which; so does the log, by this request id."}
    problems = getattr(error, "problems", [])
    return {
        "type": f"urn:heliograph:error:{kind.code}",
        "title": kind.code.replace("_", " ").capitalize(),
        "status": status,
        "code": kind.code,
        "detail": message,
        "errors": [{"path": path, "message": text} for path, text in problems],
        "request_id": request_id,
        **{name: value for name, value in fields.items() if value is not None},
    }


def headers_for(error: HeliographError) -> dict[str, str]:
    """Return the headers that go with an error: how to sign in, when to try again."""
    status = status_of(type(error))
    if status in (429, 503):
        seconds = getattr(error, "retry_after", _RETRY_SECONDS)
        return {"Retry-After": str(max(1, math.ceil(seconds)))}
    if status == 401:
        # RFC 6750, 3.1: what is wrong with a token is said only where one was sent.
        is_token = isinstance(
            error, errors.TokenExpired | errors.TokenInvalid | errors.SessionRevoked
        )
        reason = f', error="invalid_token", error_description="{error.code}"' if is_token else ""
        return {"WWW-Authenticate": f'Bearer realm="heliograph"{reason}'}
    return {}


def trace(error: BaseException) -> list[str]:
    """Return where an error came from, ``module:line function``, and what it came from: no values.

    The innermost place stands last. Messages are left out: they may hold what somebody sent.
    """
    places: list[str] = []
    seen: BaseException | None = error
    while seen is not None and len(places) < 4 * _MOST_PLACES:
        places[:0] = [*_places(seen.__traceback__), _name(type(seen))]
        seen = seen.__cause__ or seen.__context__
    return places


def _places(traceback: TracebackType | None) -> list[str]:
    found = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        module = traceback.tb_frame.f_globals.get("__name__", "?")
        found.append(f"{module}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return found[-_MOST_PLACES:]


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
