"""The server's image, run as docs/how-to/run-in-a-container.md says.

Three times: with the PostgreSQL that comes along and no network at all, with one outside, and with
one behind PgBouncer in transaction mode.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from infra.docker.engine import (
    NAME,
    ON_HOST,
    SAFELY,
    TrialFailed,
    build,
    docker,
    docker_log,
    expect,
    health,
    make_volume,
    memory,
    process_of,
    say,
    start,
    stop,
    wait,
)
from tests.support import pgbouncer
from tests.support.serving import call, sign_in

from heliograph.local.postgres_server import PostgresServer
from heliograph.platform import postgres

IMAGE = f"{NAME}:server"
EMAIL = "ada@example.com"
ROWS = 25_000
PASSWORDS = {"heliograph": "app-s3cret", "reader": "reader-s3cret"}
SECRET = "/run/secrets/app_database_url"  # noqa: S105  # where the container finds it
STOP_SECONDS = 30


def try_server(folder: Path) -> None:
    """Build the image of the target ``server`` and hold it to what the documents promise."""
    if pgbouncer.PROGRAM is None:
        raise TrialFailed("pgbouncer is not installed; the server is tried behind it, too.")
    build(IMAGE, "server")
    _try_alone()
    with PostgresServer(folder / "postgres") as server:
        server.keep_port()
        _make_shop(server)
        for title, pooled in (("outside", _direct), ("PgBouncer", _behind_pgbouncer(folder))):
            name = f"app_{title.lower()}"
            _make_database(server, name)
            with pooled(_url(server, "heliograph", name)) as url:
                say("app database", f"{title}: {url.rpartition('@')[2]}")
                _try_with(server, _Place(folder, name, url))


def _try_alone() -> None:
    """Run the image's own command without a network: the PostgreSQL that comes along serves it."""
    volume = f"{NAME}-alone"
    make_volume(volume)
    data = ["--volume", f"{volume}:/var/lib/heliograph"]
    options = [*SAFELY, "--network", "none", "--tmpfs", "/tmp", *data, IMAGE]  # noqa: S108
    first = start(*options)
    wait("healthy, on its own", lambda: health(first) == "healthy", 90, first)
    password = _create_admin(first)
    expect(len(password) > 10, "no password was made")
    say("memory, PostgreSQL too", memory(first))
    docker("kill", first)
    second = start(*options)
    wait("healthy after a crash", lambda: health(second) == "healthy", 90, second)
    told = docker("exec", second, "heliograph", "health")
    expect(told.endswith(": ok"), f"the first admin is gone: {told}")
    stop(second, seconds=STOP_SECONDS)


@dataclass(frozen=True)
class _Place:
    """One installation: a folder of this machine, its name, and the URL of its app database."""

    folder: Path
    name: str
    url: str

    @property
    def volume(self) -> str:
        return f"{NAME}-{self.name}"

    def options(self, port: int) -> list[str | Path]:
        """Return the arguments of ``docker run``, the secret in a file."""
        secret = self.folder / f"{self.name}.url"
        if not secret.exists():
            secret.write_text(f"{self.url}\n")
            secret.chmod(0o444)
        return [
            *(*SAFELY, *ON_HOST, "--tmpfs", "/tmp", "--memory", "512m", "--pids-limit", "300"),  # noqa: S108
            *("--volume", f"{secret}:{SECRET}:ro", "--env", f"HELIOGRAPH_DATABASE_FILE={SECRET}"),
            *("--volume", f"{self.volume}:/var/lib/heliograph", IMAGE),
            *("serve", "--host", "127.0.0.1", "--port", f"{port}", "--log-format", "json"),
        ]


