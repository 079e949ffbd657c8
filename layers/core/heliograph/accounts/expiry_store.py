"""The SQL that deletes what has expired."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, LiteralString

if TYPE_CHECKING:
    from heliograph.platform.database import Transaction


def delete_oldest(  # names of tables and columns are texts of the program, never of a person
    tx: Transaction,
    table: LiteralString,
    key: LiteralString,
    at: LiteralString,
    before: datetime,
    limit: int,
) -> int:
    """Delete up to ``limit`` rows whose column ``at`` is not after ``before``; return how many.

    The oldest go first, and those that somebody is changing stay for the next time.
    """
    return tx.execute(
        f"""
        DELETE FROM {table} WHERE {key} IN (
            SELECT {key} FROM {table} WHERE {at} <= %s
            ORDER BY {at} LIMIT %s FOR UPDATE SKIP LOCKED
        )
        """,  # noqa: S608
        [before, limit],
    ).rowcount
