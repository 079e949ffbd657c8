"""tests/events against template.yaml and SAM's samples: every function has what AWS sends it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from infra.sam_local.events import (
    CONNECTION_ID,
    WAITING_ID,
    event_names,
    fill,
    function_of,
    read_event,
)
from tests.support.sam_cli import FOLDER as SAM
from tests.support.template import FOLDERS, FUNCTIONS, RESOURCES, deployed

from heliograph.connections.schemas import Schemas
from heliograph.queries.executions_store import Kind
from heliograph.queries.wakes import Wake, Wakes
from heliograph.web.functions import API_FUNCTIONS, load_routes

ACCOUNT = "123456789012"
LOGICAL_IDS = {folder: name for name, folder in FOLDERS.items()}
NAMES = event_names()


def events_of(name: str, kind: str) -> dict[str, Any]:
    """Return what the template says calls the function of an event, of one type."""
    found = FUNCTIONS[LOGICAL_IDS[function_of(name)]]["Properties"].get("Events", {})
    return {event: about["Properties"] for event, about in found.items() if about["Type"] == kind}


def sample(service: str, name: str) -> dict[str, Any]:
    """Return what ``sam local generate-event`` starts from."""
    pattern = f"lib/python3*/site-packages/samcli/lib/generated_sample_events/events/{service}"
    (folder,) = SAM.glob(pattern)
    text = re.sub(r"\{\{\{?[^}]*\}?\}\}", "0", (Path(folder) / f"{name}.json").read_text())
    found: dict[str, Any] = json.loads(text)
    return found


REST = [name for name in NAMES if function_of(name) in API_FUNCTIONS]
SQS = [name for name in NAMES if events_of(name, "SQS")]
SCHEDULED = [name for name in NAMES if events_of(name, "Schedule")]


def test_every_function_has_an_event_and_every_event_a_function() -> None:
    assert {function_of(name) for name in NAMES} == set(FOLDERS.values())
    assert sorted([*REST, *SQS, *SCHEDULED, "migrator"]) == NAMES


# REST


@pytest.mark.parametrize("name", REST)
def test_a_rest_event_names_a_path_that_the_function_serves(name: str) -> None:
    event = read_event(name)
    assert event["resource"] in {about["Path"] for about in events_of(name, "Api").values()}
    context = event["requestContext"]
    assert context["resourcePath"] == event["resource"]
    assert context["httpMethod"] == event["httpMethod"]
    stage = RESOURCES["Api"]["Properties"]["StageName"]
    assert (context["stage"], context["path"]) == (stage, f"/{stage}{event['path']}")
    proxy = (event["pathParameters"] or {}).get("proxy", "")
    assert event["path"] == event["resource"].replace("{proxy+}", proxy)
    routes = [
        route
        for route in load_routes(API_FUNCTIONS[function_of(name)])
        if route.method == event["httpMethod"]
        and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", route.path), event["path"])
    ]
    assert len(routes) == 1


@pytest.mark.parametrize("name", REST)
def test_a_rest_event_has_all_that_api_gateway_sends(name: str) -> None:
    event, known = read_event(name), sample("apigateway", "AwsProxy")
    assert event.keys() == known.keys()
    assert event["requestContext"].keys() >= known["requestContext"].keys()
    assert event["requestContext"]["identity"].keys() >= known["requestContext"]["identity"].keys()
    assert event["multiValueHeaders"] == {key: [text] for key, text in event["headers"].items()}
    query = event["queryStringParameters"]
    listed = {key: [text] for key, text in query.items()} if query else None
    assert event["multiValueQueryStringParameters"] == listed


@pytest.mark.parametrize("name", REST)
def test_a_body_comes_in_base64_because_the_gateway_takes_everything_for_binary(name: str) -> None:
    event = read_event(name)
    assert RESOURCES["Api"]["Properties"]["BinaryMediaTypes"] == ["*~1*"]
    assert event["isBase64Encoded"] is (event["body"] is not None)
    assert (event["body"] is not None) is (event["httpMethod"] == "POST")
    if event["body"] is not None:
        assert isinstance(json.loads(base64.b64decode(event["body"])), dict)


# SQS


class SentBodies:
    """Takes the place of a queue."""

    def __init__(self) -> None:
        self.bodies: list[str] = []

    def send(self, body: str) -> str:
        self.bodies.append(body)
        return "1"


def sent(send: Callable[[Any], None]) -> str:
    queue = SentBodies()
    send(queue)
    (body,) = queue.bodies
    return body


def wake_body(kind: Kind) -> str:
    wake = Wake(UUID(WAITING_ID))
    return sent(lambda queue: Wakes({kind: lambda: queue}).send(wake, kind))


def schema_body() -> str:
    nothing: Any = None
    return sent(
        lambda queue: Schemas(nothing, nothing, nothing, lambda: queue)._send(UUID(WAITING_ID))
    )


BODIES: Mapping[str, Callable[[], str]] = {
    "schema_reader": schema_body,
    "query_runner": lambda: wake_body(Kind.QUERY),
    "export_writer": lambda: wake_body(Kind.EXPORT),
}


@pytest.mark.parametrize("name", SQS)
def test_a_message_is_what_the_product_sends(name: str) -> None:
    (record,) = read_event(name)["Records"]
    assert record["body"] == BODIES[name]()
    assert record["md5OfBody"] == hashlib.md5(record["body"].encode()).hexdigest()


@pytest.mark.parametrize("name", SQS)
def test_a_batch_is_of_the_queue_that_the_function_reads(name: str) -> None:
    event, known = read_event(name), sample("sqs", "Sqs")
    (about,) = events_of(name, "SQS").values()
    assert len(event["Records"]) <= about["BatchSize"]
    for record in event["Records"]:
        assert record.keys() == known["Records"][0].keys()
        assert record["attributes"].keys() == known["Records"][0]["attributes"].keys()
        arn = f"arn:aws:sqs:{record['awsRegion']}:{ACCOUNT}:heliograph-{{}}-"
        queue, _ = about["Queue"]["Fn::GetAtt"]
        assert re.fullmatch(re.escape(arn.format(queue)) + r"\w{12}", record["eventSourceARN"])


# Schedules, the deployment


@pytest.mark.parametrize("name", SCHEDULED)
def test_a_tick_is_of_a_rule_of_the_function(name: str) -> None:
    event, rules = read_event(name), events_of(name, "Schedule")
    inputs = [json.loads(about["Input"]) for about in rules.values() if "Input" in about]
    if "." in name:  # where the rule says what it sends, that is all that comes
        assert event in inputs
        return
    known = sample("cloudwatch", "ScheduledEvent")
    assert event.keys() == {"version", *known.keys()}
    assert (event["detail-type"], event["source"]) == (known["detail-type"], known["source"])
    (arn,) = event["resources"]
    prefix = f"arn:aws:events:{event['region']}:{ACCOUNT}:rule/heliograph-"
    names = [f"{LOGICAL_IDS[name]}{rule}" for rule, about in rules.items() if "Input" not in about]
    assert any(re.fullmatch(rf"{re.escape(prefix + one)}-\w{{12,13}}", arn) for one in names)


def test_every_rule_that_sends_something_of_its_own_has_its_event() -> None:
    own = [
        (name, about["Input"])
        for name in FUNCTIONS
        for about in FUNCTIONS[name]["Properties"].get("Events", {}).values()
        for about in [about["Properties"]]
        if "Input" in about
    ]
    assert own
    given = [read_event(name) for name in SCHEDULED if "." in name]
    assert given == [json.loads(text) for _, text in own]


def test_the_migrator_is_called_as_the_templates_custom_resource_calls_it() -> None:
    event, known = read_event("migrator"), sample("cloudformation", "CfnCreateRequest")
    resource = deployed().resources["Migrations"]
    assert event.keys() == {"ServiceToken", *known.keys()}
    assert event["ResourceType"] == resource["Type"]
    assert event["LogicalResourceId"] == "Migrations"
    assert event["ResourceProperties"].keys() == resource["Properties"].keys()
    assert event["ResourceProperties"]["ServiceToken"] == event["ServiceToken"]
    timeout = event["ResourceProperties"]["ServiceTimeout"]  # CloudFormation sends texts alone
    assert timeout == str(resource["Properties"]["ServiceTimeout"])


# Filled in


def test_filling_an_event_reaches_its_body_and_its_checksum() -> None:
    other = str(UUID(int=7))
    asked = fill(read_event("queries"), {CONNECTION_ID: other})
    assert json.loads(base64.b64decode(asked["body"]))["connection_id"] == other
    (record,) = fill(read_event("query_runner"), {WAITING_ID: other})["Records"]
    assert json.loads(record["body"])["connection_id"] == other
    assert record["md5OfBody"] == hashlib.md5(record["body"].encode()).hexdigest()
    assert fill(read_event("connections"), {CONNECTION_ID: other})["path"].endswith(other)
    for name in NAMES:
        assert fill(read_event(name), {}) == read_event(name)
