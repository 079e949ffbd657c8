"""One verdict per key: the rows of a result by key, and the keys that are not there any more."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from heliograph.alerts.models import AlertState, Outcome, OutcomeKind, QueryResult
from heliograph.kernel.suggestions import suggest

_QUOTED = frozenset(',="\\')


class ColumnUnfit(Exception):
    """The result has no such column, or several: the message says which. Stays inside rules."""


@dataclass(frozen=True, slots=True)
class RowGroup:
    """The rows of one key. ``row_count`` is a lower bound unless the group ``is_counted``.

    ``is_complete`` says that all its rows are there to be looked at.
    """

    result: QueryResult
    key: str
    row_indexes: Sequence[int]
    row_count: int
    is_complete: bool
    is_counted: bool


def column_index(result: QueryResult, name: str) -> int:
    """Return where the column is. Raises `ColumnUnfit` when it is missing or there are two."""
    count = list(result.columns).count(name)
    if count == 1:
        return list(result.columns).index(name)
    if count:
        raise ColumnUnfit(f"The result has {count} columns named {name}.")
    hint = suggest(name, result.columns)
    raise ColumnUnfit(f"The result has no column {name}.{' ' + hint if hint else ''}")


def key_text(columns: Sequence[str], values: Sequence[str | None]) -> str:
    """Return the key as text: ``region=EU, day=2026-01-01``. Two keys never share a text.

    NULL is ``NULL``. What could be mistaken (an empty text, the word null, blanks at an end,
    control characters, or one of ``, = " \\``) stands in double quotes, escaped as in JSON.
    """
    return ", ".join(
        f"{_token(column)}={'NULL' if value is None else _token(value)}"
        for column, value in zip(columns, values, strict=True)
    )


def _token(text: str) -> str:
    is_plain = (
        text.isprintable()
        and text == text.strip()
        and text.casefold() not in ("", "null")
        and _QUOTED.isdisjoint(text)
    )
    return text if is_plain else json.dumps(text, ensure_ascii=False)


def judge_groups(
    result: QueryResult,
    key: Sequence[str],
    previous: Mapping[str, AlertState],
    judge: Callable[[RowGroup], Outcome],
) -> list[Outcome]:
    """Judge the whole result, or each key of it, then the keys that only ``previous`` knows.

    A key without rows is given to ``judge`` as an empty group. Where the result is not complete,
    keys without rows are unknown rather than gone: they are left alone, and an outcome for the
    alert as a whole (key "") says so.
    """
    is_complete = not result.is_cut and result.row_count <= len(result.rows)
    if not key:
        whole = RowGroup(
            result, "", range(len(result.rows)), result.row_count, is_complete, not result.is_cut
        )
        return [judge(whole), *(_outlived(name) for name in previous if name)]
    try:
        rows_of = _rows_by_key(result, key)
    except ColumnUnfit as unfit:
        return [Outcome(OutcomeKind.WRONG_TYPE, reason=str(unfit))]
    outcomes = [
        judge(RowGroup(result, name, rows, len(rows), is_complete, is_complete))
        for name, rows in rows_of.items()
    ]
    if not is_complete:
        return [*outcomes, _cut_outcome(result)]
    gone = [name for name in previous if name and name not in rows_of]
    outcomes += [replace(judge(_empty_group(result, n)), is_absent=True) for n in gone]
    if not outcomes:
        return [judge(_empty_group(result, ""))]
    if "" in previous:
        reason = "The alert as a whole can be judged again."
        outcomes.append(Outcome(OutcomeKind.VALUE, reason=reason, is_absent=True))
    return outcomes


def _rows_by_key(result: QueryResult, key: Sequence[str]) -> dict[str, list[int]]:
    indexes = [column_index(result, name) for name in key]
    rows_of: dict[str, list[int]] = {}
    for number, row in enumerate(result.rows):
        rows_of.setdefault(key_text(key, [row[index] for index in indexes]), []).append(number)
    return rows_of


def _empty_group(result: QueryResult, key: str) -> RowGroup:
    return RowGroup(result, key, (), 0, is_complete=True, is_counted=True)


def _outlived(name: str) -> Outcome:
    reason = "The rule has no key columns any more."
    return Outcome(OutcomeKind.VALUE, key=name, reason=reason, is_absent=True)


def _cut_outcome(result: QueryResult) -> Outcome:
    return Outcome(
        OutcomeKind.QUERY_ERROR,
        reason=f"The result was cut after {len(result.rows)} rows, so some keys are unknown.",
    )


def cut_outcome(group: RowGroup, what: str) -> Outcome:
    """Return the outcome of a group that would need the rows beyond the cut to be judged."""
    return Outcome(
        OutcomeKind.QUERY_ERROR,
        key=group.key,
        reason=f"The result was cut after {len(group.result.rows)} rows, so {what} is unknown.",
    )
