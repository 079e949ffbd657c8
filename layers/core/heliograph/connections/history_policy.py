"""What the history of queries keeps of the values that were given to one."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, Literal

HistoryValues = Literal["kept", "hashed", "dropped"]

_HEX_DIGITS = 32


def recorded_values(policy: HistoryValues, salt: bytes, values: Any) -> Any:
    """Return what may be kept of values: scalars, or lists and mappings of them.

    ``kept``: the values as they are. ``hashed``: the same shape and the same names, with a hash in
    the place of each scalar; None stays. Equal values have equal hashes under one salt, and without
    it nobody can try out what was hashed. ``dropped``: None.
    """
    if policy == "dropped":
        return None
    return values if policy == "kept" else _hashed(salt, values)


def _hashed(salt: bytes, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, Mapping):
        return {name: _hashed(salt, item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_hashed(salt, item) for item in value]
    text = json.dumps(value, ensure_ascii=False, default=str)
    # Half of a surrogate pair is no text, and has a hash all the same.
    digest = hmac.new(salt, text.encode(errors="surrogatepass"), hashlib.sha256)
    return f"sha256:{digest.hexdigest()[:_HEX_DIGITS]}"
