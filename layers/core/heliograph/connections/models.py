"""A saved connection, what may stand in it, and what is checked before it is kept."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from heliograph.accounts.names import MOST_NAME_CHARACTERS, clean_name
from heliograph.connections.certificates import check_authority, fingerprint
from heliograph.connections.history_policy import HistoryValues, recorded_values
from heliograph.kernel.actors import Role
from heliograph.kernel.errors import DestinationRefused, RequestInvalid
from heliograph.platform.addresses import normal_host

EngineName = Literal["postgres"]
SslMode = Literal["disable", "prefer", "require", "verify-ca", "verify-full"]
Identity = Literal["user", "none"]
LimitName = Literal["max_rows", "statement_timeout_seconds"]

SSL_STRENGTH: dict[SslMode, int] = {
    "disable": 0,
    "prefer": 1,
    "require": 2,
    "verify-ca": 3,
    "verify-full": 4,
}
"""The TLS modes, from the one that protects nothing to the one that protects most."""

MOST_CONCURRENCY = 100
MOST_TIMEOUT_SECONDS = 900  # how long the longest function lives
MOST_ROWS = 10_000_000
MOST_CACHE_SECONDS = 7 * 86400
MOST_PASSWORD_CHARACTERS = 1000


def _no_controls(text: str) -> str:
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
        raise ValueError("must not hold control characters")
    return text


def _name(text: str) -> str:
    try:
        return clean_name(text)
    except RequestInvalid as error:
        raise ValueError(error.problems[0][1]) from None


def _host(text: str) -> str:
    try:
        return normal_host(text.strip())
    except DestinationRefused as error:
        if "," in text or text.startswith(("/", "@")):
            raise ValueError("must be one host name or address: no list, no socket") from None
        if error.hint:
            raise ValueError(f"is an odd spelling of an address. {error.hint}") from None
        raise ValueError("must be a host name or an IP address") from None


def _password(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if not 1 <= len(text) <= MOST_PASSWORD_CHARACTERS or "\0" in text:
        raise ValueError(f"must have 1 to {MOST_PASSWORD_CHARACTERS} characters; null is none")
    return secret


Name = Annotated[str, Field(min_length=1, max_length=MOST_NAME_CHARACTERS), AfterValidator(_name)]
Host = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_host)]
Port = Annotated[int, Field(ge=1, le=65535)]
Identifier = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_no_controls)]
Password = Annotated[SecretStr, AfterValidator(_password)]
MaxConcurrency = Annotated[int, Field(ge=1, le=MOST_CONCURRENCY)]
TimeoutSeconds = Annotated[int, Field(ge=1, le=MOST_TIMEOUT_SECONDS)]
MaxRows = Annotated[int, Field(ge=1, le=MOST_ROWS)]
CacheSeconds = Annotated[int, Field(ge=0, le=MOST_CACHE_SECONDS)]
Authority = Annotated[str, Field(max_length=100_000), AfterValidator(check_authority)]


def _absent() -> Any:
    """Stand for what was not said; `model_fields_set` tells it from null."""
    return None


@dataclass(frozen=True, slots=True)
class Limits:
    """How many rows a query may return, and how long it may take."""

    max_rows: int
    statement_timeout_seconds: int


class RoleLimit(BaseModel):
    """What takes the place of the connection's own limits, for people with one role."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    max_rows: MaxRows = Field(default_factory=_absent)
    statement_timeout_seconds: TimeoutSeconds = Field(default_factory=_absent)


class RoleLimits(BaseModel):
    """Limits by role. What is absent is as the connection has it."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    viewer: RoleLimit = Field(default_factory=_absent)
    editor: RoleLimit = Field(default_factory=_absent)
    admin: RoleLimit = Field(default_factory=_absent)

    @property
    def stated(self) -> dict[str, dict[str, int]]:
        """What was said, as it is kept: without roles of which nothing was said."""
        given = self.model_dump(exclude_unset=True)
        return {role: limit for role, limit in given.items() if limit}


class Target(BaseModel):
    """What it takes to reach a database, the password aside."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    engine: EngineName = "postgres"
    host: Host
    port: Port = 5432
    database: Identifier
    username: Identifier
    ssl_mode: SslMode = "prefer"
    ssl_root_cert: Authority | None = None


class TargetDraft(Target):
    """What somebody wants to try out: a target and, where there is one, its password."""

    password: Password | None = None


