"""The first acceptance: a question answered as JSON, and two people told, from a terminal alone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.cli import environment
from tests.support.http_receiver import HttpReceiver
from tests.support.smtp_receiver import SmtpReceiver

HELIOGRAPH = Path(sys.executable).parent / "heliograph"
ALERTS = """
version: 1
timezone: Europe/Berlin
allow_hosts: [127.0.0.1]
connections:
  shop: {url: "${SHOP_DATABASE_URL}", statement_timeout: 30s}
channels:
  ops:  {kind: slack, webhook_url: "${SLACK_WEBHOOK_URL}"}
  team: {kind: email, smtp_url: "${SMTP_URL}", from: heliograph@example.com, to: [team@example.com]}
alerts:
  - name: Revenue was low
    connection: shop
    query: |
      select min(revenue) as revenue from daily_revenue
       where day between {{day}}::date - 7 and {{day}}::date - 1
    params: {day: "${TODAY:-today}"}
    schedule: {cron: "* * * * *"}
    rule: {kind: threshold, column: revenue, select: first, op: "<", value: 15000}
    notify: [ops, team]
"""


def heliograph(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the installed command, as a person does."""
    return subprocess.run(
        [str(HELIOGRAPH), *arguments],
        env=environment(variables),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The demo shop as `heliograph demo start` makes it."""
    folder = str(tmp_path_factory.mktemp("demo"))
    started = heliograph("demo", "start", "--data-dir", folder)
    assert started.returncode == 0, started.stderr
    try:
        yield heliograph("demo", "url", "--data-dir", folder).stdout.strip()
    finally:
        heliograph("demo", "stop", "--data-dir", folder)


def test_a_question_is_answered_as_json(shop: str) -> None:
    sql = "select country, count(*) as orders from orders where country = {{country}} group by 1"
    done = heliograph("query", sql, "-p", "country=DE", HELIOGRAPH_DATABASE_URL=shop)
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert [column["type"] for column in document["columns"]] == ["text", "int8"]
    ((country, orders),) = document["rows"]
    assert country == "DE"
    assert orders > 1_000


def test_a_simple_rule_tells_slack_and_email(shop: str, tmp_path: Path) -> None:
    path = tmp_path / "alerts.yaml"
    path.write_text(ALERTS)
    with HttpReceiver() as slack, SmtpReceiver() as mail:
        variables = {
            "SHOP_DATABASE_URL": shop,
            "SLACK_WEBHOOK_URL": slack.url("/services/secret"),
            "SMTP_URL": mail.url(),
        }
        assert heliograph("alerts", "check", str(path), **variables).returncode == 0
        done = heliograph("alerts", "run", str(path), "--once", **variables)
        assert done.returncode == 0, done.stderr
        (posted,) = slack.wait_for(1)
        (received,) = mail.wait_for(1)
        again = heliograph("alerts", "run", str(path), "--once", **variables)
        assert again.returncode == 0
        assert (len(slack.requests), len(mail.mails)) == (1, 1)  # told once
    assert "Revenue was low" in posted.json()["text"]
    assert received.recipients == ("team@example.com",)
    assert "Revenue was low" in str(received.parsed()["Subject"])
