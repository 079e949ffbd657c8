"""The HTML of a mail: inline styles only, legible on a light and on a dark background.

Colours of text and background are left to the reader's program; lines are of a grey that shows on
both. Everything that comes from data or a template is escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from heliograph.notifications.channels.tables import cut_text, is_numeric
from heliograph.notifications.models import Notice
from heliograph.notifications.templates import Words, count_rows, unique_names

_MAX_COLUMNS = 30
_MAX_CELL = 300
_COLOURS = {
    "alert.firing": "#c5221f",
    "alert.resolved": "#137333",
    "alert.error": "#a54800",
    "alert.no_data": "#5f6368",
}
_OTHER_COLOUR = "#1558b0"
_FONT = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
_CELL = "padding:4px 10px;border-bottom:1px solid #8c8c8c;vertical-align:top"


def write_html(notice: Notice, words: Words, *, max_rows: int) -> str:
    """Return the document: a coloured title, the body, the table of the first rows, a footer."""
    colour = _COLOURS.get(notice.type, _OTHER_COLOUR)
    paragraphs = "".join(
        f'<p style="margin:0 0 12px;white-space:pre-wrap">{escape(part)}</p>'
        for part in words.body.split("\n\n")
        if part.strip()
    )
    return (
        '<!doctype html><html><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        '<meta name="color-scheme" content="light dark">'
        '<meta name="supported-color-schemes" content="light dark">'
        f"<title>{escape(words.title)}</title></head>\n"
        f'<body style="margin:0;padding:16px;font-size:15px;line-height:1.45;{_FONT}">\n'
        f'<h1 style="margin:0 0 16px;padding:0 0 0 10px;border-left:6px solid {colour};'
        f'font-size:19px">{escape(words.title)}</h1>\n'
        f"{paragraphs}\n{_table(notice, max_rows)}\n{_footer(notice)}\n</body></html>\n"
    )


def _table(notice: Notice, max_rows: int) -> str:
    names = unique_names(notice.columns)[:_MAX_COLUMNS]
    if not names:
        return ""
    rows = notice.rows[:max_rows]
    aligned = [
        "text-align:right" if is_numeric(rows, index) else "text-align:left"
        for index in range(len(names))
    ]
    head = "".join(
        f'<th style="{_CELL};{align};border-bottom-width:2px">{escape(name)}</th>'
        for name, align in zip(names, aligned, strict=True)
    )
    body = "\n".join(f"<tr>{_cells(row, aligned)}</tr>" for row in rows)
    missing = [
        text
        for count, text in [
            (max(notice.row_count, len(notice.rows)) - len(rows), "more row"),
            (len(notice.columns) - len(names), "more column"),
        ]
        for text in [f"and {count:,} {text}{'' if count == 1 else 's'}"]
        if count > 0
    ]
    more = f'<p style="margin:8px 0">… {", ".join(missing)}</p>' if missing else ""
    return (
        '<table role="table" style="border-collapse:collapse;font-size:14px;'
        f'font-variant-numeric:tabular-nums"><caption style="text-align:left;padding:4px 10px">'
        f"{count_rows(notice.row_count)}</caption>\n"
        f"<thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>{more}"
    )


def _cells(row: Sequence[str | None], aligned: Sequence[str]) -> str:
    return "".join(
        f'<td style="{_CELL};{align}"><i style="opacity:.65">NULL</i></td>'
        if cell is None
        else f'<td style="{_CELL};{align};white-space:pre-wrap">{escape(cut_text(cell, _MAX_CELL))}'
        "</td>"
        for cell, align in zip(row, aligned, strict=False)
    )


def _footer(notice: Notice) -> str:
    parts = [escape(f"{notice.at:%Y-%m-%d %H:%M:%S %Z}"), escape(notice.query_name)]
    if notice.link:
        link = escape(notice.link)
        is_web = notice.link.startswith(("https://", "http://"))
        parts.append(f'<a href="{link}">Open</a>' if is_web else link)
    parts.append(escape(notice.delivery_id))
    return (
        '<p style="margin:16px 0 0;padding-top:8px;border-top:1px solid #8c8c8c;font-size:12px;'
        f'opacity:.75">{" · ".join(filter(None, parts))}</p>'
    )
