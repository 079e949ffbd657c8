"""``heliograph alerts``: be told when the answer changes, from one file."""

from __future__ import annotations

import signal
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import orjson

from heliograph.cli.terminal import note
from heliograph.kernel.clock import Clock, ShiftedClock, SystemClock
from heliograph.kernel.errors import NameUnknown, UsageError
from heliograph.kernel.suggestions import suggest
from heliograph.notifications.models import DeliveryState
from heliograph.platform.settings import read_environment
from heliograph.runner.evaluation import Evaluated, number_text
from heliograph.runner.file import Alert, AlertFile, load_alert_file
from heliograph.runner.once import OnceReport, deliver_waiting, find_alert, preview, run_once
from heliograph.runner.stores.contract import Delivery, EvaluationRecord, StateStore
from heliograph.runner.stores.registry import open_store

EVALUATION_FAILED = 3
UNDELIVERED = 6
_ALIVE_SECONDS = 90.0
_REPLAY_SECONDS = 30.0


def run(options: Namespace) -> int:
    """Run one of the commands on the file that the arguments name."""
    commands = {
        "check": _check,
        "run": _run,
        "history": _history,
        "replay": _replay,
        "mute": _mute,
        "health": _health,
    }
    return commands[options.action](options, load_alert_file(options.file, read_environment()))


def _check(options: Namespace, file: AlertFile) -> int:
    connections, channels = len(file.connections), len(file.channels)
    print(
        f"{options.file}: no problems. {_count(len(file.alerts), 'alert')}, "
        f"{_count(connections, 'connection')}, {_count(channels, 'channel')}."
    )
    return 0


def _run(options: Namespace, file: AlertFile) -> int:
    clock = _clock(options, file)
    if options.now and not (options.once or options.dry_run):
        raise UsageError("--now goes with --once or --dry-run.")
    if options.only is not None and not (options.once or options.dry_run):
        raise UsageError("--only goes with --once or --dry-run.")
    with _store(options, file) as store:
        if options.dry_run:
            return _dry_run(file, store, clock, options.only)
        if options.once:
            return _report(run_once(file, store, clock, only=options.only))
        return _stay(options, file, store, clock)


def _clock(options: Namespace, file: AlertFile) -> Clock:
    if options.now is None:
        return SystemClock()
    now: datetime = options.now
    return ShiftedClock(now if now.tzinfo else now.replace(tzinfo=file.timezone))


def _stay(options: Namespace, file: AlertFile, store: StateStore, clock: Clock) -> int:
    from heliograph.runner.scheduler import Scheduler  # noqa: PLC0415

    scheduler = Scheduler(
        file, store, clock, lambda: load_alert_file(options.file, read_environment())
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: scheduler.stop())
    signal.signal(signal.SIGHUP, lambda *_: scheduler.request_reload())
    scheduler.run()
    return 0


def _report(report: OnceReport) -> int:
    for delivery in report.dead:
        note(f"{delivery.id} to {delivery.channel} was given up: {delivery.detail}")
    note(
        f"{_count(len(report.evaluated), 'alert')} evaluated, {len(report.failed)} failed; "
        f"{len(report.delivered)} delivered, {report.undelivered} undelivered."
    )
    if report.undelivered:
        return UNDELIVERED
    return EVALUATION_FAILED if report.failed else 0


def _dry_run(file: AlertFile, store: StateStore, clock: Clock, only: str | None) -> int:
    has_failed = False
    for alert, _, done in preview(file, store, clock, only):
        has_failed = has_failed or done.has_failed
        for line in _preview_lines(file, alert, done):
            _print(line)
    return EVALUATION_FAILED if has_failed else 0


