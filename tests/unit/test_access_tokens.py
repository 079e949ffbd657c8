"""Access tokens: only what was signed with our key, for us, and is not over, is believed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.support.hand_clock import HandClock

from heliograph.accounts import access_tokens
from heliograph.accounts.access_tokens import LIFETIME, AccessTokens
from heliograph.accounts.signing_keys import SigningKey
from heliograph.kernel.errors import TokenExpired, TokenInvalid
from heliograph.kernel.ids import new_id

USER, SESSION = new_id(), new_id()


class Keys:
    """Signing keys in memory; counts how often a public one is asked for."""

    def __init__(self) -> None:
        self.kid = str(new_id())
        self.private = Ed25519PrivateKey.generate()
        self.asked: list[str] = []

    def current(self) -> SigningKey:
        return SigningKey(self.kid, self.private, datetime.now(UTC))

    def public(self, kid: str) -> Ed25519PublicKey | None:
        self.asked.append(kid)
        return self.private.public_key() if kid == self.kid else None


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def keys() -> Keys:
    return Keys()


@pytest.fixture
def tokens(keys: Keys, clock: HandClock) -> AccessTokens:
    return AccessTokens(keys, clock)  # type: ignore[arg-type]


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def good_claims(clock: HandClock) -> dict[str, Any]:
    now = int(clock.now().timestamp())
    return {
        "iss": "heliograph",
        "aud": "heliograph:api",
        "sub": str(USER),
        "sid": str(SESSION),
        "iat": now,
        "exp": now + 600,
    }


def signed(keys: Keys, claims: Any, header: dict[str, Any] | None = None) -> str:
    head = {"alg": "EdDSA", "typ": "JWT", "kid": keys.kid, **(header or {})}
    parts = f"{encoded(json.dumps(head).encode())}.{encoded(json.dumps(claims).encode())}"
    return f"{parts}.{encoded(keys.private.sign(parts.encode()))}"


def test_what_was_issued_is_believed_until_it_is_over(
    tokens: AccessTokens, clock: HandClock
) -> None:
    token = tokens.issue(USER, SESSION)
    claims = tokens.verify(token)
    assert (claims.user_id, claims.session_id) == (USER, SESSION)
    assert claims.expires_at == clock.now() + LIFETIME
    clock.advance(LIFETIME + timedelta(seconds=9))
    assert tokens.verify(token) == claims
    clock.advance(timedelta(seconds=1))
    for _ in range(2):  # remembered, and forgotten
        with pytest.raises(TokenExpired):
            tokens.verify(token)


def test_the_hand_made_token_of_these_tests_is_good(
    tokens: AccessTokens, keys: Keys, clock: HandClock
) -> None:
    assert tokens.verify(signed(keys, good_claims(clock))).user_id == USER


@pytest.mark.parametrize("missing", ["iss", "aud", "sub", "sid", "exp", "iat"])
def test_every_claim_is_required(
    tokens: AccessTokens, keys: Keys, clock: HandClock, missing: str
) -> None:
    claims = good_claims(clock)
    del claims[missing]
    with pytest.raises(TokenInvalid):
        tokens.verify(signed(keys, claims))


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "somebody"},
        {"aud": "another"},
        {"aud": []},
        {"sub": "eva"},
        {"sub": 7},
        {"sid": None},
        {"sid": ["x"]},
        {"exp": "tomorrow"},
        {"exp": True},
        {"exp": 1e300},
        {"exp": 10**30},
        {"exp": None},
        {"iat": "today"},
        {"iat": 10**12},
    ],
    ids=str,
)
def test_a_claim_that_says_something_else_is_refused(
    tokens: AccessTokens, keys: Keys, clock: HandClock, change: dict[str, Any]
) -> None:
    with pytest.raises(TokenInvalid):
        tokens.verify(signed(keys, good_claims(clock) | change))


def test_a_token_that_says_it_lives_longer_than_we_let_any_is_refused(
    tokens: AccessTokens, keys: Keys, clock: HandClock
) -> None:
    claims = good_claims(clock)
    assert tokens.verify(signed(keys, claims))
    for seconds in (601, 86_400, 10**12):
        with pytest.raises(TokenInvalid):
            tokens.verify(signed(keys, {**claims, "exp": claims["iat"] + seconds}))


def test_unsigned_and_otherwise_signed_tokens_are_refused(
    tokens: AccessTokens, keys: Keys, clock: HandClock
) -> None:
    claims = good_claims(clock)
    body = encoded(json.dumps(claims).encode())
    public = keys.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    for alg in ("none", "None", "NONE", "HS256", "ES256", "RS256", "eddsa", "Ed25519", "", None, 7):
        head = encoded(json.dumps({"alg": alg, "kid": keys.kid}).encode())
        mac = encoded(hmac.digest(public, f"{head}.{body}".encode(), hashlib.sha256))
        good = signed(keys, claims, {"alg": alg}).rpartition(".")[2]
        for signature in ("", mac, good):
            with pytest.raises(TokenInvalid):
                tokens.verify(f"{head}.{body}.{signature}")
    other = Keys()
    other.kid = keys.kid
    with pytest.raises(TokenInvalid):
        tokens.verify(signed(other, claims))


def test_a_changed_token_is_refused(tokens: AccessTokens) -> None:
    token = tokens.issue(USER, SESSION)
    head, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    forged = encoded(json.dumps(claims | {"sub": str(new_id())}).encode())
    for changed in (
        f"{head}.{forged}.{signature}",
        f"{head}.{body}",
        f"{head}.{body}.",
        f"{head}..{signature}",
        token + ".x",
        signature,
    ):
        with pytest.raises(TokenInvalid):
            tokens.verify(changed)
    assert tokens.verify(token)


def test_keys_come_from_us_whatever_the_header_names(
    tokens: AccessTokens, keys: Keys, clock: HandClock
) -> None:
    other = Keys()
    jwk = json.loads(
        jwt.algorithms.OKPAlgorithm.to_jwk(other.private.public_key())  # type: ignore[no-untyped-call]
    )
    claims = good_claims(clock)
    for header in (
        {"jwk": jwk, "kid": keys.kid},
        {"jku": "http://127.0.0.1:1/keys", "kid": other.kid},
        {"kid": "../../key"},
        {"kid": None},
        {"kid": 7},
        {"kid": keys.kid.upper() + "x"},
        {"crit": ["exp2"], "kid": keys.kid},
    ):
        with pytest.raises(TokenInvalid):
            tokens.verify(signed(other, claims, header))
    assert set(keys.asked) <= {keys.kid, other.kid}


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "a.b.c", "é.é.é", "\x00", "x" * 5000, "e30.e30.e30", " . . "],
)
def test_what_is_no_token_is_refused(tokens: AccessTokens, token: str) -> None:
    with pytest.raises(TokenInvalid):
        tokens.verify(token)


def test_json_that_is_nested_too_deeply_is_refused(tokens: AccessTokens, keys: Keys) -> None:
    for text in ("[" * 1400, '{"a":' * 280, "[]", "7", "null"):
        head = encoded(text.encode())
        with pytest.raises(TokenInvalid):
            tokens.verify(f"{head}.{head[:200]}.x"[:2048])
    for claims in ([], "text", 7, None):
        with pytest.raises(TokenInvalid):
            tokens.verify(signed(keys, claims))


def test_a_token_is_verified_once_and_the_memory_of_it_is_bounded(
    tokens: AccessTokens, keys: Keys, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = tokens.issue(USER, SESSION)
    for _ in range(5):
        tokens.verify(token)
    assert keys.asked == [keys.kid]
    monkeypatch.setattr(access_tokens, "_MOST_CACHED", 3)
    for _ in range(10):
        clock.advance(timedelta(seconds=1))
        tokens.verify(tokens.issue(USER, SESSION))
    assert len(tokens._verified) <= 3
    assert tokens.verify(token)
