"""What is missing, and how to fix it: the same checks for the API and for ``heliograph doctor``."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from heliograph.kernel.errors import (
    HeliographError,
    KeyUnavailable,
    PlatformError,
    SchemaOutdated,
)
from heliograph.kernel.ids import new_id
from heliograph.platform.database import ConstraintViolated
from heliograph.platform.log import log

if TYPE_CHECKING:
    from heliograph.platform.queues import Queue
    from heliograph.web.services import Services

CHECK_SECONDS = 3.0
"""How long the checks of one neighbour may take together."""

_KEPT_SECONDS = {"database": 5.0, "key": 30.0, "blobs": 30.0}


class HealthStatus(StrEnum):
    """Everything is well; something should be mended; it cannot do its work."""

    OK = "ok"
    DEGRADED = "degraded"
    FAILING = "failing"


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """One thing that was looked at. Without what ``is_vital`` Heliograph cannot do its work."""

    name: str
    ok: bool
    message: str
    fix: str | None = None
    is_vital: bool = True


@dataclass(frozen=True, slots=True)
class _Check:
    """How a thing is looked at: ``run`` says whether it is well, what was found, and the fix."""

    name: str
    run: Callable[[Services], tuple[bool, str, str | None]]
    is_vital: bool = True
    needs: str | None = None  # a setting without which there is nothing to look at
    forgives: type[HeliographError] | None = None  # what is no reason to take a node out of service

    def is_due(self, services: Services) -> bool:
        return self.needs is None or getattr(services.settings, self.needs) is not None

    def tell(self, ok: bool, message: str, fix: str | None = None) -> HealthCheck:
        return HealthCheck(self.name, ok, message, fix, self.is_vital)

    def tell_error(self, error: HeliographError) -> HealthCheck:
        is_forgiven = self.forgives is not None and isinstance(error, self.forgives)
        is_vital = self.is_vital and not is_forgiven
        return HealthCheck(self.name, False, error.message, error.hint, is_vital)


def judge(checks: Sequence[HealthCheck]) -> HealthStatus:
    """Return what all checks together say."""
    wrong = [check for check in checks if not check.ok]
    if any(check.is_vital for check in wrong):
        return HealthStatus.FAILING
    return HealthStatus.DEGRADED if wrong else HealthStatus.OK


class Health:
    """Examines the neighbours of one installation. Threads may share it.

    An examination takes at most ``seconds``, raises nothing, and is kept for a while (5 s for the
    database, 30 s for what costs a call to another service), so that asking often costs nothing.
    A neighbour that hangs holds one thread at most, however often it is asked. With
    ``remembers_key``, the first key that works is the one that later ones are compared with.
    """

    def __init__(
        self,
        services: Services,
        *,
        seconds: float = CHECK_SECONDS,
        remembers_key: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._monotonic = monotonic
        self._seconds = seconds
        self._lock = threading.Lock()
        neighbours = {**_NEIGHBOURS, **(_REMEMBERING if remembers_key else {})}
        self._groups = [
            _Group(services, [c for c in checks if c.is_due(services)], _KEPT_SECONDS[setting])
            for setting, checks in neighbours.items()
            if getattr(services.settings, setting) is not None
        ]

    def examine(self) -> list[HealthCheck]:
        """Return what was found, a neighbour after the other; what has no address is left out."""
        with self._lock:
            for group in self._groups:
                group.begin(self._monotonic())
            ends_at = time.monotonic() + self._seconds
            for group in self._groups:
                group.join(max(0.0, ends_at - time.monotonic()))
            return [check for group in self._groups for check in group.found(self._seconds)]


class _Group:
    """The checks of one neighbour, one after the other in a thread of their own.

    When the first one fails, the others are not tried: they would say the same once more.
    """

    def __init__(self, services: Services, checks: Sequence[_Check], kept_seconds: float) -> None:
        self._services = services
        self._checks = checks
        self._kept_seconds = kept_seconds
        self._began_at: float | None = None
        self._thread: threading.Thread | None = None
        self._found: list[HealthCheck] = []

    def begin(self, now: float) -> None:
        """Examine anew, unless what is known is fresh or the last examination still hangs."""
        is_busy = self._thread is not None and self._thread.is_alive()
        is_fresh = self._began_at is not None and now - self._began_at < self._kept_seconds
        if is_busy or is_fresh:
            return
        self._began_at = now
        self._found = []
        self._thread = threading.Thread(
            target=self._run, args=(self._found,), name="health", daemon=True
        )
        self._thread.start()

    def join(self, seconds: float) -> None:
        """Wait for the examination, no longer than this."""
        if self._thread is not None:
            self._thread.join(seconds)

    def found(self, seconds: float) -> Iterator[HealthCheck]:
        """Yield the result of each check; one that has none yet has not answered in time."""
        done = list(self._found)
        yield from done
        for check in self._checks[len(done) :]:
            yield check.tell(
                ok=False,
                message=f"No answer within {seconds:g} s.",
                fix="Check that it runs and that the network lets requests through.",
            )

    def _run(self, found: list[HealthCheck]) -> None:
        first, *others = self._checks
        found.append(_examined(first, self._services))
        for check in others:
            if found[0].ok:
                found.append(_examined(check, self._services))
            else:
                found.append(check.tell(ok=False, message=f"Not looked at: see {first.name}."))


def _examined(check: _Check, services: Services) -> HealthCheck:
    try:
        return check.tell(*check.run(services))
    except HeliographError as error:
        return check.tell_error(error)
    except Exception as error:  # noqa: BLE001  # the edge: health answers whatever happens
        log("health.unexpected", check=check.name, error=type(error).__name__)
        return check.tell(
            ok=False,
            message=f"Unexpected {type(error).__name__}.",
            fix="This is a bug in Heliograph: please report it.",
        )


def _examine_database(services: Services) -> tuple[bool, str, str | None]:
    services.database.fetch("SELECT 1 AS one")  # a first connection is not the latency
    began = time.perf_counter()
    (row,) = services.database.fetch("SELECT current_setting('server_version') AS version")
    milliseconds = (time.perf_counter() - began) * 1000
    return True, f"PostgreSQL {row['version']} answers in {milliseconds:.1f} ms.", None


def _examine_migrations(services: Services) -> tuple[bool, str, str | None]:
    from heliograph.platform.migrations import find_pending, read_migrations  # noqa: PLC0415

    if pending := find_pending(services.database):
        return False, f"Not applied yet: {', '.join(pending)}.", "Run `heliograph migrate`."
    return True, f"All {len(read_migrations())} migrations are applied.", None


def _examine_setup(services: Services) -> tuple[bool, str, str | None]:
    if not services.links.is_setup_needed():
        return True, "There is an admin.", None
    return (
        False,
        "There is no admin yet, so nobody can sign in.",
        (
            "Open the link that `heliograph serve` prints when it starts, or make one with "
            "`heliograph admin setup-link`. On AWS, invoke the function migrator with "
            '{"setup_link": true}.'
        ),
    )


def _examine_queues(services: Services) -> tuple[bool, str, str | None]:
    from heliograph.platform.dead_letters import (  # noqa: PLC0415
        count_dead_letters,
        how_to_redrive,
    )

    found = _queues_of(services)
    if not found:
        return True, "No queue is named.", None
    waiting = in_flight = dead = 0
    fixes = []
    for address, queue in found:
        counts = queue.counts()
        waiting += counts.waiting + counts.delayed
        in_flight += counts.in_flight
        set_aside = count_dead_letters(
            address, environment=services.environment, database=lambda: services.database
        )
        dead += set_aside
        if set_aside:
            fixes.append(how_to_redrive(address))
    told = f"{waiting} waiting, {in_flight} being worked on"
    if dead:
        return (
            False,
            f"{dead} message(s) failed too often and are set aside; {told}.",
            f"Look for the cause in the log, then bring them back: {', '.join(fixes)}.",
        )
    return True, f"{told}, none set aside.", None


def _queues_of(services: Services) -> list[tuple[str, Queue]]:
    names = ("schema_queue", "query_queue", "export_queue")
    addresses = {name: getattr(services.settings, name) for name in names}
    return [(where, getattr(services, name)) for name, where in addresses.items() if where]


def _examine_key(services: Services) -> tuple[bool, str, str | None]:
    from heliograph.platform.key_probe import examine_key  # noqa: PLC0415

    examine_key(services.envelope)
    return True, "Secrets can be encrypted and decrypted.", None


def _examine_secrets(services: Services) -> tuple[bool, str, str | None]:
    from heliograph.platform.key_probe import compare_key, examine_key  # noqa: PLC0415

    try:
        examine_key(services.envelope)
    except KeyUnavailable:
        return False, "Not looked at: see key.", None
    is_same = compare_key(services.database, services.envelope)
    if is_same is False:
        return (
            False,
            "The key is another than the one that stored secrets were encrypted with.",
            (
                "Bring back the key that belongs to this database. If it is lost for good, "
                "`heliograph admin forget-secrets` begins anew without it."
            ),
        )
    told = "by the key that encrypted them" if is_same else "so far nothing is known of another key"
    return True, f"Stored secrets can be opened: {told}.", None


def _examine_secrets_and_remember(services: Services) -> tuple[bool, str, str | None]:
    from heliograph.platform.key_probe import compare_key, seal_probe  # noqa: PLC0415

    found = _examine_secrets(services)
    if found[0] and compare_key(services.database, services.envelope) is None:
        with suppress(PlatformError, ConstraintViolated):
            seal_probe(services.database, services.envelope, services.clock.now())
    return found


def _examine_blobs(services: Services) -> tuple[bool, str, str | None]:
    key = f"health/{new_id().hex}"
    services.blobs.put(key, key.encode(), content_type="text/plain")
    try:
        content = services.blobs.read(key)
    finally:
        services.blobs.delete([key])
    if content == key.encode():
        return True, "Results can be written, read and deleted.", None
    return (
        False,
        "What is written does not come back as it was.",
        "Check that `HELIOGRAPH_BLOBS` names a place that nobody else writes to.",
    )


# Each neighbour by the setting that is its address.
_NEIGHBOURS: Mapping[str, Sequence[_Check]] = {
    "database": (
        _Check("database", _examine_database),
        # Ahead: a newer node has begun while this one still answers, as in every upgrade.
        _Check("migrations", _examine_migrations, forgives=SchemaOutdated),
        _Check("setup", _examine_setup, is_vital=False),
        _Check("queues", _examine_queues, is_vital=False),
        _Check("secrets", _examine_secrets, needs="key"),
    ),
    "key": (_Check("key", _examine_key),),
    "blobs": (_Check("blobs", _examine_blobs),),
}
_REMEMBERING = {
    "database": (
        *_NEIGHBOURS["database"][:-1],
        _Check("secrets", _examine_secrets_and_remember, needs="key"),
    )
}
