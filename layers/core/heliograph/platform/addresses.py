"""Where outgoing requests may go: a name is resolved once, and every address is checked.

Whoever connects uses an address of the `Destination`, never the name again, so that a name cannot
answer with a public address for the check and a private one for the connection. The networks are
those of the IANA special-purpose registries (RFC 6890 and its updates) and of cloud metadata.
"""

from __future__ import annotations

import queue
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from pathlib import Path
from typing import TypeVar

from heliograph.kernel.errors import DeliveryDeferred, DestinationRefused, UsageError

Address = IPv4Address | IPv6Address
Resolver = Callable[[str, int], Sequence[str]]
T = TypeVar("T")

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
# A host whose last label is a number is an IPv4 address, however odd: https://url.spec.whatwg.org
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
_METADATA = "a link-local or metadata"
_SPECIAL_V4 = [
    (IPv4Network(network), kind)
    for network, kind in [
        ("0.0.0.0/8", "an unspecified"),
        ("10.0.0.0/8", "a private"),
        ("100.100.100.200/32", _METADATA),  # Alibaba Cloud, inside 100.64.0.0/10
        ("100.64.0.0/10", "a carrier-grade NAT"),
        ("127.0.0.0/8", "a loopback"),
        ("169.254.0.0/16", _METADATA),
        ("172.16.0.0/12", "a private"),
        ("192.0.0.0/24", "a reserved"),
        ("192.0.2.0/24", "a documentation"),
        ("192.88.99.0/24", "a reserved"),
        ("192.168.0.0/16", "a private"),
        ("198.18.0.0/15", "a benchmarking"),
        ("198.51.100.0/24", "a documentation"),
        ("203.0.113.0/24", "a documentation"),
        ("224.0.0.0/4", "a multicast"),
        ("240.0.0.0/4", "a reserved"),
    ]
]
_SPECIAL_V6 = [
    (IPv6Network(network), kind)
    for network, kind in [
        ("::/128", "an unspecified"),
        ("::1/128", "a loopback"),
        ("::ffff:0:0/96", "an IPv4-mapped"),
        ("::/96", "an IPv4-compatible"),
        ("fd00:ec2::/32", _METADATA),  # AWS
        ("fc00::/7", "a private"),
        ("fe80::/10", _METADATA),
        ("fec0::/10", "a site-local"),
        ("ff00::/8", "a multicast"),
        ("2001::/23", "a reserved"),  # Teredo, ORCHID, benchmarking
        ("2001:db8::/32", "a documentation"),
        ("3fff::/20", "a documentation"),
    ]
]
_GLOBAL_V6 = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_SIX_TO_FOUR = IPv6Network("2002::/16")
_ISATAP = (0x5EFE, 0x0200_5EFE)
# No service that people send messages to lives there, so a name alone does not open these.
_NEVER_BY_NAME = (_METADATA, "an unspecified", "a multicast")


@dataclass(frozen=True, slots=True)
class Destination:
    """A checked receiver: ``host`` for TLS and headers, ``addresses`` to connect to.

    ``is_private`` says that it is reached only because ``allow_hosts`` names it.
    """

    host: str
    port: int
    addresses: tuple[str, ...]
    is_private: bool = False


@dataclass(frozen=True, slots=True)
class AllowedHosts:
    """What ``allow_hosts`` says: exact names, and networks."""

    names: frozenset[str] = frozenset()
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    def allows(self, host: str, address: Address, kind: str) -> bool:
        """Say whether an address of that special kind may be reached under the name ``host``."""
        if any(address in network for network in self.networks):
            return True
        return host in self.names and kind not in _NEVER_BY_NAME


def parse_allow_hosts(entries: Iterable[str]) -> AllowedHosts:
    """Return the names, addresses and CIDR networks that ``entries`` list.

    Raises `UsageError` for whatever is none of them: a URL, a port, a wildcard, an odd spelling.
    """
    names, networks = set(), []
    for entry in entries:
        try:
            if "/" in entry:
                networks.append(ip_network(entry.strip()))
                continue
            host = normal_host(entry.strip())
            address = _literal(host)
        except (ValueError, DestinationRefused):
            raise UsageError(
                f"allow_hosts has {entry!r}, which is no host name, IP address or network.",
                hint="Write an exact name (hooks.internal.example), an address (10.0.0.5) or a "
                "network (10.0.0.0/24), without scheme, port or wildcard.",
            ) from None
        if address is None:
            names.add(host)
        else:
            networks.append(ip_network(address))
    return AllowedHosts(frozenset(names), tuple(networks))


def normal_host(host: str) -> str:
    """Return the one spelling of a host: ASCII, lower case, no trailing dot, no brackets.

    Raises `DestinationRefused` for what is no host name, and for spellings of an IPv4 address that
    only some programs understand (``127.1``, ``0x7f.1``, ``2130706433``).
    """
    text = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if ":" in text:
        try:
            if "%" not in text:
                return str(IPv6Address(text))
        except ValueError:
            pass
        raise DestinationRefused(f"{host!r} is no IPv6 address that can be reached.")
    text = _to_ascii(text).lower().removesuffix(".")
    if len(text) > 253 or not _NAME.fullmatch(text):
        raise DestinationRefused(f"{host!r} is no host name.")
    if _NUMBER.fullmatch(text.rpartition(".")[2]):
        try:
            return str(IPv4Address(text))
        except ValueError:
            raise DestinationRefused(
                f"{host!r} is an odd spelling of an address.",
                hint="Write four decimal numbers, such as 192.0.2.10.",
            ) from None
    return text


