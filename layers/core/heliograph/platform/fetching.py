"""One statement and its rows over a psycopg connection, at half the cost of a cursor.

What psycopg's cursors do beside it (several results, server-side state, prepared statements) is not
needed for the short statements that every request makes some of. Values are dumped and rows loaded
by psycopg's own adapters, so the types are the same.
"""

from __future__ import annotations

import hashlib
import re
import select
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg
    from psycopg.pq.abc import PGconn, PGresult

_PLACE = re.compile(r"%(?:\((?P<name>\w+)\)s|(?P<place>s)|%)")
_LOOK_MILLISECONDS = 100  # so that whoever waits can be interrupted


_PREPARED_AFTER = 3  # uses on one connection: what is seldom asked is not worth remembering
# It is not there, it is there already, or its tables have been changed since.
_LOST_PREPARATIONS = ("26000", "42P05", "0A000")
_MOST_PREPARED = 200


class Preparations:
    """The statements that one connection's server has prepared, so that it plans them once.

    They are named by what they are. Behind a pooler that hands a session from one client to the
    next, a name may be there already, or be missing; then nothing has run, and the statement is
    sent whole, as from then on all are.
    """

    def __init__(self) -> None:
        self._uses: dict[tuple[bytes, tuple[int, ...]], int] = {}
        self._is_over = False

    def name_of(self, text: bytes, types: Sequence[int]) -> tuple[bytes | None, bool]:
        """Return the name to use, None for none, and whether it has yet to be prepared."""
        key = (text, tuple(types))
        uses = self._uses.get(key, 0) + 1
        if self._is_over or (uses == 1 and len(self._uses) >= _MOST_PREPARED):
            return None, False
        self._uses[key] = uses
        if uses <= _PREPARED_AFTER:
            return None, False
        return _name(*key), uses == _PREPARED_AFTER + 1

    def give_up(self) -> None:
        """Prepare nothing any more: sessions are not one's own here."""
        self._is_over = True


@lru_cache(maxsize=1024)
def _name(text: bytes, types: tuple[int, ...]) -> bytes:
    return b"heliograph_" + hashlib.sha256(text + repr(types).encode()).hexdigest()[:32].encode()


class Fetcher:
    """Runs statements outside of any transaction on one connection, and returns their rows.

    With ``prepares`` the server plans once what comes often. One thread at a time.
    """

    def __init__(self, connection: psycopg.Connection[Any], *, prepares: bool = False) -> None:
        from psycopg.adapt import PyFormat, Transformer  # noqa: PLC0415

        self._pgconn = connection.pgconn
        self._transformer = Transformer(connection)
        self._format = PyFormat.AUTO
        self._preparations = Preparations() if prepares else None

    def fetch(
        self, statement: str, values: Sequence[Any] | Mapping[str, Any] = ()
    ) -> list[dict[str, Any]]:
        """Return the rows of a statement, by name of column; none where it returns no rows.

        ``%s`` and ``%(name)s`` are bound, ``%%`` is a percent sign. Raises `psycopg.Error`.
        """
        from psycopg.errors import error_from_result  # noqa: PLC0415

        text, names = _numbered(statement)
        given = [values[name] for name in names] if isinstance(values, Mapping) else list(values)
        transformer = self._transformer
        dumped = transformer.dump_sequence(given, [self._format] * len(given))
        sent = _Sent(self._pgconn, text, dumped, transformer.types, transformer.formats)
        result = sent.run(self._preparations)
        if not _is_well(result):
            raise error_from_result(result)
        transformer.set_pgresult(result)
        columns = [(result.fname(index) or b"").decode() for index in range(result.nfields)]
        return [
            dict(zip(columns, row, strict=True))
            for row in transformer.load_rows(0, result.ntuples, tuple)
        ]


@dataclass(frozen=True, slots=True)
class _Sent:
    """A statement with its values, ready to be sent."""

    pgconn: PGconn
    text: bytes
    values: Sequence[Any]
    types: Sequence[int] | None
    formats: Sequence[Any] | None

    def run(self, preparations: Preparations | None) -> PGresult:
        name, is_new = None, False
        if preparations is not None:
            name, is_new = preparations.name_of(self.text, self.types or ())
        if name is None or preparations is None:
            return self._run_whole()
        result = None
        if is_new:
            self.pgconn.send_prepare(name, self.text, self.types)
            result = _read(self.pgconn)
        if result is None or _is_well(result):
            self.pgconn.send_query_prepared(name, self.values, self.formats)
            result = _read(self.pgconn)
        if _is_well(result) or _sqlstate(result) not in _LOST_PREPARATIONS:
            return result
        preparations.give_up()
        return self._run_whole()

    def _run_whole(self) -> PGresult:
        self.pgconn.send_query_params(self.text, self.values, self.types, self.formats)
        return _read(self.pgconn)


def _is_well(result: PGresult) -> bool:
    from psycopg.pq import ExecStatus  # noqa: PLC0415

    return result.status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)


def _sqlstate(result: PGresult) -> str:
    from psycopg.pq import DiagnosticField  # noqa: PLC0415

    return (result.error_field(DiagnosticField.SQLSTATE) or b"").decode()


def _read(pgconn: PGconn) -> PGresult:
    """Return the one result of what was sent, waiting without holding anything up."""
    from psycopg import OperationalError  # noqa: PLC0415

    waiting = select.poll()
    waiting.register(pgconn.socket, select.POLLIN)
    while pgconn.flush():
        waiting.modify(pgconn.socket, select.POLLIN | select.POLLOUT)
        if any(events & select.POLLIN for _, events in waiting.poll(_LOOK_MILLISECONDS)):
            pgconn.consume_input()
    waiting.modify(pgconn.socket, select.POLLIN)
    found: PGresult | None = None
    while True:
        while pgconn.is_busy():
            if waiting.poll(_LOOK_MILLISECONDS):
                pgconn.consume_input()
        result = pgconn.get_result()
        if result is None:
            break
        found = result if found is None else found
    if found is None:
        raise OperationalError("the connection ended before the statement did")
    return found


@lru_cache(maxsize=512)
def _numbered(statement: str) -> tuple[bytes, tuple[str, ...]]:
    """Return a statement with ``$n`` for its places, and the names of those that have one."""
    names: list[str] = []
    count = 0

    def place(match: re.Match[str]) -> str:
        nonlocal count
        if match["place"]:
            count += 1
            return f"${count}"
        if (name := match["name"]) is None:
            return "%"
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    return _PLACE.sub(place, statement).encode(), tuple(names)
