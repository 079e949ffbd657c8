"""The OpenAPI document, made of the routes: ``make openapi`` writes it beside this module.

Nothing in it is written by hand but the shape of errors, so it cannot say what the code does not.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from heliograph import __version__
from heliograph.kernel import errors
from heliograph.kernel.errors import HeliographError
from heliograph.web.answers import success_status
from heliograph.web.contract import Access, Nothing, Route
from heliograph.web.errors import status_of
from heliograph.web.functions import API_FUNCTIONS, load_routes

_REF = "#/components/schemas/{model}"
_PROBLEM = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
_FOR = {
    Access.PUBLIC: "For everybody.",
    Access.SIGNED_IN: "For who is signed in.",
    Access.EDITOR: "For editors and admins.",
    Access.ADMIN: "For admins.",
}
_ALWAYS = (errors.HeliographError, errors.RequestInvalid, errors.DatabaseUnavailable)
_SIGNED_IN = (errors.Unauthenticated, errors.TokenExpired, errors.TokenInvalid)
_WITH_BODY = (errors.BodyMalformed, errors.BodyTooLarge, errors.MediaTypeUnsupported)


def all_routes() -> tuple[Route, ...]:
    """Return the routes of all functions."""
    return tuple(route for modules in API_FUNCTIONS.values() for route in load_routes(modules))


def make_document(routes: Sequence[Route]) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of some routes.

    Raises `ValueError` when two routes are run by functions of the same name: it is their id.
    """
    schemas, queries = _make_schemas(routes)
    paths: dict[str, dict[str, Any]] = {}
    seen: set[str] = set()
    for route in routes:
        operation = _operation(route, queries)
        if operation["operationId"] in seen:
            raise ValueError(f"two routes are run by {operation['operationId']}")
        seen.add(operation["operationId"])
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    shared = _share_responses(paths)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Heliograph",
            "version": __version__,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": noun} for noun in dict.fromkeys(route.noun for route in routes)],
        "paths": paths,
        "components": {
            "schemas": {**schemas, "Problem": _problem_schema()},
            "responses": shared,
            "headers": _HEADERS,
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An access token of a session, or a personal token.",
                }
            },
        },
    }


def write_document(path: Path) -> None:
    """Write the document of all routes."""
    document = make_document(all_routes())
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


class _Schemas(GenerateJsonSchema):
    """Schemas without a title for each member, which would only repeat its name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _make_schemas(
    routes: Sequence[Route],
) -> tuple[dict[str, Any], dict[type[BaseModel], dict[str, Any]]]:
    """Return the schemas of all models by name, and those of query strings by their model."""
    wanted: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {}
    for route in routes:
        wanted[(route.query, "validation")] = None
        if route.body is not Nothing:
            wanted[(route.body, "validation")] = None
        for model in (route.answer, *route.also.values()):
            if model is not None:
                wanted[(model, "serialization")] = None
    refs, definitions = models_json_schema(
        list(wanted), ref_template=_REF, schema_generator=_Schemas
    )
    schemas = definitions.get("$defs", {})
    names = {route.query: refs[(route.query, "validation")]["$ref"] for route in routes}
    # A query string is no schema of its own in OpenAPI: its members become parameters.
    queries = {model: schemas.pop(_name(ref)) for model, ref in names.items()}
    return schemas, queries


def _name(ref: str) -> str:
    return ref.rpartition("/")[2]


def _operation(route: Route, queries: dict[type[BaseModel], dict[str, Any]]) -> dict[str, Any]:
    scope = "" if route.access is Access.PUBLIC else f" Tokens need the scope `{route.scope}`."
    operation: dict[str, Any] = {
        "operationId": route.run.__name__,
        "summary": route.summary,
        "description": f"{_FOR[route.access]}{scope}",
        "tags": [route.noun],
        "security": [] if route.access is Access.PUBLIC else [{"bearer": []}],
    }
    parameters = [*_path_parameters(route), *_query_parameters(queries[route.query])]
    if parameters:
        operation["parameters"] = parameters
    if route.body is not Nothing:
        content = {"schema": _reference(route.body)}
        operation["requestBody"] = {
            "required": any(field.is_required() for field in route.body.model_fields.values()),
            "content": dict.fromkeys(route.media_types, content),
        }
    operation["responses"] = _responses(route)
    return operation


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {
            "name": part[1:-1],
            "in": "path",
            "required": True,
            "schema": {"type": "string", "format": "uuid"},
        }
        for part in route.path.split("/")
        if part.startswith("{")
    ]


def _query_parameters(schema: dict[str, Any]) -> list[dict[str, Any]]:
    required = schema.get("required", [])
    found = []
    for name, described in schema.get("properties", {}).items():
        own = dict(described)
        parameter = {"name": name, "in": "query", "required": name in required}
        if "description" in own:
            parameter["description"] = own.pop("description")
        found.append({**parameter, "schema": _without_null(own)})
    return found


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema without ``null``, which no query string can say."""
    if schema.get("default", "") is None:
        schema = {key: value for key, value in schema.items() if key != "default"}
    kinds = [kind for kind in schema.get("anyOf", []) if kind != {"type": "null"}]
    if len(kinds) != 1:
        return {**schema, "anyOf": kinds} if kinds else schema
    return {**{key: value for key, value in schema.items() if key != "anyOf"}, **kinds[0]}


