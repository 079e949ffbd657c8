"""The contract's dataclasses as JSON and back, exactly.

Times are UTC with six decimals and a ``Z``, so that their texts sort as the times do; decimals are
their own text, never floats. The fields are read off the dataclasses. A field that is missing has
its default, one that is not known is ignored: an older and a newer runner can share a store.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from types import NoneType, UnionType
from typing import Any, NamedTuple, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import orjson

from heliograph.kernel.errors import StateFailed
from heliograph.notifications.models import DeliveryState
from heliograph.runner.stores.contract import Delivery

T = TypeVar("T")


class _Codec(NamedTuple):
    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]


def encode_time(moment: datetime) -> str:
    """Return an aware time as UTC text of fixed width. Raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError("A time without a time zone cannot be stored.")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def decode_time(text: str) -> datetime:
    """Return the aware time that `encode_time` wrote. Raises `StateFailed`."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise unreadable("time") from None
    if moment.tzinfo is None:
        raise unreadable("time")
    return moment


def encode(value: Any) -> dict[str, Any]:
    """Return a dataclass of the contract as what JSON can hold."""
    return cast("dict[str, Any]", _codec_of(type(value)).encode(value))


def decode(kind: type[T], data: Any) -> T:
    """Return the dataclass that `encode` was given. Raises `StateFailed`; never shows a value."""
    try:
        return cast("T", _codec_of(kind).decode(data))
    except (TypeError, ValueError, KeyError, AttributeError, InvalidOperation):
        raise unreadable(kind.__name__) from None


def dump(value: Any) -> str:
    """Return a dataclass of the contract, or a mapping of them, as JSON text."""
    if isinstance(value, Mapping):
        return orjson.dumps({key: encode(one) for key, one in value.items()}).decode()
    return orjson.dumps(encode(value)).decode()


def parse(kind: type[T], text: str) -> T:
    """Return the dataclass of which `dump` made the text. Raises `StateFailed`."""
    return decode(kind, _loads(text, kind))


def parse_mapping(kind: type[T], text: str) -> dict[str, T]:
    """Return the mapping of which `dump` made the text. Raises `StateFailed`."""
    return {key: decode(kind, one) for key, one in _loads(text, kind).items()}


def dump_texts(texts: Sequence[str]) -> str:
    """Return texts as a JSON list."""
    return orjson.dumps(list(texts)).decode()


def parse_texts(text: str) -> tuple[str, ...]:
    """Return the texts of which `dump_texts` made the list. Raises `StateFailed`."""
    return tuple(_loads(text, list))


def settled(delivery: Delivery) -> Delivery:
    """Return a delivery as it is kept: unclaimed, with the one time that its state has.

    A waiting delivery that does not say when it is due has been due since its notice. Raises
    ValueError for a finished one without the time when it was finished.
    """
    if delivery.state is DeliveryState.WAITING:
        due_at = delivery.next_attempt_at or delivery.notice.at
        return replace(delivery, next_attempt_at=due_at, finished_at=None, token="")
    if delivery.finished_at is None:
        raise ValueError("A finished delivery says when it was finished.")
    return replace(delivery, next_attempt_at=None, token="")


def unreadable(what: str) -> StateFailed:
    """Return the error for something stored that this version does not understand."""
    return StateFailed(
        f"The alert state holds a damaged {what}, or one that this version cannot read.",
        hint="Use the version that wrote it, or give the runner another place for its state.",
    )


def _loads(text: str, kind: type) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise unreadable(kind.__name__) from None


def _same(value: Any) -> Any:
    return value


def _exactly(*kinds: type) -> _Codec:
    def check(value: Any) -> Any:
        if type(value) not in kinds:
            raise TypeError
        return value

    return _Codec(_same, check)


_CODECS: dict[Any, _Codec] = {
    str: _exactly(str),
    bool: _exactly(bool),
    int: _exactly(int),
    float: _exactly(float, int),
    datetime: _Codec(encode_time, decode_time),
    Decimal: _Codec(str, Decimal),
}


def _codec_of(hint: Any) -> _Codec:
    if hint not in _CODECS:
        _CODECS[hint] = _make_codec(hint)
    return _CODECS[hint]


def _make_codec(hint: Any) -> _Codec:
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _Codec(lambda value: value.value, hint)
    if isinstance(hint, type) and is_dataclass(hint):
        return _dataclass_codec(hint)
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        (present,) = (one for one in inner if one is not NoneType)
        return _nullable(_codec_of(present))
    if origin is Sequence:
        return _sequence(_codec_of(inner[0]))
    raise TypeError(f"{hint} cannot be stored.")


def _nullable(one: _Codec) -> _Codec:
    to_json, from_json = one

    def encode_one(value: Any) -> Any:
        return None if value is None else to_json(value)

    def decode_one(value: Any) -> Any:
        return None if value is None else from_json(value)

    return _Codec(_same if to_json is _same else encode_one, decode_one)


def _sequence(one: _Codec) -> _Codec:
    to_json, from_json = one

    def encode_all(values: Any) -> Any:
        return list(values) if to_json is _same else [to_json(value) for value in values]

    def decode_all(values: Any) -> Any:
        if type(values) is not list:
            raise TypeError
        return tuple([from_json(value) for value in values])

    return _Codec(encode_all, decode_all)


def _dataclass_codec(kind: type) -> _Codec:
    hints = get_type_hints(kind)
    named = [(one.name, _codec_of(hints[one.name])) for one in fields(kind)]
    required = [
        one.name
        for one in fields(kind)
        if one.default is MISSING and one.default_factory is MISSING
    ]
    writers = [(name, codec.encode) for name, codec in named]
    readers = [(name, codec.decode) for name, codec in named]

    def encode_one(value: Any) -> Any:
        return {name: to_json(getattr(value, name)) for name, to_json in writers}

    def decode_one(data: Any) -> Any:
        for name in required:
            data[name]
        return kind(**{name: read(data[name]) for name, read in readers if name in data})

    return _Codec(encode_one, decode_one)