def _try_with(server: PostgresServer, place: _Place) -> None:
    """Run the container twice on one volume and one app database, and take the database away."""
    make_volume(place.volume)
    port = pgbouncer._free_port()
    url = f"http://127.0.0.1:{port}"
    first = start(*place.options(port))
    wait("healthy", lambda: health(first) == "healthy", 60, first)
    expect(docker("exec", first, "id", "-u") == "10001", "it does not run as its own user")
    _expect_read_only(first)
    _expect_hidden_secret(first)
    _expect_web_app(url)
    password = _create_admin(first)
    visitor = _Visitor(url, password)
    connection = visitor.connect(server.status().port or 0)
    asked = visitor.ask(connection, "select count(*) as n from orders", wait_seconds=10)
    expect(asked["rows"] == [[str(ROWS)]], f"the count is {asked.get('rows')}")
    queued = visitor.ask(connection, "select * from orders order by id", wait_seconds=0)
    expect(queued["state"] == "queued", f"it is {queued['state']}, not queued")
    done = visitor.await_end(f"/api/queries/{queued['id']}", "a queued query is done", first)
    expect(done["row_count"] == ROWS, f"it has {done['row_count']} rows")
    visitor.export(queued["id"], first)
    say("memory", memory(first))
    stop(first, seconds=STOP_SECONDS)
    _expect_json_lines(first)
    docker("rm", first)
    second = start(*place.options(port))
    wait("healthy again", lambda: health(second) == "healthy", 60, second)
    again = _Visitor(url, password)
    page = again.get(f"/api/queries/{queued['id']}/rows?offset={ROWS - 1}&limit=1")
    expect(page["rows"][0][0] == ROWS, f"the last row is {page['rows']}")
    once_more = again.ask(connection, "select max(id) from orders", wait_seconds=10)
    expect(once_more["rows"] == [[ROWS]], f"the connection tells {once_more}")
    say("restart", "account, connection, its password and results are kept")
    _take_database_away(server, second, again, connection)
    stop(second, seconds=STOP_SECONDS)


def _take_database_away(
    server: PostgresServer, container: str, visitor: _Visitor, connection: str
) -> None:
    server.stop()
    wait("unhealthy without database", lambda: health(container) == "unhealthy", 60, container)
    server.start()
    wait("healthy when it is back", lambda: health(container) == "healthy", 60, container)
    asked = visitor.ask(connection, "select 42 as n", wait_seconds=10)
    expect(asked["rows"] == [[42]], f"a query tells {asked}")


class _Visitor:
    """An admin who is signed in, over HTTP."""

    def __init__(self, url: str, password: str) -> None:
        self._url = url
        status, token = sign_in(url, EMAIL, password)
        expect(status == 200, f"signing in is answered with {status}")
        self._token = token

    def get(self, path: str) -> Any:
        """Return what a GET is answered with."""
        return self._call(path, "GET", None)

    def connect(self, port: int) -> str:
        """Make a connection to the shop and return its id."""
        body = {
            "name": "Shop", "engine": "postgres", "host": "127.0.0.1", "port": port,
            "database": "shop", "username": "reader", "password": PASSWORDS["reader"],
            "ssl_mode": "disable",
        }  # fmt: skip
        made = self._call("/api/connections", "POST", body)
        return str(made["id"])

    def ask(self, connection: str, sql: str, *, wait_seconds: int) -> Any:
        """Run a query and return the answer."""
        body = {"connection_id": connection, "sql": sql, "wait_seconds": wait_seconds}
        return self._call("/api/queries", "POST", body)

    def await_end(self, path: str, what: str, container: str) -> Any:
        """Return a query or an export once it is done."""
        seen: list[Any] = []

        def is_over() -> bool:
            seen.append(self.get(path))
            return seen[-1]["state"] not in ("queued", "running")

        wait(what, is_over, 30, container)
        expect(seen[-1]["state"] == "succeeded", f"{what}: {seen[-1]}")
        return seen[-1]

    def export(self, query: str, container: str) -> None:
        """Have the result written as CSV and read it by its link."""
        made = self._call("/api/exports", "POST", {"query_id": query, "format": "csv"})
        done = self.await_end(f"/api/exports/{made['id']}", "an export is written", container)
        with urlopen(done["url"], timeout=30) as response:  # noqa: S310
            lines = response.read().decode().splitlines()
        expect(len(lines) == ROWS + 1, f"the file has {len(lines)} lines")
        expect(lines[-1].startswith(f"{ROWS},"), f"its last line is {lines[-1]}")

    def _call(self, path: str, method: str, body: Any) -> Any:
        status, told = call(f"{self._url}{path}", method, json_body=body, token=self._token)
        expect(status < 400, f"{method} {path} is answered with {status}: {told}")
        return told


