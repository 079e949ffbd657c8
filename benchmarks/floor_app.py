"""The floor of an API: starlette, a pool of psycopg connections, orjson, and nothing else.

It does what the answer needs and no more: one statement by primary key. It knows no sign-in, no
permission, no limit, no log. ``FLOOR_DATABASE_URL`` and ``FLOOR_USER_ID`` say where and whom.
"""

from __future__ import annotations

import os
import queue

import orjson
import psycopg
from psycopg.rows import dict_row
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_POOL: queue.SimpleQueue[psycopg.Connection[dict[str, object]]] = queue.SimpleQueue()
for _ in range(8):
    _POOL.put(
        psycopg.Connection[dict[str, object]].connect(
            os.environ["FLOOR_DATABASE_URL"], autocommit=True, row_factory=dict_row
        )
    )


def me(request: Request) -> Response:
    """Answer with one row of the table of users."""
    connection = _POOL.get()
    try:
        row = connection.execute(
            "SELECT id, email, name, role FROM users WHERE id = %s", [os.environ["FLOOR_USER_ID"]]
        ).fetchone()
    finally:
        _POOL.put(connection)
    return Response(orjson.dumps(row, default=str), media_type="application/json")


app = Starlette(routes=[Route("/api/me", me)])
