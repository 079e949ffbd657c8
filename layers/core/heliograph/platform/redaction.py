"""What a receiver answered, fit for an error message: one short line without the secrets we sent.

Receivers echo: a framework's 404 page names the path, a proxy's error page the whole URL.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_SHORTEST_SECRET = 4  # below that, replacing would only garble the words of the answer
_LONGEST = 200
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\u200b-\u200f\u202a-\u202e]+")


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return ``text`` on one line of at most 200 characters, with ``***`` for each secret."""
    line = _UNPRINTABLE.sub(" ", text).strip()
    for secret in sorted({s for s in secrets if len(s) >= _SHORTEST_SECRET}, key=len, reverse=True):
        line = re.sub(re.escape(secret), "***", line, flags=re.IGNORECASE)
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
