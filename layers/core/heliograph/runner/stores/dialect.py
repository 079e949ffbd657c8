"""How databases differ in what `sql.SqlStateStore` says to them, and how one is reached."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
Rows = list[tuple[Any, ...]]
Execute = Callable[[str, Mapping[str, Any]], Rows]

_HOLE = re.compile(r"\{(?P<kind>schema|columns|in|dead|free|skip_locked)(?::(?P<of>\w+))?\}")
DELIVERY_COLUMNS = (
    "id, channel, notice, state, attempts, next_attempt_at, finished_at, detail, recipients,"
    " claim_token"
)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a database says what the statements of this module leave open.

    ``schema`` stands before the name of each table; ``dead`` is a condition on a column with an
    owner, ``membership`` one on the named parameter that ``encode_list`` made. ``encode_time`` and
    ``decode_time`` turn aware times into what a column holds, and back.
    """

    schema: str
    dead: Callable[[str], str]
    membership: Callable[[str], str]
    encode_list: Callable[[Sequence[str]], Any]
    encode_time: Callable[[datetime], Any]
    decode_time: Callable[[Any], datetime]
    skip_locked: str = ""

    def complete(self, statement: str) -> str:
        """Return a statement of this module in this dialect, its parameters still ``:name``."""
        return _HOLE.sub(self._fill, statement)

    def _fill(self, hole: re.Match[str]) -> str:
        name = hole["of"] or ""
        match hole["kind"]:
            case "schema":
                return self.schema
            case "columns":
                return DELIVERY_COLUMNS
            case "in":
                return self.membership(name)
            case "dead":
                return self.dead(f"{name}.claimed_by")
            case "free":
                dead = self.dead(f"{name}.claimed_by")
                return f"{name}.claim_token IS NULL OR {name}.claimed_until <= :now OR {dead}"
            case _:
                return self.skip_locked


class SqlDatabase(Protocol):
    """A place with the tables. Every method raises `StateFailed` when it cannot be reached."""

    @property
    def dialect(self) -> Dialect:
        """How this database speaks. Whoever runs a statement completes it first."""
        ...

    def read(self, statement: str, parameters: Mapping[str, Any]) -> Rows:
        """Return the rows of a statement that only reads; none where nothing was ever written."""
        ...

    def write(
        self, work: Callable[[Execute], T], *, must_last: bool = True, has_steps: bool = False
    ) -> T:
        """Do ``work``; once more from the start if its answer was lost.

        ``must_last=False``: a crash of the machine, not of the process, may undo it.
        ``has_steps=True``: several statements change something, together or not at all.
        """
        ...

    def close(self) -> None:
        """Give back connections and files."""
        ...
