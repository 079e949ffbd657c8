"""The first process in a function's container on LocalStack: who is told what, and once."""

from __future__ import annotations

import json
import threading
from typing import Any

from infra.localstack.lambda_init import Environment


class HeardByLocalStack:
    """Stands in for LocalStack, and keeps what it is told."""

    def __init__(self) -> None:
        self.statuses: list[str] = []
        self.outcomes: list[tuple[str, str, bytes, str]] = []
        self.is_told = threading.Event()

    def tell_status(self, status: str, body: bytes = b"{}") -> None:
        self.statuses.append(status)

    def tell_outcome(self, invoke_id: str, kind: str, body: bytes, logs: str) -> None:
        self.outcomes.append((invoke_id, kind, body, logs))
        self.is_told.set()


def invocation(invoke_id: str) -> dict[str, Any]:
    return {"invoke-id": invoke_id, "payload": '{"a": 1}', "invoked-function-arn": "arn:f"}


def test_an_answer_is_handed_over_once_with_its_log() -> None:
    heard = HeardByLocalStack()
    environment = Environment(heard, timeout_seconds=60)
    environment.accept(invocation("one"))
    payload, headers = environment.next_invocation()
    assert (payload, heard.statuses) == (b'{"a": 1}', ["ready"])
    assert headers["Lambda-Runtime-Aws-Request-Id"] == "one"
    assert headers["Lambda-Runtime-Invoked-Function-Arn"] == "arn:f"
    environment.finish("one", "response", b'"done"')
    environment.finish("one", "error", b'"late"')
    (outcome,) = heard.outcomes
    assert outcome[:3] == ("one", "response", b'"done"')
    assert outcome[3].startswith("START RequestId: one ")
    assert outcome[3].endswith("END RequestId: one\n")


def test_an_answer_that_comes_too_late_is_a_timeout_and_nothing_else() -> None:
    heard = HeardByLocalStack()
    environment = Environment(heard, timeout_seconds=0)
    environment.accept(invocation("slow"))
    environment.next_invocation()
    assert heard.is_told.wait(10)
    environment.finish("slow", "response", b'"after all"')
    (outcome,) = heard.outcomes
    assert outcome[:2] == ("slow", "error")
    assert json.loads(outcome[2])["errorType"] == "Sandbox.Timedout"
    assert "Task timed out after 0.00 seconds" in outcome[3]


def test_only_what_is_waited_for_can_be_answered() -> None:
    heard = HeardByLocalStack()
    environment = Environment(heard, timeout_seconds=60)
    environment.accept(invocation("one"))
    environment.finish("another", "response", b"1")
    assert heard.outcomes == []
    environment.finish("one", "response", b"2")
    assert [outcome[0] for outcome in heard.outcomes] == ["one"]
