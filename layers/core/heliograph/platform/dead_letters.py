"""Messages that were received too often: how many there are, and how they come back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from heliograph.kernel.errors import QueueUnavailable

if TYPE_CHECKING:
    from heliograph.platform.database import Database

_POSTGRES = "postgres:"
_READ_SECONDS = 3


def count_dead_letters(
    address: str, *, environment: Mapping[str, str], database: Callable[[], Database]
) -> int:
    """Return how many messages of the queue at ``address`` wait among the dead letters.

    SQS counts them approximately; a queue without a dead-letter queue has none. The address and
    the arguments are those of `open_queue`. Raises as queues do.
    """
    if address.startswith(_POSTGRES):
        rows = database().fetch(
            "SELECT count(*) AS n FROM queue_messages WHERE dead_from = %s",
            [address.removeprefix(_POSTGRES)],
        )
        return int(rows[0]["n"])
    return _count_in_sqs(address, environment)


def redrive_dead_letters(address: str, *, database: Callable[[], Database]) -> int:
    """Bring the dead letters of a queue in the app database back into it; return how many.

    Raises `QueueUnavailable` for a queue of SQS, which has a command of its own for that.
    """
    from heliograph.platform.queues_postgres import PostgresQueue  # noqa: PLC0415

    if not address.startswith(_POSTGRES):
        raise QueueUnavailable(
            "SQS moves dead letters itself.", hint="Run: aws sqs start-message-move-task."
        )
    name = address.removeprefix(_POSTGRES)
    queues = database().fetch(
        "SELECT DISTINCT queue FROM queue_messages WHERE dead_from = %s", [name]
    )
    return sum(
        PostgresQueue(database(), name, dead_letter=row["queue"], most_receives=1).redrive_dead()
        for row in queues
    )


def how_to_redrive(address: str) -> str:
    """Return the command that brings the dead letters of a queue back."""
    if address.startswith(_POSTGRES):
        return "heliograph doctor --redrive, with the same --data-dir or --database-url"
    return "aws sqs start-message-move-task --source-arn ARN-OF-THE-DEAD-LETTER-QUEUE"


def _count_in_sqs(address: str, environment: Mapping[str, str]) -> int:
    from heliograph.platform.aws import aws_errors, open_client  # noqa: PLC0415

    with aws_errors(QueueUnavailable, "SQS", {"AccessDenied": "Allow sqs:GetQueueAttributes."}):
        client = open_client("sqs", environment, read_seconds=_READ_SECONDS, attempts=1)
        try:
            asked = client.get_queue_attributes(QueueUrl=address, AttributeNames=["RedrivePolicy"])
            policy = json.loads(asked.get("Attributes", {}).get("RedrivePolicy", "{}"))
            name = policy.get("deadLetterTargetArn", "").rpartition(":")[2]
            if not name:
                return 0
            # A dead-letter queue is in the region and the account of its queue.
            url = f"{address.rpartition('/')[0]}/{name}"
            attribute = "ApproximateNumberOfMessages"
            counted = client.get_queue_attributes(QueueUrl=url, AttributeNames=[attribute])
            return int(counted["Attributes"][attribute])
        finally:
            client.close()
