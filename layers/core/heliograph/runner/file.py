"""Reading the runner's file: every mistake in it, each with its line, before anything runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta, tzinfo
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from heliograph.connections.url import ConnectionUrl, parse_connection_url
from heliograph.kernel.errors import AlertFileInvalid, FileInvalid, HeliographError
from heliograph.kernel.suggestions import suggest
from heliograph.notifications.channels.contract import Channel
from heliograph.notifications.channels.registry import CHANNEL_KINDS, make_channel
from heliograph.notifications.templates import check_template
from heliograph.platform.addresses import parse_allow_hosts
from heliograph.platform.documents import Document, Place, read_document
from heliograph.platform.settings import expand_references
from heliograph.queries.parameters import Parameters, from_document
from heliograph.queries.placeholders import parse_template
from heliograph.queries.service import PreparedQuery, prepare_query
from heliograph.runner.config import AlertSection, RunnerSection, known_keys

# Pydantic's own messages do not name the key that they are about.
_PLAIN_TYPES = frozenset(
    {
        "literal_error",
        "list_type",
        "dict_type",
        "model_type",
        "string_type",
        "string_too_short",
        "string_too_long",
        "too_short",
        "too_long",
        "int_parsing",
        "bool_parsing",
        "greater_than_equal",
        "less_than_equal",
    }
)
STATE_FILE = "heliograph-alerts.db"


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: where it stands, what is wrong, what would be right."""

    line: int
    column: int
    message: str


@dataclass(frozen=True, slots=True)
class ConnectionTarget:
    """A database that alerts ask."""

    url: ConnectionUrl
    statement_timeout: timedelta


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert, ready to run: its statement is checked and its values are in place."""

    settings: AlertSection
    query: PreparedQuery

    @property
    def name(self) -> str:
        """What the file calls it."""
        return self.settings.name


@dataclass(frozen=True, slots=True)
class AlertFile:
    """A file without mistakes. ``state`` is the place that it names for its state, or None."""

    path: Path
    timezone: tzinfo
    session_time_zone: str | None
    allow_hosts: Sequence[str]
    connections: Mapping[str, ConnectionTarget]
    channels: Mapping[str, Channel]
    alerts: Mapping[str, Alert]
    state: str | None

    def state_place(self, override: str | None) -> str:
        """Return where the state lies: ``--state``, else the file's own, else beside the file."""
        if override:
            return override
        if self.state is None:
            return str(self.path.parent / STATE_FILE)
        is_place = "://" in self.state
        return self.state if is_place else str(self.path.parent / self.state)


def load_alert_file(path: Path, environment: Mapping[str, str]) -> AlertFile:
    """Read and check a file of alerts, with ``${ENV}`` expanded where it may stand.

    Raises `AlertFileInvalid`, which lists every problem with line and column, or `FileInvalid` for
    a file that cannot be read at all. Values of secrets are never in a message.
    """
    return _Reader(read_document(path, what="alert file"), environment).read()


