"""A CloudFormation template as data: short tags read, conditions decided, references followed.

Only what a template says is known here, not what AWS would make of it: parameters have their
defaults, and what only exists once it is deployed (an ARN, a URL) stays the reference that it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from heliograph.kernel.errors import DeploymentInvalid

_NO_VALUE = "AWS::NoValue"


class Template:
    """A parsed template. ``resources`` are those whose condition is met, ``all_resources`` all."""

    def __init__(self, document: Any, *, name: str) -> None:
        if not isinstance(document, dict) or not isinstance(document.get("Resources"), dict):
            raise DeploymentInvalid(f"{name} is not a template: it has no Resources.")
        self.name = name
        self._parameters: Mapping[str, Any] = document.get("Parameters") or {}
        self._conditions: Mapping[str, Any] = document.get("Conditions") or {}
        self.globals: Mapping[str, Any] = document.get("Globals") or {}
        self.all_resources: Mapping[str, dict[str, Any]] = document["Resources"]
        self.resources: dict[str, dict[str, Any]] = {
            key: resource
            for key, resource in self.all_resources.items()
            if "Condition" not in resource or self._is_met(resource["Condition"])
        }

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the properties of the resources of one type, by logical id."""
        return {
            key: resource.get("Properties") or {}
            for key, resource in self.resources.items()
            if resource.get("Type") == kind
        }

    def resolve(self, value: Any) -> Any:
        """Return ``value`` with its conditions decided and its parameters filled in, at all depths.

        What refers to a resource, or to what AWS alone knows, stays as it is. A key whose value is
        ``AWS::NoValue`` goes.
        """
        if isinstance(value, list):
            return [found for item in value if (found := self.resolve(item)) is not None]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((key, argument),) = value.items()
            if key == "Fn::If":
                name, then, otherwise = argument
                return self.resolve(then if self._is_met(name) else otherwise)
            if key == "Ref":
                return self._referred(argument)
            if key == "Fn::Join":
                return self._joined(value, argument)
        return {
            key: found for key, item in value.items() if (found := self.resolve(item)) is not None
        }

    def _referred(self, name: str) -> Any:
        if name == _NO_VALUE:
            return None
        if name not in self._parameters:
            return {"Ref": name}
        default = self._parameters[name].get("Default", "")
        if self._parameters[name].get("Type") in ("CommaDelimitedList", "List<String>"):
            return [part for part in str(default).split(",") if part]
        return default

    def _joined(self, value: Any, argument: list[Any]) -> Any:
        between, parts = argument[0], self.resolve(argument[1])
        texts = isinstance(parts, list) and all(not isinstance(part, dict) for part in parts)
        return str(between).join(map(str, parts)) if texts else value

    def _is_met(self, condition: Any) -> bool:
        if isinstance(condition, str):
            if condition not in self._conditions:
                raise DeploymentInvalid(f"{self.name}: there is no condition {condition}.")
            return self._is_met(self._conditions[condition])
        ((key, argument),) = condition.items()
        if key == "Condition":
            return self._is_met(argument)
        if key == "Fn::Equals":
            left, right = (self.resolve(side) for side in argument)
            return str(left) == str(right)
        if key == "Fn::Not":
            return not self._is_met(argument[0])
        if key == "Fn::And":
            return all(map(self._is_met, argument))
        if key == "Fn::Or":
            return any(map(self._is_met, argument))
        raise DeploymentInvalid(f"{self.name}: the condition {key} is not understood.")


def read_template(path: Path) -> Template:
    """Return the template in a YAML file. Raises `DeploymentInvalid`, with the line where known."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DeploymentInvalid(
            f"The template {path} cannot be read.",
            hint="It comes with Heliograph: install it anew, or name the folder that holds it.",
        ) from error
    return Template(_parse(text, path.name), name=path.name)


def _parse(text: str, name: str) -> Any:
    import yaml  # noqa: PLC0415

    class Loader(yaml.SafeLoader):
        """Reads the short forms: ``!Ref X`` is ``{"Ref": "X"}``."""

    def construct(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
        key = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
        if isinstance(node, yaml.ScalarNode):
            scalar = loader.construct_scalar(node)
            return {key: scalar.split(".", 1) if key == "Fn::GetAtt" else scalar}
        if isinstance(node, yaml.SequenceNode):
            return {key: loader.construct_sequence(node, deep=True)}
        mapping: Callable[..., Any] = loader.construct_mapping
        return {key: mapping(node, deep=True)}

    Loader.add_multi_constructor("!", construct)
    try:
        return yaml.load(text, Loader=Loader)  # noqa: S506  (a SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise DeploymentInvalid(
            f"{name} is not well-formed YAML.",
            line=mark.line + 1 if mark else None,
            column=mark.column + 1 if mark else None,
        ) from error
