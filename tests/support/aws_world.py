"""One installation with the neighbours of AWS, and what AWS does there: it calls functions.

Queues redrive as ``template.yaml`` says, and a function is handed what waits in its queue as Lambda
does it: in an event of SQS, of which everything is deleted that the function does not hand back.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import boto3
import pytest
from functions.export_writer import handler as export_writer
from functions.query_runner import handler as query_runner
from functions.schema_reader import handler as schema_reader
from tests.support.faulty_aws import FaultyAws
from tests.support.hand_clock import HandClock
from tests.support.moto_server import MotoServer
from tests.support.template import RESOURCES

from heliograph.platform.settings import AppSettings, setting_name
from heliograph.web.services import Services

QUEUES = {
    "schema": ("SchemaQueue", schema_reader.read_schemas),
    "query": ("QueryQueue", query_runner.run_queries),
    "export": ("ExportQueue", export_writer.write_exports),
}
"""Kind of queue: its logical id, and the handler of its function."""

CONTEXT = SimpleNamespace(get_remaining_time_in_millis=lambda: 120_000)
"""What Lambda hands a handler."""


class Pauses:
    """What botocore pauses before it asks again, in seconds: noted, and not waited for.

    Its pauses are random, up to 20 s, and cannot be set.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        import botocore.endpoint

        self.seconds: list[float] = []
        clock = SimpleNamespace(sleep=self.seconds.append)
        monkeypatch.setattr(botocore.endpoint, "time", clock)


