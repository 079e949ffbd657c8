"""The guard: lets one statement pass that only reads, and refuses everything else.

It is the first of four walls. Behind it stand the extended protocol (one statement at a time), a
READ ONLY transaction with time limits that is always rolled back, and the connection's own role.
It judges PostgreSQL's own parse tree, never the text; `guard_rules` says which functions may be
called.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from heliograph.kernel.errors import (
    FunctionRefused,
    HeliographError,
    SeveralStatements,
    SqlEmpty,
    StatementRefused,
)
from heliograph.queries.guard_rules import (
    Refusal,
    find_refusal,
    find_refusal_as_column,
    find_refusal_of_view,
)
from heliograph.queries.guard_text import (
    CharacterOffsets,
    find_words,
    parse_sql,
    statement_bounds,
)

Node = dict[str, Any]


class StatementKind(StrEnum):
    """The statements that pass."""

    SELECT = "select"
    VALUES = "values"
    TABLE = "table"
    SHOW = "show"
    EXPLAIN = "explain"
    CALL = "call"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement that passed.

    ``text`` is the statement without semicolon and without blanks and comments around it (those
    inside are kept); ``offset`` is how many characters of the given SQL stand before it.
    ``is_wrappable`` says that it may stand in ``FROM (...)``. ``functions`` are the lower-case last
    names of the functions it calls by name, ``parameters`` the n of every ``$n``.
    """

    kind: StatementKind
    text: str
    offset: int
    is_wrappable: bool
    functions: frozenset[str]
    parameters: frozenset[int]


_KINDS = {
    "SelectStmt": StatementKind.SELECT,
    "VariableShowStmt": StatementKind.SHOW,
    "ExplainStmt": StatementKind.EXPLAIN,
    "CallStmt": StatementKind.CALL,
}
_WRITES = {"InsertStmt": "insert", "UpdateStmt": "update", "DeleteStmt": "delete"}
_WRITES["MergeStmt"] = "merge"
_INNER = {
    **_WRITES,
    "CreateTableAsStmt": "create",
    "RefreshMatViewStmt": "refresh",
    "ExecuteStmt": "execute",
    "DeclareCursorStmt": "declare",
}
_TABLE = re.compile(r"table\b", re.IGNORECASE)

_ONLY_READS = "Heliograph only reads. Make changes with a tool of your own, such as psql."
_HINTS = {
    **dict.fromkeys(
        ("SET", "RESET", "DISCARD"),
        "The time limit and the time zone are options of the query; other settings belong to"
        " the role: ALTER ROLE ... SET ...",
    ),
    **dict.fromkeys(
        ("BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE"),
        "Leave it out: every query already runs in a read-only transaction of its own.",
    ),
    **dict.fromkeys(
        ("PREPARE", "EXECUTE", "DEALLOCATE"),
        "Write the query itself, with {{name}} or $1 for its values.",
    ),
    **dict.fromkeys(
        ("DECLARE", "FETCH", "MOVE", "CLOSE"),
        "Write the SELECT itself: its rows are streamed, however many there are.",
    ),
    "COPY": "Write the SELECT itself and choose CSV as the format.",
    "DO": "Put the code into a procedure and CALL it.",
    "LOCK": "Leave it out: a query here reads one consistent snapshot.",
    "LISTEN": "Ask again on a schedule, or set an alert.",
}


def check_statement(sql: str) -> Statement:
    """Return the one statement that ``sql`` holds, if it only reads.

    Raises `SqlEmpty`, `SeveralStatements`, `StatementRefused`, `FunctionRefused` or `SqlTooLarge`
    when it is refused and `SqlInvalid` when PostgreSQL could not read it, each with its place in
    ``sql`` and a hint. Blocks for at most a few seconds, for text of the largest size.
    """
    raw = parse_sql(sql)
    if not raw:
        raise SqlEmpty(
            "There is no statement: only blanks and comments.",
            hint="Write a query, such as SELECT 1.",
        )
    offsets = CharacterOffsets(sql)
    start, end = _bounds(sql, raw[0], offsets)
    if len(raw) > 1:
        second, _ = _bounds(sql, raw[1], offsets)
        raise SeveralStatements(
            f"There are {len(raw)} statements; one at a time can run.",
            hint="Keep one, or join them with WITH or UNION ALL.",
        ).located_in(sql, second + 1)
    tree: Node = raw[0]["stmt"]
    tag = next(iter(tree))
    if tag not in _KINDS:
        raise _refuse_statement(sql, start)
    scan = _Scan(sql, start, end, offsets)
    scan.walk(tree)
    text = sql[start:end]
    kind = _KINDS[tag]
    if kind is StatementKind.SELECT:
        kind = _kind_of_select(tree[tag], text)
    return Statement(
        kind,
        text,
        start,
        tag == "SelectStmt",
        frozenset(scan.functions),
        frozenset(scan.parameters),
    )


