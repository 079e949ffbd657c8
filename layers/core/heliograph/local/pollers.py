"""Works queues off: claims batches, calls handlers as Lambda's SQS source does, and settles them.

A message is acknowledged after its handler has succeeded, so a process that is killed at any moment
loses none: what it had claimed is visible again when its visibility ends. A message that succeeded
may come again when the process ends between the two; handlers are made for that.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, Protocol

from heliograph.kernel.errors import HandlerFailed, HandlerTimedOut, HeliographError
from heliograph.kernel.ids import new_id
from heliograph.local.deployment import Function, QueueSource
from heliograph.local.events import make_batch_event
from heliograph.local.invoker import Invoker
from heliograph.platform.queues import Message, Queue

Tell = Callable[..., None]
"""Called with an event's name and its fields, as `platform.log.log` is."""

POLL_SECONDS = 1.0
_LONGEST_PAUSE = 30.0
_LONGEST_BACKOFF = 5.0


class Waker(Protocol):
    """Hears which queues were sent to: `platform.queues_postgres.Wakeups`."""

    def wait(self, seconds: float) -> frozenset[str]:
        """Return the queues that were sent to, at the latest after ``seconds``."""
        ...

    def close(self) -> None:
        """Stop listening."""
        ...


class Pollers:
    """One listener, and for each source as many threads as it has workers.

    Of those that have nothing to do one looks every second, and each at once when something was
    sent. `stop` lets running batches end.
    """

    def __init__(
        self,
        sources: Sequence[tuple[QueueSource, Queue]],
        invoker: Invoker,
        *,
        waker: Waker,
        tell: Tell,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._sources = sources
        self._invoker = invoker
        self._waker = waker
        self._tell = tell
        self._poll_seconds = poll_seconds
        self._stopping = threading.Event()
        self._bells: dict[str, threading.Condition] = {
            source.queue.name: threading.Condition() for source, _ in sources
        }
        self._rung: dict[str, int] = dict.fromkeys(self._bells, 0)
        self._is_watched: dict[str, bool] = dict.fromkeys(self._bells, False)
        self._threads: list[threading.Thread] = []
        self._running: dict[int, tuple[Queue, Sequence[Message]]] = {}  # by thread

    def start(self) -> None:
        """Begin."""
        if self._sources:
            self._spawn("queue-listener", self._listen)
        for source, queue in self._sources:
            for number in range(source.workers):
                self._spawn(f"queue-{source.queue.name}-{number}", self._work, source, queue)

    def stop(self, seconds: float) -> bool:
        """Take nothing more; return whether all batches that ran have ended within ``seconds``.

        The messages of those that have not are released: whoever comes next does them at once.
        """
        self._stopping.set()
        for name in self._bells:
            self._ring(name)
        ends_at = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, ends_at - time.monotonic()))
        for queue, messages in list(self._running.values()):
            for message in messages:
                with suppress(HeliographError):  # then they come back when their time is over
                    queue.release(message)
        return not any(thread.is_alive() for thread in self._threads)

    def _spawn(self, name: str, call: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=call, args=arguments, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _listen(self) -> None:
        try:
            while not self._stopping.is_set():
                for name in self._waker.wait(self._poll_seconds):
                    if name in self._bells:
                        self._ring(name)
        finally:
            self._waker.close()

    def _ring(self, name: str) -> None:
        with self._bells[name]:
            self._rung[name] += 1
            self._bells[name].notify_all()

    def _work(self, source: QueueSource, queue: Queue) -> None:
        name = source.queue.name
        pause = self._poll_seconds
        while not self._stopping.is_set():
            heard = self._rung[name]
            try:
                messages = self._claim(source, queue)
                pause = self._poll_seconds
                if messages:
                    self._have_watched(name)
                    self._do(source, queue, messages)
                    continue
            except Exception as error:  # noqa: BLE001  # the edge: a worker never ends by itself
                # Most likely the app database is away: come back, less often.
                self._tell("queue.failed", queue=name, **what_failed(error))
                pause = min(pause * 2, _LONGEST_BACKOFF)
            self._rest(name, heard, pause)

    def _rest(self, name: str, heard: int, pause: float) -> None:
        """Wait until the bell rings; who is the first to wait looks again after ``pause``."""
        with self._bells[name]:
            if self._rung[name] != heard or self._stopping.is_set():
                return
            if self._is_watched[name]:
                self._bells[name].wait(_LONGEST_PAUSE)
                return
            self._is_watched[name] = True
            self._bells[name].wait(pause)
            self._is_watched[name] = False

    def _have_watched(self, name: str) -> None:
        """Have another one look every second, while this one works."""
        with self._bells[name]:
            if not self._is_watched[name]:
                self._bells[name].notify()

    def _claim(self, source: QueueSource, queue: Queue) -> list[Message]:
        """Return the messages of one batch; when it is not full, those of the window that follows.

        A window is waited for only when there is a first message, as Lambda does.
        """
        visibility = timedelta(seconds=source.queue.visibility_seconds)
        messages = queue.receive(most=min(source.batch_size, 10), visibility=visibility)
        ends_at = time.monotonic() + source.window_seconds
        while messages and len(messages) < source.batch_size and not self._stopping.is_set():
            left = ends_at - time.monotonic()
            if left <= 0:
                break
            self._stopping.wait(min(left, self._poll_seconds))
            room = min(source.batch_size - len(messages), 10)
            messages += queue.receive(most=room, visibility=visibility)
        return messages

    def _do(self, source: QueueSource, queue: Queue, messages: Sequence[Message]) -> None:
        if self._stopping.is_set():
            for message in messages:
                queue.release(message)
            return
        function = source.function
        started = time.monotonic()
        code = None
        self._running[threading.get_ident()] = (queue, messages)
        try:
            answer = call_and_wait(self._invoker, function, make_batch_event(source, messages))
            failed = failed_ids(answer, source, messages)
        except HeliographError as error:
            code, failed = error.code, frozenset(message.id for message in messages)
        finally:
            del self._running[threading.get_ident()]
        queue.acknowledge([message for message in messages if message.id not in failed])
        self._tell(
            "queue.batch",
            queue=source.queue.name,
            function=function.name,
            messages=len(messages),
            failed=len(failed) or None,
            code=code,
            ms=round((time.monotonic() - started) * 1000, 1),
        )


def call_and_wait(invoker: Invoker, function: Function, event: Mapping[str, Any]) -> Any:
    """Call a handler and return its answer.

    Raises what `Invoker.start` says, and `HandlerTimedOut` when its time is up; the thread that
    calls is free only when the handler has really ended, or has ignored that for a while.
    """
    seconds = float(function.timeout_seconds)
    ended = threading.Event()
    job = invoker.start(function, event, str(new_id()), seconds=seconds, at_end=ended.set)
    try:
        return job.future.result(timeout=seconds)
    except TimeoutError:
        job.interrupt()
        ended.wait(_LONGEST_PAUSE)
        raise HandlerTimedOut(
            f"The function {function.name} was not done within {seconds:g} seconds."
        ) from None


def what_failed(error: Exception) -> dict[str, str]:
    """Return what a line of the log says of an error: its code, or the kind of one that is a bug.

    Its message is left out: it may hold data.
    """
    if isinstance(error, HeliographError):
        return {"code": error.code}
    return {"code": "unexpected", "error": type(error).__name__}


def failed_ids(answer: Any, source: QueueSource, messages: Sequence[Message]) -> frozenset[str]:
    """Return the ids of the messages that are to come again, as Lambda reads the answer.

    All of them where an entry names none of the batch; none where the source does not look.
    Raises `HandlerFailed` for an answer of another shape.
    """
    if not source.has_partial_failures or answer is None:
        return frozenset()
    failures = answer.get("batchItemFailures") if isinstance(answer, dict) else None
    if isinstance(answer, dict) and failures is None:
        return frozenset()
    if not isinstance(failures, list) or not all(isinstance(item, dict) for item in failures):
        raise HandlerFailed(f"The function {source.function.name} gave no list of failures.")
    known = frozenset(message.id for message in messages)
    named = frozenset(item.get("itemIdentifier") for item in failures)
    return known if named - known else named
