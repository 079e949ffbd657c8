"""What an export is to do: everything that is needed to do it, as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from heliograph.queries.work import Work, read_work

EXPORTS = "exports"
"""What the keys of all exports begin with; the execution's id follows."""

EXPORT_KEPT = timedelta(hours=24)
"""How long a file is kept."""


class FileFormat(StrEnum):
    """What a file of an export is written as."""

    CSV = "csv"
    XLSX = "xlsx"
    NDJSON = "ndjson"


@dataclass(frozen=True, slots=True)
class ExportWork:
    """A file that is to be written: either of the rows that an execution kept, or of a query.

    ``source`` is that execution, ``total`` how many rows it kept. ``notes`` are told beside those
    that come of the writing itself.
    """

    file_format: FileFormat
    guard_formulas: bool
    title: str
    source: UUID | None = None
    total: int | None = None
    query: Work | None = None
    notes: Sequence[str] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the work as `read_export_work` reads it."""
        return {
            "format": self.file_format.value,
            "guard_formulas": self.guard_formulas,
            "title": self.title,
            "source": None if self.source is None else str(self.source),
            "total": self.total,
            "query": None if self.query is None else self.query.to_json(),
            "notes": list(self.notes),
        }


def read_export_work(data: Mapping[str, Any]) -> ExportWork:
    """Return the work that `ExportWork.to_json` has written."""
    source, query = data["source"], data["query"]
    return ExportWork(
        file_format=FileFormat(data["format"]),
        guard_formulas=data["guard_formulas"],
        title=data["title"],
        source=None if source is None else UUID(source),
        total=data["total"],
        query=None if query is None else read_work(query),
        notes=tuple(data["notes"]),
    )