class AwsWorld:
    """A bucket, three queues with their dead letters, a key; requests pass through ``faulty``."""

    def __init__(self, moto: MotoServer, faulty: FaultyAws, database_url: str) -> None:
        self.faulty = faulty
        self._keys: dict[str, Any] = {
            "endpoint_url": moto.url,
            "region_name": moto.environment["AWS_REGION"],
            "aws_access_key_id": "testing",
            "aws_secret_access_key": "testing",
        }
        self._stack = ExitStack()
        self.bucket = f"heliograph-{uuid4().hex}"
        self.s3, self.sqs, self.kms = map(self.client, ("s3", "sqs", "kms"))
        self.s3.create_bucket(Bucket=self.bucket)
        self.dead: dict[str, str] = {}
        self.queues = {kind: self._make_queue(kind) for kind in QUEUES}
        self.settings = AppSettings(
            database=database_url,
            key=self.kms.create_key()["KeyMetadata"]["Arn"],
            blobs=f"s3://{self.bucket}",
            public_url="https://heliograph.example",
            **{f"{kind}_queue": url for kind, url in self.queues.items()},
        )
        self.services = self.open_services()

    def client(self, service: str) -> Any:
        """Return a client that no fault disturbs."""
        return self._stack.enter_context(closing(boto3.client(service, **self._keys)))

    def open_services(self, *, after: timedelta | None = None) -> Services:
        """Return services that remember nothing; after a while, where that is given."""
        clock = None if after is None else HandClock(datetime.now(UTC) + after)
        return self._stack.enter_context(
            closing(Services(self.settings, self.faulty.environment, clock))
        )

    def environment(self) -> dict[str, str]:
        """Return what the deployment tells every function."""
        names = ("database", "key", "blobs", *(f"{kind}_queue" for kind in QUEUES))
        own = {setting_name(name): getattr(self.settings, name) for name in names}
        return {**own, **self.faulty.environment}

    def blobs(self, prefix: str = "") -> list[str]:
        """Return the keys of what lies in the bucket."""
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [one["Key"] for one in found.get("Contents", [])]

    def uploads(self) -> int:
        """Return how many uploads were begun and neither completed nor aborted."""
        return len(self.s3.list_multipart_uploads(Bucket=self.bucket).get("Uploads", []))

    def send(self, kind: str, body: str) -> None:
        """Put a message into a queue, as anybody might."""
        self.sqs.send_message(QueueUrl=self.queues[kind], MessageBody=body)

    def receive(self, kind: str) -> list[dict[str, Any]]:
        """Take what waits in a queue, at most ten, as the records of an event."""
        found = self.sqs.receive_message(
            QueueUrl=self.queues[kind],
            MaxNumberOfMessages=10,
            VisibilityTimeout=60,
            MessageSystemAttributeNames=["All"],
        )
        return [
            {
                "messageId": one["MessageId"],
                "receiptHandle": one["ReceiptHandle"],
                "body": one["Body"],
                "attributes": one["Attributes"],
                "messageAttributes": {},
                "md5OfBody": one["MD5OfBody"],
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:us-east-1:123456789012:{kind}",
                "awsRegion": "us-east-1",
            }
            for one in found.get("Messages", [])
        ]

    def call(self, kind: str, records: Sequence[Mapping[str, Any]]) -> list[str]:
        """Call the function of a queue; return the ids of the messages that it hands back."""
        answered = json.loads(json.dumps(QUEUES[kind][1]({"Records": list(records)}, CONTEXT)))
        assert answered.keys() == {"batchItemFailures"}
        return [one["itemIdentifier"] for one in answered["batchItemFailures"]]

    def settle(self, kind: str, records: Sequence[Mapping[str, Any]], back: Sequence[str]) -> None:
        """Delete what was done; have the rest come again, at once and not when its time is over."""
        for record in records:
            receipt = {"QueueUrl": self.queues[kind], "ReceiptHandle": record["receiptHandle"]}
            if record["messageId"] in back:
                self.sqs.change_message_visibility(**receipt, VisibilityTimeout=0)
            else:
                self.sqs.delete_message(**receipt)

    def deliver(self, kind: str) -> tuple[list[str], list[str]]:
        """Hand what waits to its function; return the bodies, and those that come again."""
        records = self.receive(kind)
        back = self.call(kind, records) if records else []
        self.settle(kind, records, back)
        bodies = {record["messageId"]: record["body"] for record in records}
        return list(bodies.values()), [bodies[one] for one in back]

    def drain(self, kind: str) -> None:
        """Hand on what waits until nothing does."""
        ends_at = time.monotonic() + 20
        while self.deliver(kind)[0]:
            assert time.monotonic() < ends_at, "messages keep coming"

    def dead_letters(self, kind: str) -> list[str]:
        """Return the bodies of what was set aside."""
        found = self.sqs.receive_message(
            QueueUrl=self.dead[kind], MaxNumberOfMessages=10, VisibilityTimeout=0
        )
        return [one["Body"] for one in found.get("Messages", [])]

    def close(self) -> None:
        for kept in (query_runner._kept, export_writer._kept):
            for services in kept.made.values():
                services.close()
            kept.made.clear()
        self._stack.close()

    def _make_queue(self, kind: str) -> str:
        redrive = RESOURCES[QUEUES[kind][0]]["Properties"]["RedrivePolicy"]
        name = f"{self.bucket}-{kind}"
        self.dead[kind] = self.sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
        attributes = self.sqs.get_queue_attributes(
            QueueUrl=self.dead[kind], AttributeNames=["QueueArn"]
        )["Attributes"]
        policy = {
            "deadLetterTargetArn": attributes["QueueArn"],
            "maxReceiveCount": redrive["maxReceiveCount"],
        }
        made = self.sqs.create_queue(
            QueueName=name, Attributes={"RedrivePolicy": json.dumps(policy)}
        )
        return str(made["QueueUrl"])


@contextmanager
def aws_world(
    moto: MotoServer, faulty: FaultyAws, database_url: str, setenv: Callable[[str, str], None]
) -> Iterator[AwsWorld]:
    """Yield an installation whose functions find it through their environment."""
    with closing(AwsWorld(moto, faulty, database_url)) as world:
        for name, value in world.environment().items():
            setenv(name, value)
        yield world
