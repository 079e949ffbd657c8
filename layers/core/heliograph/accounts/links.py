"""One-time links: set-up, invitations, password resets.

The token stands in the fragment of the URL, which browsers send to nobody: it is in no log of a
proxy and in no Referer. It is kept as a hash, works once, and a newer link replaces an older one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from heliograph.accounts import groups_store, sessions_store, users_store
from heliograph.accounts import links_store as store
from heliograph.accounts.attempts import Attempts
from heliograph.accounts.models import Invitation, IssuedLink, LinkKind, SessionEnd, User
from heliograph.accounts.names import clean_email, clean_name
from heliograph.accounts.one_time_secrets import hash_secret, make_secret
from heliograph.accounts.passwords import check_password, hash_password
from heliograph.accounts.permissions import refuse_token
from heliograph.accounts.users import Users, email_taken
from heliograph.audit.service import HIDDEN, record
from heliograph.kernel.actors import Actor, Role
from heliograph.kernel.clock import Clock
from heliograph.kernel.errors import (
    Conflict,
    LinkInvalid,
    NotFound,
    RequestInvalid,
    SettingsMissing,
    SetupDone,
)
from heliograph.kernel.ids import new_id
from heliograph.kernel.pagination import Page, PageRequest, make_page
from heliograph.platform.database import ConstraintViolated

if TYPE_CHECKING:
    from heliograph.platform.database import Database, Transaction

SETUP_LIFE = timedelta(hours=24)
INVITATION_LIFE = timedelta(days=7)
RESET_LIFE = timedelta(hours=24)

_PAGES = {
    LinkKind.SETUP: "setup",
    LinkKind.INVITATION: "invitation",
    LinkKind.PASSWORD_RESET: "password-reset",
}


class Links:
    """The one-time links of an installation. Threads may share it.

    ``public_url`` is what links begin with; it is needed only to make one. Who may call what is
    decided by the route.
    """

    def __init__(self, database: Database, clock: Clock, public_url: str | None) -> None:
        self._database = database
        self._clock = clock
        self._public_url = public_url
        self._users = Users(database, clock)
        self._attempts = Attempts(database, clock)

    def is_setup_needed(self) -> bool:
        """Say whether there is no active admin yet."""
        with self._database.transaction() as tx:
            return not users_store.has_active_admin(tx)

    def create_setup_link(self, actor: Actor) -> str:
        """Return a link by which one person becomes the first admin, within a day.

        A newer link replaces the older one. Raises `SetupDone` when there is an active admin.
        """
        now = self._clock.now()
        with self._database.transaction() as tx:
            users_store.lock_for_setup(tx)
            if users_store.has_active_admin(tx):
                raise _setup_done()
            store.revoke_setup(tx, now)
            link = self._issue(tx, actor, LinkKind.SETUP, now + SETUP_LIFE)
            _record(tx, actor, "setup_link.created", now, object_id=link.id)
        return link.url

    def use_setup(
        self, token: str, visitor: Actor, *, email: str, name: str, password: str
    ) -> User:
        """Make who holds the set-up link the first admin. Of two at once, one wins.

        Raises `SetupDone`, `LinkInvalid`, `PasswordWeak`, `RequestInvalid`, `NameTaken`.
        """
        email, name = clean_email(email), clean_name(name)
        if not self.is_setup_needed():
            raise _setup_done()
        self._find(LinkKind.SETUP, token)
        check_password(password, email=email)
        password_hash = hash_password(password)
        try:
            with self._database.transaction() as tx:
                users_store.lock_for_setup(tx)
                if users_store.has_active_admin(tx):
                    raise _setup_done()
                self._use(tx, LinkKind.SETUP, token)
                return self._users.create_in(
                    tx,
                    visitor,
                    email=email,
                    name=name,
                    role=Role.ADMIN,
                    password_hash=password_hash,
                )
        except ConstraintViolated as broken:
            raise email_taken(broken) from None

    def invite(
        self, actor: Actor, email: str, role: Role, group_ids: Sequence[UUID] = ()
    ) -> tuple[Invitation, IssuedLink]:
        """Invite somebody; the link is shown once. It replaces one that waits for the same email.

        Raises `NameTaken` when there is a user with this email, `RequestInvalid` for an unknown
        group, and `Forbidden` for a personal token that invites an admin.
        """
        if role is Role.ADMIN:
            refuse_token(actor)
        email, now = clean_email(email), self._clock.now()
        wanted = sorted(set(group_ids))
        if users_store.find_by_email(self._database, email) is not None:
            raise email_taken(ConstraintViolated("users_email_key"))
        try:
            with self._database.transaction() as tx:
                if len(groups_store.select_existing(tx, wanted)) != len(wanted):
                    raise RequestInvalid(
                        "There is no such group.", [("/group_ids", "names a group there is not")]
                    )
                store.revoke_invitations_of(tx, email, now)
                of = {"email": email, "role": role, "group_ids": wanted}
                link = self._issue(tx, actor, LinkKind.INVITATION, now + INVITATION_LIFE, of)
                told = {"role": role.value, "group_ids": wanted}
                _record(tx, actor, "invitation.created", now, link.id, email, after=told)
        except ConstraintViolated as broken:
            raise _replaced_meanwhile(broken) from None
        row = {**of, "id": link.id, "created_by": actor.user_id, "created_at": now}
        return store.read_invitation({**row, "expires_at": link.expires_at}), link

    def invitations(self, page: PageRequest) -> Page[Invitation]:
        """Return a page of the invitations that wait, the newest first."""
        after = page.after(UUID)
        found = store.select_invitations(
            self._database,
            now=self._clock.now(),
            after=UUID(str(after[0])) if after else None,
            limit=page.limit + 1,
        )
        return make_page(found, page.limit, lambda invitation: (invitation.id,))

    def revoke_invitation(self, actor: Actor, invitation_id: UUID) -> None:
        """Take an invitation back. Raises `NotFound` when it does not wait any more."""
        now = self._clock.now()
        with self._database.transaction() as tx:
            invitation = store.revoke_invitation(tx, invitation_id, now)
            if invitation is None:
                raise NotFound("There is no such invitation.")
            email = invitation.email
            _record(tx, actor, "invitation.revoked", now, invitation_id, email)

    def inspect(self, kind: LinkKind, token: str) -> str:
        """Return the email that an invitation or a reset is for. Raises `LinkInvalid`."""
        return str(self._find(kind, token)["email"])

    def accept(self, token: str, visitor: Actor, *, name: str, password: str) -> User:
        """Make a user of who holds an invitation. Of two at once, one wins.

        Raises `LinkInvalid`, `PasswordWeak`, `RequestInvalid`, `NameTaken`.
        """
        name = clean_name(name)
        check_password(password, email=self._find(LinkKind.INVITATION, token)["email"])
        password_hash = hash_password(password)
        now = self._clock.now()
        try:
            with self._database.transaction() as tx:
                invitation = store.read_invitation(self._use(tx, LinkKind.INVITATION, token))
                user = self._users.create_in(
                    tx,
                    visitor,
                    email=invitation.email,
                    name=name,
                    role=invitation.role,
                    password_hash=password_hash,
                )
                joined = groups_store.select_existing(tx, invitation.group_ids)
                for group_id in joined:
                    groups_store.add_member(tx, group_id, user.id, now)
                told = {"user_id": user.id, "group_ids": joined}
                _record(
                    tx,
                    visitor,
                    "invitation.accepted",
                    now,
                    invitation.id,
                    invitation.email,
                    after=told,
                )
                return user
        except ConstraintViolated as broken:
            raise email_taken(broken) from None

    def create_reset(self, actor: Actor, user_id: UUID) -> IssuedLink:
        """Return a link by which a user sets a new password; it replaces an older one.

        Raises `NotFound`, `Conflict` for a user who is deactivated, and `Forbidden` for a personal
        token.
        """
        refuse_token(actor)
        now = self._clock.now()
        try:
            with self._database.transaction() as tx:
                user = users_store.lock(tx, user_id)
                if user is None:
                    raise NotFound("There is no such user.")
                if not user.is_active:
                    raise Conflict("This user is deactivated.", hint="Reactivate the user first.")
                store.revoke_resets(tx, user_id, now)
                of = {"user_id": user_id}
                link = self._issue(tx, actor, LinkKind.PASSWORD_RESET, now + RESET_LIFE, of)
                _record(tx, actor, "password_reset.created", now, user_id, user.email, kind="user")
        except ConstraintViolated as broken:
            raise _replaced_meanwhile(broken) from None
        return link

    def use_reset(self, token: str, visitor: Actor, password: str) -> None:
        """Set a new password; all sessions of the user end. Of two at once, one wins.

        Raises `LinkInvalid`, also when the user was deactivated meanwhile, and `PasswordWeak`.
        """
        found = self._find(LinkKind.PASSWORD_RESET, token)
        check_password(password, email=found["email"])
        password_hash = hash_password(password)
        now = self._clock.now()
        with self._database.transaction() as tx:
            # The user before the link, as everybody does who changes both.
            user = users_store.lock(tx, found["user_id"])
            if user is None or not user.is_active:
                raise _invalid()
            self._use(tx, LinkKind.PASSWORD_RESET, token)
            users_store.set_password_hash(tx, user.id, password_hash)
            sessions_store.end_all(tx, user.id, SessionEnd.PASSWORD_CHANGED, now)
            self._attempts.forget(tx, user.email)
            told = {"password": HIDDEN}
            _record(tx, visitor, "password.reset", now, user.id, user.email, "user", told)

    def _issue(
        self,
        tx: Transaction,
        actor: Actor,
        kind: LinkKind,
        expires_at: datetime,
        of: dict[str, Any] | None = None,
    ) -> IssuedLink:
        if self._public_url is None:
            raise SettingsMissing("The environment lacks HELIOGRAPH_PUBLIC_URL.")
        token, link_id = make_secret(), new_id()
        store.insert(
            tx,
            link_id,
            kind=kind,
            token_hash=hash_secret(token),
            created_by=actor.user_id,
            created_at=self._clock.now(),
            expires_at=expires_at,
            **(of or {}),
        )
        url = f"{self._public_url.rstrip('/')}/{_PAGES[kind]}#token={token}"
        return IssuedLink(link_id, url, expires_at)

    def _find(self, kind: LinkKind, token: str) -> dict[str, Any]:
        now = self._clock.now()
        found = store.find_waiting(self._database, kind, hash_secret(token), now)
        if found is None:
            raise _invalid()
        return found

    def _use(self, tx: Transaction, kind: LinkKind, token: str) -> dict[str, Any]:
        used = store.use(tx, kind, hash_secret(token), self._clock.now())
        if used is None:
            raise _invalid()
        return used


def _record(
    tx: Transaction,
    actor: Actor,
    action: str,
    at: datetime,
    object_id: UUID,
    name: str | None = None,
    kind: str = "link",
    after: dict[str, Any] | None = None,
) -> None:
    record(
        tx,
        actor,
        action,
        at=at,
        object_type=kind,
        object_id=object_id,
        object_name=name,
        after=after,
    )


def _replaced_meanwhile(broken: ConstraintViolated) -> Exception:
    if broken.constraint in ("one_time_links_email_key", "one_time_links_user_id_key"):
        return Conflict("Somebody else has just made a link for the same person.")
    return broken


def _setup_done() -> SetupDone:
    return SetupDone("The first admin exists already.", hint="Sign in, or ask them to invite you.")


def _invalid() -> LinkInvalid:
    return LinkInvalid(
        "The link was used, replaced or taken back, or it has expired.", hint="Ask for a new one."
    )
