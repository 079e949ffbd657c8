"""What is told of a snapshot: all of it where that fits into an answer, else the next best.

Of a database the answer holds every column; where that is too much, every table; where that is too
much, every schema. What it holds is its ``detail``; one schema, or one table, can be asked for.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import Any, Final

import orjson

from heliograph.connections.schema_store import Snapshot
from heliograph.kernel.errors import NotFound, RequestInvalid

MOST_BYTES: Final = 4_000_000
"""The most that an answer holds, before it is packed for the way."""

_IN_OUTLINE: Final = ("name", "kind", "estimated_rows", "partition_count")


def is_pending(snapshot: Snapshot) -> bool:
    """Say whether there is nothing to show yet, and something will be."""
    return snapshot.content is None and snapshot.state in ("waiting", "reading")


def etag_of(snapshot: Snapshot, schema: str | None, table: str | None) -> str:
    """Return the entity tag of what `write_answer` makes of the same arguments."""
    parts = [
        snapshot.connection_id,
        snapshot.connection_version,
        _state(snapshot),
        snapshot.read_at,
        snapshot.failed_at,
    ]
    text = "\n".join([*map(str, parts), repr(schema), repr(table)])
    return f'W/"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def write_answer(
    snapshot: Snapshot,
    schema: str | None = None,
    table: str | None = None,
    *,
    most_bytes: int = MOST_BYTES,
) -> bytes:
    """Return the JSON of an answer: everything, one schema, or one table of it.

    Raises `NotFound` for a schema or a table that was not found when it was read, `RequestInvalid`
    for a table without its schema.
    """
    if table is not None and schema is None:
        raise RequestInvalid(
            "A table is asked for by its schema and its name.",
            [("?schema", "is required where there is a table")],
        )
    head = {
        "state": _state(snapshot),
        "is_stale": snapshot.content is not None and snapshot.state != "ready",
        "read_at": snapshot.read_at,
        "error": snapshot.error,
    }
    if snapshot.content is None:
        return orjson.dumps({**head, "detail": "columns", "notes": [], "schemas": []})
    content = zlib.decompress(snapshot.content)
    if schema is None and table is None and len(content) <= most_bytes:
        start = orjson.dumps({**head, "detail": "columns"})
        return start[:-1] + b"," + content[1:]
    return _write_part(head, orjson.loads(content), schema, table, most_bytes)


def _write_part(
    head: dict[str, Any],
    content: dict[str, Any],
    schema: str | None,
    table: str | None,
    most_bytes: int,
) -> bytes:
    schemas = content["schemas"]
    if schema is not None:
        schemas = [_named(schemas, schema, "schema")]
    if table is not None:
        chosen = _named(schemas[0]["tables"], table, "table")
        schemas = [{**schemas[0], "tables": [chosen], "routines": []}]
    details = {"columns": _same, "tables": _outline, "schemas": _count}
    body = b""
    for detail, shorten in details.items():
        shown = [shorten(one) for one in schemas]
        body = orjson.dumps({**head, "detail": detail, **content, "schemas": shown})
        if len(body) <= most_bytes or table is not None:
            break
    return body


def _same(schema: dict[str, Any]) -> dict[str, Any]:
    return schema


def _outline(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema with its tables, but without their columns, keys and comments."""
    return {
        **schema,
        "tables": [
            {name: table[name] for name in _IN_OUTLINE if name in table}
            for table in schema["tables"]
        ],
        "routines": [
            {"name": routine["name"], "kind": routine["kind"]} for routine in schema["routines"]
        ],
    }


def _count(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema with nothing but how much is in it."""
    return {
        "name": schema["name"],
        "table_count": len(schema["tables"]),
        "routine_count": len(schema["routines"]),
    }


def _named(found: list[dict[str, Any]], name: str, what: str) -> dict[str, Any]:
    for one in found:
        if one["name"] == name:
            return one
    raise NotFound(f"There is no such {what}, or the role of the connection may not see it.")


def _state(snapshot: Snapshot) -> str:
    return "reading" if snapshot.state == "waiting" else snapshot.state
