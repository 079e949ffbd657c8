"""What ``template.yaml`` deploys, as far as one machine runs it: functions and what calls them.

::

    API events       path -> function                  an embedded gateway calls it
    SQS events       queue, batch size, window         a poller calls it
    Schedule events  rate or cron                      a clock calls it

What is not understood is refused with its place in the template, never passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from heliograph.kernel.errors import DeploymentInvalid
from heliograph.local.schedule_expressions import Cron, Rate, parse_schedule
from heliograph.local.template import Template, read_template

_FUNCTION = "AWS::Serverless::Function"
_QUEUE = "AWS::SQS::Queue"
_LAMBDA_TIMEOUT = 3  # what Lambda takes where the template says nothing
_LAMBDA_MEMORY = 128
_SQS_VISIBILITY = 30
_SQS_BATCH = 10
_RESPONSES = "FunctionResponseTypes"
_SQS_KNOWN = {"Queue", "BatchSize", "MaximumBatchingWindowInSeconds", _RESPONSES, "ScalingConfig",
              "Enabled"}  # fmt: skip
_SCHEDULE_KNOWN = {"Schedule", "Description", "Enabled", "Input", "Name", "State", "RetryPolicy",
                   "DeadLetterConfig"}  # fmt: skip
_LOCAL_WORKERS = 10


@dataclass(frozen=True, slots=True)
class Function:
    """One function: ``handler`` is ``module.attribute``, found in ``folder``."""

    logical_id: str
    handler: str
    folder: Path
    timeout_seconds: int
    memory_mb: int
    environment: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The folder of ``functions/`` that the handler lies in."""
        return self.handler.partition(".")[0]


@dataclass(frozen=True, slots=True)
class QueueSpec:
    """A queue; a message received more than ``most_receives`` times goes to ``dead_letter``."""

    name: str
    visibility_seconds: int
    dead_letter: str | None = None
    most_receives: int | None = None


@dataclass(frozen=True, slots=True)
class QueueSource:
    """A function that works a queue off, with at most ``workers`` batches at once."""

    queue: QueueSpec
    function: Function
    batch_size: int
    window_seconds: int
    has_partial_failures: bool
    workers: int


@dataclass(frozen=True, slots=True)
class ScheduleSource:
    """A function that is called when ``schedule`` fires; ``input`` replaces the usual event."""

    name: str
    function: Function
    schedule: Rate | Cron
    input: str | None = None


@dataclass(frozen=True, slots=True)
class Resource:
    """A path of the API as the template names it, with the parts of a request's path."""

    path: str
    function: Function
    parameters: Mapping[str, str] | None


@dataclass(frozen=True)
class Deployment:
    """Everything that one machine runs of a template."""

    functions: tuple[Function, ...]
    paths: Mapping[str, Function]
    queue_sources: tuple[QueueSource, ...]
    schedules: tuple[ScheduleSource, ...]
    queues: Mapping[str, QueueSpec]
    """By the logical id in the template."""
    site_headers: Mapping[str, str]

    def find(self, path: str) -> Resource | None:
        """Return what serves a path, still percent-encoded, as the gateway would choose it."""
        from urllib.parse import unquote  # noqa: PLC0415

        trimmed = path.rstrip("/") or "/"
        if function := self.paths.get(trimmed):
            return Resource(trimmed, function, None)
        for prefix, function in self._proxies:
            if trimmed.startswith(prefix) and len(trimmed) > len(prefix):
                return Resource(
                    f"{prefix}{{proxy+}}", function, {"proxy": unquote(trimmed[len(prefix) :])}
                )
        return None

    @cached_property
    def _proxies(self) -> list[tuple[str, Function]]:
        found = [
            (path.removesuffix("{proxy+}"), function)
            for path, function in self.paths.items()
            if path.endswith("/{proxy+}")
        ]
        return sorted(found, key=lambda pair: -len(pair[0]))  # the longest is the most exact


def read_deployment(folder: Path, *, leave_out: frozenset[str] = frozenset()) -> Deployment:
    """Return what ``folder/template.yaml`` deploys, without the functions named in ``leave_out``.

    A function is named by its folder. Raises `DeploymentInvalid` that names the place in the
    template which one machine cannot run.
    """
    return _Reader(read_template(folder / "template.yaml"), folder, leave_out).read()


