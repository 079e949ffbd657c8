"""The API against what nobody would send: fuzzed from its own OpenAPI document.

Every operation is called with requests that fit the document and requests that do not, by each
role and by nobody. No answer may be one that the document does not name, none may be a 500.
"""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from schemathesis import GenerationMode
from tests.support.api import Answered, Api, read_answer, rest_event
from tests.support.app_database import AppDatabases
from tests.support.postgres import SharedServer

from heliograph.accounts.demo import make_demo_people
from heliograph.kernel.actors import Role
from heliograph.kernel.clock import SystemClock
from heliograph.local.postgres_server import PostgresServer
from heliograph.platform.keys_file import create_key_file
from heliograph.platform.settings import AppSettings
from heliograph.web.openapi import all_routes, make_document
from heliograph.web.services import Services

DOCUMENT = json.loads(json.dumps(make_document(all_routes())))
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = {
    f"{operation.ok().method.upper()} {operation.ok().path}": operation.ok()
    for operation in SCHEMA.get_all_operations()
}
WHO = (*Role, None)
EXAMPLES = 10  # each sent by everybody: making one takes longer than sending it
HOST = "http://heliograph.example"
CONNECTION = {
    "engine": "postgres",
    "host": "127.0.0.1",
    "port": 9,  # nothing listens there
    "database": "none",
    "username": "nobody",
    "password": "a password",
}


class Fuzzer:
    """Sends cases to the handlers as one person, and knows ids that exist."""

    def __init__(self, api: Api, services: Services) -> None:
        self._api = api
        self._services = services
        self._people = {
            person.role: person for person in make_demo_people(services.database, services.clock)
        }
        self._tokens: dict[Role, str] = {}
        self._names = itertools.count()
        self._ids: dict[str, str] = {}

    def call(self, case: Any, who: Role | None, *, uses_known_ids: bool) -> Answered:
        """Send one case; parameters of the path are ids that exist where that is wanted."""
        if uses_known_ids:
            ids = self._existing_ids()
            known = {name: ids[name] for name in case.path_parameters if name in ids}
            case.path_parameters = {**case.path_parameters, **known}
        if isinstance(case.body, dict) and isinstance(case.body.get("host"), str):
            case.body["host"] = "127.0.0.1"  # not into the world
            case.body["port"] = 9
        how = case.as_transport_kwargs(base_url=HOST)
        how.pop("timeout", None)
        sent = requests.Request(**how).prepare()
        self._services.database.fetch("DELETE FROM rate_limits RETURNING key")
        return self._send(sent, who)

    def _send(self, sent: requests.PreparedRequest, who: Role | None) -> Answered:
        parts = urlsplit(str(sent.url))
        query: dict[str, list[str]] = {}
        for name, value in parse_qsl(parts.query, keep_blank_values=True):
            query.setdefault(name, []).append(value)
        headers: dict[str, str] = {
            name: value if isinstance(value, str) else value.decode("latin-1")
            for name, value in sent.headers.items()
        }
        headers.pop("Authorization", None)
        if who is not None:
            headers["Authorization"] = f"Bearer {self.token_of(who)}"
        body = sent.body.encode() if isinstance(sent.body, str) else sent.body
        event = rest_event(
            str(sent.method),
            parts.path,
            query=query,
            headers=headers,
            body=_base64(body),
            is_base64=body is not None,
        )
        return read_answer(self._api._handler(parts.path)(event, None))

    def token_of(self, who: Role) -> str:
        """Return an access token that is good now."""
        token = self._tokens.get(who)
        if token is None or self._api.get("/api/me", token=token).status != 200:
            person = self._people[who]
            answer = self._api.post(
                "/api/session", json={"email": person.email, "password": person.password}
            )
            assert answer.status == 200, answer.text
            token = self._tokens[who] = answer.json["access_token"]
        return token

    def _existing_ids(self) -> Mapping[str, str]:
        """Return an id of each kind; what a case has deleted is made anew."""
        admin = self.token_of(Role.ADMIN)
        if "user_id" not in self._ids:
            viewer = self._api.get("/api/me", token=self.token_of(Role.VIEWER))
            self._ids["user_id"] = viewer.json["id"]
        for name, noun, values in (
            ("group_id", "groups", {}),
            ("connection_id", "connections", CONNECTION),
        ):
            known = self._ids.get(name)
            if known is None or self._api.get(f"/api/{noun}/{known}", token=admin).status != 200:
                named = {**values, "name": f"Fuzz {next(self._names)}"}
                made = self._api.post(f"/api/{noun}", json=named, token=admin)
                assert made.status == 201, made.text
                self._ids[name] = made.json["id"]
        return self._ids


def _base64(body: bytes | None) -> str | None:
    return None if body is None else base64.b64encode(body).decode()


@pytest.fixture(scope="module")
def fuzzer(
    shared_server: tuple[SharedServer, PostgresServer], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Fuzzer]:
    folder = tmp_path_factory.mktemp("fuzz")
    create_key_file(folder / "key")
    with closing(AppDatabases(*shared_server)) as databases, databases.one() as url:
        settings = AppSettings(
            database=url,
            key=f"file://{folder}/key",
            blobs=f"file://{folder}/blobs?links={HOST}",
            schema_queue="postgres:schema",
            public_url=HOST,
        )
        with closing(Services(settings, {}, SystemClock())) as services:
            yield Fuzzer(Api(services), services)


def takes_something(name: str) -> bool:
    method, path = name.split(" ")
    operation = DOCUMENT["paths"][path][method.lower()]
    return bool(operation.get("parameters") or operation.get("requestBody"))


CASES = [
    (name, mode)
    for name in OPERATIONS
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or takes_something(name)
]


@pytest.mark.parametrize(("name", "mode"), CASES, ids=str)
def test_every_answer_is_one_that_the_document_names(
    name: str, mode: GenerationMode, fuzzer: Fuzzer
) -> None:
    cases = OPERATIONS[name].as_strategy(generation_mode=mode)

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases, uses_known_ids=st.booleans())
    def call(case: Any, uses_known_ids: bool) -> None:
        for who in WHO:
            answer = fuzzer.call(case, who, uses_known_ids=uses_known_ids)
            check(name, answer)

    call()


def check(name: str, answer: Answered) -> None:
    """Hold an answer against the document: its status, its body, and that it is no 500."""
    method, path = name.split(" ")
    responses = DOCUMENT["paths"][path][method.lower()]["responses"]
    assert answer.status < 500 or answer.code == "database_unavailable", answer.text
    assert str(answer.status) in responses, (answer.status, answer.text)
    response = responses[str(answer.status)]
    if "$ref" in response:
        response = DOCUMENT["components"]["responses"][response["$ref"].rpartition("/")[2]]
    schema = response.get("content", {}).get("application/json", {}).get("schema")
    if schema is not None:
        whole = {**schema, "components": DOCUMENT["components"]}
        errors = [error.message for error in Draft202012Validator(whole).iter_errors(answer.json)]
        assert errors == []
    else:
        assert not answer.body or answer.headers["content-type"] != "application/json"
