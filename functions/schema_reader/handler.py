"""``schema_reader``: reads the schemas of connections that are too slow for a request."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from heliograph.connections.schemas import LONGEST
from heliograph.kernel.errors import HeliographError
from heliograph.platform.log import log
from heliograph.platform.settings import read_app_settings, read_environment
from heliograph.web.services import Services

_MARGIN_SECONDS = 10.0  # to write down what was read


def read_schemas(event: Mapping[str, Any], context: Any) -> dict[str, list[dict[str, str]]]:
    """Read the schema that each message names, and return those that are to come again.

    A connection that does not work is no failure: the snapshot tells what is wrong with it. A
    message that comes twice, or for a connection that is gone, does nothing.
    """
    environment = read_environment()
    services = Services(read_app_settings("schema_reader", environment), environment)
    try:
        failed = [
            record["messageId"]
            for record in event["Records"]
            if not _is_done(services, record, context.get_remaining_time_in_millis() / 1000)
        ]
    finally:
        services.close()
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _is_done(services: Services, record: Mapping[str, Any], seconds_left: float) -> bool:
    """Do what one message says; False when it has to come again."""
    within = min(LONGEST, timedelta(seconds=seconds_left - _MARGIN_SECONDS))
    if within <= timedelta(0):
        return False
    try:
        connection_id = UUID(json.loads(record["body"])["connection_id"])
    except (ValueError, TypeError, KeyError, AttributeError):
        log("schema_reader.message_invalid", message=record["messageId"])
        return False  # it goes where dead letters go, for somebody to see
    try:
        is_read = services.schemas.read_waiting(connection_id, within=within)
    except HeliographError as error:
        log("schema_reader.failed", connection=str(connection_id), code=error.code)
        return False
    log("schema_reader.done", connection=str(connection_id), is_read=is_read)
    return True
