"""Who holds a claim, and whether that process is dead.

A process is named by its host, its id and its start, so that an id that is used again is not taken
for the process that had it before. The host is the name, the boot and the process namespace: two
containers that are called alike do not judge each other's processes.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import orjson

_PROC = Path("/proc")
_STATE, _START = 0, 19  # fields of /proc/<pid>/stat behind the command's name: proc(5)


def name_owner(pid: int | None = None) -> str:
    """Return the text that names this process, or another one of this host, in a claim."""
    return _name_owner(os.getpid() if pid is None else pid)


def is_dead(owner: str | None) -> bool:
    """Say whether the process that `name_owner` named has certainly ended.

    False for a process of another host, and wherever it cannot be known.
    """
    try:
        host, pid, started = orjson.loads(owner or "")
    except (orjson.JSONDecodeError, ValueError, TypeError):
        return False
    if not isinstance(pid, int) or pid <= 0 or host != _name_host():
        return False
    now = _started(pid)
    if now is None or started is None:  # no /proc, or it hides the processes of other users
        return not _answers(pid)
    return bool(now != started)


@lru_cache(maxsize=8)
def _name_owner(pid: int) -> str:
    return orjson.dumps([_name_host(), pid, _started(pid)]).decode()


@lru_cache(maxsize=1)
def _name_host() -> list[str]:
    """Return the host's name, its boot and its process namespace, "" where there is none."""
    parts = [socket.gethostname(), "", ""]
    with suppress(OSError):
        parts[1] = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    with suppress(OSError):
        parts[2] = str((_PROC / "self/ns/pid").readlink())
    return parts


def _started(pid: int) -> str | None:
    """Return when a process started, in ticks since boot; "" for a zombie, None if not known."""
    try:
        said = (_PROC / str(pid) / "stat").read_bytes()
    except OSError:
        return None
    fields = said.rpartition(b")")[2].split()
    if fields[_STATE] in (b"Z", b"X"):
        return ""
    return fields[_START].decode()


def _answers(pid: int) -> bool:
    if os.name != "posix":
        return True  # there, os.kill with signal 0 is no question
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
