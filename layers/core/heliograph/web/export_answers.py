"""What the API answers about exports, and which format a request for rows prefers."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from heliograph.kernel.errors import ResultExpired, StorageUnavailable
from heliograph.queries.export_work import FileFormat
from heliograph.queries.exports_store import ExportRow
from heliograph.queries.runs_store import RUNNING_STATES, CancelReason
from heliograph.web.contract import Answer, AnswerModel, Call
from heliograph.web.query_answers import QueryErrorAnswer

_CANCELED = {
    CancelReason.ASKED: "The export was cancelled.",
    CancelReason.RESET: "The export was cancelled when the session was reset.",
    CancelReason.ABANDONED: "The export was cancelled.",
}
_MEDIA_TYPES = {
    "text/csv": FileFormat.CSV,
    "application/x-ndjson": FileFormat.NDJSON,
}


class ExportAnswer(AnswerModel):
    """An export. ``url`` downloads the file and is a secret that ends after 15 minutes.

    ``progress`` goes from 0 to 1 where it is known how many rows there will be. ``expires_at`` is
    when the file is removed; then the export is ``expired``. ``notes`` say all that is not in the
    file as the database has it.
    """

    id: UUID
    state: str = Field(description="queued, running, succeeded, failed, canceled or expired.")
    query_id: UUID | None
    connection_id: UUID | None
    title: str
    format: str
    guard_formulas: bool
    requested_at: datetime
    finished_at: datetime | None
    progress: float | None
    rows_so_far: int | None
    row_count: int | None
    bytes: int | None
    filename: str | None
    url: str | None
    expires_at: datetime | None
    truncated: bool
    notes: list[str]
    error: QueryErrorAnswer | None


class ExportListAnswer(AnswerModel):
    """A page of one's own exports, the latest first; ``url`` is null in all of them."""

    items: list[ExportAnswer]
    next: str | None


class ExportBegunAnswer(AnswerModel):
    """An export under way; ask again, or at ``/api/exports/{id}``."""

    export_id: UUID
    state: str


def answer_export(row: ExportRow, url: str | None = None) -> ExportAnswer:
    """Return an export as it is told."""
    is_under_way = row.state in RUNNING_STATES
    has_file = row.state == "succeeded"
    is_done = row.state in ("succeeded", "expired")
    error = _error_of(row)
    return ExportAnswer(
        id=row.id,
        state=row.state,
        query_id=row.parent_id,
        connection_id=row.connection_id,
        title=row.title,
        format=row.format,
        guard_formulas=row.guard_formulas,
        requested_at=row.requested_at,
        finished_at=row.finished_at,
        progress=_progress(row),
        rows_so_far=(row.rows_so_far or 0) if is_under_way else None,
        row_count=row.row_count if is_done else None,
        bytes=row.bytes if has_file else None,
        filename=row.filename if has_file else None,
        url=url,
        expires_at=row.expires_at if has_file else None,
        truncated=is_done and row.truncated_reason is not None,
        notes=list(row.notes or ()) if is_done else [],
        error=error,
    )


def answer_with_file(call: Call[Any, Any], run_id: UUID, file_format: FileFormat) -> Answer:
    """Send the client to the file of a whole result, or say that it is being written.

    Raises what `Exports.of_run` does, and `StorageUnavailable` when it could not be written.
    """
    exports = call.services.exports
    row = exports.ready_or_begun(call.actor, run_id, file_format)
    if row.state in RUNNING_STATES:
        begun = ExportBegunAnswer(export_id=row.id, state=row.state)
        return Answer(begun, status=202, headers={"Retry-After": "1"})
    url = exports.link(call.actor, row)
    if url is not None:
        return Answer(status=303, headers={"Location": url})
    if row.error is not None and row.error["code"] == ResultExpired.code:
        raise ResultExpired(row.error["message"], hint=row.error.get("hint"))
    raise StorageUnavailable("The file of an export could not be written.")


def preferred_format(accept: str) -> FileFormat | None:
    """Return the format of a file that ``Accept`` names before JSON, None for JSON.

    A file is only given to who names its type: whatever ``*/*`` admits, it is JSON.
    """
    files: list[tuple[float, FileFormat]] = []
    json = 0.0
    for part in accept.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        quality = _quality(parameters)
        if name in _MEDIA_TYPES:
            files.append((quality, _MEDIA_TYPES[name]))
        elif name == "application/json":
            json = max(json, quality)
    best = max((quality for quality, _ in files), default=0.0)
    if best <= 0 or best <= json:
        return None
    return next(found for quality, found in files if quality == best)


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0


def _progress(row: ExportRow) -> float | None:
    if row.state in ("succeeded", "expired"):
        return 1.0
    if row.state not in RUNNING_STATES or row.total is None:
        return None
    return min((row.rows_so_far or 0) / row.total, 1.0) if row.total else 0.0


def _error_of(row: ExportRow) -> QueryErrorAnswer | None:
    if row.state == "canceled":
        reason = CancelReason(row.cancel_reason) if row.cancel_reason else CancelReason.ASKED
        return QueryErrorAnswer(code="query_canceled", message=_CANCELED[reason])
    return QueryErrorAnswer(**row.error) if row.state == "failed" and row.error else None
