"""What an export is called when a person downloads it."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from heliograph.platform.blob_store import BlobStore
from heliograph.queries.export_writing import CONTENT_TYPES

_MOST_TITLE_BYTES = 120  # a file's name has 255, and some programs add to it
_NOT_IN_NAMES = re.compile(r'[\\/:*?"<>|]')
_FALLBACK = "Export"
# Windows keeps these for itself, whatever follows their first dot.
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)


def export_filename(title: str, day: date, format_name: str, *, cut_at: int | None = None) -> str:
    """Return a name that every system can keep: ``Orders by month 2026-01-31.csv``.

    ``title`` is the name of the Insight or of the connection. ``cut_at`` is how many rows there
    are of a result that has more: the name says so, for a CSV has no other place to.
    """
    cut = "" if cut_at is None else f" (first {cut_at} row{'' if cut_at == 1 else 's'} only)"
    return f"{_safe(title)} {day.isoformat()}{cut}.{format_name}"


def link_export(
    blobs: BlobStore, key: str, *, filename: str, format_name: str, seconds: int
) -> str:
    """Return a URL that downloads an export for ``seconds``. It is a secret."""
    content_type = CONTENT_TYPES[format_name]
    return blobs.link(key, seconds=seconds, filename=filename, content_type=content_type)


def _safe(title: str) -> str:
    # Controls, and what is not seen or turns the direction of writing, could disguise the ending.
    shown = "".join(
        " " if unicodedata.category(character)[0] in "CZ" else character
        for character in unicodedata.normalize("NFC", title)
    )
    words = _NOT_IN_NAMES.sub("-", shown).split()
    name = " ".join(words).encode()[:_MOST_TITLE_BYTES].decode(errors="ignore").strip(". ")
    if not name.strip("-"):
        return _FALLBACK
    return f"_{name}" if _DEVICES.fullmatch(name.split(".")[0].strip()) else name
