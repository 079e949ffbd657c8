"""The smoke test: what people do, through everything that the template wires."""

from __future__ import annotations

import csv
import io
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
from infra.localstack.api import Api, fetch
from infra.localstack.deployment import Deployment
from infra.localstack.neighbours import Neighbours
from infra.localstack.steps import expect, step, wait_for

EMAIL = "admin@example.com"
ROWS = 12_345
_WORKER_SECONDS = 90  # an event source polls every ten seconds at worst, then starts cold
_LOG_SECONDS = 30
_HEALTHY_SECONDS = 60
ASKED = "select n, md5(n::text) as digest from generate_series(1, {{rows}}) as n"


def set_up(deployment: Deployment) -> tuple[Api, str]:
    """Make the app database's tables and the first admin; return who is signed in, the password."""
    with step("migrations") as said:
        applied = deployment.invoke("MigratorFunction", {})["applied"]
        expect(len(applied) > 0, "nothing was applied to an empty database")
        said.append(f"{len(applied)} applied by migrator")
    api, password = Api(deployment.api_url), secrets.token_urlsafe(16)
    with step("first admin") as said:
        link = deployment.invoke("MigratorFunction", {"setup_link": True})["setup_link"]
        token = link.partition("#token=")[2]
        body = {"token": token, "email": EMAIL, "name": "Admin", "password": password}
        api.ask("POST", "setup", body)
        refused = api.ask("POST", "setup", body, statuses=(409, 410))
        said.append(f"by migrator's link, which then is {refused['code']}")
    with step("sign in") as said:
        user = api.sign_in(EMAIL, password)
        said.append(f"{user['email']}, {user['role']}")
    return api, password


def check_health(api: Api) -> None:
    """Have the installation look at itself: database, migrations, queues, key, blobs."""
    with step("health") as said:
        found: dict[str, Any] = {}

        def look() -> bool | None:
            found.update(api.ask("GET", "health", statuses=(200, 503)))
            return True if found["status"] == "ok" else None

        # A cold start on a busy machine takes longer than the three seconds that a check has.
        wait_for(look, _HEALTHY_SECONDS, "not everything is well")
        said.append(", ".join(check["name"] for check in found["checks"]))


def connect(api: Api, neighbours: Neighbours) -> str:
    """Save a connection to the demo shop and return its id."""
    with step("connection") as said:
        parts = urlsplit(neighbours.shop)
        body = {
            "name": "Demo shop",
            "host": parts.hostname,
            "port": parts.port,
            "database": parts.path.lstrip("/"),
            "username": parts.username,
            "password": unquote(parts.password or ""),
        }
        made = api.ask("POST", "connections", body)
        tested = api.ask("POST", f"connections/{made['id']}/test")
        expect(tested["ok"], f"its test says {tested}")
        said.append(f"{len(tested['steps'])} steps of its test hold")
    connection_id: str = made["id"]
    return connection_id


def ask_inline(api: Api, connection_id: str) -> None:
    """Ask, and get the answer in the request."""
    with step("inline query") as said:
        body = {
            "connection_id": connection_id,
            "sql": "select count(*) from orders where 2 > {{few}}",
            "params": {"few": 1},
        }
        run = api.ask("POST", "queries", body, statuses=(200,))
        expect(run["state"] == "succeeded", f"it {run['state']}: {run['error']}")
        said.append(f"{run['rows'][0][0]} orders in {run['duration_ms']:.0f} ms")


def ask_queued(deployment: Deployment, api: Api, connection_id: str) -> str:
    """Ask for rows that query_runner fetches; return the query's id."""
    with step("queued query") as said:
        body = {**_asked(connection_id), "wait_seconds": 0}
        asked = api.ask("POST", "queries", body, statuses=(202,))
        run = _final(api, f"queries/{asked['id']}?wait_seconds=5", asked)
        expect(run["row_count"] == ROWS, f"it has {run['row_count']} rows")
        line = _log_line(deployment, "QueryRunnerFunction", "query_runner.done")
        expect(line["connection"] == connection_id, f"query_runner says {line}")
        said.append(f"{ROWS} rows by query_runner, through SQS")
    query_id: str = asked["id"]
    return query_id


