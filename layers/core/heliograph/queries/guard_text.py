"""SQL text for the guard: parsing it without harm, and finding places in it.

The parser is PostgreSQL's own (libpg_query by way of pgparse). It recurses in C, so that deep
nesting in a long text could end the process: long texts are parsed on a stack that fits them.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from typing import Any

from pgparse import PGQueryError, parse

from heliograph.kernel.errors import HeliographError, SqlInvalid, SqlTooLarge

MAX_BYTES = 1_000_000

# A level of nesting costs at least two bytes of text and less than 200 bytes of stack (measured);
# the smallest stack that a thread of a supported platform has is 512 KiB.
_STACK_PER_BYTE = 256
_STACK_AT_LEAST = 1 << 20
_PARSED_IN_PLACE = 1_000

# The parser reads a run of operator characters anew for each part of it: a long one takes minutes.
_LONGEST_RUN = 1_000
_RUN = re.compile(r"[~!@#^&|`?+\-*/%<>=]{64,}")

_stack_size = threading.Lock()

# PostgreSQL's lexical rules: scan.l; nested comments are counted in `_end_of_comment`. Characters
# of names are all but ASCII's others: written so, the pattern compiles ten times as fast.
_TOKEN = re.compile(
    r"""
      (?P<blank>[ \t\n\r\f\v]+|--[^\n\r]*)
    | (?P<comment>/\*)
    | [eE]'[^'\\]*(?:(?:\\.|'')[^'\\]*)*'
    | '[^']*(?:''[^']*)*'
    | "[^"]*(?:""[^"]*)*"
    | (?P<quote>\$(?:[^\x00-@\[-^`{-\x7f][^\x00-/:-@\[-^`{-\x7f]*)?\$)
    | \$[0-9]+
    | (?P<word>[^\x00-@\[-^`{-\x7f][^\x00-\#%-/:-@\[-^`{-\x7f]*)
    | [0-9][A-Za-z0-9_.]*
    | .
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")


def parse_sql(sql: str) -> list[dict[str, Any]]:
    """Return the raw statements of ``sql``, as libpg_query's JSON.

    Raises `SqlInvalid` where PostgreSQL 17's grammar would (SQLSTATE 42601), and `SqlTooLarge` for
    more than a million bytes or nesting that cannot be followed.
    """
    try:
        encoded = sql.encode()
    except UnicodeEncodeError as why:
        raise _located(
            SqlInvalid("The SQL holds half of a character (a lone surrogate).", sqlstate="22021"),
            sql,
            why.start + 1,
        ) from None
    if len(encoded) > MAX_BYTES:
        raise SqlTooLarge(
            f"The SQL is {len(encoded):,} bytes long; up to {MAX_BYTES:,} are read.",
            hint="Pass long lists as one array parameter: = ANY($1).",
        )
    _refuse_long_run(sql)
    if "\0" in sql:
        error = SqlInvalid("The SQL holds a NUL character.", sqlstate="22021")
        raise _located(error, sql, sql.index("\0") + 1)
    try:
        return _parse_on_fitting_stack(sql, len(encoded))
    except PGQueryError as why:
        if why.message.startswith("memory exhausted"):
            raise _located(_too_deep(), sql, why.position) from None
        error = SqlInvalid(_sentence(why.message), sqlstate="42601")
        raise _located(error, sql, why.position) from None
    except RecursionError:
        raise _too_deep() from None


def _refuse_long_run(sql: str) -> None:
    if len(sql) <= _LONGEST_RUN:
        return
    for run in _RUN.finditer(sql):
        if run.end() - run.start() > _LONGEST_RUN:
            error = SqlTooLarge(
                f"There are more than {_LONGEST_RUN:,} operator characters in a row.",
                hint="Put blanks between comments; pass a long text as a parameter.",
            )
            raise _located(error, sql, run.start() + 1)


def _parse_on_fitting_stack(sql: str, size: int) -> list[dict[str, Any]]:
    if size <= _PARSED_IN_PLACE:
        return parse(sql)  # type: ignore[no-any-return]
    result: list[list[dict[str, Any]]] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            result.append(parse(sql))
        except BaseException as why:  # noqa: BLE001 - it is raised anew by the thread that waits
            failure.append(why)

    with _stack_size:
        before = threading.stack_size(_STACK_AT_LEAST + _round_up(size * _STACK_PER_BYTE))
        try:
            thread = threading.Thread(target=run, name="guard-parser", daemon=True)
            thread.start()
        except RuntimeError:
            raise _too_deep() from None
        finally:
            threading.stack_size(before)
    thread.join()
    if failure:
        raise failure[0]
    return result[0]


def _round_up(size: int) -> int:
    page = 1 << 16
    return (size + page - 1) // page * page


def _too_deep() -> SqlTooLarge:
    return SqlTooLarge(
        "The SQL is nested too deeply.",
        hint="Long chains of an operator or of UNION count as nesting: use an array, VALUES or"
        " string_agg instead.",
    )


def _sentence(message: str) -> str:
    return message[:1].upper() + message[1:] + "."


def _located(error: HeliographError, sql: str, position: int | None) -> HeliographError:
    return error.located_in(sql, position)


class CharacterOffsets:
    """Turns the parser's byte offsets into offsets in characters, both from 0."""

    def __init__(self, sql: str) -> None:
        self._encoded = None if sql.isascii() else sql.encode()

    def __getitem__(self, offset: int) -> int:
        if self._encoded is None:
            return offset
        return len(self._encoded[:offset].decode(errors="ignore"))


def statement_bounds(sql: str, start: int, end: int) -> tuple[int, int]:
    """Return where a statement truly begins and ends, blanks and comments around it left out."""
    first, last = start, start
    is_begun = False
    if "--" not in sql and "/*" not in sql:
        inner = sql[start:end]
        left = len(inner) - len(inner.lstrip(" \t\n\r\f\v;"))
        return start + left, start + max(left, len(inner.rstrip(" \t\n\r\f\v")))
    for _, token_start, token_end in _tokens(sql, start, end):
        if not is_begun and sql[token_start] == ";":
            continue
        if not is_begun:
            first, is_begun = token_start, True
        last = token_end
    return (first, last) if is_begun else (end, end)


def find_words(sql: str, start: int, end: int, *words: str) -> int | None:
    """Return where ``words`` first stand in a row, outside quotes and comments; None if nowhere."""
    at: list[int] = []
    for word, token_start, _ in _tokens(sql, start, end):
        if word in words[len(at)].split("|"):
            at.append(token_start)
            if len(at) == len(words):
                return at[0]
        else:
            at = [token_start] if word in words[0].split("|") else []
    return None


def _tokens(sql: str, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    """Yield (lower-case word or "", start, end) of all but blanks and comments."""
    at = start
    while at < end:
        match = _TOKEN.match(sql, at, end)
        if match is None:
            return
        at, kind = match.end(), match.lastgroup
        if kind == "comment":
            at = _end_of_comment(sql, match.end(), end)
        elif kind == "quote":
            close = sql.find(match.group(), match.end(), end)
            at = end if close < 0 else close + len(match.group())
            yield "", match.start(), at
        elif kind != "blank":
            yield match.group().lower() if kind == "word" else "", match.start(), at


def _end_of_comment(sql: str, at: int, end: int) -> int:
    depth = 1
    while depth:
        edge = _COMMENT_EDGE.search(sql, at, end)
        if edge is None:
            return end
        depth += 1 if edge.group() == "/*" else -1
        at = edge.end()
    return at
