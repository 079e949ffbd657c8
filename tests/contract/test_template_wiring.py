"""template.yaml against the code: who serves what, who is called by what, who may reach what."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable
from dataclasses import fields
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType
from typing import Any

import pytest
from tests.support.repository import PACKAGE, ROOT
from tests.support.template import (
    FOLDERS,
    FUNCTIONS,
    RESOURCES,
    TEMPLATE,
    actions,
    listed,
    resources,
    statements,
    walk,
)

from heliograph.audit.exports import EXPORTS
from heliograph.connections.models import MOST_TIMEOUT_SECONDS
from heliograph.connections.schemas import LONGEST
from heliograph.kernel.errors import HeliographError
from heliograph.local.deployment import read_deployment
from heliograph.platform.settings import (
    FUNCTION_SETTINGS,
    AlertFileSettings,
    AppSettings,
    setting_name,
)
from heliograph.queries.attention import KEY
from heliograph.queries.executor import RESULTS
from heliograph.web.errors import describe, headers_for, status_of
from heliograph.web.functions import API_FUNCTIONS, load_routes, nouns_of

GATEWAY_SECONDS = 29
# Who reads which queue, and the longest that one message may take, with the time to write it down.
CONSUMERS = {
    "schema_reader": ("Schema", LONGEST.total_seconds() + 10),
    "query_runner": ("Query", MOST_TIMEOUT_SECONDS),
    "export_writer": ("Export", MOST_TIMEOUT_SECONDS),
}
APP = {name: folder for name, folder in FOLDERS.items() if folder != "alert_file"}
API = {name: folder for name, folder in FOLDERS.items() if folder in API_FUNCTIONS}


def events(name: str, kind: str) -> dict[str, Any]:
    """Return the properties of a function's events of one type, by their names."""
    found = FUNCTIONS[name]["Properties"].get("Events", {})
    return {event: about["Properties"] for event, about in found.items() if about["Type"] == kind}


def load_handler(name: str) -> tuple[ModuleType, Callable[..., Any]]:
    """Import a handler from its file, as Lambda does; return its module and the handler."""
    folder, module, attribute = FUNCTIONS[name]["Properties"]["Handler"].split(".")
    path = ROOT / "functions" / folder / f"{module}.py"
    spec = spec_from_file_location(f"{folder}.{module}", path)
    assert spec is not None
    assert spec.loader is not None
    loaded = module_from_spec(spec)
    spec.loader.exec_module(loaded)
    found: Callable[..., Any] = getattr(loaded, attribute)
    return loaded, found


# Functions


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_handler_takes_an_event_and_a_context_and_promises_something(name: str) -> None:
    module, handler = load_handler(name)
    assert list(inspect.signature(handler).parameters) == ["event", "context"]
    assert (module.__doc__ or "").startswith(f"``{FOLDERS[name]}``: ")
    assert inspect.getdoc(handler) or FOLDERS[name] in API_FUNCTIONS


