"""What there is in a PostgreSQL database, read from its catalogue in one snapshot."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import Any, Final, LiteralString

import orjson
import psycopg
from psycopg.rows import dict_row

from heliograph.connections.engines.postgres import schema_sql
from heliograph.connections.engines.postgres.connect import open_connection
from heliograph.connections.engines.postgres.errors import diagnose, query_error
from heliograph.connections.engines.postgres.hang_up import hang_up_after
from heliograph.connections.engines.schema_shapes import (
    DatabaseSchema,
    Schema,
    SchemaRoutine,
    SchemaTable,
)
from heliograph.connections.url import ConnectionUrl
from heliograph.kernel.errors import ConnectionLost, QueryTimedOut, TextUndecodable

MOST_TABLES: Final = 10_000
MOST_ROUTINES: Final = 10_000

_LOCK_LIMIT: Final = "1s"
_GRACE_SECONDS: Final = 2.0  # the server's own timeout comes first
_KINDS: Final = {
    "r": "table",
    "p": "partitioned_table",
    "v": "view",
    "m": "materialized_view",
    "f": "foreign_table",
}
_ROUTINE_KINDS: Final = {"f": "function", "p": "procedure", "a": "aggregate", "w": "window"}
_LOCKED: Final = "55P03"

Row = dict[str, Any]


def read_schema(url: ConnectionUrl, *, application_name: str, timeout: timedelta) -> DatabaseSchema:
    """Connect and return what the role may see; see `contract.Engine.read_schema`."""
    end = time.monotonic() + timeout.total_seconds()
    connection = open_connection(url, application_name=application_name, connect_timeout=timeout)
    with closing(connection), _translated(end, timeout):
        seconds = max(end - time.monotonic(), 0.001)
        with hang_up_after(connection, seconds + _GRACE_SECONDS), connection.transaction():
            return _Reader(connection, seconds).read()


class _Reader:
    """Reads within one transaction, and puts together what belongs together."""

    def __init__(self, connection: psycopg.Connection[Any], seconds: float) -> None:
        self._cursor = connection.cursor(row_factory=dict_row)
        self._connection = connection
        self._seconds = seconds
        self._notes: list[str] = []

    def read(self) -> DatabaseSchema:
        """Return everything."""
        self._fetch("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        self._fetch(
            "SELECT set_config('statement_timeout', %s, true), set_config('search_path', '', true),"
            " set_config('lock_timeout', %s, true)",
            [f"{max(1, round(self._seconds * 1000))}", _LOCK_LIMIT],
        )
        schemas = {row["nspname"]: _schema(row) for row in self._fetch(schema_sql.SCHEMAS)}
        for place, table in self._tables().values():
            schemas[place]["tables"].append(table)
        for row in self._limited(schema_sql.ROUTINES, MOST_ROUTINES, "functions"):
            schemas[row["nspname"]]["routines"].append(_routine(row))
        return DatabaseSchema(
            server_version=str(self._fetch("SHOW server_version")[0]["server_version"]),
            schemas=list(schemas.values()),
            notes=self._notes,
        )

    def _tables(self) -> dict[int, tuple[str, SchemaTable]]:
        """Return the tables with the names of their schemas, by OID."""
        rows = self._limited(schema_sql.TABLES, MOST_TABLES, "tables")
        tables = {row["oid"]: (row["nspname"], _table(row)) for row in rows}
        self._add_defaults(tables)
        oids = list(tables)
        for row in self._fetch(schema_sql.UNIQUE_KEYS, [oids]):
            _add_unique_key(tables[row["oid"]][1], row)
        for row in self._fetch(schema_sql.FOREIGN_KEYS, [oids, oids]):
            _add_foreign_key(tables[row["oid"]][1], row, *tables[row["target"]])
        return tables

    def _add_defaults(self, tables: dict[int, tuple[str, SchemaTable]]) -> None:
        """Put the defaults into their columns; without them where a table is locked."""
        numbered: dict[tuple[int, int], Any] = {
            (oid, column.pop("number")): column  # type: ignore[typeddict-item]
            for oid, (_, table) in tables.items()
            for column in table["columns"]
            if "number" in column
        }
        if not numbered:
            return
        try:
            with self._connection.transaction():
                found = self._fetch(schema_sql.DEFAULTS, [list({oid for oid, _ in numbered})])
        except psycopg.Error as error:
            if error.sqlstate != _LOCKED:
                raise
            self._notes.append("Defaults of columns are left out: somebody has locked a table.")
            return
        for row in found:
            column = numbered.get((row["oid"], row["adnum"]))
            if column is not None:
                column["default"] = row["expression"]

    def _limited(self, statement: LiteralString, most: int, what: str) -> Sequence[Row]:
        rows = self._fetch(statement, [most + 1])
        if len(rows) > most:
            self._notes.append(f"There are more than {most:,} {what}; these are the first by name.")
        return rows[:most]

    def _fetch(self, statement: LiteralString, values: Sequence[Any] = ()) -> list[Row]:
        self._cursor.execute(statement, values or None)
        return self._cursor.fetchall() if self._cursor.description else []


def _schema(row: Row) -> Schema:
    schema = Schema(name=row["nspname"], tables=[], routines=[])
    if row["description"]:
        schema["comment"] = row["description"]
    return schema


def _table(row: Row) -> SchemaTable:
    table = SchemaTable(
        name=row["relname"], kind=_KINDS[row["kind"]], columns=orjson.loads(row["columns"])
    )
    if row["description"]:
        table["comment"] = row["description"]
    if row["estimated_rows"] is not None:
        table["estimated_rows"] = row["estimated_rows"]
        if row["size_bytes"] is not None:
            table["size_bytes"] = int(row["size_bytes"])
    if row["kind"] == "p":
        table["partition_count"] = row["partition_count"] or 0
    return table


def _routine(row: Row) -> SchemaRoutine:
    routine = SchemaRoutine(
        name=row["proname"],
        kind=_ROUTINE_KINDS.get(row["kind"], "function"),
        arguments=row["arguments"],
    )
    if row["result"] is not None:
        routine["result"] = row["result"]
    if row["description"]:
        routine["comment"] = row["description"]
    if row["extname"]:
        routine["extension"] = row["extname"]
    return routine


def _add_unique_key(table: SchemaTable, row: Row) -> None:
    columns = orjson.loads(row["columns"] or "[]")
    if not columns or not _are_visible(table, columns):
        return
    if row["is_primary"]:
        table["primary_key"] = columns
    else:
        table.setdefault("unique_keys", []).append(columns)


def _add_foreign_key(table: SchemaTable, row: Row, schema: str, target: SchemaTable) -> None:
    columns, references = orjson.loads(row["columns"]), orjson.loads(row["target_columns"])
    if _are_visible(table, columns) and _are_visible(target, references):
        table.setdefault("foreign_keys", []).append(
            {
                "name": row["conname"],
                "columns": columns,
                "schema": schema,
                "table": target["name"],
                "references": references,
            }
        )


def _are_visible(table: SchemaTable, names: Iterable[str]) -> bool:
    """Say whether the role may see all of these columns: a key tells of them."""
    return {*names} <= {column["name"] for column in table["columns"]}


@contextmanager
def _translated(end: float, timeout: timedelta) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError:
        raise TextUndecodable(
            "A name or a comment in this database is not text in its encoding.",
            hint="Rename it, or convert the database from SQL_ASCII.",
        ) from None
    except psycopg.Error as error:
        is_late = time.monotonic() >= end - 0.05
        if is_late and (error.pgresult is None or error.sqlstate == "57014"):
            raise QueryTimedOut(
                f"Reading the schema took longer than {timeout.total_seconds():g} s.",
                sqlstate=error.sqlstate,
                hint="The server is busy, or has very many tables. Try again later.",
            ) from None
        if error.pgresult is None:
            raise ConnectionLost(
                "The connection was lost while the schema was read.", hint="Try again."
            ) from None
        raise query_error(diagnose(error.pgresult), sql="", origin=lambda place: place) from None
