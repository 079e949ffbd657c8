"""Runs of this login, found on the server by name and ended over a connection of their own.

The process id of a run is kept nowhere: by the time it is used, it may be somebody else's. Name and
role are looked at in the same statement that sends the signal.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from contextlib import closing
from datetime import timedelta

from heliograph.connections.engines.contract import NAME_PREFIX, run_name
from heliograph.connections.engines.postgres.connect import connect_to, resolve_targets
from heliograph.connections.engines.postgres.errors import diagnose, query_error
from heliograph.connections.engines.postgres.values import array_literal
from heliograph.connections.engines.postgres.wire import ServerError, Wire
from heliograph.connections.url import ConnectionUrl
from heliograph.kernel.errors import ConnectError

GRACE_SECONDS = 1.0
"""How long a cancelled run may take to end before its connection is closed."""

_APPLICATION_NAME = f"{NAME_PREFIX}cancel"
_LOOK_SECONDS = 0.05
_CANCEL_AGAIN_SECONDS = 0.25
# The function beneath pg_stat_activity: without the joins of the view, the moment between reading a
# name and sending the signal is as short as it can be. Parallel workers share their leader's name.
_BACKENDS = """
  FROM pg_catalog.pg_stat_get_activity(NULL) AS a
 WHERE a.usesysid = pg_catalog.quote_ident(session_user)::pg_catalog.regrole
   AND a.datid = (SELECT d.oid FROM pg_catalog.pg_database AS d
                   WHERE d.datname = pg_catalog.current_database())
   AND a.backend_type = 'client backend'
   AND a.pid <> pg_catalog.pg_backend_pid()
   AND """
_BY_NAMES = "a.application_name = ANY ($1::pg_catalog.text[])"
_BY_PREFIX = "pg_catalog.starts_with(a.application_name, $1::pg_catalog.text)"
_COUNT = "count(*)"
_CANCEL = "count(*) FILTER (WHERE pg_catalog.pg_cancel_backend(a.pid))"
# A cancel that comes between two statements is lost, and one that meets the ROLLBACK does harm.
_CANCEL_AGAIN = """count(*) FILTER (
    WHERE CASE WHEN a.state = 'active' AND a.query <> 'ROLLBACK'
               THEN pg_catalog.pg_cancel_backend(a.pid) ELSE true END)"""
_END_IDLE = "count(*) FILTER (WHERE pg_catalog.pg_terminate_backend(idle.pid))"
_END_IDLE_WAITING = "count(*) FILTER (WHERE pg_catalog.pg_terminate_backend(idle.pid, 1000))"
_WAITING_SINCE = 140_000
_TERMINATE = "count(*) FILTER (WHERE pg_catalog.pg_terminate_backend(a.pid))"


class _Backends:
    """The backends of some names on one server, where somebody looks until ``deadline``."""

    def __init__(self, wire: Wire, names: str | Collection[str], deadline: float) -> None:
        self._wire = wire
        self._deadline = deadline
        if isinstance(names, str):
            self._where, self._names = _BACKENDS + _BY_PREFIX, names.encode()
        else:
            self._where, self._names = _BACKENDS + _BY_NAMES, array_literal([*names]).encode()

    def count(self, what: str = _COUNT) -> int:
        """Count them; ``what`` may signal those that it counts."""
        self._wire.limit(max(self._deadline - time.monotonic(), 0.001), grace=0)
        try:
            found = self._wire.execute(f"SELECT {what}{self._where}", [self._names])
        except ServerError as error:
            raise query_error(diagnose(error.result), sql="", origin=lambda at: at) from None
        return int(found.get_value(0, 0) or 0)

    def end_idle(self, most: int) -> int:
        """End those that run nothing now, the longest idle first, and wait until they are gone."""
        self._wire.limit(max(self._deadline - time.monotonic(), 0.001), grace=0)
        waits = self._wire.server_version >= _WAITING_SINCE
        ending = _END_IDLE_WAITING if waits else _END_IDLE
        sql = (
            f"SELECT {ending} FROM (SELECT a.pid{self._where}"  # noqa: S608
            " AND a.state = 'idle' ORDER BY a.state_change LIMIT $2::int) AS idle"
        )
        try:
            found = self._wire.execute(sql, [self._names, str(most).encode()])
        except ServerError as error:
            raise query_error(diagnose(error.result), sql="", origin=lambda at: at) from None
        return int(found.get_value(0, 0) or 0)

    def are_gone(self, within: float, again: str = _COUNT) -> bool:
        """Wait until there is none, at most so many seconds; count ``again`` now and then."""
        until = min(time.monotonic() + within, self._deadline)
        next_again = time.monotonic() + _CANCEL_AGAIN_SECONDS
        while time.monotonic() + _LOOK_SECONDS < until:
            time.sleep(_LOOK_SECONDS)
            is_due = time.monotonic() >= next_again
            if not self.count(again if is_due else _COUNT):
                return True
            if is_due:
                next_again = time.monotonic() + _CANCEL_AGAIN_SECONDS
        return False


def cancel_run(url: ConnectionUrl, run_id: str, *, within: timedelta) -> int:
    """End a run, and its session where that takes long; see `contract.Engine.cancel`."""
    return _find(url, [run_name(run_id)], within, _cancel)


def terminate_runs(url: ConnectionUrl, runs: str | Collection[str], *, within: timedelta) -> int:
    """Close the connections of runs; see `contract.Engine.terminate`."""
    if runs == "":
        raise ValueError("an empty beginning would end everything that Heliograph does there")
    names = NAME_PREFIX + runs if isinstance(runs, str) else [run_name(one) for one in runs]
    return _find(url, names, within, _terminate)


def end_idle(url: ConnectionUrl, names: str, *, most: int, within: timedelta) -> int:
    """Close connections that run nothing; see `contract.Engine.end_idle`."""
    if names == "":
        raise ValueError("an empty beginning would end everything that Heliograph does there")
    return _find(url, NAME_PREFIX + names, within, lambda backends: backends.end_idle(most))


def _cancel(backends: _Backends) -> int:
    count = backends.count(_CANCEL)
    if count and not backends.are_gone(GRACE_SECONDS, _CANCEL_AGAIN):
        _terminate(backends)
    return count


def _terminate(backends: _Backends) -> int:
    count = backends.count(_TERMINATE)
    if count:
        backends.are_gone(float("inf"))
    return count


def _find(
    url: ConnectionUrl,
    names: str | Collection[str],
    within: timedelta,
    end: Callable[[_Backends], int],
) -> int:
    """End what has these names on the first server of the URL that knows them."""
    deadline = time.monotonic() + within.total_seconds()
    targets = resolve_targets(url, deadline)
    errors: list[ConnectError] = []
    for index, target in enumerate(targets):
        share = (deadline - time.monotonic()) / (len(targets) - index)
        try:
            connection = connect_to(
                url,
                [target],
                application_name=_APPLICATION_NAME,
                deadline=time.monotonic() + share,
            )
        except ConnectError as error:
            errors.append(error)
            continue
        with closing(connection):
            count = end(_Backends(Wire(connection), names, deadline))
        if count:
            return count
    if len(errors) == len(targets):
        raise errors[0]
    return 0
