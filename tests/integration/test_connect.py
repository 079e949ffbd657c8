"""Every way in which a PostgreSQL can be out of reach has its own error, and none tells a secret.

What the embedded server cannot do (TLS, an old version, another language, being no PostgreSQL at
all) is done by a proxy in front of it or a small socket of our own.
"""

from __future__ import annotations

import contextlib
import queue
import signal
import socket
import subprocess
import sys
import time
import traceback
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql
from tests.support import fake_postgres
from tests.support.fake_postgres import FakePostgres
from tests.support.tls_proxy import TlsProxy

from heliograph.connections.engines.postgres.connect import open_connection
from heliograph.connections.url import ConnectionUrl, parse_connection_url
from heliograph.kernel.errors import (
    ConnectError,
    ConnectionRefused,
    ConnectTimedOut,
    DatabaseUnknown,
    HostUnknown,
    LoginFailed,
    ServerUnsupported,
    TlsFailed,
    TooManyConnections,
)

SECRET = "Zq7xKwV9pL"
SHORT = timedelta(milliseconds=400)
AMPLE = timedelta(seconds=10)


@pytest.fixture
def reader_url(superuser_url: str) -> Iterator[str]:
    """The login of an ordinary role whose password is SECRET."""
    name = f"connect_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        role = sql.Identifier(name)
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN CONNECTION LIMIT 2 PASSWORD {}").format(role, SECRET)
        )
        parts = urlsplit(superuser_url)
        yield f"postgresql://{name}:{SECRET}@{parts.hostname}:{parts.port}/postgres"
        connection.execute(sql.SQL("DROP ROLE {}").format(role))


def connect(url: str, timeout: timedelta = AMPLE) -> contextlib.closing[psycopg.Connection]:
    parsed = parse_connection_url(url)
    return contextlib.closing(
        open_connection(parsed, application_name="heliograph:test", connect_timeout=timeout)
    )


def answer_of(url: str) -> int:
    with connect(url) as connection:
        return connection.execute("SELECT 41 + 1").fetchall()[0][0]  # type: ignore[no-any-return]


def refusal(
    kind: type[ConnectError], url: str, *, timeout: timedelta = AMPLE, secret: str = SECRET
) -> ConnectError:
    """Return the error that connecting raises: of exactly this class, with no secret anywhere."""
    assert secret in url
    with pytest.raises(ConnectError) as caught:
        connect(url, timeout)
    error = caught.value
    assert type(error) is kind
    assert error.code == kind.code
    assert error.hint
    told = f"{error.to_dict()}{error}{error!r}{''.join(traceback.format_exception(error))}"
    assert secret not in told
    return error


def on_host(url: str, host: str) -> str:
    parsed = urlsplit(url)
    return url.replace(f"@{parsed.hostname}:", f"@{host}:")


def test_a_connection_is_set_up_for_one_statement_at_a_time(reader_url: str) -> None:
    with connect(reader_url + "?application_name=mine") as connection:
        assert connection.autocommit
        assert connection.prepare_threshold is None
        assert connection.info.encoding == "utf-8"
        row = connection.execute("SELECT current_setting('application_name')").fetchone()
        assert row == ("heliograph:test",)
        assert SECRET not in repr(connection)


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="TCP_USER_TIMEOUT is Linux's")
def test_a_dead_network_is_noticed_within_a_minute(reader_url: str) -> None:
    with connect(reader_url) as connection:
        line = socket.socket(fileno=connection.fileno())
        try:
            assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            idle = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
            interval = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL)
            probes = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT)
            assert idle + interval * probes <= 60
            assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) <= 60_000
        finally:
            line.detach()


def test_an_unknown_host_is_told_from_a_known_one(reader_url: str) -> None:
    error = refusal(HostUnknown, on_host(reader_url, "db.nowhere.invalid"))
    assert "db.nowhere.invalid" in error.message
    assert answer_of(on_host(reader_url, "localhost")) == 42


