"""An end to waiting for a server that has stopped to answer at all."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg


@contextmanager
def hang_up_after(connection: psycopg.Connection, seconds: float) -> Iterator[None]:
    """Cut the line when the block takes longer: statement_timeout needs a server that still runs.

    What waits then gets psycopg's OperationalError. The timer has ended when the block has.
    """
    line = socket.socket(fileno=os.dup(connection.fileno()))
    timer = threading.Timer(max(seconds, 0), _cut, [line])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        line.close()


def _cut(line: socket.socket) -> None:
    try:
        line.shutdown(socket.SHUT_RDWR)
    except OSError:  # the other side was quicker
        return
