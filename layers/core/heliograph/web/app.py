"""The handler of an API function: an event becomes a request, a route runs, an answer goes back.

The gateway sends everything of a noun to one function (``/api/<noun>`` and ``{proxy+}``); here the
path becomes the declared route again, and Chalice calls what is declared for it. Nothing is
opened before the first request, and threads may share a handler: what belongs to one request is
kept beside Chalice's app, which is only read.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from chalice.app import Chalice, Response

from heliograph.kernel.errors import (
    AnswerTooLarge,
    HeliographError,
    MethodUnsupported,
    RouteUnknown,
    SettingsMissing,
)
from heliograph.platform.log import log
from heliograph.platform.settings import read_app_settings, read_environment
from heliograph.web.answers import Reply, reply_to_error, reply_with, write_event
from heliograph.web.authentication import authenticate, authorize
from heliograph.web.contract import Call, Route
from heliograph.web.errors import status_of, trace, unexpected
from heliograph.web.functions import API_FUNCTIONS, load_routes
from heliograph.web.limits import count_call
from heliograph.web.matching import Match, RouteTable
from heliograph.web.origins import allowed_origins, cors_headers, refuse_foreign_pages
from heliograph.web.requests import Request, read_request
from heliograph.web.services import Services
from heliograph.web.validation import read_body, read_ids, read_query

if TYPE_CHECKING:
    from heliograph.kernel.actors import Actor

Handler: TypeAlias = Callable[[Mapping[str, Any], Any], dict[str, Any]]

_MOST_METHOD = 10


@dataclass(frozen=True, slots=True)
class _Parts:
    """What an instance of a function is made of."""

    table: RouteTable
    app: Chalice
    services: Services
    proxies: int


@dataclass(slots=True)
class _Exchange:
    """One request on its way, and what has become known of it."""

    request: Request
    began: float
    is_cold: bool
    parts: _Parts | None = None
    route: Route | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    methods: tuple[str, ...] = ()
    actor: Actor | None = None
    code: str | None = None


_current: ContextVar[tuple[_Exchange, _Parts]] = ContextVar("heliograph_web_exchange")


def make_handler(
    function: str,
    routes: Sequence[Route] | None = None,
    *,
    services: Services | None = None,
) -> Handler:
    """Return the handler of an API function, which answers REST proxy events.

    ``routes`` are those of the function's modules unless given; ``services`` are made from its
    settings, at the first request, unless given. The handler raises nothing: what goes wrong
    becomes an answer and a line in the log.
    """
    if routes is None:
        # Now and not at the first request: Lambda lends a whole processor while it imports.
        routes = load_routes(API_FUNCTIONS[function])
    return _ApiFunction(function, routes, services)


class _ApiFunction:
    def __init__(self, function: str, routes: Sequence[Route], services: Services | None) -> None:
        self._function = function
        self._routes = routes
        self._services = services
        self._lock = threading.Lock()
        self._parts: _Parts | None = None

    def __call__(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        began = time.perf_counter()
        exchange = _Exchange(read_request(event), began, is_cold=self._parts is None)
        reply = _guarded(exchange, lambda: self._serve(exchange, event, context))
        headers = _headers_around(exchange, reply)
        try:
            written = write_event(reply, exchange.request, headers)
        except AnswerTooLarge as error:
            reply = _told(exchange, error)
            written = write_event(reply, exchange.request, headers)
        self._log(exchange, reply)
        return written

    def _serve(self, exchange: _Exchange, event: Mapping[str, Any], context: Any) -> Reply:
        parts = exchange.parts = self._parts or self._make()
        request = exchange.request
        match = parts.table.find(request.path)
        if match is None:
            raise RouteUnknown("There is nothing at this path.")
        exchange.methods = match.methods
        if _is_preflight(request, parts.services):
            return Reply(204)
        method = "GET" if request.method == "HEAD" else request.method
        route = match.routes.get(method)
        if route is None:
            allowed = ", ".join(match.methods)
            raise MethodUnsupported(
                "This path exists, but not with this method.", hint=f"There is {allowed}."
            )
        exchange.route, exchange.texts = route, match.texts
        before = _current.set((exchange, parts))
        try:
            return _from_chalice(parts.app(_declared_event(event, match, route), context))
        finally:
            _current.reset(before)

    def _make(self) -> _Parts:
        with self._lock:
            if self._parts is None:
                services = self._services or _open_services(self._function)
                self._parts = _Parts(
                    RouteTable(self._routes),
                    _make_app(self._function, self._routes),
                    services,
                    _read_proxies(services.settings.proxies),
                )
            return self._parts

    def _log(self, exchange: _Exchange, reply: Reply) -> None:
        actor = exchange.actor
        log(
            "http.request",
            request_id=exchange.request.request_id,
            function=self._function,
            method=exchange.request.method[:_MOST_METHOD],
            route=exchange.route.path if exchange.route else None,
            status=reply.status,
            code=exchange.code,
            duration_ms=round((time.perf_counter() - exchange.began) * 1000, 2),
            user=actor.user_id if actor else None,
            cold=exchange.is_cold or None,
        )


def _run() -> Response:
    """Answer the current request by its route; what Chalice calls, whatever the route."""
    exchange, parts = _current.get()
    reply = _guarded(exchange, lambda: _answer(exchange, parts))
    headers: dict[str, Any] = dict(reply.headers)
    if reply.cookies:
        headers["Set-Cookie"] = list(reply.cookies)
    return Response(body=reply.body, headers=headers, status_code=reply.status)


def _answer(exchange: _Exchange, parts: _Parts) -> Reply:
    """Find out who asks and what, and let the route answer. Cheap refusals come first."""
    route, request, services = exchange.route, exchange.request, parts.services
    assert route is not None
    refuse_foreign_pages(route, request, services.settings)
    address = request.address(parts.proxies)
    actor = exchange.actor = authenticate(route, request, services, address)
    authorize(route, actor)
    ids = read_ids(exchange.texts)
    query = read_query(route.query, request.query)
    body = read_body(route, request)
    if route.limit is not None:
        count_call(route, route.limit, actor, services.database, services.clock)
    call = Call(actor, services, body, query, ids, request.headers, request.cookies)
    return reply_with(route, route.run(call))


def _from_chalice(response: Mapping[str, Any]) -> Reply:
    cookies = tuple(response["multiValueHeaders"].get("Set-Cookie", ()))
    return Reply(response["statusCode"], response["body"], response["headers"], cookies)


def _guarded(exchange: _Exchange, work: Callable[[], Reply]) -> Reply:
    """Return the reply that ``work`` makes, or the one that tells why it made none."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - the edge: nothing gets out, everything is told
        return _told(exchange, error)


