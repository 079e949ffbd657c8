"""Placeholders: ``{{name}}``, optional ``[[ ... ]]`` clauses and ``$n``.

`render` turns the SQL that a person wrote into SQL with ``$n`` only, ready to be bound by the
server, and remembers where each character came from, so that an error points into the person's
own text.

Both marks are recognised outside string literals, dollar quotes, quoted identifiers and comments
only. ``[[`` opens an optional clause only if the clause holds a placeholder and does not touch an
identifier, ``]`` or ``)`` before it, and stands in no ``ARRAY[...]``; everything else
(``ARRAY[[1,2],[3,4]]``, ``a[b[1]]``) is left alone. The clause stays when all its placeholders
have values.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection
from dataclasses import dataclass, field

from heliograph.kernel.errors import (
    ParameterMissing,
    ParametersMixed,
    ParameterSurplus,
    PlaceholderInvalid,
)

# PostgreSQL's lexical rules: scan.l; https://www.postgresql.org/docs/current/sql-syntax-lexical.html
_TOKEN = re.compile(
    r"""
      (?P<line_comment>--[^\r\n]*)
    | (?P<block_comment>/\*)
    | (?P<escape_string>(?<![\w$])[eE]'(?:[^'\\]|\\.|''|'\s*[\r\n]\s*')*(?:'|\Z))
    | (?P<string>'(?:[^']|'')*(?:'|\Z))
    | (?P<identifier>"(?:[^"]|"")*(?:"|\Z))
    | (?P<dollar_quote>(?<![\w$])\$(?:[^\W\d]\w*)?\$)
    | (?P<positional>(?<![\w$])\$(?P<number>\d+))
    | (?P<placeholder>\{\{)
    | (?P<bracket>[\[\]])
    | (?P<word>[^\W\d][\w$]*)
    | (?P<space>\s+)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_PLACEHOLDER = re.compile(r"\{\{\s*(?P<name>[^\W\d]\w*)\s*\}\}")
_BLOCK_COMMENT_EDGE = re.compile(r"/\*|\*/")
_WORD_CHARACTER = re.compile(r"[\w$]")
_MAX_POSITION = 65_535  # the protocol counts parameters in 16 bits


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of the SQL: what it is and where it stands (characters from 0)."""

    kind: str
    start: int
    end: int
    name: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class RenderedSql:
    """SQL with ``$n`` only; ``labels[n-1]`` is what the person calls the n-th parameter."""

    text: str
    labels: tuple[str, ...]
    is_named: bool
    _pieces: tuple[tuple[int, int], ...] = field(default=((0, 0),), repr=False)

    def origin(self, position: int) -> int:
        """Return the 1-based position in the person's SQL of a 1-based position in ``text``."""
        index = bisect_right(self._pieces, (position - 1, 1 << 60)) - 1
        start, source = self._pieces[index]
        following = self._pieces[index + 1][1] if index + 1 < len(self._pieces) else None
        moved = source + (position - 1 - start)
        return (moved if following is None else min(moved, following)) + 1


@dataclass(frozen=True, slots=True)
class Template:
    """Parsed SQL: the placeholders it names, in order of appearance, and the highest ``$n``."""

    sql: str
    tokens: tuple[Token, ...]
    clauses: tuple[tuple[int, int], ...]  # token indexes of the first [ and the last ]
    names: tuple[str, ...]
    required: frozenset[str]  # named at least once outside every optional clause
    positions: frozenset[int]

    @property
    def is_named(self) -> bool:
        """True where the SQL uses ``{{name}}``."""
        return bool(self.names)


def parse_template(sql: str) -> Template:
    """Read the placeholders of ``sql``.

    Raises `PlaceholderInvalid` for a ``{{`` that does not close or holds no name, and
    `ParametersMixed` when ``$n`` and ``{{name}}`` stand side by side.
    """
    tokens = tuple(_tokenize(sql))
    clauses = tuple(_find_clauses(sql, tokens))
    names = tuple(dict.fromkeys(token.name for token in tokens if token.kind == "placeholder"))
    positions = frozenset(token.number for token in tokens if token.kind == "positional")
    if names and positions:
        raise ParametersMixed(
            "The SQL uses both $n and {{name}}.", hint="Use one kind of placeholder throughout."
        )
    inside = {index for first, last in clauses for index in range(first, last)}
    required = frozenset(
        token.name
        for index, token in enumerate(tokens)
        if token.kind == "placeholder" and index not in inside
    )
    return Template(sql, tokens, clauses, names, required, positions)


def render(template: Template, given: Collection[str] | int) -> RenderedSql:
    """Number the placeholders and drop the optional clauses that lack a value.

    ``given`` holds the names that have a value (NULL is one), or for ``$n`` says how many values
    there are. Raises `ParameterMissing` and `ParameterSurplus`, naming each one.
    """
    if isinstance(given, int):
        return _render_positional(template, given)
    surplus = [name for name in given if name not in template.names]
    if surplus:
        raise ParameterSurplus(
            f"The SQL has no placeholder for {_listed(surplus)}.",
            hint=f"It has {_listed(template.names)}." if template.names else "It has none.",
        )
    missing = [name for name in template.names if name in template.required - set(given)]
    if missing:
        raise ParameterMissing(
            f"No value was given for {_listed(missing)}.",
            hint="Give each a value, or NULL. A clause in [[ ... ]] may go without.",
        )
    return _render_named(template, frozenset(given))


def _render_positional(template: Template, count: int) -> RenderedSql:
    highest = max(template.positions, default=0)
    if count < highest:
        missing = [f"${n}" for n in range(count + 1, highest + 1)]
        raise ParameterMissing(
            f"No value was given for {_listed(missing)}.",
            hint=f"The SQL takes {highest} value(s), in order.",
        )
    if count > highest:
        surplus = [f"${n}" for n in range(highest + 1, count + 1)]
        raise ParameterSurplus(
            f"{count} value(s) were given and the SQL has no {_listed(surplus)}.",
            hint=f"It takes {highest} value(s)." if highest else _no_placeholder(template.sql),
        )
    labels = tuple(f"${n}" for n in range(1, highest + 1))
    return RenderedSql(template.sql, labels, is_named=False)


def _no_placeholder(sql: str) -> str:
    if "{{" in sql or re.search(r"\$\d", sql):
        return "Inside quotes and comments there are none: write {{name}} without quotes around it."
    return "It has no placeholder: write $1, $2, ... or {{name}} where the values belong."


def _render_named(template: Template, given: frozenset[str]) -> RenderedSql:
    dropped, brackets = _divide_clauses(template, given)
    numbers: dict[str, int] = {}
    parts: list[str] = []
    pieces: list[tuple[int, int]] = [(0, 0)]
    length = 0
    for index, token in enumerate(template.tokens):
        if index in dropped:
            continue
        if index in brackets:
            text = " "
        elif token.kind == "placeholder":
            number = numbers.setdefault(token.name, len(numbers) + 1)
            text = _apart(template.sql, token, f"${number}")
        else:
            text = template.sql[token.start : token.end]
        pieces.append((length, token.start))
        parts.append(text)
        length += len(text)
    return RenderedSql(
        "".join(parts), tuple(numbers), is_named=template.is_named, _pieces=tuple(pieces)
    )


def _divide_clauses(template: Template, given: frozenset[str]) -> tuple[set[int], set[int]]:
    """Return the tokens of clauses that lack a value, and the brackets of those that do not."""
    dropped: set[int] = set()
    brackets: set[int] = set()
    for first, last in template.clauses:
        names = {t.name for t in template.tokens[first:last] if t.kind == "placeholder"}
        if names <= given:
            brackets |= {first, first + 1, last - 1, last}
        else:
            dropped |= set(range(first, last + 1))
    return dropped, brackets


def _apart(sql: str, token: Token, text: str) -> str:
    """Keep ``a{{x}}5`` from becoming the identifier ``a$15``."""
    before, after = sql[token.start - 1 : token.start], sql[token.end : token.end + 1]
    prefix = " " if _WORD_CHARACTER.fullmatch(before) else ""
    suffix = " " if _WORD_CHARACTER.fullmatch(after) else ""
    return prefix + text + suffix


def _listed(names: Collection[str]) -> str:
    return ", ".join(names)


def _tokenize(sql: str) -> list[Token]:
    tokens: list[Token] = []
    position = 0
    while position < len(sql):
        match = _TOKEN.match(sql, position)
        assert match is not None  # the last branch takes any character
        kind = match.lastgroup or "other"
        token = Token(kind, position, match.end())
        if kind == "block_comment":
            token = Token(kind, position, _end_of_comment(sql, match.end()))
        elif kind == "dollar_quote":
            closing = sql.find(match[0], match.end())
            token = Token(kind, position, len(sql) if closing < 0 else closing + len(match[0]))
        elif kind in ("positional", "number"):
            token = _positional(sql, match)
        elif kind == "placeholder":
            token = _placeholder(sql, position)
        tokens.append(token)
        position = token.end
    return tokens


def _positional(sql: str, match: re.Match[str]) -> Token:
    number = int(match["number"]) if len(match["number"]) <= 6 else _MAX_POSITION + 1
    if not 1 <= number <= _MAX_POSITION:
        error = PlaceholderInvalid(f"There is no parameter ${match['number']}: they count from $1.")
        raise error.located_in(sql, match.start() + 1)
    return Token("positional", match.start(), match.end(), number=number)


def _placeholder(sql: str, position: int) -> Token:
    match = _PLACEHOLDER.match(sql, position)
    if match is None:
        raise PlaceholderInvalid(
            "This {{ does not open a placeholder: a name must follow, and then }}.",
            hint="A name is letters, digits and underscores: {{start_date}}.",
        ).located_in(sql, position + 1)
    return Token("placeholder", position, match.end(), name=match["name"])


def _end_of_comment(sql: str, position: int) -> int:
    depth = 1  # PostgreSQL's block comments nest
    while depth:
        edge = _BLOCK_COMMENT_EDGE.search(sql, position)
        if edge is None:
            return len(sql)
        depth += 1 if edge[0] == "/*" else -1
        position = edge.end()
    return position


def _find_clauses(sql: str, tokens: tuple[Token, ...]) -> list[tuple[int, int]]:
    """Return the token indexes of the first ``[`` and the last ``]`` of every optional clause."""
    clauses: list[tuple[int, int]] = []
    index = 0
    while index < len(tokens):
        if _is_bracket(sql, tokens, index, "["):
            last = _end_of_brackets(sql, tokens, index)
            if _is_array_constructor(sql, tokens, index):
                index = last  # whatever stands inside is array syntax
            elif _opens_clause(sql, tokens, index, last):
                clauses.append((index, last))
                index = last
        index += 1
    return clauses


def _is_bracket(sql: str, tokens: tuple[Token, ...], index: int, bracket: str) -> bool:
    return 0 <= index < len(tokens) and sql[tokens[index].start] == bracket


def _end_of_brackets(sql: str, tokens: tuple[Token, ...], first: int) -> int:
    depth = 0
    for index in range(first, len(tokens)):
        if tokens[index].kind == "bracket":
            depth += 1 if sql[tokens[index].start] == "[" else -1
            if depth == 0:
                return index
    return len(tokens) - 1


def _is_array_constructor(sql: str, tokens: tuple[Token, ...], index: int) -> bool:
    before = index - 1
    while before >= 0 and tokens[before].kind in ("space", "line_comment", "block_comment"):
        before -= 1
    return before >= 0 and sql[tokens[before].start : tokens[before].end].lower() == "array"


_SUBSCRIPTED = ("word", "identifier", "placeholder", "positional")


def _opens_clause(sql: str, tokens: tuple[Token, ...], first: int, last: int) -> bool:
    """A clause is ``[[ ... ]]`` around a placeholder and touches nothing that has subscripts."""
    before = tokens[first - 1] if first else None
    return (
        _is_bracket(sql, tokens, first + 1, "[")
        and _is_bracket(sql, tokens, last, "]")
        and _is_bracket(sql, tokens, last - 1, "]")
        and _end_of_brackets(sql, tokens, first + 1) == last - 1
        and (before is None or before.kind not in _SUBSCRIPTED)
        and (before is None or sql[before.start] not in "])")
        and any(token.kind == "placeholder" for token in tokens[first:last])
    )
