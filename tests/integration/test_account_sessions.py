"""Sign-in, access tokens, refresh tokens: who is let in, and who is no longer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from tests.support.accounts import (
    GOOD_PASSWORD,
    VISITOR,
    access_token,
    actions_of,
    make_user,
    signed_in_as,
    visitor_from,
)
from tests.support.hand_clock import HandClock

from heliograph.accounts.models import SignedIn
from heliograph.accounts.passwords import needs_rehash
from heliograph.kernel.actors import SYSTEM, ActorKind, Role
from heliograph.kernel.errors import (
    Forbidden,
    HeliographError,
    NotFound,
    PasswordWeak,
    RateLimited,
    RequestInvalid,
    SessionRevoked,
    SignInFailed,
    TokenExpired,
    TokenInvalid,
)
from heliograph.kernel.pagination import PageRequest
from heliograph.web.services import Services

EVA = "eva@example.com"


def sign_in(services: Services, password: str = GOOD_PASSWORD, email: str = EVA) -> SignedIn:
    return services.sessions.sign_in(email, password, VISITOR)


def outcome(work: Any) -> Any:
    try:
        return work()
    except HeliographError as error:
        return error


def at_once(services: Services, count: int, work: Any) -> list[Any]:
    barrier = Barrier(count, timeout=10)

    def run(number: int) -> Any:
        barrier.wait()
        return outcome(lambda: work(number))

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


# Signing in


def test_who_knows_the_password_is_let_in_and_who_does_not_is_not(services: Services) -> None:
    user = make_user(services, EVA)
    group = services.groups.create(SYSTEM, "Sales")
    services.groups.add_member(SYSTEM, group.id, user.id)
    signed_in = sign_in(services, email=" Eva@Example.COM ")
    actor = services.sessions.authenticate(
        signed_in.access_token, address="203.0.113.9", user_agent="curl", request_id="r1"
    )
    assert actor.kind is ActorKind.USER
    assert (actor.user_id, actor.email, actor.role) == (user.id, EVA, Role.EDITOR)
    assert actor.group_ids == {group.id}
    assert (actor.scopes, actor.session_id) == (None, str(signed_in.session_id))
    assert (actor.address, actor.user_agent, actor.request_id) == ("203.0.113.9", "curl", "r1")
    assert services.users.get(user.id).last_signed_in_at == services.clock.now()
    with pytest.raises(SignInFailed):
        sign_in(services, "tiger lamp oceans")


def test_unknown_wrong_and_deactivated_get_the_same_answer(services: Services) -> None:
    make_user(services, EVA)
    gone = make_user(services, "gone@example.com")
    services.users.change(SYSTEM, gone.id, is_active=False)
    told = []
    for email, password in [
        (EVA, "not the password"),
        ("nobody@example.com", GOOD_PASSWORD),
        ("gone@example.com", GOOD_PASSWORD),
        ("no email \x00 at all", GOOD_PASSWORD),
    ]:
        with pytest.raises(SignInFailed) as caught:
            sign_in(services, password, email)
        told.append(caught.value.to_dict())
    assert told == [told[0]] * 4


def test_failures_are_recorded_without_what_was_typed(services: Services) -> None:
    make_user(services, EVA)
    for email in (EVA, "my-password-in-the-wrong-field"):
        with pytest.raises(SignInFailed):
            sign_in(services, "another-secret", email)
    rows = services.database.fetch(
        "SELECT object_name, address, a::text AS text FROM audit_events a"
        " WHERE action = 'session.failed' ORDER BY id"
    )
    assert [(row["object_name"], row["address"]) for row in rows] == [
        (EVA, VISITOR.address),
        (None, VISITOR.address),
    ]
    assert not any("secret" in row["text"] or "wrong-field" in row["text"] for row in rows)


def test_a_password_is_the_same_however_it_was_composed(services: Services) -> None:
    services.users.create(
        SYSTEM, email=EVA, name="Eva", role=Role.EDITOR, password="Gr\u00fc\u00dfe vom Strand"
    )
    assert sign_in(services, "Gru\u0308\u00dfe vom Strand")
    with pytest.raises(SignInFailed):
        sign_in(services, "Gru\u00dfe vom Strand")


def test_a_hash_with_older_parameters_is_made_anew_at_sign_in(services: Services) -> None:
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    user = make_user(services, EVA)
    weak = Argon2id(salt=b"salt" * 4, length=32, iterations=1, lanes=1, memory_cost=64)
    phc = weak.derive_phc_encoded(GOOD_PASSWORD.encode())
    assert needs_rehash(phc)
    with services.database.transaction() as tx:
        tx.execute("UPDATE users SET password_hash = %s WHERE id = %s", [phc, user.id])
    with pytest.raises(SignInFailed):
        sign_in(services, "not the password")
    assert sign_in(services)
    (row,) = services.database.fetch("SELECT password_hash FROM users")
    assert not needs_rehash(row["password_hash"])
    assert sign_in(services)


# What is read of the database at each request


def test_deactivation_takes_effect_at_the_next_request(services: Services) -> None:
    user = make_user(services, EVA)
    signed_in = sign_in(services)
    assert services.sessions.authenticate(signed_in.access_token)
    services.users.change(SYSTEM, user.id, is_active=False)
    with pytest.raises(SessionRevoked):
        services.sessions.authenticate(signed_in.access_token)
    with pytest.raises(SessionRevoked):
        services.sessions.refresh(signed_in.refresh_token, VISITOR)
    services.users.change(SYSTEM, user.id, is_active=True)
    with pytest.raises(SessionRevoked):
        services.sessions.authenticate(signed_in.access_token)
    assert sign_in(services)


def test_the_role_is_the_one_in_the_database(services: Services) -> None:
    user = make_user(services, EVA)
    token = access_token(services, EVA)
    services.users.change(SYSTEM, user.id, role=Role.VIEWER)
    assert services.sessions.authenticate(token).role is Role.VIEWER


def test_authenticating_is_one_statement_once_the_token_is_known(services: Services) -> None:
    make_user(services, EVA)
    token = access_token(services, EVA)
    services.sessions.authenticate(token)
    statements = []
    fetch = services.database.fetch

    class Counting:
        def fetch(self, statement: Any, values: Any = ()) -> Any:
            statements.append(statement)
            return fetch(statement, values)

        def transaction(self) -> Any:
            raise AssertionError("no transaction is needed")

    services.sessions._database = Counting()  # type: ignore[assignment]
    assert services.sessions.authenticate(token).email == EVA
    assert len(statements) == 1


def test_an_access_token_is_good_for_ten_minutes(services: Services, clock: HandClock) -> None:
    make_user(services, EVA)
    signed_in = sign_in(services)
    assert signed_in.expires_in == 600
    clock.advance(timedelta(minutes=9, seconds=59))
    assert services.sessions.authenticate(signed_in.access_token)
    clock.advance(timedelta(seconds=12))
    with pytest.raises(TokenExpired):
        services.sessions.authenticate(signed_in.access_token)


# Refreshing


def test_a_refresh_token_gives_new_tokens_and_is_used_up(
    services: Services, clock: HandClock
) -> None:
    make_user(services, EVA)
    first = sign_in(services)
    clock.advance(timedelta(minutes=5))
    second = services.sessions.refresh(first.refresh_token, VISITOR)
    assert second.refresh_token != first.refresh_token
    assert second.session_id == first.session_id
    assert second.user.email == EVA
    assert services.sessions.authenticate(second.access_token)
    clock.advance(timedelta(minutes=5))
    assert services.sessions.refresh(second.refresh_token, VISITOR)


def test_a_refresh_token_that_comes_back_ends_the_session_for_both(
    services: Services, clock: HandClock
) -> None:
    make_user(services, EVA)
    other = sign_in(services)
    first = sign_in(services)
    second = services.sessions.refresh(first.refresh_token, VISITOR)
    clock.advance(timedelta(seconds=11))
    with pytest.raises(SessionRevoked):
        services.sessions.refresh(first.refresh_token, visitor_from("198.51.100.1"))
    with pytest.raises(SessionRevoked):
        services.sessions.refresh(second.refresh_token, VISITOR)
    with pytest.raises(SessionRevoked):
        services.sessions.authenticate(second.access_token)
    assert services.sessions.authenticate(other.access_token)
    assert actions_of(services).count("session.revoked") == 1


def test_a_second_tab_that_refreshes_at_the_same_moment_stays_signed_in(
    services: Services, clock: HandClock
) -> None:
    make_user(services, EVA)
    first = sign_in(services)
    answers = at_once(
        services, 4, lambda _: services.sessions.refresh(first.refresh_token, VISITOR)
    )
    assert {type(answer) for answer in answers} == {SignedIn}
    assert len({answer.refresh_token for answer in answers}) == 1
    clock.advance(timedelta(minutes=5))
    assert services.sessions.refresh(answers[0].refresh_token, VISITOR)
    clock.advance(timedelta(minutes=5))
    with pytest.raises(SessionRevoked):
        services.sessions.refresh(answers[1].refresh_token, VISITOR)


def test_a_late_tab_gets_the_newest_token_of_the_last_seconds(
    services: Services, clock: HandClock
) -> None:
    make_user(services, EVA)
    first = sign_in(services)
    second = services.sessions.refresh(first.refresh_token, VISITOR)
    clock.advance(timedelta(seconds=3))
    third = services.sessions.refresh(second.refresh_token, VISITOR)
    clock.advance(timedelta(seconds=3))
    late = services.sessions.refresh(first.refresh_token, VISITOR)
    assert late.refresh_token == third.refresh_token


def test_how_a_successor_is_made_is_forgotten_soon(services: Services, clock: HandClock) -> None:
    make_user(services, EVA)
    signed_in = sign_in(services)
    for _ in range(4):
        signed_in = services.sessions.refresh(signed_in.refresh_token, VISITOR)
        clock.advance(timedelta(minutes=5))
    (row,) = services.database.fetch(
        "SELECT count(*) AS tokens, count(successor_salt) AS salts FROM refresh_tokens"
    )
    assert row == {"tokens": 5, "salts": 1}


def test_a_session_that_is_not_used_for_a_week_is_over(
    services: Services, clock: HandClock
) -> None:
    make_user(services, EVA)
    idle, used = sign_in(services), sign_in(services)
    clock.advance(timedelta(days=6))
    used = services.sessions.refresh(used.refresh_token, VISITOR)
    clock.advance(timedelta(days=1, seconds=1))
    with pytest.raises(TokenExpired):
        services.sessions.refresh(idle.refresh_token, VISITOR)
    assert services.sessions.refresh(used.refresh_token, VISITOR)


def test_no_session_lasts_longer_than_thirty_days(services: Services, clock: HandClock) -> None:
    make_user(services, EVA)
    signed_in = sign_in(services)
    for _ in range(29):
        clock.advance(timedelta(days=1))
        signed_in = services.sessions.refresh(signed_in.refresh_token, VISITOR)
    assert signed_in.refresh_expires_at - clock.now() == timedelta(days=1)
    clock.advance(timedelta(days=1))
    with pytest.raises(TokenExpired):
        services.sessions.refresh(signed_in.refresh_token, VISITOR)


@pytest.mark.parametrize("token", ["", "x" * 43, "\x00", "é" * 20, "x" * 10_000])
def test_what_is_no_refresh_token_is_refused(services: Services, token: str) -> None:
    with pytest.raises(TokenInvalid):
        services.sessions.refresh(token, VISITOR)


# Ending sessions


def test_signing_out_ends_the_session_at_once_and_no_other(services: Services) -> None:
    make_user(services, EVA)
    kept, ended = sign_in(services), sign_in(services)
    assert services.sessions.sign_out(ended.refresh_token, VISITOR)
    assert not services.sessions.sign_out(ended.refresh_token, VISITOR)
    with pytest.raises(SessionRevoked):
        services.sessions.authenticate(ended.access_token)
    with pytest.raises(SessionRevoked):
        services.sessions.refresh(ended.refresh_token, VISITOR)
    assert services.sessions.authenticate(kept.access_token)


def test_a_person_sees_and_ends_their_own_sessions_and_nobody_elses(
    services: Services, clock: HandClock
) -> None:
    make_user(services, EVA)
    make_user(services, "max@example.com")
    eva = signed_in_as(services, EVA)
    clock.advance(timedelta(seconds=1))
    elsewhere = sign_in(services)
    others = sign_in(services, email="max@example.com")
    page = services.sessions.list(eva, PageRequest(limit=1))
    rest = services.sessions.list(eva, PageRequest(limit=1, cursor=page.next))
    assert [s.id for s in (*page.items, *rest.items)] == [
        elsewhere.session_id,
        services.sessions.list(eva, PageRequest()).items[1].id,
    ]
    with pytest.raises(NotFound):
        services.sessions.end(eva, others.session_id)
    assert services.sessions.authenticate(others.access_token)
    services.sessions.end(eva, elsewhere.session_id)
    with pytest.raises(SessionRevoked):
        services.sessions.authenticate(elsewhere.access_token)
    with pytest.raises(NotFound):
        services.sessions.end(eva, elsewhere.session_id)


def test_all_other_sessions_end_and_this_one_stays(services: Services) -> None:
    make_user(services, EVA)
    others = [sign_in(services) for _ in range(3)]
    own = sign_in(services)
    eva = services.sessions.authenticate(own.access_token)
    assert services.sessions.end_others(eva) == 3
    assert services.sessions.end_others(eva) == 0
    assert services.sessions.authenticate(own.access_token)
    for other in others:
        with pytest.raises(SessionRevoked):
            services.sessions.authenticate(other.access_token)


def test_changing_the_password_needs_the_current_one_and_ends_the_other_sessions(
    services: Services,
) -> None:
    make_user(services, EVA)
    other, own = sign_in(services), sign_in(services)
    eva = services.sessions.authenticate(own.access_token)
    with pytest.raises(RequestInvalid):
        services.sessions.change_password(eva, "not the password", "otter lamp window")
    with pytest.raises(PasswordWeak):
        services.sessions.change_password(eva, GOOD_PASSWORD, "short")
    assert services.sessions.authenticate(other.access_token)
    services.sessions.change_password(eva, GOOD_PASSWORD, "otter lamp window")
    assert services.sessions.authenticate(own.access_token)
    with pytest.raises(SessionRevoked):
        services.sessions.authenticate(other.access_token)
    with pytest.raises(SignInFailed):
        sign_in(services)
    assert sign_in(services, "otter lamp window")


def test_a_personal_token_manages_neither_sessions_nor_passwords(services: Services) -> None:
    make_user(services, EVA)
    eva = signed_in_as(services, EVA)
    token = replace(eva, kind=ActorKind.TOKEN, scopes=frozenset({"read", "write"}))
    assert eva.session_id is not None
    for refused in (
        lambda: services.sessions.list(token, PageRequest()),
        lambda: services.sessions.end_own(token),
        lambda: services.sessions.end_others(token),
        lambda: services.sessions.change_password(token, GOOD_PASSWORD, "otter lamp window"),
    ):
        with pytest.raises(Forbidden):
            refused()
    assert len(services.sessions.list(eva, PageRequest()).items) == 1


# Guessing


def fail(services: Services, times: int, address: str, email: str = EVA) -> list[str]:
    found = []
    for _ in range(times):
        error = outcome(
            lambda: services.sessions.sign_in(email, "not the password", visitor_from(address))
        )
        found.append(error.code)
    return found


def test_ten_failures_from_one_address_end_guessing_there_for_a_while(
    services: Services, clock: HandClock
) -> None:
    make_user(services, EVA)
    assert fail(services, 11, "198.51.100.1") == ["sign_in_failed"] * 10 + ["rate_limited"]
    with pytest.raises(RateLimited) as caught:  # the right password, too, until the window ends
        services.sessions.sign_in(EVA, GOOD_PASSWORD, visitor_from("198.51.100.1"))
    assert 0 < caught.value.retry_after <= 15 * 60
    assert services.sessions.sign_in(EVA, GOOD_PASSWORD, visitor_from("198.51.100.2"))
    clock.advance(timedelta(seconds=caught.value.retry_after))
    assert services.sessions.sign_in(EVA, GOOD_PASSWORD, visitor_from("198.51.100.1"))


def test_an_unknown_email_is_limited_like_a_known_one(services: Services) -> None:
    make_user(services, EVA)
    known = fail(services, 12, "198.51.100.1")
    unknown = fail(services, 12, "198.51.100.1", "nobody@example.com")
    assert known == unknown


def test_a_right_password_is_never_counted(services: Services) -> None:
    make_user(services, EVA)
    for _ in range(4):
        assert fail(services, 4, "198.51.100.1") == ["sign_in_failed"] * 4
        assert services.sessions.sign_in(EVA, GOOD_PASSWORD, visitor_from("198.51.100.1"))


def test_strangers_everywhere_do_not_keep_a_person_out_where_they_are_known(
    services: Services, clock: HandClock
) -> None:
    make_user(services, EVA)
    assert services.sessions.sign_in(EVA, GOOD_PASSWORD, visitor_from("203.0.113.1"))
    for number in range(10):
        assert "rate_limited" not in fail(services, 5, f"198.51.100.{number}")
    assert fail(services, 1, "198.51.100.200") == ["rate_limited"]
    assert services.sessions.sign_in(EVA, GOOD_PASSWORD, visitor_from("203.0.113.1"))
    with pytest.raises(RateLimited):
        services.sessions.sign_in(EVA, GOOD_PASSWORD, visitor_from("203.0.113.2"))
    clock.advance(timedelta(hours=1))
    assert services.sessions.sign_in(EVA, GOOD_PASSWORD, visitor_from("203.0.113.2"))


def test_one_address_does_not_try_one_password_on_everybody(services: Services) -> None:
    make_user(services, EVA)
    with services.database.transaction() as tx:
        tx.execute(
            "INSERT INTO rate_limits VALUES ('sign_in:address:198.51.100.1', %s, 99)",
            [services.clock.now()],
        )
    assert fail(services, 2, "198.51.100.1", "a@example.com") == ["sign_in_failed", "rate_limited"]
    assert fail(services, 1, "198.51.100.2", "a@example.com") == ["sign_in_failed"]


def test_addresses_of_one_ipv6_network_count_as_one(services: Services) -> None:
    for number in range(10):
        assert fail(services, 1, f"2001:db8::{number + 1}") == ["sign_in_failed"]
    assert fail(services, 1, "2001:db8::ffff") == ["rate_limited"]
    assert fail(services, 1, "2001:db8:0:1::1") == ["sign_in_failed"]


def test_a_thousand_guesses_at_once_are_counted_one_by_one(services: Services) -> None:
    make_user(services, EVA)
    found = at_once(
        services,
        14,
        lambda _: services.sessions.sign_in(EVA, "not the password", visitor_from("198.51.100.1")),
    )
    codes = sorted(error.code for error in found)
    assert codes == ["rate_limited"] * 4 + ["sign_in_failed"] * 10


def test_a_reset_forgets_the_failures(services: Services) -> None:
    user = make_user(services, EVA)
    assert fail(services, 11, "198.51.100.1")[-1] == "rate_limited"
    link = services.links.create_reset(SYSTEM, user.id)
    services.links.use_reset(link.url.partition("#token=")[2], VISITOR, "otter lamp window")
    assert services.sessions.sign_in(EVA, "otter lamp window", visitor_from("198.51.100.1"))


def test_guessing_the_current_password_is_limited_too(services: Services) -> None:
    make_user(services, EVA)
    eva = signed_in_as(services, EVA)
    for _ in range(10):
        with pytest.raises(RequestInvalid):
            services.sessions.change_password(eva, "not the password", "otter lamp window")
    with pytest.raises(RateLimited):
        services.sessions.change_password(eva, GOOD_PASSWORD, "otter lamp window")
