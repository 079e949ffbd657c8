"""Work survives its way through the queue, and equal work is recognised."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest

from heliograph.connections.engines.contract import Column, Row, Session, ValueKind
from heliograph.connections.service import open_session
from heliograph.connections.url import parse_connection_url
from heliograph.kernel.errors import HeliographError, SqlInvalid, StatementRefused
from heliograph.queries.views import Direction, Filter, Nulls, Operator, Sort
from heliograph.queries.work import View, Work, read_work

CONNECTION = UUID(int=7)
COLUMNS = (Column("n", "int4", ValueKind.INTEGER), Column("t", "text", ValueKind.TEXT))
VIEW = View(
    COLUMNS,
    [Sort(0, Direction.DESCENDING, Nulls.LAST)],
    [Filter(1, Operator.IN, ["a", "c"]), Filter(0, Operator.IS_NOT_NULL)],
)
WORK = Work(
    "  select * from (values (1, 'a'), (2, 'b'), (3, {{t}})) as v(n, t)"
    " where n = any({{ids}}) -- x",
    {"t": "c", "ids": [1, 2, 3]},
    max_rows=100,
    timeout_seconds=5,
    time_zone="UTC",
    settings={"heliograph.user_email": "ada@heliograph.example"},
    views=(VIEW,),
)


@pytest.fixture(scope="module")
def session(superuser_url: str) -> Iterator[Session]:
    with open_session(parse_connection_url(superuser_url)) as opened:
        yield opened


def run(session: Session, work: Work) -> list[Row]:
    query = work.prepare()
    with query.located(), session.run(query.statement, work.options()) as result:
        return [row for batch in result.batches() for row in batch]


def through_json(work: Work) -> Work:
    return read_work(json.loads(json.dumps(work.to_json())))


def test_work_is_the_same_after_its_way_through_json(session: Session) -> None:
    again = through_json(WORK)
    assert json.dumps(again.to_json()) == json.dumps(WORK.to_json())
    assert run(session, again) == run(session, WORK) == [("3", "c"), ("1", "a")]


def test_the_settings_and_the_row_limit_come_along(session: Session) -> None:
    asked = Work(
        "select current_setting('heliograph.user_email'), current_setting('TimeZone')"
        " from generate_series(1, 9)",
        max_rows=2,
        time_zone="Asia/Tokyo",
        settings={"heliograph.user_email": "ada@heliograph.example"},
    )
    assert run(session, through_json(asked)) == [("ada@heliograph.example", "Asia/Tokyo")] * 2


@pytest.mark.parametrize(
    "other",
    [
        replace(WORK, sql=WORK.sql + " "),
        replace(WORK, sql=WORK.sql.replace("'a'", "'a '")),
        replace(WORK, params={"t": "d", "ids": [1, 2, 3]}),
        replace(WORK, params={"t": "c", "ids": ["1", 2, 3]}),
        replace(WORK, max_rows=101),
        replace(WORK, time_zone="Europe/Berlin"),
        replace(WORK, settings={"heliograph.user_email": "bob@heliograph.example"}),
        replace(WORK, views=()),
        replace(WORK, views=(replace(VIEW, filters=VIEW.filters[:1]),)),
    ],
)
def test_work_that_could_answer_otherwise_has_another_fingerprint(other: Work) -> None:
    assert other.fingerprint(CONNECTION, 1) != WORK.fingerprint(CONNECTION, 1)
    assert through_json(WORK).fingerprint(CONNECTION, 1) == WORK.fingerprint(CONNECTION, 1)


def test_another_connection_or_version_has_another_fingerprint() -> None:
    prints = {WORK.fingerprint(UUID(int=n), version) for n in (7, 8) for version in (1, 2)}
    assert len(prints) == 4


def test_the_order_of_named_values_does_not_count() -> None:
    turned = replace(WORK, params={"ids": [1, 2, 3], "t": "c"})
    assert turned.fingerprint(CONNECTION, 1) == WORK.fingerprint(CONNECTION, 1)


def test_an_error_in_a_view_points_into_the_text_of_the_person(session: Session) -> None:
    asked = Work(
        "select n, 1 / (n - 2) as t,\n  nix from generate_series(1, 3) as n", views=(VIEW,)
    )
    with pytest.raises(SqlInvalid) as caught:
        run(session, asked)
    assert (caught.value.line, caught.value.column) == (2, 3)


def test_an_error_of_the_view_itself_points_nowhere(session: Session) -> None:
    columns = (Column("p", "odd", ValueKind.OTHER),)  # a type whose lack of an order is not known
    for view in (View(columns, [Sort(0)]), View(columns, (), [Filter(0, Operator.LESS, "x")])):
        asked = Work("select point(1, 2)", views=(view,))
        with pytest.raises(HeliographError) as caught:
            run(session, asked)
        assert caught.value.position is None


def test_a_statement_is_judged_again_wherever_it_is_prepared() -> None:
    with pytest.raises(StatementRefused):
        through_json(Work("delete from orders")).prepare()
