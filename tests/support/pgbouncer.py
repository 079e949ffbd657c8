"""A PgBouncer in transaction mode before a PostgreSQL, where the program is installed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from heliograph.connections.url import parse_connection_url

PROGRAM = shutil.which("pgbouncer", path=f"{os.defpath}:/usr/sbin:/usr/local/bin:/opt/homebrew/bin")
_SECONDS = 10


@contextmanager
def pooled(url: str, folder: Path, *, pool_size: int = 2) -> Iterator[str]:
    """Yield ``url`` as it is reached through the pooler, with at most ``pool_size`` backends.

    Every transaction may meet another backend, so whatever relies on a session shows.
    """
    assert PROGRAM is not None, "look at PROGRAM before"
    behind = parse_connection_url(url)
    port = _free_port()
    folder.chmod(0o755)
    users = folder / "users.txt"
    users.write_text(f'"{behind.user}" "{behind.password}"\n')
    config = folder / "pgbouncer.ini"
    config.write_text(
        f"""[databases]
* = host={behind.host} port={behind.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {users}
pool_mode = transaction
default_pool_size = {pool_size}
server_round_robin = 1
max_client_conn = 100
logfile = {folder / "pgbouncer.log"}
"""
    )
    command = [PROGRAM, "-q", str(config)]
    if os.geteuid() == 0:  # it refuses to run as root
        for path in (folder, users, config):
            shutil.chown(path, "nobody")
        command[1:1] = ["-u", "nobody"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        login = f"{quote(behind.user or '', safe='')}:{quote(behind.password or '', safe='')}"
        yield f"postgresql://{login}@127.0.0.1:{port}/{behind.database}"
    finally:
        process.terminate()
        process.wait(_SECONDS)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "pgbouncer has ended"
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise TimeoutError("pgbouncer does not listen")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
