"""PostgreSQL's text as JSON tokens, a column at a time.

Numbers pass through as the very characters that the server printed: every finite int, numeric and
float text of PostgreSQL is a JSON number already. NaN and the infinities, which JSON lacks, become
strings. What a column is, is decided by its type, never by a value.

A batch becomes one text in one join: nothing is done for each value that C code can do for a whole
column. `benchmarks` shows what that is worth.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import chain, repeat

import orjson

from heliograph.connections.engines.contract import Column, Row, ValueKind

Values = Sequence[str | None]
Tokens = tuple[bool, Values]
"""Whether the tokens stand between quotes, and the tokens, one for each row."""

_NUMBERS = (ValueKind.INTEGER, ValueKind.BIGINT, ValueKind.NUMERIC, ValueKind.FLOAT)
_EXACT = (ValueKind.BIGINT, ValueKind.NUMERIC)  # more digits than a double holds
_BOOLEANS = {"t": "true", "f": "false", None: "null"}
# Texts of these kinds hold neither quotes nor backslashes nor control characters.
_PLAIN = (ValueKind.DATE, ValueKind.TIMESTAMP, ValueKind.TIMESTAMPTZ)
_SEPARATOR = "\x7f"  # a character that JSON does not escape; a text that holds it goes a slower way


def quote(text: str) -> str:
    """Return a JSON string."""
    return orjson.dumps(text).decode()


def number(text: str) -> str:
    """Return the token of a number's text; NaN and the infinities become strings."""
    return text if text[-1].isdigit() else f'"{text}"'


class ColumnTokens:
    """Turns the values of one column into JSON tokens.

    With ``has_exact_as_text``, int8 and numeric become strings, for readers whose numbers are
    doubles. ``has_nulls`` is set once a NULL was seen: until then no time is spent on looking for
    one, and a TypeError of the join says that it is time to look.
    """

    def __init__(
        self, column: Column, *, is_one_line: bool, has_exact_as_text: bool = False
    ) -> None:
        self._column = column
        self._is_one_line = is_one_line
        self._exact = _EXACT if has_exact_as_text else ()
        self._convert = self._converter(column.kind)
        self.has_nulls = False

    def tokens(self, values: Values) -> Tokens:
        """Return the tokens of a batch. Raises TypeError for a NULL where none was seen yet."""
        if self.has_nulls and None in values:
            # Most columns are sparse or dense for long: convert what is there, then put NULL back.
            is_quoted, tokens = self._convert([value for value in values if value is not None])
            found = iter([f'"{token}"' for token in tokens] if is_quoted else tokens)
            return False, ["null" if value is None else next(found) for value in values]
        return self._convert(values)

    def _converter(self, kind: ValueKind) -> Callable[[Values], Tokens]:
        if kind is ValueKind.JSON:
            return self._json
        if kind is ValueKind.ARRAY:
            return self._arrays
        return _plain if kind in self._exact else _CONVERTERS.get(kind, _texts)

    def _json(self, values: Values) -> Tokens:
        if self._is_one_line:
            # Outside of strings a line break is white space, and inside of one it is escaped.
            values = [value and value.replace("\n", " ").replace("\r", " ") for value in values]
        return False, values

    def _arrays(self, values: Values) -> Tokens:
        delimiter = self._column.delimiter
        kind = self._column.element or ValueKind.OTHER
        element = _quoted if kind in self._exact else _element_token(kind)
        return False, [
            value if value is None else array_token(value, element, delimiter) for value in values
        ]


def _as_they_are(values: Values) -> Tokens:
    return False, values


def _plain(values: Values) -> Tokens:
    return True, values


def _numbers(values: Values) -> Tokens:
    # "NaN", "Infinity" and "-Infinity" hold letters that no other number has.
    joined = _SEPARATOR.join(values)  # type: ignore[arg-type]
    if "N" not in joined and "I" not in joined:
        return False, values
    return False, [number(value) for value in values if value is not None]


def _booleans(values: Values) -> Tokens:
    return False, list(map(_BOOLEANS.__getitem__, values))


