"""Bodies, query strings and identifiers become models; what is wrong with them, plain words.

What was sent is never repeated: a message says what belongs at a place, not what stood there.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ValidationError

from heliograph.kernel.errors import (
    BodyMalformed,
    MediaTypeUnsupported,
    NotFound,
    RequestInvalid,
)
from heliograph.kernel.suggestions import suggest
from heliograph.web.contract import Route
from heliograph.web.requests import Request

_MOST_PROBLEMS = 20
_MOST_PATH = 200
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SUSPECT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_UTF8 = re.compile(r"\s*(?:;\s*charset\s*=\s*\"?utf-?8\"?\s*)?(?:;\s*)?")

# What pydantic finds, in words for whoever wrote the request; the names in braces are of its ctx.
_WORDS: Mapping[str, str] = {
    "missing": "is required",
    "string_type": "must be a text",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "is not of the form that belongs here",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "is too large a number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "decimal_type": "must be a number",
    "decimal_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "none_required": "must be null",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "enum": "must be one of {expected}",
    "literal_error": "must be one of {expected}",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "set_type": "must be a list",
    "frozen_set_type": "must be a list",
    "too_short": "must have at least {min_length} items",
    "too_long": "must have at most {max_length} items",
    "dict_type": "must be an object",
    "mapping_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "uuid_type": "must be a UUID",
    "uuid_parsing": "must be a UUID",
    "datetime_type": "must be a time such as 2026-01-31T12:00:00Z",
    "datetime_parsing": "must be a time such as 2026-01-31T12:00:00Z",
    "datetime_from_date_parsing": "must be a time such as 2026-01-31T12:00:00Z",
    "timezone_aware": "must have a time zone, such as 2026-01-31T12:00:00Z",
    "date_type": "must be a date such as 2026-01-31",
    "date_parsing": "must be a date such as 2026-01-31",
    "date_from_datetime_parsing": "must be a date such as 2026-01-31",
    "union_tag_not_found": "does not say which kind it is",
    "union_tag_invalid": "is not one of the kinds there are",
}

_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ].*")
_FORMS: Mapping[Any, tuple[re.Pattern[str], str]] = {
    int: (re.compile(r"-?[0-9]{1,19}"), "int_parsing"),
    bool: (re.compile(r"true|false"), "bool_parsing"),
    UUID: (_UUID, "uuid_parsing"),
    datetime: (_TIME, "datetime_parsing"),
    AwareDatetime: (_TIME, "datetime_parsing"),
    date: (re.compile(r"\d{4}-\d\d-\d\d"), "date_parsing"),
}


def read_body(route: Route, request: Request) -> BaseModel:
    """Return the body as the route's model.

    Where nothing must be said, no body is as good as ``{}``. Raises `BodyTooLarge`,
    `MediaTypeUnsupported`, `BodyMalformed` and `RequestInvalid`.
    """
    body = request.read_body(route.most_bytes)
    if body.strip():
        _check_media_type(route, request.media_type)
        _check_json(body)
    elif any(field.is_required() for field in route.body.model_fields.values()):
        raise RequestInvalid("The body is missing.", [("", "is required")])
    else:
        body = b"{}"
    try:
        return route.body.model_validate_json(body)
    except ValidationError as error:
        if error.errors(include_url=False, include_input=False)[0]["type"] == "json_invalid":
            raise _malformed("It is nested too deeply, or a number is too large.") from None
        problems = problems_of(error, route.body)
    raise RequestInvalid("The body does not say what it should.", problems)


def read_query(model: type[BaseModel], query: Mapping[str, Sequence[str]]) -> BaseModel:
    """Return a query string as a model. Raises `RequestInvalid`.

    A key may be repeated only where the model takes a list. Numbers, times and the like have one
    form each, which is narrower than what pydantic would take (``1_000``, ``yes``, a bare number
    of seconds for a time).
    """
    lists, forms = _query_fields(model)
    problems: list[tuple[str, str]] = []
    given: dict[str, Any] = {}
    for name, values in query.items():
        path = f"?{_printable(name)}"
        if name not in lists and len(values) != 1:
            problems.append((path, "must stand there once"))
        if not all(map(_is_storable, (name, *values))):
            problems.append((path, "holds characters that are no text"))
        if name in forms and not all(map(forms[name][0].fullmatch, values)):
            problems.append((path, _WORDS[forms[name][1]]))
        given[name] = list(values) if name in lists else values[-1] if values else ""
    if not problems:
        try:
            return model.model_validate(given)
        except ValidationError as error:
            problems = problems_of(error, model, is_query=True)
    problems = problems[:_MOST_PROBLEMS]
    raise RequestInvalid("The query string does not say what it should.", problems)


def read_ids(texts: Mapping[str, str]) -> dict[str, UUID]:
    """Return what stood in the braces of a path. Raises `NotFound` for what is no identifier."""
    if not all(map(_UUID.fullmatch, texts.values())):
        raise NotFound("There is no such thing: an identifier in the path is none of ours.")
    return {name: UUID(text) for name, text in texts.items()}


def problems_of(
    error: ValidationError, model: type[BaseModel], *, is_query: bool = False
) -> list[tuple[str, str]]:
    """Return ``(path, message)`` for what pydantic found, at most 20, values left out."""
    return [
        (_path(found["loc"], is_query=is_query), _words(found, model))
        for found in error.errors(include_url=False, include_input=False)[:_MOST_PROBLEMS]
    ]


def _words(found: Any, model: type[BaseModel]) -> str:
    kind, context = found["type"], found.get("ctx") or {}
    if kind == "extra_forbidden":
        names = [field.alias or name for name, field in model.model_fields.items()]
        hint = suggest(str(found["loc"][-1])[:_MOST_PATH], names) if len(found["loc"]) == 1 else ""
        return f"is not known. {hint}".rstrip() if names else "is not known: nothing is taken here"
    if kind in ("value_error", "assertion_error"):
        return str(context.get("error", "is not valid"))
    words = _WORDS.get(kind)
    return words.format_map(context) if words else "is not valid"


def _path(loc: tuple[int | str, ...], *, is_query: bool) -> str:
    if is_query:
        return f"?{_printable(str(loc[0]))}" if loc else "?"
    parts = (str(part).replace("~", "~0").replace("/", "~1") for part in loc)
    return _printable("".join(f"/{part}" for part in parts))


def _printable(text: str) -> str:
    return text.encode(errors="replace").decode()[:_MOST_PATH]


def _check_media_type(route: Route, given: str) -> None:
    essence, _, parameters = given.partition(";")
    if essence.strip() not in route.media_types:
        allowed = " or ".join(route.media_types)
        raise MediaTypeUnsupported(
            f"The body must be {allowed}.", hint=f"Send the header Content-Type: {allowed}."
        )
    if parameters and not _UTF8.fullmatch(f";{parameters}"):
        raise MediaTypeUnsupported("The body must be in UTF-8, and nothing else can be said of it.")


def _check_json(body: bytes) -> None:
    """Refuse what some readers of JSON take and others do not, or take differently."""
    try:
        value = json.loads(
            body.decode(),
            object_pairs_hook=_unique_members,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
        if _SUSPECT.search(body):
            _check_texts(value)
    except RecursionError:
        raise _malformed("It is nested too deeply.") from None
    except UnicodeDecodeError:
        raise _malformed("It is not in UTF-8.") from None
    except json.JSONDecodeError as error:
        raise _malformed(f"Line {error.lineno}, column {error.colno} is no JSON.") from None
    except ValueError:  # an integer of thousands of digits
        raise _malformed("A number is too large.") from None


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _malformed("An object has two members of the same name.")
    return members


def _refuse_constant(_: str) -> float:
    raise _malformed("NaN and Infinity are no JSON.")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise _malformed("A number is too large.")
    return number


def _check_texts(value: Any, path: tuple[int | str, ...] = ()) -> None:
    """Refuse texts that no database can store: with U+0000, or with half of a surrogate pair."""
    if isinstance(value, dict):
        for name, item in value.items():
            _check_texts(name, path)
            _check_texts(item, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check_texts(item, (*path, index))
    elif isinstance(value, str) and not _is_storable(value):
        if "\x00" not in value:
            raise _malformed("A text holds half of a surrogate pair.")
        where = _path(path, is_query=False).replace("\x00", "�")
        raise RequestInvalid(
            "The body does not say what it should.", [(where, "holds U+0000, which is no text")]
        )


def _is_storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in text


def _malformed(why: str) -> BodyMalformed:
    return BodyMalformed(f"The body cannot be read as JSON. {why}")


@cache
def _query_fields(
    model: type[BaseModel],
) -> tuple[frozenset[str], Mapping[str, tuple[re.Pattern[str], str]]]:
    """Return which keys of a query string are lists, and the form that the value of a key has."""
    lists, forms = set(), {}
    for name, field in model.model_fields.items():
        for kind in _kinds(field.annotation):
            if get_origin(kind) in (list, tuple, set, frozenset):
                lists.add(field.alias or name)
            if kind in _FORMS:
                forms[field.alias or name] = _FORMS[kind]
    return frozenset(lists), forms


def _kinds(annotation: Any) -> list[Any]:
    """Return the types that an annotation stands for, and those in its ``|``."""
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    inner = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else ()
    return [annotation, *(kind for part in inner for kind in _kinds(part))]
