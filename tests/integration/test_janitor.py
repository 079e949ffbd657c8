"""The janitor forgets what has expired and nothing else, and one failure stops no other step."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from functions.janitor.handler import clean as run_function
from tests.support.api import SetClock

from heliograph.accounts.expiry import LONGEST_WINDOW
from heliograph.audit.exports import EXPORTS
from heliograph.audit.models import AuditFilter, ExportFormat
from heliograph.kernel.actors import SYSTEM
from heliograph.kernel.errors import PlatformError, QueueUnavailable
from heliograph.web.functions import API_FUNCTIONS, load_routes
from heliograph.web.janitor import clean
from heliograph.web.services import Services

STEPS = [
    "sessions", "refresh_tokens", "one_time_links", "rate_limits", "signing_keys", "schemas",
    "lost_queries", "orphaned_queries", "abandoned_queries", "waiting_queries",
    "results", "exports", "runs", "executions", "audit_exports",
]  # fmt: skip


class FakeSchemas:
    """Has so many waiting, or a queue that is gone."""

    def __init__(self, waiting: int | None) -> None:
        self.waiting = waiting

    def requeue_waiting(self) -> int:
        if self.waiting is None:
            raise QueueUnavailable("The queue is gone.")
        count, self.waiting = self.waiting, 0
        return count


class WithSchemas(Services):
    """Services whose schemas are a fake."""

    schemas: Any = FakeSchemas(0)


@pytest.fixture
def tidy(services: Services, clock: SetClock) -> Iterator[WithSchemas]:
    with closing(WithSchemas(services.settings, {}, clock)) as made:
        made.schemas = FakeSchemas(2)
        yield made


def forever() -> float:
    return 1000.0


@pytest.fixture
def fill(app_database_url: str, clock: SetClock) -> Callable[[], None]:
    """Call it for two of each: one whose time has passed long ago, one whose time will come."""

    def run() -> None:
        now = clock.now()
        with psycopg.connect(app_database_url, autocommit=True) as connection:
            user = UUID(int=1)
            connection.execute(
                "INSERT INTO users (id, email, name, role, password_hash, created_at, updated_at)"
                " VALUES (%s, 'a@example.com', 'A', 'admin', '', %s, %s)",
                [user, now, now],
            )
            for number, ends_at in enumerate((now - timedelta(days=10), now + timedelta(days=1))):
                fill_one(connection, number, ends_at, now)

    return run


def fill_one(connection: Any, number: int, ends_at: datetime, now: datetime) -> None:
    session, long_one = UUID(int=10 + number), UUID(int=20 + number)
    for session_id, at in ((session, ends_at), (long_one, now + timedelta(days=30))):
        connection.execute(
            "INSERT INTO sessions (id, user_id, created_at, last_used_at, expires_at)"
            " VALUES (%s, %s, %s, %s, %s)",
            [session_id, UUID(int=1), now, now, at],
        )
    connection.execute(
        "INSERT INTO refresh_tokens (token_hash, session_id, created_at, expires_at)"
        " VALUES (%s, %s, %s, %s)",
        [bytes([number]), long_one, now, ends_at],
    )
    connection.execute(
        "INSERT INTO one_time_links (id, kind, token_hash, email, role, group_ids, created_at,"
        " expires_at) VALUES (%s, 'invitation', %s, %s, 'viewer', '{}', %s, %s)",
        [UUID(int=number), bytes([number]), f"{number}@example.com", now, ends_at],
    )
    connection.execute("INSERT INTO rate_limits VALUES (%s, %s, 3)", [str(number), ends_at])
    connection.execute(
        "INSERT INTO signing_keys VALUES (%s, %s, %s, %s, %s)",
        [str(number), b"public", b"private", now, ends_at if number == 0 else None],
    )


def counts(url: str) -> dict[str, int]:
    with psycopg.connect(url) as connection:
        found = {}
        for table in STEPS[:5]:
            row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
            assert row is not None
            found[table] = row[0]
        return found


def test_what_has_expired_goes_and_the_rest_stays(
    tidy: WithSchemas, fill: Callable[[], None], app_database_url: str
) -> None:
    fill()
    assert counts(app_database_url) == {
        "sessions": 4, "refresh_tokens": 2, "one_time_links": 2, "rate_limits": 2,
        "signing_keys": 2,
    }  # fmt: skip
    done, failed = clean(tidy, seconds_left=forever)
    assert failed == []
    assert done == {**dict.fromkeys(STEPS, 0), **dict.fromkeys(STEPS[:5], 1), "schemas": 2}
    assert counts(app_database_url) == {
        "sessions": 3, "refresh_tokens": 1, "one_time_links": 1, "rate_limits": 1,
        "signing_keys": 1,
    }  # fmt: skip
    assert clean(tidy, seconds_left=forever) == (dict.fromkeys(STEPS, 0), [])


def test_a_refresh_token_goes_with_its_session(
    tidy: WithSchemas, app_database_url: str, fill: Callable[[], None], clock: SetClock
) -> None:
    fill()
    clock.advance(timedelta(days=31))
    clean(tidy, seconds_left=forever)
    assert counts(app_database_url)["sessions"] == 0
    assert counts(app_database_url)["refresh_tokens"] == 0


def test_a_link_is_kept_for_a_week_after_it_expired(
    tidy: WithSchemas, fill: Callable[[], None], clock: SetClock, app_database_url: str
) -> None:
    fill()
    clock.advance(timedelta(days=7, hours=23))
    clean(tidy, seconds_left=forever)
    assert counts(app_database_url)["one_time_links"] == 1
    clock.advance(timedelta(hours=1))
    clean(tidy, seconds_left=forever)
    assert counts(app_database_url)["one_time_links"] == 0


def test_many_go_in_batches_until_none_is_left(
    tidy: WithSchemas, app_database_url: str, clock: SetClock
) -> None:
    with psycopg.connect(app_database_url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO rate_limits SELECT n::text, %s, 1 FROM generate_series(1, 25) AS n",
            [clock.now() - timedelta(days=2)],
        )
    done, _ = clean(tidy, seconds_left=forever, rows_at_once=10)
    assert done["rate_limits"] == 25


def test_it_stops_in_time_and_the_next_one_goes_on(
    tidy: WithSchemas, app_database_url: str, fill: Callable[[], None]
) -> None:
    fill()
    seconds = iter([60.0, 50.0, 9.0])
    done, failed = clean(tidy, seconds_left=lambda: next(seconds, 0.0))
    assert (done["sessions"], done["refresh_tokens"], done["one_time_links"]) == (1, 1, 0)
    assert failed == []
    done, _ = clean(tidy, seconds_left=forever)
    assert done["one_time_links"] == 1


def test_a_step_that_fails_stops_no_other_and_is_named(
    tidy: WithSchemas, fill: Callable[[], None], capfd: pytest.CaptureFixture[str]
) -> None:
    fill()
    tidy.audit.export(SYSTEM, AuditFilter(), ExportFormat.CSV, tidy.blobs)
    tidy.schemas = FakeSchemas(None)
    with psycopg.connect(tidy.settings.database or "", autocommit=True) as connection:
        connection.execute("DROP TABLE rate_limits")
    done, failed = clean(tidy, seconds_left=forever)
    assert failed == ["rate_limits", "schemas"]
    assert (done["sessions"], done["signing_keys"]) == (1, 1)
    logged = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    codes = {
        line["step"]: line["code"] for line in logged if line["event"] == "janitor.step_failed"
    }
    assert codes == {"rate_limits": "schema_outdated", "schemas": "queue_unavailable"}


def test_exports_are_kept_for_a_day(tidy: WithSchemas, clock: SetClock) -> None:
    tidy.audit.export(SYSTEM, AuditFilter(), ExportFormat.CSV, tidy.blobs)
    clock.advance(timedelta(hours=23))
    assert clean(tidy, seconds_left=forever)[0]["audit_exports"] == 0
    assert len(list(tidy.blobs.list(EXPORTS))) == 1
    clock.advance(timedelta(hours=2))
    assert clean(tidy, seconds_left=forever)[0]["audit_exports"] == 1
    assert list(tidy.blobs.list(EXPORTS)) == []


class Context:
    """What Lambda hands in."""

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


@pytest.fixture
def deployed(services: Services, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment of the deployed function."""
    monkeypatch.setenv("HELIOGRAPH_DATABASE", services.settings.database or "")
    monkeypatch.setenv("HELIOGRAPH_BLOBS", services.settings.blobs or "")
    for name in ("schema", "query", "export"):
        monkeypatch.setenv(f"HELIOGRAPH_{name.upper()}_QUEUE", f"postgres:{name}")
    return monkeypatch


@pytest.mark.usefixtures("deployed")
def test_the_function_does_every_step_with_what_it_is_given() -> None:
    assert run_function({}, Context()) == dict.fromkeys(STEPS, 0)


def test_the_function_fails_when_a_step_did(
    deployed: pytest.MonkeyPatch, app_database_url: str, fill: Callable[[], None]
) -> None:
    fill()
    deployed.setenv("HELIOGRAPH_BLOBS", "ftp://nowhere")
    with psycopg.connect(app_database_url, autocommit=True) as connection:
        connection.execute("DROP TABLE rate_limits")
    with pytest.raises(PlatformError, match="rate_limits, audit_exports"):
        run_function({}, Context())
    with psycopg.connect(app_database_url) as connection:
        left = connection.execute("SELECT count(*) FROM refresh_tokens").fetchone()
    assert left == (0,)  # by the real clock all of them have expired


def test_no_limit_counts_longer_than_its_counter_is_kept() -> None:
    modules = tuple(module for names in API_FUNCTIONS.values() for module in names)
    limits = [route.limit for route in load_routes(modules) if route.limit is not None]
    assert limits
    assert max(limit.per for limit in limits) <= LONGEST_WINDOW
