"""Which addresses messages may be sent to, decided without a socket."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from ipaddress import ip_address

import pytest

from heliograph.kernel.errors import DeliveryDeferred, DestinationRefused, UsageError
from heliograph.platform.addresses import (
    find_destination,
    normal_host,
    parse_allow_hosts,
    special_kind,
)


class Names:
    """A name server that counts its questions."""

    def __init__(self, **answers: Sequence[str]) -> None:
        self.asked: list[str] = []
        self._answers = {name.replace("_", "."): list(found) for name, found in answers.items()}

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        if host not in self._answers:
            raise OSError("unknown")
        return self._answers[host]


PUBLIC = [
    "8.8.8.8",
    "1.1.1.1",
    "172.15.255.255",
    "172.32.0.1",
    "100.63.255.255",
    "100.128.0.1",
    "169.253.1.1",
    "192.169.0.1",
    "198.20.0.1",
    "223.255.255.255",
    "2606:4700::1111",
    "2a00:1450:4001::1",
    "2002:808:808::1",  # 6to4 of 8.8.8.8
    "64:ff9b::808:808",  # NAT64 of 8.8.8.8
    "2606:4700::5efe:808:808",  # ISATAP of 8.8.8.8
]
SPECIAL = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::127.0.0.1",
    "::8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:0:a9fe:a9fe::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:a00:1::",
    "2002:a9fe:a9fe::1",
    "2606:4700::5efe:a00:1",
    "2606:4700::200:5efe:7f00:1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fdff::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "4000::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_fit(address: str) -> None:
    assert special_kind(ip_address(address)) is None
    assert find_destination(address, 443).addresses == (str(ip_address(address)),)


@pytest.mark.parametrize("address", SPECIAL)
def test_a_special_address_is_refused_unless_its_network_is_allowed(address: str) -> None:
    with pytest.raises(DestinationRefused, match="which messages are not sent to"):
        find_destination(address, 443)
    allowed = find_destination(address, 443, [address])
    assert allowed.is_private
    assert allowed.addresses == (str(ip_address(address)),)


@pytest.mark.parametrize("address", SPECIAL)
def test_a_name_is_refused_when_it_leads_to_a_special_address(address: str) -> None:
    with pytest.raises(DestinationRefused):
        find_destination("a.test", 443, resolve=Names(a_test=[address]))
    assert find_destination("a.test", 443, resolve=Names(a_test=["8.8.8.8"])).host == "a.test"


@pytest.mark.parametrize(
    "spelling",
    [
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0x7f.0x0.0x0.0x1",
        "0177.0.0.1",
        "127.0.0.01",
        "127.0.0.0x1",
        "0x",
        "1.2.3.4.5",
        "256.1.1.1",
        "example.1",
        "[127.0.0.1%25eth0]",
        "fe80::1%eth0",
        "%31%32%37.0.0.1",
        "127.0.0.1\n",
        "exa mple.com",
        "",
        ".",
        "a..b",
        "-a.example",
        "a" * 64 + ".example",
        "user@example.com",
        "a/b",
    ],
)
def test_an_odd_spelling_is_refused_even_when_the_address_is_allowed(spelling: str) -> None:
    with pytest.raises(DestinationRefused):
        find_destination(spelling, 80, ["127.0.0.1"], resolve=lambda host, port: ["127.0.0.1"])
    assert find_destination("127.0.0.1", 80, ["127.0.0.1"]).addresses == ("127.0.0.1",)


@pytest.mark.parametrize("spelling", ["127.0.0.1.", "127.0.0.1", "①②⑦.0.0.1", "127。0。0。1"])
def test_a_spelling_that_means_loopback_is_loopback(spelling: str) -> None:
    assert normal_host(spelling) == "127.0.0.1"
    with pytest.raises(DestinationRefused, match="loopback"):
        find_destination(spelling, 80)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("Hooks.Example.COM.", "hooks.example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("my_service", "my_service"),
        ("[2606:4700:0::1111]", "2606:4700::1111"),
        ("8.8.8.8", "8.8.8.8"),
    ],
)
def test_a_host_has_one_normal_spelling(written: str, normal: str) -> None:
    assert normal_host(written) == normal


def test_one_private_address_among_public_ones_refuses_the_name() -> None:
    mixed = Names(a_test=["8.8.8.8", "10.0.0.1"], b_test=["8.8.8.8", "1.1.1.1"])
    with pytest.raises(DestinationRefused, match="private"):
        find_destination("a.test", 443, resolve=mixed)
    assert find_destination("b.test", 443, resolve=mixed).addresses == ("8.8.8.8", "1.1.1.1")


def test_a_name_is_resolved_once_and_the_answer_is_what_is_connected_to() -> None:
    names = Names(a_test=["8.8.8.8"])
    destination = find_destination("A.test.", 443, resolve=names)
    assert (destination.host, destination.addresses) == ("a.test", ("8.8.8.8",))
    assert names.asked == ["a.test"]


def test_an_allowed_name_may_be_private_and_another_name_for_it_may_not() -> None:
    names = Names(hooks_test=["10.0.0.5"], other_test=["10.0.0.5"], sub_hooks_test=["10.0.0.5"])
    assert find_destination("hooks.test", 80, ["Hooks.test"], resolve=names).is_private
    for name in ("other.test", "sub.hooks.test"):
        with pytest.raises(DestinationRefused):
            find_destination(name, 80, ["hooks.test"], resolve=names)


def test_an_allowed_network_admits_its_addresses_only() -> None:
    names = Names(a_test=["10.1.0.5"], b_test=["10.2.0.5"])
    assert find_destination("a.test", 80, ["10.1.0.0/16"], resolve=names).is_private
    with pytest.raises(DestinationRefused):
        find_destination("b.test", 80, ["10.1.0.0/16"], resolve=names)


@pytest.mark.parametrize("address", ["169.254.169.254", "fd00:ec2::254", "100.100.100.200", "::"])
def test_a_name_alone_never_opens_the_metadata_service(address: str) -> None:
    names = Names(hooks_test=[address])
    with pytest.raises(DestinationRefused, match="resolves to") as caught:
        find_destination("hooks.test", 80, ["hooks.test"], resolve=names)
    assert "by address" in (caught.value.hint or "")
    assert find_destination("hooks.test", 80, [address], resolve=names).is_private


@pytest.mark.parametrize(
    "entry", ["https://a.test", "a.test:80", "*.a.test", "10.0.0.1/8", "127.1", "", "10.0.0.0/99"]
)
def test_an_entry_of_allow_hosts_that_means_nothing_is_an_error(entry: str) -> None:
    with pytest.raises(UsageError, match="allow_hosts"):
        parse_allow_hosts(["a.test", entry])
    assert parse_allow_hosts(["a.test", "10.0.0.1", "10.0.0.0/8", "[::1]"]).names == {"a.test"}


def test_a_name_that_does_not_resolve_is_tried_again_later() -> None:
    with pytest.raises(DeliveryDeferred, match=r"a\.test does not resolve"):
        find_destination("a.test", 443, resolve=Names())


def test_a_name_server_that_stays_silent_does_not_hold_the_sender() -> None:
    released = threading.Event()

    def silent(host: str, port: int) -> Sequence[str]:
        released.wait(10)
        return ["8.8.8.8"]

    resolve: Callable[[str, int], Sequence[str]] = silent
    with pytest.raises(DeliveryDeferred, match="did not resolve within"):
        find_destination("a.test", 443, timeout=0.05, resolve=resolve)
    released.set()
    assert find_destination("a.test", 443, timeout=5, resolve=resolve).addresses == ("8.8.8.8",)
