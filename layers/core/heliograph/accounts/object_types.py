"""What rights can be granted on: one line per type, as features come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ObjectType:
    """Where the objects of a type are, and what they lie in.

    ``table`` has the columns ``id`` and ``name``. ``parent_type`` is the type that such an object
    may lie in (a folder in a folder, an Insight in a folder), and ``parent_column`` the column with
    that one's id, NULL for none. Rights on the one hold for the other.
    """

    table: str
    parent_type: str | None = None
    parent_column: str | None = None


OBJECT_TYPES: Mapping[str, ObjectType] = {
    "connection": ObjectType("connections"),
}
"""Every type of object that rights can be granted on, by the name that the API knows it by."""
