"""Fixtures of what runs with the neighbours of AWS."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.aws_world import AwsWorld, Pauses, aws_world
from tests.support.faulty_aws import FaultyAws
from tests.support.moto_server import MotoServer


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> Pauses:
    """What botocore pauses before it asks again, which then takes no time."""
    return Pauses(monkeypatch)


@pytest.fixture
def aws(
    moto: MotoServer,
    faulty: FaultyAws,
    app_database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[AwsWorld]:
    """An installation on AWS over a fresh app database, and AWS itself."""
    with aws_world(moto, faulty, app_database_url, monkeypatch.setenv) as world:
        yield world
