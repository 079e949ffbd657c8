"""Bodies and query strings: what is taken, what is refused, and with which words."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AwareDatetime, Field, field_validator
from tests.support.api import rest_event

from heliograph.kernel.errors import (
    BodyMalformed,
    MediaTypeUnsupported,
    NotFound,
    RequestError,
    RequestInvalid,
)
from heliograph.web.contract import (
    Access,
    Call,
    Nothing,
    QueryModel,
    RequestModel,
    Route,
)
from heliograph.web.requests import read_request
from heliograph.web.validation import read_body, read_ids, read_query

SECRET = "correct horse battery staple"


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Part(RequestModel):
    size: int = Field(ge=1, le=10)


class Thing(RequestModel):
    name: str = Field(max_length=40)
    count: int = 0
    share: float = 0.0
    is_open: bool = False
    colour: Colour | None = None
    owner_id: UUID | None = None
    parts: tuple[Part, ...] = ()

    @field_validator("name")
    @classmethod
    def _has_no_slash(cls, name: str) -> str:
        if "/" in name:
            raise ValueError("must not hold a slash")
        return name


class Change(RequestModel):
    name: str | None = None


class Filter(QueryModel):
    limit: int = Field(50, ge=1, le=200)
    is_open: bool | None = None
    since: AwareDatetime | None = Field(None, alias="from")
    owner_id: UUID | None = None
    search: str | None = None
    colours: tuple[Colour, ...] = ()


def run(call: Call[Any, Any]) -> None:
    """Do nothing."""


def read(
    body: str | bytes, model: Any = Thing, content_type: str | None = "application/json"
) -> Any:
    route = Route("POST", "/api/things", run, "Do nothing", Access.PUBLIC, body=model)
    headers = {} if content_type is None else {"Content-Type": content_type}
    raw = body if isinstance(body, bytes) else body.encode()
    encoded = base64.b64encode(raw).decode()
    event = rest_event("POST", "/api/things", headers=headers, body=encoded, is_base64=True)
    return read_body(route, read_request(event))


def problems(body: str, model: Any = Thing) -> dict[str, str]:
    with pytest.raises(RequestInvalid) as caught:
        read(body, model)
    return dict(caught.value.problems)


def test_a_body_becomes_the_model_and_json_types_are_what_they_say() -> None:
    owner = "0198a000-0000-7000-8000-000000000000"
    found = read(
        json.dumps({"name": "é😀", "owner_id": owner, "colour": "red", "parts": [{"size": 3}]})
    )
    assert found == Thing(
        name="é😀", owner_id=UUID(owner), colour=Colour.RED, parts=(Part(size=3),)
    )


@pytest.mark.parametrize(
    "body",
    [
        "{",
        '{"name": "a"',
        "{'name': 'a'}",
        '{"name": "a",}',
        '{"name": "a"} {"name": "b"}',
        '{"name": undefined}',
        "// a\n{}",
        '{"name": "a\nb"}',
        '{"name": "a\x00b"}',
        '{"name": "a", "name": "b"}',
        '{"name": "a", "parts": [{"size": 1, "size": 2}]}',
        '{"name": "a", "share": NaN}',
        '{"name": "a", "share": -Infinity}',
        '{"name": "a", "share": 1e400}',
        '{"name": "a", "count": ' + "9" * 5000 + "}",
        '{"name": "\\ud800"}',
        '{"name": "\\udc00\\ud800"}',
        '{"\\ud800": 1, "name": "a"}',
        "[" * 1000 + "]" * 1000,
        '{"parts":' * 1000 + "1" + "}" * 1000,
        "[" * 100_000,
        "[" * 5_000 + '"\\u0000"' + "]" * 5_000,
        "\ufeff{}",
        b"\xff\xfe{\x00}\x00",
        b'{"name": "\xe9"}',
        b'{"name": "\xed\xa0\x80"}',  # half of a surrogate pair, written as bytes
        b'{"name": "\xc0\xaf"}',  # an overlong slash
    ],
)
def test_what_is_no_json_or_not_the_same_to_all_is_malformed(body: str | bytes) -> None:
    with pytest.raises(BodyMalformed, match=r"^The body cannot be read as JSON\. ."):
        read(body)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ('{"name": "a\\u0000b"}', "/name"),
        ('{"name": "a", "parts": [{"size": 1, "note": "\\u0000"}]}', "/parts/0/note"),
    ],
)
def test_a_text_that_no_database_stores_is_refused_where_it_stands(body: str, path: str) -> None:
    assert problems(body) == {path: "holds U+0000, which is no text"}


def test_an_escaped_backslash_before_u0000_is_a_text_like_any_other() -> None:
    assert read('{"name": "\\\\u0000 \\ud83d\\ude00"}').name == "\\u0000 😀"


@pytest.mark.parametrize(
    ("sent", "path", "message"),
    [
        ({}, "/name", "is required"),
        ({"name": 7}, "/name", "must be a text"),
        ({"name": None}, "/name", "must be a text"),
        ({"name": "x" * 41}, "/name", "must have at most 40 characters"),
        ({"name": "a/b"}, "/name", "must not hold a slash"),
        ({"count": "7"}, "/count", "must be a whole number"),
        ({"count": 7.5}, "/count", "must be a whole number"),
        ({"count": True}, "/count", "must be a whole number"),
        ({"share": "1"}, "/share", "must be a number"),
        ({"is_open": 1}, "/is_open", "must be true or false"),
        ({"is_open": "yes"}, "/is_open", "must be true or false"),
        ({"colour": "green"}, "/colour", "must be one of 'red' or 'blue'"),
        ({"owner_id": "7"}, "/owner_id", "must be a UUID"),
        ({"parts": {}}, "/parts", "must be a list"),
        ({"parts": [{"size": 1}, {"size": 99}]}, "/parts/1/size", "must be at most 10"),
        ({"parts": [7]}, "/parts/0", "must be an object"),
        ({"nmae": "a"}, "/nmae", "is not known. Did you mean name?"),
        ({"a/b~c": 1}, "/a~1b~0c", "is not known. There are: name, count, share, is_open, colour,"),
    ],
)
def test_each_problem_has_its_place_and_plain_words(
    sent: dict[str, Any], path: str, message: str
) -> None:
    body = json.dumps(sent if "name" in sent or not sent else {"name": "a", **sent})
    assert problems(body)[path].startswith(message)


@pytest.mark.parametrize("body", ["[]", '"a"', "7", "null", "true"])
def test_a_body_that_is_no_object_is_refused_as_a_whole(body: str) -> None:
    assert problems(body) == {"": "must be an object"}


@pytest.mark.parametrize(
    "sent",
    [
        {"name": [SECRET]},
        {"name": SECRET * 2},
        {"name": "a", "count": SECRET},
        {"name": "a", "colour": SECRET},
        {"name": "a", "owner_id": SECRET},
        {"name": "a", "owner_id": "zzzzzzzz-0000-0000-0000-000000000000"},
        {"name": "a", "is_open": SECRET},
        {"name": "a", "other": SECRET},
    ],
)
def test_no_message_repeats_what_was_sent(sent: dict[str, Any]) -> None:
    with pytest.raises(RequestInvalid) as caught:
        read(json.dumps(sent))
    told = f"{caught.value} {caught.value.problems} {caught.value.to_dict()}"
    assert SECRET not in told
    assert "`" not in told
    assert "zzz" not in told
    assert caught.value.__cause__ is None


def test_of_ten_thousand_problems_twenty_are_told() -> None:
    with pytest.raises(RequestInvalid) as caught:
        read(json.dumps({"name": "a", "parts": [{"size": 99}] * 10_000}))
    assert len(caught.value.problems) == 20


def test_a_long_name_that_is_not_known_is_cut() -> None:
    ((path, message),) = problems(json.dumps({"name": "a", "x" * 50_000: 1})).items()
    assert len(path) <= 200
    assert message.startswith("is not known")


def test_a_body_is_required_where_something_is() -> None:
    assert problems("") == {"": "is required"}
    assert problems(" \n") == {"": "is required"}
    assert read("", Change) == Change()
    assert read("", Nothing, content_type=None) == Nothing()
    assert read("{}", Nothing) == Nothing()


def test_a_body_is_refused_where_none_is_taken() -> None:
    assert problems('{"a": 1}', Nothing) == {"/a": "is not known: nothing is taken here"}
    assert problems("[]", Nothing) == {"": "must be an object"}


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
        " application/json ; ",
    ],
)
def test_json_in_utf8_is_taken(content_type: str) -> None:
    assert read('{"name": "a"}', content_type=content_type).name == "a"


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",  # what a form of another site may send
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/json, text/plain",
        "application/json; charset=latin-1",
        "text/plain; application/json",
    ],
)
def test_any_other_media_type_is_refused(content_type: str | None) -> None:
    with pytest.raises(MediaTypeUnsupported) as caught:
        read('{"name": "a"}', content_type=content_type)
    assert caught.value.hint in ("Send the header Content-Type: application/json.", None)


@given(st.binary(max_size=200))
def test_whatever_bytes_come_the_error_is_ours(body: bytes) -> None:
    with suppress(RequestError):
        assert isinstance(read(body), Thing)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(Thing.model_fields, JSON)))
def test_whatever_values_come_the_error_is_ours(sent: dict[str, Any]) -> None:
    with suppress(RequestError):
        assert read(json.dumps(sent)).name == sent["name"]


def query(**given_: list[str]) -> Filter:
    found = read_query(Filter, {name.rstrip("_"): values for name, values in given_.items()})
    assert isinstance(found, Filter)
    return found


def test_a_query_string_becomes_the_model() -> None:
    found = query(
        limit=["7"],
        is_open=["true"],
        from_=["2026-01-31T12:00:00Z"],
        owner_id=["0198A000-0000-7000-8000-000000000000"],
        search=["é%"],
        colours=["red", "blue"],
    )
    assert (found.limit, found.is_open, found.search) == (7, True, "é%")
    assert found.since == datetime.fromisoformat("2026-01-31T12:00:00+00:00")
    assert found.owner_id == UUID("0198a000-0000-7000-8000-000000000000")
    assert found.colours == (Colour.RED, Colour.BLUE)
    assert query(colours=["red"]).colours == (Colour.RED,)
    assert query() == Filter()


@pytest.mark.parametrize(
    ("given_", "problem"),
    [
        ({"limit": ["1", "2"]}, ("?limit", "must stand there once")),
        ({"limit": ["1", "1"]}, ("?limit", "must stand there once")),
        ({"limit": [""]}, ("?limit", "must be a whole number")),
        ({"limit": ["1_0"]}, ("?limit", "must be a whole number")),
        ({"limit": ["1.0"]}, ("?limit", "must be a whole number")),
        ({"limit": [" 1"]}, ("?limit", "must be a whole number")),
        ({"limit": ["٣"]}, ("?limit", "must be a whole number")),
        ({"limit": ["9" * 5000]}, ("?limit", "must be a whole number")),
        ({"limit": ["0"]}, ("?limit", "must be at least 1")),
        ({"is_open": ["yes"]}, ("?is_open", "must be true or false")),
        ({"from": ["0"]}, ("?from", "must be a time such as 2026-01-31T12:00:00Z")),
        ({"from": ["2026-13-01T00:00:00Z"]}, ("?from", "must be a time such as")),
        ({"from": ["2026-01-01T00:00:00"]}, ("?from", "must have a time zone, such as")),
        ({"owner_id": ["{0198a000000070008000000000000000}"]}, ("?owner_id", "must be a UUID")),
        ({"colours": ["red", "green"]}, ("?colours", "must be one of")),
        ({"search": ["a\x00b"]}, ("?search", "holds characters that are no text")),
        ({"search": ["\ud800"]}, ("?search", "holds characters that are no text")),
        ({"limt": ["1"]}, ("?limt", "is not known. Did you mean limit?")),
        ({"since": ["2026-01-31T12:00:00Z"]}, ("?since", "is not known.")),
        ({"\x00": ["1"]}, ("?\x00", "holds characters that are no text")),
    ],
)
def test_a_query_string_that_says_something_else_is_refused(
    given_: dict[str, list[str]], problem: tuple[str, str]
) -> None:
    with pytest.raises(RequestInvalid) as caught:
        read_query(Filter, given_)
    ((path, message),) = caught.value.problems
    assert path == problem[0]
    assert message.startswith(problem[1])


@given(st.dictionaries(st.text(max_size=9), st.lists(st.text(max_size=9), max_size=3)))
def test_whatever_query_string_comes_the_error_is_ours(
    given_: dict[str, list[str]],
) -> None:
    with suppress(RequestInvalid):
        assert isinstance(read_query(Filter, given_), Filter)


def test_an_identifier_in_a_path_is_a_uuid_or_nothing_is_there() -> None:
    text = "0198a000-0000-7000-8000-00000000000F"
    assert read_ids({"id": text}) == {"id": UUID(text)}
    for bad in ("", "7", text[:-1], text.replace("-", ""), f"{{{text}}}", f"urn:uuid:{text}",
                f"{text}\n", f"{text}%20", "٣" * 36, "..", "a%2Fb"):  # fmt: skip
        with pytest.raises(NotFound):
            read_ids({"id": bad})