def test_a_port_where_nothing_listens_is_refused(reader_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    own_port = urlsplit(reader_url).port
    error = refusal(ConnectionRefused, reader_url.replace(f":{own_port}/", f":{port}/"))
    assert f"127.0.0.1:{port}" in error.message
    assert answer_of(reader_url) == 42


def test_a_socket_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    error = refusal(ConnectionRefused, f"postgresql:///db?host={tmp_path}&password={SECRET}")
    assert str(tmp_path) in error.message


def test_the_next_host_is_tried_when_one_cannot_be_reached(reader_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    others = f"@db.nowhere.invalid:{port},127.0.0.1:{port}"
    assert answer_of(reader_url.replace("@127.0.0.1", f"{others},127.0.0.1")) == 42


def test_the_next_host_is_not_tried_when_the_password_was_wrong(reader_url: str) -> None:
    with FakePostgres(fake_postgres.closes_at_once) as second:
        wrong = reader_url.replace(SECRET, SECRET + "wrong")
        url = wrong.replace("/postgres", f",127.0.0.1:{second.port}/postgres")
        refusal(LoginFailed, url)
        assert second.accepted == 0


def test_target_session_attrs_picks_the_server_or_says_that_there_is_none(reader_url: str) -> None:
    error = refusal(ConnectError, reader_url + "?target_session_attrs=standby")
    assert "target_session_attrs" in error.message
    assert answer_of(reader_url + "?target_session_attrs=prefer-standby") == 42


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_an_ipv6_address_is_reached(reader_url: str) -> None:
    with TlsProxy(reader_url) as proxy:
        if not proxy.has_ipv6:
            pytest.skip("this machine has no IPv6 loopback")
        assert answer_of(proxy.url(host="[::1]")) == 42


def test_silence_ends_at_the_timeout(reader_url: str) -> None:
    with FakePostgres(fake_postgres.never_answers) as server:
        started = time.monotonic()
        error = refusal(ConnectTimedOut, server.url(password=SECRET), timeout=SHORT)
        assert 0.3 < time.monotonic() - started < 3
        assert "accepted the connection" in error.message
    with connect(reader_url, AMPLE) as connection:
        assert not connection.closed


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's full accept queue")
def test_a_host_that_swallows_packets_times_out(reader_url: str) -> None:
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        stack.enter_context(socket.create_connection(full.getsockname()))  # fills the queue
        place = f"127.0.0.1:{full.getsockname()[1]}"
        error = refusal(ConnectTimedOut, f"postgresql://u:{SECRET}@{place}/d", timeout=SHORT)
        assert error.message.startswith(f"{place} did not answer within 0.4 s")
        assert "firewall" in str(error.hint)
    assert answer_of(reader_url) == 42


def test_the_timeout_bounds_all_hosts_together() -> None:
    with FakePostgres(fake_postgres.never_answers) as server:
        hosts = ",".join([f"127.0.0.1:{server.port}"] * 4)
        started = time.monotonic()
        refusal(ConnectTimedOut, f"postgresql://u:{SECRET}@{hosts}/d", timeout=SHORT)
        assert time.monotonic() - started < 3
        assert server.accepted == 4


def test_the_timeout_in_the_url_wins() -> None:
    with FakePostgres(fake_postgres.never_answers) as server:
        started = time.monotonic()
        refusal(ConnectTimedOut, server.url("?connect_timeout=1", password=SECRET), timeout=AMPLE)
        assert time.monotonic() - started < 5


def test_a_frozen_server_times_out_and_a_slow_one_does_not(reader_url: str) -> None:
    with TlsProxy(reader_url) as proxy:
        proxy.freeze()
        refusal(ConnectTimedOut, proxy.url("sslmode=require"), timeout=SHORT)
        proxy.thaw()
        proxy.delay(0.02)
        assert answer_of(proxy.url("sslmode=require")) == 42


def test_ctrl_c_ends_the_wait() -> None:
    script = (
        "import sys\n"
        "from datetime import timedelta\n"
        "from heliograph.connections.engines.postgres.connect import open_connection\n"
        "from heliograph.connections.url import parse_connection_url\n"
        "url = parse_connection_url(sys.argv[1])\n"
        "try:\n"
        "    open_connection(url, application_name='x', connect_timeout=timedelta(seconds=60))\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted')\n"
    )
    children: queue.SimpleQueue[subprocess.Popen[str]] = queue.SimpleQueue()

    def interrupt(client: socket.socket) -> None:
        client.recv(1024)
        children.get(timeout=10).send_signal(signal.SIGINT)
        fake_postgres.never_answers(client)

    with FakePostgres(interrupt) as server:
        child = subprocess.Popen(
            [sys.executable, "-c", script, server.url()], stdout=subprocess.PIPE, text=True
        )
        children.put(child)
        try:
            output, _ = child.communicate(timeout=30)
        finally:
            child.kill()
    assert output == "interrupted\n"


def test_a_server_without_tls_is_refused_when_tls_is_required(reader_url: str) -> None:
    error = refusal(TlsFailed, reader_url + "?sslmode=require")
    assert "does not offer TLS" in error.message
    assert answer_of(reader_url + "?sslmode=prefer") == 42
    with TlsProxy(reader_url, answer="N") as proxy:
        refusal(TlsFailed, proxy.url("sslmode=verify-full&sslrootcert=system"))
    with TlsProxy(reader_url) as proxy:
        assert answer_of(proxy.url("sslmode=require")) == 42


def test_a_certificate_counts_only_with_its_authority_and_its_name(
    reader_url: str, tmp_path: Path
) -> None:
    with TlsProxy(reader_url, host_names=("localhost",)) as proxy:
        authority = proxy.write_authority(tmp_path)
        trusted = f"sslmode=verify-full&sslrootcert={authority}"
        assert answer_of(proxy.url(trusted)) == 42
        with connect(proxy.url(trusted)) as connection:
            assert connection.pgconn.ssl_in_use

        untrusted = refusal(TlsFailed, proxy.url("sslmode=verify-full&sslrootcert=system"))
        assert "not trusted" in untrusted.message
        misnamed = refusal(TlsFailed, proxy.url(trusted, host="127.0.0.1"))
        assert "another host name" in misnamed.message
        absent = refusal(TlsFailed, proxy.url("sslmode=verify-ca&sslrootcert=/nonexistent.pem"))
        assert "root certificate" in absent.message
        in_the_middle = TlsProxy(reader_url, host_names=("localhost",))
        with in_the_middle:
            refusal(TlsFailed, in_the_middle.url(trusted))


def test_a_server_that_demands_tls_says_so_to_who_disabled_it() -> None:
    text = 'no pg_hba.conf entry for host "10.0.0.7", user "reader", database "db", no encryption'
    with FakePostgres(fake_postgres.refuses("28000", text)) as server:
        error = refusal(TlsFailed, server.url("?sslmode=disable", password=SECRET))
        assert "sslmode=require" in (error.hint or "")
        other = refusal(LoginFailed, server.url("?sslmode=prefer", password=SECRET))
        assert "pg_hba.conf" in (other.hint or "")
        assert error.sqlstate == other.sqlstate == "28000"


def test_a_wrong_password_an_unknown_role_and_no_password_are_login_failures(
    reader_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGPASSWORD", raising=False)  # libpq would take it, and ~/.pgpass too
    monkeypatch.setenv("PGPASSFILE", "/nonexistent")
    user = str(parse_connection_url(reader_url).user)
    wrong = refusal(LoginFailed, reader_url.replace(SECRET, SECRET + "!"))
    assert wrong.sqlstate == "28P01"
    assert user in wrong.message
    unknown = refusal(LoginFailed, reader_url.replace(user, "nobody_at_all"))
    assert "nobody_at_all" in unknown.message
    with pytest.raises(LoginFailed, match="none was given"):
        connect(reader_url.replace(f":{SECRET}", ""))
    assert answer_of(reader_url) == 42


def test_a_role_that_may_not_log_in_is_a_login_failure(superuser_url: str, reader_url: str) -> None:
    assert answer_of(reader_url) == 42
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        role = sql.Identifier(str(parse_connection_url(reader_url).user))
        connection.execute(sql.SQL("ALTER ROLE {} NOLOGIN").format(role))
    assert "may not log in" in refusal(LoginFailed, reader_url).message


def test_an_unknown_database_is_told_from_one_that_may_not_be_entered(
    reader_url: str, make_database: Callable[[], str]
) -> None:
    unknown = refusal(DatabaseUnknown, reader_url.replace("/postgres", "/nowhere%20at%20all"))
    assert unknown.sqlstate == "3D000"
    assert '"nowhere at all"' in unknown.message

    closed = make_database()
    name = str(parse_connection_url(closed).database)
    assert answer_of(reader_url.replace("/postgres", f"/{name}")) == 42
    with psycopg.connect(closed, autocommit=True) as connection:
        connection.execute(
            sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name))
        )
    denied = refusal(LoginFailed, reader_url.replace("/postgres", f"/{name}"))
    assert denied.sqlstate == "42501"


def test_a_server_with_no_connection_to_spare_says_so(reader_url: str) -> None:
    with connect(reader_url), connect(reader_url):
        error = refusal(TooManyConnections, reader_url)
        assert error.sqlstate == "53300"


@pytest.mark.parametrize("mode", ["disable", "prefer"])
@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-OpenSSH_9.6\r\n", b"J\0\0\0\n8.0.36"]
)
def test_what_is_not_postgresql_is_not_taken_for_one(answer: bytes, mode: str) -> None:
    with FakePostgres(fake_postgres.says(answer)) as server:
        url = server.url(f"?sslmode={mode}", password=SECRET)
        error = refusal(ServerUnsupported, url, timeout=timedelta(seconds=2))
        assert "not PostgreSQL" in error.message


