"""What the local runtime reads out of a template, and what it refuses with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.repository import ROOT

from heliograph.kernel.errors import DeploymentInvalid
from heliograph.local.deployment import Deployment, queue_name, read_deployment
from heliograph.local.environment import local_environment
from heliograph.local.serve import NOT_SERVED
from heliograph.platform.settings import FUNCTION_SETTINGS, setting_name
from heliograph.web.functions import API_FUNCTIONS, nouns_of

SAMPLE = ROOT / "tests/support/sample_deployment"
PLACES = {"database": "postgresql://db/app", "key": "file:///k", "blobs": "file:///b"}


def sample() -> Deployment:
    return read_deployment(SAMPLE, leave_out=frozenset({"left_out"}))


def own() -> Deployment:
    return read_deployment(ROOT, leave_out=NOT_SERVED)


def test_functions_have_what_the_template_and_its_globals_say() -> None:
    functions = {function.logical_id: function for function in sample().functions}
    assert set(functions) == {"SampleApiFunction", "SampleJobsFunction", "SampleClockFunction"}
    api = functions["SampleApiFunction"]
    assert (api.name, api.timeout_seconds, api.memory_mb) == ("sample_api", 2, 256)
    assert functions["SampleJobsFunction"].timeout_seconds == 3
    assert api.folder == (SAMPLE / "functions").resolve()


def test_a_queue_has_its_visibility_and_its_dead_letters() -> None:
    (source,) = sample().queue_sources
    assert (source.queue.name, source.queue.dead_letter) == ("sample", "sample_dead_letter")
    assert (source.queue.visibility_seconds, source.queue.most_receives) == (2, 2)
    assert (source.batch_size, source.has_partial_failures) == (5, True)


@pytest.mark.parametrize(
    ("path", "resource", "proxy"),
    [
        ("/api/echo", "/api/echo", None),
        ("/api/echo/", "/api/echo", None),
        ("/api/echo/a/b%2Fc", "/api/echo/{proxy+}", "a/b/c"),
        ("/api/acts/x", "/api/acts/{proxy+}", "x"),
    ],
)
def test_a_path_is_served_by_what_the_gateway_would_choose(
    path: str, resource: str, proxy: str | None
) -> None:
    found = sample().find(path)
    assert found is not None
    assert found.path == resource
    assert (found.parameters or {}).get("proxy") == proxy


@pytest.mark.parametrize("path", ["/api", "/api/echoes", "/api/acts", "/api/Echo", "/echo"])
def test_a_path_that_the_template_does_not_name_is_served_by_nothing(path: str) -> None:
    assert sample().find(path) is None


def test_queue_names_are_what_a_queue_in_a_table_may_be_called() -> None:
    assert queue_name("SchemaQueue") == "schema"
    assert queue_name("SchemaDeadLetterQueue") == "schema_dead_letter"
    assert queue_name("Queue") == "queue"


def test_the_environment_has_a_local_value_for_all_that_the_template_names() -> None:
    found = local_environment(sample(), PLACES, {"HELIOGRAPH_FORBIDDEN_HOSTS": "10.0.0.0/8"})
    assert found == {
        "HELIOGRAPH_DATABASE": "postgresql://db/app",
        "HELIOGRAPH_SCHEMA_QUEUE": "postgres:sample",
        "HELIOGRAPH_FORBIDDEN_HOSTS": "10.0.0.0/8",
        "HELIOGRAPH_ALLOWED_ORIGINS": "",
    }
    with pytest.raises(DeploymentInvalid, match="HELIOGRAPH_DATABASE"):
        local_environment(sample(), {}, {})


# Our own template


def test_our_own_template_serves_every_noun_by_the_function_that_declares_it() -> None:
    deployment = own()
    served = {
        f"/api/{noun}{more}": function
        for function in API_FUNCTIONS
        for noun in nouns_of(function)
        for more in ("", "/{proxy+}")
    }
    assert {path: function.name for path, function in deployment.paths.items()} == served


def test_our_own_functions_get_every_setting_that_they_need() -> None:
    places = {**PLACES, "public_url": "http://127.0.0.1:8000"}
    found = local_environment(own(), places, {})
    for function in own().functions:
        needed = {setting_name(field) for field in FUNCTION_SETTINGS[function.name]}
        assert needed & found.keys() >= set(function.environment)
        assert {name for name in function.environment if found[name] is None} == set()
    assert found["HELIOGRAPH_SCHEMA_QUEUE"] == "postgres:schema"
    assert found["HELIOGRAPH_PUBLIC_URL"] == "http://127.0.0.1:8000"


def test_our_own_site_is_served_with_a_policy_that_runs_no_foreign_script() -> None:
    headers = own().site_headers
    assert "script-src 'self'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    page = (ROOT / "layers/core/heliograph/local/plain_site/index.html").read_text()
    assert "<style" not in page
    assert "style=" not in page
    assert "<script>" not in page


# What is refused


def broken(tmp_path: Path, change: Any) -> Path:
    """Write the sample's template with one change; the functions stay where they are."""
    document: dict[str, Any] = {
        "Resources": {
            "OneFunction": {
                "Type": "AWS::Serverless::Function",
                "Properties": {
                    "Handler": "one.handler.handle",
                    "CodeUri": "functions/",
                    "Events": {
                        "E": {"Type": "Api", "Properties": {"Path": "/api/one", "Method": "ANY"}}
                    },
                },
            },
            "OneQueue": {"Type": "AWS::SQS::Queue", "Properties": {}},
        }
    }
    change(document["Resources"]["OneFunction"]["Properties"], document["Resources"])
    (tmp_path / "functions").mkdir()
    (tmp_path / "template.yaml").write_text(yaml.safe_dump(document))
    return tmp_path


