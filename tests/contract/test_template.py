"""template.yaml by itself: what every function, role, bucket and log in it keeps to."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.support.repository import ROOT
from tests.support.sam_cli import run_sam, tool, translate
from tests.support.template import (
    FOLDERS,
    FUNCTIONS,
    RESOURCES,
    TEMPLATE,
    deployed,
    listed,
    references,
    resources,
    statements,
    walk,
)

RUNTIME = "python3.13"
LAYERS = resources("AWS::Serverless::LayerVersion")
PARAMETERS = set(TEMPLATE["Parameters"])
OWN_DATABASE = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:app-AbCdEf"
SAMCONFIG = tomllib.loads((ROOT / "samconfig.toml").read_text())


def overrides(place: str) -> dict[str, str]:
    """Return the parameters that samconfig.toml gives in one of its places."""
    given = SAMCONFIG[place]["deploy"]["parameters"].get("parameter_overrides", [])
    return dict(text.split("=", 1) for text in given)


DEPLOYMENTS: dict[str, dict[str, str]] = {
    "as it is": {"VpcId": "vpc-0a", "SubnetIds": "subnet-0a,subnet-0b"},
    "alerts alone": {"Parts": "alerts"},
    "alerts alone, in a VPC": {
        "Parts": "alerts",
        "SubnetIds": "subnet-0a",
        "SecurityGroupIds": "sg-1",
    },
    "everything, with a database of one's own": {"Parts": "all", "DatabaseSecretArn": OWN_DATABASE},
    "everything, with endpoints and a domain": {
        "Parts": "all",
        "VpcId": "vpc-0a",
        "SubnetIds": "subnet-0a,subnet-0b",
        "RouteTableIds": "rtb-1",
        "VpcEndpoints": "true",
        "SiteDomain": "heliograph.example",
        "SiteCertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/1",
        "AlarmTopicArn": "arn:aws:sns:eu-west-1:123456789012:alarms",
    },
    "on LocalStack": overrides("localstack"),
}


def test_sam_and_our_own_rules_find_nothing(tmp_path: Path) -> None:
    for arguments in (["validate"], ["validate", "--lint"]):
        done = run_sam(*arguments, cwd=ROOT, state=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        assert "is a valid SAM Template" in done.stdout


def test_our_own_rules_are_among_those_that_sam_applies(tmp_path: Path) -> None:
    text = (ROOT / "template.yaml").read_text()
    assert "\n      MemorySize: 512\n" in text
    (tmp_path / "template.yaml").write_text(text.replace("\n      MemorySize: 512\n", "\n"))
    config = (ROOT / ".cfnlintrc.yaml").read_text()
    (tmp_path / ".cfnlintrc.yaml").write_text(
        config.replace("infra/lint", str(ROOT / "infra/lint"))
    )
    done = run_sam("validate", "--lint", cwd=tmp_path, state=tmp_path / "state")
    assert done.returncode == 1
    assert "E9001" in done.stdout
    assert tool("cfn-lint").exists()


@pytest.mark.parametrize("parameters", DEPLOYMENTS.values(), ids=DEPLOYMENTS)
def test_what_is_deployed_refers_to_nothing_that_is_not(parameters: dict[str, str]) -> None:
    made = deployed(**parameters)
    assert made.resources
    missing = {
        name: absent
        for name, resource in made.resources.items()
        if (absent := set(references(made.resolve(resource))) - made.resources.keys() - PARAMETERS)
    }
    assert missing == {}
    waits = {d for r in made.resources.values() for d in listed(r.get("DependsOn", []))}
    assert waits <= made.resources.keys()
    outputs = {
        name: about
        for name, about in TEMPLATE["Outputs"].items()
        if "Condition" not in about or made._is_met(about["Condition"])
    }
    assert outputs
    for about in outputs.values():
        assert set(references(made.resolve(about["Value"]))) <= made.resources.keys() | PARAMETERS


def kinds(parameters: dict[str, str]) -> set[str]:
    return {resource["Type"] for resource in deployed(**parameters).resources.values()}


def test_alerts_alone_are_one_function_and_neither_api_nor_database() -> None:
    made = deployed(Parts="alerts").resources
    functions = [n for n, r in made.items() if r["Type"] == "AWS::Serverless::Function"]
    assert functions == ["AlertFileFunction"]
    assert kinds({"Parts": "alerts"}) == {
        "AWS::Serverless::Function",
        "AWS::Serverless::LayerVersion",
        "AWS::IAM::Role",
        "AWS::S3::Bucket",
        "AWS::S3::BucketPolicy",
        "AWS::Logs::LogGroup",
        "AWS::Logs::MetricFilter",
        "AWS::CloudWatch::Alarm",
    }
    assert "AlertFileFunction" not in deployed(Parts="server").resources


def test_localstack_does_without_what_it_lacks() -> None:
    found = kinds(overrides("localstack"))
    assert not any(
        kind.startswith(("AWS::CloudFront::", "AWS::RDS::", "AWS::EC2::")) for kind in found
    )
    assert "AWS::Serverless::Api" in found
    assert any(kind.startswith("AWS::CloudFront::") for kind in kinds(DEPLOYMENTS["as it is"]))
    assert any(kind.startswith("AWS::RDS::") for kind in kinds(DEPLOYMENTS["as it is"]))


def test_what_sam_makes_of_it_is_sound_and_far_below_what_cloudformation_takes(
    tmp_path: Path,
) -> None:
    made = translate(ROOT / "template.yaml")
    (tmp_path / "made.json").write_bytes(made)
    # Circles are among what cfn-lint finds here: SAM ties the API to its functions.
    linted = subprocess.run(
        [tool("cfn-lint"), "--ignore-checks", "W", "--template", "made.json"],
        cwd=tmp_path,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (linted.returncode, linted.stdout) == (0, b"")
    found = json.loads(made)["Resources"]
    kinds = Counter(resource["Type"] for resource in found.values())
    assert 60 < len(found) < 200
    assert len(made) < 1_000_000
    # SAM would add a stage named Stage, and roles that may more than ours.
    assert kinds["AWS::ApiGateway::Stage"] == 1
    assert kinds["AWS::IAM::Role"] == len(resources("AWS::IAM::Role"))
    assert kinds["AWS::Events::Rule"] == 3
    assert kinds["AWS::Lambda::EventSourceMapping"] == 3


def test_no_environment_holds_a_secret() -> None:
    variables = [value for key, value in walk(FUNCTIONS) if key == "Variables"]
    assert len(variables) == len(FUNCTIONS)
    assert "{{resolve:" not in str(variables)
    held = [key for value in variables for key in value if re.search("PASSWORD|TOKEN|PRIVATE", key)]
    assert held == []


def test_layers_are_built_from_what_is_there() -> None:
    built = {
        name: (
            layer["Properties"]["ContentUri"],
            layer["Metadata"]["BuildMethod"],
            layer["Properties"]["CompatibleRuntimes"],
        )
        for name, layer in LAYERS.items()
    }
    assert built == {
        "CoreLayer": ("layers/core", "makefile", [RUNTIME]),
        "DepsLayer": ("layers/deps", "makefile", [RUNTIME]),
    }
    for name, (folder, _, _) in built.items():
        text = (ROOT / folder / "Makefile").read_text()
        assert f"\nbuild-{name}:\n" in text
        assert f"LAYER_VERSION ?= {RUNTIME.removeprefix('python')}\n" in text
    assert (ROOT / "layers/core/heliograph/__init__.py").is_file()
    assert (ROOT / "layers/deps/requirements.txt").is_file()
    common = TEMPLATE["Globals"]["Function"]
    assert common["Runtime"] == RUNTIME
    assert common["Layers"] == [{"Ref": name} for name in LAYERS]
    assert common["CodeUri"] == "functions/"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_role_belongs_to_one_function_and_allows_nothing_by_a_star(name: str) -> None:
    role = FUNCTIONS[name]["Properties"]["Role"]
    assert [f for f, about in FUNCTIONS.items() if about["Properties"]["Role"] == role] == [name]
    assert len(statements(name)) >= 2
    for statement in statements(name):
        assert not any("*" in action for action in listed(statement["Action"]))
        assert "*" not in listed(statement["Resource"])
        assert len(listed(statement["Resource"])) > 0


@pytest.mark.parametrize("name", resources("AWS::S3::Bucket"))
def test_buckets_are_encrypted_private_kept_and_spoken_to_by_tls_only(name: str) -> None:
    bucket = RESOURCES[name]
    assert bucket["DeletionPolicy"] == bucket["UpdateReplacePolicy"] == "Retain"
    assert set(bucket["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["Properties"]["BucketEncryption"]
    assert "CorsConfiguration" not in bucket["Properties"]
    (policy,) = [
        about["Properties"]["PolicyDocument"]["Statement"]
        for about in resources("AWS::S3::BucketPolicy").values()
        if about["Properties"]["Bucket"] == {"Ref": name}
    ]
    denied = [statement for statement in policy if statement["Effect"] == "Deny"]
    assert [s["Condition"] for s in denied] == [{"Bool": {"aws:SecureTransport": "false"}}]
    allowed = [s["Principal"] for s in policy if s["Effect"] == "Allow"]
    assert all(principal == {"Service": "cloudfront.amazonaws.com"} for principal in allowed)
    assert bool(allowed) is (name == "SiteBucket")


def test_what_nobody_could_bring_back_stays_when_the_stack_goes() -> None:
    kept = {
        name: (resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy"))
        for name, resource in RESOURCES.items()
        if resource["Type"]
        in (
            "AWS::S3::Bucket",
            "AWS::KMS::Key",
            "AWS::RDS::DBCluster",
            "AWS::SecretsManager::Secret",
        )
    }
    assert len(kept) == 6
    assert set(kept.values()) == {("Retain", "Retain"), ("Snapshot", "Snapshot")}
    assert RESOURCES["AuroraCluster"]["Properties"]["DeletionProtection"] is True


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_logs_to_a_group_that_forgets_and_has_an_alarm(name: str) -> None:
    group = FUNCTIONS[name]["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]
    assert "RetentionInDays" in RESOURCES[group]["Properties"]
    allowed = {"Fn::GetAtt": [group, "Arn"]}
    assert [s["Resource"] for s in statements(name) if s["Sid"] == "Log"] == [allowed]
    watched = [
        alarm["Properties"]["MetricName"]
        for alarm in resources("AWS::CloudWatch::Alarm").values()
        if {"Name": "FunctionName", "Value": {"Ref": name}}
        in alarm["Properties"].get("Dimensions", [])
    ]
    assert "Errors" in watched


def test_every_alarm_is_told_to_the_topic_and_says_what_is_wrong() -> None:
    told = {"Fn::If": ["HasTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}
    for name, alarm in resources("AWS::CloudWatch::Alarm").items():
        about: dict[str, Any] = alarm["Properties"]
        assert about["AlarmActions"] == about["OKActions"] == told, name
        assert about["AlarmDescription"].endswith("."), name
        assert about["TreatMissingData"] == ("breaching" if "Silence" in name else "notBreaching")


def test_what_the_metric_filter_looks_for_is_what_the_handler_logs() -> None:
    (found,) = resources("AWS::Logs::MetricFilter").values()
    pattern = found["Properties"]["FilterPattern"]
    event, count = re.findall(r'\$\.event = "([\w.]+)" && \$\.(\w+) > 0', pattern)[0]
    source = (ROOT / "functions/alert_file/handler.py").read_text()
    assert f'log("{event}", **counts' in source
    assert f'"{count}":' in source


def test_every_reference_leads_somewhere() -> None:
    known = RESOURCES.keys() | TEMPLATE["Parameters"].keys()
    assert set(references(TEMPLATE)) <= known
    for key, value in walk(TEMPLATE):
        if key == "Condition" and isinstance(value, str):
            assert value in TEMPLATE["Conditions"]
        if key == "Fn::If":
            assert value[0] in TEMPLATE["Conditions"]


def test_every_parameter_and_condition_is_used() -> None:
    used = set(references({key: TEMPLATE[key] for key in ("Conditions", "Globals", "Resources")}))
    assert PARAMETERS - used == set()
    text = (ROOT / "template.yaml").read_text()
    idle = [name for name in TEMPLATE["Conditions"] if len(re.findall(rf"\b{name}\b", text)) < 2]
    assert idle == []


def test_the_reference_lists_every_parameter_with_its_default() -> None:
    text = (ROOT / "docs/reference/template.md").read_text().partition("## Functions")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", text, re.MULTILINE))
    assert rows.keys() == PARAMETERS
    for name, about in TEMPLATE["Parameters"].items():
        default = str(about["Default"])
        assert rows[name] == (f"`{default}`" if default else ""), name
        assert about.get("Description"), name
    groups = TEMPLATE["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    grouped = [name for group in groups for name in group["Parameters"]]
    assert sorted(grouped) == sorted(PARAMETERS)


def test_the_reference_lists_functions_and_rules_as_they_are() -> None:
    text = (ROOT / "docs/reference/template.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| .* \| (\d+) \| (\d+) \|$", text, re.MULTILINE)
    assert rows == [
        (FOLDERS[name], str(about["Properties"]["Timeout"]), str(about["Properties"]["MemorySize"]))
        for name, about in FUNCTIONS.items()
    ]
    rules = re.findall(
        r'^    id = "(E9\d+)"$', (ROOT / "infra/lint/rules.py").read_text(), re.MULTILINE
    )
    assert re.findall(r"^\| `(E9\d+)` \|", text, re.MULTILINE) == rules
    alarms = set(re.findall(r"^\| `(\w+Alarm)` \|", text, re.MULTILINE))
    assert alarms == {
        name for name in resources("AWS::CloudWatch::Alarm") if not name.endswith("ErrorsAlarm")
    } | {"ApiErrorsAlarm"}


def test_the_reference_lists_every_output() -> None:
    text = (ROOT / "docs/reference/template.md").read_text()
    told = set(re.findall(r"^- `(\w+)`", text, re.MULTILINE))
    named = {name for name in TEMPLATE["Outputs"] if not name.endswith("Function")}
    assert named <= told
    assert told <= TEMPLATE["Outputs"].keys()


def test_samconfig_knows_three_places_and_no_secret() -> None:
    text = (ROOT / "samconfig.toml").read_text()
    assert set(SAMCONFIG) == {"version", "default", "localstack", "production"}
    assert not re.search(r"AKIA|://[^/\s\"]*:[^/\s\"]*@|(?i:password|token)", text)
    # Nobody's account: LocalStack's is made of zeros.
    assert set(re.findall(r"\b\d{12}\b", text)) == {"000000000000"}
    for place in ("default", "localstack", "production"):
        assert overrides(place).keys() <= PARAMETERS
    assert overrides("localstack").keys() >= {"CloudFront", "DatabaseSecretArn"}
