"""Parts of the container are made once, whoever asks first."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from heliograph.kernel.errors import SettingsMissing
from heliograph.platform.settings import AppSettings
from heliograph.web.services import Services

NAMES = ("database", "users", "groups", "links", "sessions", "tokens", "grants", "schemas")


def make_services() -> Services:
    settings = AppSettings(database="postgresql://nobody@127.0.0.1:1/none", public_url="http://a")
    return Services(settings, {})


@pytest.mark.parametrize("name", NAMES)
def test_threads_that_ask_at_once_get_the_same_part(name: str) -> None:
    services = make_services()
    together = threading.Barrier(8)

    def ask() -> object:
        together.wait(10)
        return getattr(services, name)

    with ThreadPoolExecutor(8) as pool:
        parts = [asked.result() for asked in [pool.submit(ask) for _ in range(8)]]
    assert {id(part) for part in parts} == {id(getattr(services, name))}


def test_while_a_part_is_made_no_other_thread_makes_one() -> None:
    services = make_services()
    with ThreadPoolExecutor(1) as pool, services.making:
        other = pool.submit(lambda: services.users)
        assert "users" not in vars(services)
        mine = services.users
    assert other.result() is mine


def test_a_part_that_cannot_be_made_is_tried_again_when_it_is_asked_for_again() -> None:
    services = Services(AppSettings(), {})
    for _ in range(2):
        with pytest.raises(SettingsMissing, match="HELIOGRAPH_DATABASE"):
            _ = services.database
    assert services.clock is not None


def test_a_part_tells_what_it_is() -> None:
    assert Services.users.__doc__ == "People and their roles."
