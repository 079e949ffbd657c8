"""What a connection says of queries: limits by role, and what the history keeps of values."""

from __future__ import annotations

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

from heliograph.connections.models import Connection, Limits
from heliograph.kernel.actors import Role
from heliograph.platform.database import ConstraintViolated
from heliograph.web.services import Services

NOWHERE = "postgresql://reader:secret@db.internal.example:5432/shop"
LIMITS = {"viewer": {"max_rows": 10_000, "statement_timeout_seconds": 20}, "admin": {"max_rows": 9}}


@pytest.fixture
def connections(api: Api, services: Services) -> ConnectionsApi:
    return ConnectionsApi(api, KnownPeople(services))


def saved(services: Services, made: Any) -> Connection:
    found = services.connections.find(made["id"])
    assert found is not None
    return found


# Limits by role


def test_a_connection_has_no_limits_by_role_unless_told(
    connections: ConnectionsApi, services: Services
) -> None:
    made = connections.make(NOWHERE, max_rows=5, statement_timeout_seconds=7)
    assert made["role_limits"] == {}
    for role in (*Role, None):
        assert saved(services, made).limits_for(role) == Limits(5, 7)


def test_a_limit_of_a_role_takes_the_place_of_the_connections_own(
    connections: ConnectionsApi, services: Services
) -> None:
    made = connections.make(
        NOWHERE, max_rows=50_000, statement_timeout_seconds=60, role_limits=LIMITS
    )
    assert made["role_limits"] == LIMITS
    assert connections.get(f"/{made['id']}").json == made
    assert connections.get().json["items"] == [made]
    connection = saved(services, made)
    assert connection.limits_for(Role.VIEWER) == Limits(10_000, 20)
    assert connection.limits_for(Role.EDITOR) == Limits(50_000, 60)
    assert connection.limits_for(Role.ADMIN) == Limits(9, 60)
    assert connection.limits_for(None) == Limits(50_000, 60)
    wider = {"editor": {"max_rows": 10_000_000, "statement_timeout_seconds": 900}}
    assert connections.patch(made["id"], role_limits=wider).json["role_limits"] == wider
    assert saved(services, made).limits_for(Role.EDITOR) == Limits(10_000_000, 900)


def test_a_change_replaces_all_limits_by_role_and_what_is_absent_stays(
    connections: ConnectionsApi,
) -> None:
    made = connections.make(NOWHERE, role_limits=LIMITS)
    assert connections.patch(made["id"], max_rows=5).json["role_limits"] == LIMITS
    for same in (LIMITS, {**LIMITS, "editor": {}}):
        assert connections.patch(made["id"], role_limits=same).json["version"] == 2
    other = {"editor": {"max_rows": 3}}
    changed = connections.patch(made["id"], role_limits=other).json
    assert (changed["role_limits"], changed["version"]) == (other, 3)
    assert connections.patch(made["id"], role_limits={"viewer": {}}).json["role_limits"] == {}


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"owner": {"max_rows": 1}}, "/role_limits/owner"),
        ({"Viewer": {"max_rows": 1}}, "/role_limits/Viewer"),
        ({"viewer": {"cache_seconds": 1}}, "/role_limits/viewer/cache_seconds"),
        ({"viewer": {"max_rows": 0}}, "/role_limits/viewer/max_rows"),
        ({"viewer": {"max_rows": 10_000_001}}, "/role_limits/viewer/max_rows"),
        ({"viewer": {"max_rows": "10"}}, "/role_limits/viewer/max_rows"),
        ({"viewer": {"max_rows": 1.5}}, "/role_limits/viewer/max_rows"),
        ({"viewer": {"max_rows": True}}, "/role_limits/viewer/max_rows"),
        ({"viewer": {"max_rows": None}}, "/role_limits/viewer/max_rows"),
        (
            {"editor": {"statement_timeout_seconds": 0}},
            "/role_limits/editor/statement_timeout_seconds",
        ),
        (
            {"admin": {"statement_timeout_seconds": 901}},
            "/role_limits/admin/statement_timeout_seconds",
        ),
        ({"viewer": None}, "/role_limits/viewer"),
        ({"viewer": 10}, "/role_limits/viewer"),
        ([], "/role_limits"),
        (None, "/role_limits"),
    ],
)
def test_a_limit_that_does_not_fit_is_refused_where_it_stands(
    connections: ConnectionsApi, wrong: Any, path: str
) -> None:
    refused = connections.post(json={**connection_body(NOWHERE), "role_limits": wrong})
    assert (refused.status, refused.code) == (422, "request_invalid")
    assert [problem["path"] for problem in refused.json["errors"]] == [path]
    assert refused.json["errors"][0]["message"] != "is not valid"
    made = connections.make(NOWHERE, role_limits=LIMITS)
    changed = connections.patch(made["id"], role_limits=wrong)
    assert [problem["path"] for problem in changed.json["errors"]] == [path]
    assert connections.get(f"/{made['id']}").json == made


