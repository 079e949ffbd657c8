"""``heliograph serve``: everything that template.yaml deploys, in one process on one machine."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from heliograph.kernel.errors import LocalDatabaseError
from heliograph.kernel.ids import new_id
from heliograph.local.allocator import bound_arenas
from heliograph.local.answers import raw_error
from heliograph.local.deployment import Deployment, QueueSpec, read_deployment
from heliograph.local.environment import local_environment
from heliograph.local.gateway import Gateway, Limits, Neighbours
from heliograph.local.http_server import bind, make_room, make_server
from heliograph.local.invoker import Invoker
from heliograph.local.node import Node, open_node
from heliograph.local.places import Places, join_installation, note_places
from heliograph.local.pollers import Pollers
from heliograph.local.readiness import await_ready
from heliograph.local.refusals import RefusalLog
from heliograph.local.site import Site
from heliograph.local.ticks import Pace, Ticker
from heliograph.platform.log import adopt, log
from heliograph.platform.settings import AppSettings, read_environment, set_environment
from heliograph.web.services import Services

if TYPE_CHECKING:
    import uvicorn

    from heliograph.platform.database import Database
    from heliograph.platform.queues_postgres import PostgresQueue

Say = Callable[[str], None]

NOT_SERVED = frozenset({"alert_file", "migrator"})
"""Functions of the template that are not the server's: the alert runner's, and deploy-time's."""

_DRAIN_SECONDS = 25.0
_EVERYWHERE = ("0.0.0.0", "::", "")  # noqa: S104  # compared with, not listened on
_HERE = Path(__file__).parent


@dataclass(frozen=True)
class ServeOptions:
    """What `serve` is told. ``folder`` holds template.yaml; ``public_url`` is for links.

    ``data_dir`` is this node's alone; ``shared_dir`` and ``key_file`` are where several nodes of
    one ``database_url`` keep what they share. ``trusted_proxies`` are addresses and networks, with
    commas, whose ``X-Forwarded-For`` counts. ``leave_out`` names functions, by their folder, that
    are not run. The server is ready when ``health_path`` answers with 200.
    """

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = 8000
    database_url: str | None = None
    shared_dir: Path | None = None
    key_file: Path | None = None
    public_url: str | None = None
    trusted_proxies: str | None = None
    folder: Path | None = None
    leave_out: frozenset[str] = NOT_SERVED
    limits: Limits = field(default_factory=Limits)
    health_path: str = "/api/health"
    tick_pace: Pace = field(default_factory=Pace)


@dataclass(frozen=True)
class Serving:
    """What is served: where, from which folders, and the services of the whole application."""

    url: str
    node: Node
    places: Places
    services: Services


Step = Callable[[Serving], None]


def serve(
    options: ServeOptions,
    *,
    say: Say = lambda _: None,
    prepare: Step = lambda _: None,
    when_ready: Step = lambda _: None,
) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP, then finish what runs; a second signal ends at once.

    ``prepare`` is called when the app database is there and nobody is answered yet, ``when_ready``
    once the server has answered itself through HTTP. To be called in the main thread. Raises
    LocalDatabaseError when the port is taken, `DataFolderLocked`, `DeploymentInvalid`, and what
    `join_installation` raises.
    """
    bound_arenas()
    places = Places.of(options.data_dir, options.shared_dir, options.key_file)
    listener = _listener(options)
    with closing(listener):
        url = _local_url(options.host, listener.getsockname()[1])
        public_url = (options.public_url or url).rstrip("/")
        folder = options.folder or find_deployment()
        deployment = read_deployment(folder, leave_out=options.leave_out)
        with ExitStack() as stack:
            node = stack.enter_context(_joined(options, places, say))
            addresses = {
                "database": node.database_url,
                "key": places.key,
                "blobs": places.blobs(public_url),
                "public_url": public_url,
            }
            environment = local_environment(deployment, addresses, read_environment())
            set_environment(environment)
            services = stack.enter_context(
                closing(Services(AppSettings(**addresses), read_environment()))
            )
            serving = Serving(url, node, places, services)
            invoker = Invoker(deployment)
            prepare(serving)
            background = stack.enter_context(_background(options, deployment, node, invoker))
            server = _http_server(options, deployment, places, invoker, folder)
            adopt("server.failed", "uvicorn.error", "asyncio")
            ready = partial(_announce, options, serving, when_ready)
            asyncio.run(_run(server, listener, ready, background))


@contextmanager
def _joined(options: ServeOptions, places: Places, say: Say) -> Iterator[Node]:
    """Yield the open node, whose key and blobs belong to its app database."""
    with open_node(options.data_dir, options.database_url, say=say) as node:
        is_alone = node.server is not None
        join_installation(places, node.database_url, is_alone=is_alone)
        note_places(places, has_own_database=is_alone)
        yield node


def find_deployment() -> Path:
    """Return the folder of template.yaml: packed beside this module, or the repository's root."""
    packed = _HERE / "deployed"
    return packed if (packed / "template.yaml").is_file() else _HERE.parents[3]


