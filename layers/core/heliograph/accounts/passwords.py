"""Passwords: which are accepted, and how they are kept (argon2id, RFC 9106)."""

from __future__ import annotations

import os
import re
import secrets
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from heliograph.accounts.common_passwords import COMMON_SEQUENCES, COMMON_WORDS
from heliograph.kernel.errors import Overloaded, PasswordWeak

FEWEST_CHARACTERS = 10
MOST_CHARACTERS = 200

# The OWASP Password Storage Cheat Sheet's choice for argon2id: 19 MiB, two passes, one lane.
_MEMORY_KIB = 19_456
_ITERATIONS = 2
_LANES = 1
_PARAMETERS = f"$argon2id$v=19$m={_MEMORY_KIB},t={_ITERATIONS},p={_LANES}$"

# A hash of nothing that anybody knows: an unknown email costs the same time as a wrong password.
_NOBODY = _PARAMETERS + "aGVsaW9ncmFwaC1ub25l$4dV3jJv0VrS8F2xP1uB6nQk9mZc7yTgW5hLoRiEaXsA"

# Each hash takes 19 MiB while it lasts; who comes when all places are taken waits for one.
_PLACES = threading.BoundedSemaphore(4)
_WAIT_SECONDS = 5.0

_LEET = str.maketrans("@401!3$5780", "aaoiiesstbo")
_DECORATION = re.compile(r"^[\W\d_]+|[\W\d_]+$")


def check_password(password: str, *, email: str, path: str = "/password") -> None:
    """Raise `PasswordWeak`, which says why, for a password that is too easily guessed.

    It has 10 to 200 characters, is none of those that everybody tries, no run of keys or numbers,
    and is not made of the person's email. Nothing is asked about kinds of characters (NIST SP
    800-63B, 5.1.1.2). ``path`` is where in the body it stood.
    """
    why = _weakness(_normalised(password), email)
    if why is not None:
        raise PasswordWeak(f"The password {why}.", detail=path, hint="Several words are best.")


def hash_password(password: str) -> str:
    """Return the PHC string of a password. Raises `Overloaded` when too many are being hashed."""
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id  # noqa: PLC0415

    with _place():
        function = Argon2id(
            salt=os.urandom(16),
            length=32,
            iterations=_ITERATIONS,
            lanes=_LANES,
            memory_cost=_MEMORY_KIB,
        )
        return function.derive_phc_encoded(_encoded(password))


def verify_password(password: str, phc: str | None) -> bool:
    """Say whether ``phc`` is of this password; None, for nobody, costs the same time.

    Raises `Overloaded` when too many are being verified.
    """
    from cryptography.exceptions import InvalidKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id  # noqa: PLC0415

    with _place():
        try:
            Argon2id.verify_phc_encoded(_encoded(password), phc or _NOBODY)
        except InvalidKey:
            return False
    return phc is not None


def needs_rehash(phc: str) -> bool:
    """Say whether ``phc`` was made with other parameters than today's."""
    return not phc.startswith(_PARAMETERS)


def make_password() -> str:
    """Return a random password of 100 bits that can be read out and typed."""
    letters = "abcdefghijkmnpqrstuvwxyz23456789"  # 32, none taken for another
    groups = ("".join(secrets.choice(letters) for _ in range(5)) for _ in range(4))
    return "-".join(groups)


def _normalised(password: str) -> str:
    return unicodedata.normalize("NFKC", password)


def _encoded(password: str) -> bytes:
    return _normalised(password).encode("utf-8", "surrogatepass")


@contextmanager
def _place() -> Iterator[None]:
    if not _PLACES.acquire(timeout=_WAIT_SECONDS):
        raise Overloaded("Too many people are signing in.", retry_after=_WAIT_SECONDS)
    try:
        yield
    finally:
        _PLACES.release()


def _weakness(password: str, email: str) -> str | None:
    """Return what is wrong with a password, to follow "The password", or None."""
    if len(password) < FEWEST_CHARACTERS:
        return f"is shorter than {FEWEST_CHARACTERS} characters"
    if len(password) > MOST_CHARACTERS:
        return f"is longer than {MOST_CHARACTERS} characters"
    folded = password.casefold()
    flaws = (
        ("repeats too few characters", len(set(folded)) < 4 or len(_unit(folded)) < 5),
        ("is a run of keys or numbers", _is_run(folded)),
        ("is one of those that are tried first", _is_common(folded)),
        ("is made of the email", _is_made_of(folded, email)),
    )
    return next((flaw for flaw, is_found in flaws if is_found), None)


def _is_run(folded: str) -> bool:
    plain = re.sub(r"[\W_]+", "", folded)
    runs = [run for row in COMMON_SEQUENCES for run in (row, row[::-1])]
    # Two runs one after the other (qwertz12345) are no better than one.
    cuts = range(len(plain) + 1)
    return any(
        all(len(part) == 0 or any(part in run for run in runs) for part in (plain[:c], plain[c:]))
        for c in cuts
    )


def _is_common(folded: str) -> bool:
    for spelling in (folded, folded.translate(_LEET)):
        bare = _DECORATION.sub("", spelling)
        letters = re.sub(r"[\W\d_]+", "", spelling)
        if {_unit(bare), _unit(letters)} & COMMON_WORDS and len(letters) >= len(folded) // 3:
            return True
    # The decoration goes first and the letters are read after: p@ssw0rd2024
    bare = _DECORATION.sub("", folded).translate(_LEET)
    return _unit(bare) in COMMON_WORDS


def _unit(text: str) -> str:
    """Return what a text repeats: ``abc`` for ``abcabc``, the text itself for any other."""
    length = (text + text).find(text, 1) if text else 0
    return text[:length]


def _is_made_of(folded: str, email: str) -> bool:
    rest = folded
    for part in sorted({email, *re.split(r"[\W_]+", email)}, key=len, reverse=True):
        if len(part) >= 3:
            rest = rest.replace(part.casefold(), " ")
    meaningful = re.sub(r"[\W\d_]+", "", rest)
    return rest != folded and len(meaningful) < 5