def read_page(api: Api, query_id: str) -> None:
    """Read a page from the middle of the result."""
    with step("page of rows") as said:
        page = api.ask("GET", f"queries/{query_id}/rows?offset=12000&limit=3")
        numbers = [row[0] for row in page["rows"]]
        expect(numbers == [12001, 12002, 12003], f"it holds {page['rows']}")
        expect(page["has_more"], "it says that nothing follows")
        said.append("rows 12001 to 12003, from S3")


def export(deployment: Deployment, api: Api, connection_id: str) -> None:
    """Export by export_writer; its presigned link gives the file, a forged one does not."""
    with step("export") as said:
        body = {**_asked(connection_id), "format": "csv"}
        asked = api.ask("POST", "exports", body)
        done = _final(api, f"exports/{asked['id']}", asked)
        _log_line(deployment, "ExportWriterFunction", "export_writer.done")
        status, file = fetch(done["url"])
        expect(status == 200, f"its link answers {status}: {file[:500]!r}")
        rows = list(csv.reader(io.StringIO(file.decode())))
        expect(rows[0] == ["n", "digest"] and len(rows) == ROWS + 1, f"{len(rows)} lines came")
        head, mark, signature = done["url"].rpartition("X-Amz-Signature=")
        forged = head + mark + ("0" if signature[0] != "0" else "1") + signature[1:]
        refused, _ = fetch(forged)
        expect(refused == 403, f"a forged link answers {refused}")
        said.append(f"{ROWS} rows as CSV by export_writer, from S3; a forged link is refused")


def read_schema(
    deployment: Deployment, api: Api, connection_id: str, neighbours: Neighbours
) -> None:
    """Have schema_reader read a schema that is too slow for a request."""
    with step("schema by its queue") as said:
        with _slow_catalogue(neighbours.shop_owner):
            first = api.ask("GET", f"connections/{connection_id}/schema", statuses=(202,))
            expect(first["state"] in ("waiting", "reading"), f"it is {first['state']} at once")

        def look() -> dict[str, Any] | None:
            found = api.ask("GET", f"connections/{connection_id}/schema")
            expect(found["state"] != "failed", f"it failed: {found['error']}")
            return found if found["state"] == "ready" else None

        found = wait_for(look, _WORKER_SECONDS, "it is not read")
        tables = sum(len(schema["tables"]) for schema in found["schemas"])
        expect(tables > 0, "it holds no tables")
        line = _log_line(deployment, "SchemaReaderFunction", "schema_reader.done")
        expect(line["is_read"], f"schema_reader says {line}")
        said.append(f"{tables} tables by schema_reader, through SQS")


def _asked(connection_id: str) -> dict[str, Any]:
    return {"connection_id": connection_id, "sql": ASKED, "params": {"rows": ROWS}}


def _final(api: Api, path: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Look until a query or an export has ended well."""

    def look() -> dict[str, Any] | None:
        found = asked if asked["state"] == "succeeded" else api.ask("GET", path)
        expect(found["state"] not in ("failed", "canceled"), f"it {found['state']}: {found}")
        return found if found["state"] == "succeeded" else None

    return wait_for(look, _WORKER_SECONDS, f"it is still {asked['state']}")


def _log_line(deployment: Deployment, output: str, event: str) -> dict[str, Any]:
    """Return the last line of an event in a function's log."""

    def look() -> dict[str, Any] | None:
        return next(reversed(deployment.events(output, event)), None)

    return wait_for(look, _LOG_SECONDS, f"{output} has not logged {event}")


@contextmanager
def _slow_catalogue(url: str) -> Iterator[None]:
    """Keep the comments in the catalogue locked while inside: whoever reads them waits."""
    with psycopg.connect(url) as connection:
        connection.execute("lock table pg_catalog.pg_description in access exclusive mode")
        yield
        connection.rollback()
