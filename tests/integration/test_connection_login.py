"""Testing a connection, TLS with an authority of one's own, and where connections may not go."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import trustme
from tests.support import fake_postgres
from tests.support.api import Api
from tests.support.backends import backends
from tests.support.connections import (
    ADMIN,
    OTHER,
    ConnectionsApi,
    KnownPeople,
    connection_body,
)
from tests.support.fake_postgres import FakePostgres
from tests.support.tls_proxy import TlsProxy

from heliograph.connections import testing
from heliograph.connections.engines.contract import BoundStatement, RunOptions
from heliograph.connections.models import Connection
from heliograph.kernel.errors import ConnectError, LoginFailed
from heliograph.platform.settings import AppSettings
from heliograph.web.services import Services

STEPS = ["dns", "tcp", "tls", "login", "version", "read_only", "tables"]


@pytest.fixture
def connections(api: Api, services: Services) -> ConnectionsApi:
    return ConnectionsApi(api, KnownPeople(services))


def target(url: str, **values: Any) -> dict[str, Any]:
    body = {**connection_body(url), **values}
    del body["name"]
    return body


def names(answered: Any) -> list[str]:
    return [step["name"] for step in answered.json["steps"]]


def test_a_test_tells_each_step_and_is_recorded(
    connections: ConnectionsApi, shop_reader_url: str
) -> None:
    tested = connections.post("/test", json=target(shop_reader_url))
    assert (tested.status, tested.json["ok"]) == (200, True)
    assert names(tested) == STEPS
    assert {*tested.json["steps"][0]} == {"name", "ok", "is_warning", "message", "fix"}
    made = connections.make(shop_reader_url)
    again = connections.post(f"/{made['id']}/test", json={})
    assert (again.json["ok"], names(again)) == (True, STEPS)
    events = connections.audited()
    assert [event["action"] for event in events] == [
        "connection.tested",
        "connection.created",
        "connection.tested",
    ]
    assert events[0]["after"] == {"ok": True, "failed_step": None}


def test_a_wrong_password_fails_at_the_login_and_is_not_repeated(
    connections: ConnectionsApi, shop_reader_url: str
) -> None:
    tested = connections.post("/test", json=target(shop_reader_url, password="wr0ng-passw0rd"))
    assert (tested.status, tested.json["ok"]) == (200, False)
    assert names(tested)[-1] == "login"
    assert tested.json["steps"][-1]["fix"]
    assert "wr0ng" not in tested.text


def test_a_saved_connection_is_tested_with_changes_that_are_not_saved(
    connections: ConnectionsApi, shop_reader_url: str
) -> None:
    made = connections.make(shop_reader_url)
    path = f"/{made['id']}/test"
    missing = connections.post(path, json={"database": "no_such_database"})
    assert names(missing)[-1] == "login"
    assert "no_such_database" in missing.json["steps"][-1]["message"]
    typed = target(shop_reader_url, host="localhost")
    assert connections.post(path, json=typed).json["ok"] is True
    del typed["password"]
    assert connections.post(path, json=typed).code == "password_required"
    without = connections.post(path, json={"password": None})
    assert names(without)[-1] == "login"
    assert connections.get(f"/{made['id']}").json == made


def test_a_connection_without_a_password_does_not_take_ours(
    connections: ConnectionsApi,
    shop_reader_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parts = urlsplit(shop_reader_url)
    assert parts.password
    passfile = tmp_path / "pgpass"
    passfile.write_text(f"*:*:*:*:{parts.password}\n")
    passfile.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(passfile))
    monkeypatch.setenv("PGPASSWORD", parts.password)
    bare = target(shop_reader_url)
    assert connections.post("/test", json=bare).json["ok"] is True
    del bare["password"]
    tested = connections.post("/test", json=bare)
    assert (tested.json["ok"], names(tested)[-1]) == (False, "login")


@pytest.mark.parametrize(
    ("behaviour", "step"),
    [
        (fake_postgres.closes_at_once, "login"),
        (fake_postgres.says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "tls"),
        (fake_postgres.says(b"SSH-2.0-OpenSSH_9.6\r\n"), "login"),
        (fake_postgres.refuses("53300", "sorry, too many clients already"), "login"),
        (fake_postgres.logs_in("9.6.1"), "version"),
        (fake_postgres.logs_in("16.1"), "read_only"),
    ],
    ids=["drops", "http", "ssh", "full", "old", "drops-later"],
)
def test_a_host_that_drops_or_answers_garbage_fails_a_step(
    connections: ConnectionsApi, behaviour: fake_postgres.Behaviour, step: str
) -> None:
    with FakePostgres(behaviour) as server:
        tested = connections.post("/test", json=target(server.url()))
    assert (tested.status, tested.json["ok"]) == (200, False)
    last = tested.json["steps"][-1]
    assert last["name"] in (step, "tls")
    assert last["message"]
    assert last["fix"]
    assert "URL" not in tested.text


def hangs(client: socket.socket) -> None:
    client.settimeout(60)
    fake_postgres.never_answers(client)


def hangs_after_the_login(client: socket.socket) -> None:
    fake_postgres.logs_in("16.1")(client)
    hangs(client)


@pytest.mark.parametrize(
    ("behaviour", "step"), [(hangs, "tls"), (hangs_after_the_login, "read_only")]
)
def test_a_host_that_hangs_is_given_up_within_the_time_of_a_request(
    connections: ConnectionsApi,
    monkeypatch: pytest.MonkeyPatch,
    behaviour: fake_postgres.Behaviour,
    step: str,
) -> None:
    assert dt.timedelta(seconds=20) > testing.WITHIN
    monkeypatch.setattr(testing, "WITHIN", dt.timedelta(seconds=2))
    began = time.monotonic()
    with FakePostgres(behaviour) as server:
        tested = connections.post("/test", json=target(server.url()))
    assert time.monotonic() - began < 6
    last = tested.json["steps"][-1]
    assert (tested.json["ok"], last["name"], last["ok"]) == (False, step, False)
    assert last["fix"]


def test_a_name_that_is_not_known_fails_the_first_step(connections: ConnectionsApi) -> None:
    tested = connections.post("/test", json=target("postgresql://u:p@nowhere.invalid/db"))
    assert (tested.json["ok"], names(tested)) == (False, ["dns"])


# TLS


class Authority:
    """An authority, and certificates of it that are as they should be, or not."""

    def __init__(self) -> None:
        self._ca = trustme.CA()
        self.pem = self._ca.cert_pem.bytes().decode()

    def context(self, *host_names: str, **how: Any) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert(*host_names, **how).configure_cert(context)
        return context


@pytest.fixture
def tls_proxy(shop_reader_url: str) -> Iterator[Callable[..., TlsProxy]]:
    opened: list[TlsProxy] = []

    def open_proxy(context: ssl.SSLContext | None = None, answer: str = "S") -> TlsProxy:
        proxy = TlsProxy(shop_reader_url, answer=answer)
        if context is not None:
            proxy._context = context
        opened.append(proxy.__enter__())
        return proxy

    yield open_proxy
    for proxy in opened:
        proxy.__exit__(None, None, None)


def tls_step(connections: ConnectionsApi, proxy: TlsProxy, **values: Any) -> tuple[bool, Any]:
    tested = connections.post("/test", json=target(proxy.url(), **values))
    assert tested.status == 200, tested.text
    return tested.json["ok"], next(s for s in tested.json["steps"] if s["name"] == "tls")


def test_the_right_authority_is_trusted_and_every_mode_works(
    connections: ConnectionsApi, tls_proxy: Callable[..., TlsProxy]
) -> None:
    authority = Authority()
    proxy = tls_proxy(authority.context("localhost"))
    for mode in ("verify-full", "verify-ca", "require", "prefer"):
        given = {"ssl_mode": mode, "ssl_root_cert": authority.pem}
        ok, step = tls_step(connections, proxy, **given)
        assert ok, step
        assert step["message"].startswith("Encrypted")
    for mode in ("require", "prefer"):
        assert tls_step(connections, proxy, ssl_mode=mode)[0]


def test_another_authority_a_wrong_name_and_an_expired_certificate_are_refused(
    connections: ConnectionsApi, tls_proxy: Callable[..., TlsProxy]
) -> None:
    authority, other = Authority(), Authority()
    good = tls_proxy(authority.context("localhost"))
    ok, step = tls_step(connections, good, ssl_mode="verify-ca", ssl_root_cert=other.pem)
    assert not ok
    assert "not trusted" in step["message"]
    assert not tls_step(connections, good, ssl_mode="verify-full")[0]  # public authorities alone

    misnamed = tls_proxy(authority.context("db.example"))
    given = {"ssl_root_cert": authority.pem}
    ok, step = tls_step(connections, misnamed, ssl_mode="verify-full", **given)
    assert not ok
    assert "another host name" in step["message"]
    assert tls_step(connections, misnamed, ssl_mode="verify-ca", **given)[0]

    yesterday = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    expired = tls_proxy(authority.context("localhost", not_after=yesterday))
    ok, step = tls_step(connections, expired, ssl_mode="verify-full", **given)
    assert not ok
    assert "URL" not in f"{step}"
    assert not tls_step(connections, expired, ssl_mode="verify-ca", **given)[0]


def test_a_server_without_tls_is_refused_where_tls_is_demanded(
    connections: ConnectionsApi, tls_proxy: Callable[..., TlsProxy]
) -> None:
    proxy = tls_proxy(answer="N")
    ok, step = tls_step(connections, proxy, ssl_mode="require")
    assert (ok, step["ok"]) == (False, False)
    assert "ssl_mode=require" in step["message"]
    assert tls_step(connections, proxy, ssl_mode="prefer")[0]
    assert tls_step(connections, proxy, ssl_mode="disable")[0]


def test_changing_the_authority_asks_for_the_password_again(
    connections: ConnectionsApi, shop_reader_url: str
) -> None:
    first, second = Authority().pem, Authority().pem
    made = connections.make(shop_reader_url, ssl_mode="verify-ca", ssl_root_cert=first)
    assert made["ssl_root_cert"] == first
    for changes in ({"ssl_root_cert": second}, {"ssl_mode": "require", "ssl_root_cert": None}):
        assert connections.patch(made["id"], **changes).code == "password_required"
    assert connections.patch(made["id"], ssl_root_cert=None, password="x").code == (
        "request_invalid"
    )
    renewed = connections.patch(made["id"], ssl_root_cert=first + second, password="x")
    assert renewed.json["ssl_root_cert"] == first + second
    recorded = connections.audited()[-1]["after"]["ssl_root_cert"]
    assert recorded.startswith("sha256:")


def test_the_authority_lies_in_a_file_that_nobody_else_reads(
    connections: ConnectionsApi, services: Services, shop_reader_url: str
) -> None:
    pem = Authority().pem
    made = connections.make(shop_reader_url, ssl_mode="verify-full", ssl_root_cert=pem)
    found = services.connections.find(made["id"])
    assert found is not None
    path = Path(services.connections.login(found).parameter("sslrootcert") or "")
    assert path.read_text() == pem
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert services.connections.login(found).parameter("sslrootcert") == str(path)


# Where connections may not go


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "127.0.0.2", "machine"])
def test_heliographs_own_database_is_refused_and_its_neighbours_are_not(
    connections: ConnectionsApi, app_database_url: str, host: str
) -> None:
    host = socket.gethostname() if host == "machine" else host
    for answered in (
        connections.post("/test", as_=ADMIN, json=target(app_database_url, host=host)),
        connections.post(as_=ADMIN, json={**connection_body(app_database_url), "host": host}),
    ):
        assert (answered.status, answered.code) == (422, "address_forbidden")
    neighbour = {**connection_body(app_database_url), "database": "postgres", "host": host}
    made = connections.post(as_=ADMIN, json=neighbour)
    assert made.status == 201
    own = urlsplit(app_database_url).path.removeprefix("/")
    assert connections.patch(made.json["id"], as_=ADMIN, database=own).code == "address_forbidden"


def test_what_is_forbidden_later_is_refused_at_the_next_use(
    connections: ConnectionsApi, services: Services, shop_reader_url: str
) -> None:
    made = connections.make(shop_reader_url)
    path = f"/{made['id']}/test"
    assert connections.post(path, json={}).json["ok"] is True
    strict = AppSettings(
        database=services.settings.database,
        key=services.settings.key,
        schema_queue=services.settings.schema_queue,
        forbidden_hosts="127.0.0.0/8,::1",
    )
    later = Services(strict, {}, services.clock)
    later.__dict__["sessions"] = connections.people
    refused = ConnectionsApi(Api(later), connections.people)
    assert refused.post(path, json={}).code == "address_forbidden"
    shown = refused.get(f"/{made['id']}/schema").json
    assert (shown["state"], shown["error"]["code"]) == ("failed", "address_forbidden")
    later.close()


def test_a_database_name_smuggles_nothing_in(
    connections: ConnectionsApi, shop_reader_url: str
) -> None:
    for name in ("host=evil.example dbname=x", "postgresql://evil.example/x", "a' host='b"):
        tested = connections.post("/test", json=target(shop_reader_url, database=name))
        assert names(tested)[-1] == "login"
        assert tested.json["ok"] is False


def test_another_editor_cannot_use_what_was_not_granted(
    connections: ConnectionsApi, shop_reader_url: str
) -> None:
    made = connections.make(shop_reader_url)
    assert connections.post(f"/{made['id']}/test", as_=OTHER, json={}).code == "not_found"
    connections.grant(made["id"], OTHER)
    assert connections.post(f"/{made['id']}/test", as_=OTHER, json={}).json["ok"] is True


# Warm sessions


def find(services: Services, connection_id: str) -> Connection:
    from uuid import UUID

    found = services.connections.find(UUID(connection_id))
    assert found is not None
    return found


def ask(services: Services, connection: Connection, sql: str) -> str | None:
    with (
        services.connections.borrow(connection) as session,
        session.run(BoundStatement(sql), RunOptions()) as result,
    ):
        return next(result.batches())[0][0]


def test_a_warm_session_is_used_again_and_ends_by_itself_on_the_server(
    connections: ConnectionsApi, services: Services, make_database: Callable[[], str]
) -> None:
    url = make_database()
    connection = find(services, connections.make(url)["id"])
    pid = ask(services, connection, "SELECT pg_backend_pid()")
    assert ask(services, connection, "SELECT pg_backend_pid()") == pid
    assert ask(services, connection, "SHOW idle_session_timeout") == "1min"
    services.connections.close()
    assert backends(url) == 0


def test_editing_ends_the_warm_sessions_of_the_old_version(
    connections: ConnectionsApi, services: Services, make_database: Callable[[], str]
) -> None:
    url = make_database()
    made = connections.make(url)
    before = find(services, made["id"])
    pid = ask(services, before, "SELECT pg_backend_pid()")
    assert connections.patch(made["id"], name="Renamed").status == 200
    assert services.connections.warm.idle_count == 0
    assert ask(services, find(services, made["id"]), "SELECT pg_backend_pid()") != pid
    with pytest.raises(Exception, match="changed or deleted"):  # who still holds the old one
        ask(services, before, "SELECT 1")
    assert connections.delete(made["id"]).status == 204
    assert services.connections.warm.idle_count == 0
    assert backends(url) == 0


def test_a_session_that_cannot_be_opened_says_why(
    connections: ConnectionsApi, services: Services, shop_reader_url: str
) -> None:
    wrong = connections.make(shop_reader_url, name="Wrong", password="wrong")
    with pytest.raises(LoginFailed) as caught:
        ask(services, find(services, wrong["id"]), "SELECT 1")
    assert isinstance(caught.value, ConnectError)
    assert services.connections.warm.idle_count == 0
