"""Random secrets that are shown once and kept as a hash."""

from __future__ import annotations

import hashlib
import secrets

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_LENGTH = 43  # of 256 bits in base 62


def make_secret() -> str:
    """Return 256 random bits as 43 letters and digits."""
    return encode_base62(secrets.token_bytes(32), _LENGTH)


def hash_secret(secret: str) -> bytes:
    """Return what is kept of a secret: SHA-256, which is enough for what cannot be guessed."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def encode_base62(data: bytes, length: int) -> str:
    """Return a number in base 62, filled up with zeros to ``length``."""
    number = int.from_bytes(data)
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))


def decode_base62(text: str, size: int) -> bytes | None:
    """Return the ``size`` bytes that a number in base 62 stands for, None when it is none."""
    number = 0
    for character in text:
        digit = _ALPHABET.find(character)
        if digit < 0:
            return None
        number = number * 62 + digit
    try:
        return number.to_bytes(size)
    except OverflowError:
        return None