def _responses(route: Route) -> dict[str, Any]:
    answers = {**route.also, success_status(route): route.answer}
    codes: dict[int, list[str]] = {}
    for kind in _errors_of(route):
        codes.setdefault(status_of(kind), []).append(kind.code)
    found = {}
    for status in sorted({*answers, *codes}):
        model = answers.get(status)
        described: dict[str, Any] = {"description": HTTPStatus(status).phrase}
        if status in codes:
            told = ", ".join(f"`{code}`" for code in sorted(set(codes[status])))
            described["description"] += f": {told}"
            described["content"] = _PROBLEM
        if model is not None:
            kinds = [_reference(model), *([_reference_to("Problem")] if status in codes else [])]
            schema = kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
            described["content"] = {"application/json": {"schema": schema}}
        described["headers"] = _headers_of(status)
        found[str(status)] = described
    return found


def _share_responses(paths: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Name, for each status of errors, the response that most operations have; use the name."""
    found: dict[str, Counter[str]] = {}
    everywhere = [item["responses"] for methods in paths.values() for item in methods.values()]
    for responses in everywhere:
        for status, response in responses.items():
            if response.get("content") == _PROBLEM:
                found.setdefault(status, Counter())[json.dumps(response)] += 1
    most = {status: counts.most_common(1)[0] for status, counts in sorted(found.items())}
    shared = {status: text for status, (text, count) in most.items() if count > 1}
    for responses in everywhere:
        for status, response in responses.items():
            if json.dumps(response) == shared.get(status):
                responses[status] = {"$ref": f"#/components/responses/Problem{status}"}
    return {f"Problem{status}": json.loads(text) for status, text in shared.items()}


def _errors_of(route: Route) -> list[type[HeliographError]]:
    found: list[type[HeliographError]] = [*_ALWAYS, *route.errors]
    if route.access is not Access.PUBLIC:
        found += [*_SIGNED_IN, errors.SessionRevoked, errors.Forbidden]
    if route.method not in ("GET", "HEAD"):
        found += [*_WITH_BODY, errors.Forbidden]
    if "{" in route.path:
        found.append(errors.NotFound)
    if route.limit is not None:
        found.append(errors.RateLimited)
    return found


_HEADERS = {
    "X-Request-Id": {
        "description": "What the log calls this request.",
        "required": True,
        "schema": {"type": "string"},
    },
    "Retry-After": {
        "description": "Seconds after which to try again.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    },
    "WWW-Authenticate": {
        "description": "How to say who asks: RFC 6750.",
        "required": True,
        "schema": {"type": "string"},
    },
    "Location": {
        "description": "Where to go on.",
        "required": True,
        "schema": {"type": "string", "format": "uri-reference"},
    },
}


def _headers_of(status: int) -> dict[str, Any]:
    names = ["X-Request-Id"]
    if status == 401:
        names.append("WWW-Authenticate")
    if status == 429:
        names.append("Retry-After")
    if 300 <= status < 400:
        names.append("Location")
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return _reference_to(model.__name__)


def _reference_to(name: str) -> dict[str, str]:
    return {"$ref": _REF.format(model=name)}


def _problem_schema() -> dict[str, Any]:
    """Return the shape of errors, which `heliograph.web.errors.describe` writes."""
    text, number = {"type": "string"}, {"type": "integer", "minimum": 1}
    place = {
        "type": "object",
        "required": ["path", "message"],
        "properties": {
            "path": {**text, "description": "A JSON pointer into the body, or `?name`."},
            "message": text,
        },
    }
    return {
        "type": "object",
        "title": "Problem",
        "description": "Why a request was not done as it was made.",
        "required": ["type", "title", "status", "code", "detail", "errors", "request_id"],
        "properties": {
            "type": {**text, "format": "uri"},
            "title": text,
            "status": {"type": "integer"},
            "code": {**text, "enum": sorted({kind.code for kind in _all_errors(HeliographError)})},
            "detail": text,
            "errors": {"type": "array", "items": place},
            "request_id": text,
            "sqlstate": text,
            "position": number,
            "line": number,
            "column": number,
            "hint": text,
        },
    }


def _all_errors(root: type[HeliographError]) -> list[type[HeliographError]]:
    return [root, *(kind for child in root.__subclasses__() for kind in _all_errors(child))]


if __name__ == "__main__":
    write_document(Path(__file__).with_suffix(".json"))
