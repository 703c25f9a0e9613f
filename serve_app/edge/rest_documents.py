"""What the OpenAPI document says of an operation: its parameters, its body, its answer, an example of each."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from serve_app.edge.decoding import RequestReader
from serve_app.edge.operation import Operation, Rest
from serve_app.edge.schemas import members_of, schema_of

REF: Final = "#/components/schemas/{name}"
_JSON: Final = "application/json"
_TAG: Final = {"type": "string"}
_ETAG: Final = {"description": "The version, as an entity tag (RFC 9110, 8.8.3).", "schema": _TAG}
_IF_MATCH: Final = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "Entity tags of what is to be changed. 412 when it is none of these any more.",
    "schema": _TAG,
    "example": '"7"',
}
_IF_NONE_MATCH: Final = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "Entity tags of what the caller has. 304 when it is one of them still.",
    "schema": _TAG,
    "example": '"7"',
}


def document_of(operation: Operation[Any], rest: Rest, reader: RequestReader) -> dict[str, Any]:
    """`openapi_extra` of the route."""
    sent = dict(operation.example.request) if operation.example is not None else {}
    document: dict[str, Any] = {"responses": _responses(operation, rest)}
    schemas = members_of(reader.kind)
    parameters = [
        _parameter(name=member.name, where=where, required=member.required, schema=schemas[member.name], sent=sent)
        for where, members in (("path", reader.path), ("query", reader.query))
        for member in members
    ]
    if operation.versioned:
        parameters.append(_IF_NONE_MATCH if rest.method == "GET" else _IF_MATCH)
    if parameters:
        document["parameters"] = parameters
    if reader.body is not None:
        content: dict[str, Any] = {"schema": schema_of(reader.body)}
        if operation.example is not None:
            content["example"] = {name: value for name, value in sent.items() if name not in _names(reader)}
        required = any(field.required for field in msgspec.structs.fields(reader.body))
        document["requestBody"] = {"content": {_JSON: content}, "required": required}
    return document


def _names(reader: RequestReader) -> set[str]:
    return {member.name for member in reader.path}


def _parameter(name: str, where: str, required: bool, schema: dict[str, Any], sent: dict[str, Any]) -> dict[str, Any]:
    parameter = {"name": name, "in": where, "required": required, "schema": schema}
    return parameter | {"example": sent[name]} if name in sent else parameter


def _responses(operation: Operation[Any], rest: Rest) -> dict[str, Any]:
    told: dict[str, Any] = {"content": _content(operation, rest)}
    if operation.versioned:
        told["headers"] = {"ETag": _ETAG}
    responses = {str(status): told for status in (rest.status, *rest.statuses)}
    if operation.versioned and rest.method == "GET":
        responses["304"] = {"description": "What the caller has is what is there.", "headers": {"ETag": _ETAG}}
    return responses


def _content(operation: Operation[Any], rest: Rest) -> dict[str, Any]:
    shown = rest.shown
    if shown is not None and shown.response is None:
        return {shown.media_type: {"schema": {"type": "string"}}}
    response = shown.response if shown is not None else operation.response
    content: dict[str, Any] = {"schema": {} if response is None else {"$ref": REF.format(name=response.__name__)}}
    if operation.example is not None and shown is None:
        content["example"] = dict(operation.example.answer)
    return {_JSON: content}


def answers_of(operations: Iterable[Operation[Any]]) -> set[type[msgspec.Struct]]:
    """The types of their answers at the REST door, for the document's components."""
    found = set()
    for one in operations:
        if one.rest is not None:
            response = one.rest.shown.response if one.rest.shown is not None else one.response
            found |= set() if response is None else {response}
    return found
