"""What an execution is to do: everything that is needed to do it, as JSON, and its fingerprint.

A worker prepares the statement anew from what was asked, so that the guard judges it again and an
error points into the person's own text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from heliograph.connections.engines.contract import BoundStatement, Column, RunOptions, ValueKind
from heliograph.queries.json_values import read_parameters
from heliograph.queries.placeholders import parse_template
from heliograph.queries.service import PreparedQuery, prepare_query
from heliograph.queries.views import (
    Direction,
    Filter,
    Nulls,
    Operator,
    Sort,
    wrap_bounds,
    wrap_values,
    wrap_view,
)

Given = Sequence[Any] | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class View:
    """A result filtered and sorted; ``columns`` are those of the result that it looks at."""

    columns: Sequence[Column]
    sorts: Sequence[Sort] = ()
    filters: Sequence[Filter] = ()

    def wrap(self, statement: BoundStatement) -> BoundStatement:
        """Return the statement of the view; see `wrap_view` for what it raises."""
        return wrap_view(statement, self.columns, self.sorts, self.filters)


class LookKind(StrEnum):
    """What is asked of a column."""

    VALUES = "values"  # its distinct values, the most frequent first
    BOUNDS = "bounds"  # its least and greatest value, and how many it has


@dataclass(frozen=True, slots=True)
class Look:
    """A look at what stands in one column of a result, counted from 0."""

    kind: LookKind
    columns: Sequence[Column]
    column: int
    search: str | None = None

    def wrap(self, statement: BoundStatement) -> BoundStatement:
        """Return the statement that answers; see `wrap_values` for what it raises."""
        if self.kind is LookKind.VALUES:
            return wrap_values(statement, self.columns, self.column, self.search)
        return wrap_bounds(statement, self.columns, self.column)


@dataclass(frozen=True, slots=True)
class Work:
    """A question with its values, and how it is to be run.

    ``settings`` are bound for the transaction: who asks, for policies of the database. ``views``
    are put around the statement in order, then ``look``. ``notes`` are told beside those of the
    statement. ``runs_once`` says that a second run could do, or say, something else.
    """

    sql: str
    params: Given = ()
    max_rows: int | None = None
    timeout_seconds: float | None = None
    time_zone: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    views: Sequence[View] = ()
    look: Look | None = None
    notes: Sequence[str] = ()
    runs_once: bool = False

    def prepare(self) -> PreparedQuery:
        """Return the statement that may be run; see `prepare_query` for what it raises."""
        template = parse_template(self.sql)
        query = prepare_query(template, read_parameters(template, self.params))
        for wrapper in (*self.views, *([self.look] if self.look else ())):
            wrapped = wrapper.wrap(query.statement)
            before = wrapped.text.index(query.statement.text)
            query = replace(query, statement=wrapped, offset=query.offset - before)
        return query

    def options(self) -> RunOptions:
        """Return how the statement is to be run."""
        seconds = self.timeout_seconds
        return RunOptions(
            timeout=None if seconds is None else timedelta(seconds=seconds),
            max_rows=self.max_rows,
            time_zone=self.time_zone,
            settings=self.settings,
            runs_once=self.runs_once,
        )

    def fingerprint(self, connection_id: UUID, connection_version: int) -> bytes:
        """Return what is equal for equal questions to an equal connection by equal people.

        The exact text, the values, the limits and the identity that policies see; never the time.
        """
        asked = [str(connection_id), connection_version, self.to_json()]
        text = json.dumps(asked, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).digest()

    def to_json(self) -> dict[str, Any]:
        """Return the work as `read_work` reads it."""
        return {
            "sql": self.sql,
            "params": dict(self.params) if isinstance(self.params, Mapping) else list(self.params),
            "max_rows": self.max_rows,
            "timeout_seconds": self.timeout_seconds,
            "time_zone": self.time_zone,
            "settings": dict(self.settings),
            "views": [asdict(view) for view in self.views],
            "look": None if self.look is None else asdict(self.look),
            "notes": list(self.notes),
            "runs_once": self.runs_once,
        }


def read_work(data: Mapping[str, Any]) -> Work:
    """Return the work that `Work.to_json` has written."""
    look = data["look"]
    return Work(
        sql=data["sql"],
        params=data["params"],
        max_rows=data["max_rows"],
        timeout_seconds=data["timeout_seconds"],
        time_zone=data["time_zone"],
        settings=data["settings"],
        views=tuple(map(_read_view, data["views"])),
        look=None if look is None else _read_look(look),
        notes=tuple(data["notes"]),
        runs_once=data["runs_once"],
    )


def _read_look(data: Mapping[str, Any]) -> Look:
    return Look(
        LookKind(data["kind"]), _read_columns(data["columns"]), data["column"], data["search"]
    )


def _read_columns(data: Sequence[Mapping[str, Any]]) -> list[Column]:
    return [
        Column(
            one["name"],
            one["type"],
            ValueKind(one["kind"]),
            None if one["element"] is None else ValueKind(one["element"]),
            one["delimiter"],
        )
        for one in data
    ]


def _read_view(data: Mapping[str, Any]) -> View:
    return View(
        columns=_read_columns(data["columns"]),
        sorts=[
            Sort(
                one["column"],
                Direction(one["direction"]),
                None if one["nulls"] is None else Nulls(one["nulls"]),
            )
            for one in data["sorts"]
        ],
        filters=[
            Filter(one["column"], Operator(one["operator"]), one["value"])
            for one in data["filters"]
        ],
    )
