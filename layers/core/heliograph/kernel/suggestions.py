"""The sentence that helps after a name that does not exist."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def suggest(word: str, known: Iterable[str], *, most: int = 12) -> str:
    """Return ``Did you mean ...?`` for the closest known name, else what there is.

    Case does not count. More than ``most`` names are not listed: then the text may be empty.
    """
    names = list(known)
    by_folded = {name.casefold(): name for name in reversed(names)}
    close = get_close_matches(word.casefold(), by_folded, n=1)
    if close:
        return f"Did you mean {by_folded[close[0]]}?"
    return f"There are: {', '.join(names)}." if 0 < len(names) <= most else ""
