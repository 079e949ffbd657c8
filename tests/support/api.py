"""The API without a server: the functions' own handlers, called with REST proxy events."""

from __future__ import annotations

import base64
import json as json_module
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlencode
from uuid import uuid4

from tests.support.hand_clock import HandClock

from heliograph.web.app import Handler, make_handler
from heliograph.web.functions import API_FUNCTIONS, nouns_of
from heliograph.web.services import Services

ADDRESS = "203.0.113.7"

SetClock = HandClock


@dataclass(frozen=True)
class Answered:
    """What came back. ``headers`` have names in lower case; ``cookies`` are those that were set."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    set_cookies: list[str] = field(default_factory=list)

    @property
    def json(self) -> Any:
        """The body read as JSON, unpacked; None when there is none."""
        return json_module.loads(self.text) if self.body else None

    @property
    def text(self) -> str:
        packed = self.headers.get("content-encoding") == "gzip"
        return (zlib.decompress(self.body, wbits=31) if packed else self.body).decode()

    @property
    def code(self) -> str | None:
        """The code of the error, None when there is none."""
        found = self.json
        return found.get("code") if isinstance(found, dict) and self.status >= 400 else None

    @property
    def cookies(self) -> dict[str, str]:
        found: SimpleCookie = SimpleCookie()
        for text in self.set_cookies:
            found.load(text)
        return {name: morsel.value for name, morsel in found.items()}


def rest_event(
    method: str,
    path: str,
    *,
    query: Mapping[str, list[str]] | None = None,
    headers: Mapping[str, str] | None = None,
    body: str | None = None,
    is_base64: bool = False,
    address: str = ADDRESS,
) -> dict[str, Any]:
    """Return the event that API Gateway makes of a request to ``/api/<noun>`` or below."""
    noun, _, rest = path.removeprefix("/api/").partition("/")
    resource = f"/api/{noun}/{{proxy+}}" if rest else f"/api/{noun}"
    sent = {"Host": "heliograph.example", **(headers or {})}
    return {
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": {k: v[-1] for k, v in query.items()} if query else None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": {"proxy": rest} if rest else None,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": resource,
            "httpMethod": method,
            "path": path,
            "stage": "test",
            "requestId": str(uuid4()),
            "identity": {"sourceIp": address, "userAgent": None},
        },
        "body": body,
        "isBase64Encoded": is_base64,
    }


class Api:
    """Calls the handler that serves the noun of a path, made once over the same services.

    ``api.post("/api/session", json={...}, token=..., cookies={...})``. What has a body is sent as
    JSON unless the headers say otherwise; a query may stand in the path.
    """

    def __init__(self, services: Services) -> None:
        self.services = services
        self._handlers: dict[str, Handler] = {}

    def get(self, path: str, **how: Any) -> Answered:
        return self.request("GET", path, **how)

    def post(self, path: str, **how: Any) -> Answered:
        return self.request("POST", path, **how)

    def put(self, path: str, **how: Any) -> Answered:
        return self.request("PUT", path, **how)

    def patch(self, path: str, **how: Any) -> Answered:
        return self.request("PATCH", path, **how)

    def delete(self, path: str, **how: Any) -> Answered:
        return self.request("DELETE", path, **how)

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        body: str | bytes | None = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        token: str | None = None,
        cookies: Mapping[str, str] | None = None,
        address: str = ADDRESS,
    ) -> Answered:
        """Send one request. ``json`` is written as the body; ``body`` is sent as it is."""
        path, _, text = path.partition("?")
        pairs = parse_qs(text, keep_blank_values=True) | parse_qs(
            urlencode(query or {}, doseq=True), keep_blank_values=True
        )
        sent = {"Content-Type": "application/json"} if method not in ("GET", "HEAD") else {}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        if cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        if json is not None:
            body = json_module.dumps(json)
        event = rest_event(
            method,
            path,
            query=pairs,
            headers={**sent, **(headers or {})},
            body=base64.b64encode(body).decode() if isinstance(body, bytes) else body,
            is_base64=isinstance(body, bytes),
            address=address,
        )
        return read_answer(self._handler(path)(event, None))

    def _handler(self, path: str) -> Handler:
        noun = path.split("/")[2]
        function = next(name for name in API_FUNCTIONS if noun in nouns_of(name))
        if function not in self._handlers:
            self._handlers[function] = make_handler(function, services=self.services)
        return self._handlers[function]


def read_answer(answered: Mapping[str, Any]) -> Answered:
    """Return what a handler answered, as a client sees it."""
    json_module.dumps(answered)  # Lambda does so
    body = answered["body"]
    return Answered(
        answered["statusCode"],
        {name.lower(): value for name, value in answered["headers"].items()},
        base64.b64decode(body) if answered["isBase64Encoded"] else body.encode(),
        answered["multiValueHeaders"].get("Set-Cookie", []),
    )
