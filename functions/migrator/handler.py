"""``migrator``: brings the app database to the version of the code, at each deploy or on demand."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from heliograph.kernel.actors import Actor, ActorKind
from heliograph.kernel.errors import (
    ConnectError,
    DatabaseUnknown,
    HeliographError,
    LoginFailed,
    SchemaOutdated,
)
from heliograph.platform.cloudformation import answer_custom_resource
from heliograph.platform.log import log
from heliograph.platform.migrations import migrate as apply_migrations
from heliograph.platform.secrets import read_database_url
from heliograph.platform.settings import read_app_settings, read_environment
from heliograph.web.services import Services

_RESOURCE = "heliograph-app-database"
_PAUSE_SECONDS = 1.0
_KEPT_MILLISECONDS = 60_000  # for the migrations themselves, and the answer


def migrate(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Apply what the app database lacks.

    An event of CloudFormation (``RequestType``) is answered at its ``ResponseURL``, a failure too;
    then this raises nothing. Called directly, ``{}`` returns ``{"applied": [titles]}``, and
    ``{"setup_link": true}`` returns ``{"setup_link": url}``, by which one person becomes the first
    admin; both raise what goes wrong.
    """
    if "RequestType" in event:
        return _serve_cloudformation(event, context)
    if event.get("setup_link"):
        return {"setup_link": _create_setup_link()}
    return {"applied": _apply(context)}


def _serve_cloudformation(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    applied: list[str] = []
    failure: str | None = None
    if event["RequestType"] != "Delete":  # the data stays
        try:
            applied = _apply(context)
        except SchemaOutdated as error:
            # The database is ahead. An update that is rolled back comes here with the older code,
            # and a failure would leave the stack stuck.
            log("migrator.ahead", message=error.message)
            failure = None if event["RequestType"] == "Update" else _told(error)
        except HeliographError as error:
            log("migrator.failed", code=error.code, message=error.message, sqlstate=error.sqlstate)
            failure = _told(error)
        except Exception as error:  # noqa: BLE001  # the edge: an unanswered request blocks a deploy
            log("migrator.failed", code="unexpected", error=type(error).__name__)
            failure = f"Unexpected {type(error).__name__}: see the log of the function migrator."
    answer_custom_resource(
        event, resource_id=_RESOURCE, failure=failure, data={"Applied": str(len(applied))}
    )
    return {"applied": applied, "failure": failure}


def _apply(context: Any) -> list[str]:
    """Apply what is pending; a database that is being made, or sleeps, is waited for."""
    settings = read_app_settings("migrator", read_environment())
    url = read_database_url(settings.database or "")
    while True:
        try:
            applied = apply_migrations(url)
        except (LoginFailed, DatabaseUnknown):
            raise
        except ConnectError as error:
            if context.get_remaining_time_in_millis() < _KEPT_MILLISECONDS:
                raise
            log("migrator.waiting", code=error.code)
            time.sleep(_PAUSE_SECONDS)
        else:
            log("migrator.done", applied=applied)
            return applied


def _create_setup_link() -> str:
    environment = read_environment()
    services = Services(read_app_settings("migrator", environment), environment)
    try:
        return services.links.create_setup_link(Actor(ActorKind.CLI))
    finally:
        services.close()


def _told(error: HeliographError) -> str:
    return " ".join(filter(None, [f"{error.code}: {error.message}", error.hint]))
