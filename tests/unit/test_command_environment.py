"""What commands take from the environment when an option is not given."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from heliograph.cli import environment
from heliograph.cli.parser import parse_arguments
from heliograph.kernel.errors import FileInvalid, UsageError
from heliograph.platform.settings import app_database

URL = "postgresql://owner:s3cret@db/heliograph"


def test_the_app_database_stands_in_a_variable_or_in_a_file_that_one_names(tmp_path: Path) -> None:
    secret = tmp_path / "url"
    secret.write_text(f"{URL}\n")
    assert app_database({}) is None
    assert app_database({"HELIOGRAPH_DATABASE": "", "HELIOGRAPH_DATABASE_FILE": ""}) is None
    assert app_database({"HELIOGRAPH_DATABASE": URL}) == URL
    assert app_database({"HELIOGRAPH_DATABASE_FILE": str(secret)}) == URL
    assert app_database({"HELIOGRAPH_DATABASE": "", "HELIOGRAPH_DATABASE_FILE": f"{secret}"}) == URL


def test_both_at_once_are_refused_and_neither_is_repeated(tmp_path: Path) -> None:
    secret = tmp_path / "url"
    secret.write_text(URL)
    with pytest.raises(UsageError, match="are both set") as refused:
        app_database({"HELIOGRAPH_DATABASE": URL, "HELIOGRAPH_DATABASE_FILE": str(secret)})
    assert "s3cret" not in str(refused.value.to_dict())


def _nothing(_path: Path) -> None:
    return None


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (_nothing, "cannot be read: No such file"),
        (Path.mkdir, "cannot be read: Is a directory"),
        (lambda path: path.write_bytes(b" \n"), "which is empty"),
        (lambda path: path.write_bytes(b"\xff\xfe"), "no text in UTF-8"),
    ],
)
def test_a_file_that_tells_nothing_is_named(
    make: Callable[[Path], Any], why: str, tmp_path: Path
) -> None:
    path = tmp_path / "url"
    make(path)
    with pytest.raises(FileInvalid, match=why) as refused:
        app_database({"HELIOGRAPH_DATABASE_FILE": str(path)})
    assert f"HELIOGRAPH_DATABASE_FILE names {path}" in refused.value.message


@pytest.fixture
def parsed() -> Callable[..., Namespace]:
    return lambda *arguments: parse_arguments(["serve", *arguments])


def test_an_option_wins_over_its_variable(
    parsed: Callable[..., Namespace], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELIOGRAPH_DATABASE", URL)
    monkeypatch.setenv("HELIOGRAPH_DATA_DIR", "/var/lib/heliograph")
    monkeypatch.setenv("HELIOGRAPH_PUBLIC_URL", "https://h.example/")
    monkeypatch.setenv("HELIOGRAPH_TRUSTED_PROXIES", "172.18.0.0/16, 10.0.0.7")
    options = parsed()
    assert environment.chosen_database(options) == URL
    assert environment.chosen_data_dir(options) == Path("/var/lib/heliograph")
    assert environment.chosen_public_url(options) == "https://h.example"
    assert environment.chosen_proxies(options) == "172.18.0.0/16,10.0.0.7"
    options = parsed(
        *("--database-url", "postgresql://other/x", "--data-dir", "here"),
        *("--public-url", "http://other.example", "--behind-proxy"),
    )
    assert environment.chosen_database(options) == "postgresql://other/x"
    assert environment.chosen_data_dir(options) == Path("here")
    assert environment.chosen_public_url(options) == "http://other.example"
    assert environment.chosen_proxies(options) == "127.0.0.1,::1"
    assert environment.chosen_proxies(parsed("--behind-proxy", "10.0.0.8")) == "10.0.0.8"


def test_nobody_is_believed_unless_told(
    parsed: Callable[..., Namespace], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELIOGRAPH_TRUSTED_PROXIES", "")
    assert environment.chosen_proxies(parsed()) is None


@pytest.mark.parametrize("wrong", ["*", "proxy", "10.0.0.1/8", "0.0.0.0/0", "::/0", "10.0.0.7,"])
def test_proxies_are_addresses_and_never_everybody(
    wrong: str, parsed: Callable[..., Namespace], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="--behind-proxy"):
        parsed("--behind-proxy", wrong)
    monkeypatch.setenv("HELIOGRAPH_TRUSTED_PROXIES", wrong)
    with pytest.raises(UsageError, match="HELIOGRAPH_TRUSTED_PROXIES"):
        environment.chosen_proxies(parsed())


def test_a_public_url_of_the_environment_is_checked_like_the_option(
    parsed: Callable[..., Namespace], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELIOGRAPH_PUBLIC_URL", "heliograph.example")
    with pytest.raises(UsageError, match="HELIOGRAPH_PUBLIC_URL"):
        environment.chosen_public_url(parsed())
