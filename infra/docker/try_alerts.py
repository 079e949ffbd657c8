"""The alert runner's image, run as docs/how-to/run-alerts-in-a-container.md says."""

from __future__ import annotations

import json
import os
from pathlib import Path

from infra.docker.engine import (
    NAME,
    ON_HOST,
    ROOT,
    SAFELY,
    at_end,
    build,
    docker,
    expect,
    health,
    make_volume,
    memory,
    process_of,
    run,
    say,
    start,
    stop,
    wait,
)

from heliograph.local.receivers import Received, listening

HELIOGRAPH = ROOT / ".venv/bin/heliograph"
IMAGE = f"{NAME}:alerts"
VOLUME = f"{NAME}-alerts"
ALERTS = """\
version: 1
timezone: Europe/Berlin
allow_hosts: [127.0.0.1]
connections:
  shop: {url: "${SHOP_DATABASE_URL}"}
channels:
  hook: {kind: webhook, url: "${WEBHOOK_URL}", secret: "${WEBHOOK_SECRET}"}
alerts:
  - name: Orders came in
    connection: shop
    query: select count(*) as orders from orders
    schedule: {every: 10s}
    rule: {kind: threshold, column: orders, select: first, op: ">", value: 0}
    notify: [hook]
"""


def try_alerts(folder: Path) -> None:
    """Build the default image and hold it to what the documents promise."""
    with listening() as receivers:
        build(IMAGE)
        _try(_prepare(folder, receivers.http_url), receivers.received)


def _prepare(folder: Path, receiver_url: str) -> list[str | Path]:
    """Start the demo database, write the alerts, and return the options of ``docker run``."""
    data = folder / "demo"
    run([HELIOGRAPH, "demo", "start", "--data-dir", data], timeout=120)
    at_end(lambda: run([HELIOGRAPH, "demo", "stop", "--data-dir", data], timeout=60))
    alerts = folder / "alerts.yaml"
    alerts.write_text(ALERTS)
    alerts.chmod(0o644)
    secrets = folder / "alerts.env"
    secrets.write_text(
        f"SHOP_DATABASE_URL={run([HELIOGRAPH, 'demo', 'url', '--data-dir', data])}\n"
        f"WEBHOOK_URL={receiver_url}/hook\n"
        "WEBHOOK_SECRET=whsec_aGVsaW9ncmFwaC1leGFtcGxlLXNlY3JldA==\n"
    )
    make_volume(VOLUME)
    return [
        *(*SAFELY, *ON_HOST, "--env-file", secrets),
        *("--volume", f"{alerts}:/etc/heliograph/alerts.yaml:ro"),
        *("--volume", f"{VOLUME}:/var/lib/heliograph"),
    ]


def _try(run_options: list[str | Path], received: Received) -> None:
    """Run the container twice on one state."""
    first = start(*run_options, IMAGE)
    wait("an alert arrives", lambda: len(received.posts) == 1, 30, first)
    notice = json.loads(received.posts[0][1])
    expect(notice["type"] == "alert.firing", f"the first message is {notice['type']}")
    wait("its health check passes", lambda: health(first) == "healthy", 60, first)
    expect(docker("exec", first, "id", "-u") == "10001", "it does not run as its own user")
    say("memory", memory(first))
    say("processor", f"{_cpu_seconds(process_of(first)):.2f} s since the start")
    stop(first)
    before = _history(run_options)
    expect(len(before) > 0, "it remembers nothing")
    second = start(*run_options, IMAGE)
    wait("it evaluates again", lambda: len(_history(run_options)) > len(before) + 1, 60, second)
    expect(len(received.posts) == 1, "what was told already was told again")
    stop(second)
    say("state", "kept over the restart; nothing told twice")
    docker("run", "--rm", *run_options, IMAGE, "alerts", "check", "/etc/heliograph/alerts.yaml")


def _history(run_options: list[str | Path]) -> list[str]:
    """Return the evaluations that the state remembers."""
    place = ["/etc/heliograph/alerts.yaml", "--state", "/var/lib/heliograph/alerts.db"]
    return docker("run", "--rm", *run_options, IMAGE, "alerts", "history", *place).splitlines()


def _cpu_seconds(pid: int) -> float:
    """Return the processor time that a process of this machine has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
