"""Claims of people: who sets and sees them, what may stand in them, and what policies are told."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.accounts import access_token, make_user, signed_in_as
from tests.support.api import Answered, Api

from heliograph.accounts import users_store
from heliograph.accounts.models import IdentityFacts
from heliograph.kernel.actors import SYSTEM, Role
from heliograph.kernel.errors import NotFound, RequestInvalid
from heliograph.kernel.ids import new_id
from heliograph.queries.identity import identity_of, identity_settings
from heliograph.web.services import Services

BOSS, EVA, VERA = "boss@example.com", "eva@example.com", "vera@example.com"
WEST = {"region": "west", "cost_center": "4711"}


@pytest.fixture
def people(services: Services) -> dict[str, str]:
    """The ids of an admin, an editor and a viewer by their emails."""
    roles = {BOSS: Role.ADMIN, EVA: Role.EDITOR, VERA: Role.VIEWER}
    return {email: str(make_user(services, email, role).id) for email, role in roles.items()}


@pytest.fixture
def tokens(services: Services, people: dict[str, str]) -> dict[str, str]:
    return {email: access_token(services, email) for email in people}


def changes(services: Services) -> list[tuple[str, Any, Any]]:
    rows = services.database.fetch(
        "SELECT action, before, after FROM audit_events"
        " WHERE object_type = 'user' AND action <> 'user.created' ORDER BY id"
    )
    return [(row["action"], row["before"], row["after"]) for row in rows]


# Setting and seeing


def test_an_admin_replaces_all_claims_of_a_person_and_what_is_left_out_stays(
    api: Api, people: dict[str, str], tokens: dict[str, str]
) -> None:
    path = f"/api/users/{people[EVA]}"
    assert api.get(path, token=tokens[BOSS]).json["claims"] == {}
    changed = api.patch(path, json={"claims": WEST}, token=tokens[BOSS])
    assert (changed.status, changed.json["claims"]) == (200, WEST)
    for untouched in ({"name": "Eva Maria"}, {"claims": None}, {}):
        assert api.patch(path, json=untouched, token=tokens[BOSS]).json["claims"] == WEST
    replaced = api.patch(path, json={"claims": {"site": "Ürümqi 'x'"}}, token=tokens[BOSS])
    assert replaced.json["claims"] == {"site": "Ürümqi 'x'"}
    assert api.get(path, token=tokens[BOSS]).json["claims"] == {"site": "Ürümqi 'x'"}
    assert api.patch(path, json={"claims": {}}, token=tokens[BOSS]).json["claims"] == {}


def test_nobody_but_an_admin_sets_claims_not_even_their_own(
    api: Api, people: dict[str, str], tokens: dict[str, str]
) -> None:
    for email in (EVA, VERA):
        for whose in people.values():
            refused = api.patch(f"/api/users/{whose}", json={"claims": WEST}, token=tokens[email])
            assert (refused.status, refused.code) == (403, "forbidden")
    own = api.patch(f"/api/users/{people[BOSS]}", json={"claims": WEST}, token=tokens[BOSS])
    assert own.json["claims"] == WEST


def test_admins_and_the_person_see_claims_and_other_editors_do_not(
    api: Api, services: Services, people: dict[str, str], tokens: dict[str, str]
) -> None:
    group = api.post("/api/groups", json={"name": "Sales"}, token=tokens[BOSS]).json["id"]
    for email, user_id in people.items():
        api.patch(f"/api/users/{user_id}", json={"claims": {"of": email}}, token=tokens[BOSS])
        api.put(f"/api/groups/{group}/members/{user_id}", token=tokens[BOSS])

    def seen_by(email: str, path: str) -> dict[str, Any]:
        items = api.get(path, token=tokens[email]).json["items"]
        return {item["email"]: item["claims"] for item in items}

    everybodys = {email: {"of": email} for email in people}
    for path in ("/api/users", f"/api/groups/{group}/members"):
        assert seen_by(BOSS, path) == everybodys
        assert seen_by(EVA, path) == {BOSS: None, EVA: {"of": EVA}, VERA: None}
    for email, user_id in people.items():
        one = api.get(f"/api/users/{user_id}", token=tokens[EVA]).json
        assert one["claims"] == (everybodys[EVA] if email == EVA else None)
        assert api.get(f"/api/users/{user_id}", token=tokens[BOSS]).json["claims"] == {"of": email}
        assert api.get("/api/me", token=tokens[email]).json["claims"] == {"of": email}
    assert api.get(f"/api/users/{people[VERA]}", token=tokens[VERA]).code == "forbidden"


def test_who_signs_in_or_stays_signed_in_is_told_their_own_claims(
    api: Api, services: Services, people: dict[str, str]
) -> None:
    eva = services.users.find_by_email(EVA)
    assert eva is not None
    services.users.change(SYSTEM, eva.id, claims=WEST)
    body = {"email": EVA, "password": "tiger lamp ocean"}
    signed_in = api.post("/api/session", json=body)
    refreshed = api.post("/api/session/refresh", cookies=signed_in.cookies)
    for answered in (signed_in, refreshed):
        assert (answered.status, answered.json["user"]["claims"]) == (200, WEST)


# What may stand in them


def put(api: Api, people: dict[str, str], tokens: dict[str, str], claims: Any) -> Answered:
    return api.patch(f"/api/users/{people[EVA]}", json={"claims": claims}, token=tokens[BOSS])


@pytest.mark.parametrize(
    ("wrong", "path", "fits"),
    [
        ({"Region": "x"}, "/claims/Region", {"region": "x"}),
        ({"1a": "x"}, "/claims/1a", {"a1": "x"}),
        ({"_a": "x"}, "/claims/_a", {"a_": "x"}),
        ({"": "x"}, "/claims/", {"a": "x"}),
        ({"a/b~c": "x"}, "/claims/a~1b~0c", {"a_b_c": "x"}),
        ({"a.b": "x"}, "/claims/a.b", {"ab": "x"}),
        ({"a\n": "x"}, "/claims/a\n", {"a": "x"}),
        ({"ä": "x"}, "/claims/ä", {"ae": "x"}),
        ({"a" * 41: "x"}, f"/claims/{'a' * 41}", {"a" * 40: "x"}),
        ({"b" * 5000: "x"}, f"/claims/{'b' * 60}", {"b" * 40: "x"}),
        ({"a": "x" * 1001}, "/claims/a", {"a": "ü" * 1000}),
        ({"a": "x\0y"}, "/claims/a", {"a": "x\x01y"}),
        ({"a": 7}, "/claims/a", {"a": "7"}),
        ({"a": None}, "/claims/a", {"a": ""}),
        (["a"], "/claims", {"a": ""}),
        ({f"a{n}": "" for n in range(21)}, "/claims", {f"a{n}": "" for n in range(20)}),
    ],
)
def test_a_claim_that_does_not_fit_is_refused_where_it_stands_and_changes_nothing(
    api: Api,
    services: Services,
    people: dict[str, str],
    tokens: dict[str, str],
    wrong: Any,
    path: str,
    fits: Any,
) -> None:
    assert put(api, people, tokens, WEST).status == 200
    refused = put(api, people, tokens, wrong)
    assert (refused.status, refused.code) == (422, "request_invalid")
    assert [problem["path"] for problem in refused.json["errors"]] == [path]
    assert api.get("/api/me", token=tokens[EVA]).json["claims"] == WEST
    assert len(changes(services)) == 1
    kept = put(api, people, tokens, fits)
    assert (kept.status, kept.json["claims"]) == (200, fits)


def test_half_of_a_surrogate_pair_is_no_value_and_is_not_repeated(
    api: Api, services: Services, people: dict[str, str], tokens: dict[str, str]
) -> None:
    assert put(api, people, tokens, {"a": "\ud800"}).code == "body_malformed"
    assert put(api, people, tokens, {"a": "\U0001f426"}).json["claims"] == {"a": "\U0001f426"}
    eva = services.users.find_by_email(EVA)
    assert eva is not None
    for claims in ({"a": "secret\ud800"}, {"a": "secret\0"}, {"a\ud800": "secret"}):
        with pytest.raises(RequestInvalid) as caught:
            services.users.change(SYSTEM, eva.id, claims=claims)
        assert "secret" not in str(caught.value.problems)
        assert caught.value.problems[0][0].encode()
    assert services.users.get(eva.id).claims == {"a": "\U0001f426"}


def test_the_database_refuses_what_is_no_mapping(services: Services, people: Any) -> None:
    from heliograph.platform.database import ConstraintViolated

    for claims in ("[]", '"x"', "null"):
        with (
            pytest.raises(ConstraintViolated, match="users_claims_check"),
            services.database.transaction() as tx,
        ):
            tx.execute("UPDATE users SET claims = %s::jsonb", [claims])
    with services.database.transaction() as tx:
        tx.execute("UPDATE users SET claims = %s::jsonb", ['{"a": "b"}'])


# The record


def test_a_change_of_claims_is_recorded_with_before_and_after_and_no_change_is_not(
    api: Api, services: Services, people: dict[str, str], tokens: dict[str, str]
) -> None:
    put(api, people, tokens, WEST)
    put(api, people, tokens, dict(reversed(WEST.items())))
    api.patch(f"/api/users/{people[EVA]}", json={"role": "viewer"}, token=tokens[BOSS])
    put(api, people, tokens, {"region": "east"})
    assert changes(services) == [
        ("user.changed", {"claims": {}}, {"claims": WEST}),
        ("user.changed", {"role": "editor"}, {"role": "viewer"}),
        ("user.changed", {"claims": WEST}, {"claims": {"region": "east"}}),
    ]


def test_a_claim_that_is_named_like_a_secret_is_recorded_as_changed_and_no_more(
    api: Api, services: Services, people: dict[str, str], tokens: dict[str, str]
) -> None:
    assert put(api, people, tokens, {"api_key": "one", "region": "west"}).status == 200
    assert put(api, people, tokens, {"api_key": "two", "region": "west"}).status == 200
    hidden = {"api_key": "***", "region": "west"}
    assert changes(services) == [
        ("user.changed", {"claims": {}}, {"claims": hidden}),
        ("user.changed", {"claims": hidden}, {"claims": hidden}),
    ]


# What policies are told


def test_the_facts_of_an_identity_are_groups_claims_and_all_known_names(
    services: Services, people: dict[str, str]
) -> None:
    boss, eva, vera = (signed_in_as(services, email).user_id for email in (BOSS, EVA, VERA))
    assert boss and eva and vera  # noqa: PT018
    assert services.users.identity_facts(eva) == IdentityFacts((), {}, ())
    for name in ("Sales", "Büro", "apes"):
        group = services.groups.create(SYSTEM, name)
        services.groups.add_member(SYSTEM, group.id, eva)
    services.groups.add_member(SYSTEM, services.groups.create(SYSTEM, "Others").id, boss)
    services.users.change(SYSTEM, eva, claims=WEST)
    services.users.change(SYSTEM, vera, claims={"zone": "", "region": "north"})
    known = ("cost_center", "region", "zone")
    facts = services.users.identity_facts(eva)
    assert facts == IdentityFacts(("Büro", "Sales", "apes"), WEST, known)
    assert services.users.identity_facts(boss) == IdentityFacts(("Others",), {}, known)
    services.users.change(SYSTEM, vera, is_active=False)
    assert services.users.identity_facts(vera).known_claims == known
    services.users.change(SYSTEM, vera, claims={})
    assert services.users.identity_facts(eva).known_claims == ("cost_center", "region")
    settings = identity_settings(
        identity_of(signed_in_as(services, BOSS), ["Others"]), known_claims=facts.known_claims
    )
    assert settings["heliograph.claim_zone"] == ""
    with pytest.raises(NotFound):
        services.users.identity_facts(new_id())


def test_with_ten_thousand_people_the_known_names_are_found_in_an_index(
    services: Services, people: dict[str, str]
) -> None:
    with services.database.transaction() as tx:
        tx.execute(
            """
            INSERT INTO users (id, email, name, role, password_hash, created_at, updated_at, claims)
            SELECT gen_random_uuid(), 'user' || n || '@example.com', 'User', 'viewer', 'none',
                now(), now(),
                (SELECT coalesce(jsonb_object_agg('claim_' || k, 'value ' || n), '{}')
                FROM generate_series(0, 4) AS k WHERE n >> k & 1 = 1)
            FROM generate_series(1, 10000) AS n
            """
        )
        tx.execute("ANALYZE users")
        plan = tx.execute(
            b"EXPLAIN (ANALYZE) " + users_store._IDENTITY_FACTS.encode(), [people[EVA]]
        ).fetchall()
        tx.execute("SET LOCAL enable_indexscan = off")
        scanned = tx.execute("SELECT DISTINCT jsonb_object_keys(claims) AS name FROM users")
        names = tuple(sorted(row["name"] for row in scanned))
    text = "\n".join(row["QUERY PLAN"] for row in plan)
    assert text.count("using users_claim_names_idx") == 2
    assert "Seq Scan on users" not in text
    eva = services.users.find_by_email(EVA)
    assert eva is not None
    assert services.users.identity_facts(eva.id).known_claims == names
    assert names == tuple(f"claim_{k}" for k in range(5))
