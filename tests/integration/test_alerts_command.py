"""`heliograph alerts`, as a person runs it: real PostgreSQL, real HTTP, real SMTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook
from tests.support.cli import Finished, heliograph, start
from tests.support.http_receiver import Answer, HttpReceiver
from tests.support.smtp_receiver import SmtpReceiver

from heliograph.platform.postgres import connect, execute_script

SECRET = "whsec_aGVsaW9ncmFwaC10ZXN0LXNlY3JldC0xMjM="
TABLE = """
CREATE TABLE readings (id int GENERATED ALWAYS AS IDENTITY, place text, level numeric);
INSERT INTO readings (place, level) VALUES ('north', 10.50), ('south', 99.99);
"""


class Place:
    """A folder with an alert file, its database and its receivers."""

    def __init__(self, folder: Path, url: str, http: HttpReceiver, smtp: SmtpReceiver) -> None:
        self.folder = folder
        self.url = url
        self.http = http
        self.smtp = smtp
        self.file = folder / "alerts.yaml"
        self.environment = {
            "DATABASE_URL": url,
            "SLACK_URL": http.url("/services/T0/B0/geheim"),
            "HOOK_URL": http.url("/hook"),
            "SMTP_URL": smtp.url(),
            "HOOK_SECRET": SECRET,
        }

    def write(self, *alerts: dict[str, Any], **changes: Any) -> None:
        document = {
            "version": "1",
            "timezone": "Europe/Berlin",
            "allow_hosts": ["127.0.0.1"],
            "connections": {"db": {"url": "${DATABASE_URL}", "statement_timeout": "5s"}},
            "channels": {
                "ops": {"kind": "slack", "webhook_url": "${SLACK_URL}"},
                "team": {
                    "kind": "email",
                    "smtp_url": "${SMTP_URL}",
                    "from": "heliograph@example.com",
                    "to": ["a@example.com", "b@example.com"],
                },
                "hook": {"kind": "webhook", "url": "${HOOK_URL}", "secret": "${HOOK_SECRET}"},
            },
            "alerts": [alert(**fields) for fields in alerts],
            **changes,
        }
        self.file.write_text(json.dumps(document))  # JSON is YAML too

    def run(self, *arguments: str) -> Finished:
        action, *rest = arguments
        return heliograph("alerts", action, str(self.file), *rest, env=self.environment)

    def once(self, *arguments: str) -> Finished:
        return self.run("run", "--once", *arguments)

    def history(self, *arguments: str) -> list[dict[str, Any]]:
        done = self.run("history", *arguments)
        assert done.code == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def set_level(self, level: str) -> None:
        with connect(self.url) as connection:
            connection.execute("UPDATE readings SET level = %s::numeric", (level,))


def alert(**fields: Any) -> dict[str, Any]:
    return {
        "name": "High level",
        "connection": "db",
        "query": "SELECT place, level FROM readings WHERE level > $1 ORDER BY id",
        "params": ["50"],
        "schedule": {"every": "10s"},
        "rule": {"kind": "any_rows"},
        "notify": ["hook"],
        **fields,
    }


@pytest.fixture
def place(tmp_path: Path, make_database: Callable[[], str]) -> Iterator[Place]:
    url = make_database()
    execute_script(url, TABLE)
    with HttpReceiver() as http, SmtpReceiver() as smtp:
        yield Place(tmp_path, url, http, smtp)


def at(minute: int, second: int = 0) -> list[str]:
    return ["--now", f"2026-06-01T10:{minute:02}:{second:02}+02:00"]


# Told


def test_a_rule_that_fires_tells_slack_email_and_a_signed_webhook(place: Place) -> None:
    place.write({"notify": ["ops", "team", "hook"]})
    done = place.once()
    assert done.code == 0, done.stderr
    slack, hook = sorted(place.http.wait_for(2), key=lambda request: request.path, reverse=True)
    assert "High level" in slack.json()["text"]
    assert "99.99" in slack.body.decode()
    Webhook(SECRET).verify(hook.body, dict(hook.headers))
    assert hook.json()["type"] == "alert.firing"
    data = hook.json()["data"]
    assert (data["alert"], data["state"], data["row_count"]) == ("High level", "alerting", 1)
    assert data["rows"] == [["south", "99.99"]]
    (mail,) = place.smtp.wait_for(1)
    delivery_ids = {line["id"] for line in place.history()[0]["deliveries"]}
    assert hook.headers["webhook-id"] in delivery_ids
    assert str(mail.parsed()["Message-ID"]).strip("<>").split("@")[0] in delivery_ids
    assert any(delivery_id in slack.body.decode() for delivery_id in delivery_ids)


def test_people_are_told_once_and_told_when_it_is_over(place: Place) -> None:
    place.write({})
    for minute in (0, 1, 2):
        assert place.once(*at(minute)).code == 0
    assert [request.json()["type"] for request in place.http.requests] == ["alert.firing"]
    place.set_level("1")
    for minute in (3, 4):
        assert place.once(*at(minute)).code == 0
    types = [request.json()["type"] for request in place.http.requests]
    assert types == ["alert.firing", "alert.resolved"]


def test_only_what_is_due_is_evaluated(place: Place) -> None:
    place.write(
        {"schedule": {"every": "5m"}}, {"name": "Other", "schedule": {"cron": "30 10 * * *"}}
    )
    place.once(*at(0))
    place.once(*at(4))
    assert [line["alert"] for line in place.history()] == ["High level"]
    place.once(*at(5))
    place.once(*at(30))
    assert [line["alert"] for line in place.history()].count("Other") == 1
    assert place.once("--only", "Other", *at(31)).code == 0
    assert [line["alert"] for line in place.history()].count("Other") == 2
    wrong = place.once("--only", "Othr")
    assert (wrong.code, wrong.error["hint"]) == (2, "Did you mean Other?")


def test_each_key_has_a_state_of_its_own(place: Place) -> None:
    rule = {"kind": "threshold", "key": ["place"], "column": "level", "op": ">", "value": "50"}
    place.write({"query": "SELECT place, level FROM readings", "params": [], "rule": rule})
    place.once(*at(0))
    with connect(place.url) as connection:
        connection.execute("UPDATE readings SET level = 109.49 - level")
    place.once(*at(1))
    told = [(r.json()["type"], r.json()["data"]["key"]) for r in place.http.requests]
    assert told[0] == ("alert.firing", "place=south")
    assert sorted(told[1:]) == [
        ("alert.firing", "place=north"),
        ("alert.resolved", "place=south"),
    ]


def test_for_waits_and_cooldown_holds_back(place: Place) -> None:
    place.write({"for": "2", "cooldown": "10m"})
    place.once(*at(0))
    assert place.http.requests == []
    place.once(*at(1))
    place.set_level("1")
    place.once(*at(2))
    place.set_level("99")
    place.once(*at(3))
    place.once(*at(4))
    types = [request.json()["type"] for request in place.http.requests]
    assert types == ["alert.firing", "alert.resolved"]
    place.once(*at(12))
    assert [request.json()["type"] for request in place.http.requests][2:] == ["alert.firing"]


def test_a_mute_holds_back_and_remembers(place: Place) -> None:
    place.write({})
    assert place.run("mute", "High level", "--until", "2099-01-01T00:00").code == 0
    place.once(*at(0))
    assert place.http.requests == []
    assert place.history()[0]["next_state"] == "alerting"
    assert place.run("mute", "High level", "--until", "now").code == 0
    place.once(*at(1))
    assert [request.json()["type"] for request in place.http.requests] == ["alert.firing"]
    wrong = place.run("mute", "Nobody", "--until", "now")
    assert (wrong.code, wrong.error["code"]) == (2, "name_unknown")


def test_a_digest_calls_a_procedure_and_sends_its_rows(place: Place) -> None:
    execute_script(
        place.url,
        """CREATE PROCEDURE report(most int, INOUT rows refcursor DEFAULT 'rows')
        LANGUAGE plpgsql AS $$ BEGIN OPEN rows FOR
            SELECT place, level FROM readings ORDER BY id LIMIT most; END $$""",
    )
    digest = {"query": None, "procedure": "call report($1)", "params": ["1"]}
    place.write({**digest, "rule": {"kind": "always"}, "notify": ["team"]})
    assert place.once(*at(0)).code == 0
    assert place.once(*at(1)).code == 0
    first, second = place.smtp.wait_for(2)
    assert "10.50" in str(first.parsed().get_body(preferencelist=("plain",)))
    assert first.parsed()["Message-ID"] != second.parsed()["Message-ID"]


def test_a_reminder_comes_with_every_evaluation_that_it_is_due_at(place: Place) -> None:
    place.write({"schedule": {"every": "1m"}, "renotify": "2m"})
    for minute, second in ((0, 3), (1, 2), (2, 2), (3, 3), (4, 1)):
        place.once(*at(minute, second))
    assert len(place.http.requests) == 3  # the firing, and reminders after 2 and 4 minutes


def test_messages_draw_on_all_rows_and_count_them_all(place: Place) -> None:
    total = '{{ value }} is {{ rows|sum(attribute="g") }}'
    rule = {"kind": "threshold", "column": "g", "select": "sum", "op": ">", "value": "0"}
    hundred = {"query": "SELECT g FROM generate_series(1, 120) g", "params": [], "rule": rule}
    many = {"name": "Many", "query": "SELECT g FROM generate_series(1, 20000) g", "params": []}
    place.write({**hundred, "message": {"title": total}}, many)
    assert place.once().code == 0
    by_name = {r.json()["data"]["alert"]: r.json()["data"] for r in place.http.wait_for(2)}
    assert by_name["High level"]["title"] == "7260 is 7260"
    assert (by_name["Many"]["row_count"], by_name["Many"]["truncated"]) == (20_000, True)
    assert "20,000 rows" in by_name["Many"]["title"]


def test_a_mail_says_that_its_attachment_is_not_all(place: Place) -> None:
    team = {
        "kind": "email", "smtp_url": "${SMTP_URL}", "from": "h@example.com",
        "to": "a@example.com", "attach_csv": "true",
    }  # fmt: skip
    series = {"params": [], "notify": ["team"]}
    place.write(
        {"name": "Few", "query": "SELECT g FROM generate_series(1, 120) g", **series},
        {"name": "Many", "query": "SELECT g FROM generate_series(1, 1500) g", **series},
        channels={"team": team},
    )
    assert place.once().code == 0
    texts = {
        str(mail.parsed()["Subject"])[:4]: (
            str(mail.parsed().get_body(preferencelist=("plain",))),
            next(mail.parsed().iter_attachments()).get_content().count("\n"),
        )
        for mail in place.smtp.wait_for(2)
    }
    assert "attached CSV" not in texts["Few "][0]
    assert texts["Few "][1] == 121
    assert "The attached CSV holds the first 1,000 of 1,500 rows." in texts["Many"][0]
    assert texts["Many"][1] == 1_001


def test_passes_that_overlap_share_the_work_and_both_succeed(place: Place) -> None:
    place.write({"notify": ["hook", "ops"]})
    arguments = ["alerts", "run", str(place.file), "--once"]
    processes = [start(arguments, env=place.environment) for _ in range(3)]
    codes = []
    for process in processes:
        process.communicate(timeout=40)
        codes.append(process.returncode)
    assert codes == [0, 0, 0]
    assert sorted(request.path for request in place.http.requests) == [
        "/hook", "/services/T0/B0/geheim",
    ]  # fmt: skip


# Could not evaluate is not "all is well"


@pytest.mark.parametrize(
    ("changes", "outcome", "state", "notice"),
    [
        ({"query": "SELECT 1/0 AS level"}, "query_error", "error", "alert.error"),
        ({"query": "SELECT pg_sleep(30) AS level"}, "timeout", "error", "alert.error"),
        ({"query": "SELECT 'x' AS level"}, "wrong_type", "error", "alert.error"),
        ({"query": "SELECT 1 AS other"}, "wrong_type", "error", "alert.error"),
        ({"query": "SELECT NULL::int AS level"}, "null", "no_data", "alert.no_data"),
        ({"query": "SELECT 1 AS level WHERE false"}, "no_rows", "no_data", "alert.no_data"),
    ],
)
def test_what_cannot_be_judged_is_told_as_such_and_stops_nobody_else(
    changes: dict[str, str], outcome: str, state: str, notice: str, place: Place
) -> None:
    rule = {"kind": "threshold", "column": "level", "op": "<", "value": "5"}
    broken = {"name": "Broken", "params": [], "rule": rule, **changes}
    place.write(broken, {"name": "Sound", "notify": ["ops"]}, connections={
        "db": {"url": "${DATABASE_URL}", "statement_timeout": "500ms"}})  # fmt: skip
    done = place.once()
    assert done.code == (3 if state == "error" else 0)
    by_alert = {line["alert"]: line for line in place.history()}
    assert (by_alert["Broken"]["outcome"], by_alert["Broken"]["next_state"]) == (outcome, state)
    assert by_alert["Sound"]["next_state"] == "alerting"
    hooks = [
        request.json()["type"] for request in place.http.wait_for(2) if request.path == "/hook"
    ]
    assert hooks == [notice]


def test_a_database_that_is_down_is_unreachable_and_recovers(place: Place) -> None:
    place.write({})
    url = place.environment["DATABASE_URL"]
    place.environment["DATABASE_URL"] = "postgresql://reader:geheim@127.0.0.1:1/none"
    down = place.once(*at(0))
    assert down.code == 3
    assert place.history()[0]["outcome"] == "unreachable"
    assert "geheim" not in down.stderr + json.dumps(place.history())
    place.environment["DATABASE_URL"] = url
    place.once(*at(1))
    types = [request.json()["type"] for request in place.http.requests]
    assert types[0] == "alert.error"
    assert "alert.firing" in types[1:]


# Channels that fail


def test_a_broken_channel_holds_up_no_other_and_is_left_undelivered(place: Place) -> None:
    with HttpReceiver([Answer(503, headers={"Retry-After": "3600"})]) as broken:
        place.environment["SLACK_URL"] = broken.url("/services/x")
        place.write({"notify": ["ops", "hook", "team"]})
        done = place.once()
        assert done.code == 6
        place.http.wait_for(1)
        place.smtp.wait_for(1)
        states = {line["channel"]: line["state"] for line in place.history()[0]["deliveries"]}
        assert states == {"ops": "waiting", "hook": "delivered", "team": "delivered"}
        assert "services/x" not in done.stderr + json.dumps(place.history())


def test_a_retry_carries_the_same_id(place: Place) -> None:
    with HttpReceiver([500, 429]) as shaky:
        place.environment["HOOK_URL"] = shaky.url("/hook")
        place.write({})
        done = place.once()
        assert done.code == 0, done.stderr
        requests = shaky.wait_for(3)
        assert len({request.headers["webhook-id"] for request in requests}) == 1
        assert len({request.body for request in requests}) == 1
        assert place.history()[0]["deliveries"][0]["attempts"] == 3


def test_a_dead_delivery_is_listed_and_replayed_with_its_id(place: Place) -> None:
    with HttpReceiver([404]) as gone:
        place.environment["HOOK_URL"] = gone.url("/hook")
        place.write({})
        assert place.once().code == 6
        (delivery,) = place.history()[0]["deliveries"]
        assert (delivery["state"], delivery["attempts"]) == ("dead", 1)
        assert place.once().code == 0  # what was given up earlier does not fail every later run
        replayed = place.run("replay", delivery["id"])
        assert replayed.code == 0
        assert json.loads(replayed.stdout)["state"] == "delivered"
        assert [r.headers["webhook-id"] for r in gone.requests] == [delivery["id"]] * 2
    wrong = place.run("replay", "dlv_nothing")
    assert (wrong.code, wrong.error["code"]) == (2, "name_unknown")


def test_private_hosts_are_refused_unless_allowed(place: Place) -> None:
    place.write({}, allow_hosts=[])
    refused = place.once(*at(0))
    assert refused.code == 6
    assert place.http.connections == 0
    place.write({"name": "Again"})
    assert place.once(*at(1)).code == 0
    assert len(place.http.requests) == 1


def test_a_broken_template_falls_back_and_says_so(place: Place) -> None:
    place.write({"message": {"title": "{{ value.nothing.at.all }}"}, "notify": ["ops"]})
    assert place.once().code == 0
    (request,) = place.http.wait_for(1)
    assert "High level" in request.json()["text"]
    assert "template" in request.body.decode()


# Dry runs, checks


def test_a_dry_run_shows_the_exact_messages_and_changes_nothing(place: Place) -> None:
    place.write({"notify": ["ops", "hook"]}, {"name": "Calm", "params": ["1000"]})
    done = place.run("run", "--dry-run", *at(0))
    assert done.code == 0
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    first, calm = lines
    assert {name: first[name] for name in ("alert", "outcome", "state", "next_state")} == {
        "alert": "High level", "outcome": "value", "state": "ok", "next_state": "alerting",
    }  # fmt: skip
    assert [message["channel"] for message in first["messages"]] == ["ops", "hook"]
    assert (calm["next_state"], calm["messages"]) == ("ok", [])
    assert place.http.requests == []
    assert place.history() == []
    place.once(*at(0))
    sent = {request.path: request.body.decode() for request in place.http.wait_for(2)}
    shown, arrived = json.loads(first["messages"][1]["body"]), json.loads(sent["/hook"])
    assert abs(
        datetime.fromisoformat(shown.pop("timestamp"))
        - datetime.fromisoformat(arrived.pop("timestamp"))
    ) < timedelta(seconds=5)  # --now is where the clock begins
    assert shown == arrived


def test_check_finds_every_mistake_with_its_line(place: Place) -> None:
    place.file.write_text(
        "version: 1\n"
        "connections:\n"
        "  db: {url: '${DATABASE_URL}', statment_timeout: 5s}\n"
        "channels:\n"
        "  hook: {kind: webhok, url: '${HOOK_URL}'}\n"
        "alerts:\n"
        "  - name: A\n"
        "    connection: db\n"
        "    query: select 1\n"
        "    schedule: {every: 5x}\n"
        "    rule: {kind: any_rows}\n"
        "    notify: [hook]\n"
    )
    done = place.run("check")
    assert done.code == 2
    problems = done.stderr.splitlines()[:-1]
    assert [problem.split(":")[1] for problem in problems] == ["3", "5", "10"]
    assert "Did you mean statement_timeout?" in problems[0]
    assert "Did you mean webhook?" in problems[1]
    assert done.error["line"] == 3
    place.write({})
    sound = place.run("check")
    assert (sound.code, sound.stdout.decode().count("no problems")) == (0, 1)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"connection": "bd"}, "There is no connection bd"),
        ({"notify": ["hok"]}, "Did you mean hook?"),
        ({"query": "DELETE FROM readings", "params": []}, "DELETE is refused"),
        ({"query": "SELECT FROM WHERE", "params": []}, "Syntax error"),
        ({"params": []}, "$1"),
        ({"params": ["1", "2"]}, "$2"),
        ({"params": {"x": "1"}}, "by name"),
        ({"procedure": "call x()"}, "either a query or a procedure"),
        ({"message": {"body": "{% if %}"}}, "template"),
        ({"for": "0"}, "greater than or equal to 1"),
        ({"cooldown": "soon"}, "not a duration"),
        ({"schedule": {"cron": "0 25 * * *"}}, "hour"),
        ({"rule": {"kind": "threshold", "op": "<", "value": "1"}}, "column"),
        ({"on_error": "ok"}, "alert"),
        ({"params": ["${NOT_SET_ANYWHERE}"]}, "NOT_SET_ANYWHERE"),
        ({"queri": "x"}, "Did you mean query?"),
    ],
)
def test_check_refuses_what_could_not_run(
    changes: dict[str, Any], words: str, place: Place
) -> None:
    place.write(changes)
    done = place.run("check")
    assert (done.code, done.error["code"]) == (2, "alert_file_invalid")
    assert words in done.stderr
    assert place.once().code == 2


def test_a_bare_comparison_is_explained_with_its_line(place: Place) -> None:
    place.write({})
    text = place.file.read_text().replace('"kind": "any_rows"', '"kind": "row_count", "op": >')
    place.file.write_text(text)
    done = place.run("check")
    assert (done.code, done.error["code"]) == (2, "file_invalid")
    assert "in line 1" in done.error["message"]
    assert 'op: ">"' in done.error["hint"]


def test_queries_and_messages_are_never_expanded(place: Place) -> None:
    place.write({"query": "SELECT '${HOOK_SECRET}' AS x", "params": []})
    place.once()
    (request,) = place.http.wait_for(1)
    assert request.json()["data"]["rows"] == [["${HOOK_SECRET}"]]


def test_the_state_lies_where_it_is_told_to(place: Place) -> None:
    place.write({}, state="memory/state.db")
    (place.folder / "memory").mkdir()
    place.once()
    assert (place.folder / "memory" / "state.db").exists()
    place.once("--state", str(place.folder / "other.db"))
    assert len(place.history("--state", str(place.folder / "other.db"))) == 1
    place.write({})
    place.once()
    assert (place.folder / "heliograph-alerts.db").exists()


# The runner that stays


@contextmanager
def staying(place: Place) -> Iterator[subprocess.Popen[bytes]]:
    arguments = ["alerts", "run", str(place.file)]
    process = start(arguments, env=place.environment)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.05)


def test_a_staying_runner_tells_and_ends_cleanly(place: Place) -> None:
    place.write({"notify": ["hook", "team"]})
    with staying(place) as process:
        place.http.wait_for(1)
        place.smtp.wait_for(1)
        assert place.run("health").code == 0
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=15)
        assert process.returncode == 0
    events = [json.loads(line)["event"] for line in errors.decode().splitlines()]
    assert events[0] == "runner.started"
    assert events[-1] == "runner.stopped"
    assert "delivery.delivered" in events
    assert place.url not in errors.decode()
    assert "99.99" not in errors.decode()


def test_a_long_query_delays_no_other_alert_and_ends_with_the_runner(place: Place) -> None:
    slow = {"name": "Slow", "query": "SELECT pg_sleep(60)", "params": [], "notify": ["ops"]}
    place.write(
        slow, {}, connections={"db": {"url": "${DATABASE_URL}", "statement_timeout": "90s"}}
    )
    with staying(place) as process:
        (request,) = place.http.wait_for(1)
        assert request.path == "/hook"
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
        assert process.returncode == 0
        assert time.monotonic() - started < 10
    assert [line["alert"] for line in place.history()] == ["High level"]


def test_a_hangup_reloads_the_file_and_keeps_the_old_one_when_it_is_broken(place: Place) -> None:
    place.write({"name": "First"})
    with staying(place) as process:
        place.http.wait_for(1)
        place.file.write_text("version: 7\n")
        process.send_signal(signal.SIGHUP)
        place.write({"name": "First"}, {"name": "Second"})
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(place.http.requests) == 2)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=15)
    assert [r.json()["data"]["alert"] for r in place.http.requests] == ["First", "Second"]


def test_two_runners_on_one_state_do_not_double(place: Place) -> None:
    place.write({"rule": {"kind": "always"}})
    with staying(place) as first, staying(place) as second:
        wait_until(lambda: len(place.http.requests) >= 2, 30)
        for process in (first, second):
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=15)
    due_times = [line["due_at"] for line in place.history()]
    assert len(due_times) == len(set(due_times))
    assert len(place.http.requests) == len(due_times)


def test_a_killed_runner_loses_no_notification(place: Place) -> None:
    place.write({"notify": ["hook", "ops"]})
    for _ in range(6):
        with staying(place) as process:
            time.sleep(0.35)
            os.kill(process.pid, signal.SIGKILL)
            process.communicate()
    done = place.once()
    assert done.code == 0, done.stderr
    wait_until(lambda: len({r.path for r in place.http.requests}) == 2)
    ids = {request.headers.get("webhook-id") for request in place.http.requests} - {None}
    assert len(ids) == 1  # a repeat is possible, and carries the same id
