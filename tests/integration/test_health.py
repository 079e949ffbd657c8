"""Health says what is missing and how to fix it, in bounded time, whatever is wrong."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.support.api import Api, SetClock

from heliograph import __version__
from heliograph.connections.lost_key import forget_secrets
from heliograph.connections.models import ConnectionDraft
from heliograph.kernel.actors import SYSTEM, Actor, ActorKind, Role
from heliograph.kernel.errors import KeyUnavailable
from heliograph.platform.dead_letters import count_dead_letters, redrive_dead_letters
from heliograph.platform.keys_file import create_key_file
from heliograph.platform.settings import AppSettings
from heliograph.web.health import Health, HealthCheck, HealthStatus, judge
from heliograph.web.services import Services

PASSWORD = "the quick brown heron 7"
NAMES = ["database", "migrations", "setup", "queues", "secrets", "key", "blobs"]


@pytest.fixture
def with_settings(services: Services, clock: SetClock) -> Iterator[Callable[..., Services]]:
    """Call it for services like `services`, but for some settings."""
    made: list[Services] = []

    def make(**settings: str | None) -> Services:
        changed: AppSettings = replace(services.settings, **settings)
        made.append(Services(changed, {}, clock))
        return made[-1]

    yield make
    for each in made:
        each.close()


def set_up(services: Services) -> None:
    services.users.create(
        SYSTEM, email="ann@example.com", name="Ann", role=Role.ADMIN, password=PASSWORD
    )


def examine(services: Services, **options: Any) -> dict[str, HealthCheck]:
    return {check.name: check for check in Health(services, **options).examine()}


def test_everything_is_well(services: Services) -> None:
    set_up(services)
    found = examine(services)
    assert list(found) == NAMES
    assert [check for check in found.values() if not check.ok] == []
    assert judge([*found.values()]) is HealthStatus.OK
    assert " ms." in found["database"].message
    assert "health" not in [thread.name for thread in threading.enumerate()]
    assert list(services.blobs.list("health/")) == []


def test_without_an_admin_it_says_how_to_make_one(services: Services) -> None:
    found = examine(services)
    assert judge([*found.values()]) is HealthStatus.DEGRADED
    assert [name for name, check in found.items() if not check.ok] == ["setup"]
    assert "heliograph serve" in (found["setup"].fix or "")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def test_a_database_that_is_down_fails_what_needs_it_and_nothing_else(
    with_settings: Callable[..., Services],
) -> None:
    found = examine(with_settings(database=f"postgresql://a:sesame@127.0.0.1:{free_port()}/x"))
    failed = [name for name, check in found.items() if not check.ok]
    assert failed == ["database", "migrations", "setup", "queues", "secrets"]
    assert judge([*found.values()]) is HealthStatus.FAILING
    assert "heliograph doctor" in (found["database"].fix or "")
    assert found["queues"].message == "Not looked at: see database."
    assert "sesame" not in str(found)


def test_migrations_that_were_not_applied_are_named(
    with_settings: Callable[..., Services], make_database: Callable[[], str]
) -> None:
    found = examine(with_settings(database=make_database()))
    assert found["database"].ok
    assert "0003_create_audit_events" in found["migrations"].message
    assert found["migrations"].fix == "Run `heliograph migrate`."
    assert judge([*found.values()]) is HealthStatus.FAILING


def test_a_newer_app_database_is_told(services: Services, app_database_url: str) -> None:
    with psycopg.connect(app_database_url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO schema_migrations (version, name, checksum, applied_at) "
            "VALUES (9999, 'from_tomorrow', 'x', now())"
        )
    set_up(services)
    found = examine(services)
    assert "9999_from_tomorrow" in found["migrations"].message
    # In an upgrade older nodes answer on until theirs is the turn.
    assert judge([*found.values()]) is HealthStatus.DEGRADED


def test_a_key_that_is_gone_fails(with_settings: Callable[..., Services], tmp_path: Path) -> None:
    found = examine(with_settings(key=f"file://{tmp_path}/nowhere"))
    assert [name for name, check in found.items() if not check.ok] == [
        "setup",
        "secrets",
        "key",
    ]
    assert found["secrets"].message == "Not looked at: see key."
    assert judge([*found.values()]) is HealthStatus.FAILING


def test_a_place_for_blobs_that_cannot_be_written_fails(
    with_settings: Callable[..., Services], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a folder")
    found = examine(with_settings(blobs=f"file://{tmp_path}/file/blobs"))
    assert [name for name, check in found.items() if not check.ok] == ["setup", "blobs"]
    assert found["blobs"].fix


def test_what_has_no_address_is_not_looked_at(with_settings: Callable[..., Services]) -> None:
    found = examine(with_settings(key=None, blobs=None))
    assert list(found) == ["database", "migrations", "setup", "queues"]


def test_dead_letters_degrade_and_can_be_brought_back(services: Services) -> None:
    set_up(services)
    services.schema_queue.send("one")
    services.schema_queue.send("two")
    assert "2 waiting" in examine(services)["queues"].message
    with services.database.transaction() as tx:
        tx.execute("UPDATE queue_messages SET queue = 'schema_dead_letter', dead_from = queue")
    found = examine(services)
    assert not found["queues"].ok
    assert found["queues"].message.startswith("2 message(s)")
    assert "--redrive" in (found["queues"].fix or "")
    assert judge([*found.values()]) is HealthStatus.DEGRADED
    database = lambda: services.database  # noqa: E731
    assert redrive_dead_letters("postgres:schema", database=database) == 2
    assert count_dead_letters("postgres:schema", environment={}, database=database) == 0
    assert redrive_dead_letters("postgres:schema", database=database) == 0
    assert services.schema_queue.counts().waiting == 2
    assert examine(services)["queues"].ok


@pytest.fixture
def silent_server() -> Iterator[socket.socket]:
    """A server that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        yield server