def test_a_version_before_13_is_refused_and_13_is_not() -> None:
    with FakePostgres(fake_postgres.logs_in("12.22")) as server:
        assert "PostgreSQL 12" in refusal(ServerUnsupported, server.url(password=SECRET)).message
    with (
        FakePostgres(fake_postgres.logs_in("13.0")) as server,
        connect(server.url()) as connection,
    ):
        assert connection.info.server_version == 130_000


@pytest.mark.parametrize(
    ("sqlstate", "text", "kind", "words"),
    [
        ("57P03", "the database system is starting up", ConnectError, "starting"),
        ("57P03", "the database system is shutting down", ConnectError, "stopping"),
        ("55000", 'database "db" is not currently accepting connections', ConnectError, "accepts"),
        ("53300", "sorry, too many clients already", TooManyConnections, "no connection to spare"),
        ("53300", "remaining connection slots are reserved", TooManyConnections, "to spare"),
        ("28000", 'role "reader" does not exist', LoginFailed, "no user"),
        ("28000", 'LDAP authentication failed for user "reader"', LoginFailed, "did not accept"),
        ("XX000", "the elephant is asleep", ConnectError, "the elephant is asleep"),
    ],
)
def test_a_refusal_in_english_is_told_by_its_words(
    sqlstate: str, text: str, kind: type[ConnectError], words: str
) -> None:
    with FakePostgres(fake_postgres.refuses(sqlstate, text)) as server:
        error = refusal(kind, server.url(password=SECRET))
    assert words in error.message
    assert error.detail == text
    assert error.sqlstate == (None if sqlstate == "XX000" else sqlstate)