class _Reader:
    def __init__(self, document: Document, environment: Mapping[str, str]) -> None:
        self._document = document
        self._environment = environment
        self._problems: list[Problem] = []

    def read(self) -> AlertFile:
        data = self._expanded(self._document.data)
        try:
            section = RunnerSection.model_validate(data)
        except ValidationError as error:
            self._note_validation(error)
            raise self._invalid() from None
        connections = dict(self._connections(section))
        channels = {
            name: make_channel(name, settings) for name, settings in section.channels.items()
        }
        alerts = dict(self._alerts(section, connections, channels))
        try:
            parse_allow_hosts(section.allow_hosts)
        except HeliographError as error:
            self._note(("allow_hosts",), error)
        if self._problems:
            raise self._invalid()
        return AlertFile(
            path=self._document.path,
            timezone=section.timezone or UTC,
            session_time_zone=section.timezone.key if section.timezone else None,
            allow_hosts=section.allow_hosts,
            connections=connections,
            channels=channels,
            alerts=alerts,
            state=section.state,
        )

    # Expansion

    def _expanded(self, data: Any) -> Any:
        if not isinstance(data, dict):
            self._note((), FileInvalid("The file is not a mapping with version, connections, ..."))
            raise self._invalid()
        expanded = dict(data)
        for name in ("connections", "channels"):
            if name in data:
                expanded[name] = self._expand(data[name], (name,))
        if "state" in data:
            expanded["state"] = self._expand(data["state"], ("state",))
        if isinstance(data.get("alerts"), list):
            expanded["alerts"] = [
                {**alert, "params": self._expand(alert["params"], ("alerts", n, "params"))}
                if isinstance(alert, dict) and "params" in alert
                else alert
                for n, alert in enumerate(data["alerts"])
            ]
        if self._problems:
            raise self._invalid()
        return expanded

    def _expand(self, value: Any, place: Place) -> Any:
        if isinstance(value, dict):
            return {key: self._expand(item, (*place, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self._expand(item, (*place, n)) for n, item in enumerate(value)]
        if not isinstance(value, str):
            return value
        try:
            return expand_references(value, self._environment)
        except HeliographError as error:
            self._note(place, error)
            return value

    # Parts

    def _connections(self, section: RunnerSection) -> Iterator[tuple[str, ConnectionTarget]]:
        for name, connection in section.connections.items():
            try:
                url = parse_connection_url(connection.url.get_secret_value())
            except HeliographError as error:
                self._note(("connections", name, "url"), error)
                continue
            yield name, ConnectionTarget(url, connection.statement_timeout)

    def _alerts(
        self,
        section: RunnerSection,
        connections: Mapping[str, ConnectionTarget],
        channels: Mapping[str, Channel],
    ) -> Iterator[tuple[str, Alert]]:
        seen: set[str] = set()
        for number, settings in enumerate(section.alerts):
            place: Place = ("alerts", number)
            if settings.name in seen:
                self._say((*place, "name"), f"Another alert is called {settings.name} too.")
            seen.add(settings.name)
            if settings.connection not in section.connections:
                hint = suggest(settings.connection, section.connections)
                text = f"There is no connection {settings.connection}. {hint}"
                self._say((*place, "connection"), text)
            for index, name in enumerate(settings.notify):
                if name not in channels:
                    text = f"There is no channel {name}. {suggest(name, channels)}"
                    self._say((*place, "notify", index), text)
            self._check_templates(settings, place)
            query = self._query(settings, place)
            if query is not None:
                yield settings.name, Alert(settings, query)

    def _check_templates(self, settings: AlertSection, place: Place) -> None:
        for name in ("title", "body"):
            text = getattr(settings.message, name)
            if text is not None:
                try:
                    check_template(text)
                except HeliographError as error:
                    self._note((*place, "message", name), error)

    def _query(self, settings: AlertSection, place: Place) -> PreparedQuery | None:
        key = "query" if settings.query is not None else "procedure"
        try:
            template = parse_template(settings.sql)
            parameters: Parameters = from_document(template, settings.params)
            return prepare_query(template, parameters)
        except HeliographError as error:
            at = "params" if error.code.startswith("parameter") else key
            where = "" if error.line is None else f" (line {error.line} of the {key})"
            self._note((*place, at), error, where)
            return None

    # Problems

    def _note_validation(self, error: ValidationError) -> None:
        for found in error.errors(include_url=False, include_input=False):
            place: tuple[str | int, ...] = tuple(found["loc"])
            if found["type"] == "unknown_key":
                place = (*place, found["ctx"]["name"])
            text = found["msg"]
            if found["type"] == "extra_forbidden":
                text = f"Unknown key {place[-1]}. {suggest(str(place[-1]), known_keys(place[:-1]))}"
            if found["type"] == "union_tag_invalid":
                kind = found["ctx"]["tag"]
                place, text = (
                    (*place, "kind"),
                    f"There is no kind {kind}. {suggest(kind, CHANNEL_KINDS)}",
                )
            if found["type"] == "missing":
                place, text = place[:-1], f"The key {place[-1]} is missing here."
            elif found["type"] in _PLAIN_TYPES and place:
                text = f"{place[-1]}: {text[:1].lower()}{text[1:]}."
            self._say(place, text.removeprefix("Value error, "))

    def _note(self, place: Place, error: HeliographError, where: str = "") -> None:
        self._say(place, f"{error.message}{where} {error.hint or ''}".strip())

    def _say(self, place: Sequence[str | int], message: str) -> None:
        line, column = self._document.mark(place)
        self._problems.append(Problem(line, column, message))

    def _invalid(self) -> AlertFileInvalid:
        problems = sorted(self._problems, key=lambda problem: (problem.line, problem.column))
        first = problems[0]
        count = f"{len(problems)} problems, the first" if len(problems) > 1 else "a problem"
        return AlertFileInvalid(
            f"{self._document.path.name} has {count} in line {first.line}: {first.message}",
            [
                f"{self._document.path}:{problem.line}:{problem.column}: {problem.message}"
                for problem in problems
            ],
            line=first.line,
            column=first.column,
        )
