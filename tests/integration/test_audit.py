"""Who did what: written with what is done, never changed, found again quickly, exported whole."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from heliograph.audit import store
from heliograph.audit.exports import EXPORTS, delete_exports
from heliograph.audit.models import AuditEvent, AuditFilter, ExportFormat
from heliograph.audit.service import MOST_EXPORTED, AuditLog, record
from heliograph.kernel.actors import SYSTEM, Actor, ActorKind, Role
from heliograph.kernel.errors import CursorInvalid, ExportTooLarge, StorageUnavailable
from heliograph.kernel.ids import UserId, new_id
from heliograph.kernel.pagination import PageRequest
from heliograph.platform.blob_store_folder import FolderBlobStore
from heliograph.platform.database import Database

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
ANN = Actor(
    ActorKind.USER,
    user_id=UserId(UUID(int=7)),
    email="ann@example.com",
    role=Role.ADMIN,
    address="203.0.113.9",
    user_agent="curl/8",
    request_id="r-1",
)
ALL = AuditFilter()
BEN = Actor(ActorKind.TOKEN, user_id=UserId(UUID(int=8)), email="ben@example.com")


class FixedClock:
    """Stands still."""

    def now(self) -> datetime:
        return NOON


@pytest.fixture
def database(app_database_url: str) -> Iterator[Database]:
    database = Database(app_database_url)
    yield database
    database.close()


@pytest.fixture
def audit(database: Database) -> AuditLog:
    return AuditLog(database, FixedClock())


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobStore:
    return FolderBlobStore(tmp_path / "blobs", links="http://127.0.0.1:8000")


def write(database: Database, actor: Actor, action: str, **fields: Any) -> None:
    fields.setdefault("at", NOON)
    with database.transaction() as tx:
        record(tx, actor, action, **fields)


def every(audit: AuditLog, wanted: AuditFilter = ALL, limit: int = 50) -> list[AuditEvent]:
    found: list[AuditEvent] = []
    cursor = None
    for _ in range(100):
        page = audit.list(wanted, PageRequest(limit, cursor))
        found += page.items
        if page.next is None:
            return found
        cursor = page.next
    raise AssertionError("the list has no end")


def actions(audit: AuditLog, **wanted: Any) -> list[str]:
    return [event.action for event in every(audit, AuditFilter(**wanted))]


def exported(blobs: FolderBlobStore) -> bytes:
    (key,) = blobs.list(EXPORTS)
    content = blobs.read(key)
    assert content is not None
    return content


def test_an_event_says_who_did_what_to_what(database: Database, audit: AuditLog) -> None:
    thing = new_id()
    write(
        database, ANN, "connection.changed",
        object_type="connection", object_id=thing, object_name="Shop",
        before={"host": "a", "password": "***"}, after={"host": "b", "password": "***"},
    )  # fmt: skip
    (event,) = every(audit)
    assert event == AuditEvent(
        id=event.id,
        at=NOON,
        actor_kind="user",
        actor_id=UUID(int=7),
        actor_email="ann@example.com",
        action="connection.changed",
        object_type="connection",
        object_id=str(thing),
        object_name="Shop",
        before={"host": "a", "password": "***"},
        after={"host": "b", "password": "***"},
        address="203.0.113.9",
        user_agent="curl/8",
        request_id="r-1",
    )
    assert event.id.version == 7


def test_an_event_is_there_exactly_when_what_it_tells_of_is(
    database: Database, audit: AuditLog
) -> None:
    with suppress(ZeroDivisionError), database.transaction() as tx:
        record(tx, ANN, "user.created", at=NOON)
        raise ZeroDivisionError
    assert every(audit) == []
    write(database, ANN, "user.created")
    assert actions(audit) == ["user.created"]


def test_texts_of_strangers_are_cut_and_made_fit(database: Database, audit: AuditLog) -> None:
    stranger = Actor(ActorKind.SYSTEM, email="e" * 400, user_agent="a\x00\ud800" + "b" * 400)
    write(database, stranger, "session.failed", object_name="n\x00" * 400, after={"email": "\x00"})
    (event,) = every(audit)
    assert event.actor_email == "e" * 300
    assert event.user_agent == "a\ufffd?" + "b" * 297
    assert event.object_name == "n\ufffd" * 150
    assert event.after == {"email": "\ufffd"}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_events SET actor_email = 'somebody@else.example'",
        "UPDATE audit_events SET action = action WHERE false",
        "DELETE FROM audit_events",
        "TRUNCATE audit_events",
    ],
)
def test_what_was_recorded_cannot_be_changed(
    database: Database, app_database_url: str, audit: AuditLog, statement: Any
) -> None:
    write(database, ANN, "user.created")
    with psycopg.connect(app_database_url, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only") as refused:
            connection.execute(statement)
        assert statement.split()[0] in str(refused.value)
        connection.execute("SELECT * FROM audit_events")
    assert actions(audit) == ["user.created"]


def test_the_newest_comes_first_and_pages_neither_repeat_nor_leave_out(
    database: Database, audit: AuditLog
) -> None:
    for minute in (3, 1, 2, 2, 2):
        write(database, ANN, f"user.n{'x' * minute}", at=NOON + timedelta(minutes=minute))
    for limit in (1, 2, 5, 6):
        found = every(audit, limit=limit)
        assert [event.at.minute for event in found] == [3, 2, 2, 2, 1]
        assert len({event.id for event in found}) == 5


def test_an_event_that_comes_meanwhile_moves_no_other(database: Database, audit: AuditLog) -> None:
    for minute in range(4):
        write(database, ANN, "user.created", at=NOON + timedelta(minutes=minute))
    first = audit.list(AuditFilter(), PageRequest(2))
    write(database, ANN, "user.changed", at=NOON + timedelta(minutes=9))
    second = audit.list(AuditFilter(), PageRequest(2, first.next))
    assert [event.at.minute for event in (*first.items, *second.items)] == [3, 2, 1, 0]
    assert second.next is None


@pytest.mark.parametrize("cursor", ["", "x", "W10", "WyJhIiwiYiJd"])
def test_a_cursor_of_somebody_elses_making_is_refused(audit: AuditLog, cursor: str) -> None:
    with pytest.raises(CursorInvalid):
        audit.list(AuditFilter(), PageRequest(10, cursor))
    assert audit.list(AuditFilter(), PageRequest(10)).items == []


@pytest.fixture
def some_events(database: Database) -> UUID:
    thing = UUID(int=99)
    write(database, ANN, "user.created", object_type="user", object_id=thing, object_name="Ben_1")
    write(database, BEN, "user.changed", object_type="user", object_id=UUID(int=98),
          at=NOON + timedelta(hours=1))  # fmt: skip
    write(database, BEN, "connection.used", object_type="connection", object_id=thing,
          object_name="100% Shop", at=NOON + timedelta(hours=2))  # fmt: skip
    write(database, SYSTEM, "user_group.created", at=NOON + timedelta(hours=3))
    return thing


@pytest.mark.usefixtures("some_events")
@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ["user_group.created", "connection.used", "user.changed", "user.created"]),
        ({"actor_id": UUID(int=7)}, ["user.created"]),
        ({"actor_id": UUID(int=6)}, []),
        ({"action": "user.changed"}, ["user.changed"]),
        ({"action": "user"}, ["user.changed", "user.created"]),
        ({"action": "use"}, []),
        ({"object_type": "user"}, ["user.changed", "user.created"]),
        ({"object_id": str(UUID(int=99))}, ["connection.used", "user.created"]),
        ({"object_type": "user", "object_id": str(UUID(int=99))}, ["user.created"]),
        ({"since": NOON + timedelta(hours=2)}, ["user_group.created", "connection.used"]),
        ({"until": NOON + timedelta(hours=1)}, ["user.created"]),
        ({"since": NOON, "until": NOON}, []),
        ({"search": "SHOP"}, ["connection.used"]),
        ({"search": "ben@"}, ["connection.used", "user.changed"]),
        ({"search": "0%"}, ["connection.used"]),
        ({"search": "%"}, ["connection.used"]),
        ({"search": "n_1"}, ["user.created"]),
        ({"search": "n_"}, ["user.created"]),
        ({"search": "\\"}, []),
        ({"search": "a\x00"}, []),
        ({"action": "user", "actor_id": UUID(int=8), "search": "ben"}, ["user.changed"]),
    ],
)
def test_a_filter_finds_what_fits_all_of_it(
    audit: AuditLog, wanted: dict[str, Any], found: list[str]
) -> None:
    assert actions(audit, **wanted) == found


def test_ndjson_holds_every_event_that_fits_oldest_first(
    database: Database, audit: AuditLog, blobs: FolderBlobStore, some_events: UUID
) -> None:
    write(database, ANN, "user.renamed", at=NOON + timedelta(hours=4),
          before={"n": 12345678901234567890, "t": "ü"}, after={"n": None})  # fmt: skip
    link = audit.export(ANN, AuditFilter(action="user"), ExportFormat.NDJSON, blobs)
    lines = [json.loads(line) for line in exported(blobs).decode().splitlines()]
    assert [line["action"] for line in lines] == ["user.created", "user.changed", "user.renamed"]
    assert lines[0] == {
        "id": lines[0]["id"], "at": "2026-05-01T12:00:00.000000Z", "actor_kind": "user",
        "actor_id": str(UUID(int=7)), "actor_email": "ann@example.com", "action": "user.created",
        "object_type": "user", "object_id": str(some_events), "object_name": "Ben_1",
        "before": None, "after": None, "address": "203.0.113.9", "user_agent": "curl/8",
        "request_id": "r-1",
    }  # fmt: skip
    assert lines[2]["before"] == {"n": 12345678901234567890, "t": "ü"}
    assert lines[2]["after"] == {"n": None}
    assert link.startswith("http://127.0.0.1:8000/blobs/audit-exports/")
    assert link.find("audit-2026-05-01.ndjson") > 0


def test_csv_holds_the_same_and_no_formula(
    database: Database, audit: AuditLog, blobs: FolderBlobStore
) -> None:
    names = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "plain", 'a "b", c\nd', "a=1", ""]
    for second, name in enumerate(names):
        actor = Actor(ActorKind.USER, user_agent=name)
        at = NOON + timedelta(seconds=second)
        write(database, actor, "user.created", object_name=name, after={"name": name}, at=at)
    audit.export(ANN, AuditFilter(), ExportFormat.CSV, blobs)
    header, *rows = csv.reader(io.StringIO(exported(blobs).decode(), newline=""))
    assert header == list(store.EXPORTED_COLUMNS)
    guarded = ["'=1+1", "'+1", "'-1", "'@x", "'\tx", "'\rx", *names[6:]]
    assert [row[header.index("object_name")] for row in rows] == guarded
    assert [row[header.index("user_agent")] for row in rows] == guarded
    assert [json.loads(row[header.index("after")])["name"] for row in rows] == names
    assert rows[0][header.index("at")] == "2026-05-01T12:00:00.000000Z"
    assert all(cell[:1] not in ("=", "+", "-", "@") for row in rows for cell in row)


def test_an_export_is_recorded_with_what_it_held(
    database: Database, audit: AuditLog, blobs: FolderBlobStore
) -> None:
    write(database, ANN, "user.created", at=NOON - timedelta(hours=1))
    wanted = AuditFilter(action="user", since=NOON - timedelta(days=1), search="ann")
    audit.export(BEN, wanted, ExportFormat.CSV, blobs)
    event = every(audit)[0]
    assert (event.action, event.actor_email) == ("audit.exported", "ben@example.com")
    assert event.after == {
        "format": "csv", "events": 1, "action": "user", "since": "2026-04-30 12:00:00+00:00",
        "search": "ann",
    }  # fmt: skip


class BrokenBlobs(FolderBlobStore):
    """Has no room left."""

    def write(self, key: str, chunks: Any, *, content_type: str) -> None:
        raise StorageUnavailable("The disk is full.")


def test_an_export_that_fails_gives_no_file_and_no_record(
    database: Database, audit: AuditLog, tmp_path: Path
) -> None:
    write(database, ANN, "user.created")
    blobs = BrokenBlobs(tmp_path, links="http://127.0.0.1")
    with pytest.raises(StorageUnavailable):
        audit.export(ANN, AuditFilter(), ExportFormat.CSV, blobs)
    assert actions(audit) == ["user.created"]
    assert list(blobs.list()) == []


def test_old_exports_are_deleted_and_young_ones_kept(
    audit: AuditLog, blobs: FolderBlobStore
) -> None:
    for _ in range(3):
        audit.export(ANN, AuditFilter(), ExportFormat.CSV, blobs)
    blobs.put("other/file", b"x", content_type="text/plain")
    assert delete_exports(blobs, NOON, 10) == 0
    assert delete_exports(blobs, NOON + timedelta(seconds=1), 2) == 2
    assert len(list(blobs.list(EXPORTS))) == 1
    assert delete_exports(blobs, NOON + timedelta(seconds=1), 2) == 1
    assert list(blobs.list()) == ["other/file"]


MANY = 100_000


@pytest.fixture
def many_events(app_database_url: str) -> None:
    """100,000 events of a year, by 50 people, on 1,000 things, of 40 kinds."""
    with psycopg.connect(app_database_url, autocommit=True) as connection:
        connection.execute(
            """
            INSERT INTO audit_events
                (id, at, actor_kind, actor_id, actor_email, action, object_type, object_id,
                 object_name, after)
            SELECT md5('event' || n)::uuid, timestamptz '2025-01-01Z' + n * interval '5 minutes',
                'user', md5('user' || n %% 50)::uuid, 'user' || n %% 50 || '@example.com',
                'noun' || chr(97 + n %% 10) || '.verb' || chr(97 + n %% 4), 'type' || n %% 7,
                md5('thing' || n %% 1000), 'Thing ' || n %% 1000, jsonb_build_object('n', n)
            FROM generate_series(1, %s) AS n
            """,
            [MANY],
        )
        connection.execute("ANALYZE audit_events")


def plan_of(url: str, wanted: AuditFilter, last: tuple[datetime, UUID] | None) -> dict[str, Any]:
    statement, values = store.list_statement(wanted, last, 51)
    with psycopg.connect(url) as connection:
        row = connection.execute(
            f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}".encode(), values
        ).fetchone()
    assert row is not None
    plan: dict[str, Any] = row[0][0]["Plan"]
    return plan


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", []):
        yield from nodes_of(inner)


def test_no_filter_reads_more_of_100_000_events_than_it_must(
    app_database_url: str, many_events: None
) -> None:
    with psycopg.connect(app_database_url) as connection:
        found = connection.execute(
            "SELECT actor_id, object_id FROM audit_events ORDER BY at LIMIT 1"
        ).fetchone()
    assert found is not None
    actor_id, object_id = found
    middle = datetime(2025, 6, 1, tzinfo=UTC)
    for wanted in (
        AuditFilter(),
        AuditFilter(actor_id=actor_id),
        AuditFilter(action="nounb.verbb"),
        AuditFilter(action="nounb"),
        AuditFilter(object_type="type3"),
        AuditFilter(object_id=object_id),
        AuditFilter(object_type="type3", object_id=object_id),
        AuditFilter(since=middle, until=middle + timedelta(days=9)),
        AuditFilter(actor_id=actor_id, until=middle),
    ):
        for last in (None, (middle, UUID(int=0))):
            plan = plan_of(app_database_url, wanted, last)
            names = [node["Node Type"] for node in nodes_of(plan)]
            assert "Seq Scan" not in names, (wanted, names)
            blocks = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
            assert blocks < 250, (wanted, last, blocks)


def test_an_export_flows_and_does_not_pile_up(
    audit: AuditLog, blobs: FolderBlobStore, many_events: None
) -> None:
    audit.export(ANN, AuditFilter(action="nounc"), ExportFormat.CSV, blobs)  # what loads once
    delete_exports(blobs, NOON + timedelta(days=1), 10)
    tracemalloc.start()
    audit.export(ANN, AuditFilter(), ExportFormat.NDJSON, blobs)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    content = exported(blobs)
    assert content.count(b"\n") == MANY + 1
    assert len(content) > 30_000_000
    assert peak < 12_000_000


def test_an_export_of_too_much_is_refused_and_says_how_to_narrow_it(
    app_database_url: str, audit: AuditLog, blobs: FolderBlobStore
) -> None:
    with psycopg.connect(app_database_url, autocommit=True) as connection:
        connection.execute(
            """
            INSERT INTO audit_events (id, at, actor_kind, action)
            SELECT md5('event' || n)::uuid, timestamptz '2025-01-01Z' + n * interval '1 minute',
                'system', 'user.created'
            FROM generate_series(0, %s) AS n
            """,
            [MOST_EXPORTED],
        )
    with pytest.raises(ExportTooLarge, match="200,000") as refused:
        audit.export(ANN, AuditFilter(), ExportFormat.CSV, blobs)
    assert "from" in str(refused.value.hint)
    assert list(blobs.list()) == []
    narrow = AuditFilter(until=datetime(2025, 1, 2, tzinfo=UTC))
    audit.export(ANN, narrow, ExportFormat.CSV, blobs)
    assert exported(blobs).count(b"\n") == 1441
