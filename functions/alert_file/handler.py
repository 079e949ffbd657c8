"""``alert_file``: each tick of EventBridge evaluates what is due in one file of alerts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from heliograph.kernel.clock import SystemClock
from heliograph.kernel.errors import AlertFileInvalid
from heliograph.platform.log import log
from heliograph.platform.settings import AlertFileSettings, read_environment, read_settings
from heliograph.runner.deployment import find_state, load_deployed_file
from heliograph.runner.once import OnceReport
from heliograph.runner.stores.registry import open_store
from heliograph.runner.tick import run_tick


def evaluate(event: Mapping[str, Any], context: Any) -> dict[str, int]:
    """Do one pass and return its counts: evaluated, failed, delivered, undelivered.

    A query that fails and a receiver that does not answer are counts. Where the pass itself is not
    possible (settings, secrets, file, state) this raises, so that the function's Errors count it.
    A tick that comes twice finds nothing due and does nothing.
    """
    environment = read_environment()
    settings = read_settings(AlertFileSettings, environment)
    try:
        file = load_deployed_file(settings, environment)
    except AlertFileInvalid as error:
        log("alert_file.invalid", problems=error.problems)
        raise
    store = open_store(find_state(settings), environment)
    try:
        report = run_tick(
            file, store, SystemClock(), lambda: context.get_remaining_time_in_millis() / 1000
        )
    finally:
        store.close()
    return _told(report)


def _told(report: OnceReport) -> dict[str, int]:
    for delivery in report.dead:
        log(
            "delivery.dead",
            delivery=delivery.id,
            channel=delivery.channel,
            alert=delivery.notice.alert,
            detail=delivery.detail or None,
        )
    counts = {
        "evaluated": len(report.evaluated),
        "failed": len(report.failed),
        "delivered": len(report.delivered),
        "undelivered": report.undelivered,
    }
    log("alerts.tick", **counts, failed_alerts=report.failed or None)
    return counts
