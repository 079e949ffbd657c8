"""How to reach a target: its addresses checked, its password opened, libpq left on its own.

libpq would fill in what it finds in the home folder and the environment of whoever runs
Heliograph: a password, a client certificate, an authority. Those are nobody else's, so each has
its place taken.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from heliograph.connections import store
from heliograph.connections.addresses import AddressPolicy, Place
from heliograph.connections.certificates import CertificateFiles, public_authorities
from heliograph.connections.models import Connection, Target
from heliograph.connections.passwords import context_of
from heliograph.connections.url import ConnectionUrl
from heliograph.kernel.errors import Conflict, HostUnknown, RequestInvalid

if TYPE_CHECKING:
    from heliograph.platform.database import Database
    from heliograph.platform.envelope import Envelope

ABSENT: Final = f"{os.devnull}/none"
"""A path at which there never is a file."""

_SAVE_RESOLVE_SECONDS = 2.0  # whoever saves a name that does not resolve yet need not wait long


class Logins:
    """Turns saved connections, and values that are not saved, into ways to connect."""

    def __init__(
        self, database: Database, open_envelope: Callable[[], Envelope], policy: AddressPolicy
    ) -> None:
        self._database = database
        self._open_envelope = open_envelope
        self._policy = policy
        self._files = CertificateFiles()

    def check(self, values: Mapping[str, Any]) -> None:
        """Raise `AddressForbidden` or `RequestInvalid` for a target that cannot be saved.

        A name that does not resolve yet can: what it comes to be is checked at each use.
        """
        check_tls(values["ssl_mode"], values["ssl_root_cert"])
        place = (values["host"], values["port"], values["database"])
        try:
            self._policy.find_place(*place, timeout=_SAVE_RESOLVE_SECONDS)
        except HostUnknown:
            return

    def url_of(self, target: Target | Connection, password: str | None) -> ConnectionUrl:
        """Return how to reach a target. Raises `AddressForbidden`, `HostUnknown`."""
        place = self._policy.find_place(target.host, target.port, target.database)
        return make_url(target, password, place, self._files)

    def url_of_saved(self, connection: Connection) -> ConnectionUrl:
        """Return how to reach a saved connection with its password; raises as both parts do."""
        return self.url_of(connection, self.open_password(connection))

    def seal(
        self, connection_id: UUID, values: Mapping[str, Any], password: str | None
    ) -> bytes | None:
        """Return a password encrypted for a connection with these values; None for none.

        Raises `KeyUnavailable`.
        """
        if password is None:
            return None
        context = context_of(connection_id, values)
        return self._open_envelope().encrypt(password.encode(), context)

    def open_password(self, connection: Connection) -> str | None:
        """Return the stored password, None when there is none.

        Raises `KeyUnavailable`, and `Conflict` when the connection has been changed since it was
        read.
        """
        is_current, sealed = store.select_password(
            self._database, connection.id, connection.version
        )
        if not is_current:
            raise Conflict("The connection has been changed or deleted meanwhile.")
        if sealed is None:
            return None
        context = context_of(connection.id, connection.model_dump())
        return self._open_envelope().decrypt(bytes(sealed), context).decode()


def make_url(
    target: Target | Connection, password: str | None, place: Place, files: CertificateFiles
) -> ConnectionUrl:
    """Return the connection to ``place``'s addresses, under ``target``'s name for TLS."""
    if target.ssl_root_cert is not None:
        authority = str(files.path_of(target.ssl_root_cert))
    else:
        authority = public_authorities() if target.ssl_mode == "verify-full" else ABSENT
    return ConnectionUrl(
        hosts=tuple((place.host, place.port) for _ in place.addresses),
        database=target.database,
        user=target.username,
        password=password or "",  # empty, so that PGPASSWORD does not take its place
        parameters=(
            ("hostaddr", ",".join(place.addresses)),
            ("sslmode", target.ssl_mode),
            ("sslrootcert", authority),
            ("sslcertmode", "disable"),
            ("passfile", ABSENT),
        ),
    )


def check_tls(ssl_mode: str, ssl_root_cert: str | None) -> None:
    """Raise `RequestInvalid` for a TLS mode that lacks its authority."""
    if ssl_mode == "verify-ca" and ssl_root_cert is None:
        why = "is required for verify-ca: a certificate of any public authority would do otherwise"
        raise RequestInvalid("verify-ca needs an authority.", [("/ssl_root_cert", why)])
