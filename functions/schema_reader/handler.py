"""``schema_reader``: reads the schemas of connections that are too slow for a request."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from datetime import timedelta
from typing import Any

from heliograph.connections.schemas import LONGEST, SchemaRequest, read_schema_request
from heliograph.kernel.errors import QueryTimedOut
from heliograph.platform.settings import read_app_settings, read_environment
from heliograph.web.consumers import Consumer, Failures, seconds_left
from heliograph.web.services import Services

_consumer = Consumer("schema_reader", read_schema_request)
_MARGIN_SECONDS = 10.0  # to write down what was read


def read_schemas(event: Mapping[str, Any], context: Any) -> Failures:
    """Read the schema that each message names, and return those that are to come again.

    A connection that does not work is no failure: the snapshot tells what is wrong with it. A
    message that comes twice, or for a connection that is gone, does nothing.
    """
    environment = read_environment()
    settings, left = read_app_settings("schema_reader", environment), seconds_left(context)

    def work(request: SchemaRequest) -> Mapping[str, bool]:
        within = min(LONGEST, timedelta(seconds=left() - _MARGIN_SECONDS))
        if within <= timedelta(0):
            raise QueryTimedOut("There is no time left to read a schema.")
        return {"is_read": services.schemas.read_waiting(request.connection_id, within=within)}

    with closing(Services(settings, environment)) as services:
        return _consumer.take(event, work)
