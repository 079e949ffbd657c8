"""The command line: ``heliograph query``, ``doctor``, ``serve`` and the others.

Exit codes: 0 done, 1 unexpected, 2 usage, 3 refused or failed query, 4 cannot connect, 5 timed out,
130 interrupted. An error is one JSON object on the last line of stderr.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

from heliograph.cli.parser import build_parser, parse_arguments
from heliograph.cli.terminal import report_error
from heliograph.kernel.errors import (
    ConnectError,
    DatabaseUnavailable,
    HeliographError,
    Interrupted,
    QueryError,
    QueryTimedOut,
    UsageError,
)

_EXIT_CODES: tuple[tuple[type[HeliographError], int], ...] = (
    (UsageError, 2),
    (QueryError, 3),
    (ConnectError, 4),
    (DatabaseUnavailable, 4),
    (QueryTimedOut, 5),
    (Interrupted, 130),
)


def exit_code(error: HeliographError) -> int:
    """Return the exit code that the contract gives to an error."""
    return next((code for kind, code in _EXIT_CODES if isinstance(error, kind)), 1)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    signal.signal(signal.SIGTERM, _terminate)
    try:
        given = sys.argv[1:] if arguments is None else arguments
        if not given:
            build_parser().print_help()
            return 0
        options = parse_arguments(given)
        result: int = options.run(options)
    except HeliographError as error:
        report_error(error)
        return exit_code(error)
    except KeyboardInterrupt:
        report_error(Interrupted("Interrupted; the server was asked to cancel what ran."))
        return 130
    except BrokenPipeError:
        _end_by_broken_pipe()
    except Exception as error:  # noqa: BLE001  # the edge: a bug must not end in a traceback with data
        report_error(_unexpected(error))
        return 1
    return result


def _terminate(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _unexpected(error: Exception) -> HeliographError:
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    place = ""
    if traceback is not None:
        code = traceback.tb_frame.f_code
        place = f" in {code.co_name} ({code.co_filename.rpartition('/')[2]}:{traceback.tb_lineno})"
    return HeliographError(
        f"Unexpected {type(error).__name__}{place}.",
        hint="This is a bug in Heliograph: please report it with this line.",
    )


def _end_by_broken_pipe() -> NoReturn:
    """End as programs do whose reader has left (``| head``): silently, by SIGPIPE."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.raise_signal(signal.SIGPIPE)
    sys.exit(141)
