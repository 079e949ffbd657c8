"""What the functions stand on, on this machine: PostgreSQL, moto, a receiver, doors to them."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from infra.sam_local.cloud import Cloud, make_cloud
from infra.sam_local.relay import Doorstep, find_doorstep, open_door
from infra.sam_local.world import World, make_world
from tests.support.moto_server import running_moto

from heliograph.local.demo.shop import load_shop
from heliograph.local.postgres_server import PostgresServer
from heliograph.local.receivers import Received, listening
from heliograph.platform import postgres
from heliograph.platform.database import Database
from heliograph.web.services import Services

_OWNER = "heliograph"


@dataclass(frozen=True)
class Neighbours:
    """URLs as this process reaches them; `inside` says how containers do."""

    server: PostgresServer
    shop_url: str = field(repr=False)
    moto_url: str
    hook_url: str
    received: Received
    doorstep: Doorstep
    doors: dict[int, int]

    def inside(self, url: str) -> str:
        """Return the URL by which containers reach what listens on 127.0.0.1."""
        parts = urlsplit(url)
        login, at, _ = parts.netloc.rpartition("@")
        port = self.doors[parts.port or 0]
        return parts._replace(netloc=f"{login}{at}{self.doorstep.name}:{port}").geturl()

    def make_database(self, name: str) -> str:
        """Make an empty app database and a role that owns it; return its URL."""
        role = f"{_OWNER}_{name}"
        password = secrets.token_urlsafe(24)
        with postgres.connect(self.server.url()) as admin:
            admin.execute(f"CREATE ROLE {role} LOGIN".encode())
            postgres.set_password(admin, role, password)
            admin.execute(f"CREATE DATABASE {role} OWNER {role} TEMPLATE template0".encode())
            admin.execute(f"REVOKE ALL ON DATABASE {role} FROM PUBLIC".encode())
        address = urlsplit(self.server.url()).netloc.rpartition("@")[2]
        return f"postgresql://{role}:{password}@{address}/{role}"

    def make_cloud(self, database_url: str) -> tuple[Cloud, Cloud]:
        """Make a deployment's AWS; return it as this process reaches it, and as containers do.

        Who works in this process is given the database by its URL.
        """
        cloud = make_cloud(self.moto_url, self.inside(database_url))
        app = cloud.app
        queues = {
            name: self.inside(getattr(app, name))
            for name in ("schema_queue", "query_queue", "export_queue")
        }
        outside = replace(cloud, app=replace(app, database=database_url))
        return outside, Cloud(self.inside(self.moto_url), replace(app, **queues), cloud.alerts)

    @contextmanager
    def services(self, outside: Cloud) -> Iterator[Services]:
        """Yield services over a deployment, in this process."""
        with closing(Services(outside.app, outside.environment)) as services:
            yield services

    def make_world(self, services: Services, outside: Cloud) -> World:
        """Make what the events are about."""
        return make_world(
            services,
            outside,
            self.received,
            shop_url=self.inside(self.shop_url),
            hook_url=self.inside(self.hook_url),
        )

    def count_orders(self) -> int:
        """Return how many orders the shop has."""
        with closing(Database(self.shop_url)) as database:
            (row,) = database.fetch("SELECT count(*) AS orders FROM orders")
            return int(row["orders"])


@contextmanager
def open_neighbours(folder: Path) -> Iterator[Neighbours]:
    """Start everything on 127.0.0.1, with the demo shop, and open doors for containers.

    PostgreSQL lets nobody in without a password, and only the doors lead to it from elsewhere.
    """
    doorstep = find_doorstep()
    with ExitStack() as stack:
        server = stack.enter_context(PostgresServer(folder / "postgres", settings={"fsync": "off"}))
        shop_url = load_shop(server, today=datetime.now(UTC).date()).reader_url
        moto = stack.enter_context(running_moto())
        receivers = stack.enter_context(listening())
        hook_url = f"{receivers.http_url}/hook"
        ports = [urlsplit(url).port or 0 for url in (shop_url, moto.url, hook_url)]
        doors = {port: stack.enter_context(open_door(doorstep, port)) for port in ports}
        yield Neighbours(server, shop_url, moto.url, hook_url, receivers.received, doorstep, doors)