def test_limits_are_for_those_who_see_the_rest_and_changed_by_those_who_may_edit(
    connections: ConnectionsApi,
) -> None:
    made = connections.make(NOWHERE, role_limits=LIMITS)
    path = f"/{made['id']}"
    assert connections.get(path, as_=OTHER).code == "not_found"
    connections.grant(made["id"], OTHER)
    connections.grant(made["id"], VIEWER)
    for who in (ADMIN, OTHER):
        assert connections.get(path, as_=who).json["role_limits"] == LIMITS
    assert connections.get(path, as_=VIEWER).json["role_limits"] is None
    assert connections.get(as_=VIEWER).json["items"][0]["role_limits"] is None
    for who in (OTHER, VIEWER):
        assert connections.patch(made["id"], as_=who, role_limits={}).code == "forbidden"
    assert connections.patch(made["id"], as_=ADMIN, role_limits={}).json["role_limits"] == {}


def test_limits_by_role_are_recorded_with_before_and_after(connections: ConnectionsApi) -> None:
    made = connections.make(NOWHERE, role_limits=LIMITS)
    connections.patch(made["id"], role_limits=LIMITS)
    connections.patch(made["id"], role_limits={"viewer": {"max_rows": 3}})
    connections.delete(made["id"])
    created, changed, deleted = connections.audited()
    assert created["after"]["role_limits"] == LIMITS
    assert changed["before"] == {"role_limits": LIMITS}
    assert changed["after"] == {"role_limits": {"viewer": {"max_rows": 3}}}
    assert deleted["before"]["role_limits"] == {"viewer": {"max_rows": 3}}


def test_the_database_refuses_limits_that_are_no_mapping(
    connections: ConnectionsApi, services: Services
) -> None:
    connections.make(NOWHERE)
    write(services, "role_limits", '{"viewer": {}}')
    with pytest.raises(ConstraintViolated, match="connections_role_limits_check"):
        write(services, "role_limits", "[]")


# What the history keeps


def test_the_history_keeps_values_unless_told_otherwise(
    connections: ConnectionsApi, services: Services
) -> None:
    values = {"name": "Ada", "ids": [1, None]}
    made = connections.make(NOWHERE)
    assert made["history_values"] == "kept"
    assert saved(services, made).recorded_values(values) == values
    for policy in ("hashed", "dropped", "kept"):
        changed = connections.patch(made["id"], history_values=policy).json
        assert changed["history_values"] == policy
        assert connections.patch(made["id"], max_concurrency=5).json == changed
        assert connections.get(f"/{made['id']}").json == changed
    dropped = connections.make(NOWHERE, name="Dropped", history_values="dropped")
    assert saved(services, dropped).recorded_values(values) is None
    hashed = connections.make(NOWHERE, name="Hashed", history_values="hashed")
    kept = saved(services, hashed).recorded_values(values)
    assert kept == saved(services, hashed).recorded_values(values)
    assert (kept["name"][:7], kept["ids"][1]) == ("sha256:", None)


