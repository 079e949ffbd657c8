"""Recorded events as files: a line of JSON each, or CSV."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Any

from heliograph.audit.models import ExportFormat
from heliograph.audit.store import EXPORTED_COLUMNS
from heliograph.kernel.ids import new_id

if TYPE_CHECKING:
    from heliograph.platform.blob_store import BlobStore

MEDIA_TYPES = {
    ExportFormat.NDJSON: "application/x-ndjson",
    ExportFormat.CSV: "text/csv; charset=utf-8",
}

EXPORTS = "audit-exports/"
"""What the keys of all exports begin with."""

_MOMENT = "%Y%m%dT%H%M%SZ"
_NEEDS_QUOTES = re.compile(r'[",\r\n]')
_FORMULA = re.compile(r"[=+\-@\t\r]")
_JSON_COLUMNS = [EXPORTED_COLUMNS.index(name) for name in ("before", "after")]
_AT = EXPORTED_COLUMNS.index("at")


def make_key(at: datetime, export_format: ExportFormat) -> str:
    """Return the key of a new export: nobody can guess it, and it begins with its time."""
    return f"{EXPORTS}{at:{_MOMENT}}-{new_id().hex}/audit-{at:%Y-%m-%d}.{export_format}"


def delete_exports(blobs: BlobStore, before: datetime, limit: int) -> int:
    """Delete up to ``limit`` exports that were made before a time; return how many."""
    first_kept = f"{EXPORTS}{before:{_MOMENT}}"
    old = list(islice(takewhile(lambda key: key < first_kept, blobs.list(EXPORTS)), limit))
    blobs.delete(old)
    return len(old)


def encode_events(
    batches: Iterable[Sequence[tuple[Any, ...]]], export_format: ExportFormat
) -> Iterator[bytes]:
    """Yield a file in pieces, one for each batch; the header of CSV comes first.

    Times are ISO 8601 in UTC with microseconds. In CSV, text that a spreadsheet would run as a
    formula has an apostrophe in front, because names and user agents are what strangers typed.
    """
    return _ndjson(batches) if export_format is ExportFormat.NDJSON else _csv(batches)


def _ndjson(batches: Iterable[Sequence[tuple[Any, ...]]]) -> Iterator[bytes]:
    from orjson import Fragment, dumps  # noqa: PLC0415

    for rows in batches:
        lines = []
        for row in rows:
            members = dict(zip(EXPORTED_COLUMNS, row, strict=True))
            members["at"] = _moment(row)
            for index in _JSON_COLUMNS:
                if row[index] is not None:  # as the database wrote it
                    members[EXPORTED_COLUMNS[index]] = Fragment(row[index])
            lines.append(dumps(members))
        yield b"\n".join(lines) + b"\n"


def _csv(batches: Iterable[Sequence[tuple[Any, ...]]]) -> Iterator[bytes]:
    yield _csv_lines([EXPORTED_COLUMNS])
    for rows in batches:
        yield _csv_lines([*row[:_AT], _moment(row), *row[_AT + 1 :]] for row in rows)


def _csv_lines(rows: Iterable[Sequence[Any]]) -> bytes:
    return "".join(",".join(map(_cell, row)) + "\n" for row in rows).encode()


def _cell(value: Any) -> str:
    """Return a field as everywhere in Heliograph: None is empty, and an empty text is quoted."""
    if value is None:
        return ""
    text = str(value)
    if _FORMULA.match(text):
        text = f"'{text}"
    if not text or _NEEDS_QUOTES.search(text):
        return '"' + text.replace('"', '""') + '"'
    return text


def _moment(row: tuple[Any, ...]) -> str:
    text: str = row[_AT].isoformat(timespec="microseconds")
    return f"{text}Z"
