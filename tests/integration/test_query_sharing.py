"""Answers from the cache and answers shared: to whom, how old, and what a failure leaves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from tests.support.api import Api, SetClock
from tests.support.connections import ADMIN, EDITOR, OTHER
from tests.support.queries import QueriesApi, queries_api
from tests.support.runs import wait_for

from heliograph.platform import postgres
from heliograph.web.services import Services


@pytest.fixture
def queries(services: Services, api: Api, make_database: Callable[[], str]) -> Iterator[QueriesApi]:
    with queries_api(services, api, make_database()) as made:
        made.execute("create table hits (n int)", "insert into hits values (1)")
        yield made


def executions(queries: QueriesApi) -> int:
    rows = queries.services.database.fetch("SELECT count(*) AS n FROM query_executions")
    return int(rows[0]["n"])


SQL = "select count(*) from hits"


def test_a_cached_answer_is_as_old_as_may_be_and_says_its_age(
    queries: QueriesApi, clock: SetClock
) -> None:
    connection = queries.connect(cache_seconds=60)
    first = queries.ask(connection, SQL)
    queries.execute("insert into hits values (2)")
    clock.advance(timedelta(seconds=59))
    cached = queries.ask(connection, SQL)
    assert (cached["rows"], first["cached_at"]) == ([["1"]], None)
    assert cached["cached_at"] == first["requested_at"]
    assert queries.get(f"/{cached['id']}/rows").json["rows"] == [["1"]]
    younger = queries.ask(connection, SQL, cache_seconds=30)
    assert (younger["rows"], younger["cached_at"]) == ([["2"]], None)
    assert queries.get().json["items"][1]["cached_at"] == first["requested_at"]
    clock.advance(timedelta(seconds=61))
    assert queries.ask(connection, SQL)["cached_at"] is None


def test_an_older_answer_does_not_stand_in_where_the_database_says_no(queries: QueriesApi) -> None:
    queries.execute(
        "create function counted() returns bigint stable language plpgsql as $$ declare"
        " hits bigint := (select count(*) from hits); begin"
        " if hits = 2 then raise division_by_zero; end if;"
        " if hits = 3 then raise insufficient_privilege; end if; return hits; end $$"
    )
    connection = queries.connect(cache_seconds=60)
    asked = [queries.ask(connection, "select counted()", cache_seconds=0)]
    for n in (2, 3):
        queries.execute(f"insert into hits values ({n})")
        asked.append(queries.ask(connection, "select counted()", cache_seconds=0))
    done, failed, refused = asked
    assert (done["state"], done["rows"]) == ("succeeded", [["1"]])
    assert (failed["state"], failed["stale"], failed["rows"]) == ("failed", True, [["1"]])
    assert refused["error"]["code"] == "permission_denied"
    assert (refused["stale"], refused["rows"]) == (False, None)


def test_a_forced_refresh_asks_anew_and_renews_the_cache(queries: QueriesApi) -> None:
    connection = queries.connect(cache_seconds=60)
    queries.ask(connection, SQL)
    queries.execute("insert into hits values (2)")
    assert queries.ask(connection, SQL)["rows"] == [["1"]]
    assert queries.ask(connection, SQL, cache_seconds=0)["rows"] == [["2"]]
    assert queries.ask(connection, SQL)["rows"] == [["2"]]


def test_nothing_is_cached_unless_connection_or_request_say_so(queries: QueriesApi) -> None:
    connection = queries.connect()
    queries.ask(connection, SQL)
    assert queries.ask(connection, SQL)["cached_at"] is None
    assert queries.ask(connection, SQL, cache_seconds=60)["cached_at"] is not None


@pytest.mark.parametrize(
    "difference",
    [
        {"sql": "select count(*)  from hits where {{a}}::text = 'x y'"},
        {"params": {"a": "x  y"}},
        {"max_rows": 7},
        {"time_zone": "Asia/Tokyo"},
        {"as_": ADMIN},
    ],
    ids=lambda difference: str(next(iter(difference))),
)
def test_only_the_very_same_question_of_the_same_person_is_cached(
    queries: QueriesApi, difference: dict[str, Any]
) -> None:
    connection = queries.connect(cache_seconds=60)
    question = {"sql": "select count(*) from hits where {{a}}::text = 'x y'", "params": {"a": "x"}}
    queries.ask(connection, **question)
    assert queries.ask(connection, **question)["cached_at"] is not None
    assert queries.ask(connection, **{**question, **difference})["cached_at"] is None


def test_a_change_of_the_connection_ends_its_cache(queries: QueriesApi) -> None:
    connection = queries.connect(cache_seconds=60)
    queries.ask(connection, SQL)
    assert queries.connections.patch(connection, name="Renamed").status == 200
    assert queries.ask(connection, SQL)["cached_at"] is None


def test_a_volatile_answer_is_never_taken_twice(queries: QueriesApi) -> None:
    connection = queries.connect(cache_seconds=60)
    asked = [queries.ask(connection, "select random()", wait_seconds=0)["id"] for _ in range(2)]
    assert queries.work(connection) == 2
    first, second = (queries.get(f"/{run}").json for run in asked)
    assert first["rows"] != second["rows"]
    assert second["cached_at"] is None


def test_a_failed_refresh_keeps_the_old_answer_marked_stale(
    queries: QueriesApi, clock: SetClock
) -> None:
    connection = queries.connect(cache_seconds=60)
    first = queries.ask(connection, SQL)
    clock.advance(timedelta(seconds=61))
    queries.execute("alter table hits rename to misses")
    failed = queries.ask(connection, SQL)
    assert (failed["state"], failed["error"]["sqlstate"]) == ("failed", "42P01")
    assert (failed["stale"], failed["rows"]) == (True, [["1"]])
    assert failed["cached_at"] == first["requested_at"]
    page = queries.get(f"/{failed['id']}/rows").json
    assert (page["rows"], page["stale"]) == ([["1"]], True)
    forced = queries.ask(connection, SQL, cache_seconds=0)
    assert (forced["state"], forced["stale"], forced["rows"]) == ("failed", True, [["1"]])
    queries.execute("alter table misses rename to hits")
    well = queries.ask(connection, SQL)
    assert (well["state"], well["stale"], well["cached_at"]) == ("succeeded", False, None)
    uncached = queries.connect(name="Uncached")
    queries.ask(uncached, SQL)
    queries.execute("drop table hits")
    assert queries.ask(uncached, SQL)["stale"] is False, "who did not ask for old rows gets none"


def test_policies_that_tell_people_apart_have_a_cache_each(queries: QueriesApi) -> None:
    queries.execute(
        "create table notes (reader text, note text)",
        "insert into notes values ('red', 'for red'), ('blue', 'for blue')",
        "alter table notes enable row level security",
        "create policy p on notes using (current_setting('heliograph.user_groups', true)::jsonb"
        " ? reader or reader = current_setting('heliograph.claim_team', true))",
        "create role note_reader login password 'notes'",
        "grant select on notes to note_reader",
    )
    services, people = queries.services, queries.people.actors
    try:
        connection = queries.connect(username="note_reader", password="notes", cache_seconds=3600)
        queries.connections.grant(connection, OTHER)
        admin, editor, other = (people[name] for name in (ADMIN, EDITOR, OTHER))
        group = services.groups.create(admin, "red")
        services.groups.add_member(admin, group.id, editor.user_id)
        services.users.change(admin, other.user_id, claims={"team": "blue"})
        sql = "select note from notes"
        for _ in range(2):
            assert queries.ask(connection, sql)["rows"] == [["for red"]]
            assert queries.ask(connection, sql, as_=OTHER)["rows"] == [["for blue"]]
            assert queries.ask(connection, sql, as_=ADMIN)["rows"] == []
        assert executions(queries) == 3
        services.groups.remove_member(admin, group.id, editor.user_id)
        assert queries.ask(connection, sql)["rows"] == []
    finally:
        services.connections.close()
        queries.execute("drop owned by note_reader", "drop role note_reader")


def test_without_identity_nobody_is_named_and_all_share_a_cache(queries: QueriesApi) -> None:
    connection = queries.connect(identity="none", cache_seconds=60)
    queries.connections.grant(connection, OTHER)
    sql = "select current_setting('heliograph.user_email', true) as who"
    mine = queries.ask(connection, sql)
    theirs = queries.ask(connection, sql, as_=OTHER)
    assert mine["rows"] == theirs["rows"] == [[""]]
    assert theirs["cached_at"] == mine["requested_at"]
    assert executions(queries) == 1


def test_equal_questions_that_wait_share_one_execution_and_cancel_their_own(
    queries: QueriesApi,
) -> None:
    connection = queries.connect(identity="none")
    queries.connections.grant(connection, OTHER)
    mine = queries.ask(connection, SQL, wait_seconds=0)
    theirs = queries.ask(connection, SQL, as_=OTHER, wait_seconds=0)
    assert mine["id"] != theirs["id"]
    assert executions(queries) == 1
    assert queries.delete(f"/{mine['id']}").json["state"] == "canceled"
    assert queries.state(theirs["id"], as_=OTHER) == "queued"
    assert queries.work(connection) == 1
    assert queries.get(f"/{theirs['id']}", as_=OTHER).json["rows"] == [["1"]]
    assert queries.state(mine["id"]) == "canceled"
    assert queries.get(f"/{mine['id']}/rows").code == "conflict"


def test_people_whom_policies_tell_apart_do_not_share(queries: QueriesApi) -> None:
    connection = queries.connect(identity="user")
    queries.connections.grant(connection, OTHER)
    for who in (EDITOR, OTHER, EDITOR):
        queries.ask(connection, SQL, as_=who, wait_seconds=0)
    assert executions(queries) == 2


def test_what_runs_is_shared_only_where_its_answer_may_be_that_old(queries: QueriesApi) -> None:
    connection = queries.connect(max_concurrency=3)
    lock = "select count(*) from hits"  # waits for whoever locks the table
    found: list[Any] = []
    with postgres.connect(queries.url, autocommit=False) as holder:
        holder.execute("lock table hits")
        asking = [
            threading.Thread(
                target=lambda: found.append(queries.ask(connection, lock, cache_seconds=60))
            )
        ]
        asking[0].start()
        wait_for(queries.url, "wait_event_type = 'Lock'")
        for _ in range(2):
            asking.append(
                threading.Thread(
                    target=lambda: found.append(queries.ask(connection, lock, cache_seconds=60))
                )
            )
            asking[-1].start()
        fresh = threading.Thread(target=lambda: found.append(queries.ask(connection, lock)))
        fresh.start()
        wait_for(
            queries.url,
            "(SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock') = 2",
        )
        holder.execute("commit")
        for thread in (*asking, fresh):
            thread.join(20)
    assert [one["rows"] for one in found] == [[["1"]]] * 4
    assert executions(queries) == 2
