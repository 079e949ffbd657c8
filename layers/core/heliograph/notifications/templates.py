"""What a message says: a person's own template, or short default words.

A title and a body are plain text. Each channel escapes them for its own format, so that neither
data nor a template can smuggle markup in, and the same template serves every channel.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from heliograph.kernel.errors import FileInvalid
from heliograph.notifications.models import MessageTemplate, Notice

MAX_TITLE = 200
_MAX_ROWS = 1_000
_MAX_CELL = 20_000
_GAPS = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
CONTEXT_NAMES = frozenset(
    {
        "value", "threshold", "rows", "columns", "row_count", "state", "previous_state", "alert",
        "key", "outcome", "reason", "query_name", "link", "at", "delivery_id",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Words:
    """The text of a message: a title on one line and a body, both plain.

    ``notes`` say what was cut, or that a template was broken; the body says the latter too.
    """

    title: str
    body: str
    notes: tuple[str, ...] = ()


def check_template(text: str) -> None:
    """Raise `FileInvalid`, with the line inside the template, for one that cannot be rendered.

    What depends on the data, such as a column that a result lacks, shows only when it is rendered.
    """
    from heliograph.notifications import template_sandbox  # noqa: PLC0415

    template_sandbox.check(text, CONTEXT_NAMES)


def write_words(notice: Notice, template: MessageTemplate) -> Words:
    """Return the title and body for a notice; a broken template gives way to the default words."""
    notes: list[str] = []
    title = _render_part("title", template.title, notice, default_title, notes)
    body = _render_part("body", template.body, notice, default_body, notes)
    if notes:
        body = "\n\n".join([body, *notes]).strip()
    title = _one_line(title) or _one_line(default_title(notice))
    if len(title) > MAX_TITLE:
        title = title[: MAX_TITLE - 1] + "…"
        notes.append(f"The title is cut at {MAX_TITLE} characters.")
    return Words(title, body.strip(), tuple(notes))


def default_title(notice: Notice) -> str:
    """Return one short line, such as ``Large refunds is firing: 3 rows``."""
    name = f"{notice.alert} [{notice.key}]" if notice.key else notice.alert
    still = "still " if notice.repeat else ""
    found = describe_value(notice)
    match notice.type:
        case "alert.firing":
            return f"{name} is {still}firing: {found}"
        case "alert.resolved":
            return f"{name} {_recovery(notice)}{_since(notice, ' after ')}"
        case "alert.error":
            return f"{name} could {still}not be evaluated"
        case "alert.no_data":
            return f"{name} {still}has no data"
        case _:
            return f"{name}: {count_rows(notice.row_count)}"


def default_body(notice: Notice) -> str:
    """Return the reason, and the numbers behind it."""
    lines = [notice.reason] if notice.reason else []
    if notice.value is not None and notice.threshold is not None:
        lines.append(f"Value: {notice.value}, threshold: {notice.threshold}.")
    if notice.repeat and notice.since is not None:
        lines.append(f"This has been going on for {_since(notice, '')}.")
    return "\n".join(lines)


def describe_value(notice: Notice) -> str:
    """Return what was found: the value, or the number of rows where those are the value."""
    if notice.value is None or (notice.threshold is None and notice.value == str(notice.row_count)):
        return count_rows(notice.row_count)
    return notice.value


def count_rows(count: int) -> str:
    """Return ``1 row`` or ``1,234 rows``."""
    return f"{count:,} row{'' if count == 1 else 's'}"


def unique_names(columns: Sequence[str]) -> list[str]:
    """Return the column names, each once: ``a, a`` becomes ``a, a_2``, and no name ``column``."""
    names: list[str] = []
    for column in columns:
        base = column or "column"
        name, number = base, 1
        while name in names or (number > 1 and name in columns):
            number += 1
            name = f"{base}_{number}"
        names.append(name)
    return names


def describe_duration(duration: timedelta) -> str:
    """Return a duration as people say it: ``45 s``, ``5 min``, ``2 h``, ``3 days``."""
    seconds = max(0, round(duration.total_seconds()))
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size or (unit != "days" and seconds >= size):
            whole, rest = divmod(seconds, size)
            minutes = rest // 60
            return f"{whole} h {minutes} min" if unit == "h" and minutes else f"{whole} {unit}"
    return f"{seconds} s"


def _one_line(text: str) -> str:
    return _GAPS.sub(" ", text).strip()


def _recovery(notice: Notice) -> str:
    if notice.previous_state == "error":
        return "can be evaluated again"
    return "has data again" if notice.previous_state == "no_data" else "is back to normal"


def _since(notice: Notice, before: str) -> str:
    return "" if notice.since is None else before + describe_duration(notice.at - notice.since)


def _render_part(
    part: str,
    text: str | None,
    notice: Notice,
    default: Callable[[Notice], str],
    notes: list[str],
) -> str:
    if text is None:
        return default(notice)
    from heliograph.notifications import template_sandbox  # noqa: PLC0415

    try:
        return template_sandbox.render(text, _context(notice))
    except FileInvalid as error:
        line = f", line {error.line}" if error.line else ""
        reason = error.message.removeprefix("The template is broken: ")
        notes.append(f"The template of the {part} is broken{line}: {reason} This is the default.")
        return default(notice)


def _context(notice: Notice) -> dict[str, Any]:
    names = unique_names(notice.columns)
    return {
        "value": _as_number(notice.value),
        "threshold": _as_number(notice.threshold),
        "rows": [
            dict(zip(names, map(_cut_cell, row), strict=False)) for row in notice.rows[:_MAX_ROWS]
        ],
        "columns": names,
        "row_count": notice.row_count,
        "state": notice.state,
        "previous_state": notice.previous_state,
        "alert": notice.alert,
        "key": notice.key,
        "outcome": notice.outcome,
        "reason": notice.reason,
        "query_name": notice.query_name,
        "link": notice.link,
        "at": notice.at,
        "delivery_id": notice.delivery_id,
    }


def _as_number(text: str | None) -> Decimal | str | None:
    """Let templates compare and calculate; what is no number stays text."""
    from heliograph.notifications.template_sandbox import Number  # noqa: PLC0415

    try:
        return None if text is None else Number(text)
    except InvalidOperation:
        return text


def _cut_cell(cell: str | None) -> str | None:
    """Cut what no message could hold anyway."""
    return cell if cell is None or len(cell) <= _MAX_CELL else cell[: _MAX_CELL - 1] + "…"
