"""What AWS would hand a handler: REST proxy events, SQS batches, EventBridge ticks, the context."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from heliograph.local.deployment import Function, QueueSource, Resource, ScheduleSource

_ACCOUNT = "000000000000"
_REGION = "local"
_STAGE = "local"
_TEXT = ("text/", "application/json", "application/x-www-form-urlencoded", "application/xml")


@dataclass(frozen=True, slots=True)
class Request:
    """A request as the server read it. Header names are lower case; ``path`` is percent-encoded."""

    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    client: str
    request_id: str
    http_version: str = "1.1"


@dataclass(frozen=True, slots=True)
class Context:
    """The second argument of a handler, as Lambda gives it."""

    function_name: str
    aws_request_id: str
    memory_limit_in_mb: str
    deadline: float  # of time.monotonic()
    function_version: str = "$LATEST"

    @property
    def invoked_function_arn(self) -> str:
        """The name of the function as AWS writes it."""
        return f"arn:aws:lambda:{_REGION}:{_ACCOUNT}:function:{self.function_name}"

    @property
    def log_group_name(self) -> str:
        """Where the function's log would be."""
        return f"/aws/lambda/{self.function_name}"

    @property
    def log_stream_name(self) -> str:
        """Which part of the log would be this instance's."""
        return _STAGE

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the handler may still run, never less than 0."""
        return max(0, int((self.deadline - time.monotonic()) * 1000))


def make_context(function: Function, request_id: str, seconds: float) -> Context:
    """Return the context of one call of ``function``, which may take ``seconds`` from now on."""
    return Context(
        function.logical_id, request_id, str(function.memory_mb), time.monotonic() + seconds
    )


def make_proxy_event(request: Request, resource: Resource, now: datetime) -> dict[str, Any]:
    """Return the event that API Gateway makes of a request for a REST API's proxy integration.

    ``path`` is as it was sent; parameters of path and query are decoded. Of a name that comes more
    than once the single-valued mapping holds the last value. Bodies that are not text in UTF-8 are
    in base64.
    """
    headers = _grouped(request.headers)
    query = _grouped(parse_qsl(request.query, keep_blank_values=True, errors="replace"))
    text, is_base64 = _body(request.body, dict(request.headers).get("content-type", ""))
    return {
        "resource": resource.path,
        "path": request.path,
        "httpMethod": request.method,
        "headers": _last(headers),
        "multiValueHeaders": headers,
        "queryStringParameters": _last(query) if query else None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": dict(resource.parameters) if resource.parameters else None,
        "stageVariables": None,
        "requestContext": {
            "accountId": _ACCOUNT,
            "apiId": "local",
            "domainName": (headers.get("host") or [""])[-1],
            "extendedRequestId": request.request_id,
            "httpMethod": request.method,
            "identity": {
                "sourceIp": request.client,
                "userAgent": (headers.get("user-agent") or [""])[-1],
            },
            "path": f"/{_STAGE}{request.path}",
            "protocol": f"HTTP/{request.http_version}",
            "requestId": request.request_id,
            "requestTime": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "requestTimeEpoch": int(now.timestamp() * 1000),
            "resourceId": "local",
            "resourcePath": resource.path,
            "stage": _STAGE,
        },
        "body": text,
        "isBase64Encoded": is_base64,
    }


def make_batch_event(source: QueueSource, messages: Sequence[Any]) -> dict[str, Any]:
    """Return the event that Lambda makes of messages of an SQS queue."""
    arn = f"arn:aws:sqs:{_REGION}:{_ACCOUNT}:{source.queue.name}"
    now = str(int(time.time() * 1000))
    return {
        "Records": [
            {
                "messageId": str(message.id),
                "receiptHandle": str(message.receipt),
                "body": message.body,
                "attributes": {
                    "ApproximateReceiveCount": str(message.receive_count),
                    "SentTimestamp": str(int(message.sent_at.timestamp() * 1000)),
                    "ApproximateFirstReceiveTimestamp": now,
                    "SenderId": _ACCOUNT,
                },
                "messageAttributes": {},
                "md5OfBody": "",
                "eventSource": "aws:sqs",
                "eventSourceARN": arn,
                "awsRegion": _REGION,
            }
            for message in messages
        ]
    }


def make_tick_event(source: ScheduleSource, due_at: datetime, tick_id: str) -> dict[str, Any]:
    """Return the event of a rule of EventBridge that fired at ``due_at``."""
    return {
        "version": "0",
        "id": tick_id,
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": _ACCOUNT,
        "time": due_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": _REGION,
        "resources": [f"arn:aws:events:{_REGION}:{_ACCOUNT}:rule/{source.name}"],
        "detail": {},
    }


def _grouped(pairs: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def _last(groups: Mapping[str, list[str]]) -> dict[str, str]:
    return {name: values[-1] for name, values in groups.items()}


def _body(body: bytes, media_type: str) -> tuple[str | None, bool]:
    if not body:
        return None, False
    if not media_type or media_type.lower().startswith(_TEXT) or "+json" in media_type.lower():
        try:
            return body.decode("utf-8"), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode("ascii"), True