def _bounds(sql: str, raw: Node, offsets: CharacterOffsets) -> tuple[int, int]:
    start = raw.get("stmt_location", 0)
    length = raw.get("stmt_len", 0)
    return statement_bounds(sql, offsets[start], offsets[start + length] if length else len(sql))


def _kind_of_select(select: Node, text: str) -> StatementKind:
    if "valuesLists" in select:
        return StatementKind.VALUES
    return StatementKind.TABLE if _TABLE.match(text) else StatementKind.SELECT


def _refuse_statement(sql: str, start: int) -> HeliographError:
    word = re.match(r"\w+", sql[start:])
    name = word.group().upper() if word else "This"
    return StatementRefused(
        f"{name} is refused: only SELECT, VALUES, TABLE, SHOW, EXPLAIN and CALL may run.",
        hint=_HINTS.get(name, _ONLY_READS),
    ).located_in(sql, start + 1)


@dataclass(slots=True)
class _ColumnNotation:
    """``qualifier.name``, which is the call ``name(qualifier)`` where there is no such column."""

    qualifier: str
    name: str
    at: int
    refusal: Refusal


@dataclass(slots=True)
class _Scan:
    """One walk over a tree: gathers what is called, and raises the refusal that comes first."""

    sql: str
    start: int
    end: int
    offsets: CharacterOffsets
    functions: set[str] = field(default_factory=set)
    parameters: set[int] = field(default_factory=set)
    refusals: list[HeliographError] = field(default_factory=list)
    # Of functions in FROM: their name (None: not known) and the columns that are surely theirs.
    ranges: list[tuple[str | None, set[str]]] = field(default_factory=list)
    notations: list[_ColumnNotation] = field(default_factory=list)

    def walk(self, tree: Node) -> None:
        """Look at every node, without recursion; raise if anything was refused."""
        waiting: list[Any] = [tree]
        while waiting:
            node = waiting.pop()
            if type(node) is list:
                waiting.extend(node)
                continue
            for key, value in node.items():
                kind = type(value)
                if kind is dict or kind is list:
                    look = _LOOKS.get(key)
                    if look is not None:
                        look(self, node, value)
                    elif key[-4:] == "Stmt" and key not in _KINDS and key[0].isupper():
                        self._refuse_inner(key, value)
                    waiting.append(value)
                elif key == "relname":
                    self._look_at_relation(node, value)
        self._judge_notations()
        if self.refusals:
            raise min(self.refusals, key=lambda error: error.position or 0)

    def look_at_call(self, node: Node, names: list[Node]) -> None:
        """Judge ``name(...)``."""
        parts = _strings(names)
        name = parts[-1]
        self.functions.add(name.lower())
        schema = parts[-2] if len(parts) > 1 else None
        refusal = find_refusal(schema, name, len(node.get("args", ())))
        if refusal is not None:
            self._refuse_function(name, refusal, self._place_of(node))

    def look_at_parameter(self, _: Node, value: Node) -> None:
        """Remember ``$n``."""
        self.parameters.add(value.get("number", 0))

    def look_at_column(self, _: Node, value: Node) -> None:
        """Remember ``qualifier.name`` if it may be a refused call."""
        parts = _strings(value.get("fields", ()))
        if len(parts) > 1 and (refusal := find_refusal_as_column(parts[-1])):
            place = self._place_of(value)
            self.notations.append(_ColumnNotation(parts[-2], parts[-1], place, refusal))

    def look_at_indirection(self, _: Node, value: Node) -> None:
        """Judge ``(something).name``."""
        for name in _strings(value.get("indirection", ())):
            refusal = find_refusal_as_column(name)
            if refusal is not None:
                self._refuse_function(name, refusal, self._first_place_in(value))

    def look_at_range_function(self, _: Node, value: Node) -> None:
        """Remember a function in FROM, whose value can be called upon in column notation."""
        alias: Node = value.get("alias", {})
        name = alias.get("aliasname")
        columns = set(_strings(alias.get("colnames", ())))
        columns.update(item["ColumnDef"]["colname"] for item in value.get("coldeflist", ()) if item)
        if name and not columns:
            columns.add(name)
        if name is None:
            calls = [
                call for item in value["functions"] for call in item["List"]["items"][:1] if call
            ]
            name = (
                _strings(calls[0]["FuncCall"]["funcname"])[-1] if "FuncCall" in calls[0] else None
            )
        self.ranges.append((name, columns))

    def look_at_into(self, _: Node, value: Node) -> None:
        """Refuse SELECT ... INTO."""
        self._refuse(
            "SELECT INTO makes a table, which is refused.",
            "Leave INTO out: the rows are the result.",
            find_words(self.sql, self.start, self.end, "into") or self._first_place_in(value),
        )

    def look_at_locking(self, _: Node, value: list[Node]) -> None:
        """Refuse FOR UPDATE and the like."""
        at = find_words(self.sql, self.start, self.end, "for", "update|share|no|key")
        self._refuse(
            "FOR UPDATE, FOR SHARE and the like lock rows, which is refused.",
            "Leave it out: a query here reads one consistent snapshot.",
            self._first_place_in(value) if at is None else at,
        )

    def _look_at_relation(self, node: Node, name: str) -> None:
        refusal = find_refusal_of_view(node.get("schemaname"), name)
        if refusal is not None:
            self._refuse_function(name, refusal, self._place_of(node), "view")

    def _refuse_inner(self, tag: str, value: Node) -> None:
        word = _INNER.get(tag)
        at = find_words(self.sql, self.start, self.end, word) if word else None
        place = self._first_place_in(value) if at is None else at
        name = word.upper() if word else tag.removesuffix("Stmt").upper()
        self._refuse(f"{name} is refused inside a query too.", _HINTS.get(name, _ONLY_READS), place)

    def _judge_notations(self) -> None:
        for item in self.notations:
            callable_on = [
                columns for name, columns in self.ranges if name is None or name == item.qualifier
            ]
            if any(item.name not in columns for columns in callable_on):
                self._refuse_function(item.name, item.refusal, item.at)

    def _refuse_function(
        self, name: str, refusal: Refusal, at: int, what: str = "function"
    ) -> None:
        error = FunctionRefused(f"The {what} {name} {refusal.why}.", hint=refusal.hint)
        self.refusals.append(error.located_in(self.sql, at + 1))

    def _refuse(self, message: str, hint: str, at: int) -> None:
        self.refusals.append(StatementRefused(message, hint=hint).located_in(self.sql, at + 1))

    def _place_of(self, node: Node) -> int:
        location = node.get("location", -1)
        return self.offsets[location] if location > 0 else self.start

    def _first_place_in(self, tree: Node | list[Node]) -> int:
        places = [at for at in _locations(tree) if at > 0]
        return self.offsets[min(places)] if places else self.start


_LOOKS: dict[str, Callable[[_Scan, Node, Any], None]] = {
    "funcname": _Scan.look_at_call,
    "ParamRef": _Scan.look_at_parameter,
    "ColumnRef": _Scan.look_at_column,
    "A_Indirection": _Scan.look_at_indirection,
    "RangeFunction": _Scan.look_at_range_function,
    "intoClause": _Scan.look_at_into,
    "lockingClause": _Scan.look_at_locking,
}


def _strings(nodes: Any) -> list[str]:
    return [node["String"].get("sval", "") for node in nodes if "String" in node]


def _locations(tree: Any) -> Iterator[int]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if type(node) is list:
            waiting.extend(node)
        elif type(node) is dict:
            waiting.extend(node.values())
            if "location" in node:
                yield node["location"]
