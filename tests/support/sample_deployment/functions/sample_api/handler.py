"""An API that does what a test asks it for, good or bad."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

# What is held open on purpose, until the test lets go.
HELD = threading.Event()
ENTERED = threading.Semaphore(0)
INTERRUPTED = threading.Event()
OPENED: list[Any] = []


def handle(event: Mapping[str, Any], context: Any) -> Any:
    """Echo the event, or do one of `ACTS`."""
    if event["resource"].startswith("/api/acts/"):
        act = event["pathParameters"]["proxy"].split("/")[0]
        return ACTS[act](event)
    told = {
        "event": event,
        "context": {
            "request_id": context.aws_request_id,
            "function": context.function_name,
            "memory": context.memory_limit_in_mb,
            "left": context.get_remaining_time_in_millis(),
        },
    }
    return answer(json.dumps(told))


def answer(body: str, **more: Any) -> dict[str, Any]:
    """Return an answer of API Gateway's shape."""
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": body} | more


def hold(event: Mapping[str, Any]) -> dict[str, Any]:
    """Answer when the test says so."""
    ENTERED.release()
    HELD.wait(20)
    return answer("{}")


def hang(event: Mapping[str, Any]) -> dict[str, Any]:
    """Go on for ever in small steps, unless interrupted."""
    try:
        while True:
            time.sleep(0.01)
    finally:
        INTERRUPTED.set()


def nap(event: Mapping[str, Any]) -> dict[str, Any]:
    """Answer a little later, or after so many milliseconds."""
    asked = event["pathParameters"]["proxy"].partition("/")[2]
    time.sleep(int(asked or 200) / 1000)
    return answer("{}")


def leak(event: Mapping[str, Any]) -> dict[str, Any]:
    """Leave a thread behind."""
    threading.Thread(target=HELD.wait, args=(20,), name="left-behind", daemon=True).start()
    return answer("{}")


def transact(event: Mapping[str, Any]) -> dict[str, Any]:
    """Begin a transaction in the database of the query string, and forget it."""
    from heliograph.platform import postgres

    opened = postgres.connect(event["queryStringParameters"]["url"], autocommit=False)
    OPENED.append(opened)
    opened.__enter__().execute("SELECT 1")
    return answer("{}")


def fail(event: Mapping[str, Any]) -> dict[str, Any]:
    """Break, with what nobody may read in its message."""
    raise ValueError("the secret is 4711")


ACTS: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "hold": hold,
    "hang": hang,
    "nap": nap,
    "leak": leak,
    "transact": transact,
    "fail": fail,
    "quit": lambda _: sys.exit("the secret is 4711"),
    "big": lambda _: answer("x" * (6 * 1024 * 1024 + 1)),
    "escaped": lambda _: answer('"' * (4 * 1024 * 1024)),
    "nearly": lambda _: answer("x" * (5 * 1024 * 1024)),
    "text": lambda _: "no object",
    "status": lambda _: {"statusCode": "many"},
    "smuggle": lambda _: answer("{}", headers={"X-A": "1\r\nX-B: 2"}),
    "binary": lambda _: answer("AAEC/w==", isBase64Encoded=True),
    "garbled": lambda _: answer("@@@", isBase64Encoded=True),
    "cookies": lambda _: answer("{}", multiValueHeaders={"Set-Cookie": ["a=1", "b=2"]}),
    "nothing": lambda _: {"statusCode": 204},
}
