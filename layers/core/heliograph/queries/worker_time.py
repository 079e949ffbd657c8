"""How much time a worker has: functions end when their time is over, whatever they are doing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heliograph.connections.models import Connection

MARGIN_SECONDS = 15.0
"""What is kept of a function's time to write down how its work ended."""


def has_time(connection: Connection, seconds: float, *, is_first: bool) -> bool:
    """Say whether work on a connection may begin in a function that has ``seconds`` left.

    The longest timeout is as long as the function lives, so the first work has what there is; what
    comes after it begins only with its full time.
    """
    if seconds <= MARGIN_SECONDS:
        return False
    return is_first or seconds >= connection.longest_timeout_seconds + MARGIN_SECONDS
