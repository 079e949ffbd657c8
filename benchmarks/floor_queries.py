"""The floor of a query over HTTP: starlette, a pool of psycopg connections, orjson, and no more.

It runs any SQL that is posted to it, for anybody, with psycopg's default loaders, and holds the
whole result in memory: no sign-in, no limit, no page, no history. ``FLOOR_DATABASE_URL`` says
where.
"""

from __future__ import annotations

import os
import queue

import orjson
import psycopg
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_POOL: queue.SimpleQueue[psycopg.Connection[tuple[object, ...]]] = queue.SimpleQueue()
for _ in range(8):
    _POOL.put(psycopg.connect(os.environ["FLOOR_DATABASE_URL"], autocommit=True))


def _ask(sql: bytes) -> bytes:
    connection = _POOL.get()
    try:
        cursor = connection.execute(sql)
        rows = cursor.fetchall()
        columns = [one.name for one in cursor.description or ()]
    finally:
        _POOL.put(connection)
    return orjson.dumps({"columns": columns, "rows": rows, "row_count": len(rows)}, default=str)


async def query(request: Request) -> Response:
    """Answer with all rows of a statement."""
    sql = orjson.loads(await request.body())["sql"].encode()
    return Response(await run_in_threadpool(_ask, sql), media_type="application/json")


app = Starlette(routes=[Route("/api/queries", query, methods=["POST"])])