def test_every_folder_of_functions_is_deployed_once() -> None:
    folders = sorted(path.parent.name for path in (ROOT / "functions").glob("*/handler.py"))
    assert sorted(FOLDERS.values()) == folders
    assert sorted(APP.values()) == sorted(FUNCTION_SETTINGS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_environment_of_a_function_is_its_settings(name: str) -> None:
    given = FUNCTIONS[name]["Properties"]["Environment"]["Variables"]
    if name in APP:
        assert list(given) == [setting_name(field) for field in FUNCTION_SETTINGS[APP[name]]]
    else:
        assert set(given) == {setting_name(field.name) for field in fields(AlertFileSettings)}


def test_every_setting_is_given_the_same_way_to_everybody() -> None:
    given: dict[str, list[Any]] = {}
    for name in APP:
        for key, value in FUNCTIONS[name]["Properties"]["Environment"]["Variables"].items():
            given.setdefault(key, []).append(value)
    assert {key for key, values in given.items() if any(v != values[0] for v in values)} == set()
    assert given.keys() == {setting_name(field.name) for field in fields(AppSettings)}
    assert given["HELIOGRAPH_SCHEMA_QUEUE"][0] == {"Ref": "SchemaQueue"}
    assert given["HELIOGRAPH_BLOBS"][0] == {"Fn::Sub": "s3://${ResultsBucket}"}
    # CloudFront stands before the gateway, and says whom it was called by.
    assert given["HELIOGRAPH_PROXIES"][0] == {"Fn::If": ["WithCloudFront", "1", "0"]}


def test_the_local_runtime_reads_the_same_functions_paths_and_events() -> None:
    found = read_deployment(ROOT)
    assert {function.name for function in found.functions} == set(APP.values())
    assert set(found.paths) == {e["Path"] for name in API for e in events(name, "Api").values()}
    assert [source.function.name for source in found.queue_sources] == list(CONSUMERS)
    assert [schedule.function.name for schedule in found.schedules] == ["janitor", "janitor"]
    assert "content-security-policy" in found.site_headers


# The API


def test_each_function_serves_the_nouns_of_its_routes() -> None:
    assert sorted(API.values()) == sorted(API_FUNCTIONS)
    served = {
        folder: [e["Path"] for e in events(name, "Api").values()] for name, folder in API.items()
    }
    assert served == {
        folder: [
            path
            for noun in nouns_of(folder)
            for path in (f"/api/{noun}", f"/api/{noun}/{{proxy+}}")
        ]
        for folder in API_FUNCTIONS
    }
    for name in FUNCTIONS:
        for event in events(name, "Api").values():
            assert event["Method"] == "any"
            assert event["RestApiId"] == {"Ref": "Api"}
    # A function's policy holds about fifty permissions, one for each path.
    assert max(map(len, served.values())) < 40


@pytest.mark.parametrize("folder", API_FUNCTIONS)
def test_every_route_of_a_function_lies_below_one_of_its_nouns(folder: str) -> None:
    routes = load_routes(API_FUNCTIONS[folder])
    assert routes
    assert {route.noun for route in routes} == set(nouns_of(folder))


@pytest.mark.parametrize("name", API)
def test_functions_of_the_api_end_before_the_gateway_does(name: str) -> None:
    assert FUNCTIONS[name]["Properties"]["Timeout"] <= GATEWAY_SECONDS
    reserve = FUNCTIONS[name]["Properties"]["ReservedConcurrentExecutions"]
    assert reserve["Fn::If"][:2] == ["HasApiReserve", {"Ref": "ApiReservedConcurrency"}]


def gateway_responses() -> dict[str, Any]:
    found: dict[str, Any] = RESOURCES["Api"]["Properties"]["GatewayResponses"]
    return found


def error_classes(
    kind: type[HeliographError] = HeliographError,
) -> dict[str, type[HeliographError]]:
    found = {kind.code: kind}
    for derived in kind.__subclasses__():
        found |= error_classes(derived)
    return found


@pytest.mark.parametrize("kind", gateway_responses())
def test_what_the_gateway_answers_has_the_shape_and_the_status_of_our_errors(kind: str) -> None:
    about = gateway_responses()[kind]
    (text,) = about["ResponseTemplates"].values()
    told = json.loads(text)
    known = error_classes()[told["code"]]
    ours = describe(HeliographError("x"), "1")
    assert list(told) == [key for key in ours if key != "hint"]
    assert told["type"] == f"urn:heliograph:error:{known.code}"
    assert told["title"] == known.code.replace("_", " ").capitalize()
    assert told["status"] == int(about["StatusCode"]) == status_of(known)
    assert told["request_id"] == "$context.requestId"
    assert told["errors"] == []
    headers = about["ResponseParameters"]["Headers"]
    assert headers["Cache-Control"] == "'no-store'"
    assert ("WWW-Authenticate" in headers) is (told["status"] == 401)
    assert ("Retry-After" in headers) is (told["status"] == 429)


def test_the_gateway_has_an_answer_for_everything_it_may_refuse() -> None:
    assert gateway_responses().keys() >= {
        "ACCESS_DENIED",
        "DEFAULT_4XX",
        "DEFAULT_5XX",
        "INTEGRATION_FAILURE",
        "INTEGRATION_TIMEOUT",
        "MISSING_AUTHENTICATION_TOKEN",
        "REQUEST_TOO_LARGE",
        "THROTTLED",
        "UNAUTHORIZED",
    }
    # What API Gateway calls a missing token is a path that it does not know.
    assert gateway_responses()["MISSING_AUTHENTICATION_TOKEN"]["StatusCode"] == "404"
    signed_out = headers_for(error_classes()["unauthenticated"]("x"))
    told = gateway_responses()["UNAUTHORIZED"]["ResponseParameters"]["Headers"]
    assert told["WWW-Authenticate"] == f"'{signed_out['WWW-Authenticate']}'"


def test_the_api_is_regional_throttled_and_logs_neither_paths_nor_query_strings() -> None:
    api = RESOURCES["Api"]["Properties"]
    assert api["EndpointConfiguration"] == {"Type": "REGIONAL"}
    assert api["SecurityPolicy"].startswith("SecurityPolicy_TLS13_1_2")
    assert api["BinaryMediaTypes"] == ["*~1*"]
    assert TEMPLATE["Globals"]["Api"]["OpenApiVersion"].startswith("3.")  # else a stage "Stage"
    (setting,) = api["MethodSettings"]
    assert (setting["ResourcePath"], setting["HttpMethod"]) == ("/*", "*")
    assert setting["ThrottlingRateLimit"] == {"Ref": "ApiRateLimit"}
    assert setting["DataTraceEnabled"] is False
    written = json.loads(api["AccessLogSetting"]["Fn::If"][1]["Format"])
    assert {"request_id", "route", "status", "latency_ms"} <= written.keys()
    assert "$context.path" not in written.values()


# Queues and schedules


def test_queues_are_read_by_those_who_should_and_set_aside_what_fails() -> None:
    sources = {
        folder: event for name, folder in FOLDERS.items() for event in events(name, "SQS").values()
    }
    timeouts = {folder: FUNCTIONS[name]["Properties"]["Timeout"] for name, folder in APP.items()}
    assert list(sources) == list(CONSUMERS)
    for folder, (name, longest) in CONSUMERS.items():
        event = sources[folder]
        assert event["Queue"] == {"Fn::GetAtt": [f"{name}Queue", "Arn"]}
        assert event["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert event["BatchSize"] == 1
        queue = RESOURCES[f"{name}Queue"]["Properties"]
        assert queue["VisibilityTimeout"] >= 6 * timeouts[folder]
        assert timeouts[folder] >= longest
        redrive = queue["RedrivePolicy"]
        assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": [f"{name}DeadLetterQueue", "Arn"]}
        assert redrive["maxReceiveCount"] == 5
        kept = RESOURCES[f"{name}DeadLetterQueue"]["Properties"]["MessageRetentionPeriod"]
        assert kept == 14 * 24 * 3600
    assert resources("AWS::SQS::Queue").keys() == {
        f"{name}{kind}" for name, _ in CONSUMERS.values() for kind in ("Queue", "DeadLetterQueue")
    }


def test_how_many_work_at_once_is_for_the_operator_to_say() -> None:
    for name, parameter in (
        ("QueryRunnerFunction", "QueryWorkers"),
        ("ExportWriterFunction", "ExportWorkers"),
    ):
        (event,) = events(name, "SQS").values()
        assert event["ScalingConfig"] == {"MaximumConcurrency": {"Ref": parameter}}
        assert TEMPLATE["Parameters"][parameter]["MinValue"] == 2  # fewer Lambda does not take
    (event,) = events("SchemaReaderFunction", "SQS").values()
    assert event["ScalingConfig"]["MaximumConcurrency"] >= 2


def test_schedules_are_rules_that_fire_when_they_should_and_do_not_pile_up() -> None:
    ticks = {
        folder: [event["Schedule"] for event in events(name, "Schedule").values()]
        for name, folder in FOLDERS.items()
        if events(name, "Schedule")
    }
    assert ticks == {
        "janitor": ["rate(1 hour)", "rate(1 minute)"],
        "alert_file": ["rate(1 minute)"],
    }
    for name, folder in FOLDERS.items():
        if folder in ticks:
            about = FUNCTIONS[name]["Properties"]["EventInvokeConfig"]
            assert about["MaximumRetryAttempts"] == 0


def test_alarms_watch_queues_the_api_and_the_silence_of_schedules() -> None:
    watched = {
        (alarm["Properties"]["MetricName"], name)
        for alarm in resources("AWS::CloudWatch::Alarm").values()
        for _, name in walk(alarm["Properties"].get("Dimensions", []))
        if isinstance(name, str)
    }
    metrics = {metric for metric, _ in watched}
    assert {"ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"} <= metrics
    assert {"5XXError", "Errors", "Invocations"} <= metrics
    assert ("Invocations", "JanitorFunction") in watched


# Migrations


def test_no_function_meets_a_database_older_than_itself() -> None:
    waits = {name: FUNCTIONS[name].get("DependsOn") for name in APP if APP[name] != "migrator"}
    assert set(waits.values()) == {"Migrations"}
    run = RESOURCES["Migrations"]["Properties"]
    assert run["ServiceToken"] == {"Fn::GetAtt": ["MigratorFunction", "Arn"]}
    assert run["CodeVersion"] == {"Ref": "CoreLayer"}  # another one for each change of the code
    migrator = FUNCTIONS["MigratorFunction"]
    assert "DependsOn" not in migrator
    assert run["ServiceTimeout"] > migrator["Properties"]["Timeout"]


# Permissions


SERVICES = {
    "database": "secretsmanager",
    "key": "kms",
    "blobs": "s3",
    "schema_queue": "sqs",
    "query_queue": "sqs",
    "export_queue": "sqs",
}


@pytest.mark.parametrize("name", APP)
def test_a_function_may_reach_exactly_the_neighbours_that_it_is_told_of(name: str) -> None:
    wanted = {SERVICES[field] for field in FUNCTION_SETTINGS[APP[name]] if field in SERVICES}
    if events(name, "SQS"):
        wanted.add("sqs")
    assert {action.partition(":")[0] for action in actions(name)} == wanted | {"logs"}


def test_each_function_does_with_queues_what_is_its_to_do() -> None:
    sends, receives, counts = "sqs:SendMessage", "sqs:ReceiveMessage", "sqs:GetQueueAttributes"
    queue = {APP[name]: {a for a in actions(name) if a.startswith("sqs:")} for name in APP}
    assert {folder for folder, found in queue.items() if sends in found} == {
        "connections",
        "queries",
        "exports",
        "query_runner",
        "export_writer",
        "janitor",
    }
    assert {folder for folder, found in queue.items() if receives in found} == set(CONSUMERS)
    assert queue["system"] == {counts}


def test_keys_are_used_for_one_purpose_each_and_for_every_purpose_of_the_code() -> None:
    used: dict[str, set[str]] = {}
    for name, folder in APP.items():
        for found in statements(name):
            if any(action.startswith("kms:") for action in listed(found["Action"])):
                assert found["Resource"] == {"Fn::GetAtt": ["SecretsKey", "Arn"]}
                condition = found["Condition"]["StringEquals"]
                used.setdefault(folder, set()).update(
                    listed(condition["kms:EncryptionContext:purpose"])
                )
    in_code = {
        purpose
        for path in PACKAGE.rglob("*.py")
        for purpose in re.findall(r'"purpose": "(\w+)"', path.read_text())
    }
    assert {purpose for found in used.values() for purpose in found} == in_code
    assert used == {
        "accounts": {"signing_key"},
        "connections": {"connection_password"},
        "queries": {"connection_password"},
        "system": {"health"},
        "schema_reader": {"connection_password"},
        "query_runner": {"connection_password"},
        "export_writer": {"connection_password"},
        "migrator": {"signing_key"},
    }
    # Who only logs in has nothing to encrypt.
    for name in ("SchemaReader", "Queries", "QueryRunner", "ExportWriter"):
        assert "kms:GenerateDataKey" not in actions(f"{name}Function")


def test_blobs_are_written_where_the_code_writes_them_and_forgotten_there() -> None:
    reached = {
        folder: {
            resource["Fn::Sub"].removeprefix("${ResultsBucket.Arn}/").removesuffix("*")
            for found in statements(name)
            for resource in listed(found["Resource"])
            if any(action.endswith("Object") for action in listed(found["Action"]))
        }
        for name, folder in APP.items()
    }
    results, files, looks = f"{RESULTS}/", "exports/", KEY.partition("/")[0] + "/"
    assert {folder: found for folder, found in reached.items() if found} == {
        "audit": {EXPORTS},
        "queries": {results, files, looks},
        "exports": {results, files, looks},
        "query_runner": {results, looks},
        "export_writer": {results, files, looks},
        "janitor": {EXPORTS, results, files, looks},
        "system": {"health/"},
    }
    assert 'f"health/' in (PACKAGE / "web/health.py").read_text()
    rules = RESOURCES["ResultsBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    forgotten = {rule["Prefix"] for rule in rules if "ExpirationInDays" in rule}
    assert forgotten == {"results/", "exports/", EXPORTS, "health/"}
    assert any("AbortIncompleteMultipartUpload" in rule for rule in rules)


# The site


def distribution() -> dict[str, Any]:
    found: dict[str, Any] = RESOURCES["SiteDistribution"]["Properties"]["DistributionConfig"]
    return found


def test_cloudfront_serves_the_site_and_passes_the_api_on_uncached() -> None:
    (api,) = distribution()["CacheBehaviors"]
    assert api["PathPattern"] == "/api/*"
    assert api["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"  # CachingDisabled
    assert api["OriginRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac"  # all but Host
    assert {"POST", "PUT", "PATCH", "DELETE"} <= set(api["AllowedMethods"])
    assert api["ViewerProtocolPolicy"] == "https-only"
    origins = {origin["Id"]: origin for origin in distribution()["Origins"]}
    stage = RESOURCES["Api"]["Properties"]["StageName"]
    assert origins[api["TargetOriginId"]]["OriginPath"] == f"/{stage}"
    site = distribution()["DefaultCacheBehavior"]
    assert origins[site["TargetOriginId"]]["OriginAccessControlId"]
    assert site["ResponseHeadersPolicyId"] == {"Ref": "SiteHeadersPolicy"}
    # An error page of the site would stand for errors of the API too.
    assert "CustomErrorResponses" not in distribution()
    assert "FunctionAssociations" not in api


def policy() -> dict[str, set[str]]:
    """Return the content security policy: directive, its sources."""
    text = read_deployment(ROOT).site_headers["content-security-policy"]
    parts = [part.split() for part in text.split(";")]
    return {name: set(sources) for name, *sources in parts}


def test_the_site_runs_its_own_code_alone_and_speaks_to_nobody_else() -> None:
    found = policy()
    nothing = {"'none'"}
    assert found["default-src"] == found["object-src"] == nothing
    assert found["base-uri"] == found["frame-ancestors"] == nothing
    assert found["script-src"] == found["connect-src"] == found["font-src"] == {"'self'"}
    assert found["form-action"] == found["frame-src"] == found["worker-src"] == {"'self'"}
    # Only the SQL editor's own styles are inline, and nothing may come from another host.
    assert [name for name, sources in found.items() if "'unsafe-inline'" in sources] == [
        "style-src"
    ]
    sources = {source for of in found.values() for source in of}
    assert sources == {"'none'", "'self'", "'unsafe-inline'", "data:", "blob:"}
    assert found["img-src"] == {"'self'", "data:", "blob:"}


def test_the_site_is_sent_with_the_headers_that_keep_it_apart() -> None:
    headers = read_deployment(ROOT).site_headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert int(re.findall(r"max-age=(\d+)", headers["strict-transport-security"])[0]) >= 31536000
    assert "camera=()" in headers["permissions-policy"]
    config = RESOURCES["SiteHeadersPolicy"]["Properties"]["ResponseHeadersPolicyConfig"]
    assert [value for key, value in walk(config) if key == "Override" and value is not True] == []
