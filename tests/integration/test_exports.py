"""Exports through the API: of rows that are kept and of SQL, linked, listed, removed."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from openpyxl import load_workbook
from tests.support.api import Api, SetClock
from tests.support.connections import ADMIN, EDITOR, OTHER, VIEWER
from tests.support.exports import Exporting
from tests.support.psql import run_psql
from tests.support.type_zoo import SETUP, zoo_columns, zoo_query

from heliograph.accounts.permissions import GranteeType, Level
from heliograph.kernel.ids import new_id
from heliograph.platform.postgres import connect
from heliograph.platform.settings import FUNCTION_SETTINGS, AppSettings
from heliograph.web.services import Services

FORMATS = ["csv", "xlsx", "ndjson"]
MANY = "SELECT n, 'row ' || n AS t FROM generate_series(1, 3000) n"


@pytest.fixture
def exporting(
    services: Services, api: Api, make_database: Callable[[], str]
) -> Iterator[Exporting]:
    made = Exporting(services, api, make_database())
    yield made
    services.connections.close()


def book_of(data: bytes) -> Any:
    return load_workbook(io.BytesIO(data))


# What is written


def test_kept_rows_are_a_file_at_once(exporting: Exporting) -> None:
    connection = exporting.connect()
    query = exporting.query(connection, MANY)
    answered = exporting.export(query_id=query["id"])
    assert answered.status == 200
    told = answered.json
    data = exporting.file(told["url"])
    assert data.decode() == "n,t\n" + "".join(f"{n},row {n}\n" for n in range(1, 3001))
    assert (told["state"], told["progress"], told["row_count"]) == ("succeeded", 1.0, 3000)
    assert (told["bytes"], told["truncated"], told["notes"]) == (len(data), False, [])
    assert told["query_id"] == query["id"]
    assert exporting.messages() == []  # nobody has to be woken


@pytest.mark.parametrize("format_name", FORMATS)
def test_stored_rows_make_the_very_file_that_the_database_makes(
    exporting: Exporting, format_name: str
) -> None:
    run_psql(exporting.url, SETUP)
    with connect(exporting.url) as opened:
        sql = zoo_query(zoo_columns(opened.info.server_version))
    connection = exporting.connect()
    query = exporting.query(connection, sql, time_zone="UTC")
    assert query["state"] == "succeeded", query["error"]
    for guard in (True, False):
        how = {"format": format_name, "guard_formulas": guard}
        stored = exporting.written(query_id=query["id"], **how)
        direct = exporting.written(connection_id=connection, sql=sql, time_zone="UTC", **how)
        assert exporting.file(stored["url"]) == exporting.file(direct["url"])
        assert stored["notes"] == direct["notes"]
        assert (stored["row_count"], stored["bytes"]) == (2, direct["bytes"])


def test_sql_is_run_by_the_worker_with_its_parameters(exporting: Exporting) -> None:
    connection = exporting.connect()
    sql = "SELECT n FROM generate_series(1, {{most}}::int) n"
    answered = exporting.export(connection_id=connection, sql=sql, params={"most": 4})
    assert answered.status == 202
    told = answered.json
    assert (told["state"], told["progress"], told["rows_so_far"]) == ("queued", None, 0)
    assert (told["url"], told["expires_at"], told["query_id"]) == (None, None, None)
    assert exporting.work() == 1
    done = exporting.get(told["id"])
    assert done.status == 200
    assert exporting.file(done.json["url"]) == b"n\n1\n2\n3\n4\n"
    assert exporting.work() == 0


def test_every_page_of_a_view_is_in_its_file(exporting: Exporting) -> None:
    query = exporting.query(exporting.connect(), "SELECT n FROM generate_series(1, 5) n")
    view = exporting.api.post(
        f"/api/queries/{query['id']}/view",
        token=EDITOR,
        json={"sort": [{"column": 0, "direction": "desc"}]},
    ).json
    told = exporting.export(query_id=view["id"]).json
    assert exporting.file(told["url"]) == b"n\n5\n4\n3\n2\n1\n"


def test_text_that_a_spreadsheet_would_run_is_neutralised_unless_not_wanted(
    exporting: Exporting,
) -> None:
    query = exporting.query(exporting.connect(), "SELECT '=1+1' AS t")
    guarded = exporting.export(query_id=query["id"]).json
    raw = exporting.export(query_id=query["id"], guard_formulas=False).json
    assert exporting.file(guarded["url"]) == b"t\n'=1+1\n"
    assert exporting.file(raw["url"]) == b"t\n=1+1\n"
    assert (len(guarded["notes"]), raw["notes"]) == (1, [])
    assert (guarded["guard_formulas"], raw["guard_formulas"]) == (True, False)


@pytest.mark.parametrize("of", ["rows", "sql"])
def test_what_the_policy_cuts_is_said_everywhere(exporting: Exporting, of: str) -> None:
    connection = exporting.connect(max_rows=10)
    sql = "SELECT n FROM generate_series(1, 50) n"
    query = exporting.query(connection, sql)
    assert query["truncated"]
    what = {"query_id": query["id"]} if of == "rows" else {"connection_id": connection, "sql": sql}
    for format_name in FORMATS:
        told = exporting.written(format=format_name, title="All of it", **what)
        assert (told["row_count"], told["truncated"]) == (10, True)
        assert told["notes"] == [
            "Cut at 10 rows by the connection's row policy: the query gives more."
        ]
        assert told["filename"] == f"All of it 2026-03-29 (first 10 rows only).{format_name}"
        if format_name == "xlsx":
            book = book_of(exporting.file(told["url"]))
            assert "10 rows" in book["Notes"]["A2"].value
            assert book["Result"].max_row == 11
    whole = exporting.written(connection_id=connection, sql="SELECT 1")
    assert (whole["truncated"], whole["notes"]) == (False, [])
    assert whole["filename"] == "Shop 2026-03-29.csv"


def test_fewer_rows_than_the_connection_admits_may_be_asked_for(exporting: Exporting) -> None:
    connection = exporting.connect(max_rows=10)
    sql = "SELECT n FROM generate_series(1, 50) n"
    fewer = exporting.written(connection_id=connection, sql=sql, max_rows=3)
    more = exporting.written(connection_id=connection, sql=sql, max_rows=99)
    assert (fewer["row_count"], more["row_count"]) == (3, 10)


def test_limits_of_a_workbook_are_told(exporting: Exporting) -> None:
    sql = "SELECT repeat('x', 40000) AS long, 12345678901234567::int8 AS id"
    query = exporting.query(exporting.connect(), sql)
    told = exporting.export(query_id=query["id"], format="xlsx").json
    notes = " ".join(told["notes"])
    assert "32,767" in notes
    assert "15 digits" in notes
    whole = exporting.export(query_id=query["id"]).json
    assert whole["notes"] == []
    assert len(exporting.file(whole["url"])) > 40_000


def test_the_database_knows_who_exports(exporting: Exporting) -> None:
    connection = exporting.connect()
    exporting.connections.grant(connection, OTHER)
    sql = "SELECT current_setting('heliograph.user_email') AS email"
    for name in (EDITOR, OTHER):
        told = exporting.written(as_=name, connection_id=connection, sql=sql)
        assert exporting.file(told["url"]) == f"email\n{name}@heliograph.example\n".encode()


# What is refused


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("delete from orders", "statement_refused"),
        ("select 1; select 2", "several_statements"),
        ("", "sql_empty"),
        ("select {{a}}", "parameter_missing"),
        ("selec 1", "sql_invalid"),
    ],
)
def test_sql_that_is_refused_is_an_export_that_failed(
    exporting: Exporting, sql: str, code: str
) -> None:
    connection = exporting.connect()
    answered = exporting.export(connection_id=connection, sql=sql)
    assert (answered.status, answered.json["state"]) == (200, "failed")
    assert answered.json["error"]["code"] == code
    assert (answered.json["url"], exporting.messages()) == (None, [])
    assert exporting.written(connection_id=connection, sql="select 1")["state"] == "succeeded"


def test_sql_that_fails_is_an_export_that_failed_and_leaves_no_file(exporting: Exporting) -> None:
    connection = exporting.connect()
    sql = "SELECT 1 / (n - 90000) AS x, repeat('x', 100) FROM generate_series(1, 100000) n"
    told = exporting.written(connection_id=connection, sql=sql)
    assert (told["state"], told["error"]["sqlstate"]) == ("failed", "22012")
    assert (told["url"], exporting.blobs(), exporting.active()) == (None, [], 0)


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ({}, ["/query_id"]),
        ({"sql": "select 1"}, ["/connection_id"]),
        ({"connection_id": str(UUID(int=1))}, ["/sql"]),
        ({"params": [1]}, ["/connection_id", "/sql"]),
        (
            {"query_id": str(UUID(int=1)), "connection_id": str(UUID(int=2)), "sql": "select 1"},
            ["/connection_id", "/sql"],
        ),
        ({"query_id": str(UUID(int=1)), "max_rows": 3}, ["/max_rows"]),
        ({"query_id": str(UUID(int=1)), "format": "pdf"}, ["/format"]),
        ({"query_id": str(UUID(int=1)), "title": ""}, ["/title"]),
    ],
)
def test_one_source_and_one_only(
    exporting: Exporting, body: dict[str, Any], paths: list[str]
) -> None:
    answered = exporting.export(**body)
    assert (answered.status, answered.code) == (422, "request_invalid")
    assert [problem["path"] for problem in answered.json["errors"]] == paths


def test_values_that_are_none_are_the_requests_fault(exporting: Exporting) -> None:
    connection = exporting.connect()
    answered = exporting.export(connection_id=connection, sql="select $1", params=[{"no": "value"}])
    assert answered.status == 422
    assert exporting.services.database.fetch("SELECT id FROM query_runs") == []


def test_a_query_without_rows_is_not_exported(exporting: Exporting) -> None:
    connection = exporting.connect()
    export = exporting.export(query_id=exporting.query(connection, "select 1")["id"]).json
    assert export["url"]
    failed = exporting.query(connection, "select 1/0")
    waiting = exporting.query(connection, "select 1", wait_seconds=0)
    for query in (waiting, failed):
        assert exporting.export(query_id=query["id"]).status == 409
    for unknown in (str(new_id()), export["id"]):
        assert exporting.export(query_id=unknown).status == 404


def test_rows_that_are_no_longer_kept_are_not_exported(
    exporting: Exporting, clock: SetClock
) -> None:
    query = exporting.query(exporting.connect(), "select 1")
    clock.advance(timedelta(minutes=50))
    assert exporting.export(query_id=query["id"]).status == 200  # which keeps them longer
    clock.advance(timedelta(minutes=50))
    assert exporting.export(query_id=query["id"]).status == 200
    clock.advance(timedelta(minutes=61))
    answered = exporting.export(query_id=query["id"])
    assert (answered.status, answered.code) == (410, "result_expired")


def test_what_belongs_to_others_is_not_there(exporting: Exporting) -> None:
    connection = exporting.connect()
    query = exporting.query(connection, "select 1")
    export = exporting.export(query_id=query["id"]).json
    body = {"connection_id": connection, "sql": "select 1"}
    assert exporting.export(as_=OTHER, **body).status == 404
    assert exporting.export(as_=OTHER, query_id=query["id"]).status == 404
    assert exporting.get(export["id"], as_=OTHER).status == 404
    assert exporting.delete(export["id"], as_=OTHER).status == 404
    exporting.connections.grant(connection, OTHER)
    assert exporting.export(as_=OTHER, **body).status == 202
    assert exporting.get(export["id"], as_=OTHER).status == 404
    assert exporting.get(query["id"]).status == 404
    for name in (EDITOR, ADMIN):
        assert exporting.get(export["id"], as_=name).json["url"]
    assert exporting.export(as_=VIEWER, **body).status == 403
    assert exporting.get(export["id"], as_=VIEWER).status == 403


def test_who_may_not_view_the_connection_any_more_has_no_export_of_it(
    exporting: Exporting,
) -> None:
    connection = exporting.connect()
    admin, other = (exporting.people.actors[name] for name in (ADMIN, OTHER))
    grants = exporting.services.grants
    given = grants.give(
        admin, "connection", UUID(connection), GranteeType.USER, other.user_id, Level.VIEW
    )
    export = exporting.written(as_=OTHER, connection_id=connection, sql="select 1")
    assert export["url"]
    grants.withdraw(admin, given.id)
    assert exporting.get(export["id"], as_=OTHER).status == 404
    assert exporting.delete(export["id"], as_=OTHER).status == 404
    assert exporting.get(export["id"], as_=ADMIN).status == 200


def test_five_at_once_and_no_more(exporting: Exporting) -> None:
    connection = exporting.connect()
    exporting.connections.grant(connection, OTHER)
    body = {"connection_id": connection, "sql": "select 1"}
    ids = [exporting.export(**body).json["id"] for _ in range(5)]
    refused = exporting.export(**body)
    assert (refused.status, refused.code) == (429, "rate_limited")
    assert int(refused.headers["retry-after"]) >= 1
    query = exporting.query(connection, "select 1")
    assert exporting.export(query_id=query["id"]).status == 429
    assert exporting.export(as_=OTHER, **body).status == 202
    assert exporting.delete(ids[0]).json["state"] == "canceled"
    assert exporting.export(**body).status == 202
    assert exporting.work() == 6
    assert exporting.export(query_id=query["id"]).status == 200


def test_five_at_once_holds_for_requests_that_come_together(exporting: Exporting) -> None:
    body = {"connection_id": exporting.connect(), "sql": "select 1"}
    exporting.export(**body)
    with ThreadPoolExecutor(6) as pool:
        answered = list(pool.map(lambda _: exporting.export(**body).status, range(6)))
    assert sorted(answered) == [202] * 4 + [429] * 2


def test_the_function_has_all_that_it_needs(exporting: Exporting) -> None:
    connection = exporting.connect()
    query = exporting.query(connection, "select 1")
    services = exporting.services
    given = {name: getattr(services.settings, name) for name in FUNCTION_SETTINGS["exports"]}
    with closing(Services(AppSettings(**given), {}, services.clock)) as own:
        own.__dict__["sessions"] = exporting.people
        exporting.api = Api(own)
        assert exporting.export(query_id=query["id"]).json["url"]
        waiting = exporting.export(connection_id=connection, sql="select 2").json
        assert waiting["state"] == "queued"
        assert exporting.delete(waiting["id"]).json["state"] == "canceled"
        assert exporting.export(connection_id=connection, sql="").json["state"] == "failed"


# Links, lists, and the end of a file


def test_a_link_tells_nothing_but_the_title_and_the_day(exporting: Exporting) -> None:
    secret = "SELECT 'hunter2' AS t"
    query = exporting.query(exporting.connect(), secret)
    told = exporting.export(query_id=query["id"], title="Ärger: a/b").json
    parts = urlsplit(told["url"])
    assert parts.path.startswith("/blobs/exports/")
    assert parts.path.endswith("/export.csv")
    asked = parse_qs(parts.query)
    assert asked["name"] == ["Ärger- a-b 2026-03-29.csv"]
    assert set(asked) == {"name", "type", "expires", "signature"}
    for hidden in (query["id"], told["id"], "editor", "Shop", "hunter2"):
        assert hidden not in told["url"]


def test_each_look_gives_a_fresh_link_which_is_recorded(exporting: Exporting) -> None:
    connection = exporting.connect()
    query = exporting.query(connection, "select 1 as n")
    export = exporting.export(query_id=query["id"]).json
    again = exporting.get(export["id"], as_=ADMIN).json
    assert exporting.file(export["url"]) == exporting.file(again["url"]) == b"n\n1\n"
    events = exporting.audited()
    assert [(one["action"], one["actor_email"].partition("@")[0]) for one in events] == [
        ("export.created", EDITOR),
        ("export.linked", EDITOR),
        ("export.linked", ADMIN),
    ]
    assert {(one["object_id"], one["object_name"]) for one in events} == {(connection, "Shop")}
    assert events[0]["after"] == {
        "export_id": export["id"],
        "format": "csv",
        "rows": "kept",
        "query_id": query["id"],
    }


def test_one_s_exports_are_listed_without_links(exporting: Exporting, clock: SetClock) -> None:
    connection = exporting.connect()
    query = exporting.query(connection, "select 1")
    ids = []
    for _ in range(3):
        clock.advance(timedelta(seconds=1))
        ids.append(exporting.export(query_id=query["id"]).json["id"])
    first = exporting.api.get("/api/exports?limit=2", token=EDITOR).json
    rest = exporting.api.get(f"/api/exports?limit=2&cursor={first['next']}", token=EDITOR).json
    listed = [*first["items"], *rest["items"]]
    assert [one["id"] for one in listed] == ids[::-1]
    assert rest["next"] is None
    assert {one["url"] for one in listed} == {None}
    assert exporting.api.get("/api/exports", token=ADMIN).json["items"] == []
    assert exporting.api.get("/api/exports?cursor=x", token=EDITOR).status == 422


def test_a_file_is_kept_for_a_day(exporting: Exporting, clock: SetClock) -> None:
    query = exporting.query(exporting.connect(), "select 1")
    export = exporting.export(query_id=query["id"]).json
    assert export["expires_at"] == "2026-03-30T12:00:00Z"
    clock.advance(timedelta(hours=23, minutes=59))
    assert exporting.services.tending.forget_exports() == 0
    assert exporting.get(export["id"]).json["url"]
    clock.advance(timedelta(minutes=1))
    told = exporting.get(export["id"]).json
    assert (told["state"], told["url"]) == ("expired", None)
    assert len(exporting.blobs()) == 1
    assert exporting.services.tending.forget_exports() == 1
    assert exporting.services.tending.forget_exports() == 0
    assert (exporting.blobs(), exporting.is_gone(export["url"])) == ([], True)
    told = exporting.get(export["id"]).json
    assert (told["state"], told["row_count"], told["filename"]) == ("expired", 1, None)


def test_a_file_that_is_deleted_is_gone_at_once(exporting: Exporting) -> None:
    query = exporting.query(exporting.connect(), "select 1")
    export = exporting.export(query_id=query["id"]).json
    kept = exporting.export(query_id=query["id"]).json
    assert not exporting.is_gone(export["url"])
    for _ in range(2):
        told = exporting.delete(export["id"])
        assert (told.status, told.json["state"], told.json["url"]) == (200, "expired", None)
    assert exporting.is_gone(export["url"])
    assert not exporting.is_gone(kept["url"])
    actions = [one["action"] for one in exporting.audited()]
    assert actions.count("export.deleted") == 1
    assert exporting.services.tending.forget_exports() == 0


def test_nothing_of_a_deleted_connection_can_be_exported(exporting: Exporting) -> None:
    connection = exporting.connect()
    query = exporting.query(connection, "select 1 as n")
    assert exporting.export(query_id=query["id"]).status == 200
    waiting = exporting.export(connection_id=connection, sql="select 2").json
    assert exporting.connections.delete(connection).status == 204
    told = exporting.export(query_id=query["id"])
    assert (told.status, told.code) == (410, "result_expired")
    exporting.services.clock.advance(timedelta(minutes=1))  # type: ignore[attr-defined]
    exporting.messages()
    exporting.services.tending.wake_waiting()
    assert exporting.work() == 1
    assert exporting.get(waiting["id"]).json["state"] == "failed"


# With Accept


def test_rows_as_csv_are_a_file(exporting: Exporting) -> None:
    query = exporting.query(exporting.connect(), "select 1 as n, '=x' as t")
    for accept, expected in (
        ("text/csv", b"n,t\n1,'=x\n"),
        ("application/x-ndjson, */*;q=0.1", b'{"n":1,"t":"=x"}\n'),
    ):
        first, second = (exporting.rows(query["id"], accept) for _ in range(2))
        assert (first.status, second.status) == (303, 303)
        assert exporting.file(first.headers["location"]) == expected
        assert exporting.file(second.headers["location"]) == expected
    assert len(exporting.blobs()) == 2  # the file was there the second time


@pytest.mark.parametrize(
    "accept",
    [
        "*/*",
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8",
        "application/json, text/csv",
        "text/csv;q=0, */*",
        "",
    ],
)
def test_rows_are_json_for_who_does_not_ask_for_a_file(exporting: Exporting, accept: str) -> None:
    query = exporting.query(exporting.connect(), "select 1 as n")
    answered = exporting.rows(query["id"], accept)
    assert (answered.status, json.loads(answered.text)["rows"]) == (200, [[1]])
    assert exporting.blobs() == []


def test_rows_as_csv_that_take_a_while_are_waited_for(exporting: Exporting) -> None:
    exporting.inline(0)
    query = exporting.query(exporting.connect(), "select 1 as n")
    first, second = (exporting.rows(query["id"], "text/csv") for _ in range(2))
    assert (first.status, first.json["state"]) == (202, "queued")
    assert second.json == first.json
    assert exporting.work() == 1
    found = exporting.rows(query["id"], "text/csv")
    assert found.status == 303
    assert exporting.file(found.headers["location"]) == b"n\n1\n"
    assert exporting.get(first.json["export_id"]).json["state"] == "succeeded"


def test_rows_as_csv_are_one_s_own_and_kept(exporting: Exporting, clock: SetClock) -> None:
    connection = exporting.connect()
    exporting.connections.grant(connection, OTHER)
    query = exporting.query(connection, "select 1")
    assert exporting.rows(query["id"], "text/csv", as_=OTHER).status == 404
    failed = exporting.query(connection, "select 1/0")
    assert exporting.rows(failed["id"], "text/csv").status == 409
    clock.advance(timedelta(minutes=61))
    assert exporting.rows(query["id"], "text/csv").status == 410
