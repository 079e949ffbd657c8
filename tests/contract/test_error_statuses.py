"""The documentation gives each error of the API the status that clients get."""

from __future__ import annotations

import re

import pytest
from tests.support.repository import ROOT

from heliograph.kernel.errors import HeliographError, PlatformError, RequestError
from heliograph.web.errors import status_of


def family(root: type[HeliographError]) -> list[type[HeliographError]]:
    return [root, *(kind for child in root.__subclasses__() for kind in family(child))]


def documented_statuses() -> dict[str, int]:
    text = (ROOT / "docs/reference/errors.md").read_text()
    found = re.findall(r"^## ([a-z_]+)\n\nHTTP (\d{3})\. ", text, re.MULTILINE)
    return {code: int(status) for code, status in found}


@pytest.mark.parametrize(
    "kind", [*family(RequestError), *family(PlatformError)], ids=lambda kind: kind.code
)
def test_an_error_of_the_api_is_documented_with_its_status(kind: type[HeliographError]) -> None:
    assert documented_statuses().get(kind.code) == status_of(kind)
