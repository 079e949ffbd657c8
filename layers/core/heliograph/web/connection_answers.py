"""What the API answers about connections: the models, and who may know how much."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import Field

from heliograph.connections.history_policy import HistoryValues
from heliograph.connections.models import Connection, EngineName, Identity, LimitName, SslMode
from heliograph.kernel.actors import Actor, Role
from heliograph.web.contract import AnswerModel


class ConnectionAnswer(AnswerModel):
    """A connection. Viewers get its id and name; the rest is null for them."""

    id: UUID
    name: str
    can_edit: bool
    engine: EngineName | None = None
    host: str | None = None
    port: int | None = None
    database: str | None = None
    username: str | None = None
    has_password: bool | None = None
    ssl_mode: SslMode | None = None
    ssl_root_cert: str | None = None
    max_concurrency: int | None = None
    statement_timeout_seconds: int | None = None
    max_rows: int | None = None
    identity: Identity | None = None
    cache_seconds: int | None = None
    role_limits: dict[Role, dict[LimitName, int]] | None = None
    history_values: HistoryValues | None = None
    version: int | None = None
    created_at: datetime | None = None
    created_by: UUID | None = None
    updated_at: datetime | None = None
    updated_by: UUID | None = None

    @classmethod
    def of(cls, connection: Connection, actor: Actor) -> Self:
        """Return what this person may know of it."""
        if actor.role is Role.VIEWER:
            return cls(id=connection.id, name=connection.name, can_edit=False)
        return cls.model_validate(connection)


class ConnectionsAnswer(AnswerModel):
    """A page of the list, by name."""

    items: list[ConnectionAnswer]
    next: str | None


class StepAnswer(AnswerModel):
    """A step of a test. A warning is ok, but not as it should be; ``fix`` says what to do."""

    name: str
    ok: bool
    is_warning: bool
    message: str
    fix: str | None


class ConnectionTestAnswer(AnswerModel):
    """The steps that were made; the last one is the first that failed."""

    ok: bool
    steps: list[StepAnswer]


class SchemaColumnAnswer(AnswerModel):
    """A column. Members that are null or false are left out."""

    name: str
    type: str
    not_null: bool = False
    default: str | None = None
    is_generated: bool = False
    comment: str | None = None


class SchemaForeignKeyAnswer(AnswerModel):
    """Columns that point at ``references``, columns of another table."""

    name: str
    columns: list[str]
    schema_: str = Field(alias="schema")
    table: str
    references: list[str]


class SchemaTableAnswer(AnswerModel):
    """A table or a view. Without columns, keys and comment where ``detail`` is ``tables``."""

    name: str
    kind: str
    comment: str | None = None
    estimated_rows: int | None = None
    size_bytes: int | None = None
    partition_count: int | None = None
    columns: list[SchemaColumnAnswer] | None = None
    primary_key: list[str] | None = None
    unique_keys: list[list[str]] | None = None
    foreign_keys: list[SchemaForeignKeyAnswer] | None = None


class SchemaRoutineAnswer(AnswerModel):
    """A function or a procedure."""

    name: str
    kind: str
    arguments: str | None = None
    result: str | None = None
    comment: str | None = None
    extension: str | None = None


class SchemaPartAnswer(AnswerModel):
    """A schema; with counts alone where ``detail`` is ``schemas``."""

    name: str
    comment: str | None = None
    tables: list[SchemaTableAnswer] | None = None
    routines: list[SchemaRoutineAnswer] | None = None
    table_count: int | None = None
    routine_count: int | None = None


class SchemaErrorAnswer(AnswerModel):
    """Why the last reading failed."""

    code: str
    message: str
    sqlstate: str | None = None
    hint: str | None = None


class SchemaAnswer(AnswerModel):
    """What there is in the database. ``is_stale``: it is older than what is being read.

    ``state`` is ``reading``, ``ready`` or ``failed``; ``detail`` is ``columns``, ``tables`` or
    ``schemas``: the most that fits into an answer. ``notes`` tell what is missing.
    """

    state: str
    is_stale: bool
    read_at: datetime | None
    error: SchemaErrorAnswer | None
    detail: str
    server_version: str | None = None
    notes: list[str]
    schemas: list[SchemaPartAnswer]
