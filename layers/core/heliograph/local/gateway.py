"""The application behind the HTTP server: API Gateway, the site and signed links, on one machine.

::

    /api/...     a REST proxy event for the function that the template names
    /blobs/...   what a signed link leads to
    the rest     the site's files

Whoever asks for more than there is room for is told so at once, and nothing piles up.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from heliograph.kernel.clock import Clock, SystemClock
from heliograph.kernel.errors import (
    BodyMalformed,
    BodyTooLarge,
    HandlerFailed,
    HandlerTimedOut,
    HeliographError,
    LinkInvalid,
    MethodUnsupported,
    NotFound,
    Overloaded,
    RouteUnknown,
)
from heliograph.kernel.ids import new_id
from heliograph.local.admission import Places, Rates
from heliograph.local.answers import Answer, error_answer, handler_answer
from heliograph.local.deployment import Deployment, Resource
from heliograph.local.events import Request, make_proxy_event
from heliograph.local.invoker import Invoker
from heliograph.local.site import Site
from heliograph.local.workers import Job

if TYPE_CHECKING:
    from heliograph.platform.blob_store_folder import FolderBlobStore

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

MOST_BODY_BYTES = 10 * 1024 * 1024
_SMALL_BODY_BYTES = 64 * 1024
_MOST_DRAINED_BYTES = 4 * MOST_BODY_BYTES
_CHUNK_BYTES = 256 * 1024
_LINGER_SECONDS = 10.0
_LINGER_QUIET_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What one machine takes on at once. Times are in seconds."""

    running: int = 16
    waiting: int = 128
    wait_seconds: float = 5.0
    requests_per_second: float = 100.0
    burst: int = 400
    body_seconds: float = 30.0
    large_bodies: int = 16
    answer_seconds: float = 29.0


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of a request that the gateway itself has refused; a log may keep it."""

    method: str
    path: str
    status: int
    seconds: float
    request_id: str
    code: str


@dataclass
class Neighbours:
    """What the gateway hands on to."""

    deployment: Deployment
    invoker: Invoker
    site: Site
    blobs: FolderBlobStore | None = None
    clock: Clock = field(default_factory=SystemClock)
    tell: Callable[[Told], None] = lambda _: None


class Gateway:
    """An ASGI application. Makes its places in the event loop that first calls it."""

    def __init__(self, neighbours: Neighbours, limits: Limits | None = None) -> None:
        self._to = neighbours
        self._limits = limits or Limits()
        self._places = Places(
            self._limits.running,
            waiting=self._limits.waiting,
            wait_seconds=self._limits.wait_seconds,
        )
        self._rates = Rates(self._limits.requests_per_second, self._limits.burst)
        self._large_bodies = 0

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        started = time.monotonic()
        request_id = str(new_id())
        path = scope["raw_path"].decode("ascii", "replace")
        code, file = None, None
        is_head = scope["method"] == "HEAD"
        body = _Body(receive)
        try:
            answer = await self._answer(scope, path, body, request_id)
            if answer.path is not None and not is_head:
                file = await asyncio.to_thread(_open, answer.path)
        except HeliographError as error:
            answer, code = error_answer(error, request_id), error.code
            answer.is_last = _has_body(scope) and not body.is_whole
        except _ClientLeft:
            return
        except Exception as error:  # noqa: BLE001  # the edge: no traceback reaches a client
            failed = HeliographError(f"Unexpected {type(error).__name__} in the gateway.")
            answer, code = error_answer(failed, request_id), failed.code
        if code is not None:  # handlers tell of their own
            seconds = time.monotonic() - started
            self._to.tell(Told(scope["method"], path, answer.status, seconds, request_id, code))
        await _send(answer, file, send, body, is_head=is_head)

    async def _answer(
        self, scope: Mapping[str, Any], path: str, body: _Body, request_id: str
    ) -> Answer:
        client = scope["client"][0] if scope.get("client") else "127.0.0.1"
        self._rates.take(client)
        if path == "/api" or path.startswith("/api/"):
            resource = self._to.deployment.find(path)
            if resource is None:
                raise RouteUnknown("There is nothing at this path.")
            return await self._call(resource, scope, path, body, request_id, client)
        headers = {name.decode("latin-1"): v.decode("latin-1") for name, v in scope["headers"]}
        if path.startswith("/blobs/") and self._to.blobs is not None:
            return await asyncio.to_thread(self._linked, scope["method"], path, scope)
        found = await asyncio.to_thread(self._to.site.answer, scope["method"], path, headers)
        if found.status == 404:
            raise NotFound("There is no such page.")
        if found.status == 405:
            raise MethodUnsupported("Pages are only read.")
        return Answer(found.status, list(found.headers.items()), path=found.path, size=found.size)

    def _linked(self, method: str, path: str, scope: Mapping[str, Any]) -> Answer:
        if method not in ("GET", "HEAD"):
            raise MethodUnsupported("A link is only read.")
        if self._to.blobs is None:
            raise LinkInvalid("There is nothing behind links here.")
        query = dict(parse_qsl(scope["query_string"].decode("ascii", "replace")))
        found = self._to.blobs.open_linked(unquote(path), query)
        return Answer(200, list(found.headers.items()), path=found.path, size=found.size)

    async def _call(
        self,
        resource: Resource,
        scope: Mapping[str, Any],
        path: str,
        body: _Body,
        request_id: str,
        client: str,
    ) -> Answer:
        try:
            content = await self._read_body(scope, body)
            headers = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in scope["headers"]]
            request = Request(
                scope["method"],
                path,
                scope["query_string"].decode("ascii", "replace"),
                _forwarded(headers, client),
                content,
                client,
                request_id,
                scope["http_version"],
            )
            return handler_answer(await self._invoke(resource, request))
        finally:
            if body.is_large:
                self._large_bodies -= 1

    async def _invoke(self, resource: Resource, request: Request) -> Any:
        """Call the handler in a place of its own, which is free again when its thread ends."""
        seconds = min(float(resource.function.timeout_seconds), self._limits.answer_seconds)
        await self._places.enter()
        try:
            job = self._begin(resource, request, seconds)
        except BaseException as error:  # whatever it was, nobody sits there
            self._places.leave()
            if isinstance(error, RuntimeError):
                raise Overloaded("This machine has no thread left.") from error
            raise
        try:
            return await asyncio.wait_for(asyncio.wrap_future(job.future), seconds)
        except TimeoutError:
            job.interrupt()
            raise HandlerTimedOut(
                f"There was no answer within {seconds:g} seconds.",
                hint="Ask for less at once, or try again.",
            ) from None

    def _begin(self, resource: Resource, request: Request, seconds: float) -> Job:
        loop = asyncio.get_running_loop()

        def at_end() -> None:
            with suppress(RuntimeError):  # the loop has ended meanwhile, and its places with it
                loop.call_soon_threadsafe(self._places.leave)

        event = make_proxy_event(request, resource, self._to.clock.now())
        return self._to.invoker.start(
            resource.function, event, request.request_id, seconds=seconds, at_end=at_end
        )

    async def _read_body(self, scope: Mapping[str, Any], body: _Body) -> bytes:
        """Return the whole body. Who has called counts a large one out when it is done with it."""
        declared = _declared_size(scope)
        if declared > MOST_BODY_BYTES:
            raise _too_large()
        if declared > _SMALL_BODY_BYTES:
            self._take_large(body)
        content = bytearray()
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                async for chunk in body.chunks():
                    content += chunk
                    if len(content) > MOST_BODY_BYTES:
                        raise _too_large()
                    if len(content) > _SMALL_BODY_BYTES and not body.is_large:
                        self._take_large(body)
        except TimeoutError:
            raise BodyMalformed("The body did not arrive in time.") from None
        return bytes(content)

    def _take_large(self, body: _Body) -> None:
        if self._large_bodies >= self._limits.large_bodies:
            raise Overloaded("Too many large bodies are arriving.", hint="Try again in a moment.")
        self._large_bodies += 1
        body.is_large = True


class _ClientLeft(Exception):
    """The client closed the connection before its request was whole."""


class _Body:
    """A body as it arrives. ``is_whole`` when all of it has, ``is_large`` when it is counted so."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.is_whole = False
        self.is_large = False

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield what has not been read yet. Raises `_ClientLeft`."""
        while not self.is_whole:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise _ClientLeft
            self.is_whole = not message.get("more_body")
            yield message.get("body", b"")

    async def linger(self) -> None:
        """Read on for a while: closing on what was not read would take back what was answered."""
        left = _MOST_DRAINED_BYTES
        with suppress(TimeoutError, _ClientLeft):
            async with asyncio.timeout(_LINGER_SECONDS):
                chunks = self.chunks()
                while left > 0 and not self.is_whole:
                    left -= len(await asyncio.wait_for(anext(chunks), _LINGER_QUIET_SECONDS))


def _too_large() -> BodyTooLarge:
    return BodyTooLarge("A body may have at most 10 MB.")


def _open(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError:  # it was removed in this very moment
        raise NotFound("What was here is gone.") from None


def _has_body(scope: Mapping[str, Any]) -> bool:
    return any(name == b"transfer-encoding" for name, _ in scope["headers"]) or bool(
        _declared_size(scope)
    )


def _declared_size(scope: Mapping[str, Any]) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:12])
    return 0


def _forwarded(headers: list[tuple[str, str]], client: str) -> list[tuple[str, str]]:
    """Append whom the request came from to ``X-Forwarded-For``, as API Gateway does."""
    before = [value for name, value in headers if name == "x-forwarded-for"]
    others = [pair for pair in headers if pair[0] != "x-forwarded-for"]
    return [*others, ("x-forwarded-for", ", ".join([*before, client]))]


async def _send(
    answer: Answer, file: IO[bytes] | None, send: Send, body: _Body, *, is_head: bool
) -> None:
    try:
        await send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": answer.raw_headers(),
            }
        )
        if file is None:
            content = b"" if is_head else answer.body
            if answer.is_last:
                await send({"type": "http.response.body", "body": content, "more_body": True})
                await body.linger()
                content = b""
            await send({"type": "http.response.body", "body": content})
            return
        left = answer.size
        while left:
            # Never more than was promised, should the file have grown meanwhile.
            chunk = await asyncio.to_thread(file.read, min(_CHUNK_BYTES, left))
            if not chunk:
                raise HandlerFailed("A file became shorter while it was sent.")
            left -= len(chunk)
            await send({"type": "http.response.body", "body": chunk, "more_body": left > 0})
        if not answer.size:
            await send({"type": "http.response.body", "body": b""})
    finally:
        if file is not None:
            file.close()
