"""``heliograph serve``: the whole application in one process on this machine."""

from __future__ import annotations

import shlex
import sys
from argparse import Namespace
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from heliograph.cli.addresses import forget_address, keep_address, keep_public_url
from heliograph.cli.environment import (
    chosen_data_dir,
    chosen_database,
    chosen_proxies,
    chosen_public_url,
)
from heliograph.cli.serve_output import JsonOutput, PlainOutput, ServeOutput
from heliograph.cli.serve_parser import DEFAULT_DATA_DIR
from heliograph.kernel.errors import UsageError
from heliograph.platform import log

if TYPE_CHECKING:
    from heliograph.local.demo_world import SignIn
    from heliograph.local.serve import ServeOptions, Serving


def run(options: Namespace) -> int:
    """Serve until asked to end; what a person or a program waits for goes to stdout."""
    from heliograph.local import node  # noqa: PLC0415

    output: ServeOutput = JsonOutput() if options.log_format == "json" else PlainOutput()
    data_dir = chosen_data_dir(options) or DEFAULT_DATA_DIR
    if options.stop:
        pid = node.stop_serving(data_dir)
        output.note(
            f"ended (process {pid}); everything is kept in {data_dir}."
            if pid
            else f"nothing was being served from {data_dir}."
        )
        return 0
    line_format = options.log_format or ("text" if sys.stderr.isatty() else "json")
    log.use_format(log.as_text if line_format == "text" else log.as_json)
    try:
        _serve(options, data_dir, output)
    except KeyboardInterrupt:
        output.note("ended before it was ready.")
    return 0


def _serve(options: Namespace, data_dir: Path, output: ServeOutput) -> None:
    from heliograph.local.serve import serve  # noqa: PLC0415

    wanted = _read_options(options, data_dir)
    _look_at(wanted, output)
    sign_ins: list[SignIn] = []

    def prepare(serving: Serving) -> None:
        if options.demo:
            from heliograph.local.demo_world import prepare_demo  # noqa: PLC0415

            kept = serving.places.kept_dir
            sign_ins.extend(prepare_demo(serving.node, serving.services, kept, say=output.note))

    def announce(serving: Serving) -> None:
        keep_public_url(data_dir, wanted.public_url or serving.url)
        stack.callback(forget_address, data_dir)
        keep_address(data_dir, serving.url)
        link = None if options.demo else _setup_link(serving)
        output.ready(serving.url)
        for sign_in in sign_ins:
            output.sign_in(sign_in)
        if sign_ins:
            _tell_what_next(output, serving.url, data_dir)
        if link is not None:
            output.setup_link(link)

    with ExitStack() as stack:
        serve(wanted, say=output.note, prepare=prepare, when_ready=announce)
    with suppress(OSError, ValueError):  # whoever started it may have gone
        output.note(f"ended; everything is kept in {data_dir}.")


def _read_options(options: Namespace, data_dir: Path) -> ServeOptions:
    """Raise `UsageError` for options that do not belong together."""
    from heliograph.local.gateway import Limits  # noqa: PLC0415
    from heliograph.local.serve import ServeOptions  # noqa: PLC0415
    from heliograph.platform.secrets import read_database_url  # noqa: PLC0415

    database = chosen_database(options)
    if options.shared_dir is not None and database is None:
        raise UsageError(
            "--shared-dir is for nodes that share an app database, and none is named.",
            hint="Give --database-url, the same for each node.",
        )
    return ServeOptions(
        data_dir=data_dir,
        host=options.host,
        port=options.port,
        database_url=read_database_url(database) if database else None,
        shared_dir=options.shared_dir,
        key_file=options.key_file,
        public_url=chosen_public_url(options),
        trusted_proxies=chosen_proxies(options),
        limits=Limits(requests_per_second=options.requests_per_second),
    )


def _look_at(wanted: ServeOptions, output: ServeOutput) -> None:
    """Say what is unwise."""
    if wanted.shared_dir is not None and wanted.public_url is None:
        output.note("links lead to this node alone: give each node the same --public-url.")
    if wanted.host not in ("127.0.0.1", "::1", "localhost") and not wanted.trusted_proxies:
        output.note(
            f"listening on {wanted.host} without TLS: passwords cross the network in the clear."
            " Put a proxy with TLS in front, and give --behind-proxy and --public-url."
        )


def _tell_what_next(output: ServeOutput, url: str, data_dir: Path) -> None:
    folder = "" if data_dir == DEFAULT_DATA_DIR else f" --data-dir {shlex.quote(str(data_dir))}"
    output.note(f"open {url} in a browser and sign in as one of them.")
    output.note(
        f'ask the shop: heliograph query --url "$(heliograph demo url{folder})" "select now()"'
    )
    output.note("Ctrl-C ends it; everything is kept.")


def _setup_link(serving: Serving) -> str | None:
    """Return a new link that makes the first admin, None where there is an admin."""
    from heliograph.kernel.actors import SYSTEM  # noqa: PLC0415

    links = serving.services.links
    return links.create_setup_link(SYSTEM) if links.is_setup_needed() else None
