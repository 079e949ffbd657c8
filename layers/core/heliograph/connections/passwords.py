"""Stored passwords: bound to where they are sent, and typed again when that changes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from heliograph.connections.models import SSL_STRENGTH, Connection
from heliograph.kernel.errors import PasswordRequired

_BINDING = ("host", "port", "username", "ssl_root_cert")


def context_of(connection_id: UUID, values: Mapping[str, Any]) -> dict[str, str]:
    """Return what a password is encrypted for: one connection, and one host, port and user.

    So a password cannot be decrypted for another place, whatever is done to the row. The place
    stands there as a hash, because contexts are logged where KMS is.
    """
    place = "\n".join(str(values[name]) for name in ("host", "port", "username"))
    return {
        "purpose": "connection_password",
        "connection_id": str(connection_id),
        "place": hashlib.sha256(place.encode()).hexdigest(),
    }


def require_typed_again(connection: Connection, values: Mapping[str, Any]) -> None:
    """Raise `PasswordRequired` when the stored password would go elsewhere, or less protected.

    ``values`` are those that the connection is to have, or to be tested with.
    """
    if not connection.has_password:
        return
    changed = [name for name in _BINDING if values[name] != getattr(connection, name)]
    if SSL_STRENGTH[values["ssl_mode"]] < SSL_STRENGTH[connection.ssl_mode]:
        changed.append("ssl_mode")
    if changed:
        raise PasswordRequired(
            f"Type the password again: {', '.join(changed)} would change where, or how well "
            "protected, the stored one is sent.",
            hint="Send `password` along. Nothing has been changed.",
        )
