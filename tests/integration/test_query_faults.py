"""`heliograph query` when something breaks: the network, the server, a disk, a right, an encoding.

After each fault: the exit code and the error's code, nothing half-written, no backend left, and
neither password nor parameter value told.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from tests.support import fake_postgres
from tests.support.backends import backends
from tests.support.cli import Finished, command, environment, heliograph, start
from tests.support.fake_postgres import FakePostgres
from tests.support.tls_proxy import TlsProxy

from heliograph.connections.engines.contract import RunOptions
from heliograph.connections.service import open_session
from heliograph.connections.url import parse_connection_url
from heliograph.kernel.errors import QueryTimedOut
from heliograph.local.postgres_server import PostgresServer
from heliograph.platform.postgres import connect
from heliograph.queries.parameters import Parameters
from heliograph.queries.placeholders import parse_template
from heliograph.queries.service import prepare_query

SECRET = "Geheim99"
FORMATS = ["json", "ndjson", "csv", "xlsx", "table"]
# CSV without parameters is written by the server itself, everything else row by row.
PATHS = [("csv", False), *((name, True) for name in FORMATS)]
BIG = "SELECT n, repeat('x', 100) AS t FROM generate_series(1, 3000000) n"
ENDLESS = "SELECT n, pg_sleep(0.0005) FROM generate_series(1, 1000000) n"
STALLS = "SELECT n, CASE WHEN n > 5000 THEN pg_sleep(60) END FROM generate_series(1, 5001) n"


def with_value(sql: str) -> tuple[str, str, str]:
    """Return arguments for the same result with a parameter, so that no COPY can be used."""
    return f"{sql} WHERE {{{{note}}}}::text <> ''", "-p", f"note={SECRET}"


def arguments_of(sql: str, name: str, has_value: bool) -> list[str]:
    return ["query", *(with_value(sql) if has_value else [sql]), "--format", name]


@pytest.fixture
def url(make_database: Callable[[], str]) -> str:
    return make_database()


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A file of an earlier day, alone in its folder."""
    folder = tmp_path / "out"
    folder.mkdir()
    path = folder / "result"
    path.write_text("as it was")
    return path


def assert_failed(done: Finished, code: int, error: str, *, kept: Path | None = None) -> None:
    """Assert how a command failed, and that it left and told nothing that it should not."""
    assert (done.code, done.error["code"]) == (code, error), done.stderr
    assert SECRET not in done.stderr
    assert SECRET.encode() not in done.stdout
    assert "Traceback" not in done.stderr
    if kept is not None:
        assert kept.read_text() == "as it was"
        assert [path.name for path in kept.parent.iterdir()] == [kept.name]


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    process = start(arguments)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def finished(process: subprocess.Popen[bytes], *, within: float) -> Finished:
    stdout, stderr = process.communicate(timeout=within)
    return Finished(process.returncode, stdout, stderr.decode())


def wait_for_query(url: str) -> None:
    """Wait until the command's statement runs on the server."""
    deadline = time.monotonic() + 20
    with connect(url) as connection:
        while time.monotonic() < deadline:
            if connection.execute(
                "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid() AND state = 'active' AND query ~ 'generate_series'"
            ).fetchone():
                return
    raise AssertionError("the query never ran")


# No connection


def with_password(url: str, password: str) -> str:
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username}:{password}@{place}"))


def test_an_unknown_host_is_told(kept: Path) -> None:
    url = f"postgresql://reader:{SECRET}@no-such-host.invalid/db"
    done = heliograph("query", "SELECT 1", "--url", url, "--output", str(kept))
    assert_failed(done, 4, "host_unknown", kept=kept)
    assert "no-such-host.invalid" in done.error["message"]


def test_a_port_where_nothing_listens_is_refused(kept: Path) -> None:
    with closing(socket.socket()) as held:  # bound and not listening: nobody else can have it
        held.bind(("127.0.0.1", 0))
        url = f"postgresql://reader:{SECRET}@127.0.0.1:{held.getsockname()[1]}/db"
        done = heliograph("query", "SELECT 1", "--url", url, "--output", str(kept))
    assert_failed(done, 4, "connection_refused", kept=kept)


