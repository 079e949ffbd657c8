"""Secrets at rest: what an envelope holds, whom it opens for, and how long keys are remembered."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.kernel.errors import KeyUnavailable
from heliograph.platform.envelope import Envelope
from heliograph.platform.keys import DataKey, context_bytes

CONTEXT = {"table": "connections", "id": "1"}


class MemoryKeys:
    """Keeps data keys by name, and counts how often it is asked."""

    def __init__(self) -> None:
        self.generated = 0
        self.unwrapped = 0
        self.is_disabled = False
        self._known: dict[bytes, bytes] = {}

    def generate(self, context: Mapping[str, str]) -> DataKey:
        self.generated += 1
        key = DataKey(secrets.token_bytes(32), secrets.token_bytes(16))
        self._known[key.wrapped + context_bytes(context)] = key.plain
        return key

    def unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        self.unwrapped += 1
        key = self._known.get(wrapped + context_bytes(context))
        if key is None or self.is_disabled:
            raise KeyUnavailable("It cannot be unwrapped.")
        return key


class Seconds:
    """A monotonic clock that moves only when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@given(plain=st.binary(max_size=3000))
def test_what_was_encrypted_is_decrypted_exactly(plain: bytes) -> None:
    envelope = Envelope(MemoryKeys())
    assert envelope.decrypt(envelope.encrypt(plain, CONTEXT), CONTEXT) == plain


def test_the_layout_is_the_documented_one() -> None:
    sealed = Envelope(MemoryKeys()).encrypt(b"s3cret", CONTEXT)
    assert sealed[:3] == b"\x01\x00\x10"
    assert len(sealed) == 3 + 16 + 12 + len(b"s3cret") + 16


def test_the_same_secret_never_looks_the_same() -> None:
    envelope = Envelope(MemoryKeys())
    assert len({envelope.encrypt(b"s3cret", CONTEXT) for _ in range(20)}) == 20


def test_every_changed_bit_and_every_cut_is_noticed_without_a_word_of_the_content() -> None:
    keys = MemoryKeys()
    sealed = Envelope(keys).encrypt(b"s3cret", CONTEXT)
    changed = [sealed[:end] for end in range(len(sealed))]
    changed += [
        sealed[:at] + bytes([sealed[at] ^ 1 << bit]) + sealed[at + 1 :]
        for at in range(len(sealed))
        for bit in range(8)
    ]
    changed.append(sealed + b"x")
    for data in changed:
        with pytest.raises(KeyUnavailable) as found:
            Envelope(keys).decrypt(data, CONTEXT)
        assert "s3cret" not in str(found.value.to_dict())
    assert Envelope(keys).decrypt(sealed, CONTEXT) == b"s3cret"


def test_a_secret_moved_to_another_row_stays_shut_also_while_its_key_is_remembered() -> None:
    envelope = Envelope(MemoryKeys())
    sealed = envelope.encrypt(b"s3cret", CONTEXT)
    assert envelope.decrypt(sealed, CONTEXT) == b"s3cret"
    for context in ({}, {**CONTEXT, "id": "2"}, {"table": "connections"}):
        with pytest.raises(KeyUnavailable):
            envelope.decrypt(sealed, context)


def test_a_key_is_asked_for_once_in_five_minutes() -> None:
    keys, clock = MemoryKeys(), Seconds()
    sealed = Envelope(keys).encrypt(b"s3cret", CONTEXT)
    envelope = Envelope(keys, monotonic=clock)
    for _ in range(5):
        envelope.decrypt(sealed, CONTEXT)
        clock.now += 59
    assert keys.unwrapped == 1
    clock.now += 5
    envelope.decrypt(sealed, CONTEXT)
    assert keys.unwrapped == 2


def test_who_has_just_encrypted_need_not_ask_to_decrypt() -> None:
    keys = MemoryKeys()
    envelope = Envelope(keys)
    envelope.decrypt(envelope.encrypt(b"s3cret", CONTEXT), CONTEXT)
    assert (keys.generated, keys.unwrapped) == (1, 0)


def test_a_disabled_key_stops_opening_within_five_minutes() -> None:
    keys, clock = MemoryKeys(), Seconds()
    envelope = Envelope(keys, monotonic=clock)
    sealed = envelope.encrypt(b"s3cret", CONTEXT)
    keys.is_disabled = True
    assert envelope.decrypt(sealed, CONTEXT) == b"s3cret"
    clock.now += 301
    with pytest.raises(KeyUnavailable):
        envelope.decrypt(sealed, CONTEXT)


def test_no_more_than_256_keys_are_remembered() -> None:
    keys = MemoryKeys()
    envelope = Envelope(keys)
    sealed = [envelope.encrypt(b"x", {"id": str(number)}) for number in range(257)]
    envelope.decrypt(sealed[256], {"id": "256"})
    envelope.decrypt(sealed[1], {"id": "1"})
    assert keys.unwrapped == 0
    envelope.decrypt(sealed[0], {"id": "0"})
    assert keys.unwrapped == 1


def test_a_key_that_opens_nothing_is_not_remembered() -> None:
    keys = MemoryKeys()
    sealed = bytearray(Envelope(keys).encrypt(b"s3cret", CONTEXT))
    sealed[-1] ^= 1
    envelope = Envelope(keys)
    for _ in range(2):
        with pytest.raises(KeyUnavailable):
            envelope.decrypt(bytes(sealed), CONTEXT)
    assert keys.unwrapped == 2
