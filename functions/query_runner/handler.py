"""``query_runner``: does the queries that wait, and ends what a worker has lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from heliograph.kernel.errors import HeliographError
from heliograph.platform.log import log
from heliograph.platform.settings import AppSettings, read_app_settings, read_environment
from heliograph.queries.wakes import Wake, read_wake
from heliograph.web.services import Services

_kept: dict[AppSettings, Services] = {}  # for the next call: warm connections are in it


def run_queries(event: Mapping[str, Any], context: Any) -> dict[str, list[dict[str, str]]]:
    """Do what waits for the connection that each message names; return those to come again.

    A query that fails is no failure here: its run tells. A message that comes twice, late or for a
    connection that is gone finds nothing to do.
    """
    services = _services()
    failed = [
        record["messageId"]
        for record in event["Records"]
        if not _is_done(services, record, context)
    ]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _services() -> Services:
    environment = read_environment()
    settings = read_app_settings("query_runner", environment)
    if settings not in _kept:
        _kept.setdefault(settings, Services(settings, environment))
    return _kept[settings]


def _is_done(services: Services, record: Mapping[str, Any], context: Any) -> bool:
    """Do what one message says; False when it has to come again."""
    try:
        wake = read_wake(record["body"])
    except ValueError:
        log("query_runner.message_invalid", message=record["messageId"])
        return False  # it goes where dead letters go, for somebody to see
    try:
        done = _work(services, wake, context)
    except HeliographError as error:
        log("query_runner.failed", connection=str(wake.connection_id), code=error.code)
        return False
    log("query_runner.done", connection=str(wake.connection_id), queries=done)
    return True


def _work(services: Services, wake: Wake, context: Any) -> int:
    if wake.connection_id is None:
        return 0
    services.query_worker.end_lost(wake.connection_id, wake.lost)
    return services.query_worker.work_on(
        wake.connection_id, lambda: context.get_remaining_time_in_millis() / 1000
    )
