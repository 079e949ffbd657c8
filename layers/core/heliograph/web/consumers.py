"""The edge of functions that queues call: each message for itself, and who is to come again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from heliograph.kernel.errors import HeliographError, PlatformError
from heliograph.platform.log import log
from heliograph.platform.settings import AppSettings, read_app_settings, read_environment
from heliograph.web.errors import trace
from heliograph.web.services import Services

Failures = dict[str, list[dict[str, str]]]
"""What Lambda is answered: ``batchItemFailures`` names the messages that are to come again."""


class QueueMessage(Protocol):
    """What a body was read as."""

    def to_body(self) -> str:
        """Return the body that it was read from."""
        ...

    def told(self) -> Mapping[str, str | None]:
        """Return what the log may hold of it: ids."""
        ...


MessageT = TypeVar("MessageT", bound=QueueMessage)


class _ComesAgain(Exception):
    """A message is to come again; ``is_unforeseen`` says that an error of ours is the reason."""

    def __init__(self, *, is_unforeseen: bool = False) -> None:
        super().__init__()
        self.is_unforeseen = is_unforeseen


@dataclass(frozen=True, slots=True)
class Consumer(Generic[MessageT]):
    """Takes the messages of a queue for one function, a folder of ``functions/``.

    ``read`` makes a message of a body and raises ValueError for a body that is none: such a message
    goes where dead letters go, for somebody to see.
    """

    function: str
    read: Callable[[str], MessageT]

    def take(
        self, event: Mapping[str, Any], work: Callable[[MessageT], Mapping[str, Any]]
    ) -> Failures:
        """Do each message of an event of SQS and return those that are to come again.

        ``work`` returns what is logged of what it did; a message for which it raises comes again,
        and the others of the batch do not. An error that nobody foresaw is logged without its
        message, which may hold data. A message that is alone with one raises `PlatformError`, so
        that the function's Errors count it; for its queue that is the same.
        """
        records = event["Records"]
        failed: list[dict[str, str]] = []
        for record in records:
            try:
                self._do(record, work)
            except _ComesAgain as again:
                if again.is_unforeseen and len(records) == 1:
                    raise PlatformError(
                        "A message could not be dealt with.",
                        hint=f"The log says where it failed: {self.function}.failed.",
                    ) from None
                failed.append({"itemIdentifier": record["messageId"]})
        return {"batchItemFailures": failed}

    def _do(self, record: Mapping[str, Any], work: Callable[[MessageT], Mapping[str, Any]]) -> None:
        message: MessageT | None = None
        try:
            message = self.read(record["body"])
            done = work(message)
        except HeliographError as error:
            told = {} if message is None else message.told()
            log(f"{self.function}.failed", **told, code=error.code)
            raise _ComesAgain from None
        except Exception as error:  # noqa: BLE001  # the edge: the other messages are not to suffer
            if message is None and isinstance(error, ValueError):
                log(f"{self.function}.message_invalid", message=record["messageId"])
                raise _ComesAgain from None
            told = {"message": record["messageId"]} if message is None else message.told()
            log(f"{self.function}.failed", **told, code="unexpected", trace=trace(error))
            raise _ComesAgain(is_unforeseen=True) from None
        log(f"{self.function}.done", **message.told(), **done)


class KeptServices:
    """The services of one function, kept for its next call: warm connections are in them.

    Threads may share it. Where the environment has changed there are others.
    """

    def __init__(self, function: str) -> None:
        self._function = function
        self.made: dict[AppSettings, Services] = {}

    def open(self) -> Services:
        """Return the services for what the environment says. Raises `SettingsMissing`."""
        environment = read_environment()
        settings = read_app_settings(self._function, environment)
        if settings not in self.made:
            self.made.setdefault(settings, Services(settings, environment))
        return self.made[settings]


def seconds_left(context: Any) -> Callable[[], float]:
    """Return what tells how many seconds a function has left, by what Lambda hands it."""
    return lambda: context.get_remaining_time_in_millis() / 1000
