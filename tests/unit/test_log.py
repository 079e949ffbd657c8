"""Lines of the log are written whatever they tell of, and telling never stops the work."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from heliograph.platform.log import adopt, log


class Broken(io.StringIO):
    """A stderr whose reader has gone."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


@pytest.fixture
def adopted() -> Iterator[logging.Logger]:
    logger = logging.getLogger("tests.adopted")
    adopt("library.said", logger.name)
    yield logger
    logger.handlers = []


def test_a_reader_who_has_gone_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for stderr in (Broken(), io.StringIO()):
        monkeypatch.setattr("sys.stderr", stderr)
        log("something.happened", count=1)
    assert json.loads(stderr.getvalue())["event"] == "something.happened"
    stderr.close()
    log("something.happened")


@pytest.mark.parametrize("value", ["a\udcff", 2**70, b"bytes", object])
def test_a_value_that_json_does_not_have_is_told_all_the_same(
    value: object, capsys: pytest.CaptureFixture[str]
) -> None:
    log("something.happened", value=value)
    told = json.loads(capsys.readouterr().err)
    assert told["event"] == "something.happened"
    assert told["at"][10] == "T"
    assert "value" in told


def test_what_a_library_logs_is_one_line_without_its_traceback(
    adopted: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    adopted.warning("nobody needs this")
    adopted.error("It failed\nsocket: 4711", exc_info=ValueError("the secret is 4711"))
    (line,) = capsys.readouterr().err.splitlines()
    told = json.loads(line)
    assert (told["event"], told["logger"]) == ("library.said", "tests.adopted")
    assert (told["told"], told["error"]) == ("It failed", "ValueError")
    assert "4711" not in line
