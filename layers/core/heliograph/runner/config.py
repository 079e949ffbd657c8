"""The runner's file: what may stand in it, and what each part means."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from heliograph.alerts.models import Policy
from heliograph.alerts.rules.registry import RuleSettings
from heliograph.alerts.schedules import Schedule, TimeZone
from heliograph.kernel.durations import parse_duration
from heliograph.kernel.errors import UsageError
from heliograph.notifications.channels.registry import CHANNEL_KINDS, ChannelSettings
from heliograph.notifications.models import MessageTemplate

DEFAULT_STATEMENT_TIMEOUT = timedelta(seconds=60)
_LONGEST = timedelta(days=366)


def _read_duration(value: Any) -> Any:
    if value is None or isinstance(value, timedelta):
        return value
    try:
        return parse_duration(str(value), longest=_LONGEST)
    except UsageError as error:
        text = f"{error.message} {error.hint or ''}".strip()
        raise PydanticCustomError("bad_duration", "{text}", {"text": text}) from None


Duration = Annotated[timedelta, BeforeValidator(_read_duration)]


class Section(BaseModel):
    """A mapping of the file; a key that it does not know is an error."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True
    )


class ConnectionSection(Section):
    """A database: ``{url: ..., statement_timeout: 30s}``."""

    url: SecretStr
    statement_timeout: Duration = DEFAULT_STATEMENT_TIMEOUT


class MessageSection(Section):
    """Jinja templates of the file's own."""

    title: str | None = None
    body: str | None = None

    def template(self) -> MessageTemplate:
        """Return what the channels render with."""
        return MessageTemplate(self.title, self.body)


class AlertSection(Section):
    """One alert: what to ask, when, how to judge, whom to tell."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    connection: str
    query: str | None = None
    procedure: str | None = None
    params: list[Any] | dict[str, Any] = Field(default_factory=list)
    schedule: Schedule
    rule: RuleSettings
    for_count: Annotated[int, Field(alias="for", ge=1, le=1000)] = 1
    cooldown: Duration | None = None
    renotify: Duration | None = None
    on_no_data: Literal["alert", "ok", "keep"] = "alert"
    on_error: Literal["alert", "keep"] = "alert"
    notify: Annotated[list[str], Field(min_length=1)]
    message: MessageSection = MessageSection()
    link: str | None = None

    @model_validator(mode="after")
    def _check_one_statement(self) -> AlertSection:
        if (self.query is None) == (self.procedure is None):
            raise PydanticCustomError(
                "one_statement", "An alert has either a query or a procedure (call p($1))."
            )
        return self

    @field_validator("notify")
    @classmethod
    def _check_distinct(cls, names: list[str]) -> list[str]:
        if len(set(names)) != len(names):
            raise PydanticCustomError("channel_twice", "A channel stands here twice.")
        return names

    @property
    def sql(self) -> str:
        """The statement."""
        return self.query or self.procedure or ""

    @property
    def policy(self) -> Policy:
        """How outcomes become notices."""
        return Policy(
            for_count=self.for_count,
            cooldown=self.cooldown,
            renotify=self.renotify,
            on_no_data=self.on_no_data,
            on_error=self.on_error,
            is_digest=self.rule.kind == "always",
        )


class RunnerSection(Section):
    """The whole file."""

    version: Literal["1"]
    timezone: TimeZone | None = None
    allow_hosts: list[str] = Field(default_factory=list)
    state: str | None = None
    connections: dict[str, ConnectionSection]
    channels: dict[str, ChannelSettings]
    alerts: list[AlertSection]


def known_keys(place: tuple[str | int, ...]) -> list[str]:
    """Return the keys that may stand in the mapping at ``place`` of the file."""
    match place:
        case ():
            section: type[BaseModel] = RunnerSection
        case ("connections", _):
            section = ConnectionSection
        case ("channels", _, kind):
            section = CHANNEL_KINDS[str(kind)].settings
        case ("alerts", _):
            section = AlertSection
        case ("alerts", _, "message"):
            section = MessageSection
        case _:
            return []
    return [field.alias or name for name, field in section.model_fields.items()]
