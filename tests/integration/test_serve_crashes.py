"""A serving process that is killed loses nothing accepted; one that is asked to end finishes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from tests.support.cli import environment
from tests.support.serving import SAMPLE_SERVER, Served, call, sample_served

from heliograph.platform.database import Database
from heliograph.platform.queues_postgres import PostgresQueue


@pytest.fixture
def queue(app_database_url: str) -> Iterator[PostgresQueue]:
    with closing(Database(app_database_url)) as database:
        yield PostgresQueue(database, "sample")


def wait_for(path: Path, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < deadline, path
        time.sleep(0.01)


def send_long(queue: PostgresQueue, folder: Path) -> str:
    """Send a message whose handler takes 2.5 s the first time it has it."""
    return queue.send(json.dumps({"do": "wait", "folder": str(folder)}))


def sample_url(process: Served) -> str:
    return process.wait_for_line("http://")


def test_a_message_whose_process_is_killed_in_the_handler_is_done_by_the_next_one(
    app_database_url: str, queue: PostgresQueue, tmp_path: Path
) -> None:
    data_dir = tmp_path / "data"
    with sample_served(data_dir, app_database_url) as first:
        sample_url(first)
        sent = send_long(queue, tmp_path)
        wait_for(tmp_path / "begun")
        assert first.end(signal.SIGKILL) == -signal.SIGKILL
    assert not (tmp_path / "done").exists()
    with sample_served(data_dir, app_database_url) as second:
        sample_url(second)
        wait_for(tmp_path / "done")
        assert second.end() == 0
    assert (tmp_path / "done").read_text().split() == [sent]
    counts = queue.counts()
    assert (counts.waiting, counts.in_flight) == (0, 0)


def test_a_process_that_is_asked_to_end_finishes_what_runs(
    app_database_url: str, queue: PostgresQueue, tmp_path: Path
) -> None:
    with (
        sample_served(tmp_path / "data", app_database_url) as process,
        ThreadPoolExecutor(1) as pool,
    ):
        url = sample_url(process)
        sent = send_long(queue, tmp_path)
        wait_for(tmp_path / "begun")
        answered = pool.submit(call, f"{url}/api/acts/nap/1500")
        time.sleep(0.3)  # until the request has been taken
        began = time.monotonic()
        assert process.end() == 0
        assert time.monotonic() - began < 10
        assert answered.result()[0] == 200
    assert (tmp_path / "done").read_text().split() == [sent]
    assert queue.counts().in_flight == 0


def test_a_second_signal_ends_the_process_at_once(
    app_database_url: str, queue: PostgresQueue, tmp_path: Path
) -> None:
    with sample_served(tmp_path / "data", app_database_url) as process:
        sample_url(process)
        send_long(queue, tmp_path)
        wait_for(tmp_path / "begun")
        process.process.send_signal(signal.SIGINT)
        deadline = time.monotonic() + 5
        while not any("serve.ending" in line for line in process.errors):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        began = time.monotonic()
        assert process.end(signal.SIGTERM) == 128 + signal.SIGTERM
        assert time.monotonic() - began < 1.5
    assert not (tmp_path / "done").exists()


def test_a_process_whose_log_nobody_reads_any_more_still_answers_and_ends(
    app_database_url: str, tmp_path: Path
) -> None:
    command = [sys.executable, str(SAMPLE_SERVER), str(tmp_path / "data"), app_database_url]
    process = subprocess.Popen(
        command, env=environment({}), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        url = process.stdout.readline().strip()
        process.stderr.close()
        assert call(f"{url}/api/nothing")[0] == 404  # which is told in the log
        assert call(f"{url}/api/health")[0] == 200
        process.send_signal(signal.SIGTERM)
        # 120 is Python's own word for a stderr that could not be flushed at the very end.
        assert process.wait(20) in (0, 120)
    finally:
        process.kill()
        process.wait(5)
        process.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_process_that_ends_says_so_to_nobody_who_comes_later(
    app_database_url: str, tmp_path: Path, number: signal.Signals
) -> None:
    with sample_served(tmp_path / "data", app_database_url) as process:
        url = sample_url(process)
        assert call(f"{url}/api/health")[0] == 200
        assert process.end(number) == 0
        with pytest.raises(OSError):
            call(f"{url}/api/health")
