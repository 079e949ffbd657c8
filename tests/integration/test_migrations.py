"""The app database takes its shape from numbered files, once each, whoever asks first."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.support.cli import heliograph
from tests.support.hand_clock import HandClock
from tests.support.pgbouncer import PROGRAM, pooled
from tests.support.schema_snapshot import SNAPSHOT, describe_schema

from heliograph.kernel.errors import ConnectError, MigrationFailed, SchemaOutdated
from heliograph.local.postgres_server import PostgresServer
from heliograph.platform.database import Database
from heliograph.platform.migrations import (
    Migration,
    find_applied,
    find_pending,
    migrate,
    read_migrations,
)
from heliograph.platform.postgres import connect

ONE = Migration(1, "create_birds", "-- Why.\nCREATE TABLE birds (id integer);\n")
TWO = Migration(2, "add_name", "ALTER TABLE birds ADD name text;\nCREATE TABLE nests (id integer);")
SLOW = Migration(3, "be_slow", "SELECT pg_sleep(0.3); CREATE TABLE once (id integer);")
TITLES = ["0001_create_birds", "0002_add_name", "0003_be_slow"]


@pytest.fixture
def url(make_database: Callable[[], str]) -> str:
    return make_database()


@contextmanager
def opened(url: str) -> Iterator[Database]:
    with closing(Database(url)) as database:
        yield database


def tables(url: str) -> set[str]:
    find = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    with connect(url) as connection:
        return {name for (name,) in connection.execute(find)}


# The files of this version


def test_the_numbers_have_no_gaps() -> None:
    migrations = read_migrations()
    assert [m.version for m in migrations] == list(range(1, len(migrations) + 1))
    assert len(migrations) >= 4


def test_each_file_begins_by_saying_why() -> None:
    assert [m.title for m in read_migrations() if not re.match(r"-- \w", m.sql)] == []


def test_a_fresh_app_database_lacks_nothing(app_database_url: str) -> None:
    with opened(app_database_url) as database:
        assert find_pending(database) == []
        assert [a.title for a in find_applied(database)] == [m.title for m in read_migrations()]
    assert migrate(app_database_url) == []


def test_the_snapshot_is_what_all_migrations_make(app_database_url: str) -> None:
    renew = "renew it: python -m tests.support.schema_snapshot"
    assert describe_schema(app_database_url) == SNAPSHOT.read_text(), renew


def test_constraints_are_named_after_their_table(app_database_url: str) -> None:
    find = """
        SELECT relname, conname, contype FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
        WHERE connamespace = 'public'::regnamespace AND contype IN ('p', 'u', 'f', 'c')
    """
    endings = {"p": "_pkey", "u": "_key", "f": "_fkey", "c": "_check"}
    with connect(app_database_url) as connection:
        found = connection.execute(find).fetchall()
    assert len(found) > 10
    assert [n for table, n, _ in found if not n.startswith(f"{table}_")] == []
    assert [n for _, n, kind in found if not n.endswith(endings[kind])] == []


def test_all_migrations_apply_on_every_supported_major(
    make_major_database: Callable[[], str],
) -> None:
    url = make_major_database()
    assert migrate(url) == [m.title for m in read_migrations()]
    assert migrate(url) == []


def test_connections_that_are_there_already_get_their_policies_and_a_salt_each(
    make_major_database: Callable[[], str],
) -> None:
    url = make_major_database()
    migrations = read_migrations()
    migrate(url, migrations=[m for m in migrations if m.version < 9])
    insert = """
        INSERT INTO connections (id, name, folded_name, engine, host, port, database, username,
            ssl_mode, max_concurrency, statement_timeout_seconds, max_rows, identity, cache_seconds,
            version, created_at, updated_at)
        SELECT gen_random_uuid(), n, n, 'postgres', 'db', 5432, 'shop', 'reader', 'prefer', 5, 60,
            10, 'user', 0, 1, now(), now()
        FROM (SELECT %s || generate_series(1, 50)) AS names (n)
    """
    find = "SELECT role_limits, history_values, history_salt FROM connections"
    with connect(url) as connection:
        connection.execute(insert, ["before "])
        migrate(url)
        connection.execute(insert, ["as the version before does "])
        found = connection.execute(find).fetchall()
    assert [row[:2] for row in found] == [({}, "kept")] * 100
    assert len({bytes(row[2]) for row in found}) == 100


def test_an_owner_without_other_rights_can_migrate(
    make_database: Callable[[], str], url: str
) -> None:
    name = url.rpartition("/")[2]
    with connect(url) as connection:
        connection.execute(f"CREATE ROLE owner_{name} NOLOGIN".encode())
        connection.execute(f"ALTER DATABASE {name} OWNER TO owner_{name}".encode())
    try:
        titles = migrate(f"{url}?options=-c%20role%3Downer_{name}")
        assert titles == [m.title for m in read_migrations()]
    finally:
        with connect(make_database()) as connection, connect(url) as inside:
            inside.execute(f"REASSIGN OWNED BY owner_{name} TO CURRENT_USER".encode())
            connection.execute(f"DROP ROLE owner_{name}".encode())


@pytest.mark.skipif(PROGRAM is None, reason="PgBouncer is not installed")
def test_migrations_apply_through_a_transaction_pooler(url: str) -> None:
    # Not in tmp_path, whose parents let no other user through.
    with TemporaryDirectory() as folder, pooled(url, Path(folder)) as through:
        assert migrate(through) == [m.title for m in read_migrations()]
        assert migrate(through) == []
        with opened(through) as database:
            assert find_pending(database) == []


# Applying


def test_what_is_pending_is_applied_in_order_and_written_down(url: str) -> None:
    clock = HandClock()
    with opened(url) as database:
        assert find_pending(database, [ONE, TWO]) == TITLES[:2]
        assert tables(url) == set()
        assert migrate(url, migrations=[ONE, TWO], clock=clock) == TITLES[:2]
        assert tables(url) == {"birds", "nests", "schema_migrations"}
        assert find_pending(database, [ONE, TWO]) == []
        assert [(a.version, a.checksum, a.at) for a in find_applied(database)] == [
            (1, ONE.checksum, clock.moment),
            (2, TWO.checksum, clock.moment),
        ]


def test_migrating_again_applies_what_is_new_and_nothing_else(url: str) -> None:
    assert migrate(url, migrations=[ONE]) == TITLES[:1]
    assert migrate(url, migrations=[ONE]) == []
    assert migrate(url, migrations=[ONE, TWO]) == TITLES[1:2]


def test_a_migration_that_fails_leaves_nothing_of_itself_and_keeps_those_before(url: str) -> None:
    broken = Migration(2, "add_name", "CREATE TABLE nests (id integer);\nCREATE TABEL x ();")
    with pytest.raises(MigrationFailed, match="0002_add_name failed: syntax error") as found:
        migrate(url, migrations=[ONE, broken, SLOW])
    assert (found.value.sqlstate, found.value.line, found.value.column) == ("42601", 2, 8)
    assert tables(url) == {"birds", "schema_migrations"}
    assert migrate(url, migrations=[ONE, TWO]) == TITLES[1:2]


def test_no_detail_of_a_failure_tells_data(url: str) -> None:
    migrate(url, migrations=[ONE])
    with connect(url) as connection:
        connection.execute("INSERT INTO birds VALUES (4711), (4711)")
    unique = Migration(2, "be_unique", "CREATE UNIQUE INDEX birds_id_key ON birds (id);")
    with pytest.raises(MigrationFailed, match="could not create unique index") as found:
        migrate(url, migrations=[ONE, unique])
    assert "4711" not in str(found.value.to_dict())


def test_a_migration_that_was_changed_after_it_was_applied_is_refused(url: str) -> None:
    migrate(url, migrations=[ONE])
    changed = Migration(1, "create_birds", ONE.sql + "-- Later.\n")
    with opened(url) as database:
        for act in (
            lambda: migrate(url, migrations=[changed, TWO]),
            lambda: find_pending(database, [changed, TWO]),
        ):
            with pytest.raises(MigrationFailed, match="0001_create_birds has been changed"):
                act()
    assert "nests" not in tables(url)
    same = Migration(1, "create_birds", ONE.sql.replace("\n", "\r\n"))
    assert migrate(url, migrations=[same, TWO]) == TITLES[1:2]


def test_a_database_that_is_ahead_of_the_program_is_refused(url: str) -> None:
    migrate(url, migrations=[ONE, TWO])
    with opened(url) as database:
        for act in (
            lambda: migrate(url, migrations=[ONE]),
            lambda: find_pending(database, [ONE]),
        ):
            with pytest.raises(SchemaOutdated, match="0002_add_name") as found:
                act()
            assert "Upgrade" in (found.value.hint or "")


def test_several_processes_at_once_are_as_good_as_one(url: str, tmp_path: Path) -> None:
    for migration in (ONE, TWO, SLOW):
        (tmp_path / f"{migration.title}.sql").write_text(migration.sql)
    program = (
        "import sys; from pathlib import Path\n"
        "from heliograph.platform.migrations import migrate, read_migrations\n"
        "migrations = read_migrations(Path(sys.argv[2]))\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "print(*migrate(sys.argv[1], migrations=migrations))\n"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, url, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        done = []
        starters = [threading.Thread(target=_let_go, args=(process, done)) for process in processes]
        for starter in starters:
            starter.start()
        for starter in starters:
            starter.join(timeout=60)
    finally:
        for process in processes:
            process.kill()
            process.wait(timeout=10)
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert sorted(title for titles in done for title in titles.split()) == TITLES


def _let_go(process: subprocess.Popen[str], done: list[str]) -> None:
    done.append(process.communicate("\n", timeout=60)[0])


def test_a_server_that_is_not_there_is_told_as_such() -> None:
    with pytest.raises(ConnectError):
        migrate("postgresql://somebody:s3cret@127.0.0.1:1/heliograph", migrations=[ONE])


def test_files_with_the_same_number_or_an_odd_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "0001_one.sql").write_text("SELECT 1")
    (tmp_path / "schema.sql").write_text("not a migration")
    assert [m.title for m in read_migrations(tmp_path)] == ["0001_one"]
    (tmp_path / "0001_other.sql").write_text("SELECT 2")
    with pytest.raises(MigrationFailed, match="Two migrations have the number 0001"):
        read_migrations(tmp_path)
    (tmp_path / "0001_other.sql").rename(tmp_path / "2_other.sql")
    with pytest.raises(MigrationFailed, match="2_other"):
        read_migrations(tmp_path)


# The command


def test_the_command_applies_what_a_database_lacks_and_says_so(url: str) -> None:
    all_titles = [m.title for m in read_migrations()]
    planned = heliograph("migrate", "--database-url", url, "--dry-run")
    assert planned.stdout.decode().splitlines() == [f"would apply {title}" for title in all_titles]
    assert tables(url) == set()
    done = heliograph("migrate", env={"HELIOGRAPH_DATABASE": url})
    assert done.stdout.decode().splitlines() == [f"applied {title}" for title in all_titles]
    again = heliograph("migrate", "--database-url", url)
    assert (again.code, again.stdout) == (0, b"")
    assert "nothing to apply" in again.stderr


def test_the_command_wants_to_know_which_database(url: str) -> None:
    nothing = heliograph("migrate")
    assert (nothing.code, nothing.error["code"]) == (2, "usage_invalid")
    assert heliograph("migrate", "--database-url", url, "--data-dir", "x").code == 2
    wrong = heliograph("migrate", "--database-url", "mysql://root:s3cret@localhost/x")
    assert (wrong.code, wrong.error["code"]) == (2, "usage_invalid")
    nobody = heliograph("migrate", "--database-url", "postgresql://a:s3cret@127.0.0.1:1/x")
    assert (nobody.code, nobody.error["code"]) == (4, "connection_refused")
    planned = heliograph(
        "migrate", "--dry-run", "--database-url", "postgresql://a:s3cret@127.0.0.1:1/x"
    )
    assert (planned.code, planned.error["code"]) == (4, "database_unavailable")
    assert "s3cret" not in wrong.stderr + nobody.stderr + planned.stderr


def test_the_command_makes_and_migrates_the_database_of_a_data_folder(tmp_path: Path) -> None:
    titles = [m.title for m in read_migrations()]
    began = datetime.now(UTC)
    planned = heliograph("migrate", "--data-dir", str(tmp_path), "--dry-run")
    assert planned.stdout.decode().split("\n")[:-1] == [f"would apply {t}" for t in titles]
    assert not (tmp_path / "postgres").exists()
    done = heliograph("migrate", "--data-dir", str(tmp_path))
    assert done.stdout.decode().split("\n")[:-1] == [f"applied {t}" for t in titles]
    server = PostgresServer(tmp_path / "postgres")
    assert not server.status().is_running
    for arguments in (["--dry-run"], []):
        again = heliograph("migrate", "--data-dir", str(tmp_path), *arguments)
        assert (again.code, again.stdout) == (0, b"")
        assert not server.status().is_running
    with server, opened(server.url("heliograph")) as database:
        assert all(applied.at >= began for applied in find_applied(database))
        heliograph("migrate", "--data-dir", str(tmp_path), "--dry-run")
        assert server.status().is_running
