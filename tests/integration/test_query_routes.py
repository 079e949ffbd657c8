"""`/api/queries`: asking, waiting, pages, cells, views, values and the history."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from tests.support.api import Api, SetClock
from tests.support.connections import ADMIN, EDITOR, OTHER, VIEWER
from tests.support.queries import QueriesApi, queries_api

from heliograph.web.services import Services

FIELDS = {
    "id", "state", "origin", "parent_id", "connection_id", "sql", "params", "requested_at",
    "queue_position", "rows_so_far", "columns", "row_count", "truncated", "truncated_reason",
    "has_more", "preview", "cached_at", "stale", "cut_cells", "notes", "duration_ms", "expires_at",
    "error", "rows",
}  # fmt: skip


@pytest.fixture
def queries(services: Services, api: Api, make_database: Callable[[], str]) -> Iterator[QueriesApi]:
    with queries_api(services, api, make_database()) as made:
        yield made


def test_a_quick_query_is_answered_with_its_rows(queries: QueriesApi) -> None:
    connection = queries.connect()
    asked = queries.ask(connection, "select {{n}}::int + 1 as n, null as t", params={"n": 41})
    assert asked.keys() == FIELDS
    assert (asked["state"], asked["rows"], asked["row_count"]) == ("succeeded", [[42, None]], 1)
    assert asked["columns"] == [
        {"name": "n", "type": "int4", "kind": "integer"},
        {"name": "t", "type": "text", "kind": "text"},
    ]
    assert (asked["params"], asked["error"], asked["has_more"]) == ({"n": 41}, None, False)
    again = queries.get(f"/{asked['id']}").json
    assert {**again, "duration_ms": 0} == {**asked, "duration_ms": 0}


def test_values_stay_exact_by_the_type_of_their_column(queries: QueriesApi) -> None:
    sql = (
        "select 9007199254740993::int8, 1.10::numeric, 'NaN'::float8, 1.5::float4, true, '', null,"
        " '{\"a\": 1.0}'::json, '{1,null}'::int[], '24:00'::time, 'infinity'::timestamptz,"
        " '0044-03-15 BC'::date, '\\x00ff'::bytea"
    )
    (row,) = queries.ask(queries.connect(), sql)["rows"]
    assert row == [
        "9007199254740993", "1.10", "NaN", 1.5, True, "", None, {"a": 1.0}, [1, None], "24:00:00",
        "infinity", "0044-03-15 BC", "\\x00ff",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("", "sql_empty"),
        ("delete from t", "statement_refused"),
        ("select 1; select 2", "several_statements"),
        ("with x as (delete from t returning 1) select * from x", "statement_refused"),
        ("select * into n from t", "statement_refused"),
        ("select * from t for update", "statement_refused"),
        ("select set_config('a.b', 'c', false)", "function_refused"),
        ("select query_to_xml('delete from t', true, true, '')", "function_refused"),
        ("select pg_read_file('/etc/passwd')", "function_refused"),
        ("copy t to stdout", "statement_refused"),
        ("do $$ begin end $$", "statement_refused"),
        ("select {{a}} + $1", "parameters_mixed"),
        ("select {{a", "placeholder_invalid"),
        ("select {{a}}", "parameter_missing"),
        ("selec 1", "sql_invalid"),
        ("select nope", "sql_invalid"),
        ("select 1/0", "query_failed"),
    ],
)
def test_what_is_refused_or_fails_is_a_run_that_failed(
    queries: QueriesApi, sql: str, code: str
) -> None:
    connection = queries.connect()
    queries.execute("create table t (a int)")
    asked = queries.ask(connection, sql)
    assert (asked["state"], asked["rows"], asked["columns"]) == ("failed", None, None)
    assert asked["error"]["code"] == code
    (past,) = queries.get().json["items"]
    assert (past["id"], past["state"], past["error"]["code"]) == (asked["id"], "failed", code)
    rows = queries.get(f"/{asked['id']}/rows")
    assert (rows.status, rows.code) == (409, "conflict")
    assert queries.ask(connection, "select 1")["state"] == "succeeded"


def test_an_error_points_into_the_persons_own_text(queries: QueriesApi) -> None:
    sql = "select {{first}}::int,\n       nmae from generate_series(1, 2) as name"
    error = queries.ask(queries.connect(), sql, params={"first": 1})["error"]
    assert (error["sqlstate"], error["line"], error["column"]) == ("42703", 2, 8)
    assert sql[error["position"] - 1 :].startswith("nmae")
    assert "name" in error["hint"]


BAD_BODIES: dict[str, tuple[dict[str, Any], str]] = {
    "no sql": ({"sql": None}, "/sql"),
    "a number": ({"sql": 7}, "/sql"),
    "a NUL": ({"sql": "select '\0'"}, "/sql"),
    "a value that is none": ({"params": [{"a": 1}]}, "/params/0"),
    "a NUL in a value": ({"params": ["a\0b"]}, "/params/0"),
    "values that are one": ({"params": "a"}, "/params"),
    "half a character": ({"params": ["\ud800"]}, ""),
    "too long a wait": ({"wait_seconds": 26}, "/wait_seconds"),
    "no rows": ({"max_rows": 0}, "/max_rows"),
    "too many at once": ({"limit": 10_001}, "/limit"),
    "a member that there is not": ({"sqll": "select 1"}, "/sqll"),
    "no connection": ({"connection_id": "x"}, "/connection_id"),
}


@pytest.mark.parametrize("case", BAD_BODIES)
def test_what_is_no_question_is_the_requests_fault(queries: QueriesApi, case: str) -> None:
    connection = queries.connect()
    members, path = BAD_BODIES[case]
    body = {"connection_id": connection, "sql": "select 1 where $1::text is null", "params": ["a"]}
    good = queries.post("", json=body)
    bad = queries.post("", json={**body, **members})
    assert good.status == 200
    assert bad.status in (400, 422)
    assert path in {problem["path"] for problem in bad.json["errors"]} | {""}
    assert len(queries.get().json["items"]) == 1


def test_who_may_not_use_the_connection_asks_nothing(queries: QueriesApi) -> None:
    connection = queries.connect()
    body = {"connection_id": connection, "sql": "select 1"}
    assert queries.post("", as_=OTHER, json=body).code == "not_found"
    queries.connections.grant(connection, OTHER)
    assert queries.post("", as_=OTHER, json=body).status == 200
    queries.connections.grant(connection, VIEWER)
    assert queries.post("", as_=VIEWER, json=body).code == "forbidden"
    assert queries.post("", json={**body, "connection_id": str(uuid4())}).code == "not_found"
    assert queries.api.post("/api/queries", json=body).code == "unauthenticated"


def test_anothers_run_is_not_there(queries: QueriesApi) -> None:
    connection = queries.connect()
    queries.connections.grant(connection, OTHER)
    mine = queries.ask(connection, "select 7")["id"]
    looks: list[Callable[[str], Any]] = [
        lambda who: queries.get(f"/{mine}", as_=who),
        lambda who: queries.get(f"/{mine}/rows", as_=who),
        lambda who: queries.get(f"/{mine}/cell?row=0&column=0", as_=who),
        lambda who: queries.get(f"/{mine}/cell-link?row=0&column=0", as_=who),
        lambda who: queries.get(f"/{mine}/values?column=0", as_=who),
        lambda who: queries.post(f"/{mine}/view", as_=who, json={}),
        lambda who: queries.post(f"/{mine}/again", as_=who),
        lambda who: queries.delete(f"/{mine}", as_=who),
    ]
    for look in looks:
        assert look(OTHER).code == "not_found"
        assert look(VIEWER).code == "forbidden"
        assert look(ADMIN).status < 400
        assert look(EDITOR).status < 400


def test_who_lost_the_right_to_a_connection_has_its_runs_no_more(queries: QueriesApi) -> None:
    connection = queries.connect(as_=ADMIN)
    queries.connections.grant(connection, OTHER)
    run = queries.ask(connection, "select 7", as_=OTHER)["id"]
    assert queries.get(f"/{run}/rows", as_=OTHER).status == 200
    with queries.services.database.transaction() as tx:
        theirs = queries.people.actors[OTHER].user_id
        tx.execute("DELETE FROM grants WHERE user_id = %s", [theirs])
    assert queries.get(f"/{run}/rows", as_=OTHER).code == "not_found"
    assert [one["id"] for one in queries.get(as_=OTHER).json["items"]] == [run]


# Pages


def test_pages_are_windows_of_one_execution(queries: QueriesApi) -> None:
    connection = queries.connect()
    sql = "select n, 'row ' || n as label from generate_series(1, 25000) n"
    asked = queries.ask(connection, sql, limit=100)
    assert (len(asked["rows"]), asked["row_count"], asked["has_more"]) == (100, 25000, True)
    seen: list[Any] = []
    while True:
        page = queries.get(f"/{asked['id']}/rows?offset={len(seen)}").json
        assert page["offset"] == len(seen)
        seen += page["rows"]
        if not page["has_more"]:
            break
        assert len(page["rows"]) == 10_000
    assert seen == [[n, f"row {n}"] for n in range(1, 25001)]
    beyond = queries.get(f"/{asked['id']}/rows?offset=25000").json
    assert (beyond["rows"], beyond["has_more"]) == ([], False)
    runs = queries.services.database.fetch("SELECT count(*) AS n FROM query_executions")
    assert runs[0]["n"] == 1


@pytest.mark.parametrize("query", ["offset=-1", "limit=0", "limit=10001", "offset=x", "more=1"])
def test_a_window_that_is_none_is_refused(queries: QueriesApi, query: str) -> None:
    run = queries.ask(queries.connect(), "select 1")["id"]
    assert queries.get(f"/{run}/rows?offset=0&limit=10000").status == 200
    assert queries.get(f"/{run}/rows?{query}").code == "request_invalid"


def test_packed_rows_are_passed_on_to_who_takes_gzip(queries: QueriesApi) -> None:
    run = queries.ask(queries.connect(), "select n, n * 2 from generate_series(1, 5000) n")["id"]
    plain = queries.get(f"/{run}/rows")
    packed = queries.get(f"/{run}/rows", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == "Accept-Encoding"
    assert json.loads(zlib.decompress(packed.body, wbits=31)) == plain.json
    refused = queries.get(f"/{run}/rows", headers={"Accept-Encoding": "gzip;q=0"})
    assert "content-encoding" not in refused.headers


def test_a_page_ends_before_4_mb_and_fits_an_answer_in_any_case(queries: QueriesApi) -> None:
    sql = "select repeat('\"\\', 10000) from generate_series(1, 400)"  # escaped twice in JSON
    run = queries.ask(queries.connect(), sql, limit=1)["id"]
    for encoding in ("", "gzip"):
        page = queries.get(f"/{run}/rows", headers={"Accept-Encoding": encoding})
        assert page.status == 200
        assert 0 < len(page.json["rows"]) < 400
        assert page.json["has_more"]
        assert len(json.dumps(page.json["rows"])) <= 4_100_000


def test_a_long_cell_is_cut_in_pages_and_whole_by_link(queries: QueriesApi) -> None:
    sql = "select n, repeat('ä', n * 40000) as long from generate_series(0, 2) n"
    asked = queries.ask(queries.connect(), sql)
    assert asked["cut_cells"] == [[1, 1, 80_000], [2, 1, 160_000]]
    assert asked["rows"][1][1] == "ä" * 32_768
    link = queries.get(f"/{asked['id']}/cell?row=2&column=1")
    assert link.status == 303
    key = next(key for key in queries.services.blobs.list("results/") if key.endswith("/cells/2-1"))
    assert key in link.headers["location"]
    assert queries.services.blobs.read(key) == ("ä" * 80_000).encode()
    told = queries.get(f"/{asked['id']}/cell-link?row=2&column=1").json
    assert (told["text"], key in told["url"]) == (None, True)
    short = queries.get(f"/{asked['id']}/cell?row=1&column=0")
    assert (short.status, short.text) == (200, "1")
    assert queries.get(f"/{asked['id']}/cell-link?row=1&column=0").json == {
        "text": "1", "url": None,
    }  # fmt: skip
    for place in ("row=3&column=0", "row=0&column=2"):
        assert queries.get(f"/{asked['id']}/cell?{place}").code == "not_found"
        assert queries.get(f"/{asked['id']}/cell-link?{place}").code == "not_found"
    assert queries.get(f"/{asked['id']}/cell?row=-1&column=0").code == "request_invalid"


def test_names_may_come_twice_or_be_missing_and_columns_be_many(queries: QueriesApi) -> None:
    connection = queries.connect()
    asked = queries.ask(connection, 'select 1 as a, 2 as a, 3 as "?column?"')
    assert [column["name"] for column in asked["columns"]] == ["a", "a", "?column?"]
    assert asked["rows"] == [[1, 2, 3]]
    many = ", ".join(f"{n} as c" for n in range(1600))
    wide = queries.ask(connection, f"select {many} from generate_series(1, 50)")
    assert (len(wide["columns"]), len(wide["rows"])) == (1600, 50)
    assert wide["rows"][49] == list(range(1600))


def test_a_statement_without_columns_or_rows_succeeds(queries: QueriesApi) -> None:
    connection = queries.connect()
    queries.execute("create procedure nothing() language sql as ''")
    none = queries.ask(connection, "select from generate_series(1, 3)")
    assert (none["columns"], none["rows"], none["row_count"]) == ([], [[], [], []], 3)
    empty = queries.ask(connection, "select 1 as a where false")
    assert (len(empty["columns"]), empty["rows"], empty["row_count"]) == (1, [], 0)
    called = queries.ask(connection, "call nothing()", wait_seconds=0.1)
    assert called["state"] == "queued"
    assert queries.work(connection) == 1
    done = queries.get(f"/{called['id']}").json
    assert (done["state"], done["columns"], done["rows"]) == ("succeeded", [], [])


def test_the_row_policy_cuts_marks_and_depends_on_the_role(queries: QueriesApi) -> None:
    connection = queries.connect(max_rows=10, role_limits={"admin": {"max_rows": 12}})
    sql = "select * from generate_series(1, 100) n"
    for who, most in ((EDITOR, 10), (ADMIN, 12)):
        asked = queries.ask(connection, sql, as_=who)
        assert (asked["row_count"], asked["truncated"]) == (most, True)
        assert asked["truncated_reason"] == "row_limit"
        assert queries.get(f"/{asked['id']}/rows", as_=who).json["truncated"] is True
    fewer = queries.ask(connection, sql, max_rows=3)
    assert (fewer["row_count"], fewer["truncated"]) == (3, True)
    more = queries.ask(connection, "select * from generate_series(1, 10) n", max_rows=99)
    assert (more["row_count"], more["truncated"]) == (10, False)


def test_rows_that_are_no_longer_kept_say_so_and_offer_to_run_again(
    queries: QueriesApi, clock: SetClock
) -> None:
    run = queries.ask(queries.connect(), "select 7 as n")["id"]
    clock.advance(timedelta(minutes=50))
    assert queries.get(f"/{run}/rows").status == 200, "looking keeps them longer"
    clock.advance(timedelta(minutes=50))
    assert queries.get(f"/{run}/rows").status == 200
    clock.advance(timedelta(minutes=61))
    expired = queries.get(f"/{run}/rows")
    assert (expired.status, expired.code) == (410, "result_expired")
    assert "again" in expired.json["hint"]
    shown = queries.get(f"/{run}").json
    assert (shown["state"], shown["rows"], shown["row_count"]) == ("succeeded", None, 1)
    again = queries.post(f"/{run}/again").json
    assert again["rows"] == [[7]]
    assert again["id"] != run


# Later


def test_what_takes_long_is_previewed_and_polled(queries: QueriesApi) -> None:
    queries.limit_inline(0.5)
    connection = queries.connect()
    slow = (
        "select n, case when n > 2500 then"
        " (select count(*) from generate_series(1, 60000) g where g <> n) end"
        " from generate_series(1, 3000) n"
    )
    answered = queries.post(
        "", json={"connection_id": connection, "sql": slow, "wait_seconds": 1.2}
    )
    assert (answered.status, answered.headers["retry-after"]) == (202, "1")
    asked = answered.json
    assert (asked["state"], asked["queue_position"], asked["rows"]) == ("queued", 1, None)
    assert asked["preview"]["rows"][:2] == [[1, None], [2, None]]
    assert queries.get(f"/{asked['id']}/rows").code == "conflict"
    assert queries.work(connection) == 1
    done = queries.get(f"/{asked['id']}?limit=10").json
    assert (done["state"], done["row_count"], done["preview"]) == ("succeeded", 3000, None)
    assert (len(done["rows"]), done["has_more"]) == (10, True)


def test_nothing_that_may_run_once_only_runs_in_a_request(queries: QueriesApi) -> None:
    connection = queries.connect()
    queries.execute(
        "create sequence runs",
        "create function once() returns bigint language sql volatile as"
        " $$ select nextval('runs') $$",
        "create procedure count_up() language sql as $$ select nextval('runs') $$",
    )
    asked = [
        queries.ask(connection, sql, wait_seconds=0.1)
        for sql in ("select once()", "call count_up()", "select random()")
    ]
    assert [one["state"] for one in asked] == ["queued"] * 3
    assert queries.work(connection) == 3
    # A sequence is counted up in a read-only transaction by nobody.
    assert [queries.state(one["id"]) for one in asked] == ["failed", "failed", "succeeded"]


def test_the_database_is_asked_once_whether_a_function_is_volatile(queries: QueriesApi) -> None:
    connection = queries.connect(cache_seconds=60)
    queries.execute(
        "create table hits (n int)",
        "create function counted() returns bigint language sql stable as"
        " $$ select count(*) from hits $$",
        "create function rolled() returns float language sql volatile as $$ select random() $$",
    )
    first = queries.ask(connection, "select counted()")
    assert (first["state"], first["rows"]) == ("succeeded", [["0"]])
    assert queries.ask(connection, "select counted()")["cached_at"] == first["requested_at"]
    for _ in range(2):
        rolled = queries.ask(connection, "select rolled()", wait_seconds=0.2)
        assert (rolled["state"], rolled["rows"]) == ("queued", None)
    assert queries.work(connection) == 2
    answers = [queries.get(f"/{one['id']}").json for one in queries.get().json["items"][:2]]
    assert [one["state"] for one in answers] == ["succeeded"] * 2
    assert answers[0]["rows"] != answers[1]["rows"]
    queries.execute("create function unknown() returns int stable language sql as $$ select 1 $$")
    unknown = queries.ask(connection, "select unknown()", wait_seconds=0)
    assert queries.work(connection) == 1
    assert queries.get(f"/{unknown['id']}").json["rows"] == [[1]]


def test_a_view_and_its_repetition_keep_to_the_limits_of_now(queries: QueriesApi) -> None:
    connection = queries.connect(max_rows=100)
    run = queries.ask(connection, "select n from generate_series(1, 90) n")["id"]
    seen = queries.post(f"/{run}/view", json={"sort": [{"column": 0, "direction": "desc"}]}).json
    assert (seen["row_count"], seen["rows"][0]) == (90, [90])
    assert queries.connections.patch(connection, max_rows=10).status == 200
    again = queries.post(f"/{seen['id']}/again", json={}).json
    assert (again["row_count"], again["rows"][0], again["truncated"]) == (10, [90], True)
    assert again["parent_id"] == run
    other = queries.post(f"/{run}/view", json={"sort": [{"column": 0}]}).json
    assert (other["row_count"], other["truncated"]) == (10, True)


def test_a_reset_may_not_be_asked_for_all_the_time(queries: QueriesApi) -> None:
    reset = [queries.post("/reset") for _ in range(11)]
    assert [one.status for one in reset] == [200] * 10 + [429]
    assert reset[-1].code == "rate_limited"


def test_a_wait_ends_when_the_run_does(queries: QueriesApi) -> None:
    connection = queries.connect()
    asked = queries.ask(connection, "select 1", wait_seconds=0)
    assert (asked["state"], asked["queue_position"]) == ("queued", 1)
    assert queries.work(connection) == 1
    done = queries.get(f"/{asked['id']}?wait_seconds=25").json
    assert (done["state"], done["rows"]) == ("succeeded", [[1]])


def test_a_cancel_is_answered_with_the_run_and_may_be_sent_twice(queries: QueriesApi) -> None:
    connection = queries.connect()
    asked = queries.ask(connection, "select 1", wait_seconds=0)
    for _ in range(2):
        canceled = queries.delete(f"/{asked['id']}")
        assert canceled.status == 200
        assert canceled.json["state"] == "canceled"
        assert canceled.json["error"]["code"] == "query_canceled"
    assert queries.work(connection) == 0
    done = queries.ask(connection, "select 1")
    assert queries.delete(f"/{done['id']}").json["state"] == "succeeded"
    audited = queries.services.database.fetch(
        "SELECT after FROM audit_events WHERE action = 'query.canceled'"
    )
    assert audited == [{"after": {"run_id": asked["id"], "reason": "asked"}}]


# Views and values


@pytest.fixture
def shop(queries: QueriesApi) -> tuple[QueriesApi, str]:
    queries.execute(
        "create table items (name text, price numeric, born date, tags json)",
        "insert into items values ('b', 2, '2020-01-02', '{}'), ('A', 10, null, null),"
        " ('a', null, '2020-01-01', '{}'), ('c', 1.5, '2021-01-01', null), ('b', 2, null, null)",
    )
    return queries, queries.connect(max_rows=100)


def test_a_view_sorts_and_filters_the_whole_result_in_the_database(
    shop: tuple[QueriesApi, str],
) -> None:
    queries, connection = shop
    run = queries.ask(connection, "select * from items -- all", limit=1)["id"]
    view = {
        "sort": [{"column": 1, "direction": "desc", "nulls": "last"}, {"column": 0}],
        "filter": [{"column": 0, "op": "ne", "value": "c"}],
    }
    seen = queries.post(f"/{run}/view", json=view)
    assert seen.status == 200
    assert [row[:2] for row in seen.json["rows"]] == [
        ["A", "10"], ["b", "2"], ["b", "2"], ["a", None],
    ]  # fmt: skip
    assert (seen.json["origin"], seen.json["parent_id"]) == ("view", run)
    assert seen.json["columns"] == queries.get(f"/{run}").json["columns"]
    narrower = {"filter": [{"column": 1, "op": "is_not_null"}]}
    further = queries.post(f"/{seen.json['id']}/view", json=narrower).json
    assert [row[0] for row in further["rows"]] == ["A", "b", "b"], "a view of a view has both"
    assert [one["id"] for one in queries.get().json["items"]] == [run], "no question of a person"


@pytest.mark.parametrize(
    ("view", "path"),
    [
        ({"sort": [{"column": 4}]}, "/sort/0/column"),
        ({"filter": [{"column": -1, "op": "eq", "value": "a"}]}, "/filter/0/column"),
        ({"filter": [{"column": 0, "op": "eq"}]}, "/filter/0/value"),
        ({"filter": [{"column": 0, "op": "like", "value": "a"}]}, "/filter/0/op"),
        ({"filter": [{"column": 0, "op": "in", "value": "a"}]}, "/filter/0/value"),
        ({"sort": [{"column": 0, "direction": "up"}]}, "/sort/0/direction"),
    ],
)
def test_a_view_that_cannot_be_is_refused(
    shop: tuple[QueriesApi, str], view: dict[str, Any], path: str
) -> None:
    queries, connection = shop
    run = queries.ask(connection, "select * from items")["id"]
    assert queries.post(f"/{run}/view", json={"sort": [{"column": 0}]}).status == 200
    refused = queries.post(f"/{run}/view", json=view)
    assert (refused.status, refused.code) == (422, "request_invalid")
    assert [problem["path"] for problem in refused.json["errors"]] == [path]


def test_a_filter_whose_value_does_not_fit_is_a_run_that_failed(
    shop: tuple[QueriesApi, str],
) -> None:
    queries, connection = shop
    run = queries.ask(connection, "select * from items")["id"]
    view = {"filter": [{"column": 1, "op": "lt", "value": "much"}]}
    seen = queries.post(f"/{run}/view", json=view).json
    assert (seen["state"], seen["error"]["code"]) == ("failed", "parameter_invalid")
    assert "price" in seen["error"]["message"]


@pytest.mark.parametrize("sql", ["show timezone", "explain select 1"])
def test_only_a_select_can_be_sorted(shop: tuple[QueriesApi, str], sql: str) -> None:
    queries, connection = shop
    run = queries.ask(connection, sql)["id"]
    assert queries.get(f"/{run}/rows").status == 200
    refused = queries.post(f"/{run}/view", json={"sort": [{"column": 0}]})
    assert (refused.status, refused.code) == (422, "statement_refused")
    assert queries.get(f"/{run}/values?column=0").code == "statement_refused"


def test_a_view_of_a_volatile_query_says_that_it_ran_again(shop: tuple[QueriesApi, str]) -> None:
    queries, connection = shop
    asked = queries.ask(connection, "select random() as r", wait_seconds=0)
    queries.work(connection)
    seen = queries.post(f"/{asked['id']}/view", json={"sort": [{"column": 0}], "wait_seconds": 0})
    assert seen.json["state"] == "queued"
    queries.work(connection)
    assert "run again" in queries.get(f"/{seen.json['id']}").json["notes"][0]


def test_a_column_tells_its_values_and_bounds(shop: tuple[QueriesApi, str]) -> None:
    queries, connection = shop
    run = queries.ask(connection, "select * from items", limit=0)["id"]
    names = queries.get(f"/{run}/values?column=0").json
    assert names["values"][0] == ["b", "2"]
    assert {value for value, _ in names["values"]} == {"a", "A", "b", "c"}
    assert (names["state"], names["row_count"], names["null_count"]) == ("succeeded", 5, 0)
    prices = queries.get(f"/{run}/values?column=1").json
    assert (prices["min"], prices["max"], prices["null_count"]) == ("1.5", "10", 1)
    found = queries.get(f"/{run}/values?column=0&search=B").json
    assert [value for value, _ in found["values"]] == ["b"]
    tags = queries.get(f"/{run}/values?column=3").json
    assert tags["values"] == [[None, "3"], ["{}", "2"]]
    assert queries.get(f"/{run}/values?column=4").code == "request_invalid"


def test_values_of_a_slow_column_come_later(shop: tuple[QueriesApi, str]) -> None:
    queries, connection = shop
    run = queries.ask(connection, "select name from items")["id"]
    later = queries.get(f"/{run}/values?column=0&wait_seconds=0")
    assert (later.status, later.json["state"], later.json["values"]) == (202, "running", None)
    assert queries.work(connection) == 2
    assert queries.get(f"/{run}/values?column=0").json["values"][0] == ["b", "2"]


# History


def test_the_history_is_ones_own_and_for_admins_everybodys(queries: QueriesApi) -> None:
    first, second = queries.connect(), queries.connect(name="Second")
    queries.connections.grant(first, OTHER)
    queries.ask(first, "select 1 as needle")
    queries.ask(second, "select 2")
    queries.ask(first, "select 3", as_=OTHER)
    own = queries.get().json["items"]
    assert [one["sql"] for one in own] == ["select 2", "select 1 as needle"]
    assert [one["connection_name"] for one in own] == ["Second", "Shop"]
    everybody = queries.get(as_=ADMIN).json["items"]
    assert [one["sql"] for one in everybody] == ["select 3", "select 2", "select 1 as needle"]
    of_first = queries.get(f"?connection_id={first}", as_=ADMIN).json["items"]
    assert {one["user_email"] for one in of_first} == {
        "editor@heliograph.example", "other-editor@heliograph.example",
    }  # fmt: skip
    theirs = queries.people.actors[OTHER].user_id
    assert queries.get(f"?user_id={theirs}").code == "forbidden"
    assert [one["sql"] for one in queries.get(f"?user_id={theirs}", as_=ADMIN).json["items"]] == [
        "select 3"
    ]
    assert [one["sql"] for one in queries.get("?search=NEEDLE").json["items"]] == [
        "select 1 as needle"
    ]
    assert queries.get("?state=failed").json["items"] == []
    assert queries.get("?state=lost").code == "request_invalid"


def test_the_history_is_paged_by_its_time(queries: QueriesApi, clock: SetClock) -> None:
    connection = queries.connect()
    for n in range(5):
        queries.ask(connection, f"select {n}")
        clock.advance(timedelta(seconds=1))
    seen: list[str] = []
    cursor = ""
    while True:
        page = queries.get(f"?limit=2{cursor}").json
        seen += [one["sql"] for one in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == [f"select {n}" for n in (4, 3, 2, 1, 0)]
    assert queries.get("?cursor=nonsense").code == "cursor_invalid"


def test_everything_that_was_asked_is_in_the_audit_record(queries: QueriesApi) -> None:
    connection = queries.connect(cache_seconds=60)
    ids = [queries.ask(connection, sql)["id"] for sql in ("select 1", "select 1", "drop table t")]
    events = queries.services.database.fetch(
        "SELECT actor_email, object_name, after FROM audit_events"
        " WHERE action = 'query.asked' ORDER BY id"
    )
    assert [event["after"]["run_id"] for event in events] == ids
    assert [event["after"]["sql"] for event in events][1:] == ["select 1", "drop table t"]
    assert [event["after"]["cached_at"] is None for event in events] == [True, False, True]
    assert {event["object_name"] for event in events} == {"Shop"}
    assert {event["actor_email"] for event in events} == {"editor@heliograph.example"}


@pytest.mark.parametrize("policy", ["kept", "hashed", "dropped"])
def test_values_are_recorded_as_the_policy_says(
    queries: QueriesApi, clock: SetClock, policy: str
) -> None:
    connection = queries.connect(history_values=policy)
    sql = "select {{a}}::text as a"
    asked = queries.ask(connection, sql, params={"a": "s3cret"})
    assert asked["rows"] == [["s3cret"]]
    (past,) = queries.get().json["items"]
    if policy == "hashed":
        assert past["params"]["a"].startswith("sha256:")
    else:
        assert past["params"] == ({"a": "s3cret"} if policy == "kept" else None)
    view = queries.post(f"/{asked['id']}/view", json={"sort": [{"column": 0}]})
    assert view.json["rows"] == [["s3cret"]], "as long as the rows are kept, so are their values"
    assert queries.post(f"/{asked['id']}/again").json["rows"] == [["s3cret"]]
    clock.advance(timedelta(hours=2))
    queries.services.tending.forget_results(100)
    kept = queries.services.database.fetch(
        "SELECT count(*) AS n FROM query_executions WHERE work IS NOT NULL OR result IS NOT NULL"
    )
    assert kept == [{"n": 0}]
    again = queries.post(f"/{asked['id']}/again")
    if policy == "kept":
        assert again.json["rows"] == [["s3cret"]]
    else:
        assert (again.status, again.code) == (409, "conflict")
    for table in ("query_runs", "query_executions", "audit_events"):
        rows = queries.services.database.fetch(f"SELECT {table}::text AS t FROM {table}")  # type: ignore[arg-type]
        assert any("s3cret" in row["t"] for row in rows) is (
            policy == "kept" and table != "audit_events"
        )


def test_big_numbers_and_depths_of_values_do_no_harm(queries: QueriesApi) -> None:
    connection = queries.connect()
    asked = queries.ask(connection, "select $1::numeric as n", params=[10**30])
    assert asked["rows"] == [[str(10**30)]]
    assert asked["params"] == [10**30]
    nested = queries.ask(connection, "select $1::int[] as n", params=[[[1, 2], [3, None]]])
    assert nested["rows"] == [[[[1, 2], [3, None]]]]
    text = base64.b64encode(bytes(range(256))).decode()
    assert queries.ask(connection, "select $1::text", params=[text])["rows"] == [[text]]
