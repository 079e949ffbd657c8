"""Keys that sign: one at a time, replaced every month, the older ones good for what they signed."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from threading import Barrier

import pytest
from tests.support.accounts import GOOD_PASSWORD, VISITOR, make_user
from tests.support.hand_clock import HandClock

from heliograph.accounts.access_tokens import AccessTokens
from heliograph.accounts.signing_keys import SigningKeys
from heliograph.kernel.errors import KeyUnavailable, TokenInvalid
from heliograph.kernel.ids import new_id
from heliograph.platform.database import Database
from heliograph.web.services import Services

USER, SESSION = new_id(), new_id()


class LockedEnvelope:
    """An envelope whose key is out of reach."""

    def encrypt(self, plain: bytes, context: Mapping[str, str]) -> bytes:
        raise KeyUnavailable("The key cannot be used.")

    def decrypt(self, data: bytes, context: Mapping[str, str]) -> bytes:
        raise KeyUnavailable("The key cannot be used.")


def make_keys(services: Services, envelope: object = None) -> SigningKeys:
    """Return the keys as another process would see them: with nothing in memory."""
    found = envelope or services.envelope
    return SigningKeys(services.database, services.clock, lambda: found)  # type: ignore[arg-type, return-value]


def test_processes_that_need_the_first_key_at_once_make_one(
    services: Services, app_database_url: str
) -> None:
    barrier = Barrier(4, timeout=10)

    def first(_: int) -> str:
        with closing(Database(app_database_url)) as database:
            keys = SigningKeys(database, services.clock, lambda: services.envelope)
            barrier.wait()
            return keys.current().kid

    with ThreadPoolExecutor(4) as pool:
        kids = set(pool.map(first, range(4)))
    assert len(kids) == 1
    assert services.database.fetch("SELECT kid FROM signing_keys") == [{"kid": kids.pop()}]


def test_processes_that_replace_a_key_at_once_agree(services: Services, clock: HandClock) -> None:
    old = make_keys(services).current().kid
    clock.advance(timedelta(days=30))
    keys = [make_keys(services) for _ in range(4)]
    barrier = Barrier(4, timeout=10)

    def replaced(one: SigningKeys) -> str:
        barrier.wait()
        return one.current().kid

    with ThreadPoolExecutor(4) as pool:
        kids = set(pool.map(replaced, keys))
    assert len(kids) == 1
    assert kids != {old}
    rows = services.database.fetch("SELECT kid FROM signing_keys WHERE retired_at IS NULL")
    assert rows == [{"kid": kids.pop()}]


def test_a_key_signs_for_thirty_days_also_for_a_process_that_remembers_it(
    services: Services, clock: HandClock
) -> None:
    keys = make_keys(services)
    first = keys.current().kid
    clock.advance(timedelta(days=29, hours=23))
    assert keys.current().kid == first
    clock.advance(timedelta(hours=1))
    assert keys.current().kid != first


def test_what_an_older_key_signed_is_believed_while_such_tokens_live(
    services: Services, clock: HandClock
) -> None:
    keys = make_keys(services)
    clock.advance(timedelta(0))
    old = keys.current()
    clock.advance(timedelta(days=30) - timedelta(minutes=1))
    token = AccessTokens(keys, clock).issue(USER, SESSION)
    clock.advance(timedelta(minutes=2))
    assert keys.current().kid != old.kid
    assert AccessTokens(make_keys(services), clock).verify(token).user_id == USER
    clock.advance(timedelta(hours=1))
    assert make_keys(services).public(old.kid) is None
    with pytest.raises(TokenInvalid):
        AccessTokens(make_keys(services), clock).verify(token)


def test_a_key_that_was_deleted_is_forgotten_within_minutes(
    services: Services, clock: HandClock
) -> None:
    keys = make_keys(services)
    kid = keys.current().kid
    assert keys.public(kid) is not None
    services.database.fetch("DELETE FROM signing_keys RETURNING kid")
    clock.advance(timedelta(minutes=10))
    assert keys.public(kid) is None
    assert keys.public(str(new_id())) is None


def test_verifying_needs_no_key_that_protects_secrets(services: Services, clock: HandClock) -> None:
    token = AccessTokens(make_keys(services), clock).issue(USER, SESSION)
    elsewhere = AccessTokens(make_keys(services, LockedEnvelope()), clock)
    assert elsewhere.verify(token).session_id == SESSION
    with pytest.raises(KeyUnavailable):
        elsewhere.issue(USER, SESSION)


def test_the_private_half_lies_encrypted(services: Services) -> None:
    key = make_keys(services).current()
    (row,) = services.database.fetch("SELECT private_key, public_key FROM signing_keys")
    raw = key.private.private_bytes_raw()
    assert raw not in bytes(row["private_key"])
    assert bytes(row["public_key"]) == key.private.public_key().public_bytes_raw()


def test_without_a_key_nobody_is_signed_in_and_no_session_is_left(services: Services) -> None:
    from heliograph.accounts.sessions import Sessions

    make_user(services, "eva@example.com")
    locked = Sessions(services.database, services.clock, LockedEnvelope)  # type: ignore[arg-type]
    with pytest.raises(KeyUnavailable):
        locked.sign_in("eva@example.com", GOOD_PASSWORD, VISITOR)
    assert services.database.fetch("SELECT id FROM sessions") == []
    assert services.sessions.sign_in("eva@example.com", GOOD_PASSWORD, VISITOR)
