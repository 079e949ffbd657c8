"""What the reference says of settings is what the program reads."""

from __future__ import annotations

import re
from dataclasses import fields

from tests.support.repository import ROOT

from heliograph.platform.settings import FUNCTION_SETTINGS, AppSettings, setting_name

TEXT = (ROOT / "docs/reference/settings.md").read_text()


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the first table after a heading, without its head."""
    part = TEXT[TEXT.index(f"{heading}\n") :]
    table = re.search(r"(?:^\|.*\|\n)+", part, re.MULTILINE)
    assert table, heading
    lines = table[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_the_reference_lists_exactly_the_settings() -> None:
    told = [cells[0].strip("` ") for cells in rows("# Settings")]
    assert told == [setting_name(field.name) for field in fields(AppSettings)]


def test_the_reference_says_exactly_which_function_is_given_which() -> None:
    told = {
        cells[0].strip("` "): tuple(re.findall(r"`(\w+)`", cells[1]))
        for cells in rows("## Which function is given which")
    }
    assert told == {
        function: tuple(map(setting_name, names)) for function, names in FUNCTION_SETTINGS.items()
    }
