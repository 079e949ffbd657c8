"""Calls handlers as Lambda does: with a context, a time limit, a size limit, nothing afterwards."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import orjson

from heliograph.kernel.errors import AnswerTooLarge, DeploymentInvalid, HandlerFailed
from heliograph.local.deployment import Deployment, Function
from heliograph.local.events import make_context
from heliograph.local.workers import Job, TimeIsUp, Workers

Handler = Callable[[Mapping[str, Any], Any], Any]

MOST_ANSWER_BYTES = 6 * 1024 * 1024
_HEAD_BYTES = 16 * 1024
_SURELY_SMALL = MOST_ANSWER_BYTES // 8  # JSON makes at most six bytes of one


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What must be the same after a handler as it was before: asked in tests, by ``strict``."""

    threads: frozenset[int]
    transactions: int


class Invoker:
    """The functions of a deployment, loaded; each call runs on a thread of its own.

    ``is_strict`` fails a handler that leaves a thread or, as ``open_transactions`` counts them, a
    transaction behind; it is meant for one call at a time.
    """

    def __init__(
        self,
        deployment: Deployment,
        *,
        is_strict: bool = False,
        open_transactions: Callable[[], int] = lambda: 0,
    ) -> None:
        self._handlers = {f.logical_id: load_handler(f) for f in deployment.functions}
        self._workers = Workers(name="handler")
        self._is_strict = is_strict
        self._open_transactions = open_transactions

    def start(
        self,
        function: Function,
        event: Mapping[str, Any],
        request_id: str,
        *,
        seconds: float,
        at_end: Callable[[], None] = lambda: None,
    ) -> Job:
        """Call the handler of ``function`` on a thread; it is told that it has ``seconds``.

        Whoever waits for the job ends the wait, and interrupts it, when the time is up. The future
        raises `HandlerFailed` for an answer that Lambda would not take and for an exception.
        """

        def call() -> Any:
            return self._call(function, event, request_id, seconds)

        return self._workers.start(call, at_end)

    def _call(
        self, function: Function, event: Mapping[str, Any], request_id: str, seconds: float
    ) -> Any:
        context = make_context(function, request_id, seconds)
        before = self._leftovers() if self._is_strict else None
        try:
            answer = self._handlers[function.logical_id](event, context)
        except TimeIsUp:
            raise
        except BaseException as error:  # SystemExit too: a handler ends itself, never the server
            raise HandlerFailed(
                f"The function {function.name} failed with {type(error).__name__}."
            ) from error
        require_small(answer, function, is_strict=self._is_strict)
        if before is not None:
            self._require_clean(function, before)
        return answer

    def _leftovers(self) -> Leftovers:
        known = frozenset(thread.ident or 0 for thread in threading.enumerate())
        return Leftovers(known, self._open_transactions())

    def _require_clean(self, function: Function, before: Leftovers) -> None:
        left = [
            thread.name
            for thread in threading.enumerate()
            if thread.ident not in before.threads and not thread.name.startswith("handler-")
        ]
        if left:
            raise HandlerFailed(
                f"The function {function.name} left a thread behind: {', '.join(left)}.",
                hint="Lambda freezes a function when it has answered: end threads before.",
            )
        if self._open_transactions() > before.transactions:
            raise HandlerFailed(f"The function {function.name} left a transaction open.")


def require_small(answer: Any, function: Function, *, is_strict: bool = False) -> None:
    """Raise `AnswerTooLarge` for what does not fit a response of Lambda, in JSON.

    Raises `HandlerFailed` for what cannot be written as JSON, where that is looked at.
    """
    body = answer.get("body") if isinstance(answer, dict) else None
    if not is_strict and isinstance(body, str) and len(body) < _SURELY_SMALL:
        return
    is_plain = isinstance(answer, dict) and answer.get("isBase64Encoded") is True
    if isinstance(body, str) and (len(body) > MOST_ANSWER_BYTES or (is_plain and not is_strict)):
        size = len(body) + _HEAD_BYTES  # JSON escapes nothing of base64
    else:
        try:
            size = len(orjson.dumps(answer))
        except TypeError as error:
            raise HandlerFailed(
                f"The function {function.name} answered with what JSON cannot hold."
            ) from error
    if size > MOST_ANSWER_BYTES:
        raise AnswerTooLarge(
            f"The function {function.name} answered with more than"
            f" {MOST_ANSWER_BYTES // 1024 // 1024} MB.",
            hint="Ask for fewer rows at once.",
        )


def load_handler(function: Function) -> Handler:
    """Import and return the handler of a function.

    Raises `DeploymentInvalid` when it is not there or when another module has its name.
    """
    module_name, _, attribute = function.handler.rpartition(".")
    folder = str(function.folder)
    if folder not in sys.path:
        sys.path.append(folder)
    try:
        module = import_module(module_name)
    except ImportError as error:
        raise DeploymentInvalid(
            f"The handler {function.handler} of {function.logical_id} cannot be imported: {error}."
        ) from error
    source = Path(module.__file__ or "").resolve()
    if not source.is_relative_to(function.folder):
        raise DeploymentInvalid(
            f"The handler {function.handler} is not that of {function.folder}: another module"
            f" has its name, {source}."
        )
    handler = getattr(module, attribute, None)
    if not callable(handler):
        raise DeploymentInvalid(
            f"The module {module_name} has no function {attribute}, which {function.logical_id}"
            " names as its handler."
        )
    return handler  # type: ignore[no-any-return]
