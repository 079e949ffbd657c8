"""What the API answers when it cannot do what was asked, and what its neighbours failed to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from heliograph.kernel.errors.root import HeliographError


class RequestError(HeliographError):
    """A request to the API cannot be done as it was made."""

    code = "request_failed"


class RequestInvalid(RequestError):
    """A body, a query string or a path does not say what it should; ``problems`` lists the places.

    Each problem is ``(path, message)``: ``("/email", "is not an email address")``. The path is a
    JSON pointer into the body, or ``?name`` for the query string. Values are never repeated.
    """

    code = "request_invalid"

    def __init__(
        self, message: str, problems: Sequence[tuple[str, str]] = (), **fields: Any
    ) -> None:
        super().__init__(message, **fields)
        self.problems = list(problems)


class BodyMalformed(RequestError):
    """The body of a request is not JSON, or not in UTF-8."""

    code = "body_malformed"


class BodyTooLarge(RequestError):
    """The body of a request is larger than the route takes."""

    code = "body_too_large"


class MediaTypeUnsupported(RequestError):
    """The body is of a media type that the route does not read."""

    code = "media_type_unsupported"


class RouteUnknown(RequestError):
    """There is nothing at this path."""

    code = "route_unknown"


class MethodUnsupported(RequestError):
    """The path exists, but not with this method."""

    code = "method_unsupported"


class CursorInvalid(RequestError):
    """A cursor is not one that a list has given."""

    code = "cursor_invalid"


class Unauthenticated(RequestError):
    """The request says nothing about who makes it, or nothing that can be believed."""

    code = "unauthenticated"


class TokenExpired(Unauthenticated):
    """The access token, or the personal token, has expired."""

    code = "token_expired"


class TokenInvalid(Unauthenticated):
    """The token is malformed, forged, signed in another way, or was revoked."""

    code = "token_invalid"


class SessionRevoked(Unauthenticated):
    """The session was ended: signed out, deactivated, or its refresh token was used twice."""

    code = "session_revoked"


class SignInFailed(Unauthenticated):
    """The email and the password do not belong together."""

    code = "sign_in_failed"


class Forbidden(RequestError):
    """Who asks is known, and may not do this."""

    code = "forbidden"


class NotFound(RequestError):
    """There is no such thing, or none that who asks may see."""

    code = "not_found"


class Conflict(RequestError):
    """The thing has been changed meanwhile, or is in a state that does not admit this."""

    code = "conflict"


class NameTaken(Conflict):
    """Another one has this name already."""

    code = "name_taken"


class LastAdmin(Conflict):
    """The last active admin cannot be removed, deactivated or made something else."""

    code = "last_admin"


class SetupDone(Conflict):
    """The first admin exists already."""

    code = "setup_done"


class LinkInvalid(RequestError):
    """A link for set-up, an invitation, a reset or a download was used, replaced or has expired."""

    code = "link_invalid"


class ResultExpired(RequestError):
    """The rows of a run are no longer kept."""

    code = "result_expired"


class PasswordRequired(RequestError):
    """The password of a connection must be typed again, because where it is sent was changed."""

    code = "password_required"


class PasswordWeak(RequestError):
    """A password is too short, too long, or one that everybody tries first."""

    code = "password_weak"


class AddressForbidden(RequestError):
    """A connection points at an address that the operator forbids."""

    code = "address_forbidden"


class ExportTooLarge(RequestError):
    """An export holds more than one request can write."""

    code = "export_too_large"


class RateLimited(RequestError):
    """Too many requests, or attempts, in a while; ``retry_after`` counts the seconds to wait."""

    code = "rate_limited"

    def __init__(self, message: str, *, retry_after: float, **fields: Any) -> None:
        super().__init__(message, **fields)
        self.retry_after = retry_after


class PlatformError(HeliographError):
    """A neighbour that Heliograph stands on did not do its part."""

    code = "platform_failed"


class Overloaded(PlatformError):
    """All places are taken; ``retry_after`` counts the seconds after which to try again."""

    code = "overloaded"

    def __init__(self, message: str, *, retry_after: float = 1.0, **fields: Any) -> None:
        super().__init__(message, **fields)
        self.retry_after = retry_after


class DatabaseUnavailable(PlatformError):
    """The app database cannot be reached, or broke off."""

    code = "database_unavailable"


class SchemaOutdated(PlatformError):
    """The app database lacks migrations, or has some that this version does not know."""

    code = "schema_outdated"


class MigrationFailed(PlatformError):
    """A migration could not be applied, or one that was applied has been changed since."""

    code = "migration_failed"


class QueueUnavailable(PlatformError):
    """A message could not be put into its queue, or the queue does not exist."""

    code = "queue_unavailable"


class StorageUnavailable(PlatformError):
    """The blob store cannot be read or written."""

    code = "storage_unavailable"


class BlobKeyInvalid(PlatformError):
    """The name of a blob is not one that the blob store admits."""

    code = "blob_key_invalid"


class KeyUnavailable(PlatformError):
    """The key that protects secrets is missing, may not be used, or is another one."""

    code = "key_unavailable"


class SettingsMissing(PlatformError):
    """The environment lacks settings that a function needs."""

    code = "settings_missing"


class DeploymentInvalid(PlatformError):
    """The template, or what it names, cannot be run on this machine."""

    code = "deployment_invalid"


class HandlerFailed(PlatformError):
    """A handler broke a rule of the place it runs in: time, size of the answer, or its shape."""

    code = "handler_failed"


class HandlerTimedOut(HandlerFailed):
    """A handler did not answer within its time."""

    code = "handler_timed_out"


class AnswerTooLarge(HandlerFailed):
    """A handler answered with more than a response may hold."""

    code = "answer_too_large"
