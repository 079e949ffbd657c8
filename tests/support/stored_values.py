"""Hypothesis strategies for whatever the contract of the state stores is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
TIMES = st.datetimes(
    datetime(1970, 1, 1),  # noqa: DTZ001
    datetime(2999, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
).map(lambda moment: moment.replace(fold=0))
DECIMALS = st.decimals(allow_nan=False) | st.sampled_from(
    [Decimal("1E+30"), Decimal("0.10"), Decimal("-0"), Decimal("9" * 60)]
)
_SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXTS,
    datetime: TIMES,
    Decimal: DECIMALS,
    bool: st.booleans(),
    int: st.integers(0, 2**31 - 1),
    float: st.floats(allow_nan=False, allow_infinity=False),
}


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Return any value of a type, sequences as tuples, so that what is read can be compared."""
    if hint in _SCALARS:
        return _SCALARS[hint]
    if is_dataclass(hint) and isinstance(hint, type):
        hints = get_type_hints(hint)
        return st.builds(hint, **{one.name: values_of(hints[one.name]) for one in fields(hint)})
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    if get_origin(hint) is Sequence:
        return st.lists(values_of(get_args(hint)[0]), max_size=3).map(tuple)
    return st.one_of([st.none() if one is NoneType else values_of(one) for one in get_args(hint)])