def test_a_silent_host_times_out(kept: Path) -> None:
    with FakePostgres(fake_postgres.never_answers) as server:
        url = server.url("?connect_timeout=1", password=SECRET)
        done = heliograph("query", "SELECT 1", "--url", url, "--output", str(kept))
    assert_failed(done, 4, "connect_timed_out", kept=kept)


def test_a_wrong_password_and_a_missing_database_are_told_from_each_other(
    url: str, kept: Path
) -> None:
    query = ["query", "SELECT 1 AS n", "--format", "csv", "--url"]
    wrong = heliograph(*query, with_password(url, SECRET), "--output", str(kept))
    assert_failed(wrong, 4, "login_failed", kept=kept)
    missing = heliograph(*query, url + "_none", "--output", str(kept))
    assert_failed(missing, 4, "database_unknown", kept=kept)
    assert heliograph(*query, url, "--output", str(kept)).code == 0
    assert kept.read_text() == "n\n1\n"


def test_tls_is_refused_when_one_side_lacks_it_or_the_certificate_is_not_trusted(
    url: str, tmp_path: Path
) -> None:
    query = ["query", "SELECT 1", "--url"]
    assert_failed(heliograph(*query, url + "?sslmode=require"), 4, "tls_failed")
    assert heliograph(*query, url + "?sslmode=prefer").code == 0
    with TlsProxy(url) as proxy:
        assert heliograph(*query, proxy.url("sslmode=require")).code == 0
        untrusted = heliograph(*query, proxy.url("sslmode=verify-full&sslrootcert=system"))
        assert_failed(untrusted, 4, "tls_failed")
        authority = proxy.write_authority(tmp_path)
        trusted = proxy.url(f"sslmode=verify-full&sslrootcert={authority}")
        assert heliograph(*query, trusted).code == 0


def test_a_role_without_a_connection_to_spare_is_told_so(url: str) -> None:
    with limited_role(url) as role_url:
        query = ["query", "SELECT 1", "--url", role_url]
        with connect(role_url):
            assert_failed(heliograph(*query), 4, "too_many_connections")
        assert backends(url) == 0
        assert heliograph(*query).code == 0


@contextmanager
def limited_role(url: str) -> Iterator[str]:
    """A role of its own that may hold one connection and was granted nothing."""
    parts = urlsplit(url)
    name = f"role_of_{parts.path.strip('/')}"
    with connect(url) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{SECRET}' CONNECTION LIMIT 1")
    try:
        place = parts.netloc.rpartition("@")[2]
        yield urlunsplit(parts._replace(netloc=f"{name}:{SECRET}@{place}"))
    finally:
        with connect(url) as connection:
            connection.execute(f"DROP OWNED BY {name}")
            connection.execute(f"DROP ROLE {name}")


# The connection ends in the middle of a result


@pytest.mark.parametrize(
    ("name", "has_value", "rudely"),
    [(*path, False) for path in PATHS] + [("csv", False, True), ("json", True, True)],
)
def test_a_cut_connection_leaves_nothing(
    name: str, has_value: bool, rudely: bool, url: str, kept: Path
) -> None:
    query = arguments_of(BIG, name, has_value)
    with TlsProxy(url) as proxy:
        proxy.cut_after(400_000, rudely=rudely)
        done = heliograph(*query, "--url", proxy.url("sslmode=disable"), "--output", str(kept))
        assert proxy.upstream_bytes == 400_000
        assert_failed(done, 3, "connection_lost", kept=kept)
        assert backends(url) == 0


@pytest.mark.parametrize(("name", "has_value"), [("csv", False), ("ndjson", True)])
def test_a_dead_network_ends_the_command_soon_after_its_timeout(
    name: str, has_value: bool, url: str, kept: Path
) -> None:
    query = [*arguments_of(BIG, name, has_value), "--timeout", "1s", "--output", str(kept)]
    with TlsProxy(url) as proxy:
        with running(*query, "--url", proxy.url("sslmode=disable")) as process:
            assert proxy.wait_for_bytes(100_000)
            proxy.freeze()
            done = finished(process, within=1 + 5 + 5)
        assert_failed(done, 5, "query_timed_out", kept=kept)
    assert backends(url) == 0


