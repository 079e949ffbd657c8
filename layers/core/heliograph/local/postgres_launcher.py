"""Run a program that refuses to run as root. A script: it imports nothing of Heliograph.

PostgreSQL will not start as root, and as root there are two ways out: a user namespace in which
root goes by another number (nothing changes owner, files under /root stay reachable), or a real
unprivileged user. Namespaces and groups can only be changed by a process with one thread, so this
happens in a small interpreter of its own, which then becomes the program.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import sys
from pathlib import Path

UNREACHABLE = 77
NO_NAMESPACE = 78

_CLONE_NEWUSER = 0x10000000


def enter_namespace(uid: int, gid: int) -> None:
    """Make this process go by ``uid`` and ``gid`` in a user namespace of its own.

    Raises OSError where the system does not permit it.
    """
    outer_uid, outer_gid = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "unshare"):
        raise OSError("this system has no user namespaces")
    if libc.unshare(_CLONE_NEWUSER) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    own = Path("/proc/self")
    (own / "uid_map").write_text(f"{uid} {outer_uid} 1\n")
    (own / "setgroups").write_text("deny")
    (own / "gid_map").write_text(f"{gid} {outer_gid} 1\n")


def become_user(uid: int, gid: int) -> None:
    """Give up root for good and be ``uid`` and ``gid``."""
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def detach(log_fd: int) -> None:
    """Go on in a process that nothing ties to the starter; print its process id.

    Its output goes to ``log_fd``; the terminal's Ctrl-C does not reach it.
    """
    pid = os.fork()
    if pid:
        print(pid, flush=True)
        os._exit(0)
    os.setsid()
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(log_fd, 1)
    os.dup2(log_fd, 2)
    os.close(null)
    os.close(log_fd)


def main() -> None:
    """Change identity as asked, then become the program."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--namespace", nargs=2, type=int, metavar=("UID", "GID"))
    parser.add_argument("--user", nargs=2, type=int, metavar=("UID", "GID"))
    parser.add_argument("--reach", action="append", default=[], metavar="PATH")
    parser.add_argument("--detach", type=int, metavar="LOG_FD")
    parser.add_argument("program", nargs=argparse.REMAINDER)
    asked = parser.parse_args()
    if asked.namespace:
        try:
            enter_namespace(*asked.namespace)
        except OSError as error:
            print(f"no user namespace: {error}", file=sys.stderr)
            sys.exit(NO_NAMESPACE)
    if asked.user:
        become_user(*asked.user)
    for path in asked.reach:
        if not os.access(path, os.X_OK):
            print(path, file=sys.stderr)
            sys.exit(UNREACHABLE)
    program = asked.program[1:] if asked.program[:1] == ["--"] else asked.program
    if asked.detach is not None:
        detach(asked.detach)
    if program:
        os.execv(program[0], program)  # noqa: S606


if __name__ == "__main__":
    main()
