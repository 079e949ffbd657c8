"""What there is in a database, as far as a role may see it: the shapes of `Engine.read_schema`.

They are JSON as they stand. A member that would be null, false or empty is left out where the
shape says ``NotRequired``, because a database has tens of thousands of columns.
"""

from __future__ import annotations

from typing import NotRequired, TypedDict


class SchemaColumn(TypedDict):
    """A column. ``type`` is the database's own text for it: ``numeric(10,2)``, ``shop.mood``."""

    name: str
    type: str
    not_null: NotRequired[bool]
    default: NotRequired[str]  # the expression; of a generated column what makes it
    is_generated: NotRequired[bool]
    comment: NotRequired[str]


class SchemaForeignKey(TypedDict):
    """Columns that point at the columns ``references`` of another table."""

    name: str
    columns: list[str]
    schema: str
    table: str
    references: list[str]


class SchemaTable(TypedDict):
    """A table or something that can be read like one.

    ``kind`` is ``table``, ``partitioned_table``, ``view``, ``materialized_view`` or
    ``foreign_table``. Partitions are not listed; their parent counts them. ``estimated_rows`` and
    ``size_bytes`` (without indexes) are what the planner last learned; absent when it never did.
    """

    name: str
    kind: str
    columns: list[SchemaColumn]
    comment: NotRequired[str]
    estimated_rows: NotRequired[int]
    size_bytes: NotRequired[int]
    partition_count: NotRequired[int]
    primary_key: NotRequired[list[str]]
    unique_keys: NotRequired[list[list[str]]]
    foreign_keys: NotRequired[list[SchemaForeignKey]]


class SchemaRoutine(TypedDict):
    """A function or procedure. ``kind``: ``function``, ``procedure``, ``aggregate``, ``window``.

    ``arguments`` is the list as it would be declared. ``extension`` names the extension that the
    routine came with.
    """

    name: str
    kind: str
    arguments: str
    result: NotRequired[str]  # not of a procedure
    comment: NotRequired[str]
    extension: NotRequired[str]


class Schema(TypedDict):
    """A schema with what the role may see in it, by name."""

    name: str
    tables: list[SchemaTable]
    routines: list[SchemaRoutine]
    comment: NotRequired[str]


class DatabaseSchema(TypedDict):
    """Everything that was read at one moment. ``notes`` tell what is missing, and why."""

    server_version: str
    schemas: list[Schema]
    notes: list[str]
