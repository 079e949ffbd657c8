"""How much of the machine connections may take, and how much refusals may write."""

from __future__ import annotations

from typing import Any

import pytest

from heliograph.local.gateway import Told
from heliograph.local.http_server import MOST_CONNECTIONS, share_files
from heliograph.local.refusals import RefusalLog

TOLD = Told("GET", "/api/users", 429, 0.001, "one", "rate_limited")


@pytest.mark.parametrize("files", [64, 256, 1024, 4096, 1_048_576])
def test_a_burst_of_connections_leaves_files_for_handlers(files: int) -> None:
    connections, backlog = share_files(files)
    assert 0 < connections <= MOST_CONNECTIONS
    assert backlog > 0
    assert files - connections - backlog >= min(160, files // 2)


def test_where_files_are_plenty_nothing_is_held_back() -> None:
    assert share_files(4096) == (MOST_CONNECTIONS, 2048)


def test_a_flood_of_refusals_is_a_few_lines_and_a_number() -> None:
    written: list[dict[str, Any]] = []
    now = [10.0]
    refused = RefusalLog(
        lambda event, **fields: written.append({"event": event, **fields}), clock=lambda: now[0]
    )
    for _ in range(1000):
        refused(TOLD)
    assert len(written) == 20
    assert {line["left_out"] for line in written} == {None}
    now[0] = 11.0
    refused(TOLD)
    refused(TOLD)
    assert [line["left_out"] for line in written[20:]] == [980, None]
    assert written[-1]["event"] == "gateway.refused"
    assert (written[-1]["status"], written[-1]["code"]) == (429, "rate_limited")
