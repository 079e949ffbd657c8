"""What each function should have answered to its event, and done: looked up in the world."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable, Mapping
from typing import Any

from infra.sam_local import events
from infra.sam_local.trial import expect
from infra.sam_local.world import ALERT, CONNECTION, World

_QUERY_STEPS = {"lost_queries", "orphaned_queries", "abandoned_queries", "waiting_queries"}


def check_migration(answer: Any, told: Any, pending: list[str]) -> str:
    """Check what the migrator answered, and told CloudFormation; return it in a few words.

    ``pending`` are the titles of the migrations that the database lacked. Raises `TrialFailed`.
    """
    expect(answer == {"applied": pending, "failure": None}, f"it answered {answer}")
    sample = events.read_event("migrator")
    is_about = all(told[key] == sample[key] for key in ("StackId", "RequestId"))
    expect(told["Status"] == "SUCCESS" and is_about, f"CloudFormation was told {told}")
    expect(told["Data"] == {"Applied": str(len(pending))}, f"it told {told['Data']}")
    return f"{len(pending)} migrations, CloudFormation told"


def check_answer(name: str, answer: Any, world: World) -> str:
    """Check an answer to the event ``name``, and what was done; return it in a few words.

    Raises `TrialFailed`, which says what is wrong.
    """
    return CHECKS[name](answer, world)


def read_body(answer: Any, status: int) -> Any:
    """Return the JSON of a REST answer. Raises `TrialFailed` for another status."""
    expect(isinstance(answer, dict) and "statusCode" in answer, f"no REST answer: {answer}")
    body = answer["body"].encode()
    body = base64.b64decode(body) if answer["isBase64Encoded"] else body
    body = gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body
    expect(answer["statusCode"] == status, f"{answer['statusCode']}: {body.decode()[:500]}")
    return json.loads(body)


def _signed_in(answer: Any, _world: World) -> str:
    body = read_body(answer, 200)
    expect(body["user"]["email"] == events.EMAIL, f"it signed in {body['user']}")
    cookies = answer["multiValueHeaders"].get("Set-Cookie", [])
    expect(bool(body["access_token"] and cookies), "no access token, or no refresh token")
    return f"signed in {events.EMAIL}"


def _connection(answer: Any, world: World) -> str:
    body = read_body(answer, 200)
    told = (body["id"], body["name"])
    expect(told == (str(world.connection_id), CONNECTION), f"it told of {told}")
    return f"connection {CONNECTION}"


def _rows(answer: Any, _world: World) -> str:
    body = read_body(answer, 200)
    expect(body["state"] == "succeeded", f"the query {body['state']}: {body.get('error')}")
    ((orders,),) = body["rows"]
    expect(int(orders) > 0, f"the shop has {orders} orders")
    return f"{orders} orders"


def _export_begun(answer: Any, world: World) -> str:
    body = read_body(answer, 202)
    about = (body["connection_id"], body["format"])
    expect(about == (str(world.connection_id), "csv"), f"it exports {about}")
    return f"export {body['state']}"


def _audit_page(answer: Any, world: World) -> str:
    items = read_body(answer, 200)["items"]
    told = {(item["action"], item["object_id"]) for item in items}
    made = (world.connection_id, world.waiting_id)
    expect(told == {("connection.created", str(one)) for one in made}, f"it told {told}")
    return f"{len(items)} connection.created"


def _health(answer: Any, _world: World) -> str:
    body = read_body(answer, 200)
    wrong = [check for check in body["checks"] if not check["ok"]]
    names = {check["name"] for check in body["checks"]}
    expect(body["status"] == "ok" and not wrong, f"it is {body['status']}: {wrong}")
    expect({"database", "migrations", "queues", "key", "blobs"} <= names, f"it checked {names}")
    return f"ok, {len(names)} checks"


def _none_failed(answer: Any) -> None:
    expect(answer == {"batchItemFailures": []}, f"it answered {answer}")


def _schema_read(answer: Any, world: World) -> str:
    _none_failed(answer)
    snapshot = world.services.schemas.get(world.person, world.waiting_id)
    expect(snapshot.state == "ready", f"the schema is {snapshot.state}: {snapshot}")
    expect(bool(snapshot.content), "the schema is empty")
    return "schema read"


def _query_done(answer: Any, world: World) -> str:
    _none_failed(answer)
    row = world.services.runs.get(world.person, world.query_id).row
    expect(row.state == "succeeded", f"the query {row.state}: {row}")
    _, page = world.services.runs.page(world.person, world.query_id, 0, 1000)
    rows = json.loads(b"[%s]" % page.rows())
    expect(len(rows) == page.row_count > 0, f"{len(rows)} of {page.row_count} rows are there")
    return f"{len(rows)} rows in S3"


def _export_done(answer: Any, world: World) -> str:
    _none_failed(answer)
    export = world.services.exports.get(world.person, world.export_id)
    expect(export.state == "succeeded", f"the export {export.state}: {export}")
    expect(bool(export.row_count and export.bytes), "the file is empty")
    return f"{export.row_count} rows, {export.bytes} bytes in S3"


def _cleaned(answer: Any, _world: World) -> str:
    expect(answer.keys() >= {"sessions", "results", "exports", *_QUERY_STEPS}, f"steps: {answer}")
    expect(answer["one_time_links"] == 1, f"the old link is still there: {answer}")
    return f"{len(answer)} steps, 1 old link deleted"


def _looked(answer: Any, _world: World) -> str:
    expect(answer.keys() == _QUERY_STEPS, f"steps: {answer}")
    return f"{len(answer)} steps"


def _alerted(answer: Any, world: World) -> str:
    counts = {"evaluated": 1, "failed": 0, "delivered": 1, "undelivered": 0}
    expect(answer == counts, f"it answered {answer}")
    bodies = [json.loads(body) for _, body in world.received.posts]
    told = [(body["type"], body["data"]["alert"]) for body in bodies]
    expect(told == [("alert.firing", ALERT)], f"it told {told}")
    return "1 alert evaluated and delivered"


CHECKS: Mapping[str, Callable[[Any, World], str]] = {
    "accounts": _signed_in,
    "connections": _connection,
    "queries": _rows,
    "exports": _export_begun,
    "audit": _audit_page,
    "system": _health,
    "schema_reader": _schema_read,
    "query_runner": _query_done,
    "export_writer": _export_done,
    "janitor.minute": _looked,
    "janitor": _cleaned,
    "alert_file": _alerted,
}
"""By event, in the order in which they are sent; the migrator comes before, to make the world."""