def find_site(folder: Path) -> Path:
    """Return the folder of the site's files: the built app, or the plain page until it is built."""
    built = folder / "frontend" / "dist"
    return built if (built / "index.html").is_file() else _HERE / "plain_site"


@dataclass(frozen=True)
class _Background:
    pollers: Pollers
    ticker: Ticker


@contextmanager
def _background(
    options: ServeOptions, deployment: Deployment, node: Node, invoker: Invoker
) -> Iterator[_Background]:
    """Yield what works off queues and schedules, started when the server listens."""
    from heliograph.platform.database import Database  # noqa: PLC0415
    from heliograph.platform.queues_postgres import Wakeups  # noqa: PLC0415

    with closing(Database(node.database_url)) as database:
        pollers = Pollers(
            [(source, _queue(source.queue, database)) for source in deployment.queue_sources],
            invoker,
            waker=Wakeups(node.database_url),
            tell=log,
        )
        schedules, pace = deployment.schedules, options.tick_pace
        ticker = Ticker(schedules, database, invoker, tell=log, pace=pace)
        yield _Background(pollers, ticker)


def _queue(spec: QueueSpec, database: Database) -> PostgresQueue:
    from heliograph.platform.queues_postgres import PostgresQueue  # noqa: PLC0415

    return PostgresQueue(
        database, spec.name, dead_letter=spec.dead_letter, most_receives=spec.most_receives
    )


def _http_server(
    options: ServeOptions, deployment: Deployment, places: Places, invoker: Invoker, folder: Path
) -> uvicorn.Server:
    from heliograph.platform.blob_store_folder import FolderBlobStore  # noqa: PLC0415

    site = Site(find_site(folder), deployment.site_headers)
    blobs = FolderBlobStore(places.blobs_path)
    neighbours = Neighbours(deployment, invoker, site, blobs, tell=RefusalLog(log))
    most_connections, backlog = make_room()
    return make_server(
        Gateway(neighbours, options.limits),
        lambda error: raw_error(error, str(new_id())),
        trusted_proxies=options.trusted_proxies,
        most_connections=most_connections,
        backlog=backlog,
    )


async def _run(
    server: uvicorn.Server,
    listener: socket.socket,
    announce: Callable[[threading.Event], None],
    background: _Background,
) -> None:
    loop = asyncio.get_running_loop()
    ending = asyncio.Event()
    is_ending = threading.Event()

    def end(number: int) -> None:
        if ending.is_set():
            os._exit(128 + number)
        is_ending.set()
        server.should_exit = True
        ending.set()
        log("serve.ending", signal=signal.Signals(number).name)

    for number in _ending_signals():
        loop.add_signal_handler(number, end, number)
    background.pollers.start()
    background.ticker.start()
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    announcing = asyncio.create_task(asyncio.to_thread(announce, is_ending))
    stopped = asyncio.create_task(ending.wait())
    await asyncio.wait({serving, announcing}, return_when=asyncio.FIRST_COMPLETED)
    try:
        if announcing.done():
            await announcing
            await stopped
    finally:
        server.should_exit = True
        is_ending.set()
        stopped.cancel()
        await asyncio.gather(
            serving,
            asyncio.gather(announcing, return_exceptions=True),
            asyncio.to_thread(background.pollers.stop, _DRAIN_SECONDS),
            asyncio.to_thread(background.ticker.stop, _DRAIN_SECONDS),
        )


def _ending_signals() -> list[signal.Signals]:
    """A terminal that was closed ends it too, unless it was started to outlive that (nohup)."""
    is_to_outlive = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return [signal.SIGINT, signal.SIGTERM, *([] if is_to_outlive else [signal.SIGHUP])]


def _announce(
    options: ServeOptions, serving: Serving, when_ready: Step, ending: threading.Event
) -> None:
    if await_ready(serving.url + options.health_path, ending=ending):
        when_ready(serving)


def _listener(options: ServeOptions) -> socket.socket:
    try:
        return bind(options.host, options.port)
    except OSError as error:
        raise LocalDatabaseError(
            f"Nothing can listen on {options.host}, port {options.port}: {error.strerror}.",
            hint=f"Is another one running? Give another port: --port {options.port + 1}",
        ) from error
    except OverflowError as error:
        raise LocalDatabaseError(f"{options.port} is no port.") from error


def _local_url(host: str, port: int) -> str:
    reached = "127.0.0.1" if host in _EVERYWHERE else host
    return f"http://{f'[{reached}]' if ':' in reached else reached}:{port}"
