"""What the API takes of questions: the models of bodies and query strings of ``/api/queries``."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BeforeValidator, Field

from heliograph.queries.pages import PAGE_ROWS
from heliograph.queries.views import Direction, Nulls, Operator
from heliograph.web.contract import QueryModel, RequestModel
from heliograph.web.paging import PageQuery

_MOST_SQL = 1_000_000
_STATES = "^(queued|running|succeeded|failed|canceled|expired)$"


def _values(given: Any) -> Any:
    if isinstance(given, list | dict):
        return given
    raise ValueError("must be a list, for $1, or an object, for {{name}}")


WaitSeconds = Annotated[
    float, Field(ge=0, le=25, description="How long to wait for the answer; 0 queues at once.")
]
FirstRows = Annotated[
    int, Field(ge=0, le=PAGE_ROWS, description="How many of the first rows to answer with.")
]


class AskedQuery(RequestModel):
    """A question. ``params`` is a list for ``$1`` and an object for ``{{name}}``."""

    connection_id: Annotated[UUID, Field(strict=False)]
    sql: str = Field(max_length=_MOST_SQL)
    params: Annotated[list[Any] | dict[str, Any], BeforeValidator(_values)] = Field(
        default_factory=list
    )
    max_rows: int | None = Field(None, ge=1, description="Fewer than the connection admits.")
    wait_seconds: WaitSeconds = 10
    cache_seconds: int | None = Field(
        None,
        ge=0,
        le=7 * 86400,
        description="How old an answer may be, 0 asks anew; unless given, the connection says it.",
    )
    detached: bool = Field(False, description="Goes on when nobody asks about it any more.")
    time_zone: str | None = Field(None, min_length=1, max_length=100)
    limit: FirstRows = PAGE_ROWS


class WaitQuery(QueryModel):
    """How long to wait, and how many of the first rows to answer with."""

    wait_seconds: WaitSeconds = 0
    limit: FirstRows = PAGE_ROWS


class AgainQuery(QueryModel):
    """How long to wait, and how many of the first rows to answer with."""

    wait_seconds: WaitSeconds = 10
    limit: FirstRows = PAGE_ROWS


class RowsQuery(QueryModel):
    """Which rows."""

    offset: int = Field(0, ge=0, le=2**53)
    limit: int = Field(PAGE_ROWS, ge=1, le=PAGE_ROWS)


class CellQuery(QueryModel):
    """Which cell; both count from 0."""

    row: int = Field(ge=0, le=2**53)
    column: int = Field(ge=0, le=2_000)


class ValuesQuery(QueryModel):
    """Which column, counted from 0."""

    column: int = Field(ge=0, le=2_000)
    search: str | None = Field(None, max_length=1_000, description="Found in the value's text.")
    wait_seconds: WaitSeconds = 10


class ViewSort(RequestModel):
    """Sort by a column, counted from 0."""

    column: int
    direction: Annotated[Direction, Field(strict=False)] = Direction.ASCENDING
    nulls: Annotated[Nulls, Field(strict=False)] | None = None


class ViewFilter(RequestModel):
    """Keep the rows whose column, counted from 0, fits."""

    column: int
    op: Annotated[Operator, Field(strict=False)]
    value: str | list[str | None] | None = None


class AskedView(RequestModel):
    """How the whole result is to be sorted and filtered."""

    sort: list[ViewSort] = Field(default_factory=list)
    filter: list[ViewFilter] = Field(default_factory=list)
    wait_seconds: WaitSeconds = 10
    limit: FirstRows = PAGE_ROWS


class HistoryQuery(PageQuery):
    """Which runs: those that fit everything that is given. Only admins see those of others."""

    connection_id: UUID | None = None
    user_id: UUID | None = None
    state: str | None = Field(None, pattern=_STATES)
    search: str | None = Field(None, min_length=1, max_length=300, description="Part of the SQL.")
    since: AwareDatetime | None = Field(None, alias="from", description="Not before this time.")
    until: AwareDatetime | None = Field(None, alias="to", description="Before this time.")
