"""PostgreSQL's errors become ours here, by SQLSTATE.

https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from heliograph.connections.engines.contract import Value
from heliograph.kernel.errors import (
    ConnectionLost,
    HeliographError,
    PermissionDenied,
    QueryCanceled,
    QueryError,
    QueryTimedOut,
    ServerResourcesExhausted,
    SqlInvalid,
    TextUndecodable,
    WriteRefused,
)

if TYPE_CHECKING:
    from psycopg.pq.abc import PGresult

_CLASSES: dict[str, type[QueryError]] = {
    "22021": TextUndecodable,
    "25006": WriteRefused,
    "42501": PermissionDenied,
    "57014": QueryCanceled,
    "57P01": ConnectionLost,
    "57P02": ConnectionLost,
    "57P03": ConnectionLost,
    "57P05": ConnectionLost,
    "25P03": ConnectionLost,
    "08": ConnectionLost,
    "42": SqlInvalid,
    "53": ServerResourcesExhausted,
    "54": ServerResourcesExhausted,
}
_HINTS: dict[str, str] = {
    "22021": "The database does not check its text (encoding SQL_ASCII?). Convert it in the query: "
    "convert_from(column::bytea, 'LATIN1').",
    "25006": "Heliograph reads only: every query runs in a read-only transaction.",
    "42501": "Ask the owner for: GRANT SELECT ON ... TO the role that Heliograph logs in with.",
    "57014": "Somebody cancelled it on the server.",
    "57P01": "The server was stopped, or the connection was terminated. Run the query again.",
    "57P02": "The server is restarting after a crash. Run the query again.",
    "53200": "The server's memory is full: ask for less, or run it again later.",
    "53400": "A limit that the server's owner has set was reached (temp_file_limit?): ask for "
    "less, or have it raised.",
    "53100": "The server's disk is full: free space, or ask for less with LIMIT or --max-rows.",
    "42P01": "Check the spelling; a table outside of the search path needs its schema in front.",
    "0A000": "This needs more than reading, or something that this server does not offer.",
}
_TEMPORARY_TABLE = (
    "The statement, or a function that it calls, makes a table (a temporary one, perhaps). "
    "Heliograph reads only: rewrite it as a query, for example with WITH."
)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What PostgreSQL said of an error; ``position`` counts characters of the text it was sent."""

    sqlstate: str
    message: str
    position: int | None = None
    hint: str | None = None
    detail: str | None = None


def diagnose(result: PGresult) -> Diagnosis:
    """Read the fields of an error result."""
    from psycopg.pq import DiagnosticField as Field  # noqa: PLC0415

    def read(field: Field) -> str | None:
        value = result.error_field(field)
        return None if value is None else value.decode("utf-8", "replace")

    position = read(Field.STATEMENT_POSITION)
    return Diagnosis(
        sqlstate=read(Field.SQLSTATE) or "XX000",
        message=read(Field.MESSAGE_PRIMARY) or "The server reported an error without a message.",
        position=int(position) if position else None,
        hint=read(Field.MESSAGE_HINT),
        detail=read(Field.MESSAGE_DETAIL),
    )


def query_error(
    diagnosis: Diagnosis,
    *,
    sql: str,
    origin: Callable[[int], int],
    values: Sequence[Value] = (),
    timeout_seconds: float = 0.0,
    elapsed_seconds: float = 0.0,
) -> HeliographError:
    """Return our error for ``diagnosis``, placed in ``sql``, without the values of parameters.

    SQLSTATE 57014 stands for a timeout and for somebody's cancel, and the message that tells them
    apart may be in any language: the clock decides.
    """
    state = diagnosis.sqlstate
    if state == "57014" and 0 < timeout_seconds <= elapsed_seconds + 0.05:
        return QueryTimedOut(
            f"The query was ended after {timeout_seconds:g} s: it took too long.",
            sqlstate=state,
            hint="Ask for less, add an index, or give it longer (--timeout 5m).",
        )
    if state == "55P03":
        return QueryTimedOut(
            "The query waited too long for a lock that somebody else holds.",
            sqlstate=state,
            hint="Run it again when that transaction has ended.",
        )
    kind = _CLASSES.get(state) or _CLASSES.get(state[:2]) or QueryError
    redact = _redactor(values) if values else _unchanged
    position = origin(diagnosis.position) if diagnosis.position else None
    error = kind(
        redact(diagnosis.message) or "",
        sqlstate=state,
        hint=redact(diagnosis.hint) or _hint(diagnosis, sql, position),
        detail=redact(diagnosis.detail),
    )
    return error.located_in(sql, position)


def _hint(diagnosis: Diagnosis, sql: str, position: int | None) -> str | None:
    if diagnosis.sqlstate == "42703" and position and sql[position - 1 : position] == '"':
        return "Double quotes stand around names; text stands in single quotes: 'text'."
    if diagnosis.sqlstate == "25006" and "CREATE TABLE" in diagnosis.message:
        return _TEMPORARY_TABLE
    return _HINTS.get(diagnosis.sqlstate)


def _unchanged(text: str | None) -> str | None:
    return text


_QUOTED = re.compile(r'"([^"]*)"')
_SHORTEST_REDACTED = 4  # shorter values would blot out innocent words and digits


def _redactor(values: Sequence[Value]) -> Callable[[str | None], str | None]:
    """Return a function that takes the values of parameters out of a server's message.

    The server quotes a value whole or in part (``Token "abc" is invalid``), so a quoted text that
    is part of a value goes, and so does a value of some length wherever it stands.
    """
    texts = sorted({text for text in _flatten(values) if text}, key=len, reverse=True)

    def hide_quoted(match: re.Match[str]) -> str:
        inside = match[1]
        is_value = bool(inside) and any(inside in text or text == inside for text in texts)
        return '"…"' if is_value else match[0]

    def redact(text: str | None) -> str | None:
        if text is None:
            return None
        for value in texts:
            if len(value) >= _SHORTEST_REDACTED:
                text = text.replace(value, "…")
        return _QUOTED.sub(hide_quoted, text)

    return redact


def _flatten(values: Iterable[Value]) -> Iterable[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif value is not None:
            yield from _flatten(value)
