"""The root of the tree, and the shape that every error has."""

from __future__ import annotations

from typing import Any, ClassVar

_FIELDS = ("sqlstate", "position", "line", "column", "hint", "detail")


class HeliographError(Exception):
    """Root of the tree: something went wrong that no class below describes.

    ``position`` counts characters from 1 into the SQL as the person wrote it; ``line`` and
    ``column`` count from 1 too. All fields but the message may be None.
    """

    code: ClassVar[str] = "unexpected"

    def __init__(
        self,
        message: str,
        *,
        sqlstate: str | None = None,
        position: int | None = None,
        line: int | None = None,
        column: int | None = None,
        hint: str | None = None,
        detail: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.sqlstate = sqlstate
        self.position = position
        self.line = line
        self.column = column
        self.hint = hint
        self.detail = detail
        self.sql: str | None = None  # what the position counts in, where a person may see it

    def located_in(self, sql: str, position: int | None) -> HeliographError:
        """Set where in ``sql`` it happened, from a position that counts characters from 1."""
        self.position = self.line = self.column = None
        if position is not None and 1 <= position <= len(sql) + 1:
            before = sql[: position - 1]
            self.position = position
            self.line = before.count("\n") + 1
            self.column = position - (before.rfind("\n") + 1)
        return self

    def to_dict(self) -> dict[str, Any]:
        """Return the error as data: code, message and the six fields, None where unknown."""
        return {
            "code": self.code,
            "message": self.message,
            **{name: getattr(self, name) for name in _FIELDS},
        }
