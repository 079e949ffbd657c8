"""The reference lists the checks of health and the steps of the janitor as they are."""

from __future__ import annotations

import re

from tests.support.repository import ROOT

from heliograph.accounts.expiry import EXPIRING
from heliograph.platform.settings import AppSettings
from heliograph.web import health, janitor
from heliograph.web.services import Services


def rows(heading: str) -> list[str]:
    """Return the names in the first column of the last table under a heading."""
    text = (ROOT / "docs/reference/health.md").read_text()
    section = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    table = section.rpartition("|---")[2]
    first = re.findall(r"^\| (`[^|]+`) \|", table, re.MULTILINE)
    return [name for cell in first for name in re.findall(r"`([a-z_]+)`", cell)]


def test_every_check_of_health_is_listed_in_its_order() -> None:
    checks = [check.name for group in health._NEIGHBOURS.values() for check in group]
    assert rows("`GET /api/health`") == checks


def test_every_step_of_the_janitor_is_listed_in_its_order() -> None:
    steps = [name for name, _ in janitor._steps(Services(AppSettings(), {}), 1)]
    assert rows("The janitor") == steps
    assert set(EXPIRING) < set(steps)
