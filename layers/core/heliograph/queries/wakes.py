"""Messages that wake workers up. They may get lost or come twice: what waits is in the database."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from heliograph.kernel.errors import PlatformError
from heliograph.platform.log import log
from heliograph.queries.executions_store import Kind

if TYPE_CHECKING:
    from heliograph.platform.queues import Queue


@dataclass(frozen=True, slots=True)
class Wake:
    """What a message says: look at this connection. What of it was ``lost`` may still run there.

    For an export that needs no connection it is ``execution_id`` alone.
    """

    connection_id: UUID | None = None
    lost: Sequence[UUID] = ()
    execution_id: UUID | None = None

    def told(self) -> Mapping[str, str | None]:
        """Return what the log may hold of it: the ids of connection and execution."""
        return {"connection": _text(self.connection_id), "execution": _text(self.execution_id)}

    def to_body(self) -> str:
        """Return the message as `read_wake` reads it."""
        return json.dumps(
            {
                "connection_id": _text(self.connection_id),
                "lost": [str(one) for one in self.lost],
                "execution_id": _text(self.execution_id),
            }
        )


class Wakes:
    """Wakes up who does queries and who writes exports. Threads may share it."""

    def __init__(self, queues: Mapping[Kind, Callable[[], Queue]]) -> None:
        self._queues = queues

    def send(self, wake: Wake, kind: Kind = Kind.QUERY) -> None:
        """Wake somebody up. Raises nothing: the janitor wakes again those who were not."""
        try:
            self._queues[kind]().send(wake.to_body())
        except PlatformError as error:
            log("query.wake_failed", kind=kind.value, code=error.code)


def read_wake(body: Any) -> Wake:
    """Return what a message says. Raises ValueError for one that is not ours."""
    try:
        found = json.loads(body)
        connection_id, execution_id = found.get("connection_id"), found.get("execution_id")
        wake = Wake(
            None if connection_id is None else UUID(connection_id),
            [UUID(one) for one in found.get("lost") or ()],
            None if execution_id is None else UUID(execution_id),
        )
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        raise ValueError("not a message that wakes anybody up") from error
    if wake.connection_id is None and wake.execution_id is None:
        raise ValueError("a message that names nothing")
    return wake


def _text(one: UUID | None) -> str | None:
    return None if one is None else str(one)
