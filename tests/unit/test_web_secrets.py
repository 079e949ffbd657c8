"""No repr of what goes through the API shows a secret, wherever it may be printed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr
from tests.support.api import rest_event

from heliograph.web.answers import Reply
from heliograph.web.contract import Answer
from heliograph.web.functions import API_FUNCTIONS, load_routes
from heliograph.web.requests import read_request

_SECRET = re.compile(r"^(.*_)?(?<!has_)(password|token)$|^link$")

MODELS = sorted(
    {
        model
        for modules in API_FUNCTIONS.values()
        for route in load_routes(modules)
        for model in (route.body, route.answer)
        if model is not None
    },
    key=lambda model: model.__qualname__,
)
SECRETS = [(m, name) for m in MODELS for name in m.model_fields if _SECRET.search(name)]


@pytest.mark.parametrize(("model", "name"), SECRETS, ids=lambda one: getattr(one, "__name__", one))
def test_no_model_shows_its_secret(model: type[BaseModel], name: str) -> None:
    is_hidden = "SecretStr" in str(model.model_fields[name].annotation)
    made: Any = model.model_construct(**{name: SecretStr("sesame") if is_hidden else "sesame"})
    assert "sesame" not in repr(made)


def test_the_secrets_of_the_api_are_found() -> None:
    names = {(model.__name__, name) for model, name in SECRETS}
    assert ("SignInRequest", "password") in names
    assert ("NewTokenAnswer", "token") in names
    assert ("NewConnection", "password") in names
    assert len(names) >= 12


def test_requests_and_replies_show_neither_headers_nor_bodies_nor_cookies() -> None:
    headers = {"Authorization": "Bearer sesame", "Cookie": "heliograph_refresh=sesame"}
    request = read_request(rest_event("POST", "/api/session", headers=headers, body="sesame"))
    assert request.cookies == {"heliograph_refresh": "sesame"}
    reply = Reply(200, b"sesame", {"Location": "sesame"}, ("sesame",))
    answer = Answer(headers={"Location": "sesame"}, cookies=("sesame",))
    shown = f"{request!r} {reply!r} {answer!r}"
    assert "sesame" not in shown
    assert "/api/session" in shown
