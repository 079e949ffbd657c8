"""What the history of queries keeps of the values that were given to one."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from typing import Any, Literal

HistoryValues = Literal["kept", "hashed", "dropped"]

_HEX_DIGITS = 32
_HASH = re.compile(rf"sha256:[0-9a-f]{{{_HEX_DIGITS}}}")


def recorded_values(policy: HistoryValues, salt: bytes, values: Any) -> Any:
    """Return what may be kept of values: scalars, or lists and mappings of them.

    ``kept``: the values as they are. ``hashed``: the same shape and the same names, with a hash in
    the place of each scalar; None stays. Equal values have equal hashes under one salt, and without
    it nobody can try out what was hashed. ``dropped``: None.
    """
    if policy == "dropped":
        return None
    return values if policy == "kept" else _hashed(salt, values)


def holds_hashes(values: Any) -> bool:
    """Say whether any of recorded values is a hash, and so not what was given."""
    if isinstance(values, Mapping):
        return any(map(holds_hashes, values.values()))
    if isinstance(values, list | tuple):
        return any(map(holds_hashes, values))
    return isinstance(values, str) and _HASH.fullmatch(values) is not None


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