def test_ctrl_c_ends_the_command_although_the_network_is_dead(url: str, kept: Path) -> None:
    query = ["query", BIG, "--format", "csv", "--output", str(kept)]
    with TlsProxy(url) as proxy:
        with running(*query, "--url", proxy.url("sslmode=disable")) as process:
            assert proxy.wait_for_bytes(100_000)
            proxy.freeze()
            process.send_signal(signal.SIGINT)
            done = finished(process, within=20)
        assert_failed(done, 130, "interrupted", kept=kept)
    assert backends(url) == 0


def stop_fast(server: PostgresServer) -> None:
    server.stop()


def kill_postmaster(server: PostgresServer) -> None:
    pid = server.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def kill_backend(server: PostgresServer) -> None:
    with connect(server.url("postgres")) as connection:
        found = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE query ~ 'generate_series' "
            "AND pid <> pg_backend_pid() AND state = 'active'"
        ).fetchone()
    assert found is not None
    os.kill(found[0], signal.SIGKILL)


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[PostgresServer]:
    server = PostgresServer(tmp_path / "server", settings={"fsync": "off"})
    server.start()
    try:
        yield server
    finally:
        server.stop(mode="immediate")


def test_a_server_that_goes_away_in_mid_result_is_a_lost_connection(
    own_server: PostgresServer, kept: Path
) -> None:
    url = own_server.url("postgres")
    for end, has_value in ((stop_fast, True), (kill_backend, False), (kill_postmaster, True)):
        name = "ndjson" if has_value else "csv"
        query = [*arguments_of(ENDLESS, name, has_value), "--url", url, "--output", str(kept)]
        with running(*query) as process:
            wait_for_query(url)
            end(own_server)
            done = finished(process, within=20)
        assert_failed(done, 3, "connection_lost", kept=kept)
        if not own_server.status().is_running:
            own_server.start()
        wait_until_it_answers(url)


def wait_until_it_answers(url: str) -> None:
    """Wait while the server recovers, during which it lets nobody in."""
    deadline = time.monotonic() + 20
    while (done := heliograph("query", "SELECT 1", "--url", url)).code:
        assert done.code == 4, done.stderr
        assert time.monotonic() < deadline


# Limits of time, disk and rights


@pytest.mark.parametrize(("name", "has_value"), PATHS)
def test_a_timeout_in_mid_result_leaves_nothing(
    name: str, has_value: bool, url: str, kept: Path
) -> None:
    query = [*arguments_of(STALLS, name, has_value), "--timeout", "700ms", "--url", url]
    assert_failed(heliograph(*query, "--output", str(kept)), 5, "query_timed_out", kept=kept)
    assert backends(url) == 0


@pytest.mark.parametrize(
    "sql", ["SELECT 1/0", "SELECT pg_sleep(9)", "SELECT 1/(n-50) FROM generate_series(1, 99) n"]
)
@pytest.mark.parametrize("name", ["json", "ndjson", "csv", "table"])
def test_a_short_result_that_failed_prints_nothing(sql: str, name: str, url: str) -> None:
    done = heliograph("query", sql, "--format", name, "--timeout", "300ms", "--url", url)
    assert done.code in (3, 5)
    assert done.stdout == b""


@contextmanager
def small_disk(folder: Path, *, megabytes: int) -> Iterator[Path]:
    """A disk of this size; skips where none can be mounted."""
    path = folder / "disk"
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(path)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting a small disk needs root")
    try:
        yield path
    finally:
        subprocess.run(["umount", str(path)], check=True)


