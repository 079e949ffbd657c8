"""``/api/audit-events``: admins read and export what was done; nobody else learns anything."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import timedelta, timezone
from urllib.parse import parse_qsl, urlsplit

import pytest
from tests.support.api import Answered, Api, SetClock

from heliograph.kernel.actors import SYSTEM, Role
from heliograph.platform.blob_store_folder import FolderBlobStore
from heliograph.web.services import Services

PASSWORD = "the quick brown heron 7"
EXPORT = "/api/audit-events/export"
EXPORT_LINK = "/api/audit-events/export-link"


@pytest.fixture
def sign_in(api: Api, services: Services) -> Callable[[Role], str]:
    """Call it with a role for the access token of somebody who has it."""

    def run(role: Role) -> str:
        email = f"{role.value}@example.com"
        if services.users.find_by_email(email) is None:
            services.users.create(
                SYSTEM, email=email, name=role.value, role=role, password=PASSWORD
            )
        session = api.post("/api/session", json={"email": email, "password": PASSWORD})
        token: str = session.json["access_token"]
        return token

    return run


@pytest.fixture
def admin(sign_in: Callable[[Role], str]) -> str:
    return sign_in(Role.ADMIN)


def listed(answer: Answered) -> list[str]:
    assert answer.status == 200, answer.json
    return [event["action"] for event in answer.json["items"]]


def download(services: Services, answer: Answered) -> bytes:
    """Return what the link of an export leads to."""
    assert answer.status == 303, answer.text
    return read_link(services, answer.headers["location"])


def read_link(services: Services, url: str) -> bytes:
    """Return the file that a link leads to."""
    link = urlsplit(url)
    blobs = services.blobs
    assert isinstance(blobs, FolderBlobStore)
    return blobs.open_linked(link.path, dict(parse_qsl(link.query))).path.read_bytes()


def test_an_admin_sees_what_was_done_by_whom_and_from_where(api: Api, admin: str) -> None:
    answer = api.get("/api/audit-events", token=admin)
    assert listed(answer) == ["session.started", "user.created"]
    started = answer.json["items"][0]
    assert started["actor_email"] == "admin@example.com"
    assert started["address"] == "203.0.113.7"
    assert started["request_id"]
    assert answer.json["next"] is None
    assert PASSWORD not in answer.text


@pytest.mark.parametrize(
    "path", ["/api/audit-events", f"{EXPORT}?format=csv", f"{EXPORT_LINK}?format=csv"]
)
def test_nobody_but_an_admin_reads_it(api: Api, sign_in: Callable[[Role], str], path: str) -> None:
    assert api.get(path).code == "unauthenticated"
    for role in (Role.EDITOR, Role.VIEWER):
        answer = api.get(path, token=sign_in(role))
        assert (answer.status, answer.code) == (403, "forbidden")


def test_it_comes_in_pages_and_filtered(api: Api, admin: str, clock: SetClock) -> None:
    api.post("/api/session", json={"email": "admin@example.com", "password": "wrong wrong"})
    api.post("/api/groups", json={"name": "Sales"}, token=admin)
    first = api.get("/api/audit-events?limit=3", token=admin)
    second = api.get("/api/audit-events", query={"cursor": first.json["next"]}, token=admin)
    assert sorted(listed(first) + listed(second)) == [
        "group.created", "session.failed", "session.started", "user.created"
    ]  # fmt: skip
    now = clock.now()
    in_berlin = now.astimezone(timezone(timedelta(hours=1))).isoformat()
    for query, found in (
        ({"action": "session.failed"}, ["session.failed"]),
        ({"action": "group"}, ["group.created"]),
        ({"search": "sale"}, ["group.created"]),
        ({"object_type": "group"}, ["group.created"]),
        ({"from": (now + timedelta(seconds=1)).isoformat()}, []),
        ({"to": now.isoformat(), "action": "group"}, []),
        ({"from": in_berlin, "action": "group"}, ["group.created"]),
    ):
        assert listed(api.get("/api/audit-events", query=query, token=admin)) == found, query


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ({"from": "2026-03-02T09:00:00"}, "?from"),
        ({"to": "yesterday"}, "?to"),
        ({"actor_id": "ann"}, "?actor_id"),
        ({"action": "user.created OR 1=1"}, "?action"),
        ({"limit": "0"}, "?limit"),
        ({"limit": "201"}, "?limit"),
        ({"serach": "x"}, "?serach"),
        ({"since": "2026-03-02T09:00:00Z"}, "?since"),
        ({"search": "x" * 301}, "?search"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused_with_its_place(
    api: Api, admin: str, query: dict[str, str], place: str
) -> None:
    answer = api.get("/api/audit-events", query=query, token=admin)
    assert (answer.status, answer.code) == (422, "request_invalid")
    assert [error["path"] for error in answer.json["errors"]] == [place]


def test_a_cursor_that_was_not_given_is_refused(api: Api, admin: str) -> None:
    answer = api.get("/api/audit-events?cursor=abc", token=admin)
    assert (answer.status, answer.code) == (422, "cursor_invalid")


def test_an_export_is_a_link_to_a_file(api: Api, services: Services, admin: str) -> None:
    answer = api.get(f"{EXPORT}?format=ndjson&action=user", token=admin)
    lines = download(services, answer).splitlines()
    assert [json.loads(line)["action"] for line in lines] == ["user.created"]
    answer = api.get(f"{EXPORT}?format=csv", token=admin)
    rows = list(csv.DictReader(io.StringIO(download(services, answer).decode())))
    assert [row["action"] for row in rows] == [
        "user.created", "session.started", "audit.exported"
    ]  # fmt: skip
    exported = json.loads(rows[2]["after"])
    assert exported == {"format": "ndjson", "events": 1, "action": "user"}


def test_a_page_is_told_where_the_export_is(api: Api, services: Services, admin: str) -> None:
    answer = api.get(f"{EXPORT_LINK}?format=ndjson&action=user", token=admin)
    assert (answer.status, list(answer.json)) == (200, ["url"])
    lines = read_link(services, answer.json["url"]).splitlines()
    assert [json.loads(line)["action"] for line in lines] == ["user.created"]


@pytest.mark.parametrize("path", [EXPORT, EXPORT_LINK])
def test_an_export_needs_a_format_that_there_is(api: Api, admin: str, path: str) -> None:
    for query, place in (("", "?format"), ("?format=xml", "?format")):
        answer = api.get(f"{path}{query}", token=admin)
        assert (answer.status, answer.json["errors"][0]["path"]) == (422, place)
