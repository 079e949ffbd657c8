"""Encrypting what is stored with another key, one value at a time, as often as it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from heliograph.kernel.errors import KeyUnavailable
from heliograph.platform.envelope import Envelope


@dataclass(frozen=True, slots=True)
class Sealed:
    """A stored secret: what it is, what it was encrypted for, and how to put another in its place.

    ``replace`` takes the new bytes and says whether the old ones still stood there.
    """

    name: str
    data: bytes = field(repr=False)
    context: Mapping[str, str]
    replace: Callable[[bytes], bool]


@dataclass(slots=True)
class Reencrypted:
    """How many were encrypted anew, were so already, or had changed meanwhile.

    ``unreadable`` are the names of those that cannot be read, ``reason`` why the first cannot.
    """

    done: int = 0
    already: int = 0
    changed: int = 0
    unreadable: list[str] = field(default_factory=list)
    reason: KeyUnavailable | None = None


def reencrypt(found: Iterable[Sealed], old: Envelope, new: Envelope) -> Reencrypted:
    """Encrypt by ``new`` what ``new`` does not open yet, with fresh data keys.

    Each value is read back before it takes the old one's place. One that neither opens stays as it
    is and is named. Who is interrupted begins again from the start: what is done is passed over.
    Raises `KeyUnavailable` when ``new`` cannot encrypt.
    """
    told = Reencrypted()
    for one in found:
        if new.opens(one.data, one.context):
            told.already += 1
            continue
        try:
            plain = old.decrypt(one.data, one.context)
        except KeyUnavailable as error:
            told.unreadable.append(one.name)
            told.reason = told.reason or error
            continue
        data = new.encrypt(plain, one.context)
        if new.decrypt(data, one.context) != plain:
            raise KeyUnavailable("What is encrypted does not come back as it was.")
        if one.replace(data):
            told.done += 1
        else:
            told.changed += 1
    return told
