"""``/api/openapi.json``: what the API can do, for those who write clients."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from pydantic import ConfigDict

from heliograph.web.contract import Access, Answer, AnswerModel, Call, Nothing, Route


class OpenApiDocument(AnswerModel):
    """A document of OpenAPI 3.1."""

    model_config = ConfigDict(extra="allow")

    openapi: str


def get_openapi(call: Call[Nothing, Nothing]) -> Answer:
    """Return the document that is generated from all routes."""
    return Answer(_read_document(), status=200)


@cache
def _read_document() -> bytes:
    return files("heliograph.web").joinpath("openapi.json").read_bytes()


ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/api/openapi.json",
        get_openapi,
        "The API's own description, in OpenAPI 3.1",
        Access.PUBLIC,
        answer=OpenApiDocument,
    ),
)
