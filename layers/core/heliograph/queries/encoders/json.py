"""JSON: one document, or one object a line (NDJSON)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

from heliograph.connections.engines.contract import Column, Row
from heliograph.queries.encoders.contract import Summary
from heliograph.queries.encoders.json_tokens import ColumnTokens, Frame, encode_rows, quote

_BETWEEN = ",\n"


class JsonEncoder:
    """``{"columns": [...], "rows": [[...]], "row_count": 1, "truncated": false, ...}``."""

    def __init__(self, out: BinaryIO, /, *, guard_formulas: bool = False) -> None:
        self.notes: list[str] = []
        self._out = out
        self._columns: list[ColumnTokens] = []
        self._frame = Frame([], _BETWEEN, None)
        self._is_first = True

    def start(self, columns: Sequence[Column]) -> None:
        """Write the columns: name and type."""
        self._columns = [ColumnTokens(column, is_one_line=False) for column in columns]
        self._frame = Frame(columns, _BETWEEN, None)
        described = ",".join(
            f'{{"name":{quote(column.name)},"type":{quote(column.type)}}}' for column in columns
        )
        self._out.write(f'{{"columns":[{described}],"rows":['.encode())

    def write_rows(self, rows: Sequence[Row]) -> None:
        """Write a batch of rows as arrays."""
        if not rows:
            return
        lead = "\n" if self._is_first else _BETWEEN
        self._is_first = False
        self._out.write(lead.encode())
        data = encode_rows(rows, self._columns, self._frame).encode()
        self._out.write(memoryview(data)[: -len(_BETWEEN)])

    def finish(self, summary: Summary) -> None:
        """Write how the result ended."""
        truncated = "true" if summary.truncated else "false"
        lead = "" if self._is_first else "\n"
        self._out.write(
            f'{lead}],"row_count":{summary.row_count},"truncated":{truncated},'
            f'"duration_ms":{summary.duration_ms:.1f}}}\n'.encode()
        )


class NdjsonEncoder:
    """One object a row; names are made unique, and `notes` says which."""

    def __init__(self, out: BinaryIO, /, *, guard_formulas: bool = False) -> None:
        self.notes: list[str] = []
        self._out = out
        self._columns: list[ColumnTokens] = []
        self._frame = Frame([], "\n", [])

    def start(self, columns: Sequence[Column]) -> None:
        """Choose the keys; nothing is written before the first row."""
        self._columns = [ColumnTokens(column, is_one_line=True) for column in columns]
        names = [column.name for column in columns]
        keys = unique_names(names)
        self.notes += [
            f"Column {position} is called {key!r} here: "
            + (f"another column is called {name!r} too." if name else "it has no name.")
            for position, (name, key) in enumerate(zip(names, keys, strict=True), 1)
            if name != key
        ]
        self._frame = Frame(columns, "\n", keys)

    def write_rows(self, rows: Sequence[Row]) -> None:
        """Write a batch of rows as objects, a line each."""
        if rows:
            self._out.write(encode_rows(rows, self._columns, self._frame).encode())

    def finish(self, summary: Summary) -> None:
        """Nothing follows the last row."""


def unique_names(names: Sequence[str]) -> list[str]:
    """Return the names made unique: ``a, a`` becomes ``a, a_2``; an empty one ``column_3``.

    A name that is unique already keeps its spelling, whatever stands before it.
    """
    taken = set(names)
    seen: set[str] = set()
    unique: list[str] = []
    for position, name in enumerate(names, 1):
        candidate = name or f"column_{position}"
        number = 1
        while candidate in seen or (candidate != name and candidate in taken):
            number += 1
            candidate = f"{name or f'column_{position}'}_{number}"
        seen.add(candidate)
        unique.append(candidate)
    return unique
