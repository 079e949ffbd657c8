"""What the API answers about queries: runs with their first rows, pages, the history.

Rows stand in an answer as they were stored, and packed rows stay packed where the client takes
gzip; so an answer with rows is put together of bytes, and the models describe it.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from pydantic import Field

from heliograph.connections.engines.contract import Column
from heliograph.queries.history_store import PastRun
from heliograph.queries.pages import CutCell
from heliograph.queries.result_pages import ResultPage
from heliograph.queries.runs import Run
from heliograph.queries.runs_store import CancelReason, RunRow
from heliograph.web.answers import takes_gzip
from heliograph.web.contract import Answer, AnswerModel

_WORTH_PASSING_ON = 1_024

_CANCELED = {
    CancelReason.ASKED: "The query was cancelled.",
    CancelReason.RESET: "The query was cancelled when the session was reset.",
    CancelReason.ABANDONED: "The query was cancelled, because nobody had asked about it for long.",
}


class ColumnAnswer(AnswerModel):
    """A column: ``type`` is the database's name of its type, ``kind`` what that means to a page."""

    name: str
    type: str
    kind: str


class QueryErrorAnswer(AnswerModel):
    """Why a query gave no result; members that there is nothing to say in are null or absent."""

    code: str
    message: str
    sqlstate: str | None = None
    position: int | None = None
    line: int | None = None
    column: int | None = None
    hint: str | None = None
    detail: str | None = None


class PreviewAnswer(AnswerModel):
    """The first rows of a run that took too long for its request and goes on elsewhere."""

    rows: list[list[Any]]


class QueryAnswer(AnswerModel):
    """A run. ``columns`` and ``rows`` (its first page) are there when it has succeeded.

    With ``stale``, the run has failed, and its rows are those of an older answer, given at
    ``cached_at``. A cell of ``cut_cells`` is ``[row, column, bytes]``: only its beginning is here.
    """

    id: UUID
    state: str = Field(description="queued, running, succeeded, failed, canceled or expired.")
    origin: str
    parent_id: UUID | None
    connection_id: UUID | None
    sql: str
    params: list[Any] | dict[str, Any] | None
    requested_at: datetime
    queue_position: int | None
    rows_so_far: int | None
    columns: list[ColumnAnswer] | None
    row_count: int | None
    truncated: bool
    truncated_reason: str | None
    has_more: bool
    preview: PreviewAnswer | None
    cached_at: datetime | None
    stale: bool
    cut_cells: list[tuple[int, int, int]]
    notes: list[str]
    duration_ms: float | None
    expires_at: datetime | None
    error: QueryErrorAnswer | None
    rows: list[list[Any]] | None


class RowsAnswer(AnswerModel):
    """A page of rows."""

    columns: list[ColumnAnswer]
    offset: int
    has_more: bool
    truncated: bool
    stale: bool
    cut_cells: list[tuple[int, int, int]]
    rows: list[list[Any]]


class ValuesAnswer(AnswerModel):
    """What stands in a column of the whole result; null where it is not known yet.

    ``values`` are ``[value, count]``, the most frequent first.
    """

    state: str
    column: ColumnAnswer
    values: list[tuple[Any, str]] | None
    has_more: bool
    min: Any = None
    max: Any = None
    row_count: int | None
    null_count: int | None
    error: QueryErrorAnswer | None


class PastQueryAnswer(AnswerModel):
    """A run in the history, without its rows; ``has_rows`` says whether they are still kept."""

    id: UUID
    connection_id: UUID | None
    connection_name: str | None
    user_id: UUID
    user_email: str | None
    sql: str
    params: list[Any] | dict[str, Any] | None
    state: str
    requested_at: datetime
    finished_at: datetime | None
    duration_ms: float | None
    row_count: int | None
    truncated: bool
    cached_at: datetime | None
    has_rows: bool
    error: QueryErrorAnswer | None


class QueryHistoryAnswer(AnswerModel):
    """A page of the history, the latest first."""

    items: list[PastQueryAnswer]
    next: str | None


class CellAnswer(AnswerModel):
    """A whole cell: ``text`` when it is short, else ``url``, a link to it that ends soon.

    Both are null for NULL.
    """

    text: str | None
    url: str | None


class ResetAnswer(AnswerModel):
    """What a reset has done."""

    canceled: int
    results_dropped: int
    connections_closed: int
    unreachable: list[UUID]


def write_run(run: Run, headers: Mapping[str, str], limit: int) -> Answer:
    """Return a run with up to ``limit`` first rows; 202 while it is not over."""
    page = run.first_page(limit) if run.first_page is not None and run.kept is not None else None
    told = _describe(run, page)
    if page is None:
        body = orjson.dumps({**told, "rows": None}, option=orjson.OPT_UTC_Z)
        if run.is_over:
            return Answer(body)
        return Answer(body, status=202, headers={"Retry-After": "1"})
    return _with_rows(told, page, headers)


