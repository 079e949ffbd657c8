"""What a person sees on stderr: notes, progress, errors."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import Any

from heliograph.kernel.errors import HeliographError
from heliograph.platform.settings import has_colour, read_environment

_FIRST_PROGRESS_SECONDS = 1.0
_PROGRESS_INTERVAL_SECONDS = 0.25


def report_error(error: HeliographError) -> None:
    """Write the error: for a person when stderr is a terminal, and as JSON on the last line."""
    from orjson import dumps  # noqa: PLC0415

    if sys.stderr is None:  # closed by whoever started us: the exit code has to do
        return
    for problem in getattr(error, "problems", []):
        sys.stderr.write(f"{problem}\n")
    if sys.stderr.isatty():
        _explain(error)
    sys.stderr.write(dumps({"error": error.to_dict()}).decode() + "\n")
    sys.stderr.flush()


def note(text: str) -> None:
    """Write one line to stderr."""
    if sys.stderr is not None:
        sys.stderr.write(f"heliograph: {text}\n")
        sys.stderr.flush()


def styled(text: str, code: str, stream: Any) -> str:
    """Return the text in a style (SGR code) where the stream is a terminal that shows it."""
    if stream.isatty() and has_colour(read_environment()):
        return f"\x1b[{code}m{text}\x1b[0m"
    return text


def _explain(error: HeliographError) -> None:
    out = sys.stderr
    sql = error.sql
    out.write(f"{styled('error:', '1;31', out)} {error.message}\n")
    if sql is not None and error.line is not None and error.column is not None:
        line = sql.split("\n")[error.line - 1].expandtabs(1).rstrip("\r")
        start = max(0, error.column - 60)
        out.write(f"  {styled(f'line {error.line}:', '2', out)} {line[start : start + 100]}\n")
        caret = " " * (len(f"  line {error.line}: ") + error.column - 1 - start)
        out.write(f"{caret}{styled('^', '1;31', out)}\n")
    if error.detail:
        out.write(f"  {error.detail}\n")
    if error.hint:
        out.write(f"  {styled('hint:', '1', out)} {error.hint}\n")


class ProgressLine:
    """One line on stderr that tells how far long work is; nothing where nobody would see it."""

    def __init__(self, *, is_wanted: bool) -> None:
        self._is_wanted = is_wanted and sys.stderr is not None and sys.stderr.isatty()
        self._rows = 0
        self._started = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._show, daemon=True)

    def __enter__(self) -> ProgressLine:
        if self._is_wanted:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        if self._is_wanted:
            self._thread.join(timeout=1)
            if time.monotonic() - self._started > _FIRST_PROGRESS_SECONDS:
                sys.stderr.write("\r\x1b[K")
                sys.stderr.flush()

    def advance(self, rows: int) -> None:
        """Tell how many rows there are by now."""
        self._rows = rows

    def _show(self) -> None:
        if self._ended.wait(_FIRST_PROGRESS_SECONDS):
            return
        while not self._ended.wait(_PROGRESS_INTERVAL_SECONDS):
            seconds = time.monotonic() - self._started
            text = f"{self._rows:,} rows" if self._rows else "waiting for the first row"
            speed = f", {self._rows / seconds:,.0f} a second" if self._rows else ""
            sys.stderr.write(f"\r\x1b[K{text}{speed} ({seconds:.0f} s, Ctrl-C cancels)")
            sys.stderr.flush()
