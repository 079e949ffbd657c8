"""``export_writer``: writes the exports that wait, of queries and of rows that are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from heliograph.kernel.errors import HeliographError
from heliograph.platform.log import log
from heliograph.platform.settings import AppSettings, read_app_settings, read_environment
from heliograph.queries.wakes import Wake, read_wake
from heliograph.web.services import Services

_kept: dict[AppSettings, Services] = {}  # for the next call: warm connections are in it


def write_exports(event: Mapping[str, Any], context: Any) -> dict[str, list[dict[str, str]]]:
    """Write what waits for the connection, or the export, that each message names.

    Returns the messages that are to come again. An export that fails is no failure here: it tells
    itself. A message that comes twice, late or for what is gone finds nothing to do.
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
    settings = read_app_settings("export_writer", environment)
    if settings not in _kept:
        _kept.setdefault(settings, Services(settings, environment))
    return _kept[settings]


def _is_done(services: Services, record: Mapping[str, Any], context: Any) -> bool:
    """Do what one message says; False when it has to come again."""
    try:
        wake = read_wake(record["body"])
    except ValueError:
        log("export_writer.message_invalid", message=record["messageId"])
        return False  # it goes where dead letters go, for somebody to see
    told = {
        "connection": None if wake.connection_id is None else str(wake.connection_id),
        "execution": None if wake.execution_id is None else str(wake.execution_id),
    }
    try:
        done = _work(services, wake, context)
    except HeliographError as error:
        log("export_writer.failed", **told, code=error.code)
        return False
    log("export_writer.done", **told, exports=done)
    return True


def _work(services: Services, wake: Wake, context: Any) -> int:
    def seconds_left() -> float:
        left: float = context.get_remaining_time_in_millis() / 1000
        return left

    done = 0
    if wake.execution_id is not None:
        done += services.export_worker.write_kept(wake.execution_id, seconds_left)
    if wake.connection_id is not None:
        done += services.export_worker.work_on(wake.connection_id, seconds_left)
    return done
