"""What changed becomes small JSON, and a secret never does."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.audit.changes import HIDDEN, SecretRecorded, changed, write_json
from heliograph.kernel.actors import Role

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(alphabet="xyz\x00\ud800"), inner),
    max_leaves=12,
)


def test_only_the_members_that_differ_are_kept() -> None:
    before = {"name": "Shop", "host": "a", "port": 5432, "gone": 1}
    after = {"name": "Shop", "host": "b", "port": 5432, "new": None}
    assert changed(before, after) == ({"host": "a", "gone": 1}, {"host": "b", "new": None})


def test_nothing_differs_between_equals() -> None:
    assert changed({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}) == ({}, {})


def test_ids_times_states_and_sets_become_text_and_lists() -> None:
    written = write_json(
        {
            "id": UUID(int=1),
            "at": datetime(2026, 1, 2, tzinfo=UTC),
            "role": Role.ADMIN,
            "groups": frozenset({"b", "a"}),
            "pair": (1, Decimal("1.50")),
        }
    )
    assert written is not None
    assert json.loads(written) == {
        "id": "00000000-0000-0000-0000-000000000001",
        "at": "2026-01-02 00:00:00+00:00",
        "role": "admin",
        "groups": ["a", "b"],
        "pair": [1, "1.50"],
    }


@given(JSON)
def test_postgresql_can_keep_whatever_is_recorded(value: Any) -> None:
    written = write_json({"value": value})
    assert written is not None
    assert "\\u0000" not in written.replace("\\\\", "")
    text = json.loads(written)
    json.dumps(text, ensure_ascii=False).encode()  # no half of a surrogate pair


@pytest.mark.parametrize(
    "name",
    ["password", "new_password", "PASSWORD", "token", "refresh_token", "secret", "api_key",
     "private_key", "password_hash", "client_secret", "passphrase", "credentials"],
)  # fmt: skip
def test_a_secret_is_hidden_and_a_test_fails_with_it(name: str) -> None:
    with pytest.warns(SecretRecorded, match=name) as warned:
        written = write_json({name: "hunter2", "inner": [{name: "hunter2"}]})
    assert written is not None
    assert "hunter2" not in written
    assert json.loads(written) == {name: HIDDEN, "inner": [{name: HIDDEN}]}
    assert all("hunter2" not in str(each.message) for each in warned)


def test_a_secret_among_many_members_is_an_error_unless_it_is_asked_for() -> None:
    with pytest.raises(SecretRecorded):
        write_json({"name": "Shop", "password": "hunter2"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("password", HIDDEN),
        ("password", None),
        ("password", True),
        ("token_id", "0190"),
        ("token_name", "ci"),
        ("password_changed_at", "2026-01-01"),
        ("name", "password"),
    ],
)
def test_what_only_speaks_of_a_secret_is_recorded(name: str, value: Any) -> None:
    written = write_json({name: value})
    assert written is not None
    assert json.loads(written) == {name: value}


def test_nothing_stays_nothing() -> None:
    assert write_json(None) is None