def _create_admin(container: str) -> str:
    """Make the first admin as the documents say, and return the password."""
    who = ["--email", EMAIL, "--name", "Ada"]
    return docker("exec", container, "heliograph", "admin", "create", *who)


def _expect_read_only(container: str) -> None:
    """See to it that the volume can be written, and nothing of the image."""

    def can_write(path: str) -> bool:
        program = f"open({path!r}, 'w').close()"
        try:
            docker("exec", container, "/opt/heliograph/bin/python", "-c", program)
        except TrialFailed as error:
            refused = ("Read-only file system", "Permission denied")
            expect(any(text in str(error) for text in refused), f"writing {path}: {error}")
            return False
        return True

    expect(can_write("/var/lib/heliograph/tried"), "the volume cannot be written")
    for path in ("/opt/heliograph/tried", "/var/lib/tried", "/etc/passwd"):
        expect(not can_write(path), f"{path} can be written")


def _expect_web_app(url: str) -> None:
    """The built app is served, not the page that stands in for it, and its script is there."""
    with urlopen(f"{url}/queries/new", timeout=30) as response:  # noqa: S310
        page = response.read().decode()
    found = re.search(r'<script type="module"[^>]* src="(/assets/[^"]+[.]js)"', page)
    expect(found is not None, "the web app is not in the image")
    if found is not None:
        with urlopen(url + found[1], timeout=30) as response:  # noqa: S310
            say("web app", f"{len(response.read()) / 1e3:.0f} kB of script at {found[1]}")


def _expect_hidden_secret(container: str) -> None:
    """See to it that neither a list of processes nor ``docker inspect`` tells the password."""
    shown = Path(f"/proc/{process_of(container)}/cmdline").read_bytes().decode()
    expect("serve" in shown, f"the process is {shown}")
    shown += docker("inspect", container)
    expect(PASSWORDS["heliograph"] not in shown, "the password of the app database is shown")


def _expect_json_lines(container: str) -> None:
    lines = docker_log(container, "all").splitlines()
    events = [json.loads(line)["event"] for line in lines]
    expect({"serve.ready", "http.request", "serve.ending"} <= set(events), f"the log: {events}")
    expect(not any(password in line for line in lines for password in PASSWORDS.values()), "leak")
    say("log", f"{len(lines)} lines of JSON, no password")


def _make_shop(server: PostgresServer) -> None:
    """Make the logins, and a database to ask."""
    with postgres.connect(server.url()) as admin:
        for login, password in PASSWORDS.items():
            admin.execute(f"CREATE ROLE {login} LOGIN PASSWORD '{password}'".encode())
    _make_database(server, "shop")
    with postgres.connect(server.url("shop")) as admin:
        admin.execute(
            b"CREATE TABLE orders AS SELECT id, 'order ' || id AS name, now() AS ordered_at"
            b" FROM generate_series(1, %d) AS id" % ROWS
        )
        admin.execute(b"GRANT SELECT ON orders TO reader")


def _make_database(server: PostgresServer, name: str) -> None:
    with postgres.connect(server.url()) as admin:
        admin.execute(f"CREATE DATABASE {name} OWNER heliograph".encode())


def _url(server: PostgresServer, login: str, database: str) -> str:
    return f"postgresql://{login}:{PASSWORDS[login]}@127.0.0.1:{server.status().port}/{database}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _direct(url: str) -> AbstractContextManager[str]:
    return nullcontext(url)


def _behind_pgbouncer(folder: Path) -> Callable[[str], AbstractContextManager[str]]:
    def pooled(url: str) -> AbstractContextManager[str]:
        place = folder / "pgbouncer"
        place.mkdir()
        return pgbouncer.pooled(url, place, pool_size=5)

    return pooled
