"""``/api/exports``: whole results as files."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from heliograph.kernel.errors import (
    Conflict,
    CursorInvalid,
    Forbidden,
    NotFound,
    RateLimited,
    RequestInvalid,
    ResultExpired,
    StorageUnavailable,
)
from heliograph.queries.export_work import FileFormat
from heliograph.queries.exports import Wanted
from heliograph.queries.exports_store import ExportRow
from heliograph.queries.questions import Question
from heliograph.queries.runs_store import RUNNING_STATES
from heliograph.web.contract import Access, Answer, Call, Nothing, RequestModel, Route
from heliograph.web.export_answers import ExportAnswer, ExportListAnswer, answer_export
from heliograph.web.paging import PageQuery

_PATH = "/api/exports"
_ONE = f"{_PATH}/{{export_id}}"
_MOST_SQL = 1_000_000
_OF_SQL = ("connection_id", "sql", "params", "max_rows", "time_zone")


class AskedExport(RequestModel):
    """What is to become a file: the rows of a query, or what SQL gives; never both.

    ``params``, ``max_rows`` and ``time_zone`` belong to ``sql``. The file is called by ``title``,
    else by the connection, and the day.
    """

    query_id: Annotated[UUID, Field(strict=False)] | None = None
    connection_id: Annotated[UUID, Field(strict=False)] | None = None
    sql: str | None = Field(None, max_length=_MOST_SQL)
    params: list[Any] | dict[str, Any] = Field(default_factory=list)
    max_rows: int | None = Field(None, ge=1, description="Fewer than the connection admits.")
    time_zone: str | None = Field(None, min_length=1, max_length=100)
    format: Annotated[FileFormat, Field(strict=False)]
    guard_formulas: bool = Field(
        True, description="Neutralises text that a spreadsheet would run as a formula."
    )
    title: str | None = Field(None, min_length=1, max_length=200)


def create_export(call: Call[AskedExport, Nothing]) -> Answer:
    """Begin an export; a small one is there at once."""
    body, exports = call.body, call.services.exports
    _require_one_source(body)
    wanted = Wanted(body.format, body.guard_formulas, body.title)
    if body.query_id is not None:
        return _answer(call, exports.of_run(call.actor, body.query_id, wanted))
    assert body.connection_id is not None
    question = Question(
        connection_id=body.connection_id,
        sql=body.sql or "",
        params=body.params,
        max_rows=body.max_rows,
        wait=timedelta(0),
        time_zone=body.time_zone,
    )
    return _answer(call, exports.of_sql(call.actor, question, wanted))


def list_exports(call: Call[Nothing, PageQuery]) -> ExportListAnswer:
    """List one's own exports."""
    page = call.services.exports.list(call.actor, call.query.to_page())
    return ExportListAnswer(items=[answer_export(one) for one in page.items], next=page.next)


def get_export(call: Call[Nothing, Nothing]) -> Answer:
    """Show one export, with a link to its file."""
    return _answer(call, call.services.exports.get(call.actor, call.ids["export_id"]))


def delete_export(call: Call[Nothing, Nothing]) -> ExportAnswer:
    """Cancel an export, or remove its file."""
    return answer_export(call.services.exports.give_up(call.actor, call.ids["export_id"]))


def _answer(call: Call[Any, Any], row: ExportRow) -> Answer:
    told = answer_export(row, call.services.exports.link(call.actor, row))
    if row.state in RUNNING_STATES:
        return Answer(told, status=202, headers={"Retry-After": "1"})
    return Answer(told)


def _require_one_source(body: AskedExport) -> None:
    given = {name for name in _OF_SQL if name in body.model_fields_set}
    given -= {name for name in given if getattr(body, name) is None}
    if body.query_id is not None:
        problems = [(f"/{name}", "does not go with query_id") for name in _OF_SQL if name in given]
    elif not given:
        problems = [("/query_id", "is required, unless there are connection_id and sql")]
    else:
        needed = ("connection_id", "sql")
        problems = [(f"/{name}", "is required") for name in needed if name not in given]
    if problems:
        raise RequestInvalid("The body does not say what is to be exported.", problems)


ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        _PATH,
        create_export,
        "Export the rows of a query, or what SQL gives, as a file",
        Access.EDITOR,
        body=AskedExport,
        answer=ExportAnswer,
        also={202: ExportAnswer},
        errors=(NotFound, Forbidden, Conflict, ResultExpired, RateLimited, StorageUnavailable),
        most_bytes=4 * 1024 * 1024,
    ),
    Route(
        "GET",
        _PATH,
        list_exports,
        "List your exports, the latest first",
        Access.EDITOR,
        query=PageQuery,
        answer=ExportListAnswer,
        errors=(CursorInvalid,),
    ),
    Route(
        "GET",
        _ONE,
        get_export,
        "Show an export, with a link to its file",
        Access.EDITOR,
        answer=ExportAnswer,
        also={202: ExportAnswer},
        errors=(NotFound, StorageUnavailable),
    ),
    Route(
        "DELETE",
        _ONE,
        delete_export,
        "Cancel an export, or remove its file",
        Access.EDITOR,
        answer=ExportAnswer,
        errors=(NotFound, StorageUnavailable),
    ),
)
