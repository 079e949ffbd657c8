"""Which addresses a connection may have: all but those that hand out secrets, and the forbidden."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from heliograph.connections import addresses
from heliograph.connections.addresses import AddressPolicy
from heliograph.kernel.errors import AddressForbidden, HostUnknown, PlatformError

NAMES = {
    "db.example": ["192.0.2.10", "2001:db8::10"],
    "rebinding.example": ["192.0.2.10", "169.254.169.254"],
    "mapped.example": ["::ffff:169.254.169.254"],
    "metadata.google.internal": ["169.254.169.254"],
    "secret.internal": ["10.9.9.9"],
    "alias.example": ["10.9.9.9"],
    "app.internal": ["10.1.1.1", "10.1.1.2"],
    "other-name.internal": ["10.1.1.2"],
    "localhost": ["127.0.0.1", "::1"],
    "this-machine": ["127.0.1.1"],
}


class Names:
    """Resolves what it knows and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        if host not in NAMES:
            raise OSError("unknown")
        return NAMES[host]


def policy(forbidden: str = "", app: str = "") -> AddressPolicy:
    return AddressPolicy(forbidden, lambda: app, resolve=Names())


def is_forbidden(found: AddressPolicy, host: str, port: int = 5432, database: str = "db") -> bool:
    try:
        found.find_place(host, port, database)
    except AddressForbidden:
        return True
    return False


@pytest.mark.parametrize(
    "host",
    [
        "db.example",
        "10.0.0.5",
        "192.168.1.1",
        "127.0.0.1",
        "localhost",
        "::1",
        "fd12::1",
        "8.8.8.8",
    ],
)
def test_databases_may_live_anywhere_private_networks_included(host: str) -> None:
    assert policy().find_place(host, 5432, "db").addresses


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "169.254.170.2",
        "100.100.100.200",
        "168.63.129.16",
        "fd00:ec2::254",
        "fd20:ce::254",
        "fe80::1",
        "::ffff:169.254.169.254",
        "::169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "[fd00:ec2::254]",
        "0.0.0.0",
        "::",
        "::ffff:0.0.0.0",
        "224.0.0.1",
        "ff02::1",
        "metadata.google.internal",
        "METADATA.google.internal.",
        "mapped.example",
        "rebinding.example",
    ],
)
def test_what_hands_out_secrets_or_is_no_host_is_refused(host: str) -> None:
    assert is_forbidden(policy(), host)


@pytest.mark.parametrize("host", ["/tmp", "@x", "a,b", "127.1", "0x7f000001", "2130706433", "a b"])
def test_sockets_lists_and_odd_spellings_are_refused(host: str) -> None:
    assert is_forbidden(policy(), host)


def test_a_name_is_resolved_once_and_what_it_resolved_to_is_used() -> None:
    names = Names()
    place = AddressPolicy(resolve=names).find_place("DB.example.", 5433, "db")
    assert names.asked == ["db.example"]
    assert place.addresses == ("192.0.2.10", "2001:db8::10")
    assert (place.host, place.port) == ("db.example", 5433)


def test_the_operator_forbids_names_addresses_and_networks() -> None:
    found = policy("secret.internal, 10.0.0.0/24,192.0.2.10,  fd12::/16,")
    for host in ("secret.internal", "SECRET.internal.", "10.0.0.77", "::ffff:10.0.0.77"):
        assert is_forbidden(found, host)
    for host in ("64:ff9b::a00:4d", "2002:a00:4d::1", "db.example", "fd12::5"):
        assert is_forbidden(found, host)
    for host in ("10.0.1.77", "app.internal"):
        assert not is_forbidden(found, host)


def test_a_forbidden_name_forbids_its_addresses_by_whatever_name() -> None:
    found = policy("secret.internal")
    assert is_forbidden(found, "alias.example")
    assert is_forbidden(found, "10.9.9.9")
    assert not is_forbidden(found, "10.9.9.8")


def test_a_list_that_cannot_be_read_is_no_permission() -> None:
    with pytest.raises(PlatformError, match="HELIOGRAPH_FORBIDDEN_HOSTS has 'https://x'"):
        policy("https://x").find_place("db.example", 5432, "db")


def test_a_name_that_does_not_resolve_is_unknown_not_forbidden() -> None:
    with pytest.raises(HostUnknown):
        policy().find_place("nowhere.example", 5432, "db")


APP = "postgresql://heliograph:secret@app.internal:5433/heliograph?sslmode=require"


@pytest.mark.parametrize("host", ["app.internal", "10.1.1.1", "10.1.1.2", "other-name.internal"])
def test_the_app_database_is_refused_by_any_of_its_names_and_addresses(host: str) -> None:
    found = policy(app=APP)
    assert is_forbidden(found, host, 5433, "heliograph")
    assert not is_forbidden(found, host, 5433, "shop")
    assert not is_forbidden(found, host, 5432, "heliograph")
    assert not is_forbidden(policy(), host, 5433, "heliograph")


def test_a_database_name_that_postgresql_cuts_is_the_same_name() -> None:
    name = "ü" * 31 + "x"  # 63 bytes
    found = policy(app=f"postgresql://u@app.internal:5433/{name}")
    assert is_forbidden(found, "app.internal", 5433, name)
    assert is_forbidden(found, "app.internal", 5433, name + "and more")
    assert not is_forbidden(found, "app.internal", 5433, name[:-1])


@pytest.mark.parametrize(
    "own",
    [
        "postgresql://u@localhost:5433/heliograph",
        "postgresql://u@127.0.0.1:5433/heliograph",
        "postgresql:///heliograph?host=/run/postgresql&port=5433",
        "postgresql://u@first.example,localhost:5433/heliograph",
        "postgresql://heliograph@db.example:5433?hostaddr=127.0.0.1",
    ],
)
def test_all_addresses_of_this_machine_are_one_place(
    own: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "_is_here", lambda one: str(one) in ("10.1.1.1", *LOOPBACK))
    found = policy(app=own)
    for host in ("localhost", "127.0.0.1", "::1", "127.9.9.9", "this-machine", "10.1.1.1"):
        assert is_forbidden(found, host, 5433, "heliograph"), host
        assert not is_forbidden(found, host, 5433, "shop"), host
    assert not is_forbidden(found, "10.1.1.2", 5433, "heliograph")


LOOPBACK = ("127.0.0.1", "::1", "127.9.9.9", "127.0.1.1")