def _told(exchange: _Exchange, error: Exception) -> Reply:
    request_id = exchange.request.request_id
    known = error if isinstance(error, HeliographError) else unexpected()
    exchange.code = known.code
    if status_of(type(known)) >= 500:
        log(
            "http.failed",
            request_id=request_id,
            code=known.code,
            message=known.message if known is error else None,
            trace=trace(error),
        )
    return reply_to_error(known, request_id)


def _headers_around(exchange: _Exchange, reply: Reply) -> dict[str, str]:
    """Return the headers that depend on more than the route: CORS, and what may be done."""
    headers: dict[str, str] = {}
    if reply.status == 405 and exchange.methods:
        headers["Allow"] = ", ".join(exchange.methods)
    if exchange.parts is not None:
        services = exchange.parts.services
        is_preflight = _is_preflight(exchange.request, services)
        methods = exchange.methods if is_preflight else ()
        headers |= cors_headers(exchange.request, services.settings, methods)
    return headers


def _is_preflight(request: Request, services: Services) -> bool:
    return (
        request.method == "OPTIONS"
        and "access-control-request-method" in request.headers
        and bool(allowed_origins(services.settings))
    )


def _declared_event(event: Mapping[str, Any], match: Match, route: Route) -> dict[str, Any]:
    """Return the event as if the gateway had known the declared route: Chalice routes by that."""
    context = {
        **(event.get("requestContext") or {}),
        "httpMethod": route.method,
        "resourcePath": match.path,
    }
    return {
        "headers": {},
        "multiValueQueryStringParameters": None,
        "stageVariables": None,
        "body": None,
        **event,
        "resource": match.path,
        "httpMethod": route.method,
        "pathParameters": dict(match.texts) or None,
        "requestContext": context,
    }


def _make_app(function: str, routes: Sequence[Route]) -> Chalice:
    def run(**_: str) -> Response:
        return _run()

    # An environment of its own, because it would write into the process's; no media types, no
    # binary types and no CORS of its own, because it would refuse in its own shape.
    app = Chalice(app_name=function, configure_logs=False, env={})
    app.api.binary_types = []
    for route in routes:
        name = f"{route.method} {route.path}"
        app.route(route.path, methods=[route.method], content_types=[], name=name)(run)
    return app


def _open_services(function: str) -> Services:
    environment = read_environment()
    return Services(read_app_settings(function, environment), environment)


def _read_proxies(text: str | None) -> int:
    if text is None or text.isdecimal():
        return int(text or 0)
    raise SettingsMissing("HELIOGRAPH_PROXIES is not a whole number.")
