"""What the kinds that look at the number of rows share."""

from __future__ import annotations

from heliograph.alerts.rules.keys import RowGroup


def describe_rows(group: RowGroup) -> str:
    """Return how many rows there are, as a sentence."""
    whose = "This key has" if group.key else "The query gave"
    least = "" if group.is_counted else "at least "
    count = "no rows" if not group.row_count else f"{group.row_count} rows"
    return f"{whose} {least}{'1 row' if group.row_count == 1 else count}."


def empty_is_known(group: RowGroup) -> bool:
    """Say whether "some rows or none" is certain: a cut result with no row at all is neither."""
    return group.row_count > 0 or group.is_counted
