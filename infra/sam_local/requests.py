"""A small round through HTTP, from nothing to rows: what a person does in the first minutes."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from infra.sam_local import events
from infra.sam_local.trial import TrialFailed, expect, say
from infra.sam_local.world import CONNECTION, connection_body

_Body = Mapping[str, Any] | None
_HEALTH_ATTEMPTS = 5
_SECONDS = 120  # the first request to a function starts its container


@dataclass
class Client:
    """Sends requests and says what came of each; ``token`` is whose they are."""

    url: str
    token: str | None = None

    def send(self, method: str, path: str, status: int, body: _Body = None) -> Any:
        """Return the JSON of an answer. Raises `TrialFailed` for another status."""
        found, text, seconds = self.try_to_send(method, path, body)
        expect(found == status, f"{method} {path} answered {found}: {text[:1000]}")
        say(f"{method} {path}", f"{found} in {seconds:.2f} s")
        return json.loads(text)

    def try_to_send(self, method: str, path: str, body: _Body = None) -> tuple[int, str, float]:
        """Return status and text of an answer, and how many seconds it took."""
        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        data = None if body is None else json.dumps(body).encode()
        request = Request(self.url + path, data, headers, method=method)  # noqa: S310
        began = time.monotonic()
        status, text = _answer(request)
        return status, text, time.monotonic() - began


def go_round(url: str, setup_token: str, shop_url: str, orders: int) -> None:
    """Become the first admin, connect the shop, ask it. Raises `TrialFailed`."""
    client = Client(url)
    _await_health(client)
    expect(client.send("GET", "/api/setup", 200)["needed"], "there is an admin already")
    who = {"email": events.EMAIL, "password": events.PASSWORD}
    client.send("POST", "/api/setup", 201, {"token": setup_token, "name": "Ada", **who})
    wrong = client.send("POST", "/api/session", 401, {**who, "password": "not hers"})
    expect(wrong["code"] == "sign_in_failed", f"a wrong password is {wrong['code']}")
    client.token = client.send("POST", "/api/session", 200, who)["access_token"]
    expect(not client.send("GET", "/api/setup", 200)["needed"], "set-up is still open")
    made = client.send("POST", "/api/connections", 201, connection_body(shop_url, CONNECTION))
    asked = {"connection_id": made["id"], "sql": "SELECT count(*) AS orders FROM orders"}
    answer = client.send("POST", "/api/queries", 200, asked)
    expect(answer["state"] == "succeeded", f"the query {answer['state']}: {answer['error']}")
    expect(answer["rows"] == [[str(orders)]], f"{answer['rows']} are not the {orders} orders")
    client.send("POST", "/api/queries", 200, asked)
    client.token = None
    refused = client.send("POST", "/api/queries", 401, asked)
    expect(refused["code"] == "unauthenticated", f"without a token it is {refused['code']}")


def _await_health(client: Client) -> None:
    """Ask until it can do its work: a cold function on a busy machine may miss its own deadline."""
    for _ in range(_HEALTH_ATTEMPTS):
        if client.try_to_send("GET", "/api/health")[0] == 200:
            break
    status = client.send("GET", "/api/health", 200)["status"]
    expect(status == "degraded", f"without an admin it is {status}")


def _answer(request: Request) -> tuple[int, str]:
    try:
        with urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except OSError as error:
        raise TrialFailed(f"{request.full_url} did not answer: {error}") from None
