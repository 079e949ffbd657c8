"""Secrets at rest, each encrypted by a data key of its own that a key elsewhere has wrapped.

::

    1 byte    version: 1
    2 bytes   length of the wrapped data key
    n bytes   the wrapped data key
    12 bytes  nonce
    m bytes   AES-256-GCM of the secret, with all of the above and the context authenticated
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from hashlib import sha256

from heliograph.kernel.errors import KeyUnavailable
from heliograph.platform.keys import Keys, context_bytes

_VERSION = b"\x01"
_NONCE_BYTES = 12
_TAG_BYTES = 16
_KEPT_SECONDS = 300.0
_MOST_KEPT = 256


class Envelope:
    """Encrypts and decrypts with the data keys that ``keys`` wraps. Threads may share it.

    Unwrapped data keys stay in memory for five minutes, 256 of them at most, so that a secret that
    is used again does not ask KMS again. ``monotonic`` tells seconds, as `time.monotonic` does.
    """

    def __init__(self, keys: Keys, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._keys = keys
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._kept: OrderedDict[bytes, tuple[float, bytes]] = OrderedDict()

    def encrypt(self, plain: bytes, context: Mapping[str, str]) -> bytes:
        """Return ``plain`` encrypted for ``context``, a few texts that are not secret.

        Raises `KeyUnavailable`.
        """
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

        key = self._keys.generate(context)
        header = _VERSION + len(key.wrapped).to_bytes(2) + key.wrapped
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = AESGCM(key.plain).encrypt(nonce, plain, _authenticated(header, context))
        self._keep(_name(key.wrapped, context), key.plain)
        return header + nonce + sealed

    def decrypt(self, data: bytes, context: Mapping[str, str]) -> bytes:
        """Return what was encrypted for the same context.

        Raises `KeyUnavailable`, which tells nothing of the content, for another context, for data
        that was cut or changed, and where the key cannot be used.
        """
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

        start = 3 + int.from_bytes(data[1:3])
        if data[:1] != _VERSION or len(data) < start + _NONCE_BYTES + _TAG_BYTES:
            raise KeyUnavailable("A secret cannot be decrypted: it is not complete.")
        header, wrapped = data[:start], data[3:start]
        nonce, sealed = data[start : start + _NONCE_BYTES], data[start + _NONCE_BYTES :]
        name = _name(wrapped, context)
        key = self._find(name)
        if key is None:
            key = self._keys.unwrap(wrapped, context)
        try:
            plain = AESGCM(key).decrypt(nonce, sealed, _authenticated(header, context))
        except (InvalidTag, ValueError):
            raise KeyUnavailable(
                "A secret cannot be decrypted: it belongs elsewhere, or was changed."
            ) from None
        self._keep(name, key)
        return plain

    def opens(self, data: bytes, context: Mapping[str, str]) -> bool:
        """Say whether `decrypt` returns something."""
        try:
            self.decrypt(data, context)
        except KeyUnavailable:
            return False
        return True

    def _find(self, name: bytes) -> bytes | None:
        with self._lock:
            kept = self._kept.get(name)
            if kept is None or kept[0] <= self._monotonic():
                self._kept.pop(name, None)
                return None
            return kept[1]

    def _keep(self, name: bytes, key: bytes) -> None:
        with self._lock:
            now = self._monotonic()
            known = self._kept.pop(name, None)
            # A key that is used all the time is asked for anew too: it may have been disabled.
            ends_at = known[0] if known and known[0] > now else now + _KEPT_SECONDS
            self._kept[name] = (ends_at, key)
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)


def _name(wrapped: bytes, context: Mapping[str, str]) -> bytes:
    return sha256(len(wrapped).to_bytes(2) + wrapped + context_bytes(context)).digest()


def _authenticated(header: bytes, context: Mapping[str, str]) -> bytes:
    return header + context_bytes(context)
