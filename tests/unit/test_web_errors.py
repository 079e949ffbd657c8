"""Errors as answers: statuses, the one shape, and what never gets out."""

from __future__ import annotations

import pytest

from heliograph.kernel import errors
from heliograph.kernel.errors import HeliographError
from heliograph.web.errors import STATUSES, describe, headers_for, status_of, trace, unexpected

SECRET = "hunter2-hunter2"


def all_classes(root: type[HeliographError] = HeliographError) -> list[type[HeliographError]]:
    return [root, *(kind for child in root.__subclasses__() for kind in all_classes(child))]


OURS = [kind for kind in all_classes() if kind.__module__.startswith(errors.__name__)]


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.__name__)
def test_every_error_has_a_status_that_says_whose_affair_it_is(kind: type[HeliographError]) -> None:
    status = status_of(kind)
    if issubclass(kind, errors.RequestError):
        assert 400 <= status < 500
        assert kind in STATUSES, "the server's own errors stand in the table by name"
    elif issubclass(kind, errors.PlatformError):
        assert kind in STATUSES, "the server's own errors stand in the table by name"
        assert status >= 500 or kind is errors.BlobKeyInvalid
    else:
        assert 400 <= status < 600


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (errors.SqlInvalid, 422),
        (errors.FunctionRefused, 422),
        (errors.UrlInvalid, 422),
        (errors.HostUnknown, 502),
        (errors.ConnectTimedOut, 504),
        (errors.SignInFailed, 401),
        (errors.NotFound, 404),
        (errors.LastAdmin, 409),
        (errors.RateLimited, 429),
        (errors.Overloaded, 503),
    ],
)
def test_the_statuses_that_clients_rely_on(kind: type[HeliographError], status: int) -> None:
    assert status_of(kind) == status


def test_the_shape_is_the_same_for_all_and_says_where() -> None:
    error = errors.RequestInvalid("It is wrong.", [("/email", "is required")], hint="Add it.")
    assert describe(error, "r1") == {
        "type": "urn:heliograph:error:request_invalid",
        "title": "Request invalid",
        "status": 422,
        "code": "request_invalid",
        "detail": "It is wrong.",
        "errors": [{"path": "/email", "message": "is required"}],
        "request_id": "r1",
        "hint": "Add it.",
    }


def test_where_sql_failed_the_answer_says_where_but_never_the_detail_line() -> None:
    error = errors.SqlInvalid("No.", sqlstate="42601", detail=f"Key ({SECRET}) exists.", hint="H")
    error.located_in("SELECT\n  x y z", 12)
    told = describe(error, "r1")
    assert {name: told[name] for name in ("sqlstate", "position", "line", "column", "hint")} == {
        "sqlstate": "42601",
        "position": 12,
        "line": 2,
        "column": 5,
        "hint": "H",
    }
    assert SECRET not in str(told)


@pytest.mark.parametrize(
    "kind", [errors.KeyUnavailable, errors.SettingsMissing, errors.StorageUnavailable]
)
def test_what_our_neighbours_did_is_told_without_their_names(kind: type[HeliographError]) -> None:
    error = kind(f"s3://{SECRET} cannot be read.", hint=SECRET, sqlstate="08006", detail=SECRET)
    told = describe(error, "r1")
    assert SECRET not in str(told)
    assert (told["code"], told["request_id"]) == (kind.code, "r1")
    assert "sqlstate" not in told


def test_an_app_database_that_is_away_is_told_as_such() -> None:
    error = errors.DatabaseUnavailable("The app database cannot be reached.", sqlstate="08006")
    told = describe(error, "r1")
    assert told["detail"] == "The app database cannot be reached."
    assert "sqlstate" not in told
    assert headers_for(error) == {"Retry-After": "5"}


@pytest.mark.parametrize(("seconds", "header"), [(0.2, "1"), (1, "1"), (41.01, "42")])
def test_when_to_try_again_is_in_whole_seconds_and_never_at_once(
    seconds: float, header: str
) -> None:
    assert headers_for(errors.RateLimited("x", retry_after=seconds)) == {"Retry-After": header}
    assert headers_for(errors.Overloaded("x", retry_after=seconds)) == {"Retry-After": header}


def test_who_is_not_known_is_told_how_to_sign_in() -> None:
    bare = 'Bearer realm="heliograph"'
    assert headers_for(errors.Unauthenticated("x")) == {"WWW-Authenticate": bare}
    assert headers_for(errors.SignInFailed("x")) == {"WWW-Authenticate": bare}
    expired = headers_for(errors.TokenExpired("x"))["WWW-Authenticate"]
    assert expired == f'{bare}, error="invalid_token", error_description="token_expired"'
    assert headers_for(errors.NotFound("x")) == {}


def test_a_trace_names_places_and_kinds_and_no_values() -> None:
    def inner() -> None:
        raise KeyError(SECRET)

    def outer() -> None:
        try:
            inner()
        except KeyError as error:
            raise ValueError(SECRET) from error

    with pytest.raises(ValueError, match=SECRET) as caught:
        outer()
    told = trace(caught.value)
    assert SECRET not in str(told)
    assert [line.rpartition(" ")[2] for line in told if " " in line][-1] == "outer"
    assert [line for line in told if " " not in line] == [
        "builtins.KeyError",
        "builtins.ValueError",
    ]


def test_a_trace_of_errors_that_cause_each_other_ends() -> None:
    first, second = ValueError(), ValueError()
    first.__cause__, second.__cause__ = second, first
    assert 0 < len(trace(first)) < 200


def test_what_nobody_foresaw_is_told_without_a_reason() -> None:
    told = describe(unexpected(), "r1")
    assert (told["status"], told["code"]) == (500, "unexpected")
