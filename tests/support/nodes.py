"""Several nodes of one installation as processes of their own, and a database that they ask.

The database has functions by which a test stops a query at a row, and counts for certain how often
a query was run: a line of PostgreSQL's own log for each call, which no transaction takes back.
"""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.connections import connection_body
from tests.support.serving import HELIOGRAPH, Served, call, sign_in

from heliograph.kernel.actors import SYSTEM, Role
from heliograph.local.places import Places
from heliograph.platform import postgres
from heliograph.platform.database import Database
from heliograph.platform.settings import AppSettings
from heliograph.web.services import Services

EMAIL, PASSWORD = "ada@example.com", "a long and lonely winding road"
PUBLIC_URL = "http://heliograph.example"
FINAL = ("succeeded", "failed", "canceled", "expired")

_FUNCTIONS = (
    # At LOG, and so in the server's log whatever becomes of the transaction.
    """
    CREATE FUNCTION counted(token text) RETURNS text LANGUAGE plpgsql VOLATILE
    AS $$ BEGIN RAISE LOG 'counted %', token; RETURN token; END $$
    """,
    # STABLE, as far as anybody can see: so it may run in a request, and once more in a worker.
    """
    CREATE FUNCTION gate(number bigint, stops_at bigint, i bigint) RETURNS boolean
    LANGUAGE plpgsql STABLE AS $$
    BEGIN
        IF i = stops_at THEN
            WHILE NOT pg_try_advisory_xact_lock_shared(number) LOOP
                PERFORM pg_sleep(0.02);
            END LOOP;
        END IF;
        RETURN true;
    END $$
    """,
)


class Node:
    """One `heliograph serve`, which may be killed and started again on its data folder."""

    def __init__(self, data_dir: Path, database_url: str, shared_dir: Path) -> None:
        self._command = [
            *(HELIOGRAPH, "serve", "--port", "0", "--requests-per-second", "0"),
            *("--data-dir", data_dir, "--database-url", database_url),
            *("--shared-dir", shared_dir, "--public-url", PUBLIC_URL),
        ]
        self.data_dir = data_dir
        self.served: Served | None = None

    def start(self) -> None:
        self.served = Served([str(word) for word in self._command])

    @property
    def url(self) -> str:
        assert self.served is not None
        return self.served.url

    def end(self, number: int = signal.SIGTERM) -> int:
        assert self.served is not None
        return self.served.end(number)

    def kill(self) -> None:
        assert self.end(signal.SIGKILL) == -signal.SIGKILL


