"""The kinds of channels there are. A new kind is a line in `CHANNEL_KINDS` and in the union."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

from pydantic import Field

from heliograph.notifications.channels.contract import Channel, Settings
from heliograph.notifications.channels.email import EmailChannel, EmailSettings
from heliograph.notifications.channels.slack import SlackChannel, SlackSettings
from heliograph.notifications.channels.webhook import WebhookChannel, WebhookSettings

ChannelSettings = Annotated[
    SlackSettings | EmailSettings | WebhookSettings, Field(discriminator="kind")
]
"""The settings of any kind, told apart by ``kind``."""


class _Make(Protocol):
    def __call__(self, name: str, settings: Any) -> Channel: ...


@dataclass(frozen=True, slots=True)
class ChannelKind:
    """One kind: what its settings are, and how it is made of them."""

    settings: type[Settings]
    make: _Make

    def fields(self) -> dict[str, bool]:
        """Return the keys of the file, and whether each must be given."""
        return {
            info.alias or name: info.is_required()
            for name, info in self.settings.model_fields.items()
        }


CHANNEL_KINDS: Mapping[str, ChannelKind] = {
    "slack": ChannelKind(SlackSettings, SlackChannel),
    "email": ChannelKind(EmailSettings, EmailChannel),
    "webhook": ChannelKind(WebhookSettings, WebhookChannel),
}


def make_channel(name: str, settings: SlackSettings | EmailSettings | WebhookSettings) -> Channel:
    """Return the channel that the file calls ``name``."""
    return CHANNEL_KINDS[settings.kind].make(name, settings)