def test_a_full_disk_keeps_the_old_file_and_no_piece_of_the_new(url: str, tmp_path: Path) -> None:
    with small_disk(tmp_path, megabytes=1) as disk:
        kept = disk / "result"
        kept.write_text("as it was")
        for name, has_value in PATHS:
            # Text that no compression makes small.
            sql = "SELECT md5(n::text) || md5((-n)::text) AS t FROM generate_series(1, 60000) n"
            query = [*arguments_of(sql, name, has_value), "--url", url, "--output", str(kept)]
            done = heliograph(*query)
            assert_failed(done, 1, "output_failed", kept=kept)
            assert "No space left" in done.error["message"]
            assert backends(url) == 0
        assert heliograph("query", "SELECT 1", "--url", url, "--output", str(kept)).code == 0
        assert json.loads(kept.read_text())["rows"] == [[1]]


@pytest.mark.parametrize(("name", "has_value"), PATHS)
def test_a_standard_output_that_takes_nothing_is_told(name: str, has_value: bool, url: str) -> None:
    arguments = arguments_of("SELECT n FROM generate_series(1, 9) n", name, has_value)
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command(*arguments, "--url", url),
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment(),
            check=False,
        )
    failed = Finished(done.returncode, b"", done.stderr.decode())
    assert_failed(failed, 1, "output_failed")
    assert backends(url) == 0


SPILLS = "SELECT n FROM generate_series(1, 400000) n"


@pytest.mark.parametrize(("name", "has_value"), [("csv", False), ("json", True)])
def test_a_limit_of_the_servers_disk_is_told(
    name: str, has_value: bool, url: str, kept: Path
) -> None:
    query = arguments_of(f"SELECT * FROM ({SPILLS} ORDER BY n DESC) s", name, has_value)
    query += ["--url", url, "--output", str(kept)]
    database = urlsplit(url).path.strip("/")
    with connect(url) as connection:
        connection.execute(f"ALTER DATABASE {database} SET work_mem = '64kB'")
        connection.execute(f"ALTER DATABASE {database} SET temp_file_limit = '256kB'")
    done = heliograph(*query)
    assert_failed(done, 3, "server_resources_exhausted", kept=kept)
    assert done.error["sqlstate"] == "53400"
    assert done.error["hint"]
    with connect(url) as connection:
        connection.execute(f"ALTER DATABASE {database} RESET temp_file_limit")
    assert heliograph(*query).code == 0


def test_a_full_disk_of_the_server_is_told(
    own_server: PostgresServer, kept: Path, tmp_path: Path
) -> None:
    url = own_server.url("postgres")
    with small_disk(tmp_path, megabytes=2) as disk:
        owner = own_server.data_dir.stat()
        space = disk / "space"
        space.mkdir()
        os.chown(space, owner.st_uid, owner.st_gid)
        with connect(url) as connection:
            connection.execute(f"CREATE TABLESPACE small LOCATION '{space}'")
            connection.execute("ALTER DATABASE postgres SET temp_tablespaces = small")
            connection.execute("ALTER DATABASE postgres SET work_mem = '64kB'")
        query = [f"{SPILLS} ORDER BY n DESC", "--url", url, "--output", str(kept)]
        done = heliograph("query", *query)
        assert_failed(done, 3, "server_resources_exhausted", kept=kept)
        assert done.error["sqlstate"] == "53100"
        assert "disk is full" in done.error["hint"]
        assert backends(url) == 0
        own_server.stop(mode="immediate")


def test_a_table_that_may_not_be_read_is_named(url: str, kept: Path) -> None:
    with limited_role(url) as role_url:
        query = ["query", "SELECT * FROM wages", "--url", role_url, "--output", str(kept)]
        role = urlsplit(role_url).username
        with connect(url) as connection:
            connection.execute("CREATE TABLE wages (n int)")
            connection.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
        done = heliograph(*query)
        assert_failed(done, 3, "permission_denied", kept=kept)
        assert "wages" in done.error["message"]
        assert "GRANT SELECT" in done.error["hint"]
        with connect(url) as connection:
            connection.execute(f"GRANT SELECT ON wages TO {role}")
        assert heliograph(*query).code == 0


