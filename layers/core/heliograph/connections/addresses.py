"""Which hosts a connection may point at: resolved once, every address checked, then used as it is.

Databases live in private networks, so those are open. Closed are metadata services and link-local
addresses, what the operator forbids, and the app database itself. Whoever connects uses the
addresses of the `Place`, never the name again, so that a name cannot answer with one address for
the check and another one for the connection.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
)

from heliograph.connections.url import ConnectionUrl, parse_connection_url
from heliograph.kernel.errors import (
    AddressForbidden,
    DeliveryDeferred,
    DestinationRefused,
    HostUnknown,
    PlatformError,
    UsageError,
)
from heliograph.platform.addresses import (
    AllowedHosts,
    Resolver,
    find_destination,
    normal_host,
    parse_allow_hosts,
    resolve_system,
    special_kind,
)

Address = IPv4Address | IPv6Address

# Services of a cloud that hand out credentials, outside the networks that are closed anyhow.
_METADATA = (
    IPv4Network("168.63.129.16/32"),  # Azure
    IPv4Network("192.0.0.192/32"),  # Oracle
    IPv6Network("fd20:ce::254/128"),  # Google
)
_COMPATIBLE = IPv6Network("::/96")
_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))  # RFC 6052, RFC 8215
_MOST_NAME_BYTES = 63  # PostgreSQL up to 16 cuts a longer name off, and lets in by the rest
_RESOLVE_SECONDS = 5.0
_QUICK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Place:
    """A host whose addresses were checked: ``host`` for TLS, ``addresses`` to connect to."""

    host: str
    port: int
    addresses: tuple[str, ...]


class AddressPolicy:
    """Says where connections may go. Threads may share it."""

    def __init__(
        self,
        forbidden: str | None = None,
        app_database: Callable[[], str] | None = None,
        *,
        resolve: Resolver = resolve_system,
    ) -> None:
        """``forbidden`` is a list with commas; ``app_database`` returns the app database's URL."""
        self._forbidden_text = forbidden or ""
        self._app_database_url = app_database
        self._resolve = resolve

    def find_place(
        self, host: str, port: int, database: str, *, timeout: float = _RESOLVE_SECONDS
    ) -> Place:
        """Resolve ``host`` once and return its addresses, all of which are permitted.

        Raises `AddressForbidden` when one of them is not, `HostUnknown` when the name does not
        resolve within ``timeout`` seconds, and `PlatformError` when the list of what is forbidden
        cannot be read: then nothing is permitted.
        """
        name = self._normal(host)
        if name in self._forbidden.names:
            raise _forbidden(name, "is one that the operator of Heliograph forbids")
        addresses = self._addresses_of(name, port, timeout)
        closed = {found for other in sorted(self._forbidden.names) for found in self._find(other)}
        for text in addresses:
            address = _plain(ip_address(text))
            reason = self._reason_against(address, closed)
            if reason:
                raise _forbidden(name, reason)
        if self._is_app_database(name, addresses, port, database):
            raise _forbidden(name, "leads to Heliograph's own database")
        return Place(name, port, addresses)

    def _normal(self, host: str) -> str:
        try:
            return normal_host(host)
        except DestinationRefused as error:
            raise AddressForbidden(error.message, hint=error.hint) from None

    def _addresses_of(self, name: str, port: int, timeout: float) -> tuple[str, ...]:
        try:
            # By its own name everything may be reached but what nobody should reach.
            found = find_destination(name, port, [name], timeout=timeout, resolve=self._resolve)
        except DestinationRefused:
            raise _forbidden(name, "is a link-local or metadata address") from None
        except DeliveryDeferred as error:
            raise HostUnknown(error.message, hint="Check the spelling of the host.") from None
        return found.addresses

    def _reason_against(self, address: Address, closed: set[Address]) -> str | None:
        kind = special_kind(address)
        # What is not permitted even to who names it: metadata, link-local, multicast, unspecified.
        is_never = kind is not None and not _BY_NAME.allows(_ANY_NAME, address, kind)
        if is_never or any(address in network for network in _METADATA):
            return f"is {kind or 'a metadata'} address"
        if address in closed or any(address in one for one in self._forbidden.networks):
            return "is at an address that the operator of Heliograph forbids"
        return None

    @cached_property
    def _forbidden(self) -> AllowedHosts:
        names: set[str] = set()
        networks: list[IPv4Network | IPv6Network] = []
        for entry in self._forbidden_text.split(","):
            if not entry.strip():
                continue
            try:
                parsed = parse_allow_hosts([entry])
            except UsageError:
                raise PlatformError(
                    f"HELIOGRAPH_FORBIDDEN_HOSTS has {entry.strip()!r}, which is no host name, "
                    "IP address or network.",
                    hint="Separate exact names, addresses and networks (10.0.0.0/24) by commas.",
                ) from None
            names |= parsed.names
            networks += parsed.networks
        return AllowedHosts(frozenset(names), tuple(networks))

    @cached_property
    def _app_database(self) -> ConnectionUrl | None:
        url = self._app_database_url() if self._app_database_url else None
        return parse_connection_url(url) if url else None

    def _is_app_database(
        self, name: str, addresses: tuple[str, ...], port: int, database: str
    ) -> bool:
        """Say whether this is the app database, by whatever name and address it is called."""
        own = self._app_database
        if own is None or _cut(own.database or own.user or "") != _cut(database):
            return False
        theirs = {_plain(ip_address(text)) for text in addresses}
        stated = (own.parameter("hostaddr") or "").split(",")
        for index, (host, own_port) in enumerate(own.hosts):
            if own_port != port:
                continue
            named = stated[index] if index < len(stated) and stated[index] else host
            if host == name or self._is_same_machine(named, theirs):
                return True
        return False

    def _is_same_machine(self, host: str, theirs: set[Address]) -> bool:
        if not host or host.startswith(("/", "@")):  # a socket: it is here
            return any(map(_is_here, theirs))
        ours = self._find(host)
        is_equal = bool(ours & theirs)
        return is_equal or (any(map(_is_here, ours)) and any(map(_is_here, theirs)))

    def _find(self, host: str) -> set[Address]:
        """Return the addresses of a name of the operator's, none when it does not resolve."""
        try:
            name = normal_host(host)
            found = find_destination(
                name, 1, [name], timeout=_QUICK_SECONDS, resolve=self._resolve
            ).addresses
        except (DestinationRefused, DeliveryDeferred):
            return set()
        return {_plain(ip_address(text)) for text in found}


_ANY_NAME = "host"
_BY_NAME = AllowedHosts(names=frozenset({_ANY_NAME}))


def _plain(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one stands for on the wire, or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour
    if inner is not None:
        return inner
    is_nat64 = any(address in network for network in _NAT64)
    if is_nat64 or (address in _COMPATIBLE and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return IPv6Address(int(address))  # without a zone


def _cut(database: str) -> bytes:
    return database.encode()[:_MOST_NAME_BYTES]


def _is_here(address: Address) -> bool:
    """Say whether an address is one of this machine's own: only those can be bound to."""
    if address.is_loopback:
        return True
    family = socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6
    try:
        with closing(socket.socket(family, socket.SOCK_DGRAM)) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True


def _forbidden(host: str, reason: str) -> AddressForbidden:
    return AddressForbidden(
        f"{host} {reason}: no connection may point there.",
        hint="Heliograph's operator decides which addresses are closed: "
        "HELIOGRAPH_FORBIDDEN_HOSTS.",
    )
