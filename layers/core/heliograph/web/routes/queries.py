"""``/api/queries``: SQL asked of connections, its rows in pages, its history."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson

from heliograph.kernel.errors import (
    Conflict,
    CursorInvalid,
    Forbidden,
    KeyUnavailable,
    NotFound,
    Overloaded,
    RateLimited,
    ResultExpired,
    StatementRefused,
    StorageUnavailable,
)
from heliograph.queries.history_store import HistoryFilter
from heliograph.queries.pages import PAGE_ROWS
from heliograph.queries.questions import Question
from heliograph.queries.runs import Run
from heliograph.queries.views import Filter, Sort
from heliograph.web.contract import Access, Answer, Call, Limit, Nothing, Route
from heliograph.web.export_answers import (
    ExportBegunAnswer,
    answer_with_file,
    preferred_format,
)
from heliograph.web.query_answers import (
    CellAnswer,
    QueryAnswer,
    QueryErrorAnswer,
    QueryHistoryAnswer,
    ResetAnswer,
    RowsAnswer,
    ValuesAnswer,
    answer_past,
    column_answer,
    error_of,
    write_page,
    write_run,
)
from heliograph.web.query_requests import (
    AgainQuery,
    AskedQuery,
    AskedView,
    CellQuery,
    HistoryQuery,
    RowsQuery,
    ValuesQuery,
    WaitQuery,
)

_PATH = "/api/queries"
_ONE = f"{_PATH}/{{query_id}}"
_LINK_SECONDS = 60
_TEXT = "text/plain; charset=utf-8"


def ask_query(call: Call[AskedQuery, Nothing]) -> Answer:
    """Ask."""
    body = call.body
    question = Question(
        connection_id=body.connection_id,
        sql=body.sql,
        params=body.params,
        max_rows=body.max_rows,
        wait=timedelta(seconds=body.wait_seconds),
        cache_seconds=body.cache_seconds,
        is_detached=body.detached,
        time_zone=body.time_zone,
    )
    return write_run(call.services.runs.ask(call.actor, question), call.headers, body.limit)


def list_queries(call: Call[Nothing, HistoryQuery]) -> QueryHistoryAnswer:
    """List what was asked."""
    query = call.query
    wanted = HistoryFilter(
        query.user_id, query.connection_id, query.state, query.search, query.since, query.until
    )
    page = call.services.runs.history(call.actor, query.to_page(), wanted)
    now = call.services.clock.now()
    return QueryHistoryAnswer(items=[answer_past(one, now) for one in page.items], next=page.next)


def get_query(call: Call[Nothing, WaitQuery]) -> Answer:
    """Show one run."""
    wait = timedelta(seconds=call.query.wait_seconds)
    run = call.services.runs.get(call.actor, _id(call), wait)
    return write_run(run, call.headers, call.query.limit)


def cancel_query(call: Call[Nothing, Nothing]) -> Answer:
    """Give a run up."""
    return write_run(call.services.runs.cancel(call.actor, _id(call)), call.headers, 0)


def get_rows(call: Call[Nothing, RowsQuery]) -> Answer:
    """Show a page of rows; to who accepts CSV or NDJSON, a file of all of them."""
    query = call.query
    file_format = preferred_format(call.headers.get("accept", ""))
    if file_format is not None:
        return answer_with_file(call, _id(call), file_format)
    run, page = call.services.runs.page(call.actor, _id(call), query.offset, query.limit)
    return write_page(run, page, call.headers)


def get_cell(call: Call[Nothing, CellQuery]) -> Answer:
    """Send the client to a whole cell; one that no page cuts is the answer itself."""
    text, link = _cell(call)
    if link is None:
        return Answer((text or "").encode(), status=200, media_type=_TEXT)
    return Answer(status=303, headers={"Location": link})


def link_cell(call: Call[Nothing, CellQuery]) -> CellAnswer:
    """Say where a whole cell is, for pages that may not follow to another host."""
    text, link = _cell(call)
    return CellAnswer(text=text, url=link)


def _cell(call: Call[Nothing, CellQuery]) -> tuple[str | None, str | None]:
    """Return the text of a short cell, or the link to a long one."""
    query, services = call.query, call.services
    key, text = services.runs.cell(call.actor, _id(call), query.row, query.column)
    if key is None:
        return text, None
    name = f"row {query.row + 1}, column {query.column + 1}.txt"
    link = services.blobs.link(key, seconds=_LINK_SECONDS, filename=name, content_type=_TEXT)
    return None, link


def get_values(call: Call[Nothing, ValuesQuery]) -> Answer:
    """Show what stands in a column."""
    query, looks = call.query, call.services.looks
    wait = timedelta(seconds=query.wait_seconds)
    found = looks.values(call.actor, _id(call), query.column, query.search, wait)
    values, bounds = _rows_of(found.values), _rows_of(found.bounds)
    failed = next((one for one in (found.values, found.bounds) if error_of(one.row)), None)
    error = None if failed is None else QueryErrorAnswer(**(error_of(failed.row) or {}))
    least, greatest, row_count, null_count = bounds[0] if bounds else (None, None, None, None)
    answer = ValuesAnswer(
        state=("failed" if error else "succeeded") if found.is_over else "running",
        column=column_answer(found.column),
        values=None if values is None else [(one[0], one[1]) for one in values[:1000]],
        has_more=values is not None and len(values) > 1000,
        min=least,
        max=greatest,
        row_count=None if row_count is None else int(row_count),
        null_count=None if null_count is None else int(null_count),
        error=error,
    )
    if found.is_over:
        return Answer(answer)
    return Answer(answer, status=202, headers={"Retry-After": "1"})


def view_query(call: Call[AskedView, Nothing]) -> Answer:
    """Sort and filter a whole result."""
    body = call.body
    run = call.services.looks.view(
        call.actor,
        _id(call),
        [Sort(one.column, one.direction, one.nulls) for one in body.sort],
        [Filter(one.column, one.op, one.value) for one in body.filter],
        timedelta(seconds=body.wait_seconds),
    )
    return write_run(run, call.headers, body.limit)


def ask_again(call: Call[Nothing, AgainQuery]) -> Answer:
    """Ask the question of an earlier run again."""
    wait = timedelta(seconds=call.query.wait_seconds)
    run = call.services.runs.again(call.actor, _id(call), wait)
    return write_run(run, call.headers, call.query.limit)


def reset_session(call: Call[Nothing, Nothing]) -> ResetAnswer:
    """End everything that the caller has under way."""
    return ResetAnswer.model_validate(call.services.resets.reset(call.actor))


def _id(call: Call[Any, Any]) -> UUID:
    return call.ids["query_id"]


def _rows_of(run: Run) -> list[list[Any]] | None:
    if run.first_page is None:
        return None
    found: list[list[Any]] = orjson.loads(b"[" + run.first_page(PAGE_ROWS).rows() + b"]")
    return found


_ASKING = (NotFound, Forbidden, RateLimited, StorageUnavailable, Overloaded, KeyUnavailable)
_READING = (NotFound, Conflict, ResultExpired, StorageUnavailable)

ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        _PATH,
        ask_query,
        "Ask a connection in SQL",
        Access.EDITOR,
        body=AskedQuery,
        answer=QueryAnswer,
        also={202: QueryAnswer},
        errors=_ASKING,
        most_bytes=4 * 1024 * 1024,
    ),
    Route(
        "GET",
        _PATH,
        list_queries,
        "List what was asked, the latest first",
        Access.EDITOR,
        query=HistoryQuery,
        answer=QueryHistoryAnswer,
        errors=(Forbidden, CursorInvalid),
    ),
    Route(
        "POST",
        f"{_PATH}/reset",
        reset_session,
        "Reset the session: cancel your queries, close connections, drop your results",
        Access.EDITOR,
        answer=ResetAnswer,
        limit=Limit(10, timedelta(minutes=1)),
    ),
    Route(
        "GET",
        _ONE,
        get_query,
        "Show a query with its first rows",
        Access.EDITOR,
        query=WaitQuery,
        answer=QueryAnswer,
        also={202: QueryAnswer},
        errors=(NotFound, StorageUnavailable),
    ),
    Route(
        "DELETE",
        _ONE,
        cancel_query,
        "Cancel a query",
        Access.EDITOR,
        answer=QueryAnswer,
        status=200,
        also={202: QueryAnswer},
        errors=(NotFound, StorageUnavailable),
    ),
    Route(
        "GET",
        f"{_ONE}/rows",
        get_rows,
        "Show a page of rows, or with Accept: text/csv or application/x-ndjson a file of them all",
        Access.EDITOR,
        query=RowsQuery,
        answer=RowsAnswer,
        also={202: ExportBegunAnswer, 303: None},
        errors=(*_READING, RateLimited),
    ),
    Route(
        "GET",
        f"{_ONE}/cell",
        get_cell,
        "Download a whole cell",
        Access.EDITOR,
        query=CellQuery,
        status=303,
        errors=_READING,
    ),
    Route(
        "GET",
        f"{_ONE}/cell-link",
        link_cell,
        "Show a short cell, or where a long one is",
        Access.EDITOR,
        query=CellQuery,
        answer=CellAnswer,
        errors=_READING,
    ),
    Route(
        "GET",
        f"{_ONE}/values",
        get_values,
        "Show what stands in a column of the whole result",
        Access.EDITOR,
        query=ValuesQuery,
        answer=ValuesAnswer,
        also={202: ValuesAnswer},
        errors=(*_READING, *_ASKING, StatementRefused),
    ),
    Route(
        "POST",
        f"{_ONE}/view",
        view_query,
        "Sort and filter the whole result, as a new query",
        Access.EDITOR,
        body=AskedView,
        answer=QueryAnswer,
        also={202: QueryAnswer},
        errors=(*_READING, *_ASKING, StatementRefused),
    ),
    Route(
        "POST",
        f"{_ONE}/again",
        ask_again,
        "Ask an earlier query again",
        Access.EDITOR,
        query=AgainQuery,
        answer=QueryAnswer,
        also={202: QueryAnswer},
        errors=(*_ASKING, Conflict),
    ),
)
