"""What the events are about: a person, a connection, and work that waits for each worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

from infra.sam_local import events
from infra.sam_local.cloud import Cloud
from pydantic import SecretStr

from heliograph.accounts.models import Scope
from heliograph.connections.models import Connection, ConnectionDraft
from heliograph.connections.schemas import Schemas
from heliograph.kernel.actors import SYSTEM, Actor, Role
from heliograph.local.receivers import Received
from heliograph.queries.export_work import FileFormat
from heliograph.queries.exports import Wanted
from heliograph.queries.questions import Question
from heliograph.web.services import Services

PRODUCTS = "SELECT * FROM products ORDER BY id"
CONNECTION = "Shop"
ALERT = "Orders came in"
_HOOK_SECRET = "whsec_aGVsaW9ncmFwaC1leGFtcGxlLXNlY3JldA=="  # noqa: S105  # nobody checks it
_AT_ONCE = timedelta(0)
_AGE = """
UPDATE one_time_links SET created_at = created_at - interval '1 year',
    expires_at = expires_at - interval '1 year' WHERE id = %s
"""


@dataclass(frozen=True)
class World:
    """What was made, and the services that reach it.

    A query, an export and the schema of a second connection wait for their workers, an old link
    for the janitor, and an alert for the first look at it.
    """

    services: Services
    person: Actor
    token: str = field(repr=False)
    connection_id: UUID
    waiting_id: UUID
    query_id: UUID
    export_id: UUID
    received: Received

    def fill(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Return an event of ``tests/events`` about this world."""
        real = {
            events.CONNECTION_ID: str(self.connection_id),
            events.WAITING_ID: str(self.waiting_id),
            events.TOKEN: self.token,
        }
        return events.fill(event, real)


def make_world(
    services: Services, cloud: Cloud, received: Received, *, shop_url: str, hook_url: str
) -> World:
    """Make it in a migrated database without a person.

    ``shop_url`` is the shop's database and ``hook_url`` what leads to ``received``, both as the
    functions reach them.
    """
    user = services.users.create(
        SYSTEM, email=events.EMAIL, name="Ada", role=Role.ADMIN, password=events.PASSWORD
    )
    person = services.users.find_actor(user.id)
    assert person is not None
    _, token = services.tokens.create(person, "Events", [Scope.READ, Scope.WRITE])
    connection = _connect(services, person, shop_url, CONNECTION)
    waiting = _connect(services, person, shop_url, "Shop, by night")
    question = Question(waiting.id, PRODUCTS, wait=_AT_ONCE, is_detached=True)
    run = services.runs.ask(person, question)
    export = services.exports.of_sql(person, question, Wanted(FileFormat.CSV))
    _leave_schema(services, person, waiting)
    _leave_old_link(services, person)
    cloud.put_alerts(
        _alerts(hook_url),
        {"SHOP_URL": shop_url, "HOOK_URL": hook_url, "HOOK_SECRET": _HOOK_SECRET},
    )
    ids = (connection.id, waiting.id, run.row.id, export.id)
    return World(services, person, token, *ids, received)


def connection_body(url: str, name: str) -> dict[str, Any]:
    """Return what makes a connection of a URL; the embedded PostgreSQL has no TLS."""
    parts = urlsplit(url)
    return {
        "name": name,
        "host": parts.hostname,
        "port": parts.port,
        "database": parts.path.removeprefix("/"),
        "username": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "ssl_mode": "disable",
    }


def _connect(services: Services, person: Actor, url: str, name: str) -> Connection:
    body = connection_body(url, name)
    password = SecretStr(body.pop("password"))
    return services.connections.create(person, ConnectionDraft(password=password, **body))


def _leave_schema(services: Services, person: Actor, connection: Connection) -> None:
    """Ask for the schema with no time to read it, so that it is left to the worker."""
    hasty = Schemas(
        services.database,
        services.clock,
        services.connections,
        lambda: services.schema_queue,
        inline=_AT_ONCE,
    )
    hasty.get(person, connection.id)


def _leave_old_link(services: Services, person: Actor) -> None:
    _, link = services.links.invite(person, "late@heliograph.example", Role.VIEWER)
    with services.database.transaction() as tx:
        tx.execute(_AGE, [link.id])


def _alerts(hook_url: str) -> dict[str, Any]:
    return {
        "version": 1,
        "allow_hosts": [urlsplit(hook_url).hostname],
        "connections": {"shop": {"url": "${SHOP_URL}"}},
        "channels": {"hook": {"kind": "webhook", "url": "${HOOK_URL}", "secret": "${HOOK_SECRET}"}},
        "alerts": [
            {
                "name": ALERT,
                "connection": "shop",
                "query": "SELECT count(*) AS orders FROM orders",
                "schedule": {"every": "1m"},
                "rule": {
                    "kind": "threshold",
                    "column": "orders",
                    "select": "first",
                    "op": ">",
                    "value": 0,
                },
                "notify": ["hook"],
            }
        ],
    }