def _texts(values: Values) -> Tokens:
    """Escape a whole batch at once; PostgreSQL's text never holds a NUL."""
    joined = _SEPARATOR.join(values)  # type: ignore[arg-type]
    encoded = orjson.dumps(joined)
    if len(encoded) == len(joined) + 2:  # the quotes alone: ASCII, and nothing to escape
        return True, values
    escaped = str(memoryview(encoded)[1:-1], "utf-8")
    del encoded  # of a large text no copy more than it takes
    if len(escaped) == len(joined):
        return True, values
    tokens = escaped.split(_SEPARATOR)
    if len(tokens) == len(values):
        return True, tokens
    return False, [quote(value) for value in values if value is not None]


_CONVERTERS: dict[ValueKind, Callable[[Values], Tokens]] = {
    ValueKind.INTEGER: _as_they_are,
    ValueKind.BIGINT: _as_they_are,
    ValueKind.NUMERIC: _numbers,
    ValueKind.FLOAT: _numbers,
    ValueKind.BOOLEAN: _booleans,
    **dict.fromkeys(_PLAIN, _plain),
}


def _quoted(text: str) -> str:
    return f'"{text}"'


def _element_token(kind: ValueKind) -> Callable[[str], str]:
    if kind in _NUMBERS:
        return number
    if kind is ValueKind.BOOLEAN:
        return lambda text: _BOOLEANS[text]
    if kind is ValueKind.JSON:
        return lambda text: text.replace("\n", " ").replace("\r", " ")
    return quote


_QUOTED = r'"(?P<quoted>(?:[^"\\]|\\.)*)"'
_ARRAY_PATTERNS: dict[str, re.Pattern[str]] = {}
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def array_token(text: str, element: Callable[[str], str], delimiter: str = ",") -> str:
    """Return nested JSON arrays for an array literal.

    An array whose subscripts do not begin at 1 (``[0:1]={1,2}``) stays text: JSON has no such.
    https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO
    """
    if not text.startswith("{"):
        return quote(text)
    pattern = _ARRAY_PATTERNS.get(delimiter)
    if pattern is None:
        bare = rf'(?P<bare>[^{{}}"{re.escape(delimiter)}]+)'
        edge = rf"(?P<edge>[{{}}{re.escape(delimiter)}])"
        pattern = re.compile(rf"{_QUOTED}|{bare}|{edge}", re.DOTALL)
        _ARRAY_PATTERNS[delimiter] = pattern

    def token(match: re.Match[str]) -> str:
        edge = match["edge"]
        if edge is not None:
            return "[" if edge == "{" else "]" if edge == "}" else ","
        bare = match["bare"]
        if bare is not None:
            return "null" if bare == "NULL" else element(bare)
        return element(_ESCAPED.sub(r"\1", match["quoted"]))

    return pattern.sub(token, text)


class Frame:
    """What stands around the tokens of a row: an array, or an object with these keys."""

    def __init__(self, columns: Sequence[Column], between: str, keys: Sequence[str] | None) -> None:
        count = len(columns)
        if keys is None:
            self.leads = ["[", *[","] * (count - 1)] if count else []
            self.tail = ("]" if count else "[]") + between
        else:
            names = [f"{quote(key)}:" for key in keys]
            self.leads = [f"{',' if n else '{'}{name}" for n, name in enumerate(names)]
            self.tail = ("}" if count else "{}") + between


def encode_rows(rows: Sequence[Row], columns: Sequence[ColumnTokens], frame: Frame) -> str:
    """Return the JSON of all rows, each followed by what the frame puts between rows."""
    if not columns:
        return frame.tail * len(rows)
    by_column = list(zip(*rows, strict=True))
    try:
        return _join(by_column, columns, frame)
    except TypeError:
        for column, values in zip(columns, by_column, strict=True):
            column.has_nulls = column.has_nulls or None in values
        return _join(by_column, columns, frame)


def _join(by_column: Sequence[Values], columns: Sequence[ColumnTokens], frame: Frame) -> str:
    parts: list[Values | repeat[str]] = []
    pending = ""
    for lead, column, values in zip(frame.leads, columns, by_column, strict=True):
        is_quoted, tokens = column.tokens(values)
        mark = '"' if is_quoted else ""
        parts += (repeat(pending + lead + mark), tokens)
        pending = mark
    parts.append(repeat(pending + frame.tail))
    # The tokens end the zip; what is repeated never does.
    return "".join(chain.from_iterable(zip(*parts, strict=False)))
