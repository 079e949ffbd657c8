"""The environment of the functions on one machine: what the template names, with local values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from heliograph.kernel.errors import DeploymentInvalid
from heliograph.local.deployment import Deployment
from heliograph.platform.settings import setting_name

_PREFIX = "HELIOGRAPH_"
# What a person may set for `heliograph serve` as the parameters of a deployment would.
_FROM_OUTSIDE = (setting_name("forbidden_hosts"), setting_name("allowed_origins"))


def local_environment(
    deployment: Deployment, places: Mapping[str, str], outside: Mapping[str, str]
) -> dict[str, str]:
    """Return the variables that the deployment's functions are given, all of them together.

    ``places`` are the local values of settings by their field (``database``, ``key``, ...), used
    where the template names the setting; a queue of the template is ``postgres:name``. ``outside``
    is the environment of the process. Raises `DeploymentInvalid` for a variable of Heliograph that
    has no local value.
    """
    local = {setting_name(field): value for field, value in places.items()}
    local[setting_name("proxies")] = "0"  # the gateway itself has seen to it
    for name in _FROM_OUTSIDE:
        local[name] = outside.get(name, "")
    found: dict[str, str] = {}
    for function in deployment.functions:
        for name, value in function.environment.items():
            given = local.get(name) if name.startswith(_PREFIX) else None
            queue = _queue_of(deployment, value)
            text = f"postgres:{queue}" if queue else given
            if text is None and isinstance(value, str | int):
                text = str(value)
            if text is None:
                raise DeploymentInvalid(
                    f"{function.logical_id} is given {name}, which has no value on one machine.",
                    hint="docs/explanation/local-runtime.md says where values come from.",
                )
            found[name] = text
    # A setting that no function is given is not left over from outside either.
    return {**{name: local[name] for name in _FROM_OUTSIDE}, **found}


def _queue_of(deployment: Deployment, value: Any) -> str | None:
    target = value.get("Ref") if isinstance(value, dict) else None
    queue = deployment.queues.get(target) if isinstance(target, str) else None
    return queue.name if queue else None
