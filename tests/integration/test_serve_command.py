"""`heliograph serve` with a PostgreSQL of its own, as a person starts it."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.cli import environment
from tests.support.serving import HELIOGRAPH, Served, call, served, sign_in

from heliograph.local.demo_command import status
from heliograph.platform import postgres

PASSWORD = "a long and lonely winding road"


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("serve") / "data"


@pytest.fixture(scope="module")
def running(data_dir: Path) -> Iterator[Served]:
    with served("--port", "0", "--data-dir", data_dir) as started:
        assert started.url.startswith("http://127.0.0.1:")
        yield started


def heliograph(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(HELIOGRAPH), *map(str, arguments)],
        env=environment({}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_it_is_ready_when_it_says_so(running: Served) -> None:
    status_code, told = call(f"{running.url}/api/health")
    assert status_code == 200
    failed = {check["name"] for check in told["checks"] if not check["ok"]}
    assert failed <= {"setup"}


def test_the_first_admin_comes_by_the_link_that_is_printed_and_only_once(
    running: Served,
) -> None:
    line = running.wait_for_line("Set it up")
    link = line.partition(": ")[2]
    assert link.startswith(f"{running.url}/setup#token=")
    person = {
        "token": link.partition("#token=")[2],
        "email": "ada@example.com",
        "name": "Ada",
        "password": PASSWORD,
    }
    assert call(f"{running.url}/api/setup", "POST", json_body=person)[0] == 201
    assert sign_in(running.url, "ada@example.com", PASSWORD)[0] == 200
    assert call(f"{running.url}/api/setup", "POST", json_body=person)[0] == 409


def test_links_made_later_begin_with_what_is_being_served(running: Served, data_dir: Path) -> None:
    assert running.url
    made = heliograph("admin", "create", "--email", "l@h.io", "--name", "L", "--data-dir", data_dir)
    assert made.returncode == 0
    link = heliograph("admin", "reset-password", "l@h.io", "--data-dir", data_dir)
    assert link.stdout.startswith(f"{running.url}/password-reset#token=")
    elsewhere = ("--public-url", "https://h.example/")
    link = heliograph("admin", "reset-password", "l@h.io", "--data-dir", data_dir, *elsewhere)
    assert link.stdout.startswith("https://h.example/password-reset#token=")


@pytest.mark.parametrize(
    ("option", "wrong"),
    [
        ("--public-url", "heliograph.example"),
        ("--public-url", "https://h.example/#token"),
        ("--public-url", "https://h.example:port"),
        ("--requests-per-second", "-1"),
        ("--requests-per-second", "nan"),
        ("--requests-per-second", "many"),
        ("--database-url", "host=db password=s3cret"),
    ],
)
def test_an_option_that_cannot_work_is_refused_before_anything_is_made(
    option: str, wrong: str, tmp_path: Path
) -> None:
    refused = heliograph("serve", option, wrong, "--data-dir", tmp_path / "data")
    assert refused.returncode == 2
    error = json.loads(refused.stderr.splitlines()[-1])["error"]
    assert error["code"] == "usage_invalid"
    assert option in error["message"]
    assert "s3cret" not in refused.stderr
    assert not (tmp_path / "data").exists()


def test_a_database_url_that_cannot_be_read_is_no_bug_and_is_not_repeated(tmp_path: Path) -> None:
    url = "postgresql://owner:s3cret@[broken/x"
    refused = heliograph("serve", "--database-url", url, "--data-dir", tmp_path / "data")
    assert refused.returncode == 4
    assert json.loads(refused.stderr.splitlines()[-1])["error"]["code"] == "database_unavailable"
    assert "s3cret" not in refused.stderr


def test_the_app_database_has_a_login_of_its_own(running: Served, data_dir: Path) -> None:
    path = data_dir / "postgres.heliograph"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((data_dir / "key.json").stat().st_mode) == 0o600
    port = status(data_dir).port
    url = f"postgresql://heliograph:{path.read_text().strip()}@127.0.0.1:{port}/heliograph"
    with postgres.connect(url) as connection:
        row = connection.execute(
            "SELECT rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    assert row == (False, False, False)


def test_nothing_secret_is_logged(running: Served, data_dir: Path) -> None:
    password = (data_dir / "postgres.heliograph").read_text().strip()
    logged = "\n".join(running.errors)
    assert "http.request" in logged
    assert password not in logged
    assert PASSWORD not in logged
    assert "#token=" not in logged


def test_the_site_answers_with_a_page_that_the_policy_admits(running: Served) -> None:
    process = subprocess.run(
        ["curl", "-sS", "-i", running.url], capture_output=True, text=True, timeout=20, check=True
    )
    assert "script-src 'self'" in process.stdout
    assert "<title>Heliograph</title>" in process.stdout


def test_a_second_one_on_the_same_folder_is_refused(running: Served, data_dir: Path) -> None:
    with served("--port", "0", "--data-dir", data_dir) as second:
        error = second.error()
        assert second.process.returncode == 1
    assert error["code"] == "data_folder_locked"
    assert f"process {running.process.pid}" in error["message"]
    assert call(f"{running.url}/api/health")[0] == 200


def test_a_port_that_is_taken_is_said_before_anything_is_made(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with served("--port", str(port), "--data-dir", tmp_path / "data") as refused:
            error = refused.error()
            assert refused.process.returncode == 1
    assert error["code"] == "local_database_failed"
    assert f"port {port}" in error["message"]
    assert f"--port {port + 1}" in error["hint"]
    assert not (tmp_path / "data").exists()


def test_a_database_that_cannot_be_reached_ends_it_with_the_reason(tmp_path: Path) -> None:
    url = "postgresql://nobody@127.0.0.1:1/none"
    with served("--port", "0", "--data-dir", tmp_path, "--database-url", url) as refused:
        error = refused.error()
        assert refused.process.returncode == 4
    assert error["code"] == "connection_refused"


def test_a_killed_one_leaves_a_postgresql_that_the_next_one_takes_over_and_stops(
    tmp_path: Path,
) -> None:
    with served("--port", "0", "--data-dir", tmp_path) as first:
        assert first.url
        first.end(signal.SIGKILL)
    left = status(tmp_path)
    assert left.is_running
    with served("--port", "0", "--data-dir", tmp_path) as second:
        assert second.url
        assert status(tmp_path).pid == left.pid
        assert second.end() == 0
    assert not status(tmp_path).is_running


def test_one_that_is_killed_while_postgresql_starts_leaves_nothing_that_nobody_stops(
    tmp_path: Path,
) -> None:
    with served("--port", "0", "--data-dir", tmp_path) as first:
        deadline = time.monotonic() + 30
        while not (tmp_path / "postgres" / "postmaster.pid").is_file():
            assert time.monotonic() < deadline, first.errors
            time.sleep(0.001)
        first.end(signal.SIGKILL)
    with served("--port", "0", "--data-dir", tmp_path) as second:
        assert second.url
        assert second.end() == 0
    assert not status(tmp_path).is_running


def test_a_postgresql_that_was_killed_is_started_again_and_everything_goes_on(
    tmp_path: Path,
) -> None:
    with served("--port", "0", "--data-dir", tmp_path) as process:
        url = process.url
        before = status(tmp_path)
        assert before.pid is not None
        os.kill(before.pid, signal.SIGKILL)
        deadline = time.monotonic() + 30
        while status(tmp_path).pid in (None, before.pid) or call(f"{url}/api/health")[0] != 200:
            assert time.monotonic() < deadline, process.errors
            time.sleep(0.1)
        assert status(tmp_path).port == before.port
        assert process.end() == 0
    assert not status(tmp_path).is_running


def test_the_demo_command_does_not_stop_what_is_being_served(
    running: Served, data_dir: Path
) -> None:
    refused = heliograph("demo", "stop", "--data-dir", data_dir)
    assert refused.returncode == 1
    assert json.loads(refused.stderr.splitlines()[-1])["error"]["code"] == "data_folder_locked"
    assert call(f"{running.url}/api/health")[0] == 200


def test_it_is_ended_from_elsewhere_with_stop(tmp_path: Path) -> None:
    assert heliograph("serve", "--stop", "--data-dir", tmp_path).returncode == 0
    with served("--port", "0", "--data-dir", tmp_path) as process:
        assert process.url
        stopped = heliograph("serve", "--stop", "--data-dir", tmp_path)
        assert stopped.returncode == 0
        assert str(process.process.pid) in stopped.stderr
        assert process.process.wait(5) == 0
        assert process.end() == 0
        assert f"everything is kept in {tmp_path}" in process.errors[-1]
    assert not status(tmp_path).is_running


def test_the_log_is_json_where_no_person_reads_it(running: Served) -> None:
    lines = [line for line in running.errors if "http.request" in line]
    assert json.loads(lines[0])["event"] == "http.request"