@pytest.mark.parametrize("wrong", ["encrypted", "", "Kept", None, True, ["kept"]])
def test_another_policy_is_refused_where_it_stands(connections: ConnectionsApi, wrong: Any) -> None:
    made = connections.make(NOWHERE, history_values="dropped")
    for refused in (
        connections.post(json={**connection_body(NOWHERE, "Other"), "history_values": wrong}),
        connections.patch(made["id"], history_values=wrong),
    ):
        assert (refused.status, refused.code) == (422, "request_invalid")
        assert [problem["path"] for problem in refused.json["errors"]] == ["/history_values"]
        assert refused.json["errors"][0]["message"] != "is not valid"
    assert connections.get(f"/{made['id']}").json == made


def test_the_policy_is_for_those_who_see_the_rest_and_changed_by_those_who_may_edit(
    connections: ConnectionsApi,
) -> None:
    made = connections.make(NOWHERE, history_values="hashed")
    path = f"/{made['id']}"
    connections.grant(made["id"], OTHER)
    connections.grant(made["id"], VIEWER)
    assert connections.get(path, as_=OTHER).json["history_values"] == "hashed"
    assert connections.get(path, as_=VIEWER).json["history_values"] is None
    for who in (OTHER, VIEWER):
        assert connections.patch(made["id"], as_=who, history_values="kept").code == "forbidden"
    changed = connections.patch(made["id"], as_=ADMIN, history_values="kept")
    assert changed.json["history_values"] == "kept"


def test_each_connection_has_a_salt_of_its_own_that_no_change_replaces(
    connections: ConnectionsApi, services: Services
) -> None:
    first = connections.make(NOWHERE, history_values="hashed")
    second = connections.make(NOWHERE, name="Second", history_values="hashed")
    salts = [saved(services, made).history_salt for made in (first, second)]
    assert [len(salt) for salt in salts] == [16, 16]
    assert salts[0] != salts[1]
    hashes = {saved(services, made).recorded_values("Ada") for made in (first, second)}
    assert len(hashes) == 2
    connections.patch(first["id"], name="First", password="another")
    assert saved(services, first).history_salt == salts[0]
    for sent in ({"history_salt": "x"}, {"history_salt": None}):
        assert connections.patch(first["id"], **sent).code == "request_invalid"


def test_the_salt_is_in_no_answer_record_or_representation(
    connections: ConnectionsApi, services: Services
) -> None:
    made = connections.make(NOWHERE, history_values="hashed")
    changed = connections.patch(made["id"], history_values="kept", role_limits=LIMITS)
    connection = saved(services, made)
    listed = connections.get()
    connections.delete(made["id"])
    texts = [
        str(made),
        changed.text,
        listed.text,
        repr(connection),
        str(connection),
        connection.model_dump_json(),
        str(connection.model_dump()),
        str(connection.to_record()),
        str(connections.audited()),
    ]
    salt = connection.history_salt
    for text in texts:
        assert "role_limits" in text  # it is a text that says everything else
        assert "salt" not in text
        assert salt.hex() not in text
        assert repr(salt)[2:-1] not in text


def test_the_policy_is_recorded_with_before_and_after(connections: ConnectionsApi) -> None:
    made = connections.make(NOWHERE)
    connections.patch(made["id"], history_values="kept")
    connections.patch(made["id"], history_values="dropped")
    created, changed = connections.audited()
    assert created["after"]["history_values"] == "kept"
    assert changed["before"] == {"history_values": "kept"}
    assert changed["after"] == {"history_values": "dropped"}


def test_the_database_refuses_another_policy(
    connections: ConnectionsApi, services: Services
) -> None:
    connections.make(NOWHERE)
    write(services, "history_values", "hashed")
    with pytest.raises(ConstraintViolated, match="connections_history_values_check"):
        write(services, "history_values", "encrypted")


def write(services: Services, column: Any, value: str) -> None:
    with services.database.transaction() as tx:
        tx.execute(f"UPDATE connections SET {column} = %s", [value])
