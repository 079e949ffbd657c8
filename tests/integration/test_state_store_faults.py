"""What each state store says and does when its place is damaged, foreign, full, gone or slow."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.support.moto_server import BUCKET, MotoServer, running_moto
from tests.support.state_stores import (
    LEASE,
    NOON,
    SECOND,
    claim_now,
    commit_now,
    make_delivery,
    make_record,
    make_state,
)

from heliograph.kernel.errors import ConnectionLost, StateFailed
from heliograph.notifications.models import DeliveryState
from heliograph.platform import postgres
from heliograph.platform.blobs import BlobConflict, Blobs, S3Blobs
from heliograph.platform.postgres import Sessions
from heliograph.runner.stores.contract import Claim, StateStore
from heliograph.runner.stores.document import Document
from heliograph.runner.stores.owners import is_dead, name_owner
from heliograph.runner.stores.postgres import MIGRATIONS as POSTGRES_MIGRATIONS
from heliograph.runner.stores.postgres import PostgresDatabase
from heliograph.runner.stores.registry import open_store
from heliograph.runner.stores.s3 import S3StateStore
from heliograph.runner.stores.sql import SqlStateStore
from heliograph.runner.stores.sqlite import SqliteDatabase
from heliograph.runner.stores.sqlite_file import MIGRATIONS, StateFile

# SQLite


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


def open_file(path: Path, **options: object) -> SqlStateStore:
    return SqlStateStore(SqliteDatabase(StateFile(path, **options)))  # type: ignore[arg-type]


def read_version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def test_the_file_is_made_by_the_first_write_and_for_its_owner_only(path: Path) -> None:
    with closing(open_store(str(path))) as store:
        store.load("a")
        store.history(None)
        assert not path.exists()
        commit_now(store, make_delivery())
        for file in path.parent.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


@pytest.mark.parametrize(
    "content", [b"x", b"do not lose me\n" * 9, b"alerts: []\n" * 200, b"SQLite format 4\0" * 64]
)
def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(
    path: Path, content: bytes
) -> None:
    path.write_bytes(content)
    with closing(open_store(str(path))) as store:
        for use in (lambda: store.load("a"), lambda: store.claim("a", NOON, NOON, LEASE)):
            with pytest.raises(StateFailed, match="not an alert state file") as refused:
                use()
            assert refused.value.hint
    assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


def test_a_database_of_another_program_is_refused_and_left_as_it_is(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE alerts (id)")
        connection.commit()
    content = path.read_bytes()
    with closing(open_store(str(path))) as store, pytest.raises(StateFailed, match="another"):
        store.beat("me", NOON)
    assert path.read_bytes() == content


def test_a_damaged_file_is_named_and_left_as_it_is(path: Path) -> None:
    with closing(open_store(str(path))) as store:
        commit_now(store, *(make_delivery(f"dlv_{number}") for number in range(50)))
    content = bytearray(path.read_bytes())
    content[4096 : 4096 * 6] = b"\xff" * 4096 * 5
    path.write_bytes(content)
    with closing(open_store(str(path))) as store, pytest.raises(StateFailed) as failed:
        store.load("a")
    assert str(path) in failed.value.message
    assert "damaged" in failed.value.message
    assert path.read_bytes() == content


def test_an_empty_file_is_taken_for_a_new_one(path: Path) -> None:
    path.touch(mode=0o640)
    with closing(open_store(str(path))) as store:
        assert store.last_beat() is None
        store.beat("me", NOON)
        assert store.last_beat() == NOON
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_an_older_file_is_migrated_and_a_newer_one_refused(path: Path) -> None:
    with closing(open_file(path)) as store:
        record = commit_now(store)
    newer = (*MIGRATIONS, ("ALTER TABLE alerts ADD COLUMN note TEXT",))
    with closing(open_file(path, migrations=newer)) as store:
        assert store.history("a") == [record]
    assert read_version(path) == len(MIGRATIONS) + 1
    content = path.read_bytes()
    with closing(open_file(path)) as store, pytest.raises(StateFailed, match="newer version"):
        store.load("a")
    assert path.read_bytes() == content


def test_a_migration_that_fails_changes_nothing(path: Path) -> None:
    with closing(open_file(path)) as store:
        commit_now(store)
    broken = (*MIGRATIONS, ("ALTER TABLE alerts ADD COLUMN note TEXT", "SELECT no_such_thing"))
    with closing(open_file(path, migrations=broken)) as store, pytest.raises(StateFailed):
        store.load("a")
    assert read_version(path) == len(MIGRATIONS)
    with closing(open_file(path)) as store:
        assert store.load("a").last_due_at == NOON


@pytest.mark.parametrize("place", ["missing/state.db", "file/state.db", "folder", "/proc/state.db"])
def test_a_place_that_cannot_be_written_to_is_refused_with_what_to_do(
    tmp_path: Path, place: str
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    with (
        closing(open_store(str(tmp_path / place))) as store,
        pytest.raises(StateFailed) as refused,
    ):
        store.claim("a", NOON, NOON, LEASE)
    assert "folder" in str(refused.value.hint)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to every folder")
def test_a_read_only_folder_is_refused_with_what_to_do(path: Path) -> None:
    path.parent.chmod(0o500)
    try:
        with closing(open_store(str(path))) as store, pytest.raises(StateFailed) as refused:
            store.claim("a", NOON, NOON, LEASE)
    finally:
        path.parent.chmod(0o700)
    assert "folder" in str(refused.value.hint)


FILL = """
import resource, sys
from tests.support.state_stores import *
from heliograph.kernel.errors import StateFailed
from heliograph.runner.stores.registry import open_store
store = open_store(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
for number in range(100):
    try:
        due_at = NOON + number * SECOND
        names = [f"dlv_{number}_{one}" for one in range(10)]
        commit_now(store, *(make_delivery(name) for name in names), due_at=due_at)
    except StateFailed as error:
        sys.exit(f"{number}|{error.message}|{error.hint}")
"""


def test_a_file_that_may_not_grow_fails_one_evaluation_whole_and_goes_on_when_it_may(
    path: Path,
) -> None:
    """A limit on file sizes stands for a full disk: both refuse a write in the middle."""
    command = [sys.executable, "-c", FILL, str(path)]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    written, message, hint = ended.stderr.strip().split("|")
    assert str(path) in message
    assert "full" in hint
    with closing(open_store(str(path))) as store:
        assert len(store.history("a", limit=1_000)) == int(written) > 0
        assert len(store.deliveries(list(DeliveryState), limit=10_000)) == 10 * int(written)
        commit_now(store, due_at=NOON + LEASE)


def test_a_file_that_another_program_keeps_locked_is_waited_for_and_then_named(
    path: Path,
) -> None:
    with closing(open_file(path, busy_seconds=0.1)) as store:
        commit_now(store)
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert store.load("a").last_due_at == NOON  # readers do not wait
            with pytest.raises(StateFailed, match="locked"):
                store.beat("me", NOON)
            other.execute("ROLLBACK")
        store.beat("me", NOON)
    assert store.last_beat() == NOON
    store.close()


def test_writes_that_share_a_transaction_fail_each_for_itself(path: Path) -> None:
    """While one thread holds the writer up, two queue: a good one and one that breaks a rule."""
    database = SqliteDatabase(StateFile(path))
    store = SqlStateStore(database)
    claim = claim_now(store)
    started, go_on = threading.Event(), threading.Event()

    def hold_up(_execute: object) -> None:
        started.set()
        assert go_on.wait(timeout=30)

    bad = replace(make_delivery("bad"), attempts=-1)
    errors: list[StateFailed] = []

    def commit_bad() -> None:
        try:
            store.commit(claim, make_record(), {"": make_state()}, [make_delivery(), bad])
        except StateFailed as error:
            errors.append(error)

    threads = [threading.Thread(target=database.write, args=[hold_up])]
    threads[0].start()
    assert started.wait(timeout=30)
    for work in (commit_bad, lambda: store.beat("me", NOON)):
        threads.append(threading.Thread(target=work))
        threads[-1].start()
    while len(database._queue) < 2:  # both are waiting for the writer
        threads[-1].join(timeout=0.01)
    go_on.set()
    for thread in threads:
        thread.join(timeout=30)
    assert len(errors) == 1
    assert store.last_beat() == NOON
    assert store.find_delivery("dlv_1") is None
    assert store.history(None) == []
    assert store.commit(claim, make_record(), {"": make_state()}, [make_delivery()])
    store.close()


def test_no_error_shows_the_value_of_a_notice(path: Path) -> None:
    bad = replace(make_delivery(), attempts=-1)
    with closing(open_store(str(path))) as store, pytest.raises(StateFailed) as failed:
        store.commit(claim_now(store), make_record(), {}, [bad])
    shown = f"{failed.value.to_dict()} {failed.value!r} {failed.value.__cause__!r}"
    assert "7.10" not in shown
    assert "deliveries_attempts_check" in shown


# Owners of claims


def test_a_process_that_ended_is_dead_and_one_that_runs_is_not() -> None:
    assert not is_dead(name_owner())
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        owner = name_owner(child.pid)
        assert not is_dead(owner)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert is_dead(owner)  # a zombie, not yet waited for
    assert is_dead(owner)


def test_an_id_that_is_used_again_is_not_taken_for_the_process_that_had_it() -> None:
    host, pid, started = orjson.loads(name_owner())
    earlier = orjson.dumps([host, pid, str(int(started) - 1)]).decode()
    assert is_dead(earlier)


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_process_of_another_host_boot_or_container_is_never_called_dead(part: int) -> None:
    host, _, started = orjson.loads(name_owner())
    gone = 2**22 + 1  # above any process id of Linux
    assert is_dead(orjson.dumps([host, gone, started]).decode())
    host[part] += "x"
    assert not is_dead(orjson.dumps([host, gone, started]).decode())


@pytest.mark.parametrize("owner", [None, "", "null", "7", "[]", "[1,2]", '["a",null,"b"]'])
def test_an_owner_that_cannot_be_read_is_never_called_dead(owner: str | None) -> None:
    assert not is_dead(owner)


# PostgreSQL


def test_connections_that_the_server_ended_are_made_anew(
    make_database: Callable[[], str],
) -> None:
    url = make_database()
    with closing(open_store(url)) as store:
        commit_now(store)
        with postgres.connect(url) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        assert store.load("a").last_due_at == NOON
        commit_now(store, due_at=NOON + SECOND)


def test_work_whose_connection_is_lost_in_it_is_done_once_more(
    make_database: Callable[[], str],
) -> None:
    tried: list[int] = []

    def die_at_first(connection: Any) -> int:
        tried.append(connection.info.backend_pid)
        if len(tried) == 1:
            connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return int(connection.execute("SELECT 7").fetchone()[0])

    with closing(Sessions(make_database())) as sessions:
        assert sessions.run(die_at_first) == 7
    assert len(set(tried)) == 2


def test_work_that_always_loses_its_connection_fails(make_database: Callable[[], str]) -> None:
    def die(connection: Any) -> None:
        connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with closing(Sessions(make_database())) as sessions, pytest.raises(ConnectionLost):
        sessions.run(die)


class TwiceOver(Sessions):
    """Does all work once more, as after a connection that was lost behind it."""

    def run(self, work: Callable[[Any], Any], *, is_transaction: bool = True) -> Any:
        super().run(work, is_transaction=is_transaction)
        return super().run(work, is_transaction=is_transaction)


def test_work_that_is_done_once_more_has_its_effect_once(
    make_database: Callable[[], str],
) -> None:
    with closing(SqlStateStore(PostgresDatabase(TwiceOver(make_database())))) as store:
        record = commit_now(store, make_delivery(), make_delivery("dlv_2"))
        assert store.history(None) == [record]
        claimed = store.claim_delivery(["ops"], NOON, LEASE)
        assert claimed is not None
        assert (claimed.id, claimed.attempts) == ("dlv_1", 1)
        assert store.find_delivery("dlv_2") == make_delivery("dlv_2")
        done = replace(claimed, state=DeliveryState.DELIVERED, finished_at=NOON)
        assert store.finish_delivery(done)
        replayed = store.replay("dlv_1", NOON)
        assert replayed is not None
        assert replayed.state is DeliveryState.WAITING


def test_a_database_that_is_not_there_is_named_without_its_password() -> None:
    store = open_store("postgresql://me:hunter2@127.0.0.1:1/x?connect_timeout=2")
    with closing(store), pytest.raises(StateFailed, match="cannot be reached") as failed:
        store.load("a")
    assert "hunter2" not in str(failed.value.to_dict())


def test_a_role_that_may_not_make_the_schema_is_told_what_it_needs(
    make_database: Callable[[], str],
) -> None:
    url = make_database()
    with postgres.connect(url) as admin:
        database = admin.info.dbname
        admin.execute(
            f"DROP ROLE IF EXISTS only_{database}; "
            f"CREATE ROLE only_{database} LOGIN PASSWORD 'x'".encode()
        )
    try:
        host = url.rpartition("@")[2]
        with closing(open_store(f"postgresql://only_{database}:x@{host}")) as store:
            assert store.history(None) == []
            with pytest.raises(StateFailed) as refused:
                store.beat("me", NOON)
        assert "GRANT CREATE ON DATABASE" in str(refused.value.hint)
    finally:
        with postgres.connect(url) as admin:
            admin.execute(f"DROP ROLE only_{database}".encode())


def test_a_newer_schema_is_refused_and_an_older_one_migrated(
    make_database: Callable[[], str],
) -> None:
    url = make_database()
    newer = (*POSTGRES_MIGRATIONS, "ALTER TABLE heliograph_alerts.alerts ADD COLUMN note text")
    with closing(open_store(url)) as store:
        commit_now(store)
    with closing(SqlStateStore(PostgresDatabase(Sessions(url), migrations=newer))) as store:
        store.beat("me", NOON)
        assert store.load("a").last_due_at == NOON
    with closing(open_store(url)) as store, pytest.raises(StateFailed, match="newer version"):
        store.load("a")


def test_the_store_leaves_nothing_in_its_sessions(make_database: Callable[[], str]) -> None:
    """So a transaction pooler may hand every transaction to another connection."""
    sessions = Sessions(make_database(), most=1)
    store = SqlStateStore(PostgresDatabase(sessions))
    commit_now(store, make_delivery())
    for _ in range(10):
        store.load("a")
    left = sessions.run(
        lambda connection: connection.execute(
            "SELECT (SELECT count(*) FROM pg_prepared_statements),"
            " (SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid()"
            "  AND locktype = 'advisory'),"
            " (SELECT count(*) FROM pg_settings WHERE source = 'session'),"
            " to_regclass('pg_temp.alerts') IS NULL"
        ).fetchone()
    )
    assert left == (0, 0, 0, True)
    store.close()


# S3


@pytest.fixture(scope="module")
def moto() -> Iterator[MotoServer]:
    with running_moto() as server:
        yield server


@pytest.fixture
def blobs(moto: MotoServer) -> Iterator[S3Blobs]:
    with closing(S3Blobs(BUCKET, moto.environment)) as opened:
        yield opened


def test_an_object_is_written_only_over_the_version_that_was_read(
    blobs: S3Blobs, tmp_path: Path
) -> None:
    key = f"{tmp_path.name}/key"
    with pytest.raises(BlobConflict):
        blobs.put_if(key, b"0", '"0123"')
    first = blobs.put_if(key, b"1", None)
    with pytest.raises(BlobConflict):
        blobs.put_if(key, b"2", None)
    second = blobs.put_if(key, b"3", first)
    with pytest.raises(BlobConflict):
        blobs.put_if(key, b"4", first)
    assert blobs.get(key) == (b"3", second)
    assert blobs.get(f"{key}/unknown") is None


class UnsteadyBlobs:
    """An S3 of which answers get lost, and in which others write in between."""

    def __init__(self, blobs: Blobs) -> None:
        self.blobs = blobs
        self.reads = self.writes = 0
        self.lost_answers = 0  # writes that take effect, and are then taken for lost races
        self.before_write: list[Callable[[], object]] = []

    def get(self, key: str) -> tuple[bytes, str] | None:
        self.reads += 1
        return self.blobs.get(key)

    def put_if(self, key: str, data: bytes, etag: str | None) -> str:
        if self.before_write:
            self.before_write.pop()()
        self.writes += 1
        written = self.blobs.put_if(key, data, etag)
        if self.lost_answers:
            self.lost_answers -= 1
            raise BlobConflict
        return written

    def close(self) -> None:
        self.blobs.close()


@pytest.fixture
def unsteady(blobs: S3Blobs) -> UnsteadyBlobs:
    return UnsteadyBlobs(blobs)


@pytest.fixture
def make_s3(unsteady: UnsteadyBlobs, tmp_path: Path) -> Callable[..., S3StateStore]:
    """Call it for a store over the unsteady S3; all have the same object."""
    return lambda **options: S3StateStore(
        unsteady, f"{tmp_path.name}/alerts.json", pause=lambda _seconds: None, **options
    )


def test_a_write_whose_answer_was_lost_has_its_effect_once(
    unsteady: UnsteadyBlobs, make_s3: Callable[..., S3StateStore]
) -> None:
    store = make_s3()
    unsteady.lost_answers = 1
    claim = claim_now(store)
    unsteady.lost_answers = 1
    assert store.commit(claim, make_record(), {"": make_state()}, [make_delivery()])
    unsteady.lost_answers = 1
    sending = store.claim_delivery(["ops"], NOON, LEASE)
    assert sending is not None
    assert sending.attempts == 1
    unsteady.lost_answers = 1
    done = replace(sending, state=DeliveryState.DELIVERED, finished_at=NOON)
    assert store.finish_delivery(done)
    assert len(store.history(None)) == 1
    assert unsteady.writes == 4


def test_of_two_stores_that_read_the_same_version_one_begins_anew(
    unsteady: UnsteadyBlobs, make_s3: Callable[..., S3StateStore]
) -> None:
    store, other = make_s3(), make_s3()
    unsteady.before_write = [lambda: claim_now(other)]
    assert store.claim("a", NOON, NOON, LEASE) is None
    unsteady.before_write = [lambda: other.beat("other", NOON)]
    assert store.claim("b", NOON, NOON, LEASE) is not None
    assert store.last_beat() == NOON


def test_a_store_that_always_loses_gives_up_and_says_so(
    unsteady: UnsteadyBlobs, make_s3: Callable[..., S3StateStore], blobs: S3Blobs, tmp_path: Path
) -> None:
    store, beats = make_s3(), iter(range(1_000))
    other = S3StateStore(blobs, f"{tmp_path.name}/alerts.json")
    unsteady.before_write = [lambda: other.beat(f"{next(beats)}", NOON) for _ in range(2 * 100)]
    quiet = UnsteadyBlobs(unsteady.blobs)
    other._blobs = quiet  # it is never interrupted itself
    with pytest.raises(StateFailed, match="changed by others"):
        store.beat("me", NOON)


def test_a_store_alone_writes_without_reading_and_sees_what_others_wrote(
    unsteady: UnsteadyBlobs, make_s3: Callable[..., S3StateStore]
) -> None:
    store, other = make_s3(), make_s3()
    commit_now(store, make_delivery())
    assert (unsteady.reads, unsteady.writes) == (1, 2)
    assert other.claim_delivery(["ops"], NOON, LEASE) is not None
    assert store.claim_delivery(["ops"], NOON, LEASE) is None  # also from its stale copy


def test_the_document_forgets_old_history_and_finished_deliveries_never_states(
    make_s3: Callable[..., S3StateStore],
) -> None:
    store = make_s3(most_evaluations=3, most_finished=2)
    for number in range(6):
        at = NOON + number * SECOND
        commit_now(store, make_delivery(f"dlv_{number}"), alert=f"alert {number}", due_at=at)
        claimed = store.claim_delivery(["ops"], at, LEASE)
        assert claimed is not None
        store.finish_delivery(replace(claimed, state=DeliveryState.DEAD, finished_at=at))
    commit_now(store, make_delivery("waits"), alert="last", due_at=NOON + LEASE)
    assert [one.alert for one in store.history(None)] == ["last", "alert 5", "alert 4"]
    kept = {delivery.id for delivery in store.deliveries(list(DeliveryState))}
    assert kept == {"dlv_4", "dlv_5", "waits"}
    assert all(store.load(f"alert {number}").states for number in range(6))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no alert state"),
        (b"[]", "no alert state"),
        (b'{"format": "something"}', "no alert state"),
        (b'{"format": "heliograph-alerts", "version": 99}', "newer version"),
        (b'{"format": "heliograph-alerts", "version": 1, "alerts": []}', "damaged"),
        (
            b'{"format":"heliograph-alerts","version":1,"alerts":{"a":{"last_due_at":"noon"}}}',
            "damaged",
        ),
    ],
)
def test_an_object_that_is_no_state_is_refused_and_left_as_it_is(
    blobs: S3Blobs, make_s3: Callable[..., S3StateStore], tmp_path: Path, content: bytes, said: str
) -> None:
    blobs.put_if(f"{tmp_path.name}/alerts.json", content, None)
    store = make_s3()
    for use in (lambda: store.load("a"), lambda: store.claim("a", NOON, NOON, LEASE)):
        with pytest.raises(StateFailed, match=said) as refused:
            use()
        assert refused.value.hint
    found = blobs.get(f"{tmp_path.name}/alerts.json")
    assert found is not None
    assert found[0] == content


def test_fields_of_a_newer_version_are_ignored_and_kept_and_missing_ones_have_defaults() -> None:
    written = Document(None)
    claim = Claim("a", NOON, "token")
    assert written.claim(claim, NOON, NOON + LEASE, "me")
    written.commit(claim, make_record(), {"": make_state()}, [make_delivery()])
    data = orjson.loads(written.dump(most_evaluations=9, most_finished=9))
    data["later"] = {"x": 1}
    data["alerts"]["a"]["states"][""].update(later=1)
    del data["alerts"]["a"]["states"][""]["repeat"]
    data["deliveries"]["dlv_1"].update(later=2)
    data["deliveries"]["dlv_1"]["notice"].update(later=3)
    del data["deliveries"]["dlv_1"]["notice"]["link"]
    document = Document(orjson.dumps(data))
    assert document.load("a").states == {"": make_state()}
    claimed = document.claim_delivery(["ops"], "token", NOON, NOON + LEASE, "me")
    assert claimed is not None
    assert claimed.notice == make_delivery().notice
    document.finish_delivery(replace(claimed, state=DeliveryState.DEAD, finished_at=NOON))
    kept = orjson.loads(document.dump(most_evaluations=9, most_finished=9))
    assert kept["later"] == {"x": 1}
    assert kept["deliveries"]["dlv_1"]["later"] == 2


@pytest.mark.parametrize(
    ("bucket", "port", "said", "hint"),
    [("no-such-bucket", None, "NoSuchBucket", "bucket"), (BUCKET, 1, "cannot be reached", "URL")],
)
def test_a_bucket_that_is_not_there_is_named_with_what_to_do(
    moto: MotoServer, bucket: str, port: int | None, said: str, hint: str
) -> None:
    environment = dict(moto.environment)
    if port:
        environment["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{port}"
    store: StateStore = open_store(f"s3://{bucket}/key.json", environment)
    with closing(store), pytest.raises(StateFailed, match=said) as failed:
        store.load("a")
    assert hint in str(failed.value.hint)
    assert "testing" not in str(failed.value.to_dict())
