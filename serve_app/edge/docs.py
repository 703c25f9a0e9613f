"""`docs/api.md` and `docs/events.md`, rendered from the documents that the program gives to machines. Pure."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from serve_app.edge.notation import shape_of

_METHODS: Final = ("get", "post", "put", "patch", "delete")
_HEADERS: Final = frozenset({"X-Request-Id", "Idempotency-Key"})
_JSON: Final = "application/json"
_API: Final = """# The REST API

Rendered from the program (`python -m serve_app.cluster.documents api`) and held to it by a test: what `/openapi.json`
says, for people. The socket has the same operations under the same names (`docs/events.md`).

A token goes into `Authorization: Bearer ...`. Errors are `application/problem+json` (RFC 9457) with a stable `code`;
each answer carries `X-Request-Id`. An `Idempotency-Key` on a POST makes a repeat get the first answer. Lists come in
pages: `limit` and `cursor` in, `next_cursor` out. What has a version carries an `ETag`, which `If-None-Match` and
`If-Match` take. Any operation may answer 400, 401, 403, 429, 500 or 503; what else it refuses stands beside it.

A member with `?` may be missing, and a name stands for a type of the last section.
"""
_EVENTS: Final = """# The events of the socket

Rendered from the program (`python -m serve_app.cluster.documents events`) and held to it by a test: what
`/asyncapi.json` says, for people. Routes with the same operations are in `docs/api.md`.

{about}

A member with `?` may be missing, and a name stands for a type of the last section.
"""
_OF_ALL: Final = frozenset({"400", "401", "403", "429", "500", "503"})


def render_api(document: Mapping[str, Any]) -> str:
    """The page of an OpenAPI document."""
    return "\n".join([_API, *_routes(document), *_types(document)]).rstrip() + "\n"


def render_events(document: Mapping[str, Any]) -> str:
    """The page of an AsyncAPI document."""
    about = " ".join(document["info"]["description"].split())
    parts = [_EVENTS.format(about=about), "## What clients emit\n", *_operations(document, "receive")]
    parts += ["## What the server emits\n", *_operations(document, "send")]
    return "\n".join([*parts, *_types(document)]).rstrip() + "\n"


def _routes(document: Mapping[str, Any]) -> Iterator[str]:
    groups: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = {}
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                tag = (item[method].get("tags") or ["other"])[0]
                groups.setdefault(tag, []).append((method.upper(), path, item[method]))
    for tag, found in groups.items():
        yield f"## {tag.capitalize()}\n"
        for method, path, operation in found:
            yield from _route(method, path, operation, document["components"]["schemas"])


def _route(method: str, path: str, operation: Mapping[str, Any], parts: Mapping[str, Any]) -> Iterator[str]:
    yield f"### `{method} {path}`\n"
    yield _words(operation.get("description") or operation.get("summary", "")) + "\n"
    yield f"- operation: `{operation['operationId']}`"
    parameters = [one for one in operation.get("parameters", ()) if one["name"] not in _HEADERS and one["in"] != "path"]
    if parameters:
        told = [f"{one['name']}{'' if one['required'] else '?'}: {shape_of(one['schema'])}" for one in parameters]
        yield f"- query: `{{{', '.join(told)}}}`"
    body = operation.get("requestBody", {}).get("content", {})
    for media, content in body.items():
        yield f"- body{_as(media)}: `{_whole(content['schema'], parts)}`"
    yield from _answers(operation["responses"], parts)
    yield ""


def _answers(responses: Mapping[str, Any], parts: Mapping[str, Any]) -> Iterator[str]:
    for status, response in responses.items():
        if status < "300":
            contents = response.get("content") or {"": {"schema": {}}}
            for media, content in contents.items():
                yield f"- {status}{_as(media)}" + (f": `{_whole(content.get('schema', {}), parts)}`" if media else "")
    if own := sorted(status for status in responses if status >= "400" and status not in _OF_ALL):
        yield f"- refuses: {', '.join(own)}"


def _as(media: str) -> str:
    return f" ({media})" if media not in ("", _JSON) else ""


def _operations(document: Mapping[str, Any], action: str) -> Iterator[str]:
    for key, operation in document["operations"].items():
        if operation["action"] == action:
            yield from _event(key, operation, document["components"])


def _event(key: str, operation: Mapping[str, Any], components: Mapping[str, Any]) -> Iterator[str]:
    messages, parts = components["messages"], components["schemas"]
    message = messages[key]
    yield f"### `{message['name']}`\n"
    yield _words(f"{message['summary']} {message.get('description', '')}") + "\n"
    yield f"- payload: `{_whole(message['payload'], parts)}`"
    if f"{key}_ack" in messages:
        ack = messages[f"{key}_ack"]
        yield f"- ack `data`: `{_whole(ack['payload']['oneOf'][0]['properties']['data'], parts)}`"
        yield f"- codes: {', '.join(f'`{code}`' for code in ack['x-error-codes'])}"
        yield f"- counted as `{operation['x-rate-limit']}`, allowed by `{operation['x-policy-action']}`"
    for example in message.get("examples", ()):
        yield "\n```json\n" + json.dumps(example["payload"], ensure_ascii=False) + "\n```"
    yield ""


def _types(document: Mapping[str, Any]) -> Iterator[str]:
    yield "## Types\n"
    for name, schema in sorted(document["components"]["schemas"].items()):
        yield f"- **{name}**: `{shape_of(schema)}`"


def _whole(schema: Mapping[str, Any], parts: Mapping[str, Any]) -> str:
    """The type with its members, where it has a name."""
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    return shape_of(parts[name] if name else schema)


def _words(text: str) -> str:
    return " ".join(text.split())