def test_a_database_that_hangs_is_told_in_bounded_time_and_holds_one_thread(
    with_settings: Callable[..., Services], silent_server: socket.socket
) -> None:
    port = silent_server.getsockname()[1]
    services = with_settings(database=f"postgresql://a@127.0.0.1:{port}/x?sslmode=disable")
    ticks = iter(range(0, 10_000, 100))  # what was found is old at every look
    health = Health(services, seconds=0.3, monotonic=lambda: float(next(ticks)))
    began = time.monotonic()
    for _ in range(3):
        found = {check.name: check for check in health.examine()}
        assert found["database"].message == "No answer within 0.3 s."
        assert found["key"].ok
        assert found["blobs"].ok
    assert time.monotonic() - began < 2.5
    hanging = [thread for thread in threading.enumerate() if thread.name == "health"]
    assert len(hanging) == 1
    silent_server.close()
    hanging[0].join(30)
    assert not hanging[0].is_alive()


class CountingServices(Services):
    """Counts how often the blob store is asked for."""

    asked = 0

    @property
    def blobs(self) -> Any:
        self.asked += 1
        raise ZeroDivisionError("a bug, with hunter2 in it")


def test_what_costs_is_looked_at_every_30_seconds_only(services: Services) -> None:
    counting = CountingServices(services.settings, {})
    health = Health(counting, monotonic=lambda: now)
    with closing(counting):
        for now, times in ((0.0, 1), (1.0, 1), (29.9, 1), (30.0, 2)):
            health.examine()
            assert counting.asked == times, now


def test_a_bug_in_a_check_is_one_failed_check(services: Services) -> None:
    with closing(CountingServices(services.settings, {})) as buggy:
        found = examine(buggy)
    assert found["blobs"].message == "Unexpected ZeroDivisionError."
    assert "hunter2" not in str(found)
    assert found["database"].ok


