"""Queries of people through a real server: asked, paged, exported, cancelled, lost with it."""

from __future__ import annotations

import gzip
import json
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from tests.support.serving import Served, call, served, sign_in

SLEEP = "select pg_sleep(120), 'never'"


class Editor:
    """An editor of the demo, signed in at a server."""

    def __init__(self, process: Served) -> None:
        self.url = process.url
        _, email, password = process.wait_for_line("editor ").split(" ")
        status, token = sign_in(self.url, email, password)
        assert status in (200, 201)
        self.token = str(token)
        items = self.call("GET", "/api/connections")[1]["items"]
        self.shop = next(one["id"] for one in items if one["name"] == "Demo shop")

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        return call(f"{self.url}{path}", method, json_body=body, token=self.token, seconds=40)

    def ask(self, sql: str, **members: Any) -> Any:
        body = {"connection_id": self.shop, "sql": sql, **members}
        status, told = self.call("POST", "/api/queries", body)
        assert status in (200, 202), told
        return told

    def running(self) -> int:
        """Return how many of these sleeps the database of the shop runs."""
        sql = (
            "select count(*) from pg_stat_activity where query like '%pg_sleep(120)%'"
            " and pid <> pg_backend_pid() and state = 'active'"
        )
        return int(self.ask(sql, cache_seconds=0)["rows"][0][0])

    def wait_until_running(self, query_ids: Sequence[str], seconds: float) -> None:
        ends_at = time.monotonic() + seconds
        for query_id in query_ids:
            while self.call("GET", f"/api/queries/{query_id}")[1]["state"] != "running":
                assert time.monotonic() < ends_at
                time.sleep(0.1)

    def wait_for(self, query_id: str, seconds: float) -> Any:
        ends_at = time.monotonic() + seconds
        told: Any = {}
        while time.monotonic() < ends_at:
            told = self.call("GET", f"/api/queries/{query_id}?wait_seconds=5")[1]
            if told["state"] not in ("queued", "running"):
                return told
        raise AssertionError(told)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("queries") / "data"


@pytest.fixture(scope="module")
def editor(data_dir: Path) -> Iterator[Editor]:
    with served("--demo", "--port", "0", "--data-dir", data_dir) as process:
        yield Editor(process)


def fetch(url: str, **headers: str) -> tuple[int, Any, bytes]:
    try:
        with urlopen(Request(url, headers=headers), timeout=30) as answer:
            return answer.status, answer.headers, answer.read()
    except HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def test_a_question_is_answered_and_its_rows_are_paged(editor: Editor) -> None:
    asked = editor.ask(
        "select id, country from orders where country = any({{countries}}) order by id",
        params={"countries": ["DE", "FR"]},
        limit=5,
    )
    assert (asked["state"], len(asked["rows"]), asked["has_more"]) == ("succeeded", 5, True)
    assert {row[1] for row in asked["rows"]} <= {"DE", "FR"}
    url = f"{editor.url}/api/queries/{asked['id']}/rows?offset=5&limit=1000"
    bearer = f"Bearer {editor.token}"
    status, headers, body = fetch(url, Authorization=bearer, **{"Accept-Encoding": "gzip"})
    assert (status, headers["Content-Encoding"]) == (200, "gzip")
    assert len(json.loads(gzip.decompress(body))["rows"]) == 1000


def test_what_takes_long_goes_on_in_a_worker(editor: Editor) -> None:
    asked = editor.ask("select pg_sleep(1), 42 as answer", wait_seconds=0)
    assert asked["state"] == "queued"
    assert editor.wait_for(asked["id"], 20)["rows"] == [["", 42]]


def test_a_cancel_ends_it_on_the_server(editor: Editor) -> None:
    asked = editor.ask(SLEEP, wait_seconds=1)
    assert asked["state"] == "running"
    assert editor.running() == 1
    status, told = editor.call("DELETE", f"/api/queries/{asked['id']}")
    assert (status, told["state"]) == (200, "canceled")
    assert editor.running() == 0


@pytest.mark.parametrize("name", ["csv", "xlsx"])
def test_an_export_is_fetched_through_a_link_that_needs_nothing_else(
    editor: Editor, name: str
) -> None:
    body = {"connection_id": editor.shop, "sql": "select * from orders", "format": name}
    status, told = editor.call("POST", "/api/exports", body)
    ends_at = time.monotonic() + 40
    while told["state"] in ("queued", "running") and time.monotonic() < ends_at:
        time.sleep(0.2)
        status, told = editor.call("GET", f"/api/exports/{told['id']}")
    assert (status, told["state"]) == (200, "succeeded"), told
    link = told["url"] if told["url"].startswith("http") else editor.url + told["url"]
    status, headers, file = fetch(link)
    assert (status, len(file)) == (200, told["bytes"])
    assert f".{name}" in headers["Content-Disposition"]
    if name == "csv":
        assert file.count(b"\n") == told["row_count"] + 1
    forged = (
        link.replace("signature=", "signature=0") if "signature=" in link else link[:-3] + "000"
    )
    assert fetch(forged)[0] in (403, 404, 410)


def test_a_query_that_is_lost_with_its_server_is_told_and_ended(data_dir: Path) -> None:
    """The last one here: it needs the folder for itself."""
    with served("--demo", "--port", "0", "--data-dir", data_dir.parent / "other") as first:
        before = Editor(first)
        slots = before.call("GET", f"/api/connections/{before.shop}")[1]["max_concurrency"]
        asked = [before.ask(SLEEP, wait_seconds=0, detached=True) for _ in range(slots)]
        before.wait_until_running([one["id"] for one in asked], 30)
        waiting = before.ask("select 7 as seven", wait_seconds=0, detached=True)
        assert waiting["state"] == "queued"
        first.end(signal.SIGKILL)
    with served("--demo", "--port", "0", "--data-dir", data_dir.parent / "other") as second:
        after = Editor(second)
        for one in asked:
            lost = after.wait_for(one["id"], 100)
            assert (lost["state"], lost["error"]["code"]) == ("failed", "worker_lost")
        assert after.wait_for(waiting["id"], 100)["state"] == "succeeded"
        ends_at = time.monotonic() + 30
        while after.running() and time.monotonic() < ends_at:
            time.sleep(0.5)
        assert after.running() == 0
        assert after.ask("select 1")["rows"] == [[1]]
