"""``heliograph admin``: the first admin, and a way back in, for who has the app database."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heliograph.cli.addresses import database_address, kept_public_url, public_url
from heliograph.cli.environment import chosen_data_dir, chosen_database, chosen_public_url
from heliograph.cli.rotate_key import add_rotate_key, rotate_key
from heliograph.cli.terminal import note
from heliograph.kernel.actors import Actor, ActorKind, Role
from heliograph.kernel.clock import SystemClock
from heliograph.kernel.errors import RequestInvalid, UsageError
from heliograph.platform.settings import setting_name

if TYPE_CHECKING:
    from heliograph.platform.database import Database

_ACTOR = Actor(ActorKind.CLI)
_PUBLIC_URL = "http://127.0.0.1:8000"
_MOST_INPUT = 10_000


def add_admin(commands: Any, runs: Callable[[str], Any]) -> None:
    """Add the command's arguments."""
    parser: ArgumentParser = commands.add_parser(
        "admin",
        help="make the first admin, or let somebody in who has lost their password",
        description="Work on the accounts of an installation. Whoever may write into the app "
        "database may do this; nobody needs to be signed in.",
        allow_abbrev=False,
    )
    parser.set_defaults(run=runs("admin"))
    actions = parser.add_subparsers(title="actions", metavar="ACTION", dest="action", required=True)
    create = _add(actions, "create", "make an admin and print the password, unless one is given")
    create.add_argument("--email", required=True, metavar="EMAIL", help="what they sign in with")
    create.add_argument("--name", required=True, metavar="NAME", help="what others see")
    create.add_argument(
        "--password-stdin", action="store_true", help="read the password from standard input"
    )
    setup = _add(actions, "setup-link", "print the link by which the first admin is made")
    reset = _add(actions, "reset-password", "print a link by which somebody sets a new password")
    reset.add_argument("email", metavar="EMAIL", help="whose password")
    _add_forgetting(actions)
    add_rotate_key(actions)
    for linked in (setup, reset):
        linked.add_argument(
            "--public-url",
            metavar="URL",
            type=public_url,
            help=f"what the link begins with (default: {setting_name('public_url')}, or where "
            f"`heliograph serve` answered last, or {_PUBLIC_URL})",
        )


def _add(actions: Any, name: str, text: str) -> ArgumentParser:
    parser: ArgumentParser = actions.add_parser(
        name, help=text, description=text[:1].upper() + text[1:] + ".", allow_abbrev=False
    )
    place = parser.add_mutually_exclusive_group()
    place.add_argument(
        "--database-url",
        metavar="URL",
        type=database_address,
        help=f"the app database, or the ARN of its secret (or set {setting_name('database')})",
    )
    place.add_argument(
        "--data-dir", metavar="DIR", type=Path, help="the data folder of `heliograph serve`"
    )
    return parser


def _add_forgetting(actions: Any) -> None:
    for name, text, what_follows in (
        (
            "forget-secrets",
            "delete what only a lost key could read, to begin anew without it",
            "the passwords of connections are gone then",
        ),
        (
            "forget-results",
            "forget the rows and files in a folder that is lost, to begin with a new one",
            "queries have to be run again",
        ),
    ):
        forget = _add(actions, name, text)
        forget.add_argument("--yes", action="store_true", help=f"do it: {what_follows}")


def run(options: Namespace) -> int:
    """Do it; what is to be handed over is printed on stdout, alone."""
    actions = {
        "create": _create,
        "setup-link": _print_setup_link,
        "reset-password": _print_reset,
        "forget-secrets": _forget_secrets,
        "rotate-key": rotate_key,
        "forget-results": _forget_results,
    }
    try:
        with _open_database(options) as database:
            actions[options.action](options, database)
    except RequestInvalid as error:
        raise UsageError(error.message) from None
    return 0


def _create(options: Namespace, database: Database) -> None:
    from heliograph.accounts.passwords import make_password  # noqa: PLC0415
    from heliograph.accounts.users import Users  # noqa: PLC0415

    password = _read_password() if options.password_stdin else make_password()
    user = Users(database, SystemClock()).create(
        _ACTOR, email=options.email, name=options.name, role=Role.ADMIN, password=password
    )
    note(f"{user.email} is an admin now.")
    if not options.password_stdin:
        note("this password is shown once; change it after signing in:")
        print(password)


def _print_setup_link(options: Namespace, database: Database) -> None:
    from heliograph.accounts.links import Links  # noqa: PLC0415

    url = Links(database, SystemClock(), _public_url(options)).create_setup_link(_ACTOR)
    note("whoever opens this link within 24 hours becomes the first admin:")
    print(url)


def _print_reset(options: Namespace, database: Database) -> None:
    from heliograph.accounts.links import Links  # noqa: PLC0415
    from heliograph.accounts.users import Users  # noqa: PLC0415

    clock = SystemClock()
    user = Users(database, clock).find_by_email(options.email)
    if user is None:
        raise UsageError(
            "There is no user with this email.",
            hint="`heliograph admin create` makes an admin.",
        )
    link = Links(database, clock, _public_url(options)).create_reset(_ACTOR, user.id)
    note(f"by this link {user.email} sets a new password, within 24 hours:")
    print(link.url)


def _forget_secrets(options: Namespace, database: Database) -> None:
    from heliograph.connections.lost_key import forget_secrets  # noqa: PLC0415

    if not options.yes:
        raise UsageError(
            "This deletes the stored passwords of all connections.",
            hint="When the key is lost for good, say --yes. Nobody's sign-in is affected.",
        )
    forgotten = forget_secrets(database, SystemClock(), _ACTOR)
    note(
        f"{forgotten.signing_keys} signing key(s) deleted; new ones are made when they are needed."
    )
    for name in forgotten.connections:
        note(f"the password of the connection {name} has to be typed again.")


def _forget_results(options: Namespace, database: Database) -> None:
    from heliograph.queries.lost_results import forget_results  # noqa: PLC0415

    if not options.yes:
        raise UsageError(
            "This forgets the rows of all queries and the files of all exports.",
            hint="When their folder is lost for good, say --yes. The history stays.",
        )
    count = forget_results(database, SystemClock(), _ACTOR)
    note(f"{count} result(s) forgotten; the next `heliograph serve` begins with its folder.")


def _read_password() -> str:
    data = sys.stdin.buffer.read(_MOST_INPUT) if sys.stdin is not None else b""
    try:
        return data.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise UsageError("The password on standard input is not in UTF-8.") from None


def _public_url(options: Namespace) -> str:
    given = chosen_public_url(options)
    data_dir = chosen_data_dir(options)
    if given is None and data_dir is not None:
        given = kept_public_url(data_dir)
    return given or _PUBLIC_URL


@contextmanager
def _open_database(options: Namespace) -> Iterator[Database]:
    from heliograph.platform.database import Database  # noqa: PLC0415
    from heliograph.platform.secrets import read_database_url  # noqa: PLC0415

    address = chosen_database(options)
    data_dir = chosen_data_dir(options)
    if address is None and data_dir is not None:
        from heliograph.local.installation import find_installation  # noqa: PLC0415

        address = find_installation(data_dir, None).database
        if address is None:  # nobody serves from it: its PostgreSQL runs just for this
            from heliograph.local.node import open_node  # noqa: PLC0415

            with (
                open_node(data_dir, say=note) as node,
                closing(Database(node.database_url)) as database,
            ):
                yield database
            return
    if not address:
        raise UsageError(
            "It is not said which app database is meant.",
            hint=f"Give --database-url or --data-dir, or set {setting_name('database')}.",
        )
    with closing(Database(read_database_url(address))) as database:
        yield database
