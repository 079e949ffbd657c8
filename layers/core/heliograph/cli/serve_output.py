"""What ``heliograph serve`` tells whoever has started it: a person's lines, or JSON alone.

What is waited for goes to stdout, what happens on the way to stderr.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from heliograph.cli import terminal
from heliograph.platform.log import as_json, log

if TYPE_CHECKING:
    from heliograph.local.demo_world import SignIn


class ServeOutput(Protocol):
    """Where the messages of one start go."""

    def note(self, text: str) -> None:
        """Tell what happens."""

    def ready(self, url: str) -> None:
        """Tell that it answers, and where."""

    def sign_in(self, sign_in: SignIn) -> None:
        """Tell with which password a person of the demo signs in."""

    def setup_link(self, link: str) -> None:
        """Tell the link that makes the first admin."""


class PlainOutput:
    """For a person, and for programs that read the lines of stdout."""

    def note(self, text: str) -> None:
        """Write a line to stderr."""
        terminal.note(text)

    def ready(self, url: str) -> None:
        """Write the line that is waited for."""
        print(f"Heliograph is ready: {url}", flush=True)

    def sign_in(self, sign_in: SignIn) -> None:
        """Write role, email and password."""
        person = sign_in.person
        if sign_in.is_current:
            print(f"{person.role.value} {person.email} {person.password}", flush=True)
        else:
            self.note(f"the {person.role.value} {person.email} has a password of their own by now.")

    def setup_link(self, link: str) -> None:
        """Write the link."""
        print(f"Set it up, once, within a day: {link}", flush=True)


class JsonOutput:
    """For whoever collects lines, as containers' logs do: one JSON object each."""

    def note(self, text: str) -> None:
        """Write ``serve.note`` to stderr."""
        log("serve.note", message=text)

    def ready(self, url: str) -> None:
        """Write ``serve.ready``."""
        _write("serve.ready", url=url)

    def sign_in(self, sign_in: SignIn) -> None:
        """Write ``serve.sign_in``, without a password that its person has changed."""
        person = sign_in.person
        told = {"password": person.password} if sign_in.is_current else {}
        _write("serve.sign_in", role=person.role.value, email=person.email, **told)

    def setup_link(self, link: str) -> None:
        """Write ``serve.setup``."""
        _write("serve.setup", message="Set it up, once, within a day.", link=link)


def _write(event: str, **fields: str) -> None:
    print(as_json(datetime.now(UTC), event, fields), flush=True)
