"""A result sorted and filtered by PostgreSQL itself, whatever its columns are called or hold."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from heliograph.connections.engines.contract import BoundStatement, Column, Row, RunOptions, Session
from heliograph.connections.service import open_session
from heliograph.connections.url import parse_connection_url
from heliograph.kernel.errors import ParameterInvalid, RequestInvalid, StatementRefused
from heliograph.queries.views import (
    Direction,
    Filter,
    Nulls,
    Operator,
    Sort,
    wrap_bounds,
    wrap_values,
    wrap_view,
)

PEOPLE = BoundStatement(
    "SELECT * FROM (VALUES (1, 'Ada', 36.5, DATE '1815-12-10'), (2, 'bob', NULL, '2001-01-01'),"
    " (10, NULL, 7, NULL), (3, 'Ä%_', 7.25, '1999-12-31')) AS people(id, name, score, born)"
    " -- a comment at the end",
    is_wrappable=True,
)


@pytest.fixture(scope="module")
def session(superuser_url: str) -> Iterator[Session]:
    with open_session(parse_connection_url(superuser_url)) as opened:
        yield opened


def run(session: Session, statement: BoundStatement) -> tuple[list[Column], list[Row]]:
    with session.run(statement, RunOptions()) as result:
        rows = [row for batch in result.batches() for row in batch]
        return list(result.columns), rows


def columns_of(session: Session, statement: BoundStatement) -> list[Column]:
    return run(session, statement)[0]


def view(
    session: Session,
    statement: BoundStatement,
    sorts: list[Sort] | None = None,
    filters: list[Filter] | None = None,
) -> list[Row]:
    columns = columns_of(session, statement)
    found, rows = run(session, wrap_view(statement, columns, sorts or [], filters or []))
    assert [(c.name, c.type) for c in found] == [(c.name, c.type) for c in columns]
    return rows


def ids(rows: list[Row]) -> list[str | None]:
    return [row[0] for row in rows]


def test_numbers_sort_as_numbers_and_nulls_where_they_are_wanted(session: Session) -> None:
    assert ids(view(session, PEOPLE, [Sort(0)])) == ["1", "2", "3", "10"]
    down = Sort(2, Direction.DESCENDING)
    assert ids(view(session, PEOPLE, [down])) == ["2", "1", "3", "10"]
    last = Sort(2, Direction.DESCENDING, Nulls.LAST)
    assert ids(view(session, PEOPLE, [last])) == ["1", "3", "10", "2"]


def test_a_second_sort_decides_among_equals(session: Session) -> None:
    pairs = BoundStatement(
        "VALUES (1, 'b'), (2, 'a'), (1, 'a')", is_wrappable=True, wraps_lists=True
    )
    sorts = [Sort(1, Direction.DESCENDING), Sort(0)]
    assert view(session, pairs, sorts) == [("1", "b"), ("1", "a"), ("2", "a")]


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (Filter(0, Operator.EQUAL, "10"), ["10"]),
        (Filter(1, Operator.NOT_EQUAL, "Ada"), ["2", "10", "3"]),
        (Filter(2, Operator.LESS, "7.25"), ["10"]),
        (Filter(2, Operator.AT_MOST, "7.25"), ["10", "3"]),
        (Filter(3, Operator.GREATER, "1999-12-31"), ["2"]),
        (Filter(3, Operator.AT_LEAST, "1999-12-31"), ["2", "3"]),
        (Filter(0, Operator.IN, ["1", "3", "7"]), ["1", "3"]),
        (Filter(1, Operator.NOT_IN, ["Ada", "bob"]), ["10", "3"]),
        (Filter(1, Operator.CONTAINS, "%_"), ["3"]),
        (Filter(1, Operator.CONTAINS, "DA"), ["1"]),
        (Filter(1, Operator.NOT_CONTAINS, "a"), ["2", "10", "3"]),
        (Filter(1, Operator.STARTS_WITH, "B"), ["2"]),
        (Filter(1, Operator.ENDS_WITH, "DA"), ["1"]),
        (Filter(0, Operator.CONTAINS, "1"), ["1", "10"]),
        (Filter(2, Operator.IS_NULL), ["2"]),
        (Filter(2, Operator.IS_NOT_NULL), ["1", "10", "3"]),
        (Filter(1, Operator.EQUAL, "' OR 1=1 --"), []),
    ],
    ids=lambda value: str(value.operator) if isinstance(value, Filter) else "",
)
def test_a_filter_keeps_what_fits(
    session: Session, one: Filter, expected: list[str | None]
) -> None:
    assert ids(view(session, PEOPLE, filters=[one])) == expected


def test_values_of_filters_follow_those_of_the_statement(session: Session) -> None:
    statement = BoundStatement(
        "SELECT n FROM generate_series(1, $1::int) AS n WHERE n <> ALL($2::int[])",
        ["9", ["2", "4"]],
        ["most", "without"],
        is_wrappable=True,
        wraps_lists=True,
    )
    filters = [Filter(0, Operator.AT_MOST, "5"), Filter(0, Operator.NOT_EQUAL, "3")]
    assert ids(view(session, statement, [Sort(0)], filters)) == ["1", "5"]


def test_a_value_that_does_not_fit_its_column_is_named_by_it(session: Session) -> None:
    columns = columns_of(session, PEOPLE)
    wrong = wrap_view(PEOPLE, columns, filters=[Filter(0, Operator.EQUAL, "many")])
    with pytest.raises(ParameterInvalid, match="The value of the filter of id is"):
        run(session, wrong)


def test_columns_of_one_name_and_odd_names_are_told_apart(session: Session) -> None:
    twins = BoundStatement("""SELECT 2 AS a, 1 AS a, 3 AS "say ""hi"" $1", 4""", is_wrappable=True)
    assert view(session, twins, [Sort(1)], [Filter(0, Operator.EQUAL, "2")]) == [
        ("2", "1", "3", "4")
    ]


def test_types_without_an_order_are_sorted_by_their_text(session: Session) -> None:
    documents = BoundStatement(
        """VALUES ('{"b": 1}'::json, point(1, 2), ARRAY['{}'::json]),"""
        """ ('{"a": 1}', point(0, 2), ARRAY['[]'::json])""",
        is_wrappable=True,
    )
    for column in range(3):
        rows = view(session, documents, [Sort(column)])
        assert sorted(rows, key=lambda row: str(row[column])) == rows
    found = view(session, documents, filters=[Filter(0, Operator.EQUAL, '{"a": 1}')])
    assert [row[1] for row in found] == ["(0,2)"]


def test_a_result_without_columns_keeps_its_rows(session: Session) -> None:
    assert view(
        session, BoundStatement("SELECT FROM generate_series(1, 3)", is_wrappable=True)
    ) == [
        (),
        (),
        (),
    ]


def test_what_cannot_be_wrapped_is_refused(session: Session) -> None:
    show = BoundStatement("SHOW TimeZone")
    with pytest.raises(StatementRefused):
        wrap_view(show, columns_of(session, show), [Sort(0)])


@pytest.mark.parametrize(
    ("sorts", "filters", "path"),
    [
        ([Sort(4)], [], "/sort/0/column"),
        ([Sort(-1)], [], "/sort/0/column"),
        ([], [Filter(9, Operator.IS_NULL)], "/filter/0/column"),
        ([], [Filter(0, Operator.IS_NULL, "1")], "/filter/0/value"),
        ([], [Filter(0, Operator.EQUAL)], "/filter/0/value"),
        ([], [Filter(0, Operator.EQUAL, ["1"])], "/filter/0/value"),
        ([], [Filter(0, Operator.IN, "1")], "/filter/0/value"),
        ([Sort(0)] * 17, [], "/sort"),
        ([], [Filter(0, Operator.IS_NULL)] * 33, "/filter"),
    ],
)
def test_a_view_that_makes_no_sense_says_where(
    session: Session, sorts: list[Sort], filters: list[Filter], path: str
) -> None:
    columns = columns_of(session, PEOPLE)
    wrap_view(PEOPLE, columns, sorts[:16] if path == "/sort" else [], [])
    with pytest.raises(RequestInvalid) as caught:
        wrap_view(PEOPLE, columns, sorts, filters)
    assert [where for where, _ in caught.value.problems] == [path]


def test_distinct_values_come_with_their_counts(session: Session) -> None:
    colours = BoundStatement(
        "SELECT * FROM unnest(ARRAY['red', 'blue', 'red', NULL, 'grey']) AS colour",
        is_wrappable=True,
    )
    columns = columns_of(session, colours)
    _, rows = run(session, wrap_values(colours, columns, 0))
    assert rows == [("red", "2"), ("blue", "1"), ("grey", "1"), (None, "1")]
    _, found = run(session, wrap_values(colours, columns, 0, "RE"))
    assert found == [("red", "2"), ("grey", "1")]


@pytest.mark.parametrize(
    ("values", "least", "greatest"),
    [
        ("(3), (NULL), (20)", "3", "20"),
        ("(DATE '2020-01-02'), ('1999-01-01'), (NULL)", "1999-01-01", "2020-01-02"),
        ("(true), (false), (NULL)", "f", "t"),
        ("('\\x02'::bytea), ('\\x01'), (NULL)", "\\x01", "\\x02"),
        ("(int4range(1, 2)), (int4range(0, 9)), (NULL)", "[0,9)", "[1,2)"),
        ("('2'::json), ('1'), (NULL)", "1", "2"),
    ],
)
def test_bounds_of_any_type(session: Session, values: str, least: str, greatest: str) -> None:
    statement = BoundStatement(f"VALUES {values}", is_wrappable=True)
    _, rows = run(session, wrap_bounds(statement, columns_of(session, statement), 0))
    assert rows == [(least, greatest, "3", "1")]


def test_bounds_of_nothing_are_null(session: Session) -> None:
    nothing = BoundStatement("SELECT 1 WHERE false", is_wrappable=True)
    _, rows = run(session, wrap_bounds(nothing, columns_of(session, nothing), 0))
    assert rows == [(None, None, "0", "0")]