class ConnectionDraft(TargetDraft):
    """A connection that is to be made."""

    name: Name
    max_concurrency: MaxConcurrency = 5
    statement_timeout_seconds: TimeoutSeconds = 60
    max_rows: MaxRows = 1_000_000
    identity: Identity = "user"
    cache_seconds: CacheSeconds = 0
    role_limits: RoleLimits = Field(default_factory=RoleLimits)
    history_values: HistoryValues = "kept"

    @property
    def stated(self) -> dict[str, Any]:
        """What the connection is to be, as it is kept, the password aside."""
        values = {name: getattr(self, name) for name in STATED_FIELDS}
        return {**values, "role_limits": self.role_limits.stated}


class TargetChanges(BaseModel):
    """What is to be different in a target. What is absent stays; null clears what may be empty."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    engine: EngineName = Field(default_factory=_absent)
    host: Host = Field(default_factory=_absent)
    port: Port = Field(default_factory=_absent)
    database: Identifier = Field(default_factory=_absent)
    username: Identifier = Field(default_factory=_absent)
    ssl_mode: SslMode = Field(default_factory=_absent)
    ssl_root_cert: Authority | None = Field(default_factory=_absent)
    password: Password | None = Field(default_factory=_absent)

    @property
    def stated(self) -> dict[str, Any]:
        """What was said, as it is kept, the password aside."""
        return {
            name: getattr(self, name) for name in sorted(self.model_fields_set & set(STATED_FIELDS))
        }


class ConnectionChanges(TargetChanges):
    """What is to be different in a connection."""

    name: Name = Field(default_factory=_absent)
    max_concurrency: MaxConcurrency = Field(default_factory=_absent)
    statement_timeout_seconds: TimeoutSeconds = Field(default_factory=_absent)
    max_rows: MaxRows = Field(default_factory=_absent)
    identity: Identity = Field(default_factory=_absent)
    cache_seconds: CacheSeconds = Field(default_factory=_absent)
    role_limits: RoleLimits = Field(default_factory=_absent)
    history_values: HistoryValues = Field(default_factory=_absent)

    @property
    def stated(self) -> dict[str, Any]:
        """What was said, as it is kept, the password aside."""
        values = super().stated
        if "role_limits" in values:
            values["role_limits"] = self.role_limits.stated
        return values


class Connection(BaseModel):
    """A saved connection. Its password is not in it; the service alone can open that.

    ``version`` grows with every edit. ``can_edit`` is about who asked. ``role_limits`` are by
    role and name, and hold what differs from the connection's own: `limits_for`. The salt is for
    `recorded_values` alone: it is in no representation, record or answer.
    """

    model_config = ConfigDict(frozen=True)

    id: UUID
    name: str
    engine: EngineName
    host: str
    port: int
    database: str
    username: str
    has_password: bool
    ssl_mode: SslMode
    ssl_root_cert: str | None
    max_concurrency: int
    statement_timeout_seconds: int
    max_rows: int
    identity: Identity
    cache_seconds: int
    role_limits: Mapping[str, Mapping[str, int]]
    history_values: HistoryValues
    history_salt: bytes = Field(exclude=True, repr=False)
    version: int
    created_at: datetime
    created_by: UUID | None
    updated_at: datetime
    updated_by: UUID | None
    can_edit: bool = False

    def limits_for(self, role: Role | None) -> Limits:
        """Return the limits of people with a role; None stands for who has none: no person."""
        own = self.role_limits.get(role, {}) if role else {}
        return Limits(
            own.get("max_rows", self.max_rows),
            own.get("statement_timeout_seconds", self.statement_timeout_seconds),
        )

    @property
    def longest_timeout_seconds(self) -> int:
        """The longest that a statement of anybody may take."""
        return max(self.limits_for(role).statement_timeout_seconds for role in Role)

    def recorded_values(self, values: Any) -> Any:
        """Return what the history of queries may keep of values that were given to one."""
        return recorded_values(self.history_values, self.history_salt, values)

    def to_record(self) -> dict[str, Any]:
        """Return what an audit record may hold of it."""
        shown = {name: getattr(self, name) for name in STATED_FIELDS}
        if self.ssl_root_cert is not None:
            shown["ssl_root_cert"] = fingerprint(self.ssl_root_cert)
        return {**shown, "has_password": self.has_password}


STATED_FIELDS = tuple(name for name in ConnectionDraft.model_fields if name != "password")
"""What a person says of a connection, the password aside; columns of its table too."""
