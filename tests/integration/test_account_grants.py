"""Rights on objects over the database: given, withdrawn, inherited, explained, filtered."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import pytest
from tests.support.accounts import actions_of, make_user, signed_in_as

from heliograph.accounts.grants import Grants
from heliograph.accounts.object_types import OBJECT_TYPES, ObjectType
from heliograph.accounts.permissions import GranteeType, Level, ObjectRef, ReasonKind
from heliograph.kernel.actors import SYSTEM, Actor, ActorKind, Role
from heliograph.kernel.errors import Forbidden, NotFound, RequestInvalid
from heliograph.kernel.ids import new_id
from heliograph.kernel.pagination import PageRequest
from heliograph.web.services import Services

TYPES = {
    "shelf": ObjectType("shelves", "shelf", "inside"),
    "book": ObjectType("books", "shelf", "shelf_id"),
    "lamp": ObjectType("lamps"),
}
USER, GROUP, EVERYONE = GranteeType.USER, GranteeType.GROUP, GranteeType.EVERYONE
VIEW, EDIT = Level.VIEW, Level.EDIT


@dataclass(frozen=True)
class Library:
    """Two shelves, one inside the other, a book on the inner one, and a lamp."""

    services: Services
    grants: Grants
    outer: UUID
    inner: UUID
    book: UUID
    lamp: UUID

    def visible(self, actor: Actor, kind: str, level: Level = VIEW) -> set[str]:
        condition, values = self.grants.visible(actor, kind, level=level)
        table = TYPES[kind].table
        rows = self.services.database.fetch(f"SELECT name FROM {table} WHERE {condition}", values)
        return {row["name"] for row in rows}

    def level(self, actor: Actor, kind: str, object_id: UUID) -> Level | None:
        """Return what `check` permits, compared with what lists show and what is explained."""
        found = None
        for level in Level:
            try:
                self.grants.check(actor, level, kind, object_id)
                found = level
            except (NotFound, Forbidden):
                pass
        assert actor.user_id is not None
        assert self.grants.explain(SYSTEM, kind, object_id, actor.user_id).level is found
        names = {self.book: "Dune", self.inner: "Inner", self.outer: "Outer", self.lamp: "Lamp"}
        assert (names[object_id] in self.visible(actor, kind)) is (found is not None)
        assert (names[object_id] in self.visible(actor, kind, EDIT)) is (found is EDIT)
        return found


@pytest.fixture
def library(services: Services) -> Library:
    outer, inner, book, lamp = (new_id() for _ in range(4))
    with services.database.transaction() as tx:
        tx.execute("CREATE TABLE shelves (id uuid PRIMARY KEY, name text, inside uuid)")
        tx.execute("CREATE TABLE books (id uuid PRIMARY KEY, name text, shelf_id uuid)")
        tx.execute("CREATE TABLE lamps (id uuid PRIMARY KEY, name text)")
        tx.execute(
            "INSERT INTO shelves VALUES (%s, 'Outer', NULL), (%s, 'Inner', %s)",
            [outer, inner, outer],
        )
        tx.execute("INSERT INTO books VALUES (%s, 'Dune', %s)", [book, inner])
        tx.execute("INSERT INTO lamps VALUES (%s, 'Lamp')", [lamp])
    grants = Grants(services.database, services.clock, TYPES)
    return Library(services, grants, outer, inner, book, lamp)


@pytest.fixture
def eva(services: Services) -> Actor:
    make_user(services, "eva@example.com")
    return signed_in_as(services, "eva@example.com")


def test_every_registered_type_has_a_table_with_the_columns_that_are_read(
    services: Services,
) -> None:
    for kind in OBJECT_TYPES.values():
        columns = {"id", "name"} | ({kind.parent_column} if kind.parent_column else set())
        rows = services.database.fetch(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s",
            [kind.table],
        )
        assert columns <= {row["column_name"] for row in rows}
        assert kind.parent_type is None or kind.parent_type in OBJECT_TYPES


def test_without_a_grant_there_is_nothing_to_see(library: Library, eva: Actor) -> None:
    for kind, object_id in (("lamp", library.lamp), ("book", library.book)):
        assert library.level(eva, kind, object_id) is None
        with pytest.raises(NotFound):
            library.grants.check(eva, EDIT, kind, object_id)
    for kind in TYPES:
        with pytest.raises(NotFound):
            library.grants.check(SYSTEM, VIEW, kind, new_id())
    with pytest.raises(NotFound):
        library.grants.check(SYSTEM, VIEW, "spoon", library.lamp)


def test_view_shows_and_edit_lets_change(library: Library, eva: Actor) -> None:
    library.grants.give(SYSTEM, "lamp", library.lamp, USER, eva.user_id, VIEW)
    assert library.level(eva, "lamp", library.lamp) is VIEW
    with pytest.raises(Forbidden):
        library.grants.check(eva, EDIT, "lamp", library.lamp)
    library.grants.give(SYSTEM, "lamp", library.lamp, USER, eva.user_id, EDIT)
    assert library.level(eva, "lamp", library.lamp) is EDIT
    library.grants.give(SYSTEM, "lamp", library.lamp, USER, eva.user_id, VIEW)
    assert library.level(eva, "lamp", library.lamp) is VIEW
    assert len(library.grants.list_on(SYSTEM, "lamp", library.lamp, PageRequest()).items) == 1


def test_groups_and_everyone_are_granted_like_people(library: Library, eva: Actor) -> None:
    services = library.services
    group = services.groups.create(SYSTEM, "Readers")
    library.grants.give(SYSTEM, "lamp", library.lamp, GROUP, group.id, EDIT)
    assert library.level(eva, "lamp", library.lamp) is None
    assert eva.user_id is not None
    services.groups.add_member(SYSTEM, group.id, eva.user_id)
    member = signed_in_as(services, "eva@example.com")
    assert library.level(member, "lamp", library.lamp) is EDIT
    library.grants.give(SYSTEM, "lamp", library.lamp, EVERYONE, None, VIEW)
    services.groups.delete(SYSTEM, group.id)
    alone = signed_in_as(services, "eva@example.com")
    assert library.level(alone, "lamp", library.lamp) is VIEW
    left = library.grants.list_on(SYSTEM, "lamp", library.lamp, PageRequest()).items
    assert [grant.grantee.type for grant in left] == [EVERYONE]


def test_rights_on_a_folder_hold_for_all_that_lies_in_it_however_deep(
    library: Library, eva: Actor
) -> None:
    grant = library.grants.give(SYSTEM, "shelf", library.outer, USER, eva.user_id, VIEW)
    assert library.level(eva, "shelf", library.outer) is VIEW
    assert library.level(eva, "shelf", library.inner) is VIEW
    assert library.level(eva, "book", library.book) is VIEW
    library.grants.give(SYSTEM, "shelf", library.inner, USER, eva.user_id, EDIT)
    assert library.level(eva, "book", library.book) is EDIT
    assert library.level(eva, "shelf", library.outer) is VIEW
    library.grants.withdraw(SYSTEM, grant.id)
    assert library.level(eva, "shelf", library.outer) is None
    assert library.level(eva, "book", library.book) is EDIT


def test_folders_that_lie_in_one_another_in_a_ring_end_nothing(
    library: Library, eva: Actor
) -> None:
    library.services.database.fetch(
        "UPDATE shelves SET inside = %s WHERE id = %s RETURNING id", [library.inner, library.outer]
    )
    assert library.level(eva, "book", library.book) is None
    library.grants.give(SYSTEM, "shelf", library.outer, USER, eva.user_id, VIEW)
    assert library.level(eva, "book", library.book) is VIEW


def test_a_caller_who_knows_what_an_object_lies_in_says_it(library: Library, eva: Actor) -> None:
    library.grants.give(SYSTEM, "shelf", library.outer, USER, eva.user_id, VIEW)
    parents = [ObjectRef("shelf", library.outer)]
    assert library.grants.check(eva, VIEW, "book", new_id(), parents=parents).is_allowed
    with pytest.raises(NotFound):
        library.grants.check(eva, VIEW, "book", library.book, parents=[])


def test_a_viewer_never_edits_and_a_token_keeps_to_its_scopes(library: Library) -> None:
    services = library.services
    user = make_user(services, "vera@example.com", Role.VIEWER)
    library.grants.give(SYSTEM, "lamp", library.lamp, USER, user.id, EDIT)
    vera = signed_in_as(services, "vera@example.com")
    assert library.level(vera, "lamp", library.lamp) is VIEW
    services.users.change(SYSTEM, user.id, role=Role.EDITOR)
    editor = signed_in_as(services, "vera@example.com")
    assert library.level(editor, "lamp", library.lamp) is EDIT
    for scopes, seen, edited in (({"read"}, True, False), ({"write"}, False, True)):
        token = Actor(ActorKind.TOKEN, user.id, user.email, Role.EDITOR, scopes=frozenset(scopes))
        assert library.visible(token, "lamp") == ({"Lamp"} if seen else set())
        assert library.visible(token, "lamp", EDIT) == ({"Lamp"} if edited else set())
        for level, may in ((VIEW, seen), (EDIT, edited)):
            if may:
                assert library.grants.check(token, level, "lamp", library.lamp).is_allowed
                continue
            for lamp in (library.lamp, new_id()):  # it lacks the scope for whatever there is
                with pytest.raises(Forbidden, match="lacks the scope"):
                    library.grants.check(token, level, "lamp", lamp)


def test_who_may_edit_may_share_and_who_may_view_may_not(library: Library, eva: Actor) -> None:
    max_ = make_user(library.services, "max@example.com")
    give = library.grants.give
    with pytest.raises(NotFound):
        give(eva, "lamp", library.lamp, USER, max_.id, VIEW)
    give(SYSTEM, "lamp", library.lamp, USER, eva.user_id, VIEW)
    with pytest.raises(Forbidden):
        give(eva, "lamp", library.lamp, USER, max_.id, VIEW)
    with pytest.raises(Forbidden):
        library.grants.list_on(eva, "lamp", library.lamp, PageRequest())
    with pytest.raises(Forbidden):
        library.grants.explain(eva, "lamp", library.lamp, max_.id)
    give(SYSTEM, "lamp", library.lamp, USER, eva.user_id, EDIT)
    grant = give(eva, "lamp", library.lamp, USER, max_.id, VIEW)
    assert grant.grantee.name == "Max"
    assert len(library.grants.list_on(eva, "lamp", library.lamp, PageRequest()).items) == 2
    library.grants.withdraw(eva, grant.id)
    with pytest.raises(NotFound):
        library.grants.withdraw(eva, grant.id)


def test_a_grant_on_what_one_may_not_see_is_not_there_to_withdraw(
    library: Library, eva: Actor
) -> None:
    grant = library.grants.give(SYSTEM, "lamp", library.lamp, EVERYONE, None, EDIT)
    vera = make_user(library.services, "vera@example.com", Role.VIEWER)
    viewer = signed_in_as(library.services, vera.email)
    with pytest.raises(Forbidden):
        library.grants.withdraw(viewer, grant.id)
    hidden = library.grants.give(SYSTEM, "book", library.book, USER, vera.id, VIEW)
    with pytest.raises(NotFound):
        library.grants.withdraw(eva, hidden.id)
    library.grants.withdraw(eva, grant.id)


def test_a_grantee_is_an_active_user_a_group_or_everyone(library: Library) -> None:
    services = library.services
    make_user(services, "boss@example.com", Role.ADMIN)
    gone = make_user(services, "gone@example.com")
    services.users.change(SYSTEM, gone.id, is_active=False)
    group = services.groups.create(SYSTEM, "Readers")
    give = library.grants.give
    for kind, grantee in ((USER, gone.id), (USER, new_id()), (GROUP, gone.id), (USER, group.id)):
        with pytest.raises(NotFound):
            give(SYSTEM, "lamp", library.lamp, kind, grantee, VIEW)
    for kind, grantee in ((USER, None), (GROUP, None), (EVERYONE, group.id)):
        with pytest.raises(RequestInvalid):
            give(SYSTEM, "lamp", library.lamp, kind, grantee, VIEW)
    assert give(SYSTEM, "lamp", library.lamp, GROUP, group.id, VIEW)


def test_who_creates_an_object_gets_edit_and_a_deleted_one_leaves_nothing(
    library: Library, eva: Actor
) -> None:
    with library.services.database.transaction() as tx:
        library.grants.give_creator(tx, eva, "lamp", library.lamp)
        library.grants.give_creator(tx, SYSTEM, "book", library.book)
    assert library.level(eva, "lamp", library.lamp) is EDIT
    assert library.grants.list_on(SYSTEM, "book", library.book, PageRequest()).items == []
    with library.services.database.transaction() as tx:
        assert library.grants.forget(tx, "lamp", library.lamp) == 1
    assert library.level(eva, "lamp", library.lamp) is None


def test_a_decision_is_explained(library: Library, eva: Actor) -> None:
    services = library.services
    boss = make_user(services, "boss@example.com", Role.ADMIN)
    vera = make_user(services, "vera@example.com", Role.VIEWER)
    group = services.groups.create(SYSTEM, "Readers")
    services.groups.add_member(SYSTEM, group.id, vera.id)
    library.grants.give(SYSTEM, "shelf", library.outer, GROUP, group.id, EDIT)

    def explained(user_id: UUID) -> tuple[Level | None, list[ReasonKind], list[str]]:
        found = library.grants.explain(SYSTEM, "book", library.book, user_id)
        return (
            found.level,
            [reason.kind for reason in found.reasons],
            [reason.message for reason in found.reasons],
        )

    assert explained(boss.id) == (EDIT, [ReasonKind.ADMIN], ["Admins may do everything."])
    assert explained(vera.id) == (
        VIEW,
        [ReasonKind.GRANT, ReasonKind.VIEWER_ROLE],
        [
            "edit is granted to the group Readers on the shelf Outer.",
            "Viewers do not edit, whatever is granted.",
        ],
    )
    assert eva.user_id is not None
    assert explained(eva.user_id)[:2] == (None, [ReasonKind.NO_GRANT])
    services.users.change(SYSTEM, vera.id, is_active=False)
    assert explained(vera.id)[:2] == (None, [ReasonKind.DEACTIVATED])
    with pytest.raises(NotFound):
        explained(new_id())


def test_lists_of_grants_are_paged_and_name_what_they_stand_on(
    library: Library, eva: Actor
) -> None:
    library.grants.give(SYSTEM, "shelf", library.outer, EVERYONE, None, VIEW)
    library.grants.give(SYSTEM, "book", library.book, USER, eva.user_id, EDIT)
    first = library.grants.list_on(eva, "book", library.book, PageRequest(limit=1))
    rest = library.grants.list_on(eva, "book", library.book, PageRequest(1, first.next))
    listed = {(g.object_name, g.grantee.type) for g in (*first.items, *rest.items)}
    assert listed == {("Outer", EVERYONE), ("Dune", USER)}
    assert rest.next is None


def test_what_changes_is_recorded_once(library: Library, eva: Actor) -> None:
    for level in (VIEW, VIEW, EDIT):
        grant = library.grants.give(SYSTEM, "lamp", library.lamp, USER, eva.user_id, level)
    library.grants.withdraw(SYSTEM, grant.id)
    rows = library.services.database.fetch(
        "SELECT action, object_name, before ->> 'level' AS before, after ->> 'level' AS after"
        " FROM audit_events WHERE action LIKE 'grant.%%' ORDER BY id"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("grant.given", "Lamp", None, "view"),
        ("grant.given", "Lamp", "view", "edit"),
        ("grant.withdrawn", "Lamp", "edit", None),
    ]
    assert "grant.given" in actions_of(library.services)
