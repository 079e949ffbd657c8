"""What a database engine promises: the shapes that leave it, and the Protocols it fulfils."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

from heliograph.connections.engines.schema_shapes import DatabaseSchema
from heliograph.connections.url import ConnectionUrl

Row = tuple[str | None, ...]
"""One row: the database's own text of each value, None for NULL."""


class ValueKind(StrEnum):
    """What a column holds, as far as any encoder needs to know. Decided by type, never by value."""

    BOOLEAN = "boolean"  # text is "t" or "f"
    INTEGER = "integer"  # int2, int4: safe in every JSON reader
    BIGINT = "bigint"  # int8
    NUMERIC = "numeric"  # exact decimals of any length; "NaN", "Infinity", "-Infinity" too
    FLOAT = "float"  # float4, float8; "NaN", "Infinity", "-Infinity" too
    TEXT = "text"  # text, varchar, bpchar, name, char, citext, xml, enums: what people type
    JSON = "json"  # json, jsonb: the text is JSON already
    DATE = "date"
    TIMESTAMP = "timestamp"  # without time zone
    TIMESTAMPTZ = "timestamptz"
    ARRAY = "array"  # the text is an array literal; `element` and `delimiter` say of what
    OTHER = "other"  # everything else: the database's text


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a result. ``type`` is the database's name (``int8``, ``text[]``, ``mood``)."""

    name: str
    type: str
    kind: ValueKind
    element: ValueKind | None = None  # for ARRAY: the kind of its elements
    delimiter: str = ","  # for ARRAY: between elements


@dataclass(frozen=True, slots=True)
class CheckStep:
    """One step of a connection test. ``fix`` says what to do when it is not ok."""

    name: str
    ok: bool
    message: str
    fix: str | None = None
    is_warning: bool = False  # it works, but not as it should; does not fail the test


Value = str | Sequence["Value"] | None
"""A parameter's value: text verbatim, a list for an array, None for NULL."""


@dataclass(frozen=True, slots=True)
class BoundStatement:
    """One statement that the guard has let pass, with the values of its ``$n``.

    ``labels[n-1]`` is what the person calls the n-th parameter. ``is_wrappable`` says that the
    statement may stand in ``FROM (...)``. Where ``wraps_lists`` is set, one text given for an array
    is a list of one; otherwise it is an array literal.
    """

    text: str
    values: Sequence[Value] = ()
    labels: Sequence[str] = ()
    is_wrappable: bool = False
    wraps_lists: bool = False


NAME_PREFIX = "heliograph:"
"""How the names begin under which Heliograph's connections are seen on a server."""

IDLE_NAME = f"{NAME_PREFIX}idle"
"""How the names begin of sessions that are kept warm: what they are called between two runs."""

CANCEL_TIME = timedelta(seconds=3)
"""How long `Engine.cancel` and `Engine.terminate` take at most."""


def run_name(run_id: str) -> str:
    """Return the name that a connection has on the server while it runs ``run_id``."""
    return f"{NAME_PREFIX}{run_id}"


