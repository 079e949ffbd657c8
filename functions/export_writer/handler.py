"""``export_writer``: writes the exports that wait, of queries and of rows that are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from heliograph.queries.wakes import Wake, read_wake
from heliograph.web.consumers import Consumer, Failures, KeptServices, seconds_left

_consumer = Consumer("export_writer", read_wake)
_kept = KeptServices("export_writer")


def write_exports(event: Mapping[str, Any], context: Any) -> Failures:
    """Write what waits for the connection, or the export, that each message names.

    Returns the messages that are to come again. An export that fails is no failure here: it tells
    itself. A message that comes twice, late or for what is gone finds nothing to do.
    """
    services, left = _kept.open(), seconds_left(context)

    def work(wake: Wake) -> Mapping[str, int]:
        worker, done = services.export_worker, 0
        if wake.execution_id is not None:
            done += worker.write_kept(wake.execution_id, left)
        if wake.connection_id is not None:
            done += worker.work_on(wake.connection_id, left)
        return {"exports": done}

    return _consumer.take(event, work)
