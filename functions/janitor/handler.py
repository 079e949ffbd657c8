"""``janitor``: forgets what has expired, wakes up what waits, ends what was lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from heliograph.kernel.errors import PlatformError
from heliograph.platform.settings import read_app_settings, read_environment
from heliograph.web.janitor import clean as clean_up
from heliograph.web.janitor import look_after_queries
from heliograph.web.services import Services


def clean(event: Mapping[str, Any], context: Any) -> dict[str, int]:
    """Do every step, or those that a tick of each minute names; return how much each did.

    A step that fails leaves the others alone; in the end this raises, so that the function's Errors
    count it. A tick that comes twice, or late, does no harm.
    """
    environment = read_environment()
    services = Services(read_app_settings("janitor", environment), environment)
    try:
        work = look_after_queries if event.get("look") == "queries" else clean_up
        done, failed = work(
            services, seconds_left=lambda: context.get_remaining_time_in_millis() / 1000
        )
    finally:
        services.close()
    if failed:
        raise PlatformError(
            f"These steps failed: {', '.join(failed)}.",
            hint="The log says why: janitor.step_failed.",
        )
    return dict(done)
