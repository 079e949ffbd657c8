"""template.yaml as data, for the tests that compare it with the code."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

import yaml
from tests.support.repository import ROOT

from heliograph.local.template import Template

FUNCTION = "AWS::Serverless::Function"


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms: ``!Ref X`` is ``{"Ref": "X"}``."""


def _construct(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        text = loader.construct_scalar(node)
        return {name: text.split(".", 1) if name == "Fn::GetAtt" else text}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {name: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _construct)


def load(text: str) -> dict[str, Any]:
    """Return a template with its short forms written out."""
    document: dict[str, Any] = yaml.load(text, Loader=_Loader)
    return document


TEMPLATE = load((ROOT / "template.yaml").read_text())
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]


def resources(kind: str) -> dict[str, Any]:
    """Return the resources of a type by their logical id."""
    return {name: found for name, found in RESOURCES.items() if found["Type"] == kind}


FUNCTIONS = resources(FUNCTION)
FOLDERS = {
    name: about["Properties"]["Handler"].partition(".")[0] for name, about in FUNCTIONS.items()
}
"""Which folder of ``functions/`` each function's handler lies in."""


def walk(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield every key and value of nested mappings and lists."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield key, item
            yield from walk(item)
    elif isinstance(value, list):
        for item in value:
            yield from walk(item)


def references(value: Any) -> Iterator[str]:
    """Yield the names that Ref, GetAtt and Sub inside name, pseudo parameters aside."""
    for key, item in walk(value):
        names: list[str] = []
        if key == "Ref":
            names = [item]
        elif key == "Fn::GetAtt":
            names = [item[0]]
        elif key == "Fn::Sub":
            names = re.findall(r"\$\{(\w+)[.\w]*\}(?!:)", item)
        yield from (name for name in names if not name.startswith("AWS"))


def listed(value: Any) -> list[Any]:
    """Return a list as it is, and anything else as a list of one."""
    return value if isinstance(value, list) else [value]


def statements(function: str) -> list[dict[str, Any]]:
    """Return what the role of a function, by its logical id, allows; conditional ones too."""
    role = RESOURCES[FUNCTIONS[function]["Properties"]["Role"]["Fn::GetAtt"][0]]["Properties"]
    (policy,) = role["Policies"]
    found = []
    for statement in policy["PolicyDocument"]["Statement"]:
        inner = statement["Fn::If"][1] if "Fn::If" in statement else statement
        assert inner["Effect"] == "Allow"
        found.append(inner)
    return found


def actions(function: str) -> set[str]:
    """Return every action that a function's role allows."""
    return {action for found in statements(function) for action in listed(found["Action"])}


def deployed(**parameters: str) -> Template:
    """Return the template as it is deployed with these parameters."""
    document = copy.deepcopy(TEMPLATE)
    for name, value in parameters.items():
        document["Parameters"][name]["Default"] = value
    return Template(document, name="template.yaml")
