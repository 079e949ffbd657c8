"""What the wheel takes along beside the package: the built web app, where it was built."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class SiteHook(BuildHookInterface):  # type: ignore[type-arg]
    """Puts frontend/dist where `heliograph serve` looks for it when there is no repository."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Without a built app the wheel is whole, too: then the plain page is served."""
        site = Path(self.root) / "frontend/dist"
        if version != "editable" and (site / "index.html").is_file():
            build_data["force_include"][str(site)] = "heliograph/local/deployed/frontend/dist"