def write_page(run: Run, page: ResultPage, headers: Mapping[str, str]) -> Answer:
    """Return a page of rows."""
    assert run.kept is not None
    told = {
        "columns": _columns(run.kept.columns),
        "offset": page.offset,
        "has_more": page.has_more,
        "truncated": _truncated_reason(run) is not None,
        "stale": run.is_stale,
        "cut_cells": _cut(page.cut_cells),
    }
    return _with_rows(told, page, headers)


def answer_past(past: PastRun, now: datetime) -> PastQueryAnswer:
    """Return a run of the history."""
    row = past.run
    return PastQueryAnswer(
        id=row.id,
        connection_id=row.connection_id,
        connection_name=past.connection_name,
        user_id=row.user_id,
        user_email=past.user_email,
        sql=row.sql,
        params=row.parameters,
        state=row.state,
        requested_at=row.requested_at,
        finished_at=row.finished_at,
        duration_ms=_rounded(row.duration_ms),
        row_count=row.row_count,
        truncated=row.truncated_reason is not None,
        cached_at=row.cached_at,
        has_rows=row.result_expires_at is not None
        and row.state == "succeeded"
        and row.result_expires_at > now,
        error=None if (error := error_of(row)) is None else QueryErrorAnswer(**error),
    )


def error_of(row: RunRow) -> dict[str, Any] | None:
    """Return why a run has no result of its own, None when it has, or may still have one."""
    if row.state == "canceled":
        reason = CancelReason(row.cancel_reason) if row.cancel_reason else CancelReason.ASKED
        return {"code": "query_canceled", "message": _CANCELED[reason]}
    return row.error if row.state == "failed" else None


def column_answer(column: Column) -> ColumnAnswer:
    """Return a column as it is told."""
    return ColumnAnswer(name=column.name, type=column.type, kind=column.kind.value)


def _describe(run: Run, page: ResultPage | None) -> dict[str, Any]:
    row, stale = run.row, run.stale
    reason = _truncated_reason(run)
    notes = row.notes if stale is None else stale.notes
    return {
        "id": row.id,
        "state": row.state,
        "origin": row.origin,
        "parent_id": row.parent_id,
        "connection_id": row.connection_id,
        "sql": row.sql,
        "params": _params(row.parameters),
        "requested_at": row.requested_at,
        "queue_position": run.position,
        "rows_so_far": None if run.is_over else row.rows_so_far or 0,
        "columns": None if run.kept is None else _columns(run.kept.columns),
        "row_count": row.row_count if stale is None else stale.row_count,
        "truncated": reason is not None,
        "truncated_reason": reason,
        "has_more": page is not None and page.has_more,
        "preview": None if run.is_over else _preview(row.preview),
        "cached_at": row.cached_at if stale is None else stale.finished_at,
        "stale": run.is_stale,
        "cut_cells": _cut(page.cut_cells) if page is not None else [],
        "notes": notes or [],
        "duration_ms": _rounded(row.duration_ms),
        "expires_at": row.result_expires_at if stale is None else stale.result_expires_at,
        "error": error_of(row),
    }


def _params(values: Any) -> Any:
    """Return values as JSON: integers of any size may be among them."""
    return None if values is None else orjson.Fragment(json.dumps(values, ensure_ascii=False))


def _truncated_reason(run: Run) -> str | None:
    return run.row.truncated_reason if run.stale is None else run.stale.truncated_reason


def _with_rows(told: Mapping[str, Any], page: ResultPage, headers: Mapping[str, str]) -> Answer:
    before = orjson.dumps(told, option=orjson.OPT_UTC_Z)[:-1] + b',"rows":['
    if page.json_bytes > _WORTH_PASSING_ON and takes_gzip(headers.get("accept-encoding", "")):
        return Answer(page.gzip(before, b"]}"), headers={"Content-Encoding": "gzip"})
    return Answer(b"".join((before, page.rows(), b"]}")))


def _rounded(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds, 3)


def _columns(columns: Sequence[Column]) -> list[dict[str, str]]:
    return [{"name": one.name, "type": one.type, "kind": one.kind} for one in columns]


def _cut(cells: Sequence[CutCell]) -> list[tuple[int, int, int]]:
    return [(cell.row, cell.column, cell.bytes) for cell in cells]


def _preview(packed: bytes | None) -> dict[str, Any] | None:
    if packed is None:
        return None
    return {"rows": orjson.Fragment(zlib.decompress(packed, wbits=31))}