def _preview_lines(file: AlertFile, alert: Alert, done: Evaluated) -> Iterator[dict[str, Any]]:
    template = alert.settings.message.template()
    for key in done.record.keys:
        messages = []
        for delivery in done.deliveries:
            if delivery.id in key.delivery_ids:
                message = file.channels[delivery.channel].render(delivery.notice, template)
                rendered = {"channel": delivery.channel, "body": message.body}
                messages.append({**rendered, **_if("notes", list(message.notes))})
        yield {
            "alert": alert.name,
            **_if("key", key.outcome.key),
            "outcome": key.outcome.kind.value,
            "value": number_text(key.outcome.value),
            "state": key.state_before,
            "next_state": key.state_after,
            **_if("reason", key.reason or key.outcome.reason),
            "messages": messages,
        }


def _history(options: Namespace, file: AlertFile) -> int:
    with _store(options, file) as store:
        records = store.history(options.name, options.limit)
        if options.name is not None and options.name not in file.alerts and not records:
            find_alert(file, options.name)
        for record in reversed(records):
            for line in _history_lines(store, record):
                _print(line)
    return 0


def _history_lines(store: StateStore, record: EvaluationRecord) -> Iterator[dict[str, Any]]:
    for key in record.keys:
        found = [store.find_delivery(name) for name in key.delivery_ids]
        yield {
            "at": _instant(record.evaluated_at),
            "due_at": _instant(record.due_at),
            "alert": record.alert,
            **_if("key", key.outcome.key),
            "outcome": key.outcome.kind.value,
            "value": number_text(key.outcome.value),
            "state": key.state_before,
            "next_state": key.state_after,
            **_if("notice", key.notice),
            **_if("reason", key.reason or key.outcome.reason),
            "duration_ms": record.duration_ms,
            "deliveries": [_delivery_line(delivery) for delivery in found if delivery],
        }


def _delivery_line(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "channel": delivery.channel,
        "state": delivery.state.value,
        "attempts": delivery.attempts,
        **_if("next_attempt_at", delivery.next_attempt_at and _instant(delivery.next_attempt_at)),
        **_if("detail", delivery.detail),
    }


def _replay(options: Namespace, file: AlertFile) -> int:
    clock = SystemClock()
    with _store(options, file) as store:
        delivery = store.replay(options.name, clock.now())
        if delivery is None:
            known = [found.id for found in store.deliveries(list(DeliveryState), limit=1_000)]
            raise NameUnknown(
                f"There is no delivery {options.name}.", hint=suggest(options.name, known)
            )
        if delivery.channel not in file.channels:
            raise NameUnknown(f"The file has no channel {delivery.channel} any more.")
        deliver_waiting(
            file, store, clock, OnceReport(), _REPLAY_SECONDS, channels=[delivery.channel]
        )
        after = store.find_delivery(options.name)
        assert after is not None
        _print(_delivery_line(after))
        return 0 if after.state is DeliveryState.DELIVERED else UNDELIVERED


def _mute(options: Namespace, file: AlertFile) -> int:
    alert = find_alert(file, options.name)
    until: datetime = options.until
    if until.tzinfo is None:
        until = until.replace(tzinfo=file.timezone)
    with _store(options, file) as store:
        is_over = until <= datetime.now(UTC)
        store.mute(alert.name, None if is_over else until.astimezone(UTC))
    if is_over:
        print(f"{alert.name} is not muted.")
    else:
        print(f"{alert.name} is muted until {_instant(until)}; what holds then is told then.")
    return 0


def _health(options: Namespace, file: AlertFile) -> int:
    with _store(options, file) as store:
        last = store.last_beat()
    seconds = (datetime.now(UTC) - last).total_seconds() if last else None
    if seconds is None or seconds > _ALIVE_SECONDS:
        since = "never" if last is None else f"last at {_instant(last)}"
        print(f"No runner is alive on this state ({since}).")
        return 1
    print(f"A runner was alive {seconds:.0f} s ago.")
    return 0


@contextmanager
def _store(options: Namespace, file: AlertFile) -> Iterator[StateStore]:
    store = open_store(file.state_place(options.state))
    try:
        yield store
    finally:
        store.close()


def _print(line: dict[str, Any]) -> None:
    sys.stdout.write(orjson.dumps(line).decode() + "\n")
    sys.stdout.flush()


def _if(name: str, value: Any) -> dict[str, Any]:
    return {name: value} if value else {}


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
