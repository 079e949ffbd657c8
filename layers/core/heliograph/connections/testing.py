"""The test of a connection: the steps of `heliograph doctor`, in the words of a form."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from heliograph.connections.engines.contract import CheckStep
from heliograph.connections.engines.registry import load_engine
from heliograph.connections.url import ConnectionUrl
from heliograph.kernel.errors import HostUnknown

WITHIN: Final = timedelta(seconds=18)
"""The most that a test takes: a page waits for it, and a function ends after 29 s."""

_WORDS: Final = (
    ("the file with the certificate of its authority as sslrootcert=<file>",
     "the certificate of its authority as ssl_root_cert"),
    (r"Give sslrootcert=<file>, or sslrootcert=system for [^.]*\.", "Give it as ssl_root_cert."),
    (" (?:named )?in the (?:connection )?URL\\b", ""),
    (" after the last / of the URL", ""),
    (r"Put it into the URL: .*", "Type it into its field."),
    (r"\bsslmode=", "ssl_mode="),
    (r"\bsslrootcert\b", "ssl_root_cert"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ConnectionTest:
    """The steps that were made, and whether all of them went well."""

    steps: tuple[CheckStep, ...]

    @property
    def ok(self) -> bool:
        """Say whether no step failed. Warnings are no failures."""
        return all(step.ok for step in self.steps)


def run_test(engine: str, make_url: Callable[[], ConnectionUrl]) -> ConnectionTest:
    """Make the steps, all within `WITHIN`. ``make_url`` may raise `HostUnknown`: the first step."""
    try:
        url = make_url()
    except HostUnknown as error:
        return ConnectionTest((CheckStep("dns", False, error.message, error.hint),))
    steps = load_engine(engine).examine(url, within=WITHIN)
    return ConnectionTest(tuple(map(_in_words_of_a_form, steps)))


def _in_words_of_a_form(step: CheckStep) -> CheckStep:
    return replace(step, message=_reword(step.message), fix=step.fix and _reword(step.fix))


def _reword(text: str) -> str:
    for pattern, words in _WORDS:
        text = re.sub(pattern, words, text)
    return text
