"""``heliograph query``: one statement, one result."""

from __future__ import annotations

import logging
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from os import fsencode
from pathlib import Path
from typing import Any, BinaryIO

from heliograph.cli.connection import chosen_connection
from heliograph.cli.terminal import ProgressLine, note
from heliograph.connections.engines.contract import RunOptions
from heliograph.connections.service import open_session
from heliograph.kernel.durations import parse_duration
from heliograph.kernel.errors import (
    HeliographError,
    OutputFailed,
    ParameterMissing,
    SqlInvalid,
    UsageError,
)
from heliograph.platform.output import open_output, open_stdout
from heliograph.platform.settings import expand_references, has_colour, read_environment
from heliograph.queries.encoders.contract import Encoder, Summary
from heliograph.queries.encoders.registry import ENCODERS, load_encoder
from heliograph.queries.parameters import from_arguments
from heliograph.queries.placeholders import Template, parse_template
from heliograph.queries.service import (
    can_copy_csv,
    copy_csv,
    prepare_query,
    write_result,
)

_SUFFIXES = {"jsonl": "ndjson"}


def run(options: Namespace) -> int:
    """Run the statement that the arguments name and write its result."""
    sql = _read_sql(options)
    logging.getLogger("psycopg").addHandler(logging.NullHandler())  # errors are told once, by us
    with _keeping_sql(sql):
        template = parse_template(sql)
        document = _read_params(options.params)
        given = [_as_utf8(value) for value in options.param]
        parameters = from_arguments(template, given, options.null, document)
        with _telling_options(template):
            query = prepare_query(template, parameters)
        output = _chosen_output(options)
        format_name = _chosen_format(options, output)
        url, timeout = chosen_connection(options)
        run_options = RunOptions(
            timeout=parse_duration(options.timeout) if options.timeout is not None else timeout,
            max_rows=options.max_rows,
            time_zone=options.timezone,
        )
        with (
            open_session(url) as session,
            _open(output) as out,
            ProgressLine(is_wanted=not _is_for_terminal(output)) as progress,
        ):
            if format_name == "csv" and not options.guard_formulas and can_copy_csv(query):
                notes: list[str] = []
                summary = copy_csv(session, query, out, run_options, progress.advance)
            else:
                encoder = _encoder(format_name, out, output, options)
                summary = write_result(session, query, encoder, run_options, progress.advance)
                notes = encoder.notes
    _tell(output, summary, notes)
    return 0


@contextmanager
def _telling_options(template: Template) -> Iterator[None]:
    """Say in this command's words how a missing value is given."""
    try:
        yield
    except ParameterMissing as error:
        error.hint = (
            "Give it with -p NAME=VALUE, or --null NAME for NULL."
            if template.is_named
            else f"{error.hint} One -p each."
        )
        raise


def _tell(output: Path | None, summary: Summary, notes: list[str]) -> None:
    for text in notes:
        note(text)
    rows = f"{summary.row_count:,} row{'' if summary.row_count == 1 else 's'}"
    if summary.truncated:
        note(f"cut after {rows} (--max-rows); there are more.")
    if output is not None and sys.stderr is not None and sys.stderr.isatty():
        note(f"wrote {rows} to {output} in {summary.duration_ms / 1000:.1f} s.")


def _read_sql(options: Namespace) -> str:
    if options.sql is not None and options.file is not None:
        raise UsageError("Give the SQL as an argument or with -f, not both.")
    if options.file == "":
        raise UsageError("The name after -f is empty.", hint="Is a variable of the shell not set?")
    if options.sql is not None:
        text = _as_utf8(options.sql).removeprefix("\ufeff")
    elif options.file is not None and options.file != "-":
        from heliograph.platform.documents import read_text  # noqa: PLC0415

        text = read_text(Path(options.file), what="SQL file")
    else:
        if sys.stdin is None or sys.stdin.isatty():
            raise UsageError(
                "There is no SQL.", hint="Give it as an argument, with -f FILE, or on stdin."
            )
        try:
            text = sys.stdin.buffer.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise UsageError("The SQL on standard input is not UTF-8 text.") from None
    if text.lstrip().startswith("\\"):
        raise SqlInvalid(
            "Commands that begin with a backslash are psql's own, not SQL.",
            hint="Tables: SELECT * FROM information_schema.tables; "
            "columns: SELECT * FROM information_schema.columns.",
        )
    return text


def _as_utf8(argument: str) -> str:
    """Return an argument that is UTF-8, also where the locale says ASCII."""
    try:
        argument.encode()
    except UnicodeEncodeError:
        try:
            return fsencode(argument).decode()
        except UnicodeError:
            raise UsageError(
                "An argument is not UTF-8 text.", hint="Set a UTF-8 locale, or use -f or --params."
            ) from None
    return argument


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


def _chosen_output(options: Namespace) -> Path | None:
    if options.output == "":
        raise UsageError(
            "The name after --output is empty.", hint="Is a variable of the shell not set?"
        )
    if options.output is not None and options.output != "-":
        return Path(options.output)
    if sys.stdout is None:
        raise OutputFailed("Standard output is closed.", hint="Give --output FILE.")
    return None


def _is_for_terminal(output: Path | None) -> bool:
    return output is None and sys.stdout.isatty()


def _chosen_format(options: Namespace, output: Path | None) -> str:
    chosen: str | None = options.format
    if chosen is None and output is not None:
        suffix = output.suffix.lower().removeprefix(".")
        chosen = _SUFFIXES.get(suffix) or (suffix if suffix in ENCODERS else None)
        if suffix and chosen is None:
            note(f'the ending ".{suffix}" names no format: writing JSON (--format changes that).')
    chosen = chosen or "json"
    if chosen == "xlsx" and _is_for_terminal(output):
        raise UsageError(
            "An XLSX file is not for a terminal.", hint="Give --output FILE, or redirect stdout."
        )
    return chosen


@contextmanager
def _open(path: Path | None) -> Iterator[BinaryIO]:
    with open_output(path) if path is not None else open_stdout(sys.stdout.buffer) as out:
        yield out


def _encoder(name: str, out: BinaryIO, output: Path | None, options: Namespace) -> Encoder:
    if name == "table" and _is_for_terminal(output):
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
