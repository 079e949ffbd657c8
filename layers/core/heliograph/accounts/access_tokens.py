"""Access tokens: short-lived JWTs (RFC 7519) signed with Ed25519 (RFC 8037), and nothing else."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeGuard
from uuid import UUID

from heliograph.kernel.clock import Clock
from heliograph.kernel.errors import TokenExpired, TokenInvalid
from heliograph.kernel.ids import UserId

if TYPE_CHECKING:
    from heliograph.accounts.signing_keys import SigningKeys

LIFETIME = timedelta(minutes=10)
_LEEWAY = timedelta(seconds=10)
_ISSUER = "heliograph"
_AUDIENCE = "heliograph:api"
_ALGORITHM = "EdDSA"
_REQUIRED = ("iss", "aud", "sub", "sid", "exp", "iat")
_MOST_CHARACTERS = 2048
_MOST_CACHED = 4096


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token that is genuine says: whose it is, of which session, until when."""

    user_id: UserId
    session_id: UUID
    expires_at: datetime


class AccessTokens:
    """Signs and verifies access tokens. Threads may share it."""

    def __init__(self, keys: SigningKeys, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock
        self._verified: OrderedDict[bytes, Claims] = OrderedDict()
        self._lock = Lock()

    def prepare(self) -> None:
        """Have the key that signs at hand. Raises `KeyUnavailable`."""
        self._keys.current()

    def issue(self, user_id: UUID, session_id: UUID) -> str:
        """Return a token for a session, good for `LIFETIME`."""
        import jwt  # noqa: PLC0415

        key = self._keys.current()
        now = int(self._clock.now().timestamp())
        claims = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": str(user_id),
            "sid": str(session_id),
            "iat": now,
            "exp": now + int(LIFETIME.total_seconds()),
        }
        return jwt.encode(claims, key.private, _ALGORITHM, headers={"kid": key.kid})

    def verify(self, token: str) -> Claims:
        """Return what a token says. Raises `TokenExpired`, and `TokenInvalid` for any other flaw.

        What was verified once is remembered until it expires, by its hash.
        """
        if len(token) > _MOST_CHARACTERS or not token.isascii():
            raise _invalid()
        digest = hashlib.sha256(token.encode()).digest()
        claims = self._verified.get(digest)
        if claims is None:
            claims = self._read(token)
            with self._lock:
                self._verified[digest] = claims
                if len(self._verified) > _MOST_CACHED:
                    self._verified.popitem(last=False)
        if self._clock.now() >= claims.expires_at + _LEEWAY:
            with self._lock:
                self._verified.pop(digest, None)
            raise TokenExpired("The access token has expired.", hint="Refresh the session.")
        return claims

    def _read(self, token: str) -> Claims:
        import jwt  # noqa: PLC0415

        try:
            header = jwt.get_unverified_header(token)
            kid = header.get("kid")
            key = None
            if header.get("alg") == _ALGORITHM and _is_uuid(kid):
                key = self._keys.public(kid)
            if key is None:
                raise _invalid()
            claims = jwt.decode(
                token,
                key,
                algorithms=[_ALGORITHM],
                audience=_AUDIENCE,
                issuer=_ISSUER,
                # Times are compared below, with the clock that is injected.
                options={
                    "require": list(_REQUIRED),
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
            return self._understood(claims)
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError, OverflowError):
            raise _invalid() from None

    def _understood(self, claims: dict[str, Any]) -> Claims:
        issued, expires = claims["iat"], claims["exp"]
        is_numeric = type(issued) is int and type(expires) is int
        is_named = _is_uuid(claims["sub"]) and _is_uuid(claims["sid"])
        if not is_numeric or not is_named or issued > (self._clock.now() + _LEEWAY).timestamp():
            raise _invalid()
        if expires - issued > LIFETIME.total_seconds():  # by whoever got at a key: not for ever
            raise _invalid()
        return Claims(
            UserId(UUID(claims["sub"])),
            UUID(claims["sid"]),
            datetime.fromtimestamp(expires, UTC),
        )


def _is_uuid(value: object) -> TypeGuard[str]:
    try:
        return isinstance(value, str) and str(UUID(value)) == value
    except ValueError:
        return False


def _invalid() -> TokenInvalid:
    return TokenInvalid("The access token is not one that Heliograph has given.")
