"""``heliograph query``: one statement, one result."""

from __future__ import annotations

import logging
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from heliograph.cli.connection import chosen_connection
from heliograph.cli.terminal import ProgressLine, note
from heliograph.connections.engines.contract import RunOptions
from heliograph.connections.service import open_session
from heliograph.kernel.durations import parse_duration
from heliograph.kernel.errors import HeliographError, UsageError
from heliograph.platform.output import open_output, open_stdout
from heliograph.platform.settings import expand_references, has_colour, read_environment
from heliograph.queries.encoders.contract import Encoder, Summary
from heliograph.queries.encoders.registry import ENCODERS, load_encoder
from heliograph.queries.parameters import from_arguments
from heliograph.queries.placeholders import parse_template
from heliograph.queries.service import (
    can_copy_csv,
    copy_csv,
    prepare_query,
    write_result,
)


def run(options: Namespace) -> int:
    """Run the statement that the arguments name and write its result."""
    sql = _read_sql(options)
    logging.getLogger("psycopg").addHandler(logging.NullHandler())  # errors are told once, by us
    with _keeping_sql(sql):
        template = parse_template(sql)
        document = _read_params(options.params)
        query = prepare_query(
            template, from_arguments(template, options.param, options.null, document)
        )
        format_name = _chosen_format(options)
        url, timeout = chosen_connection(options)
        run_options = RunOptions(
            timeout=parse_duration(options.timeout) if options.timeout is not None else timeout,
            max_rows=_checked_max_rows(options.max_rows),
            time_zone=options.timezone,
        )
        with open_session(url) as session, _open(options.output) as out:
            is_seen = options.output is None and sys.stdout.isatty()
            with ProgressLine(is_wanted=not is_seen) as progress:
                if format_name == "csv" and not options.guard_formulas and can_copy_csv(query):
                    notes: list[str] = []
                    summary = copy_csv(session, query, out, run_options, progress.advance)
                else:
                    encoder = _encoder(format_name, out, options)
                    summary = write_result(session, query, encoder, run_options, progress.advance)
                    notes = encoder.notes
    _tell(options, summary, notes)
    return 0


def _tell(options: Namespace, summary: Summary, notes: list[str]) -> None:
    for text in notes:
        note(text)
    if summary.truncated:
        note(f"cut after {summary.row_count:,} rows (--max-rows); there are more.")
    if options.output is not None and sys.stderr.isatty():
        seconds = summary.duration_ms / 1000
        note(f"wrote {summary.row_count:,} rows to {options.output} in {seconds:.1f} s.")


def _read_sql(options: Namespace) -> str:
    if options.sql is not None and options.file is not None:
        raise UsageError("Give the SQL as an argument or with -f, not both.")
    if options.sql is not None:
        text: str = options.sql
    elif options.file is not None and str(options.file) != "-":
        from heliograph.platform.documents import read_text  # noqa: PLC0415

        return read_text(options.file, what="SQL file")
    else:
        if sys.stdin is None or sys.stdin.isatty():
            raise UsageError(
                "There is no SQL.", hint="Give it as an argument, with -f FILE, or on stdin."
            )
        try:
            text = sys.stdin.buffer.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise UsageError("The SQL on standard input is not UTF-8 text.") from None
    return text


def _read_params(path: Path | None) -> Any:
    if path is None:
        return None
    from heliograph.platform.documents import read_verbatim  # noqa: PLC0415

    return _expand(read_verbatim(path, what="parameter file"))


def _expand(value: Any) -> Any:
    if isinstance(value, str):
        return expand_references(value, read_environment())
    if isinstance(value, list):
        return [_expand(item) for item in value]
    if isinstance(value, dict):
        return {key: _expand(item) for key, item in value.items()}
    return value


def _chosen_format(options: Namespace) -> str:
    chosen: str | None = options.format
    if chosen is None and options.output is not None:
        suffix = options.output.suffix.lower().removeprefix(".")
        chosen = suffix if suffix in ENCODERS else None
    chosen = chosen or "json"
    if chosen == "xlsx" and options.output is None and sys.stdout.isatty():
        raise UsageError(
            "An XLSX file is not for a terminal.", hint="Give --output FILE, or redirect stdout."
        )
    return chosen


def _checked_max_rows(max_rows: int | None) -> int | None:
    if max_rows is not None and not 0 <= max_rows < 2**31:
        raise UsageError("--max-rows must be 0 or a positive number.")
    return max_rows


@contextmanager
def _open(path: Path | None) -> Iterator[BinaryIO]:
    with open_output(path) if path is not None else open_stdout(sys.stdout.buffer) as out:
        yield out


def _encoder(name: str, out: BinaryIO, options: Namespace) -> Encoder:
    if name == "table" and options.output is None and sys.stdout.isatty():
        import shutil  # noqa: PLC0415

        from heliograph.queries.encoders.table import TableEncoder  # noqa: PLC0415

        width = shutil.get_terminal_size().columns
        return TableEncoder(out, width=width, has_colour=has_colour(read_environment()))
    return load_encoder(name)(out, guard_formulas=options.guard_formulas)


@contextmanager
def _keeping_sql(sql: str) -> Iterator[None]:
    """Let an error carry the SQL that its position counts in, to be shown on a terminal."""
    try:
        yield
    except HeliographError as error:
        error.sql = sql
        raise