def test_a_lock_that_somebody_holds_is_waited_for_and_not_for_ever(url: str, kept: Path) -> None:
    query = ["query", "SELECT n FROM busy", "--url", url, "--output", str(kept)]
    statement = prepare_query(parse_template("SELECT n FROM busy"), Parameters()).statement
    options = RunOptions(settings={"lock_timeout": "200ms"})
    with connect(url) as connection:
        connection.execute("CREATE TABLE busy (n int)")
    with connect(url, autocommit=False) as connection:
        connection.execute("LOCK TABLE busy IN ACCESS EXCLUSIVE MODE")
        assert_failed(heliograph(*query, "--timeout", "500ms"), 5, "query_timed_out", kept=kept)
        with (
            open_session(parse_connection_url(url)) as session,
            pytest.raises(QueryTimedOut, match="lock") as caught,
            session.run(statement, options),
        ):
            pass
        assert caught.value.sqlstate == "55P03"
    assert heliograph(*query, "--timeout", "5s").code == 0


# Encodings


@contextmanager
def encoded_database(url: str, encoding: str) -> Iterator[str]:
    """A database in another encoding than UTF-8."""
    parts = urlsplit(url)
    name = f"{parts.path.strip('/')}_{encoding.lower()}"
    with connect(url) as connection:
        connection.execute(
            f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0"
        )
        try:
            yield urlunsplit(parts._replace(path=f"/{name}"))
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize(("name", "has_value"), PATHS)
def test_text_that_is_not_utf8_is_told_and_what_is_passes(
    name: str, has_value: bool, url: str, kept: Path
) -> None:
    wrong = r"SELECT convert_from('\xe9'::bytea, 'SQL_ASCII') AS t FROM generate_series(1, 2) n"
    right = wrong.replace(r"\xe9", r"\xc3a9")
    with encoded_database(url, "SQL_ASCII") as ascii_url:
        to_file = ["--url", ascii_url, "--output", str(kept)]
        done = heliograph(*arguments_of(wrong, name, has_value), *to_file)
        assert_failed(done, 3, "text_undecodable", kept=kept)
        assert "convert_from" in done.error["hint"]
        assert backends(ascii_url) == 0
        assert heliograph(*arguments_of(right, name, has_value), *to_file).code == 0
        if name != "xlsx":
            assert "é" in kept.read_text()


@pytest.mark.parametrize(("name", "has_value"), PATHS[:-2])
def test_a_latin1_database_arrives_as_utf8(name: str, has_value: bool, url: str) -> None:
    sql = "SELECT 'é' || chr(252) AS \"naïve\" FROM generate_series(1, 1) n"
    with encoded_database(url, "LATIN1") as latin_url:
        done = heliograph(*arguments_of(sql, name, has_value), "--url", latin_url)
        assert "éü" in done.stdout.decode()
        assert "naïve" in done.stdout.decode()
        unknown = heliograph("query", "SELECT '世'", "--url", latin_url)
        assert_failed(unknown, 3, "query_failed")


# What nobody else may see


