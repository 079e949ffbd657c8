"""``/api/audit-events``: who did what, for admins."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, Field

from heliograph.audit.models import AuditFilter, ExportFormat
from heliograph.kernel.errors import CursorInvalid, ExportTooLarge, StorageUnavailable
from heliograph.kernel.pagination import DEFAULT_LIMIT, MOST_ITEMS, PageRequest
from heliograph.web.contract import (
    Access,
    Answer,
    AnswerModel,
    Call,
    Limit,
    Nothing,
    QueryModel,
    Route,
)

_EXPORT_LIMIT = Limit(30, timedelta(minutes=10))

_Word = Annotated[str, Field(min_length=1, max_length=300)]


class AuditEventsFilter(QueryModel):
    """Which events: those that fit everything that is given."""

    actor_id: UUID | None = Field(None, description="Who did it, by their id.")
    action: str | None = Field(
        None,
        pattern=r"^[a-z][a-z_]*(\.[a-z][a-z_]*)?$",
        max_length=100,
        description="A whole action, such as `user.created`, or its noun, such as `user`.",
    )
    object_type: _Word | None = Field(None, description="What kind of thing it was done to.")
    object_id: _Word | None = Field(None, description="The thing that it was done to.")
    since: AwareDatetime | None = Field(None, alias="from", description="Not before this time.")
    until: AwareDatetime | None = Field(None, alias="to", description="Before this time.")
    search: _Word | None = Field(
        None, description="Found in the name of the thing or the email of who did it."
    )

    def to_filter(self) -> AuditFilter:
        """Return what the service asks for."""
        return AuditFilter(
            actor_id=self.actor_id,
            action=self.action,
            object_type=self.object_type,
            object_id=self.object_id,
            since=self.since,
            until=self.until,
            search=self.search,
        )


class AuditEventsQuery(AuditEventsFilter):
    """A page of the events that fit."""

    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MOST_ITEMS)
    cursor: str | None = Field(None, max_length=1000)


class AuditExportQuery(AuditEventsFilter):
    """All the events that fit, as a file."""

    format: ExportFormat = Field(description="A line of JSON each, or CSV.")


class AuditEventAnswer(AnswerModel):
    """One thing that somebody did; ``before`` and ``after`` hold what changed."""

    id: UUID
    at: datetime
    actor_kind: str
    actor_id: UUID | None
    actor_email: str | None
    action: str
    object_type: str | None
    object_id: str | None
    object_name: str | None
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    address: str | None
    user_agent: str | None
    request_id: str | None


class AuditEventsAnswer(AnswerModel):
    """A page of events, newest first."""

    items: list[AuditEventAnswer]
    next: str | None


class AuditExportAnswer(AnswerModel):
    """Where the file is; ``url`` is a secret that ends after 15 minutes."""

    url: str


def list_events(call: Call[Nothing, AuditEventsQuery]) -> AuditEventsAnswer:
    """List what was recorded."""
    query = call.query
    page = call.services.audit.list(query.to_filter(), PageRequest(query.limit, query.cursor))
    return AuditEventsAnswer.model_validate(page)


def export_events(call: Call[Nothing, AuditExportQuery]) -> Answer:
    """Write what was recorded into a file and send the client there."""
    return Answer(status=303, headers={"Location": _export(call)})


def link_export(call: Call[Nothing, AuditExportQuery]) -> AuditExportAnswer:
    """Write what was recorded into a file and say where it is.

    For pages: the file lies on another host, where their requests may not follow a redirect.
    """
    return AuditExportAnswer(url=_export(call))


def _export(call: Call[Nothing, AuditExportQuery]) -> str:
    services = call.services
    return services.audit.export(
        call.actor, call.query.to_filter(), call.query.format, services.blobs
    )


ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/api/audit-events",
        list_events,
        "List what was done, newest first",
        Access.ADMIN,
        query=AuditEventsQuery,
        answer=AuditEventsAnswer,
        errors=(CursorInvalid,),
    ),
    Route(
        "GET",
        "/api/audit-events/export",
        export_events,
        "Export what was done, oldest first, as NDJSON or CSV",
        Access.ADMIN,
        query=AuditExportQuery,
        status=303,
        limit=_EXPORT_LIMIT,
        errors=(ExportTooLarge, StorageUnavailable),
    ),
    Route(
        "GET",
        "/api/audit-events/export-link",
        link_export,
        "Export what was done, and answer where the file is",
        Access.ADMIN,
        query=AuditExportQuery,
        answer=AuditExportAnswer,
        limit=_EXPORT_LIMIT,
        errors=(ExportTooLarge, StorageUnavailable),
    ),
)
