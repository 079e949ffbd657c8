"""Connections are made, listed, changed and deleted by those who may, and never tell a password."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from tests.support.api import Api
from tests.support.connections import (
    ADMIN,
    OTHER,
    VIEWER,
    ConnectionsApi,
    KnownPeople,
    connection_body,
)

from heliograph.kernel.ids import new_id
from heliograph.web.services import Services

PASSWORD = "hunter2 ünïcode'\"\\"
NOWHERE = "postgresql://reader:secret@db.internal.example:5432/shop"


@pytest.fixture
def connections(api: Api, services: Services) -> ConnectionsApi:
    return ConnectionsApi(api, KnownPeople(services))


def test_what_was_saved_is_answered_with_defaults_and_without_the_password(
    connections: ConnectionsApi,
) -> None:
    made = connections.make(NOWHERE, password=PASSWORD)
    assert made["has_password"] is True
    assert (made["ssl_mode"], made["max_concurrency"], made["identity"]) == ("prefer", 5, "user")
    assert (made["version"], made["can_edit"], made["engine"]) == (1, True, "postgres")
    found = connections.get(f"/{made['id']}")
    assert found.json == made
    assert "password" not in {*found.json} - {"has_password"}
    assert "hunter2" not in found.text


def test_the_password_is_kept_encrypted_and_for_this_place_alone(
    connections: ConnectionsApi, services: Services
) -> None:
    made = connections.make(NOWHERE, password=PASSWORD)
    row = services.database.fetch("SELECT password, (connections)::text AS line FROM connections")
    assert PASSWORD.encode() not in bytes(row[0]["password"])
    assert "hunter2" not in row[0]["line"]
    connection = services.connections.find(made["id"])
    assert connection is not None
    logins = services.connections._logins
    assert logins.open_password(connection) == PASSWORD
    moved = connection.model_copy(update={"host": "evil.example"})
    assert _code_of(lambda: logins.open_password(moved)) == "key_unavailable"


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"name": "   "}, "/name"),
        ({"name": "x" * 101}, "/name"),
        ({"engine": "mysql"}, "/engine"),
        ({"host": "a,b"}, "/host"),
        ({"host": "/var/run/postgresql"}, "/host"),
        ({"host": "@abstract"}, "/host"),
        ({"host": "0x7f.1"}, "/host"),
        ({"host": "2130706433"}, "/host"),
        ({"host": "db.example hostaddr=127.0.0.1"}, "/host"),
        ({"host": "fe80::1%eth0"}, "/host"),
        ({"host": ""}, "/host"),
        ({"port": 0}, "/port"),
        ({"port": 65536}, "/port"),
        ({"port": "5432"}, "/port"),
        ({"port": 5432.5}, "/port"),
        ({"database": ""}, "/database"),
        ({"database": "a\nb"}, "/database"),
        ({"username": None}, "/username"),
        ({"password": ""}, "/password"),
        ({"password": 5}, "/password"),
        ({"ssl_mode": "allow"}, "/ssl_mode"),
        ({"ssl_mode": "verify-ca"}, "/ssl_root_cert"),
        ({"ssl_root_cert": "no certificate"}, "/ssl_root_cert"),
        ({"ssl_root_cert": "-----BEGIN PRIVATE KEY-----"}, "/ssl_root_cert"),
        ({"max_concurrency": 0}, "/max_concurrency"),
        ({"statement_timeout_seconds": 901}, "/statement_timeout_seconds"),
        ({"max_rows": 0}, "/max_rows"),
        ({"identity": "group"}, "/identity"),
        ({"cache_seconds": -1}, "/cache_seconds"),
        ({"hostaddr": "127.0.0.1"}, "/hostaddr"),
        ({"options": "-c x=y"}, "/options"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_where_it_stands(
    connections: ConnectionsApi, wrong: dict[str, Any], path: str
) -> None:
    body = {**connection_body(NOWHERE), **wrong}
    answered = connections.post(json=body)
    assert (answered.status, answered.code) == (422, "request_invalid")
    problems = answered.json["errors"]
    assert [problem["path"] for problem in problems] == [path]
    assert problems[0]["message"] != "is not valid"
    assert connections.post(json=connection_body(NOWHERE)).status == 201


def test_a_name_is_there_once_whatever_its_case(connections: ConnectionsApi) -> None:
    first = connections.make(NOWHERE, name="Straße")
    second = connections.make(NOWHERE, name="Other")
    assert connections.post(json=connection_body(NOWHERE, "STRASSE")).code == "name_taken"
    assert connections.patch(second["id"], name="strasse").code == "name_taken"
    assert connections.patch(first["id"], name="STRASSE").json["name"] == "STRASSE"


def test_editors_see_what_they_made_or_were_granted_and_nothing_else(
    connections: ConnectionsApi,
) -> None:
    made = connections.make(NOWHERE)
    path = f"/{made['id']}"
    assert connections.get(path, as_=ADMIN).json["can_edit"] is True
    assert connections.get(path, as_=OTHER).code == "not_found"
    assert connections.get(as_=OTHER).json["items"] == []
    assert connections.patch(made["id"], as_=OTHER, name="Mine").code == "not_found"
    assert connections.delete(made["id"], as_=OTHER).code == "not_found"
    assert connections.post(f"{path}/test", as_=OTHER, json={}).code == "not_found"

    connections.grant(made["id"], OTHER)
    granted = connections.get(path, as_=OTHER).json
    assert (granted["host"], granted["can_edit"]) == ("db.internal.example", False)
    assert [one["id"] for one in connections.get(as_=OTHER).json["items"]] == [made["id"]]
    assert connections.patch(made["id"], as_=OTHER, name="Mine").code == "forbidden"
    assert connections.delete(made["id"], as_=OTHER).code == "forbidden"
    changed = connections.post(f"{path}/test", as_=OTHER, json={"database": "other"})
    assert changed.code == "forbidden"

    connections.grant(made["id"], OTHER, "edit")
    assert connections.patch(made["id"], as_=OTHER, name="Ours").status == 200


def test_viewers_see_the_name_of_what_was_granted_and_may_do_nothing_with_it(
    connections: ConnectionsApi,
) -> None:
    made = connections.make(NOWHERE)
    path = f"/{made['id']}"
    assert connections.get(path, as_=VIEWER).code == "not_found"
    connections.grant(made["id"], VIEWER, "edit")
    shown = connections.get(path, as_=VIEWER).json
    assert {name for name, value in shown.items() if value is not None} == {
        "id",
        "name",
        "can_edit",
    }
    assert shown["can_edit"] is False
    assert connections.get(as_=VIEWER).json["items"] == [shown]
    for answered in (
        connections.post(as_=VIEWER, json=connection_body(NOWHERE, "Mine")),
        connections.post("/test", as_=VIEWER, json=_target(NOWHERE)),
        connections.post(f"{path}/test", as_=VIEWER, json={}),
        connections.get(f"{path}/schema", as_=VIEWER),
        connections.post(f"{path}/schema/refresh", as_=VIEWER, json={}),
        connections.patch(made["id"], as_=VIEWER, name="Mine"),
        connections.delete(made["id"], as_=VIEWER),
    ):
        assert (answered.status, answered.code) == (403, "forbidden")


def test_the_list_is_paged_by_name_without_gaps(connections: ConnectionsApi) -> None:
    names = ["beta", "Alpha", "gamma", "Delta", "épsilon"]
    for name in names:
        connections.make(NOWHERE, name=name)
    seen, cursor = [], None
    for _ in range(10):
        query = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = connections.get(query=query).json
        seen += [one["name"] for one in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == ["Alpha", "beta", "Delta", "gamma", "épsilon"]
    for forged in ("x", "WyJcdWQ4MDAiLCJ4Il0", "WyJhIiwiYiJd"):
        assert connections.get(query={"cursor": forged}).code == "cursor_invalid"


@pytest.mark.parametrize(
    "changes",
    [
        {"host": "evil.example"},
        {"port": 5433},
        {"username": "somebody"},
        {"ssl_mode": "prefer"},
        {"ssl_mode": "disable"},
    ],
)
def test_a_stored_password_is_not_sent_elsewhere_without_being_typed_again(
    connections: ConnectionsApi, changes: dict[str, Any]
) -> None:
    made = connections.make(NOWHERE, ssl_mode="require")
    refused = connections.patch(made["id"], name="Renamed", **changes)
    assert (refused.status, refused.code) == (422, "password_required")
    tried = connections.post(f"/{made['id']}/test", json=changes)
    assert tried.code == "password_required"
    assert connections.get(f"/{made['id']}").json == made

    typed = connections.patch(made["id"], **changes, password="typed")
    assert typed.status == 200
    assert typed.json | changes == typed.json
    assert typed.json["version"] == 2


def test_what_does_not_move_the_password_needs_none(connections: ConnectionsApi) -> None:
    made = connections.make(NOWHERE, ssl_mode="prefer")
    changed = connections.patch(made["id"], ssl_mode="require", database="other", max_rows=5)
    assert changed.json | {"ssl_mode": "require", "database": "other", "max_rows": 5} == (
        changed.json
    )
    cleared = connections.patch(made["id"], host="elsewhere.example", password=None).json
    assert (cleared["has_password"], cleared["host"]) == (False, "elsewhere.example")
    assert connections.patch(made["id"], host="again.example").status == 200


def test_absent_stays_and_null_is_for_what_may_be_empty(connections: ConnectionsApi) -> None:
    made = connections.make(NOWHERE)
    for name in ("name", "host", "port", "database", "username", "ssl_mode", "max_rows"):
        refused = connections.patch(made["id"], **{name: None})
        assert (refused.code, refused.json["errors"][0]["path"]) == ("request_invalid", f"/{name}")
    same = connections.patch(made["id"])
    assert same.json == made
    assert connections.patch(made["id"], name="Shop").json["version"] == 1
    assert connections.patch(made["id"], unknown=1).code == "request_invalid"


def test_who_edits_an_old_version_is_told_so(connections: ConnectionsApi) -> None:
    made = connections.make(NOWHERE)
    assert connections.patch(made["id"], name="First", version=1).json["version"] == 2
    stale = connections.patch(made["id"], name="Second", version=1)
    assert (stale.status, stale.code) == (409, "conflict")
    assert connections.get(f"/{made['id']}").json["name"] == "First"


def test_of_two_who_edit_one_version_at_once_one_wins(connections: ConnectionsApi) -> None:
    made = connections.make(NOWHERE)
    gate = threading.Barrier(4, timeout=20)
    statuses: list[int] = []

    def edit(rows: int) -> None:
        gate.wait()
        statuses.append(connections.patch(made["id"], max_rows=rows, version=1).status)

    threads = [threading.Thread(target=edit, args=(rows,)) for rows in (10, 20, 30, 40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(statuses) == [200, 409, 409, 409]
    assert connections.get(f"/{made['id']}").json["version"] == 2


def test_two_who_edit_different_things_without_a_version_both_succeed(
    connections: ConnectionsApi,
) -> None:
    made = connections.make(NOWHERE)
    gate = threading.Barrier(2, timeout=20)
    statuses: list[int] = []

    def edit(changes: dict[str, Any]) -> None:
        gate.wait()
        statuses.append(connections.patch(made["id"], **changes).status)

    threads = [
        threading.Thread(target=edit, args=(changes,))
        for changes in ({"max_rows": 7}, {"cache_seconds": 9})
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    found = connections.get(f"/{made['id']}").json
    assert statuses == [200, 200]
    assert (found["max_rows"], found["cache_seconds"], found["version"]) == (7, 9, 3)


def test_deleting_takes_the_rights_along(connections: ConnectionsApi, services: Services) -> None:
    made = connections.make(NOWHERE)
    connections.grant(made["id"], VIEWER)
    assert connections.delete(made["id"]).status == 204
    assert connections.get(f"/{made['id']}").code == "not_found"
    assert connections.delete(made["id"]).code == "not_found"
    assert services.database.fetch("SELECT 1 FROM grants") == []
    assert connections.make(NOWHERE)["name"] == "Shop"


def test_ids_of_nothing_and_paths_that_are_no_ids_are_not_found(
    connections: ConnectionsApi,
) -> None:
    for one in (str(new_id()), "1", "..", "%2e%2e", "x" * 300):
        assert connections.get(f"/{one}", as_=ADMIN).status == 404
    assert connections.get("/test", as_=ADMIN).status in (404, 405)


def test_every_change_is_recorded_with_what_it_changed_and_without_secrets(
    connections: ConnectionsApi,
) -> None:
    made = connections.make(NOWHERE, password=PASSWORD)
    connections.patch(made["id"], name="Renamed", password="another secret")
    connections.patch(made["id"], name="Shop", host="evil.example")  # refused
    connections.delete(made["id"])
    created, changed, deleted = connections.audited()
    assert created["actor_email"] == "editor@heliograph.example"
    assert (created["action"], created["object_name"]) == ("connection.created", "Shop")
    assert created["after"]["password"] == "***"
    assert changed["action"] == "connection.changed"
    assert changed["before"] == {"name": "Shop"}
    assert changed["after"] == {"name": "Renamed", "password": "***"}
    assert (deleted["action"], deleted["before"]["host"]) == (
        "connection.deleted",
        "db.internal.example",
    )
    assert not any(
        word in str(event)
        for event in (created, changed, deleted)
        for word in ("hunter2", "another secret")
    )


def test_a_connection_that_is_not_recorded_is_not_made(
    connections: ConnectionsApi, services: Services
) -> None:
    with services.database.transaction() as tx:
        tx.execute("ALTER TABLE audit_events RENAME TO gone")
    assert connections.post(json=connection_body(NOWHERE)).status == 503
    assert services.database.fetch("SELECT 1 FROM connections") == []
    with services.database.transaction() as tx:
        tx.execute("ALTER TABLE gone RENAME TO audit_events")
    assert connections.post(json=connection_body(NOWHERE)).status == 201


def _target(url: str) -> dict[str, Any]:
    body = connection_body(url)
    del body["name"]
    return body


def _code_of(work: Any) -> str:
    with pytest.raises(Exception) as caught:
        work()
    return str(getattr(caught.value, "code", caught.value))
