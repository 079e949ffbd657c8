"""Threads that call handlers: told when their time is up, and counted until they really end.

A thread cannot be killed. When a handler's time is up whoever waits is told so at once, and the
thread gets an exception at its next step in Python; its place stays taken until it has really
ended, so that handlers that hang can never pile up.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any

_IDLE_SECONDS = 30.0


class TimeIsUp(BaseException):
    """Raised inside a handler that has run too long. Not an Exception: nobody is to catch it."""


class Job:
    """One call on a thread of `Workers`; ``future`` has what it returned or raised."""

    def __init__(self, call: Callable[[], Any], at_end: Callable[[], None]) -> None:
        self.future: Future[Any] = Future()
        self.at_end = at_end
        self._call = call
        self._lock = threading.Lock()
        self._thread_id: int | None = None
        self._is_over = False

    def interrupt(self) -> None:
        """Tell the thread that its time is up, unless it has ended."""
        with self._lock:
            if self._thread_id is not None and not self._is_over:
                _raise_in_thread(self._thread_id, TimeIsUp)

    def run(self) -> None:
        """Do the call; nothing leaves it."""
        if not self.future.set_running_or_notify_cancel():
            return
        with self._lock:
            self._thread_id = threading.get_ident()
        try:
            result: Any = self._call()
            error: BaseException | None = None
        except BaseException as caught:  # noqa: BLE001  # handed over to whoever waits
            result, error = None, caught
        self._end()
        if error is not None:
            self.future.set_exception(error)
        else:
            self.future.set_result(result)

    def _end(self) -> None:
        while not self._is_over:
            try:
                with self._lock:
                    _raise_in_thread(threading.get_ident(), None)  # one that is still under way
                    self._is_over = True
            except TimeIsUp:  # it came just before the lock
                pass


class Workers:
    """Threads for jobs. Who calls `start` bounds their number: it takes an idle one or a new one.

    Threads that were idle for a while end. They are daemons: a handler that hangs does not keep
    the process from ending.
    """

    def __init__(self, *, name: str) -> None:
        self._name = name
        self._jobs: SimpleQueue[Job] = SimpleQueue()
        self._lock = threading.Lock()
        self._idle = 0
        self._threads = 0

    @property
    def threads(self) -> int:
        """How many threads there are."""
        return self._threads

    def start(self, call: Callable[[], Any], at_end: Callable[[], None] = lambda: None) -> Job:
        """Begin ``call`` on a thread; ``at_end`` is called there once it has really ended.

        Raises RuntimeError when the system has no thread left; nothing has begun then.
        """
        job = Job(call, at_end)
        with self._lock:
            if self._idle:
                self._idle -= 1
            else:
                name = f"{self._name}-{self._threads + 1}"
                threading.Thread(target=self._work, name=name, daemon=True).start()
                self._threads += 1
            self._jobs.put(job)
        return job

    def _work(self) -> None:
        while True:
            try:
                job = self._jobs.get(timeout=_IDLE_SECONDS)
            except Empty:
                with self._lock:
                    if not self._idle:
                        continue  # a job was promised to this thread just now
                    self._idle -= 1
                    self._threads -= 1
                    return
            job.run()
            at_end = job.at_end
            del job  # what it returned may be large
            with self._lock:
                self._idle += 1
            at_end()


def _raise_in_thread(thread_id: int, error: type[BaseException] | None) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread_id), ctypes.py_object(error) if error else None
    )
