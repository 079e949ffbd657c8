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
from typing import Any
from uuid import UUID

from heliograph.connections.engines.contract import Column, RunOptions, ValueKind
from heliograph.queries.json_values import read_parameters
from heliograph.queries.placeholders import parse_template
from heliograph.queries.service import PreparedQuery, prepare_query
from heliograph.queries.views import Direction, Filter, Nulls, Operator, Sort, wrap_view

Given = Sequence[Any] | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class View:
    """A result filtered and sorted; ``columns`` are those of the result that it looks at."""

    columns: Sequence[Column]
    sorts: Sequence[Sort] = ()
    filters: Sequence[Filter] = ()


@dataclass(frozen=True, slots=True)
class Work:
    """A question with its values, and how it is to be run.

    ``settings`` are bound for the transaction: who asks, for policies of the database.
    """

    sql: str
    params: Given = ()
    max_rows: int | None = None
    timeout_seconds: float | None = None
    time_zone: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    view: View | None = None

    def prepare(self) -> PreparedQuery:
        """Return the statement that may be run; see `prepare_query` for what it raises."""
        template = parse_template(self.sql)
        query = prepare_query(template, read_parameters(template, self.params))
        if self.view is None:
            return query
        seen = wrap_view(query.statement, self.view.columns, self.view.sorts, self.view.filters)
        before = seen.text.index(query.statement.text)
        return replace(query, statement=seen, offset=query.offset - before)

    def options(self) -> RunOptions:
        """Return how the statement is to be run."""
        seconds = self.timeout_seconds
        return RunOptions(
            timeout=None if seconds is None else timedelta(seconds=seconds),
            max_rows=self.max_rows,
            time_zone=self.time_zone,
            settings=self.settings,
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
            "view": None if self.view is None else asdict(self.view),
        }


def read_work(data: Mapping[str, Any]) -> Work:
    """Return the work that `Work.to_json` has written."""
    view = data["view"]
    return Work(
        sql=data["sql"],
        params=data["params"],
        max_rows=data["max_rows"],
        timeout_seconds=data["timeout_seconds"],
        time_zone=data["time_zone"],
        settings=data["settings"],
        view=None if view is None else _read_view(view),
    )


def _read_view(data: Mapping[str, Any]) -> View:
    return View(
        columns=[
            Column(
                one["name"],
                one["type"],
                ValueKind(one["kind"]),
                None if one["element"] is None else ValueKind(one["element"]),
                one["delimiter"],
            )
            for one in data["columns"]
        ],
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
