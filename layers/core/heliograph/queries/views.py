"""A result sorted and filtered: the statement wrapped, so that PostgreSQL does it.

Types, collations and NULLs are the database's own. Columns are named by their place, so duplicate
and empty names do no harm; every value is bound. Where a type has no order or no equality (json,
point ...), its text stands in for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from heliograph.connections.engines.contract import BoundStatement, Column, Value
from heliograph.kernel.errors import RequestInvalid, StatementRefused

_UNORDERED = frozenset(
    {"json", "xml", "point", "line", "lseg", "box", "path", "polygon", "circle", "aclitem"}
    | {"txid_snapshot", "pg_snapshot", "refcursor", "gtsvector", "unknown", "void"}
)
_WITH_MIN = frozenset(
    {"int2", "int4", "int8", "numeric", "float4", "float8", "money", "oid", "date", "time"}
    | {"timetz", "timestamp", "timestamptz", "interval", "text", "varchar", "bpchar", "inet"}
)
_TEXTS = frozenset({"text", "varchar", "bpchar", "name", "citext"})
MOST_SORTS = 16
MOST_FILTERS = 32
MOST_VALUES = 1_000


class Direction(StrEnum):
    """Which way a column is sorted."""

    ASCENDING = "asc"
    DESCENDING = "desc"


class Nulls(StrEnum):
    """Where NULL stands among the sorted."""

    FIRST = "first"
    LAST = "last"


class Operator(StrEnum):
    """What a filter asks of a value. NULL passes ``is_null`` and what denies something: ``ne``."""

    EQUAL = "eq"
    NOT_EQUAL = "ne"
    LESS = "lt"
    AT_MOST = "le"
    GREATER = "gt"
    AT_LEAST = "ge"
    IN = "in"
    NOT_IN = "not_in"
    CONTAINS = "contains"
    NOT_CONTAINS = "not_contains"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"
    IS_NULL = "is_null"
    IS_NOT_NULL = "is_not_null"


@dataclass(frozen=True, slots=True)
class Sort:
    """Sort by one column, counted from 0; without ``nulls``, PostgreSQL places them."""

    column: int
    direction: Direction = Direction.ASCENDING
    nulls: Nulls | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """Keep the rows whose column, counted from 0, fits. A list of values for ``in`` alone."""

    column: int
    operator: Operator
    value: Value = None


_COMPARISONS = {
    Operator.EQUAL: "=",
    Operator.LESS: "<",
    Operator.AT_MOST: "<=",
    Operator.GREATER: ">",
    Operator.AT_LEAST: ">=",
}
# Sub-texts, without regard to case; the position of a text needs no escaping of % and _.
_SEARCHES = {
    Operator.CONTAINS: "strpos(lower({text}), lower({value})) > 0",
    Operator.NOT_CONTAINS: "strpos(lower({text}), lower({value})) > 0 IS NOT TRUE",
    Operator.STARTS_WITH: "starts_with(lower({text}), lower({value}))",
    Operator.ENDS_WITH: "right(lower({text}), length(lower({value}))) = lower({value})",
}


@dataclass(slots=True)
class _Values:
    """The values of the wrapped statement and, behind them, those of the filters."""

    values: list[Value]
    labels: list[str]

    def bind(self, value: Value, column: Column) -> str:
        self.values.append(value)
        self.labels.append(f"the filter of {column.name or 'a column without a name'}")
        return f"${len(self.values)}"


def wrap_view(
    statement: BoundStatement,
    columns: Sequence[Column],
    sorts: Sequence[Sort] = (),
    filters: Sequence[Filter] = (),
) -> BoundStatement:
    """Return the statement whose result is the given one's, filtered and sorted.

    ``columns`` are those of the given statement's result. Raises `StatementRefused` when it cannot
    stand in ``FROM (...)`` (CALL, SHOW, EXPLAIN), `RequestInvalid` for a column that it has not, a
    value that is missing or too many of them.
    """
    _check(statement, columns, sorts, filters)
    bound = _Values(list(statement.values), list(statement.labels))
    conditions = [
        _condition(one, columns[one.column], f"/filter/{index}", bound)
        for index, one in enumerate(filters)
    ]
    orders = [_order(one, columns[one.column]) for one in sorts]
    where = f"\nWHERE {' AND '.join(conditions)}" if conditions else ""
    order = f"\nORDER BY {', '.join(orders)}" if orders else ""
    named = ", ".join(
        f"{_place(index)} AS {_quote(column.name)}" for index, column in enumerate(columns)
    )
    text = f"SELECT {named} FROM {_subquery(statement, columns)}{where}{order}"  # noqa: S608
    return _rewritten(statement, text, bound.values, bound.labels)


def wrap_values(
    statement: BoundStatement, columns: Sequence[Column], column: int, search: str | None = None
) -> BoundStatement:
    """Return the statement that lists one column's distinct values, the most frequent first.

    Its columns are the value and how often it occurs; at most `MOST_VALUES` and one more rows.
    ``search`` keeps the values whose text contains it. Raises as `wrap_view` does.
    """
    sought = () if search is None else (Filter(column, Operator.CONTAINS, search),)
    _check(statement, columns, (), sought)
    bound = _Values(list(statement.values), list(statement.labels))
    conditions = [_condition(one, columns[column], "/search", bound) for one in sought]
    where = f"\nWHERE {' AND '.join(conditions)}" if conditions else ""
    value = _comparable(column, columns[column])
    text = (
        f"SELECT {value} AS value, count(*) AS count"  # noqa: S608  # places and bound values
        f" FROM {_subquery(statement, columns)}"
        f"{where}\nGROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {MOST_VALUES + 1}"
    )
    return _rewritten(statement, text, bound.values, bound.labels)


def wrap_bounds(
    statement: BoundStatement, columns: Sequence[Column], column: int
) -> BoundStatement:
    """Return the statement that gives one column's least and greatest value, and how many it has.

    Its one row: min, max, rows, NULLs. Raises as `wrap_view` does.
    """
    _check(statement, columns, (), (Filter(column, Operator.IS_NULL),))
    place, value = _place(column), _comparable(column, columns[column])
    if columns[column].type in _WITH_MIN:
        least, greatest = f"min({value})", f"max({value})"
    else:  # some types have an order and no min()
        least, greatest = (
            f"(SELECT {value} FROM result WHERE {place} IS NOT NULL"  # noqa: S608
            f" ORDER BY 1 {way} LIMIT 1)"
            for way in ("ASC", "DESC")
        )
    places = ", ".join(_place(index) for index in range(len(columns)))
    text = (
        f"WITH result({places}) AS MATERIALIZED (\n{statement.text}\n)\n"
        f"SELECT {least} AS min, {greatest} AS max, count(*) AS rows,"
        f" count(*) - count({place}) AS nulls FROM result"
    )
    return _rewritten(statement, text, list(statement.values), list(statement.labels))


def _rewritten(
    statement: BoundStatement, text: str, values: Sequence[Value], labels: Sequence[str]
) -> BoundStatement:
    return BoundStatement(
        text, values, labels, is_wrappable=True, wraps_lists=statement.wraps_lists
    )


def _check(
    statement: BoundStatement,
    columns: Sequence[Column],
    sorts: Sequence[Sort],
    filters: Sequence[Filter],
) -> None:
    if not statement.is_wrappable:
        raise StatementRefused(
            "Only the result of a SELECT, VALUES or TABLE can be sorted and filtered.",
            hint="What CALL, SHOW and EXPLAIN answer stays as it is.",
        )
    named = [(f"/sort/{index}", one.column) for index, one in enumerate(sorts)]
    named += [(f"/filter/{index}", one.column) for index, one in enumerate(filters)]
    problems = [
        (f"{path}/column", f"is not a column: there are {len(columns)}, counted from 0")
        for path, column in named
        if not 0 <= column < len(columns)
    ]
    if len(sorts) > MOST_SORTS:
        problems.append(("/sort", f"has more than {MOST_SORTS} columns"))
    if len(filters) > MOST_FILTERS:
        problems.append(("/filter", f"has more than {MOST_FILTERS} conditions"))
    if problems:
        raise RequestInvalid("The view cannot be made of this result.", problems)


def _condition(one: Filter, column: Column, path: str, bound: _Values) -> str:
    place = _place(one.column)
    if one.operator in (Operator.IS_NULL, Operator.IS_NOT_NULL):
        _demand(one.value is None, path, "takes no value")
        return f"{place} IS {'NOT ' if one.operator is Operator.IS_NOT_NULL else ''}NULL"
    if one.operator in (Operator.IN, Operator.NOT_IN):
        _demand(not isinstance(one.value, str | None), path, "takes a list of values")
        values = bound.bind(one.value, column)
        found = f"{_comparable(one.column, column)} = ANY({values}{_array_cast(column)})"
        return found if one.operator is Operator.IN else f"({found}) IS NOT TRUE"
    _demand(isinstance(one.value, str), path, "takes one value")
    value = bound.bind(one.value, column)
    if one.operator in _SEARCHES:
        text = place if column.type in _TEXTS else f"{place}::text"
        return "(" + _SEARCHES[one.operator].format(text=text, value=f"{value}::text") + ")"
    compared = _comparable(one.column, column)
    cast = "::text" if _has_no_order(column) else ""
    if one.operator is Operator.NOT_EQUAL:
        return f"{compared} IS DISTINCT FROM {value}{cast}"
    return f"{compared} {_COMPARISONS[one.operator]} {value}{cast}"


def _demand(is_met: bool, path: str, message: str) -> None:
    if not is_met:
        raise RequestInvalid("A filter is not complete.", [(f"{path}/value", message)])


def _order(one: Sort, column: Column) -> str:
    nulls = f" NULLS {one.nulls.upper()}" if one.nulls else ""
    return f"{_comparable(one.column, column)} {one.direction.upper()}{nulls}"


def _array_cast(column: Column) -> str:
    return "::text[]" if _has_no_order(column) else ""


def _comparable(index: int, column: Column) -> str:
    return f"{_place(index)}::text" if _has_no_order(column) else _place(index)


def _has_no_order(column: Column) -> bool:
    return column.type.removesuffix("[]") in _UNORDERED


def _subquery(statement: BoundStatement, columns: Sequence[Column]) -> str:
    # The line break ends a comment that the statement may end with.
    places = ", ".join(_place(index) for index in range(len(columns)))
    return f"(\n{statement.text}\n) AS result{f'({places})' if columns else ''}"


def _place(index: int) -> str:
    return f'"c{index}"'


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
