"""Queues in Amazon SQS. Visibility after a crash, redrive and dead letters are the queue's own."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from heliograph.kernel.errors import QueueUnavailable
from heliograph.platform.aws import LazyClient, aws_errors, error_code
from heliograph.platform.queues import (
    LONGEST_VISIBILITY,
    MOST_AT_ONCE,
    NO_TIME,
    Message,
    QueueCounts,
    require_fit,
    require_within,
)

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_LONGEST_WAIT = 20
_READ_SECONDS = _LONGEST_WAIT + 5
_STALE = ("ReceiptHandleIsInvalid", "MessageNotInflight", "InvalidParameterValue")
_HINTS = {
    "NonExistentQueue": "Make the queue, or correct its URL.",
    "QueueDoesNotExist": "Make the queue, or correct its URL.",
    "AccessDenied": "The role needs sqs:SendMessage to send, and sqs:ReceiveMessage, "
    "sqs:DeleteMessage, sqs:ChangeMessageVisibility and sqs:GetQueueAttributes to receive.",
    "AccessDeniedException": "The role may not use the queue, or its KMS key.",
}


class SqsQueue:
    """A standard queue of SQS, by its URL; ``environment`` as in `heliograph.platform.aws`."""

    def __init__(self, url: str, environment: Mapping[str, str]) -> None:
        self._url = url
        self._lazy = LazyClient("sqs", environment, read_seconds=_READ_SECONDS)

    def send(self, body: str, *, delay: timedelta = NO_TIME) -> str:
        """Put a message into the queue; return its id."""
        require_fit(body, delay)
        with self._explained():
            sent = self._client().send_message(
                QueueUrl=self._url, MessageBody=body, DelaySeconds=_seconds(delay)
            )
            return sent["MessageId"]

    def receive(
        self, *, most: int = 10, visibility: timedelta, wait: timedelta = NO_TIME
    ) -> list[Message]:
        """Return messages, hidden for ``visibility`` (whole seconds, rounded up)."""
        require_within(visibility, LONGEST_VISIBILITY)
        with self._explained():
            answer = self._client().receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=min(most, MOST_AT_ONCE),
                VisibilityTimeout=_seconds(visibility),
                WaitTimeSeconds=min(_seconds(wait), _LONGEST_WAIT),
                MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
            )
        return [
            Message(
                id=one["MessageId"],
                body=one["Body"],
                receipt=one["ReceiptHandle"],
                receive_count=int(one["Attributes"]["ApproximateReceiveCount"]),
                sent_at=datetime.fromtimestamp(int(one["Attributes"]["SentTimestamp"]) / 1000, UTC),
            )
            for one in answer.get("Messages", [])
        ]

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Remove messages; receipts that SQS knows no more are passed over."""
        for start in range(0, len(messages), MOST_AT_ONCE):
            batch = messages[start : start + MOST_AT_ONCE]
            with self._explained():
                answer = self._client().delete_message_batch(
                    QueueUrl=self._url,
                    Entries=[
                        {"Id": str(number), "ReceiptHandle": message.receipt}
                        for number, message in enumerate(batch)
                    ],
                )
            refused = {failure["Code"] for failure in answer.get("Failed", [])}
            if unexpected := refused.difference(_STALE):
                raise QueueUnavailable(f"SQS could not remove messages ({min(unexpected)}).")

    def release(self, message: Message, *, after: timedelta = NO_TIME) -> None:
        """Let a message be received again."""
        require_within(after, LONGEST_VISIBILITY)
        with self._explained():
            from botocore.exceptions import ClientError  # noqa: PLC0415

            try:
                self._client().change_message_visibility(
                    QueueUrl=self._url,
                    ReceiptHandle=message.receipt,
                    VisibilityTimeout=_seconds(after),
                )
            except ClientError as error:
                if error_code(error) not in _STALE:
                    raise

    def counts(self) -> QueueCounts:
        """Return how many messages there are, approximately."""
        with self._explained():
            answer = self._client().get_queue_attributes(
                QueueUrl=self._url,
                AttributeNames=[
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesNotVisible",
                    "ApproximateNumberOfMessagesDelayed",
                ],
            )
        found = answer["Attributes"]
        return QueueCounts(
            waiting=int(found["ApproximateNumberOfMessages"]),
            in_flight=int(found["ApproximateNumberOfMessagesNotVisible"]),
            delayed=int(found["ApproximateNumberOfMessagesDelayed"]),
        )

    def close(self) -> None:
        """Give back connections; the next use makes new ones."""
        self._lazy.close()

    def _client(self) -> SQSClient:
        client: SQSClient = self._lazy.get()
        return client

    def _explained(self) -> AbstractContextManager[None]:
        return aws_errors(QueueUnavailable, "SQS", _HINTS)


def _seconds(duration: timedelta) -> int:
    return math.ceil(duration.total_seconds())
