"""Under which identity PostgreSQL runs, for root and for ordinary users."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from heliograph.kernel.errors import LocalDatabaseError
from heliograph.local import postgres_launcher

_LAUNCHER_SECONDS = 30


@dataclass(frozen=True)
class Identity:
    """How a PostgreSQL program is run so that it does not see itself as root.

    ``own``: as the user we are. ``namespace``: as ourselves, under another number. ``user``: as
    another, unprivileged user, who must own the data folder.
    """

    kind: Literal["own", "namespace", "user"]
    uid: int
    gid: int

    def wrap(
        self,
        program: Sequence[str | Path],
        *,
        reach: Sequence[Path] = (),
        log_fd: int | None = None,
    ) -> list[str]:
        """Return the command that runs ``program`` under this identity.

        The command first checks that each folder in ``reach`` can be entered. With ``log_fd`` the
        program is detached and its process id is printed.
        """
        command = [sys.executable, "-I", "-S", str(Path(postgres_launcher.__file__).resolve())]
        if self.kind != "own":
            command += [f"--{self.kind}", str(self.uid), str(self.gid)]
        for path in reach:
            command += ["--reach", str(path)]
        if log_fd is not None:
            command += ["--detach", str(log_fd)]
        return [*command, "--", *map(str, program)]

    def own_tree(self, folder: Path) -> None:
        """Give ``folder`` and all inside it to the user who will run PostgreSQL in it."""
        if self.kind != "user":
            return
        for place, folders, files in os.walk(folder):
            for name in (*folders, *files):
                os.chown(Path(place) / name, self.uid, self.gid, follow_symlinks=False)
        os.chown(folder, self.uid, self.gid)


def choose_identity(folder_owner: int | None) -> Identity:
    """Return the identity for a data folder owned by ``folder_owner``, None when there is none yet.

    An ordinary user runs PostgreSQL as himself. Root uses a user namespace where the system permits
    one, and otherwise the folder's owner or an unprivileged user of the system.
    """
    uid, gid = os.geteuid(), os.getegid()
    if uid != 0 and _has_name(uid):
        return Identity("own", uid, gid)
    if uid == 0 and folder_owner:
        return Identity("user", folder_owner, _group_of(folder_owner))
    stand_in = _unprivileged_user()
    if stand_in is not None:
        namespace = Identity("namespace", stand_in.pw_uid, stand_in.pw_gid)
        if _is_permitted(namespace):
            return namespace
        if uid == 0:
            return Identity("user", stand_in.pw_uid, stand_in.pw_gid)
    if uid != 0:
        return Identity("own", uid, gid)
    raise LocalDatabaseError(
        "PostgreSQL does not run as root, and this system has neither user namespaces nor an"
        " unprivileged user to run it as.",
        hint="Run Heliograph as an ordinary user.",
    )


def explain_launch_failure(identity: Identity, returncode: int, said: str) -> LocalDatabaseError:
    """Return the error for a launcher that ended with ``returncode`` and wrote ``said``."""
    if returncode == postgres_launcher.UNREACHABLE:
        return LocalDatabaseError(
            f"PostgreSQL does not run as root, and {_description_of(identity)} cannot enter"
            f" {said.strip()}.",
            hint="Run Heliograph as an ordinary user, or put its installation and the data folder"
            " where that user can reach them (not under /root).",
        )
    return LocalDatabaseError("PostgreSQL could not be run.", detail=said.strip()[-2000:] or None)


def _is_permitted(identity: Identity) -> bool:
    try:
        done = subprocess.run(  # noqa: S603
            identity.wrap([]), capture_output=True, timeout=_LAUNCHER_SECONDS, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


def _unprivileged_user() -> pwd.struct_passwd | None:
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid > 0:
            return entry
    return next((entry for entry in pwd.getpwall() if entry.pw_uid > 0), None)


def _has_name(uid: int) -> bool:
    """Tell whether the user has a name: initdb refuses a user without one."""
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _description_of(identity: Identity) -> str:
    if identity.kind == "namespace":
        return "root without its privileges (in a user namespace)"
    name = pwd.getpwuid(identity.uid).pw_name if _has_name(identity.uid) else str(identity.uid)
    return f"the user {name}, who stands in for root where user namespaces are not permitted,"


def _group_of(uid: int) -> int:
    return pwd.getpwuid(uid).pw_gid if _has_name(uid) else uid
