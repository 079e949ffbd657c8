"""Exports for tests: asked for through the API, written by a worker, looked at as a file."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.support.api import Answered, Api
from tests.support.connections import EDITOR, ConnectionsApi, KnownPeople

from heliograph.kernel.errors import LinkInvalid
from heliograph.platform.blob_store import BlobStore
from heliograph.platform.blob_store_folder import FolderBlobStore
from heliograph.platform.postgres import connect
from heliograph.queries.exports import Exports
from heliograph.queries.wakes import read_wake
from heliograph.web.services import Services

ENDLESS = "SELECT generate_series(1, 1000000000) AS n, repeat('x', 100) AS t"


class Exporting:
    """A connection, the people who may use it, and exports of it."""

    def __init__(self, services: Services, api: Api, url: str) -> None:
        self.services = services
        self.api = api
        self.url = url
        self.people = KnownPeople(services)
        self.connections = ConnectionsApi(api, self.people)

    def connect(self, **values: Any) -> str:
        made: str = self.connections.make(self.url, ssl_mode="disable", **values)["id"]
        return made

    def query(self, connection: str, sql: str, *, as_: str = EDITOR, **body: Any) -> Any:
        body = {"connection_id": connection, "sql": sql, **body}
        return self.api.post("/api/queries", token=as_, json=body).json

    def export(self, *, as_: str = EDITOR, **body: Any) -> Answered:
        return self.api.post("/api/exports", token=as_, json={"format": "csv", **body})

    def get(self, export_id: str, *, as_: str = EDITOR) -> Answered:
        return self.api.get(f"/api/exports/{export_id}", token=as_)

    def delete(self, export_id: str, *, as_: str = EDITOR) -> Answered:
        return self.api.delete(f"/api/exports/{export_id}", token=as_)

    def rows(self, query_id: str, accept: str, *, as_: str = EDITOR) -> Answered:
        headers = {"Accept": accept}
        return self.api.get(f"/api/queries/{query_id}/rows", token=as_, headers=headers)

    def inline(self, seconds: float) -> None:
        """Have requests write small files themselves for so long; 0 leaves all to the worker."""
        services = self.services
        services.__dict__["exports"] = Exports(
            services.runs,
            services.connections,
            services.export_executor,
            lambda: services.blobs,
            services.wakes,
            inline_seconds=seconds,
        )

    def messages(self) -> list[str]:
        """Take what the export queue holds."""
        found = self.services.export_queue.receive(visibility=timedelta(seconds=30))
        self.services.export_queue.acknowledge(found)
        return [message.body for message in found]

    def work(self, seconds: float = 100) -> int:
        """Do what the export queue's messages say; return how many exports were written."""
        done = 0
        worker = self.services.export_worker
        while bodies := self.messages():
            for wake in map(read_wake, bodies):
                if wake.execution_id is not None:
                    done += worker.write_kept(wake.execution_id, lambda: seconds)
                else:
                    assert wake.connection_id is not None
                    done += worker.work_on(wake.connection_id, lambda: seconds)
        return done

    def written(self, *, as_: str = EDITOR, **body: Any) -> Any:
        """Export, have it written, and return how it ended."""
        answered = self.export(as_=as_, **body)
        assert answered.status in (200, 202), answered.text
        self.work()
        return self.get(answered.json["id"], as_=as_).json

    def file(self, url: str) -> bytes:
        """Return what a link leads to."""
        parts = urlsplit(url)
        store = self.services.blobs
        assert isinstance(store, FolderBlobStore)
        return store.open_linked(
            unquote(parts.path), dict(parse_qsl(parts.query))
        ).path.read_bytes()

    def is_gone(self, url: str) -> bool:
        with suppress(LinkInvalid):
            self.file(url)
            return False
        return True

    def blobs(self) -> list[str]:
        return list(self.services.blobs.list("exports/"))

    def use_blobs(self, blobs: BlobStore) -> None:
        self.services.__dict__["blobs"] = blobs

    def audited(self) -> list[dict[str, Any]]:
        return self.services.database.fetch(
            "SELECT action, actor_email, object_id, object_name, after FROM audit_events"
            " WHERE action LIKE 'export.%%' ORDER BY id"
        )

    def active(self) -> int:
        """Return how many statements of Heliograph run on the database."""
        with connect(self.url) as connection:
            found = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND application_name LIKE 'heliograph:%' AND state <> 'idle'"
            ).fetchone()
            assert found is not None
            return int(found[0])
