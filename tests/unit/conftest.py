"""Unit tests do no I/O: whoever opens a socket there fails."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _no_sockets(socket_disabled: None) -> None:
    """Forbid sockets, through pytest-socket's own fixture."""
