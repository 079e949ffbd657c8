"""Which passwords are accepted, and how they are kept."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.accounts import passwords
from heliograph.accounts.passwords import (
    check_password,
    hash_password,
    make_password,
    needs_rehash,
    verify_password,
)
from heliograph.kernel.errors import PasswordWeak

EMAIL = "anna.schmidt@corp.example"


@pytest.mark.parametrize(
    "password",
    [
        "tiger lamp ocean",
        "correct-horse-battery",
        "ljhg83hfq!",
        "schmidtbakery",  # more than the email
        "wintergarten2024",
        "пароль из слов",
        "密码短语太长难猜猜吗好",
        "x" * 3 + "yzw" + "v" * 194,
        "   spaces  count   ",
    ],
)
def test_what_is_hard_to_guess_is_accepted(password: str) -> None:
    check_password(password, email=EMAIL)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("", "shorter"),
        ("ljhg83hf!", "shorter"),
        ("\ufb03" * 4, "repeats"),  # the ligature ffi is three characters, repeated
        ("ab" * 101, "longer"),
        ("aaaaaaaaaaaa", "repeats"),
        ("abababababab", "repeats"),
        ("1945194519451945", "repeats"),
        ("1234567890", "run"),
        ("0987654321", "run"),
        ("qwertyuiop", "run"),
        ("poiuytrewq", "run"),
        ("qwertz12345", "run"),
        ("1q2w3e4r5t", "run"),
        ("1qaz2wsx3edc", "run"),
        ("Password123!", "tried first"),
        ("P@ssw0rd2024", "tried first"),
        ("pa55word!!!", "tried first"),
        ("  password  ", "tried first"),
        ("ｐａｓｓｗｏｒｄ１２３", "tried first"),  # full width
        ("dragondragon", "tried first"),
        ("admin-admin-admin", "tried first"),
        ("Heliograph1", "tried first"),
        ("2024-summer!", "tried first"),
        ("anna.schmidt@corp.example", "email"),
        ("Anna.Schmidt", "email"),
        ("schmidt1234!", "email"),
        ("schmidt_anna", "email"),
    ],
)
def test_what_is_tried_first_is_refused_and_told_why(password: str, why: str) -> None:
    with pytest.raises(PasswordWeak) as caught:
        check_password(password, email=EMAIL)
    assert why in caught.value.message
    assert caught.value.detail == "/password"
    assert not password.strip() or password not in caught.value.message


@given(st.text(max_size=300), st.emails())
def test_any_text_is_accepted_or_refused(password: str, email: str) -> None:
    why = passwords._weakness(password, email)
    assert why is None or len(password) < 10 or why.split()[0] in ("is", "repeats")


def test_a_made_password_is_accepted_and_new_each_time() -> None:
    made = {make_password() for _ in range(50)}
    assert len(made) == 50
    for password in made:
        check_password(password, email=EMAIL)


def test_a_hash_is_of_its_password_alone_and_salted() -> None:
    first, second = hash_password("tiger lamp ocean"), hash_password("tiger lamp ocean")
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second
    assert verify_password("tiger lamp ocean", first)
    assert verify_password("tiger lamp ocean", second)
    assert not verify_password("tiger lamp oceans", first)
    assert not verify_password("", first)


def test_normal_forms_of_a_password_are_one() -> None:
    composed = hash_password("Gr\u00fc\u00dfe vom Strand")
    assert verify_password("Gru\u0308\u00dfe vom Strand", composed)
    assert not verify_password("Grusse vom Strand", composed)


def test_a_lone_surrogate_breaks_nothing() -> None:
    assert verify_password("\ud800 lamp ocean", hash_password("\ud800 lamp ocean"))


def test_nobody_has_no_password_and_costs_the_same() -> None:
    assert not verify_password("tiger lamp ocean", None)
    held = hash_password("tiger lamp ocean")
    nobody, wrong = (min(_seconds_to_verify(phc) for _ in range(5)) for phc in (None, held))
    assert 0.5 < nobody / wrong < 2


def _seconds_to_verify(phc: str | None) -> float:
    began = time.thread_time()
    verify_password("not the password", phc)
    return time.thread_time() - began


def test_nobody_has_todays_parameters() -> None:
    assert not needs_rehash(passwords._NOBODY)


def test_weaker_parameters_ask_for_a_new_hash() -> None:
    now = hash_password("tiger lamp ocean")
    assert not needs_rehash(now)
    assert needs_rehash(now.replace("t=2", "t=1"))
    assert needs_rehash(now.replace("m=19456", "m=4096"))


def test_no_more_than_four_are_hashed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from heliograph.kernel.errors import Overloaded

    monkeypatch.setattr(passwords, "_WAIT_SECONDS", 0.01)
    taken = [passwords._PLACES.acquire(timeout=1) for _ in range(4)]
    try:
        assert all(taken)
        with pytest.raises(Overloaded):
            hash_password("tiger lamp ocean")
        with pytest.raises(Overloaded):
            verify_password("tiger lamp ocean", None)
    finally:
        for _ in taken:
            passwords._PLACES.release()
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(hash_password("tiger lamp ocean")))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert len(results) == 4
