"""What an encoder promises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from heliograph.connections.engines.contract import Column, Row


@dataclass(frozen=True, slots=True)
class Summary:
    """How a result ended. ``duration_ms`` is from sending the statement to the last row."""

    row_count: int
    truncated: bool
    duration_ms: float


class Encoder(Protocol):
    """Writes one result to a binary stream: ``start``, ``write_rows`` per batch, ``finish``.

    Memory does not grow with the number of rows. ``notes`` collects, for the person, whatever the
    format could not carry unchanged: nothing is cut or renamed in silence.
    """

    notes: list[str]

    def start(self, columns: Sequence[Column]) -> None:
        """Begin a result with these columns."""
        ...

    def write_rows(self, rows: Sequence[Row]) -> None:
        """Write a batch of rows, in the order of the columns."""
        ...

    def finish(self, summary: Summary) -> None:
        """End the result. The stream stays open: it belongs to the caller."""
        ...


class EncoderFactory(Protocol):
    """Makes an encoder that writes to ``out``."""

    def __call__(self, out: BinaryIO, /, *, guard_formulas: bool = False) -> Encoder:
        """Return a new encoder; ``guard_formulas`` neutralises text that a sheet would run."""
        ...