@dataclass(frozen=True, slots=True)
class Watch:
    """Who looks after a run while it waits for the server: no thread, the one that waits does it.

    ``check`` is called about every ``interval`` while the run lasts, never in its first
    ``interval``; it ends the run by raising. What it does delays the rows, so it should be quick.
    At ``deadline``, a ``time.monotonic()``, the run ends with `QueryTimedOut`. The statement is
    cancelled on the server, and the session stays usable.
    """

    check: Callable[[], None] | None = None
    interval: timedelta = timedelta(milliseconds=500)
    deadline: float | None = None


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How one statement is run. ``settings`` are bound, for the transaction only.

    ``timeout`` bounds each statement of the run on the server (a cursor that a procedure returns is
    read with several); None leaves the server's own. Without ``max_rows`` the whole result is read.
    While it runs, and no longer, the server shows the connection as ``run_name(run_id)``.
    With ``runs_once`` the statement is in no case begun a second time: its rows are then read one
    by one where they could be large. ``is_reset_after`` promises that `Session.reset` follows at
    once: it ends the transaction, too.
    """

    timeout: timedelta | None = None
    max_rows: int | None = None
    time_zone: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    run_id: str | None = None
    watch: Watch | None = None
    runs_once: bool = False
    is_reset_after: bool = False


class ResultStream(Protocol):
    """A running result: columns first, then batches of rows, each held once.

    ``row_count``, ``truncated`` and ``notes`` are final when the batches have ended.
    """

    notes: list[str]

    @property
    def columns(self) -> Sequence[Column]:
        """The columns, known before the first row."""
        ...

    @property
    def row_count(self) -> int:
        """How many rows there have been so far."""
        ...

    @property
    def truncated(self) -> bool:
        """True when ``max_rows`` cut the result."""
        ...

    def batches(self) -> Iterator[list[Row]]:
        """Yield lists of rows until the result, or ``max_rows``, is reached."""
        ...


class CsvStream(Protocol):
    """A result that the database itself writes as CSV, header first."""

    @property
    def columns(self) -> Sequence[Column]:
        """The columns, known before the first piece."""
        ...

    @property
    def row_count(self) -> int:
        """How many rows there have been so far."""
        ...

    @property
    def truncated(self) -> bool:
        """True when ``max_rows`` cut the result."""
        ...

    def chunks(self) -> Iterator[bytes]:
        """Yield pieces of the CSV until the result, or ``max_rows``, is reached."""
        ...


class Session(Protocol):
    """One connection that runs one statement at a time, read-only, each in its own transaction."""

    def run(
        self, statement: BoundStatement, options: RunOptions
    ) -> AbstractContextManager[ResultStream]:
        """Run a statement; leaving the context cancels what still runs and rolls back.

        Raises the `QueryError` family and `QueryTimedOut`, also from the batches, and what the
        check of ``options.watch`` raises.
        """
        ...

    def copy_csv(
        self, statement: BoundStatement, options: RunOptions
    ) -> AbstractContextManager[CsvStream]:
        """Run a wrappable statement without parameters, as CSV that the database writes."""
        ...

    def find_volatile(self, names: Collection[str]) -> dict[str, bool]:
        """Say of each lower-case name that functions have whether any of those is volatile.

        A name that no function has is left out. For an idle session, within seconds. Raises the
        `QueryError` family and `QueryTimedOut`.
        """
        ...

    def interrupt(self) -> None:
        """End what runs now on the server; the one method that another thread may call."""
        ...

    def is_usable(self) -> bool:
        """Say whether an idle session is still connected, without asking the server."""
        ...

    def reset(self) -> bool:
        """Forget what the last statements left on the server; False when the session is closed.

        A session that stays open is closed by the server when nobody uses it for a minute. Where
        the server cannot do that, no session stays open.
        """
        ...

    def close(self) -> None:
        """Cancel what still runs and close the connection."""
        ...


class Engine(Protocol):
    """A kind of database."""

    def open(self, url: ConnectionUrl, *, application_name: str) -> Session:
        """Connect. Raises the `ConnectError` family; no message holds the password."""
        ...

    def cancel(self, url: ConnectionUrl, run_id: str, *, within: timedelta = CANCEL_TIME) -> int:
        """End a run on the server, over a connection of its own; return how many there were.

        Found by its name and role, never by its process alone, so that only what Heliograph runs
        with this login can be hit. Its session survives where the run ends within a second; where
        it does not, because it waits for its client or ignores the request, it is terminated.
        Works without special rights. Raises the `ConnectError` family and `QueryTimedOut`.
        """
        ...

    def terminate(
        self,
        url: ConnectionUrl,
        runs: str | Collection[str],
        *,
        within: timedelta = CANCEL_TIME,
    ) -> int:
        """Close connections on the server, found as `cancel` does; return how many there were.

        ``runs`` are ids of runs, or one text: the beginning of the names behind `NAME_PREFIX`, such
        as ``idle`` for warm sessions. Comes back when they are gone, or the time is up. Raises
        the `ConnectError` family and `QueryTimedOut`.
        """
        ...

    def end_idle(
        self, url: ConnectionUrl, names: str, *, most: int, within: timedelta = CANCEL_TIME
    ) -> int:
        """Close warm sessions that run nothing now, the longest idle first; return how many.

        ``names`` is the beginning of their names behind `NAME_PREFIX`. Comes back when they are
        gone. Raises the `ConnectError` family and `QueryTimedOut`.
        """
        ...

    def examine(
        self, url: ConnectionUrl, *, within: timedelta | None = None
    ) -> Iterator[CheckStep]:
        """Test a connection step by step, from the name of its host to the rights of its role.

        ``within`` bounds all steps together. The last step is the first that is not ok.
        """
        ...

    def read_schema(
        self, url: ConnectionUrl, *, application_name: str, timeout: timedelta
    ) -> DatabaseSchema:
        """Connect and return what the role may see; ``timeout`` bounds it all.

        Raises the `ConnectError` and `QueryError` families, and `QueryTimedOut`.
        """
        ...
