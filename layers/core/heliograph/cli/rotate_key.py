"""``heliograph admin rotate-key``: another key for everything that is stored encrypted."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from heliograph.cli.addresses import database_address
from heliograph.cli.environment import chosen_data_dir
from heliograph.cli.terminal import note
from heliograph.kernel.actors import Actor, ActorKind
from heliograph.kernel.clock import SystemClock
from heliograph.kernel.errors import Conflict, KeyUnavailable, UsageError
from heliograph.platform.settings import read_environment, setting_name

if TYPE_CHECKING:
    from heliograph.platform.database import Database
    from heliograph.platform.reencryption import Reencrypted

_TEXT = """\
Encrypt every stored secret with another key. With a key file: make a new key in it, which
encrypts from then on, and encrypt with it what the older ones did; those stay in the file, so
that backups of the database from before can be read, and people may work meanwhile. With --to:
encrypt by that key what the one of --from did; whoever uses the old one cannot read what is done.
Either may be interrupted and done again."""


def add_rotate_key(actions: Any) -> None:
    """Add the action's arguments."""
    parser: ArgumentParser = actions.add_parser(
        "rotate-key",
        help="encrypt every stored secret with another key",
        description=_TEXT,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--data-dir",
        metavar="DIR",
        type=Path,
        help="the data folder of `heliograph serve`: its key.json and, unless --database-url says "
        "else, its database",
    )
    parser.add_argument(
        "--database-url",
        metavar="URL",
        type=database_address,
        help=f"the app database, or the ARN of its secret (or set {setting_name('database')})",
    )
    parser.add_argument(
        "--from",
        dest="old_key",
        metavar="KEY",
        help="the key until now: the ARN of a KMS key or file:///path/key.json (default: that of "
        f"--data-dir, or {setting_name('key')})",
    )
    parser.add_argument(
        "--to", dest="new_key", metavar="KEY", help="another key, in the same forms"
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on after an interruption, without making one more key in the file",
    )


def rotate_key(options: Namespace, database: Database) -> None:
    """Do it, and tell on stderr what was done.

    Raises `UsageError`, `KeyUnavailable` for secrets that neither key opens, and `Conflict` for
    those that were changed meanwhile.
    """
    from heliograph.connections.key_rotation import rotate_secrets  # noqa: PLC0415
    from heliograph.platform.envelope import Envelope  # noqa: PLC0415
    from heliograph.platform.keys import open_keys  # noqa: PLC0415

    environment = read_environment()
    old = _old_key(options)
    new = options.new_key or old
    if new == old:
        _make_key(old, is_resumed=options.resume)
    told = rotate_secrets(
        database,
        SystemClock(),
        Actor(ActorKind.CLI),
        old=Envelope(open_keys(old, environment)),
        new=Envelope(open_keys(new, environment, newest_only=new == old)),
    )
    _tell(told)


def _old_key(options: Namespace) -> str:
    if options.resume and options.new_key:
        raise UsageError(
            "--resume is for a key file that gets a new key.",
            hint="With --to the same command, once more, goes on.",
        )
    if options.old_key:
        return str(options.old_key)
    key = None if options.data_dir else read_environment().get(setting_name("key"))
    data_dir = chosen_data_dir(options)
    if key is None and data_dir is not None:
        from heliograph.local.installation import find_installation  # noqa: PLC0415

        key = find_installation(data_dir, None).key
    if not key:
        raise UsageError(
            "It is not said which key is meant.",
            hint=f"Give --data-dir or --from, or set {setting_name('key')}.",
        )
    return key


def _make_key(address: str, *, is_resumed: bool) -> None:
    """Make the key that encrypts from now on, where that is ours to do."""
    from heliograph.platform.keys_file import rotate_key_file  # noqa: PLC0415

    if not address.startswith("file:"):
        raise UsageError(
            "A key of KMS is rotated by KMS, and nothing has to be encrypted anew.",
            hint="Name another key with --to to leave this one altogether.",
        )
    if is_resumed:
        return
    rotate_key_file(Path(unquote(urlsplit(address).path)))
    note("there is a new key in the key file: back it up now, before anything else.")


def _tell(told: Reencrypted) -> None:
    note(f"{told.done} secret(s) encrypted anew, {told.already} were so already.")
    for name in told.unreadable:
        note(f"cannot be read: {name}")
    again = "--resume, or the same command with --to, goes on."
    if told.unreadable:
        reason = f" The first: {told.reason.message}" if told.reason else ""
        raise KeyUnavailable(
            f"{len(told.unreadable)} secret(s) can be read with neither key, and stay as they are."
            + reason,
            hint=f"Type the passwords of these connections again, or bring their key back; {again}",
        )
    if told.changed:
        raise Conflict(
            f"{told.changed} secret(s) were changed while this went on.", hint=f"Again: {again}"
        )
