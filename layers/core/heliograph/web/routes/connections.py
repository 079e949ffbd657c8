"""``/api/connections``: the databases that people connect, their tests, their schemas."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from heliograph.connections.models import (
    ConnectionChanges,
    ConnectionDraft,
    TargetChanges,
    TargetDraft,
)
from heliograph.connections.testing import ConnectionTest
from heliograph.kernel.errors import (
    AddressForbidden,
    Conflict,
    CursorInvalid,
    Forbidden,
    KeyUnavailable,
    NameTaken,
    NotFound,
    PasswordRequired,
    QueueUnavailable,
)
from heliograph.kernel.pagination import DEFAULT_LIMIT, MOST_ITEMS, PageRequest
from heliograph.web.connection_answers import (
    ConnectionAnswer,
    ConnectionsAnswer,
    ConnectionTestAnswer,
    SchemaAnswer,
)
from heliograph.web.contract import (
    Access,
    Answer,
    Call,
    Limit,
    Nothing,
    QueryModel,
    RequestModel,
    Route,
)

_PATH = "/api/connections"
_ASK_AGAIN_SECONDS = 2
_Title = Annotated[str, Field(min_length=1, max_length=255)]


class NewConnection(ConnectionDraft, RequestModel):
    """A connection to be made. Only host, database, username and name have no default."""


class ChangedConnection(ConnectionChanges, RequestModel):
    """What is to be different: what is absent stays, null clears what may be empty.

    With ``version``, the change is made only to the version that was seen.
    """

    version: int | None = Field(None, ge=1)


class TestedConnection(TargetDraft, RequestModel):
    """Values to be tried out. They are not saved."""


class TestedChanges(TargetChanges, RequestModel):
    """What is to be different for this test alone."""


class ConnectionsQuery(QueryModel):
    """A page of the list."""

    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MOST_ITEMS)
    cursor: str | None = Field(None, max_length=1000)


class SchemaQuery(QueryModel):
    """Which part of the schema: all of it, one schema, or one table of that."""

    schema_name: _Title | None = Field(None, alias="schema", description="One schema only.")
    table: _Title | None = Field(None, description="One table of that schema only.")


def create_connection(call: Call[NewConnection, Nothing]) -> ConnectionAnswer:
    """Save a connection."""
    return ConnectionAnswer.of(call.services.connections.create(call.actor, call.body), call.actor)


def list_connections(call: Call[Nothing, ConnectionsQuery]) -> ConnectionsAnswer:
    """List the connections that the caller may view."""
    wanted = PageRequest(call.query.limit, call.query.cursor)
    page = call.services.connections.list(call.actor, wanted)
    items = [ConnectionAnswer.of(one, call.actor) for one in page.items]
    return ConnectionsAnswer(items=items, next=page.next)


def get_connection(call: Call[Nothing, Nothing]) -> ConnectionAnswer:
    """Show one connection."""
    return ConnectionAnswer.of(call.services.connections.get(call.actor, _id(call)), call.actor)


def change_connection(call: Call[ChangedConnection, Nothing]) -> ConnectionAnswer:
    """Change a connection."""
    changed = call.services.connections.change(
        call.actor, _id(call), call.body, version=call.body.version
    )
    return ConnectionAnswer.of(changed, call.actor)


def delete_connection(call: Call[Nothing, Nothing]) -> None:
    """Delete a connection."""
    call.services.connections.delete(call.actor, _id(call))


def run_draft_test(call: Call[TestedConnection, Nothing]) -> ConnectionTestAnswer:
    """Try out values that are not saved."""
    return _told(call.services.connections.test_draft(call.actor, call.body))


def run_test(call: Call[TestedChanges, Nothing]) -> ConnectionTestAnswer:
    """Try out a saved connection."""
    return _told(call.services.connections.test(call.actor, _id(call), call.body))


def get_schema(call: Call[Nothing, SchemaQuery]) -> Answer:
    """Show what there is in the database."""
    return _show(call, call.services.schemas.get(call.actor, _id(call)), call.query)


def refresh_schema(call: Call[Nothing, Nothing]) -> Answer:
    """Read the schema again."""
    return _show(
        call,
        call.services.schemas.refresh(call.actor, _id(call)),
        SchemaQuery(schema=None, table=None),
    )


def _id(call: Call[Any, Any]) -> UUID:
    return call.ids["connection_id"]


def _told(test: ConnectionTest) -> ConnectionTestAnswer:
    return ConnectionTestAnswer.model_validate(test)


def _show(call: Call[Any, Any], snapshot: Any, query: SchemaQuery) -> Answer:
    from heliograph.connections.schema_answers import (  # noqa: PLC0415
        etag_of,
        is_pending,
        write_answer,
    )

    etag = etag_of(snapshot, query.schema_name, query.table)
    known = [one.strip() for one in call.headers.get("if-none-match", "").split(",")]
    if etag in known or etag.removeprefix("W/") in known:
        return Answer(status=304, headers={"ETag": etag})
    if is_pending(snapshot):
        headers = {"Retry-After": str(_ASK_AGAIN_SECONDS)}
        return Answer(write_answer(snapshot), status=202, headers=headers)
    body = write_answer(snapshot, query.schema_name, query.table)
    return Answer(body, headers={"ETag": etag})


_GUESSES = Limit(30, timedelta(minutes=1))
_REFUSALS = (NotFound, Forbidden)

ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        _PATH,
        create_connection,
        "Save a connection",
        Access.EDITOR,
        body=NewConnection,
        answer=ConnectionAnswer,
        status=201,
        errors=(NameTaken, AddressForbidden, KeyUnavailable),
    ),
    Route(
        "GET",
        _PATH,
        list_connections,
        "List the connections that you may view",
        Access.SIGNED_IN,
        query=ConnectionsQuery,
        answer=ConnectionsAnswer,
        errors=(CursorInvalid,),
    ),
    Route(
        "POST",
        f"{_PATH}/test",
        run_draft_test,
        "Try out a connection that is not saved",
        Access.EDITOR,
        body=TestedConnection,
        answer=ConnectionTestAnswer,
        limit=_GUESSES,
        errors=(AddressForbidden,),
    ),
    Route(
        "GET",
        f"{_PATH}/{{connection_id}}",
        get_connection,
        "Show a connection",
        Access.SIGNED_IN,
        answer=ConnectionAnswer,
        errors=(NotFound,),
    ),
    Route(
        "PATCH",
        f"{_PATH}/{{connection_id}}",
        change_connection,
        "Change a connection",
        Access.EDITOR,
        body=ChangedConnection,
        answer=ConnectionAnswer,
        errors=(
            *_REFUSALS,
            Conflict,
            PasswordRequired,
            NameTaken,
            AddressForbidden,
            KeyUnavailable,
        ),
    ),
    Route(
        "DELETE",
        f"{_PATH}/{{connection_id}}",
        delete_connection,
        "Delete a connection",
        Access.EDITOR,
        errors=_REFUSALS,
    ),
    Route(
        "POST",
        f"{_PATH}/{{connection_id}}/test",
        run_test,
        "Try out a saved connection, or changes to it",
        Access.EDITOR,
        body=TestedChanges,
        answer=ConnectionTestAnswer,
        limit=_GUESSES,
        errors=(*_REFUSALS, Conflict, PasswordRequired, AddressForbidden, KeyUnavailable),
    ),
    Route(
        "GET",
        f"{_PATH}/{{connection_id}}/schema",
        get_schema,
        "Show what there is in the database",
        Access.EDITOR,
        query=SchemaQuery,
        answer=SchemaAnswer,
        errors=(*_REFUSALS, Conflict, KeyUnavailable, QueueUnavailable),
    ),
    Route(
        "POST",
        f"{_PATH}/{{connection_id}}/schema/refresh",
        refresh_schema,
        "Read the schema again",
        Access.EDITOR,
        answer=SchemaAnswer,
        limit=_GUESSES,
        errors=(*_REFUSALS, Conflict, KeyUnavailable, QueueUnavailable),
    ),
)