def test_secrets_stay_out_of_the_process_list_and_home_stays_empty(
    url: str, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    env = {"HELIOGRAPH_DATABASE_URL": url, "HOME": str(home), "TMPDIR": str(home)}
    password = urlsplit(url).password
    assert password
    process = subprocess.Popen(
        command("query", ENDLESS, "--format", "csv"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment(env),
        cwd=home,
    )
    try:
        wait_for_query(url)
        told = Path(f"/proc/{process.pid}/cmdline").read_bytes()
        assert b"generate_series" in told
        assert password.encode() not in told
        with connect(url) as connection:
            shown = connection.execute(
                "SELECT application_name || query FROM pg_stat_activity WHERE query ~ 'pg_sleep'"
            ).fetchall()
        assert shown
        assert password not in str(shown)
    finally:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert password.encode() not in errors
    assert list(home.iterdir()) == []


# What people type and how they call it


def shell(line: str, url: str) -> Finished:
    """Run a line of shell in which ``$H`` is the command."""
    done = subprocess.run(
        ["bash", "-c", line],
        env=environment({"H": " ".join(command("query")), "HELIOGRAPH_DATABASE_URL": url}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    return Finished(done.returncode, done.stdout, done.stderr.decode())


def test_closed_streams_are_no_bug(url: str) -> None:
    assert shell("$H 'SELECT 1' <&-", url).code == 0
    assert_failed(shell("$H <&-", url), 2, "usage_invalid")
    assert_failed(shell("$H 'SELECT 1' >&-", url), 1, "output_failed")
    assert shell("$H 'SELECT bad' 2>&-", url).code == 3
    assert shell("$H 'SELECT 1 AS n' --format csv 2>&-", url).stdout == b"n\n1\n"


def test_an_output_may_be_standard_output_or_a_pipe(url: str, tmp_path: Path) -> None:
    sql = "$H 'SELECT 1 AS n' --format csv --output"
    assert shell(f"cd {tmp_path}; {sql} -", url).stdout == b"n\n1\n"
    assert shell(f"{sql} /dev/stdout | cat", url).stdout == b"n\n1\n"
    assert shell(f"{sql} >(cat) | cat", url).stdout == b"n\n1\n"
    assert list(tmp_path.iterdir()) == []


def test_an_empty_name_of_a_file_is_told(url: str) -> None:
    for option in ("--output", "-f"):
        sql = "'SELECT 1'" if option == "--output" else ""
        done = shell(f'$H {sql} {option} "$UNSET"', url)
        assert_failed(done, 2, "usage_invalid")
        assert "empty" in done.error["message"]


def test_an_ending_that_names_no_format_is_told(url: str, tmp_path: Path) -> None:
    for name, is_told in (("a.xls", True), ("a.csv", False), ("a.jsonl", False), ("a", False)):
        done = heliograph("query", "SELECT 1", "--url", url, "--output", str(tmp_path / name))
        assert (done.code, "names no format" in done.stderr) == (0, is_told), name
    assert (tmp_path / "a.jsonl").read_text() == '{"?column?":1}\n'


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1;",
        "SELECT 1; -- done",
        "SELECT 1 -- done",
        "SELECT 1 /* done */ ;\n;",
        "-- all\nSELECT 1",
        "\ufeffSELECT 1",
        "SELECT\r\n\t1\r\n",
        "  SELECT 1  ",
    ],
)
def test_the_same_query_in_other_clothes(sql: str, url: str, tmp_path: Path) -> None:
    path = tmp_path / "q.sql"
    path.write_bytes(sql.encode())
    for arguments, stdin in (([sql], b""), (["-f", str(path)], b""), ([], sql.encode())):
        done = heliograph("query", *arguments, "--url", url, stdin=stdin)
        assert done.code == 0, done.stderr
        assert done.document["rows"] == [[1]]


@pytest.mark.parametrize("sql", ["\\d", "  \\dt+ public.*", "\\copy t to x"])
def test_a_command_of_psql_is_explained(sql: str, url: str) -> None:
    done = heliograph("query", sql, "--url", url)
    assert_failed(done, 3, "sql_invalid")
    assert "psql" in done.error["message"]
    assert "information_schema" in done.error["hint"]


def test_the_locale_does_not_matter_and_other_encodings_are_told(url: str) -> None:
    sql = "SELECT 'é世' AS t, $1::text"
    for locale in ({"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}):
        done = heliograph("query", sql, "-p", "ü", "--url", url, env=locale)
        assert done.document["rows"] == [["é世", "ü"]]
    for line in (r"$H $'SELECT \'\xe9\''", r"$H 'SELECT $1::text' -p $'\xe9'"):
        assert_failed(shell(line, url), 2, "usage_invalid")


def test_an_array_that_is_none_says_how_one_is_written(url: str) -> None:
    query = ["query", "SELECT $1::int[]", "--url", url]
    done = heliograph(*query, "-p", "1,2")
    assert_failed(done, 3, "parameter_invalid")
    assert "{1,2,3}" in done.error["hint"]
    assert heliograph(*query, "-p", "{1,2}").document["rows"] == [[[1, 2]]]
