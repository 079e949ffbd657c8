"""What ``make sam-local`` stands on: doors for containers, and saying what is missing."""

from __future__ import annotations

from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from infra.sam_local.__main__ import main
from infra.sam_local.relay import Doorstep, open_door
from tests.support.http_receiver import Answer, HttpReceiver

LARGE = b"heliograph" * 100_000


def test_a_door_leads_to_a_port_of_this_machine_while_it_is_open() -> None:
    with HttpReceiver([Answer(body=LARGE), 200]) as receiver:
        port = int(receiver.url().rpartition(":")[2].partition("/")[0])
        with open_door(Doorstep("127.0.0.1", "localhost"), port) as door:
            assert door != port
            for body in (LARGE, b"ok"):
                with urlopen(f"http://127.0.0.1:{door}/", timeout=10) as answer:
                    assert answer.read() == body
        with pytest.raises(URLError, match="refused"):
            urlopen(f"http://127.0.0.1:{door}/", timeout=10)
        assert len(receiver.requests) == 2


def program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("programs", "told"),
    [
        ({}, "python3.13, the functions' runtime, is not on the PATH."),
        ({"python3.13": "exit 0"}, "docker is not installed"),
        (
            {"python3.13": "exit 0", "docker": "echo Is the daemon running? >&2; exit 1"},
            "no Docker engine answers: docker version --format failed: Is the daemon running?",
        ),
    ],
)
def test_it_ends_with_what_is_missing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    programs: dict[str, str],
    told: str,
) -> None:
    for name, script in programs.items():
        program(tmp_path, name, script)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main([]) == 1
    assert f"The trial failed: {told}" in capsys.readouterr().err
