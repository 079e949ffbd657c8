"""`heliograph serve` as a container runs it: told by the environment, heard by machines."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from tests.support.cli import heliograph
from tests.support.serving import served

EMAIL = ("--email", "boss@example.com", "--name", "Boss")


def test_the_environment_says_which_database_and_folder_and_all_lines_are_json(
    app_database_url: str, tmp_path: Path
) -> None:
    secret = tmp_path / "url"
    secret.write_text(f"{app_database_url}\n")
    env = {"HELIOGRAPH_DATABASE_FILE": str(secret), "HELIOGRAPH_DATA_DIR": str(tmp_path / "data")}
    options = ("--host", "0.0.0.0", "--port", "0", "--log-format", "json")
    with served(*options, env=env) as server:
        ready = json.loads(server.wait_for_line('{"at"'))
        assert ready["event"] == "serve.ready"
        well = heliograph("health", env=env)
        by_url = heliograph("health", "--url", ready["url"])
        created = heliograph("admin", "create", *EMAIL, env=env)
        by_folder = ("--data-dir", str(tmp_path / "data"))
        doctor = heliograph("doctor", *by_folder, env=env)
        assert server.end() == 0
    assert (well.code, well.stdout) == (0, by_url.stdout)
    assert well.stdout.decode() == f"{ready['url']}/api/health answers: degraded: setup\n"
    assert (created.code, doctor.code) == (0, 0)
    assert b"There is an admin." in doctor.stdout
    events = [json.loads(line)["event"] for line in (*server.out, *server.errors)]
    assert {"serve.ready", "serve.setup", "serve.note", "serve.ending"} <= set(events)
    ended = heliograph("health", env=env)
    assert (ended.code, ended.stdout.decode()) == (
        1,
        f"Nothing is being served from {tmp_path / 'data'}.\n",
    )
    assert not (tmp_path / "data/postgres").exists()


def test_a_folder_without_postgresql_gets_none_where_the_environment_names_one(
    app_database_url: str, tmp_path: Path
) -> None:
    env = {"HELIOGRAPH_DATABASE": app_database_url}
    folder = ("--data-dir", str(tmp_path))
    assert heliograph("admin", "create", *EMAIL, *folder, env=env).code == 0
    again = heliograph("admin", "create", *EMAIL, *folder, env=env)
    assert again.error["code"] != "local_database_failed"
    assert again.code == 1
    migrated = heliograph("migrate", *folder, env=env)
    assert (migrated.code, migrated.stdout) == (0, b"")
    assert list(tmp_path.iterdir()) == []


def test_two_app_databases_are_refused_before_anything_is_made(
    app_database_url: str, tmp_path: Path
) -> None:
    secret = tmp_path / "url"
    secret.write_text(app_database_url)
    env = {
        "HELIOGRAPH_DATABASE": app_database_url,
        "HELIOGRAPH_DATABASE_FILE": str(secret),
        "HELIOGRAPH_DATA_DIR": str(tmp_path / "data"),
    }
    for command in (("serve", "--port", "0"), ("migrate",), ("admin", "create", *EMAIL)):
        refused = heliograph(*command, env=env)
        assert (refused.code, refused.error["code"]) == (2, "usage_invalid")
        assert "HELIOGRAPH_DATABASE_FILE" in refused.error["message"]
    assert not (tmp_path / "data").exists()


@contextmanager
def answering(status: int, body: Any) -> Iterator[str]:
    """Yield the URL of a server that answers everything alike."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/api/health" else 404)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join(10)


def test_health_fails_where_the_server_cannot_do_its_work_and_says_what_lacks() -> None:
    lacking = {"status": "failing", "checks": [{"name": "database", "ok": False}]}
    for status, code, told in ((503, 1, "answers with 503: database"), (200, 0, "database")):
        with answering(status, lacking) as url:
            done = heliograph("health", "--url", url)
        assert done.code == code
        assert told in done.stdout.decode()
    done = heliograph("health", "--url", url)  # nobody is there any more
    assert done.code == 1
    assert "There is no answer" in done.stdout.decode()