def test_many_who_ask_at_once_share_one_look(services: Services) -> None:
    counting = CountingServices(services.settings, {})
    health = Health(counting)
    threads = [threading.Thread(target=health.examine) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    counting.close()
    assert counting.asked == 1


def test_anybody_learns_whether_it_works_and_only_that(api: Api, services: Services) -> None:
    set_up(services)
    for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic YTpi"}):
        answer = api.get("/api/health", headers=headers)
        assert answer.status == 200
        assert answer.json == {
            "status": "ok",
            "version": __version__,
            "checks": [{"name": name, "ok": True, "message": None, "fix": None} for name in NAMES],
        }


def test_an_admin_learns_what_to_do(api: Api, services: Services) -> None:
    set_up(services)
    services.users.create(
        SYSTEM, email="vic@example.com", name="Vic", role=Role.VIEWER, password=PASSWORD
    )
    told = {}
    for email in ("ann@example.com", "vic@example.com"):
        session = api.post("/api/session", json={"email": email, "password": PASSWORD})
        assert session.status in (200, 201), session.json
        answer = api.get("/api/health", token=session.json["access_token"])
        told[email] = [check["message"] for check in answer.json["checks"]]
    assert "PostgreSQL" in told["ann@example.com"][0]
    assert set(told["vic@example.com"]) == {None}


def test_failing_is_503_and_degraded_is_not(
    services: Services, with_settings: Callable[..., Services]
) -> None:
    degraded = Api(services).get("/api/health")
    assert (degraded.status, degraded.json["status"]) == (200, "degraded")
    down = with_settings(database=f"postgresql://a:sesame@127.0.0.1:{free_port()}/x")
    failing = Api(down).get("/api/health", token="abc.def.ghi")
    assert (failing.status, failing.json["status"]) == (503, "failing")
    assert failing.json["checks"][0] == {
        "name": "database", "ok": False, "message": None, "fix": None
    }  # fmt: skip
    assert "sesame" not in failing.text


def test_another_key_is_recognised_and_the_first_one_is_not_forgotten(
    services: Services, with_settings: Callable[..., Services], tmp_path: Path
) -> None:
    set_up(services)
    create_key_file(tmp_path / "other")
    other = with_settings(key=f"file://{tmp_path}/other")
    assert examine(other)["secrets"].ok, "nothing is known of any key yet"
    assert services.database.fetch("SELECT 1 FROM key_probes") == [], "a look changes nothing"
    assert examine(services, remembers_key=True)["secrets"].ok
    found = examine(other, remembers_key=True)["secrets"]
    assert not found.ok
    assert "forget-secrets" in (found.fix or "")
    assert examine(services)["secrets"].ok


def test_a_key_that_is_lost_for_good_is_left_behind(
    services: Services, with_settings: Callable[..., Services], tmp_path: Path
) -> None:
    set_up(services)
    visitor = Actor(ActorKind.ANONYMOUS, address="203.0.113.7")
    services.sessions.sign_in("ann@example.com", PASSWORD, visitor)
    draft = ConnectionDraft.model_validate(
        {
            "name": "Shop",
            "host": "db.example",
            "database": "shop",
            "username": "reader",
            "password": "secret words",
        }
    )
    made = services.connections.create(SYSTEM, draft)
    examine(services, remembers_key=True)
    create_key_file(tmp_path / "other")
    other = with_settings(key=f"file://{tmp_path}/other")
    with pytest.raises(KeyUnavailable):
        other.sessions.sign_in("ann@example.com", PASSWORD, visitor)
    forgotten = forget_secrets(other.database, other.clock, Actor(ActorKind.CLI))
    assert (forgotten.connections, forgotten.signing_keys) == (("Shop",), 1)
    signed_in = other.sessions.sign_in("ann@example.com", PASSWORD, visitor)
    assert other.sessions.authenticate(signed_in.access_token).email == "ann@example.com"
    found = other.connections.get(SYSTEM, made.id)
    assert (found.has_password, found.version) == (False, made.version + 1)
    assert examine(other, remembers_key=True)["secrets"].ok
    (event,) = services.database.fetch(
        "SELECT before, after FROM audit_events WHERE action = 'connection.changed'"
    )
    assert event == {"before": {"password": "***"}, "after": {"password": None}}