def special_kind(address: Address) -> str | None:
    """Return what makes an address unfit by default ("a loopback"), or None for a public one.

    Addresses that carry an IPv4 address inside (6to4, NAT64, ISATAP) are as fit as that one.
    """
    if isinstance(address, IPv4Address):
        return next((kind for network, kind in _SPECIAL_V4 if address in network), None)
    inner = _inner_v4(address)
    if inner is not None:
        return special_kind(inner)
    for network, kind in _SPECIAL_V6:
        if address in network:
            return kind
    return None if address in _GLOBAL_V6 else "a reserved"


def resolve_system(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a name as the system knows them; raises OSError when it does not."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def find_destination(
    host: str,
    port: int,
    allow_hosts: Sequence[str] = (),
    *,
    timeout: float = 10.0,
    resolve: Resolver = resolve_system,
) -> Destination:
    """Resolve ``host`` once and return it with the addresses to connect to.

    One unfit address among many refuses them all. Raises `DestinationRefused`, or
    `DeliveryDeferred` when the name does not resolve within ``timeout`` seconds.
    """
    allowed = parse_allow_hosts(allow_hosts)
    name = normal_host(host)
    literal = _literal(name)
    if literal is not None:
        addresses: Sequence[str] = [str(literal)]
    else:
        addresses = _resolve(name, port, timeout, resolve)
    is_private = False
    for text in addresses:
        address = ip_address(text)
        kind = special_kind(address)
        if kind is None:
            continue
        if not allowed.allows(name, address, kind):
            verb = "is" if literal is not None else "resolves to"
            by_address = " by address or network" if kind in _NEVER_BY_NAME else ""
            raise DestinationRefused(
                f"{name} {verb} {kind} address, which messages are not sent to.",
                hint=f"If this receiver is meant, name it in allow_hosts{by_address}.",
            )
        is_private = True
    return Destination(name, port, tuple(addresses), is_private)


def connect_any(
    destination: Destination, connect: Callable[[str, float], T], *, deadline: float
) -> T:
    """Return what ``connect(address, timeout)`` gives for the first address that answers.

    An address that stays silent leaves time for the next: each gets its share of what is left
    until ``deadline``, on `time.monotonic`'s clock. Raises the last address's OSError.
    """
    last: OSError = TimeoutError("timed out")
    for index, address in enumerate(destination.addresses):
        left = deadline - time.monotonic()
        if left <= 0:
            break
        try:
            return connect(address, left / (len(destination.addresses) - index))
        except OSError as error:
            last = error
    raise last


def open_socket(destination: Destination, *, deadline: float) -> socket.socket:
    """Return a socket connected to a checked address. Raises OSError."""
    return connect_any(
        destination,
        lambda address, timeout: socket.create_connection((address, destination.port), timeout),
        deadline=deadline,
    )


@cache
def default_tls() -> ssl.SSLContext:
    """Return a context that verifies certificates against the system's authorities.

    Where the system has none (a bare container), those of the ``certifi`` package take their place.
    """
    paths = ssl.get_default_verify_paths()
    if paths.cafile or (paths.capath and any(Path(paths.capath).iterdir())):
        return ssl.create_default_context()
    import certifi  # noqa: PLC0415

    return ssl.create_default_context(cafile=certifi.where())


def _to_ascii(text: str) -> str:
    if text.isascii():
        return text
    import idna  # noqa: PLC0415

    try:
        return idna.encode(text, uts46=True).decode("ascii")
    except idna.IDNAError:
        raise DestinationRefused(f"{text!r} is no host name.") from None


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _inner_v4(address: IPv6Address) -> IPv4Address | None:
    bits = int(address)
    if address in _SIX_TO_FOUR:
        return IPv4Address(bits >> 80 & 0xFFFF_FFFF)
    is_isatap = address in _GLOBAL_V6 and (bits >> 32 & 0xFFFF_FFFF) in _ISATAP
    return IPv4Address(bits & 0xFFFF_FFFF) if is_isatap or address in _NAT64 else None


def _resolve(host: str, port: int, timeout: float, resolve: Resolver) -> Sequence[str]:
    """Resolve in a thread of its own: getaddrinfo takes no timeout."""
    answers: queue.SimpleQueue[Sequence[str] | OSError | UnicodeError] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            answers.put(resolve(host, port))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=look_up, name=f"resolve {host}", daemon=True).start()
    try:
        answer = answers.get(timeout=timeout)
    except queue.Empty:
        raise DeliveryDeferred(f"The name {host} did not resolve within {timeout:g} s.") from None
    if isinstance(answer, OSError | UnicodeError) or not answer:
        raise DeliveryDeferred(f"The name {host} does not resolve.", hint="Check its spelling.")
    return answer