@pytest.mark.parametrize(
    ("text", "asks_password", "kind"),
    [
        ("Passwort-Authentifizierung für Benutzer »reader« fehlgeschlagen", True, LoginFailed),
        ("Rolle »reader« existiert nicht", False, LoginFailed),
        ("Datenbank »db« existiert nicht", True, DatabaseUnknown),
        ("la base de données « db » n'existe pas", True, DatabaseUnknown),
        ("das Datenbanksystem startet", False, ConnectError),
        ("tut mir leid, schon zu viele Verbindungen", True, ConnectError),
    ],
)
def test_a_refusal_in_another_language_is_told_by_what_does_not_depend_on_it(
    text: str, asks_password: bool, kind: type[ConnectError]
) -> None:
    behaviour = fake_postgres.refuses("XX000", text, asks_password=asks_password)
    with FakePostgres(behaviour) as server:
        error = refusal(kind, server.url(password=SECRET))
    assert error.detail == text


def test_a_server_that_repeats_the_password_does_not_get_it_into_the_error() -> None:
    with FakePostgres(fake_postgres.refuses("XX000", f"what is {SECRET}?")) as server:
        error = refusal(ConnectError, server.url(password=SECRET))
    assert "what is ***?" in error.message


def test_a_server_that_hangs_up_is_an_error_of_its_own() -> None:
    with FakePostgres(fake_postgres.closes_at_once) as server:
        error = refusal(ConnectError, server.url(password=SECRET))
    assert "closed the connection" in error.message


def test_a_setting_that_the_server_does_not_know_is_named(reader_url: str) -> None:
    error = refusal(ConnectError, reader_url + "?options=-c%20no_such_setting%3D1")
    assert "no_such_setting" in (error.detail or "")
    assert answer_of(reader_url + "?options=-c%20geqo%3Doff") == 42


def test_a_parameter_that_libpq_refuses_is_an_error_without_the_password() -> None:
    url = ConnectionUrl(
        hosts=(("127.0.0.1", 1),), password=SECRET, parameters=(("gssencmode", "perhaps"),)
    )
    with pytest.raises(ConnectError) as caught:
        open_connection(url, application_name="x")
    assert SECRET not in str(caught.value.to_dict())


@pytest.mark.parametrize("is_rude", [False, True])
def test_the_proxy_cuts_a_result_in_the_middle(reader_url: str, is_rude: bool) -> None:
    with TlsProxy(reader_url) as proxy, connect(proxy.url("sslmode=require")) as connection:
        query = "SELECT repeat('x', 1000) FROM generate_series(1, 2000)"
        assert len(connection.execute(query).fetchall()) == 2000
        proxy.cut_after(50_000, rudely=is_rude)
        with pytest.raises(psycopg.OperationalError):
            connection.execute(query)
        assert connection.closed
