"""Keys that protect secrets at rest: they wrap data keys, and never leave where they are.

A data key belongs to a context, such as ``{"table": "connections", "id": "..."}``: it can be
unwrapped with that very context only, so a secret that was moved to another row stays shut.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import unquote, urlsplit

from heliograph.kernel.errors import KeyUnavailable

DATA_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class DataKey:
    """A key of 256 bits: ``plain`` to encrypt with and forget, ``wrapped`` to store."""

    plain: bytes = field(repr=False)
    wrapped: bytes


class Keys(Protocol):
    """Makes and unwraps data keys. Threads may share it. Every method may raise `KeyUnavailable`.

    A context is a few texts by name, none of them empty or secret.
    """

    def generate(self, context: Mapping[str, str]) -> DataKey:
        """Return a new data key that belongs to ``context``."""
        ...

    def unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        """Return the data key as it was generated, for the same context only."""
        ...


def open_keys(address: str, environment: Mapping[str, str], *, newest_only: bool = False) -> Keys:
    """Return the keys at an address: the ARN of a KMS key, or ``file:///path`` of a key file.

    With ``newest_only`` the older keys of a file unwrap nothing. Opens nothing. Raises
    `KeyUnavailable` for an address of another form.
    """
    if address.startswith("arn:") and ":kms:" in address:  # what KMS keeps is one key, ever anew
        from heliograph.platform.keys_kms import KmsKeys  # noqa: PLC0415

        return KmsKeys(address, environment)
    parts = urlsplit(address)
    if parts.scheme == "file" and not parts.netloc and len(parts.path) > 1:
        from pathlib import Path  # noqa: PLC0415

        from heliograph.platform.keys_file import FileKeys  # noqa: PLC0415

        return FileKeys(Path(unquote(parts.path)), newest_only=newest_only)
    raise KeyUnavailable(
        "The address of the key is neither the ARN of a KMS key nor file:///path of a key file.",
        hint="docs/reference/settings.md lists the forms.",
    )


def context_bytes(context: Mapping[str, str]) -> bytes:
    """Return a context as the bytes that a cipher authenticates: JSON, sorted by name."""
    return json.dumps(dict(context), sort_keys=True, separators=(",", ":")).encode()