def event(kind: str, **properties: Any) -> Any:
    def change(function: Any, _: Any) -> None:
        function["Events"]["E"] = {"Type": kind, "Properties": properties}

    return change


def test_the_template_that_the_broken_ones_are_made_of_is_fine(tmp_path: Path) -> None:
    assert list(read_deployment(broken(tmp_path, lambda *_: None)).paths) == ["/api/one"]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (event("HttpApi", Path="/api/one"), "OneFunction.Properties.Events.E"),
        (event("Api", Path="/api/{id}", Method="ANY"), "Events.E.Path"),
        (event("Api", Path="/api/one", Method="GET"), "Events.E.Method"),
        (event("SQS", Queue="arn:aws:sqs:x"), "Events.E.Queue"),
        (event("SQS", Queue={"Ref": "OneQueue"}, FilterCriteria={}), "Events.E.FilterCriteria"),
        (event("SQS", Queue={"Ref": "OneQueue"}, BatchSize="ten"), "Events.E.BatchSize"),
        (event("Schedule", Schedule="rate(1 fortnight)"), "Events.E.Schedule"),
        (event("Schedule", Schedule="rate(1 hour)", Enabledd=True), "Events.E.Enabledd"),
        (lambda f, _: f.update(Handler="handle"), "OneFunction.Properties.Handler"),
        (lambda f, _: f.update(CodeUri="nowhere/"), "OneFunction.Properties.CodeUri"),
        (lambda f, _: f.update(Timeout="long"), "OneFunction.Properties.Timeout"),
        (
            lambda _, r: r["OneQueue"]["Properties"].update(FifoQueue=True),
            "OneQueue.Properties.FifoQueue",
        ),
        (
            lambda _, r: r["OneQueue"]["Properties"].update(
                RedrivePolicy={"deadLetterTargetArn": "arn:x", "maxReceiveCount": 3}
            ),
            "OneQueue.Properties.RedrivePolicy",
        ),
        (lambda _, r: r.pop("OneFunction"), "Resources: there is no function"),
    ],
)
def test_what_one_machine_cannot_run_is_refused_with_its_place(
    tmp_path: Path, change: Any, place: str
) -> None:
    with pytest.raises(DeploymentInvalid) as refused:
        read_deployment(broken(tmp_path, change))
    assert place in refused.value.message


def test_a_template_that_is_missing_or_malformed_says_so(tmp_path: Path) -> None:
    with pytest.raises(DeploymentInvalid, match="cannot be read"):
        read_deployment(tmp_path)
    (tmp_path / "template.yaml").write_text("a: [1\nb: 2\n")
    with pytest.raises(DeploymentInvalid) as malformed:
        read_deployment(tmp_path)
    assert malformed.value.line == 2
    (tmp_path / "template.yaml").write_text("- a\n")
    with pytest.raises(DeploymentInvalid, match="no Resources"):
        read_deployment(tmp_path)