def queue_name(logical_id: str) -> str:
    """Return the local name of a queue: ``SchemaQueue`` is ``schema``."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", logical_id).lower()
    return re.sub(r"_?queue$", "", words) or words


class _Reader:
    """Goes through a template once."""

    def __init__(self, template: Template, folder: Path, leave_out: frozenset[str]) -> None:
        self._template = template
        self._folder = folder
        self._leave_out = leave_out
        self._queues = dict(self._read_queues())

    def read(self) -> Deployment:
        functions: list[Function] = []
        paths: dict[str, Function] = {}
        sources: list[QueueSource] = []
        schedules: list[ScheduleSource] = []
        for key, raw in self._template.of_type(_FUNCTION).items():
            properties = self._template.resolve(raw)
            function = self._read_function(key, properties)
            if function.name in self._leave_out:
                continue
            functions.append(function)
            for name, event in (properties.get("Events") or {}).items():
                place = f"Resources.{key}.Properties.Events.{name}"
                kind, about = event.get("Type"), event.get("Properties") or {}
                if kind == "Api":
                    self._add_path(paths, function, place, about)
                elif kind == "SQS":
                    sources.append(self._read_source(function, place, about))
                elif kind == "Schedule":
                    schedules.append(self._read_schedule(f"{key}.{name}", function, place, about))
                else:
                    raise self._invalid(place, f"events of type {kind} are not known here")
        if not functions:
            raise self._invalid("Resources", "there is no function to run")
        return Deployment(
            tuple(functions),
            paths,
            tuple(source for source in sources if source.workers),
            tuple(schedules),
            self._queues,
            self._read_site_headers(),
        )

    def _read_queues(self) -> Iterator[tuple[str, QueueSpec]]:
        found = self._template.of_type(_QUEUE)
        for key, raw in found.items():
            properties = self._template.resolve(raw)
            place = f"Resources.{key}.Properties"
            if properties.get("FifoQueue"):
                raise self._invalid(f"{place}.FifoQueue", "first-in-first-out queues are not known")
            redrive = properties.get("RedrivePolicy")
            dead_letter = most_receives = None
            if redrive:
                target = _target_of(redrive.get("deadLetterTargetArn"))
                if target not in found:
                    raise self._invalid(f"{place}.RedrivePolicy", "it names no queue of this file")
                dead_letter = queue_name(target)
                most_receives = self._number(redrive, "maxReceiveCount", f"{place}.RedrivePolicy")
            seconds = self._number(properties, "VisibilityTimeout", place, _SQS_VISIBILITY)
            yield key, QueueSpec(queue_name(key), seconds, dead_letter, most_receives)

    def _read_function(self, key: str, properties: Mapping[str, Any]) -> Function:
        merged = {**self._template.resolve(self._template.globals.get("Function") or {})}
        environment = {
            **((merged.get("Environment") or {}).get("Variables") or {}),
            **((properties.get("Environment") or {}).get("Variables") or {}),
        }
        merged |= properties
        place = f"Resources.{key}.Properties"
        handler, code = merged.get("Handler"), merged.get("CodeUri")
        if not isinstance(handler, str) or not re.fullmatch(r"\w+(\.\w+)+", handler):
            raise self._invalid(f"{place}.Handler", "it is not folder.module.function")
        folder = self._folder / code if isinstance(code, str) else None
        if folder is None or not folder.is_dir():
            raise self._invalid(f"{place}.CodeUri", f"there is no folder {code!r}")
        return Function(
            key,
            handler,
            folder.resolve(),
            self._number(merged, "Timeout", place, _LAMBDA_TIMEOUT),
            self._number(merged, "MemorySize", place, _LAMBDA_MEMORY),
            environment,
        )

    def _add_path(
        self, paths: dict[str, Function], function: Function, place: str, about: Mapping[str, Any]
    ) -> None:
        path = about.get("Path")
        if not isinstance(path, str) or not re.fullmatch(r"(/[\w.-]+)+(/\{proxy\+\})?", path):
            raise self._invalid(f"{place}.Path", "only plain paths and {proxy+} are known")
        if str(about.get("Method")).lower() not in ("any", "x-amazon-apigateway-any-method"):
            raise self._invalid(f"{place}.Method", "only ANY is known; methods live in code")
        if path in paths:
            raise self._invalid(f"{place}.Path", f"{path} has a function already")
        paths[path] = function

    def _read_source(self, function: Function, place: str, about: Mapping[str, Any]) -> QueueSource:
        self._require_known(place, about, _SQS_KNOWN)
        target = _target_of(about.get("Queue"))
        if target not in self._queues:
            raise self._invalid(f"{place}.Queue", "it names no queue of this file")
        responses = about.get(_RESPONSES) or []
        most = (about.get("ScalingConfig") or {}).get("MaximumConcurrency", _LOCAL_WORKERS)
        is_on = about.get("Enabled", True) is not False
        return QueueSource(
            self._queues[target],
            function,
            self._number(about, "BatchSize", place, _SQS_BATCH),
            self._number(about, "MaximumBatchingWindowInSeconds", place, 0),
            "ReportBatchItemFailures" in responses,
            min(int(most), _LOCAL_WORKERS) if is_on else 0,
        )

    def _read_schedule(
        self, name: str, function: Function, place: str, about: Mapping[str, Any]
    ) -> ScheduleSource:
        self._require_known(place, about, _SCHEDULE_KNOWN)
        try:
            schedule = parse_schedule(str(about.get("Schedule")))
        except DeploymentInvalid as error:
            raise self._invalid(f"{place}.Schedule", error.message) from error
        given = about.get("Input")
        return ScheduleSource(name, function, schedule, given if isinstance(given, str) else None)

    def _read_site_headers(self) -> Mapping[str, str]:
        from heliograph.local.site_headers import read_site_headers  # noqa: PLC0415

        return read_site_headers(self._template)

    def _require_known(self, place: str, about: Mapping[str, Any], known: set[str]) -> None:
        if unknown := sorted(about.keys() - known):
            raise self._invalid(f"{place}.{unknown[0]}", "it is not known here")

    def _number(
        self, about: Mapping[str, Any], key: str, place: str, default: int | None = None
    ) -> int:
        value = about.get(key, default)
        text = str(value)
        if isinstance(value, bool) or not text.isascii() or not text.isdecimal():
            raise self._invalid(f"{place}.{key}", f"{value!r} is not a whole number")
        return int(text)

    def _invalid(self, place: str, why: str) -> DeploymentInvalid:
        return DeploymentInvalid(
            f"{self._template.name}, {place}: {why.rstrip('.')}.",
            hint="`heliograph serve` runs what docs/explanation/local-runtime.md lists.",
        )


def _target_of(value: Any) -> str:
    """Return the logical id that a Ref or a GetAtt names, '' for anything else."""
    if isinstance(value, dict):
        if isinstance(value.get("Ref"), str):
            return str(value["Ref"])
        found = value.get("Fn::GetAtt")
        if isinstance(found, list) and found:
            return str(found[0])
    return ""
