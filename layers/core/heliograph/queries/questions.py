"""A question, how it is to be answered, and what has come of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from heliograph.queries.executor import Outcome
from heliograph.queries.runs_store import Origin, RunRow
from heliograph.queries.work import Given

if TYPE_CHECKING:
    from heliograph.connections.models import Connection


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody asks of a connection. ``wait`` is how long they wait for the answer."""

    connection_id: UUID
    sql: str
    params: Given = ()
    max_rows: int | None = None
    wait: timedelta = timedelta(seconds=10)
    cache_seconds: int | None = None
    is_detached: bool = False
    time_zone: str | None = None


@dataclass(frozen=True, slots=True)
class How:
    """How work is to be done, beside what it is."""

    wait: timedelta = timedelta(seconds=10)
    cache_seconds: int | None = None
    is_detached: bool = False
    origin: Origin = Origin.QUERY
    parent_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Reached:
    """A connection that somebody may ask, and what the database is told of them."""

    connection: Connection
    settings: dict[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """What has come of a question so far; ``outcome`` when it was answered in this very request."""

    row: RunRow
    outcome: Outcome | None = None
