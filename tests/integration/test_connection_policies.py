"""What a connection lets whom do: limits by role."""

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


def write(services: Services, column: Any, value: str) -> None:
    with services.database.transaction() as tx:
        tx.execute(f"UPDATE connections SET {column} = %s", [value])
