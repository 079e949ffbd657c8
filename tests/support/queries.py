"""Queries over HTTP for tests: people, a connection, questions, and who answers them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from tests.support.api import Answered, Api
from tests.support.connections import EDITOR, ConnectionsApi, KnownPeople

from heliograph.platform import postgres
from heliograph.queries.asking import Asking
from heliograph.queries.runs import Runs
from heliograph.web.services import Services


class QueriesApi:
    """``/api/queries``, called by a person: ``as_=EDITOR`` unless told otherwise."""

    def __init__(self, services: Services, api: Api, url: str) -> None:
        self.services = services
        self.api = api
        self.url = url
        self.people = KnownPeople(services)
        self.connections = ConnectionsApi(api, self.people)

    def connect(self, **values: Any) -> str:
        """Save a connection to the database and return its id."""
        made: str = self.connections.make(self.url, ssl_mode="disable", **values)["id"]
        return made

    def limit_inline(self, seconds: float) -> None:
        """Have requests leave a query to a worker after so many seconds."""
        services = self.services
        asking = Asking(
            services.executor,
            services.connections,
            services.users,
            services.wakes,
            inline_seconds=seconds,
        )
        services.__dict__["runs"] = Runs(
            services.holder, asking, services.connections, lambda: services.blobs, services.wakes
        )

    def ask(self, connection: str, sql: str, *, as_: str = EDITOR, **members: Any) -> Any:
        """Ask, and return what was answered with 200 or 202."""
        answered = self.post("", as_=as_, json={"connection_id": connection, "sql": sql, **members})
        assert answered.status in (200, 202), answered.text
        return answered.json

    def get(self, path: str = "", *, as_: str = EDITOR, **how: Any) -> Answered:
        return self.api.get(f"/api/queries{path}", token=as_, **how)

    def post(self, path: str = "", *, as_: str = EDITOR, **how: Any) -> Answered:
        return self.api.post(f"/api/queries{path}", token=as_, **how)

    def delete(self, path: str, *, as_: str = EDITOR) -> Answered:
        return self.api.delete(f"/api/queries{path}", token=as_)

    def state(self, query_id: str, *, as_: str = EDITOR) -> str:
        state: str = self.get(f"/{query_id}", as_=as_).json["state"]
        return state

    def work(self, connection: str, seconds_left: Callable[[], float] = lambda: 120.0) -> int:
        """Do what waits, as the function query_runner does."""
        return self.services.query_worker.work_on(UUID(connection), seconds_left)

    def execute(self, *statements: str) -> None:
        """Run statements in the connected database, as its owner."""
        with postgres.connect(self.url) as connection:
            for statement in statements:
                connection.execute(statement.encode())


@contextmanager
def queries_api(services: Services, api: Api, url: str) -> Iterator[QueriesApi]:
    """Yield the API over a database; warm sessions are closed afterwards."""
    made = QueriesApi(services, api, url)
    try:
        yield made
    finally:
        services.connections.close()
