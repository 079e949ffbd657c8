"""What the routes of a function stand on: the services and their neighbours, made when needed.

One object per function instance. Making it opens nothing: each part comes to be, and its module is
imported, when it is first asked for.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Generic, Self, TypeVar, overload

from heliograph.kernel.clock import Clock, SystemClock
from heliograph.kernel.errors import SettingsMissing
from heliograph.platform.settings import AppSettings, setting_name

if TYPE_CHECKING:
    from heliograph.accounts.grants import Grants
    from heliograph.accounts.groups import Groups
    from heliograph.accounts.links import Links
    from heliograph.accounts.sessions import Sessions
    from heliograph.accounts.tokens import Tokens
    from heliograph.accounts.users import Users
    from heliograph.audit.service import AuditLog
    from heliograph.connections.saved import Connections
    from heliograph.connections.schemas import Schemas
    from heliograph.platform.blob_store import BlobStore
    from heliograph.platform.database import Database
    from heliograph.platform.envelope import Envelope
    from heliograph.platform.queues import Queue
    from heliograph.queries.asking import Asking
    from heliograph.queries.attention import Attention
    from heliograph.queries.executor import Executor
    from heliograph.queries.export_executor import ExportExecutor
    from heliograph.queries.export_workers import ExportWorker
    from heliograph.queries.exports import Exports
    from heliograph.queries.holding import Holder
    from heliograph.queries.looks import Looks
    from heliograph.queries.resets import Resets
    from heliograph.queries.runs import Runs
    from heliograph.queries.tending import Tending
    from heliograph.queries.wakes import Wakes
    from heliograph.queries.workers import QueryWorker
    from heliograph.web.health import Health


PartT = TypeVar("PartT")


class _Part(Generic[PartT]):
    """A part that is made when it is first asked for, once: other threads wait for it.

    Afterwards it is an attribute like any other, and costs nothing.
    """

    def __init__(self, make: Callable[[Services], PartT]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    @overload
    def __get__(self, services: None, owner: type[Services]) -> Self: ...

    @overload
    def __get__(self, services: Services, owner: type[Services]) -> PartT: ...

    def __get__(self, services: Services | None, owner: type[Services]) -> Self | PartT:
        if services is None:
            return self
        made, name = services.__dict__, self._make.__name__
        with services.making:
            if name not in made:
                made[name] = self._make(services)
            part: PartT = made[name]
            return part


class Services:
    """The services of one function instance. Threads may share it."""

    def __init__(
        self, settings: AppSettings, environment: Mapping[str, str], clock: Clock | None = None
    ) -> None:
        self.settings = settings
        self.environment = environment
        self.clock: Clock = clock or SystemClock()
        self.making = threading.RLock()  # held while a part is made, which may make others

    @_Part
    def database(self) -> Database:
        """The app database."""
        from heliograph.platform.database import Database  # noqa: PLC0415
        from heliograph.platform.secrets import read_database_url  # noqa: PLC0415

        address = self._setting("database")
        if not address.startswith("arn:"):
            return Database(read_database_url(address), prepares=True)
        renew = partial(read_database_url, address)  # the secret outlives its passwords
        return Database(renew(), renew_url=renew)

    @_Part
    def envelope(self) -> Envelope:
        """What encrypts secrets at rest."""
        from heliograph.platform.envelope import Envelope  # noqa: PLC0415
        from heliograph.platform.keys import open_keys  # noqa: PLC0415

        return Envelope(open_keys(self._setting("key"), self.environment))

    @_Part
    def blobs(self) -> BlobStore:
        """Results and exports."""
        from heliograph.platform.blob_store import open_blob_store  # noqa: PLC0415

        return open_blob_store(self._setting("blobs"), self.environment)

    @_Part
    def schema_queue(self) -> Queue:
        """Where requests to read a schema go."""
        return self._open_queue("schema_queue")

    @_Part
    def query_queue(self) -> Queue:
        """Where those are woken up who do queries."""
        return self._open_queue("query_queue")

    @_Part
    def export_queue(self) -> Queue:
        """Where those are woken up who write exports."""
        return self._open_queue("export_queue")

    @_Part
    def audit(self) -> AuditLog:
        """Who did what."""
        from heliograph.audit.service import AuditLog  # noqa: PLC0415

        return AuditLog(self.database, self.clock)

    @_Part
    def users(self) -> Users:
        """People and their roles."""
        from heliograph.accounts.users import Users  # noqa: PLC0415

        return Users(self.database, self.clock)

    @_Part
    def groups(self) -> Groups:
        """Groups of people."""
        from heliograph.accounts.groups import Groups  # noqa: PLC0415

        return Groups(self.database, self.clock)

    @_Part
    def links(self) -> Links:
        """One-time links: set-up, invitations, password resets."""
        from heliograph.accounts.links import Links  # noqa: PLC0415

        return Links(self.database, self.clock, self.settings.public_url)

    @_Part
    def sessions(self) -> Sessions:
        """Sign-in, access tokens, refresh tokens. Only signing needs the key."""
        from heliograph.accounts.sessions import Sessions  # noqa: PLC0415

        return Sessions(self.database, self.clock, lambda: self.envelope)

    @_Part
    def tokens(self) -> Tokens:
        """Personal API tokens."""
        from heliograph.accounts.tokens import Tokens  # noqa: PLC0415

        return Tokens(self.database, self.clock)

    @_Part
    def grants(self) -> Grants:
        """Who may view and edit what."""
        from heliograph.accounts.grants import Grants  # noqa: PLC0415

        return Grants(self.database, self.clock)

    @_Part
    def connections(self) -> Connections:
        """Saved connections."""
        from heliograph.connections.saved import Connections  # noqa: PLC0415

        return Connections(
            self.database, self.clock, lambda: self.envelope, self.grants, self.settings
        )

    @_Part
    def schemas(self) -> Schemas:
        """What there is in the databases of connections."""
        from heliograph.connections.schemas import Schemas  # noqa: PLC0415

        return Schemas(self.database, self.clock, self.connections, lambda: self.schema_queue)

    @_Part
    def attention(self) -> Attention:
        """Whether somebody has to look after queries: in the blob store, without the database."""
        from heliograph.queries.attention import Attention  # noqa: PLC0415

        return Attention(lambda: self.blobs, self.clock)

    @_Part
    def holder(self) -> Holder:
        """This instance, as it holds work."""
        from heliograph.queries.holding import Holder  # noqa: PLC0415

        return Holder(self.database, self.clock, self.attention)

    @_Part
    def wakes(self) -> Wakes:
        """Wakes up who does queries and exports."""
        from heliograph.queries.executions_store import Kind  # noqa: PLC0415
        from heliograph.queries.wakes import Wakes  # noqa: PLC0415

        return Wakes({Kind.QUERY: lambda: self.query_queue, Kind.EXPORT: lambda: self.export_queue})

    @_Part
    def executor(self) -> Executor:
        """Does queries."""
        from heliograph.queries.executor import Executor  # noqa: PLC0415

        return Executor(self.holder, self.connections, lambda: self.blobs)

    @_Part
    def asking(self) -> Asking:
        """Takes questions."""
        from heliograph.queries.asking import Asking  # noqa: PLC0415

        return Asking(self.executor, self.connections, self.users, self.wakes)

    @_Part
    def runs(self) -> Runs:
        """Queries of people."""
        from heliograph.queries.runs import Runs  # noqa: PLC0415

        return Runs(self.holder, self.asking, self.connections, lambda: self.blobs, self.wakes)

    @_Part
    def looks(self) -> Looks:
        """Results sorted and filtered, and what stands in their columns."""
        from heliograph.queries.looks import Looks  # noqa: PLC0415

        return Looks(self.runs)

    @_Part
    def resets(self) -> Resets:
        """Ends everything that somebody has under way."""
        from heliograph.queries.resets import Resets  # noqa: PLC0415

        return Resets(self.holder, self.runs, self.connections)

    @_Part
    def query_worker(self) -> QueryWorker:
        """Does queued queries."""
        from heliograph.queries.workers import QueryWorker  # noqa: PLC0415

        return QueryWorker(self.executor, self.connections, self.wakes, self.asking)

    @_Part
    def export_executor(self) -> ExportExecutor:
        """Writes exports."""
        from heliograph.queries.export_executor import ExportExecutor  # noqa: PLC0415

        return ExportExecutor(self.executor, lambda: self.blobs)

    @_Part
    def exports(self) -> Exports:
        """Results as files."""
        from heliograph.queries.exports import Exports  # noqa: PLC0415

        return Exports(
            self.runs, self.connections, self.export_executor, lambda: self.blobs, self.wakes
        )

    @_Part
    def export_worker(self) -> ExportWorker:
        """Writes queued exports."""
        from heliograph.queries.export_workers import ExportWorker  # noqa: PLC0415

        return ExportWorker(self.export_executor, self.connections, self.wakes, self.asking)

    @_Part
    def tending(self) -> Tending:
        """Looks after queries."""
        from heliograph.queries.tending import Tending  # noqa: PLC0415

        return Tending(self.database, self.clock, lambda: self.blobs, self.wakes)

    @_Part
    def health(self) -> Health:
        """What is missing, and how to fix it."""
        from heliograph.web.health import Health  # noqa: PLC0415

        return Health(self, remembers_key=True)

    def close(self) -> None:
        """Close what was opened; the next use opens it again."""
        if "connections" in self.__dict__:
            self.connections.close()
        if "database" in self.__dict__:
            self.database.close()

    def _open_queue(self, name: str) -> Queue:
        from heliograph.platform.queues import open_queue  # noqa: PLC0415

        address = self._setting(name)
        return open_queue(address, environment=self.environment, database=lambda: self.database)

    def _setting(self, name: str) -> str:
        value: str | None = getattr(self.settings, name)
        if value is None:
            raise SettingsMissing(f"The environment lacks {setting_name(name)}.")
        return value