@dataclass
class Fleet:
    """Nodes that share an app database and a folder, and the database that they ask."""

    folder: Path
    database_url: str
    asked_url: str
    log: Path
    nodes: list[Node] = field(default_factory=list)
    token: str = ""

    @property
    def shared_dir(self) -> Path:
        return self.folder / "shared"

    def add(self) -> Node:
        """Start one more node, and do not wait for it."""
        name = f"node{len(self.nodes) + 1}"
        node = Node(self.folder / name, self.database_url, self.shared_dir)
        self.nodes.append(node)
        node.start()
        return node

    def sign_in(self, node: Node) -> None:
        """Sign the admin in at one node; every node honours the token."""
        status, token = sign_in(node.url, EMAIL, PASSWORD)
        assert status == 200
        self.token = str(token)

    def call(self, node: Node, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        return call(f"{node.url}/api{path}", method, json_body=body, token=self.token, seconds=40)

    def connect(self, node: Node, name: str, url: str | None = None, **values: Any) -> str:
        """Save a connection and return its id."""
        body = {**connection_body(url or self.asked_url, name), "ssl_mode": "disable", **values}
        status, told = self.call(node, "POST", "/connections", body)
        assert status == 201, told
        return str(told["id"])

    def ask(self, node: Node, connection: str, sql: str, **members: Any) -> Any:
        """Ask, and return what was answered with 200 or 202."""
        body = {"connection_id": connection, "sql": sql, "cache_seconds": 0, **members}
        status, told = self.call(node, "POST", "/queries", body)
        assert status in (200, 202), told
        return told

    def queue(self, node: Node, connection: str, sql: str) -> str:
        """Put a query into the queue and return its id."""
        return str(self.ask(node, connection, sql, wait_seconds=0, detached=True)["id"])

    def await_end(self, node: Node, paths: Mapping[str, str], seconds: float) -> dict[str, Any]:
        """Ask about each of ``paths`` until it has ended; return what was told by their names."""
        ends_at = time.monotonic() + seconds
        told: dict[str, Any] = {}
        while len(told) < len(paths):
            for name in paths.keys() - told.keys():
                found = self.call(node, "GET", paths[name])[1]
                if found["state"] in FINAL:
                    told[name] = found
            assert time.monotonic() < ends_at, paths.keys() - told.keys()
            time.sleep(0.1)
        return told

    def fetch(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        """Return rows of the app database."""
        with closing(Database(self.database_url)) as database:
            return database.fetch(sql, values)  # type: ignore[arg-type]

    def counts(self) -> dict[str, int]:
        """Return how often each token was counted, from the log of the server that was asked."""
        found: dict[str, int] = {}
        for token in re.findall(r"LOG:\s+counted (\S+)$", self._log_text(), re.MULTILINE):
            found[token] = found.get(token, 0) + 1
        return found

    def _log_text(self) -> str:
        return self.log.read_text(errors="replace")

    def sessions(self) -> list[str]:
        """Return what the sessions of nodes are called on the server that is asked."""
        find = (
            "SELECT application_name FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name LIKE 'heliograph:%'"
        )
        with postgres.connect(self.asked_url) as connection:
            return [str(row[0]) for row in connection.execute(find).fetchall()]

    @contextmanager
    def services(self) -> Iterator[Services]:
        """Yield the services of the installation in this process, without a node."""
        places = Places.of(self.folder / "here", self.shared_dir)
        settings = AppSettings(
            database=self.database_url,
            key=places.key,
            blobs=places.blobs(PUBLIC_URL),
            schema_queue="postgres:schema",
            query_queue="postgres:query",
            export_queue="postgres:export",
        )
        with closing(Services(settings, {})) as services:
            yield services

    def make_admin(self) -> None:
        with self.services() as services:
            services.users.create(
                SYSTEM, email=EMAIL, name="Ada", role=Role.ADMIN, password=PASSWORD
            )


@contextmanager
def fleet_of(folder: Path, database_url: str, asked_url: str, log: Path) -> Iterator[Fleet]:
    """Yield a fleet without nodes; those that it gets are ended afterwards."""
    fleet = Fleet(folder, database_url, asked_url, log)
    fleet.shared_dir.mkdir()
    with postgres.connect(asked_url) as connection:
        for statement in _FUNCTIONS:
            connection.execute(statement.encode())
    with ExitStack() as stack:
        stack.callback(_end_all, fleet)
        fleet.make_admin()
        yield fleet


def _end_all(fleet: Fleet) -> None:
    for node in fleet.nodes:
        if node.served is not None and node.served.process.poll() is None:
            node.end(signal.SIGKILL)


class Steady:
    """Somebody who asks a node all the time, and notes each answer that was not the right one."""

    def __init__(self, fleet: Fleet, node: Node, connection: str) -> None:
        self._ask: Callable[[int], Any] = lambda number: fleet.ask(
            node, connection, f"select {number} as n"
        )
        self.answers = 0
        self.longest = 0.0
        self.wrong: list[Any] = []
        self._is_over = False

    @contextmanager
    def asking(self) -> Iterator[Steady]:
        with ThreadPoolExecutor(1) as pool:
            asking = pool.submit(self._go_on)
            try:
                yield self
            finally:
                self._is_over = True
                asking.result()

    def _go_on(self) -> None:
        while not self._is_over:
            began = time.monotonic()
            try:
                told = self._ask(self.answers)
                if told["state"] != "succeeded" or told["rows"] != [[self.answers]]:
                    self.wrong.append(told)
            except (OSError, AssertionError) as error:
                self.wrong.append(error)
            self.longest = max(self.longest, time.monotonic() - began)
            self.answers += 1
            time.sleep(0.05)


def eventually(look: Callable[[], object], seconds: float = 20) -> Any:
    """Return what ``look`` finds, once it finds something."""
    ends_at = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < ends_at, "it did not come to be"
        time.sleep(0.02)
    return found
