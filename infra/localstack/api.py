"""The deployed API as a client sees it: requests through the gateway, and what they answer."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from infra.localstack.steps import TrialFailed, expect

_SECONDS = 120  # a cold start on a busy machine, beside the 29 seconds of the gateway


class Api:
    """One client, signed in or not."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._token: str | None = None

    def sign_in(self, email: str, password: str) -> dict[str, Any]:
        """Sign in for what comes next; return the user."""
        answer = self.ask("POST", "session", {"email": email, "password": password})
        self._token = answer["access_token"]
        user: dict[str, Any] = answer["user"]
        return user

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        statuses: tuple[int, ...] = (200, 201, 202),
    ) -> dict[str, Any]:
        """Send a request and return its answer; raise `TrialFailed` for another status."""
        status, text = fetch(
            f"{self._url}/api/{path}",
            method,
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {self._token}"} if self._token else {},
        )
        said = text.decode(errors="replace")
        expect(status in statuses, f"{method} /api/{path} answered {status}: {said[:1000]}")
        answer: dict[str, Any] = json.loads(said)
        return answer


def fetch(
    url: str,
    method: str = "GET",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, bytes]:
    """Return the status and the body of an answer; raise `TrialFailed` when there is none."""
    sent = {**({"Content-Type": "application/json"} if body else {}), **(headers or {})}
    request = urllib.request.Request(url, data=body, method=method, headers=sent)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
    except OSError as error:
        raise TrialFailed(f"{method} {url.partition('?')[0]} got no answer: {error}") from None
