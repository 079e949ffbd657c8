"""Queries from a person's text to an encoded result: guard, placeholders, run, encode."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from heliograph.connections.engines.contract import BoundStatement, RunOptions, Session
from heliograph.kernel.errors import QueryError
from heliograph.queries.encoders.contract import Encoder, Summary
from heliograph.queries.guard import Statement, check_statement
from heliograph.queries.parameters import Parameters
from heliograph.queries.placeholders import RenderedSql, Template, render

Progress = Callable[[int], None]
"""Told how many rows have been written so far."""


@dataclass(frozen=True, slots=True)
class PreparedQuery:
    """A statement that may be run, and the way back to the text that the person wrote.

    ``checked`` is the statement as the guard let it pass, before anything was wrapped around it.
    """

    sql: str
    statement: BoundStatement
    rendered: RenderedSql
    offset: int
    checked: Statement

    @contextmanager
    def located(self) -> Iterator[None]:
        """Make the errors of a run point into the person's own text."""
        try:
            yield
        except QueryError as error:
            if error.position is not None:
                error.located_in(self.sql, self.rendered.origin(error.position + self.offset))
            raise


def prepare_query(template: Template, parameters: Parameters) -> PreparedQuery:
    """Fill the placeholders' places with ``$n`` and let the guard judge the statement.

    Raises `QueryRefused` and below, `SqlInvalid` for a syntax error, `ParameterMissing` and
    `ParameterSurplus`; positions count in the text as the person wrote it.
    """
    if template.is_named:
        rendered = render(template, parameters.named.keys())
        values = [parameters.named[label] for label in rendered.labels]
    else:
        rendered = render(template, len(parameters.positional))
        values = list(parameters.positional)
    try:
        checked = check_statement(rendered.text)
    except QueryError as error:
        if error.position is not None:
            error.located_in(template.sql, rendered.origin(error.position))
        raise
    statement = BoundStatement(
        text=checked.text,
        values=values,
        labels=rendered.labels,
        is_wrappable=checked.is_wrappable,
        wraps_lists=template.is_named,
    )
    return PreparedQuery(template.sql, statement, rendered, checked.offset, checked)


def write_result(
    session: Session,
    query: PreparedQuery,
    encoder: Encoder,
    options: RunOptions,
    progress: Progress = lambda _: None,
) -> Summary:
    """Run the query and write its result with ``encoder``, at constant memory.

    Raises the `QueryError` family and `QueryTimedOut`. What the format could not carry unchanged
    stands in ``encoder.notes``, what the statement said besides its rows too.
    """
    started = time.monotonic()
    with query.located(), session.run(query.statement, options) as result:
        batches = result.batches()
        encoder.start(result.columns)
        for rows in batches:
            encoder.write_rows(rows)
            progress(result.row_count)
            del rows  # large ones should not be held while the next ones come
        summary = Summary(result.row_count, result.truncated, _elapsed_ms(started))
        encoder.finish(summary)
        encoder.notes += result.notes
    return summary


def can_copy_csv(query: PreparedQuery) -> bool:
    """Say whether the database can write the CSV itself: COPY takes no parameters."""
    return query.statement.is_wrappable and not query.statement.values


def copy_csv(
    session: Session,
    query: PreparedQuery,
    out: BinaryIO,
    options: RunOptions,
    progress: Progress = lambda _: None,
) -> Summary:
    """Run the query and write the CSV that the database makes of it; see `can_copy_csv`."""
    started = time.monotonic()
    with query.located(), session.copy_csv(query.statement, options) as result:
        for chunk in result.chunks():
            out.write(chunk)
            progress(result.row_count)
        return Summary(result.row_count, result.truncated, _elapsed_ms(started))


def _elapsed_ms(started: float) -> float:
    return (time.monotonic() - started) * 1000
