"""The smoke test's other half: what nobody asks for, dead letters and schedules."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from infra.localstack.deployment import Deployment
from infra.localstack.neighbours import Neighbours
from infra.localstack.steps import expect, step, wait_for

_VISIBILITY_SECONDS = "1"
_DEAD_SECONDS = 120
_TICK_SECONDS = 150  # rules tick by the minute
_ALERTS = """\
version: 1
allow_hosts: ["{host}"]
connections:
  shop: {{url: "{shop}"}}
channels:
  hook: {{kind: webhook, url: "{receiver}/hook"}}
alerts:
  - name: Orders came in
    connection: shop
    query: select count(*) as orders from orders
    schedule: {{every: 1m}}
    rule: {{kind: threshold, column: orders, select: first, op: ">", value: 0}}
    notify: [hook]
"""


@dataclass(frozen=True, slots=True)
class _Poison:
    """A message that nobody can read, on its way to the dead-letter queue of its queue."""

    noun: str
    worker: str
    body: str
    message_id: str
    receives: int


def poison_queues(deployment: Deployment) -> None:
    """Send what nobody can read to each queue: it is tried as often as deployed, then set aside."""
    sqs = deployment.client("sqs")
    with step("poisoned messages") as said, _hurried(deployment, sqs):
        poisons = [
            _poison(deployment, sqs, noun, worker)
            for noun, worker in (
                ("Schema", "schema_reader"),
                ("Query", "query_runner"),
                ("Export", "export_writer"),
            )
        ]
        for poison in poisons:
            _await_dead(deployment, sqs, poison)
            said.append(f"{poison.worker} {poison.receives} times")
        said.append("then in the dead-letter queues")


@contextmanager
def _hurried(deployment: Deployment, sqs: Any) -> Iterator[None]:
    """Let messages come again soon. What is deployed takes up to 90 minutes; it comes back."""
    names = [f"{noun}QueueUrl" for noun in ("Schema", "Query", "Export")]
    queues = [deployment.outputs[name] for name in names]
    before = {
        queue: sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["VisibilityTimeout"])[
            "Attributes"
        ]
        for queue in queues
    }
    try:
        for queue in queues:
            hurry = {"VisibilityTimeout": _VISIBILITY_SECONDS}
            sqs.set_queue_attributes(QueueUrl=queue, Attributes=hurry)
        yield
    finally:
        for queue, attributes in before.items():
            sqs.set_queue_attributes(QueueUrl=queue, Attributes=attributes)


def _poison(deployment: Deployment, sqs: Any, noun: str, worker: str) -> _Poison:
    queue = deployment.outputs[f"{noun}QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["RedrivePolicy"])
    policy = json.loads(attributes["Attributes"]["RedrivePolicy"])
    body = f"poison {uuid.uuid4()}"
    message_id = sqs.send_message(QueueUrl=queue, MessageBody=body)["MessageId"]
    return _Poison(noun, worker, body, message_id, int(policy["maxReceiveCount"]))


def _await_dead(deployment: Deployment, sqs: Any, poison: _Poison) -> None:
    dead_queue = deployment.outputs[f"{poison.noun}DeadLetterQueueUrl"]

    def look() -> list[dict[str, Any]] | None:
        answer: dict[str, Any] = sqs.receive_message(QueueUrl=dead_queue, WaitTimeSeconds=2)
        return answer.get("Messages")

    (message,) = wait_for(look, _DEAD_SECONDS, f"the queue of {poison.worker} sets nothing aside")
    expect(message["Body"] == poison.body, f"{message['Body']!r} was set aside")
    sqs.delete_message(QueueUrl=dead_queue, ReceiptHandle=message["ReceiptHandle"])
    event = f"{poison.worker}.message_invalid"

    def tries() -> int | None:
        lines = deployment.events(_function(poison.worker), event)
        found = sum(line["message"] == poison.message_id for line in lines)
        return found if found >= poison.receives else None

    tried = wait_for(tries, _DEAD_SECONDS, f"{poison.worker} has not seen it often enough")
    expect(tried == poison.receives, f"{poison.worker} saw it {tried} times")


def _function(worker: str) -> str:
    return f"{worker.title().replace('_', '')}Function"


def place_alerts(deployment: Deployment, neighbours: Neighbours) -> None:
    """Put a file of alerts where the function alert_file looks."""
    with step("alerts.yaml") as said:
        text = _ALERTS.format(
            host=neighbours.receiver.partition("//")[2].partition(":")[0],
            shop=neighbours.shop,
            receiver=neighbours.receiver,
        )
        deployment.client("s3").put_object(
            Bucket=deployment.outputs["AlertsBucket"], Key="alerts.yaml", Body=text.encode()
        )
        said.append("in its bucket")


def await_janitor(deployment: Deployment) -> None:
    """Wait for the schedule of each minute, and hold that of each hour to the template."""
    with step("schedule of janitor") as said:
        rules = deployment.client("events")
        arn = deployment.client("lambda").get_function(
            FunctionName=deployment.outputs["JanitorFunction"]
        )["Configuration"]["FunctionArn"]
        names = rules.list_rule_names_by_target(TargetArn=arn)["RuleNames"]
        deployed = {rules.describe_rule(Name=name)["ScheduleExpression"] for name in names}
        expect(deployed == {"rate(1 hour)", "rate(1 minute)"}, f"its rules are {deployed}")

        def look() -> dict[str, Any] | None:
            # Only a tick that found that queries were asked goes on to these steps.
            return next(iter(deployment.events("JanitorFunction", "janitor.done")), None)

        line = wait_for(look, _TICK_SECONDS, "no tick came")
        expect(not line.get("failed"), f"steps failed: {line}")
        expect("lost_queries" in line, f"it did {line}")
        said.append("a tick looked after the queries; the other rule is rate(1 hour)")


def await_alert(neighbours: Neighbours) -> None:
    """Wait for the message of the alert, which comes by the schedule of alert_file."""
    with step("alert by its schedule") as said:

        def look() -> tuple[str, bytes] | None:
            return next(iter(neighbours.received.posts), None)

        _, body = wait_for(look, _TICK_SECONDS, "no message came")
        kind = json.loads(body)["type"]
        expect(kind == "alert.firing", f"the message is {kind}")
        said.append("alert.firing came to a webhook")
