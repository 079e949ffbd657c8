"""``query_runner``: does the queries that wait, and ends what a worker has lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from heliograph.queries.wakes import Wake, read_wake
from heliograph.web.consumers import Consumer, Failures, KeptServices, seconds_left


def _read_wake(body: str) -> Wake:
    """Return what a message says. Raises ValueError also for a wake-up of who writes exports."""
    wake = read_wake(body)
    if wake.connection_id is None:
        raise ValueError("a message that names no connection")
    return wake


_consumer = Consumer("query_runner", _read_wake)
_kept = KeptServices("query_runner")


def run_queries(event: Mapping[str, Any], context: Any) -> Failures:
    """Do what waits for the connection that each message names; return those to come again.

    A query that fails is no failure here: its run tells. A message that comes twice, late or for a
    connection that is gone finds nothing to do.
    """
    services = _kept.open()

    def work(wake: Wake) -> Mapping[str, int]:
        assert wake.connection_id is not None
        worker = services.query_worker
        worker.end_lost(wake.connection_id, wake.lost)
        return {"queries": worker.work_on(wake.connection_id, seconds_left(context))}

    return _consumer.take(event, work)
