"""Users, groups and personal tokens: who changes whom, and the last admin."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from tests.support.accounts import (
    GOOD_PASSWORD,
    VISITOR,
    actions_of,
    make_user,
    signed_in_as,
)
from tests.support.hand_clock import HandClock

from heliograph.accounts.demo import make_demo_people
from heliograph.accounts.models import Scope
from heliograph.accounts.tokens import MOST_TOKENS
from heliograph.kernel.actors import SYSTEM, Actor, ActorKind, Role
from heliograph.kernel.errors import (
    Conflict,
    CursorInvalid,
    Forbidden,
    HeliographError,
    LastAdmin,
    NameTaken,
    NotFound,
    PasswordWeak,
    RequestInvalid,
    SignInFailed,
    TokenExpired,
    TokenInvalid,
)
from heliograph.kernel.ids import new_id
from heliograph.kernel.pagination import PageRequest
from heliograph.web.services import Services

BOSS, EVA, MAX = "boss@example.com", "eva@example.com", "max@example.com"


def at_once(*work: Any) -> list[Any]:
    barrier = Barrier(len(work), timeout=10)

    def run(one: Any) -> Any:
        barrier.wait()
        try:
            return one()
        except HeliographError as error:
            return error

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(run, work))


def emails(services: Services, **how: Any) -> list[str]:
    return [user.email for user in services.users.list(PageRequest(), **how).items]


# Users


def test_lists_are_paged_searched_and_filtered(services: Services) -> None:
    make_user(services, BOSS, Role.ADMIN)
    make_user(services, MAX)
    gone = make_user(services, EVA)
    services.users.change(SYSTEM, gone.id, is_active=False)
    services.users.change(SYSTEM, gone.id, name="100% Eva_Ł")
    first = services.users.list(PageRequest(limit=2))
    rest = services.users.list(PageRequest(limit=2, cursor=first.next))
    assert [u.email for u in (*first.items, *rest.items)] == [BOSS, EVA, MAX]
    assert rest.next is None
    assert emails(services, search="BOSS@") == [BOSS]
    assert emails(services, search="0% eva_") == [EVA]
    assert emails(services, search="%") == [EVA]
    assert emails(services, search="a\x00") == emails(services, search="a")
    assert emails(services, role=Role.EDITOR) == [EVA, MAX]
    assert emails(services, is_active=False) == [EVA]
    assert emails(services, is_active=True, role=Role.EDITOR, search="max") == [MAX]
    with pytest.raises(CursorInvalid):
        services.users.list(PageRequest(cursor="nonsense"))


def test_an_email_belongs_to_one_person_whatever_its_case(services: Services) -> None:
    make_user(services, EVA)
    with pytest.raises(NameTaken):
        make_user(services, "EVA@Example.com")
    assert emails(services) == [EVA]
    assert services.users.find_by_email("Eva@example.COM") is not None
    assert services.users.find_by_email(MAX) is None


def test_a_change_is_recorded_as_before_and_after_and_no_change_is_not(services: Services) -> None:
    make_user(services, BOSS, Role.ADMIN)
    boss = signed_in_as(services, BOSS)
    user = make_user(services, EVA)
    changed = services.users.change(boss, user.id, name=" Eva  Maria ", role=Role.VIEWER)
    assert (changed.name, changed.role) == ("Eva Maria", Role.VIEWER)
    assert services.users.get(user.id) == changed
    services.users.change(boss, user.id, name="Eva Maria")
    rows = services.database.fetch(
        "SELECT before, after, actor_email, object_name FROM audit_events"
        " WHERE action = 'user.changed'"
    )
    assert rows == [
        {
            "before": {"name": "Eva", "role": "editor"},
            "after": {"name": "Eva Maria", "role": "viewer"},
            "actor_email": BOSS,
            "object_name": EVA,
        }
    ]
    services.users.change(boss, user.id, is_active=False)
    services.users.change(boss, user.id, is_active=True)
    assert actions_of(services)[-2:] == ["user.deactivated", "user.reactivated"]
    with pytest.raises(NotFound):
        services.users.change(boss, new_id(), name="Nobody")
    with pytest.raises(RequestInvalid):
        services.users.change(boss, user.id, name="  ")


@pytest.mark.parametrize(
    "change", [{"role": Role.EDITOR}, {"is_active": False}, {"role": Role.VIEWER}]
)
def test_the_last_active_admin_stays(services: Services, change: dict[str, Any]) -> None:
    boss = make_user(services, BOSS, Role.ADMIN)
    other = make_user(services, EVA, Role.ADMIN)
    services.users.change(SYSTEM, other.id, is_active=False)
    with pytest.raises(LastAdmin):
        services.users.change(SYSTEM, boss.id, **change)
    assert services.users.change(SYSTEM, boss.id, name="Boss Herself").is_active
    services.users.change(SYSTEM, other.id, is_active=True)
    assert services.users.change(SYSTEM, boss.id, **change)


def test_of_two_admins_who_demote_one_another_at_once_one_stays(services: Services) -> None:
    for _ in range(5):
        boss = services.users.find_by_email(BOSS) or make_user(services, BOSS, Role.ADMIN)
        eva = services.users.find_by_email(EVA) or make_user(services, EVA, Role.ADMIN)
        for user in (boss, eva):
            services.users.change(SYSTEM, user.id, role=Role.ADMIN)
        done = at_once(
            lambda boss=boss: services.users.change(SYSTEM, boss.id, role=Role.EDITOR),
            lambda eva=eva: services.users.change(SYSTEM, eva.id, is_active=False),
        )
        assert sorted(type(one).__name__ for one in done) == ["LastAdmin", "User"]
        assert len(services.users.list(PageRequest(), role=Role.ADMIN, is_active=True).items) == 1
        services.users.change(SYSTEM, boss.id, role=Role.ADMIN)
        services.users.change(SYSTEM, eva.id, is_active=True)


def test_the_people_of_a_demo_are_made_once_and_keep_their_passwords(services: Services) -> None:
    first = make_demo_people(services.database, services.clock)
    assert [person.role for person in first] == [Role.ADMIN, Role.EDITOR, Role.VIEWER]
    assert len({person.password for person in first}) == 3
    kept = {person.role.value: person.password for person in first[:2]}
    second = make_demo_people(services.database, services.clock, kept)
    assert second[:2] == first[:2]
    for person in second:
        assert services.sessions.sign_in(person.email, person.password, VISITOR)
        assert person.password not in repr(person)
    with pytest.raises(SignInFailed):  # lost by its keeper, so it was made anew
        services.sessions.sign_in(first[2].email, first[2].password, VISITOR)


# Groups


def test_groups_have_a_name_each_whatever_its_case(services: Services) -> None:
    sales = services.groups.create(SYSTEM, " Sales  Team ")
    assert sales.name == "Sales Team"
    with pytest.raises(NameTaken):
        services.groups.create(SYSTEM, "SALES TEAM")
    other = services.groups.create(SYSTEM, "Straße")
    with pytest.raises(NameTaken):
        services.groups.rename(SYSTEM, other.id, "sales team")
    with pytest.raises(NameTaken):
        services.groups.create(SYSTEM, "STRASSE")
    assert services.groups.rename(SYSTEM, sales.id, "sales TEAM").name == "sales TEAM"
    page = services.groups.list(PageRequest(limit=1))
    rest = services.groups.list(PageRequest(limit=1, cursor=page.next))
    assert [g.name for g in (*page.items, *rest.items)] == ["sales TEAM", "Straße"]
    assert [g.name for g in services.groups.list(PageRequest(), search="TRASS").items] == []
    assert [g.name for g in services.groups.list(PageRequest(), search="traß").items] == ["Straße"]


def test_members_come_and_go_and_take_effect_at_the_next_request(services: Services) -> None:
    group = services.groups.create(SYSTEM, "Sales")
    people = [make_user(services, email) for email in (EVA, MAX)]
    assert signed_in_as(services, EVA).group_ids == set()
    for _ in range(2):
        for user in people:
            services.groups.add_member(SYSTEM, group.id, user.id)
    assert services.groups.get(group.id).member_count == 2
    page = services.groups.members(group.id, PageRequest(limit=1))
    rest = services.groups.members(group.id, PageRequest(limit=1, cursor=page.next))
    assert [u.email for u in (*page.items, *rest.items)] == [EVA, MAX]
    assert signed_in_as(services, EVA).group_ids == {group.id}
    services.groups.remove_member(SYSTEM, group.id, people[0].id)
    with pytest.raises(NotFound):
        services.groups.remove_member(SYSTEM, group.id, people[0].id)
    assert signed_in_as(services, EVA).group_ids == set()
    assert actions_of(services).count("group.member_added") == 2
    assert actions_of(services).count("group.member_removed") == 1


def test_what_is_not_there_is_not_found(services: Services) -> None:
    group = services.groups.create(SYSTEM, "Sales")
    user = make_user(services, EVA)
    services.groups.add_member(SYSTEM, group.id, user.id)
    with pytest.raises(NotFound):
        services.groups.add_member(SYSTEM, group.id, new_id())
    services.groups.delete(SYSTEM, group.id)
    for work in (
        lambda: services.groups.get(group.id),
        lambda: services.groups.delete(SYSTEM, group.id),
        lambda: services.groups.rename(SYSTEM, group.id, "Other"),
        lambda: services.groups.members(group.id, PageRequest()),
        lambda: services.groups.add_member(SYSTEM, group.id, user.id),
    ):
        with pytest.raises(NotFound):
            work()
    assert services.users.get(user.id)


# Personal tokens


def make_token(services: Services, actor: Actor, *scopes: Scope, days: float = 90) -> str:
    return services.tokens.create(actor, "script", scopes, life=timedelta(days=days))[1]


def test_a_token_acts_for_its_person_within_its_scopes(services: Services) -> None:
    user = make_user(services, EVA)
    group = services.groups.create(SYSTEM, "Sales")
    services.groups.add_member(SYSTEM, group.id, user.id)
    eva = signed_in_as(services, EVA)
    secret = make_token(services, eva, Scope.READ)
    actor = services.tokens.authenticate(
        secret, address="203.0.113.9", user_agent="curl", request_id="r1"
    )
    assert actor == Actor(
        ActorKind.TOKEN,
        user.id,
        EVA,
        Role.EDITOR,
        frozenset({group.id}),
        frozenset({"read"}),
        None,
        "203.0.113.9",
        "curl",
    )
    services.users.change(SYSTEM, user.id, role=Role.VIEWER)
    assert services.tokens.authenticate(secret).role is Role.VIEWER


def test_a_token_that_was_changed_revoked_or_is_too_old_lets_nobody_in(
    services: Services, clock: HandClock
) -> None:
    make_user(services, EVA)
    eva = signed_in_as(services, EVA)
    secret = make_token(services, eva, Scope.READ, days=1)
    assert services.tokens.authenticate(secret)
    swapped = ("a" if secret[-1] != "a" else "b") + ""
    for wrong in (
        secret[:-1] + swapped,
        secret + "x",
        "hgt_" + "0" * 22 + secret[26:],
        "hgt_" + "z" * 22 + "_" + "z" * 43,
        "hgt_",
        "",
        "hgt_é",
    ):
        with pytest.raises(TokenInvalid):
            services.tokens.authenticate(wrong)
    clock.advance(timedelta(days=1))
    with pytest.raises(TokenExpired):
        services.tokens.authenticate(secret)
    eva = signed_in_as(services, EVA)
    token, secret = services.tokens.create(eva, "another", [Scope.READ])
    services.tokens.revoke(eva, token.id)
    with pytest.raises(TokenInvalid):
        services.tokens.authenticate(secret)
    with pytest.raises(NotFound):
        services.tokens.revoke(eva, token.id)


def test_tokens_of_who_is_deactivated_do_not_work_meanwhile(services: Services) -> None:
    user = make_user(services, EVA)
    secret = make_token(services, signed_in_as(services, EVA), Scope.READ)
    services.users.change(SYSTEM, user.id, is_active=False)
    with pytest.raises(TokenInvalid):
        services.tokens.authenticate(secret)
    services.users.change(SYSTEM, user.id, is_active=True)
    assert services.tokens.authenticate(secret)


def test_a_token_lives_ninety_days_unless_said_and_a_year_at_most(
    services: Services, clock: HandClock
) -> None:
    make_user(services, EVA)
    eva = signed_in_as(services, EVA)
    token, _ = services.tokens.create(eva, "script", [Scope.WRITE, Scope.READ, Scope.READ])
    assert token.expires_at - clock.now() == timedelta(days=90)
    assert token.scopes == (Scope.READ, Scope.WRITE)
    assert make_token(services, eva, Scope.READ, days=365)
    for days in (365.1, 0, -1):
        with pytest.raises(RequestInvalid):
            make_token(services, eva, Scope.READ, days=days)
    with pytest.raises(RequestInvalid):
        make_token(services, eva)


def test_the_last_use_is_noted_once_a_minute(services: Services, clock: HandClock) -> None:
    make_user(services, EVA)
    eva = signed_in_as(services, EVA)
    token, secret = services.tokens.create(eva, "script", [Scope.READ])
    began = clock.now()

    def last_use() -> Any:
        return services.tokens.list(eva, PageRequest()).items[0].last_used_at

    assert last_use() is None
    with pytest.raises(TokenInvalid):
        services.tokens.authenticate(secret[:-2] + "zz")
    assert last_use() is None
    services.tokens.authenticate(secret)
    clock.advance(timedelta(seconds=59))
    services.tokens.authenticate(secret)
    assert last_use() == began
    clock.advance(timedelta(seconds=2))
    services.tokens.authenticate(secret)
    assert last_use() == clock.now()
    assert token.hint == secret[:26]


def test_one_sees_and_revokes_ones_own_and_an_admin_everybodys(services: Services) -> None:
    make_user(services, BOSS, Role.ADMIN)
    owner = make_user(services, EVA)
    make_user(services, MAX)
    eva, max_, boss = (signed_in_as(services, email) for email in (EVA, MAX, BOSS))
    tokens = [services.tokens.create(eva, f"script {n}", [Scope.READ]) for n in range(3)]
    page = services.tokens.list(eva, PageRequest(limit=2))
    rest = services.tokens.list(eva, PageRequest(limit=2, cursor=page.next))
    listed = [token.name for token in (*page.items, *rest.items)]
    assert sorted(listed) == ["script 0", "script 1", "script 2"]
    assert services.tokens.list(max_, PageRequest()).items == []
    with pytest.raises(Forbidden):
        services.tokens.list(max_, PageRequest(), user_id=owner.id)
    with pytest.raises(NotFound):
        services.tokens.revoke(max_, tokens[0][0].id)
    assert services.tokens.authenticate(tokens[0][1])
    assert len(services.tokens.list(boss, PageRequest(), user_id=owner.id).items) == 3
    services.tokens.revoke(boss, tokens[0][0].id)
    with pytest.raises(TokenInvalid):
        services.tokens.authenticate(tokens[0][1])


def test_a_token_makes_no_tokens_no_admins_and_no_password_resets(services: Services) -> None:
    make_user(services, BOSS, Role.ADMIN)
    user = make_user(services, EVA)
    boss = signed_in_as(services, BOSS)
    token = services.tokens.authenticate(make_token(services, boss, Scope.READ, Scope.WRITE))
    for work in (
        lambda actor: services.tokens.create(actor, "more", [Scope.READ]),
        lambda actor: services.links.create_reset(actor, user.id),
        lambda actor: services.links.invite(actor, "new@example.com", Role.ADMIN),
        lambda actor: services.users.change(actor, user.id, role=Role.ADMIN),
    ):
        with pytest.raises(Forbidden):
            work(token)
        assert work(boss)
    assert services.links.invite(token, "viewer@example.com", Role.VIEWER)
    assert services.users.change(token, user.id, role=Role.VIEWER)


def test_a_person_has_a_hundred_tokens_at_most_also_at_once(services: Services) -> None:
    user = make_user(services, EVA)
    eva = signed_in_as(services, EVA)
    services.database.fetch(
        """
        INSERT INTO api_tokens (id, user_id, name, token_hash, scopes, created_at, expires_at)
        SELECT gen_random_uuid(), %s, 'old', sha256(n::text::bytea), '{read}', %s, %s
        FROM generate_series(1, %s) AS n RETURNING id
        """,
        [user.id, services.clock.now(), services.clock.now() + timedelta(1), MOST_TOKENS - 1],
    )
    done = at_once(*[lambda: make_token(services, eva, Scope.READ)] * 3)
    assert sorted(type(one).__name__ for one in done) == ["Conflict", "Conflict", "str"]
    with pytest.raises(Conflict):
        make_token(services, eva, Scope.READ)


def test_a_password_that_is_too_easy_makes_no_user(services: Services) -> None:
    with pytest.raises(PasswordWeak):
        services.users.create(
            SYSTEM, email=EVA, name="Eva", role=Role.ADMIN, password="eva@example.com"
        )
    assert emails(services) == []
    services.users.create(SYSTEM, email=EVA, name="Eva", role=Role.ADMIN, password=GOOD_PASSWORD)
    assert emails(services) == [EVA]
