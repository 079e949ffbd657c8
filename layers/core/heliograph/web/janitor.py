"""What has to be done again and again: forgetting what has expired, waking up what waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from heliograph.accounts.expiry import EXPIRING
from heliograph.audit.exports import delete_exports
from heliograph.kernel.errors import HeliographError
from heliograph.platform.log import log

if TYPE_CHECKING:
    from heliograph.web.services import Services

ROWS_AT_ONCE = 1_000
"""How many rows one transaction deletes: few enough that nobody waits for it."""

_EXPORTS_KEPT = timedelta(days=1)
_LEAST_SECONDS = 10.0
_QUERIES_AT_ONCE = 100


def clean(
    services: Services, *, seconds_left: Callable[[], float], rows_at_once: int = ROWS_AT_ONCE
) -> tuple[Mapping[str, int], list[str]]:
    """Do every step until nothing is left for it, or ``seconds_left`` runs out.

    Returns how much each step did, and the names of those that failed. A step that fails does not
    keep the others from theirs. Each step is made of short transactions, finds for itself what is
    to be done, and may run twice at once.
    """
    return _do(_steps(services, rows_at_once), seconds_left, rows_at_once)


def _do(
    steps: Iterator[tuple[str, Callable[[], int]]],
    seconds_left: Callable[[], float],
    rows_at_once: int,
) -> tuple[Mapping[str, int], list[str]]:
    done: dict[str, int] = {}
    failed: list[str] = []
    for name, step in steps:
        done[name] = 0
        try:
            count = rows_at_once
            while count >= rows_at_once and seconds_left() > _LEAST_SECONDS:
                count = step()
                done[name] += count
        except Exception as error:  # noqa: BLE001  # the edge of a step: others have work to do too
            code = error.code if isinstance(error, HeliographError) else "unexpected"
            log("janitor.step_failed", step=name, code=code, error=type(error).__name__)
            failed.append(name)
    log("janitor.done", **done, failed=failed or None)
    return done, failed


def look_after_queries(
    services: Services, *, seconds_left: Callable[[], float]
) -> tuple[Mapping[str, int], list[str]]:
    """Do the steps that cannot wait for the hour, if anybody has asked for a look lately.

    Else nothing is opened but the blob store, and the database sleeps on. Returns as `clean` does.
    """
    if not services.attention.is_asked_for():
        return {}, []
    return _do(_query_steps(services, _QUERIES_AT_ONCE), seconds_left, _QUERIES_AT_ONCE)


def _query_steps(services: Services, limit: int) -> Iterator[tuple[str, Callable[[], int]]]:
    yield "lost_queries", lambda: services.tending.fail_lost(limit)
    yield "orphaned_queries", lambda: services.tending.fail_orphaned(limit)
    yield "abandoned_queries", lambda: services.tending.cancel_abandoned(limit)
    yield "waiting_queries", lambda: services.tending.wake_waiting()  # noqa: PLW0108


def _steps(services: Services, rows_at_once: int) -> Iterator[tuple[str, Callable[[], int]]]:
    """Yield each step; it says how much it did, and is done when that is less than a batch."""
    for table in EXPIRING:
        yield table, partial(_delete_expired, services, table, rows_at_once)
    # Asked for when its turn comes: a part that cannot be made fails its own step alone.
    yield "schemas", lambda: services.schemas.requeue_waiting()  # noqa: PLW0108
    yield from _query_steps(services, rows_at_once)
    yield "results", lambda: services.tending.forget_results(rows_at_once)
    yield "exports", lambda: services.tending.forget_exports(rows_at_once)
    yield "runs", lambda: services.tending.forget_history(rows_at_once)
    yield "executions", lambda: services.tending.forget_executions(rows_at_once)
    yield "audit_exports", partial(_delete_exports, services, rows_at_once)


def _delete_exports(services: Services, rows_at_once: int) -> int:
    return delete_exports(services.blobs, services.clock.now() - _EXPORTS_KEPT, rows_at_once)


def _delete_expired(services: Services, table: str, rows_at_once: int) -> int:
    with services.database.transaction() as tx:
        return EXPIRING[table](tx, services.clock.now(), rows_at_once)
