"""``heliograph serve``: the whole application in one process on this machine."""

from __future__ import annotations

import shlex
import sys
from argparse import Namespace
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from heliograph.cli.addresses import keep_public_url
from heliograph.cli.serve_parser import DEFAULT_DATA_DIR
from heliograph.cli.terminal import note
from heliograph.platform import log

if TYPE_CHECKING:
    from heliograph.local.demo_world import SignIn
    from heliograph.local.serve import Serving


def run(options: Namespace) -> int:
    """Serve until asked to end; what a person or a program waits for goes to stdout."""
    from heliograph.local import node  # noqa: PLC0415

    if options.stop:
        pid = node.stop_serving(options.data_dir)
        where = options.data_dir
        note(
            f"ended (process {pid}); everything is kept in {where}."
            if pid
            else f"nothing was being served from {where}."
        )
        return 0
    line_format = options.log_format or ("text" if sys.stderr.isatty() else "json")
    log.use_format(log.as_text if line_format == "text" else log.as_json)
    try:
        _serve(options)
    except KeyboardInterrupt:
        note("ended before it was ready.")
    return 0


def _serve(options: Namespace) -> None:
    from heliograph.local.gateway import Limits  # noqa: PLC0415
    from heliograph.local.serve import ServeOptions, serve  # noqa: PLC0415
    from heliograph.platform.secrets import read_database_url  # noqa: PLC0415

    if options.host not in ("127.0.0.1", "::1", "localhost") and not options.behind_proxy:
        note(
            f"listening on {options.host} without TLS: passwords cross the network in the clear."
            " Put a proxy with TLS in front, and give --behind-proxy and --public-url."
        )
    wanted = ServeOptions(
        data_dir=options.data_dir,
        host=options.host,
        port=options.port,
        database_url=options.database_url and read_database_url(options.database_url),
        public_url=options.public_url,
        is_behind_proxy=options.behind_proxy,
        limits=Limits(requests_per_second=options.requests_per_second),
    )
    sign_ins: list[SignIn] = []

    def prepare(serving: Serving) -> None:
        if options.demo:
            from heliograph.local.demo_world import prepare_demo  # noqa: PLC0415

            sign_ins.extend(prepare_demo(serving.node, serving.services, say=note))

    def announce(serving: Serving) -> None:
        keep_public_url(options.data_dir, options.public_url or serving.url)
        link = None if options.demo else _setup_link(serving)
        print(f"Heliograph is ready: {serving.url}", flush=True)
        _tell_sign_ins(sign_ins)
        if sign_ins:
            _tell_what_next(serving.url, options.data_dir)
        if link is not None:
            print(f"Set it up, once, within a day: {link}", flush=True)

    serve(wanted, say=note, prepare=prepare, when_ready=announce)
    with suppress(OSError, ValueError):  # whoever started it may have gone
        note(f"ended; everything is kept in {options.data_dir}.")


def _tell_sign_ins(sign_ins: list[SignIn]) -> None:
    for sign_in in sign_ins:
        person = sign_in.person
        if sign_in.is_current:
            print(f"{person.role.value} {person.email} {person.password}", flush=True)
        else:
            note(f"the {person.role.value} {person.email} has a password of their own by now.")


def _tell_what_next(url: str, data_dir: Path) -> None:
    folder = "" if data_dir == DEFAULT_DATA_DIR else f" --data-dir {shlex.quote(str(data_dir))}"
    note(f"how they sign in is shown at {url}; there is no web application yet, but an API.")
    note(f'ask the shop: heliograph query --url "$(heliograph demo url{folder})" "select now()"')
    note("Ctrl-C ends it; everything is kept.")


def _setup_link(serving: Serving) -> str | None:
    """Return a new link that makes the first admin, None where there is an admin."""
    from heliograph.kernel.actors import SYSTEM  # noqa: PLC0415

    links = serving.services.links
    return links.create_setup_link(SYSTEM) if links.is_setup_needed() else None
