"""PostgreSQL's text as JSON tokens, a column at a time.

Numbers pass through as the very characters that the server printed: every finite int, numeric and
float text of PostgreSQL is a JSON number already. NaN and the infinities, which JSON lacks, become
strings. What a column is, is decided by its type, never by a value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import orjson

from heliograph.connections.engines.contract import Column, Row, ValueKind

Values = Sequence[str | None]
Tokens = tuple[str, Values]
"""A piece of a %-template (``%s`` or ``"%s"``) and what goes into it, one for each row."""

_NEEDS_ESCAPE = re.compile(r'["\\\x01-\x1f]')
_NUMBERS = (ValueKind.INTEGER, ValueKind.BIGINT, ValueKind.NUMERIC, ValueKind.FLOAT)
_BOOLEANS = {"t": "true", "f": "false", None: "null"}
# Texts of these kinds hold neither quotes nor backslashes nor control characters.
_PLAIN = (ValueKind.DATE, ValueKind.TIMESTAMP, ValueKind.TIMESTAMPTZ)


def quote(text: str) -> str:
    """Return a JSON string."""
    return orjson.dumps(text).decode()


def number(text: str) -> str:
    """Return the token of a number's text; NaN and the infinities become strings."""
    return text if text[-1].isdigit() else f'"{text}"'


class ColumnTokens:
    """Turns the values of one column into JSON tokens."""

    def __init__(self, column: Column, *, is_one_line: bool) -> None:
        self._column = column
        self._is_one_line = is_one_line
        self._convert = self._converter(column.kind)

    def tokens(self, values: Values) -> Tokens:
        """Return a template's piece and its fillings for a batch of values."""
        return self._convert(values)

    def _converter(self, kind: ValueKind) -> Callable[[Values], Tokens]:
        if kind in _NUMBERS:
            return self._numbers if kind in (ValueKind.NUMERIC, ValueKind.FLOAT) else _integers
        if kind is ValueKind.BOOLEAN:
            return _booleans
        if kind is ValueKind.JSON:
            return self._json
        if kind is ValueKind.ARRAY:
            return self._arrays
        return _plain if kind in _PLAIN else _texts

    def _numbers(self, values: Values) -> Tokens:
        # "NaN", "Infinity" and "-Infinity" share a letter that no other number has.
        joined = " ".join(filter(None, values))
        if "N" not in joined and "I" not in joined:
            return _integers(values)
        return "%s", ["null" if value is None else number(value) for value in values]

    def _json(self, values: Values) -> Tokens:
        if self._is_one_line:
            # Outside of strings a line break is white space, and inside of one it is escaped.
            values = [
                value.replace("\n", " ").replace("\r", " ") if value else value for value in values
            ]
        return _integers(values)

    def _arrays(self, values: Values) -> Tokens:
        column = self._column
        element = _element_token(column.element or ValueKind.OTHER)
        return "%s", [
            "null" if value is None else array_token(value, element, column.delimiter)
            for value in values
        ]


def _integers(values: Values) -> Tokens:
    if None in values:
        return "%s", ["null" if value is None else value for value in values]
    return "%s", values


def _booleans(values: Values) -> Tokens:
    return "%s", [_BOOLEANS[value] for value in values]


def _plain(values: Values) -> Tokens:
    if None in values:
        return "%s", ["null" if value is None else f'"{value}"' for value in values]
    return '"%s"', values


def _texts(values: Values) -> Tokens:
    # One search over the whole batch; PostgreSQL's text never holds a NUL.
    if _NEEDS_ESCAPE.search("\0".join(filter(None, values))) is None:
        return _plain(values)
    return "%s", ["null" if value is None else quote(value) for value in values]


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


def row_lines(rows: Sequence[Row], columns: Sequence[ColumnTokens], frame: Frame) -> list[str]:
    """Return one JSON text for each row, in ``frame``."""
    if not columns:
        return [frame.empty] * len(rows)
    converted = [
        column.tokens(values)
        for column, values in zip(columns, zip(*rows, strict=True), strict=True)
    ]
    template = frame.template([piece for piece, _ in converted])
    return list(map(template.__mod__, zip(*(values for _, values in converted), strict=True)))


class Frame:
    """How the tokens of a row are put together: an array, or an object with these keys."""

    def __init__(self, keys: Sequence[str] | None = None) -> None:
        self._keys = None if keys is None else [quote(key).replace("%", "%%") for key in keys]
        self.empty = "[]" if keys is None else "{}"

    def template(self, pieces: Sequence[str]) -> str:
        """Return the %-template of a row, given the piece of each column."""
        if self._keys is None:
            return f"[{','.join(pieces)}]"
        pairs = zip(self._keys, pieces, strict=True)
        return "{" + ",".join(f"{key}:{piece}" for key, piece in pairs) + "}"
