"""How often a route may be called, counted in the app database: the same over all instances."""

from __future__ import annotations

from heliograph.kernel.actors import Actor
from heliograph.kernel.clock import Clock
from heliograph.kernel.errors import RateLimited
from heliograph.platform.database import Database
from heliograph.web.contract import Limit, Route

# One statement counts and reads, so that two calls at once are two. The count stops one above the
# limit: a flood does not make it overflow.
_COUNT = """
INSERT INTO rate_limits AS counted (key, window_started_at, count)
VALUES (%s, %s, 1)
ON CONFLICT (key) DO UPDATE SET
    window_started_at = CASE
        WHEN counted.window_started_at > %s THEN counted.window_started_at
        ELSE excluded.window_started_at
    END,
    count = CASE
        WHEN counted.window_started_at > %s THEN LEAST(counted.count + 1, %s)
        ELSE 1
    END
RETURNING count, window_started_at
"""


def count_call(route: Route, limit: Limit, actor: Actor, database: Database, clock: Clock) -> None:
    """Count one call, and refuse it with `RateLimited` when it is one too many.

    Windows are fixed: the first call begins one, and it lasts ``limit.per``.
    """
    now = clock.now()
    key = f"{route.method} {route.path} {_caller(limit, actor)}"
    ended_before = now - limit.per
    values = (key, now, ended_before, ended_before, limit.count + 1)
    (row,) = database.fetch(_COUNT, values)
    if row["count"] > limit.count:
        left = (row["window_started_at"] + limit.per - now).total_seconds()
        raise RateLimited(
            "Too many attempts. Wait a while, then try again.", retry_after=max(left, 1.0)
        )


def _caller(limit: Limit, actor: Actor) -> str:
    if actor.user_id is not None and not limit.by_address:
        return str(actor.user_id)
    from heliograph.accounts.attempts import network_of  # noqa: PLC0415

    return network_of(actor.address)
