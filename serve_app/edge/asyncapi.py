"""`/asyncapi.json`: AsyncAPI 3.0.0 of the socket. What clients emit is received, and answered by an ack; what the
server emits is sent. Made of the declarations, so it holds nothing that is switched off. Pure.

A message of the document is one event: its `name` is the event's. One channel stands for the namespace `/`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from common.errors import CarewireError, error_types
from common.persons import NothingToTell
from serve_app.edge.draft7 import Schema, schemas_of
from serve_app.edge.front_events import ErrorPayload
from serve_app.edge.operation import Declared, Example
from serve_app.edge.server_events import ServerEvent

AT: Final = "#/components/schemas/{name}"
CHANNEL: Final = "main"
ALWAYS: Final = ("invalid_argument", "rate_limited", "overloaded", "unavailable", "internal")
SIGNED_IN: Final = ("unauthenticated", "permission_denied")
_BARE: Final = Example({}, {})  # of an event that takes and tells nothing
_DESCRIPTION: Final = """Socket.IO 5 over Engine.IO 4, at the namespace `/`. Connect with `auth: {token, device_id?,
recover?: {<room_id>: <last seq>}, inbox?: <last inbox seq>}`; a bad token is a `connect_error` whose `data` is
`{code, message}`. Every event that a client emits may ask for an ack: `{ok: true, data}` or `{ok: false, error}`. One
that fails without an ack is answered by an `error` event. What is addressed to a user lies in their inbox, numbered
(`inbox_seq`), and comes again after a reconnect until `inbox_ack`."""


def asyncapi(emitted: Sequence[Declared], heard: Sequence[ServerEvent], *, version: str, host: str) -> dict[str, Any]:
    """The document. `emitted`: by clients; `heard`: by clients; `host`: where they connect."""
    kinds = [one.request for one in emitted] + [_answer(one) for one in emitted] + [one.payload for one in heard]
    schemas, parts = schemas_of([*kinds, ErrorPayload], at=AT)
    count = len(emitted)
    messages: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for one, request, answer in zip(emitted, schemas[:count], schemas[count : 2 * count], strict=True):
        messages |= _of_client(one, request, answer)
        operations[one.name] = _received(one)
    for event, payload in zip(heard, schemas[2 * count : -1], strict=True):
        messages[f"on_{event.name}"] = _of_server(event, payload)
        operations[f"on_{event.name}"] = _sent(event)
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Carewire events", "version": version, "description": _DESCRIPTION},
        "defaultContentType": "application/json",
        "servers": {
            "gateway": {"host": host, "pathname": "/socket.io/", "protocol": "ws", "description": "The gateways."}
        },
        "channels": {CHANNEL: {"address": "/", "description": "The namespace `/`.", "messages": _references(messages)}},
        "operations": operations,
        "components": {"schemas": parts | {"Error": _error(parts)}, "messages": messages},
    }


def codes_of(one: Declared) -> list[str]:
    """Every code that an ack of this event may carry."""
    own = [kind.code for kind in one.refuses]
    before = () if one.anonymous else SIGNED_IN
    return list(dict.fromkeys([*ALWAYS, *before, *own]))


def summary_of(one: Declared) -> str:
    """What the event is for, in a sentence or two."""
    return one.description or " ".join((one.request.__doc__ or "").split())


def _answer(one: Declared) -> type:
    return one.response or NothingToTell


def _of_client(one: Declared, request: Schema, answer: Schema) -> dict[str, Any]:
    example = one.example or _BARE
    refused = {"ok": False, "error": {"code": codes_of(one)[-1], "message": "What to do next."}}
    good = {"type": "object", "required": ["ok", "data"], "properties": {"ok": {"const": True}, "data": answer}}
    bad = {
        "type": "object",
        "required": ["ok", "error"],
        "properties": {"ok": {"const": False}, "error": {"$ref": AT.format(name="Error")}},
    }
    return {
        one.name: {
            "name": one.name,
            "summary": summary_of(one),
            "payload": request,
            "examples": [{"name": "request", "payload": example.request}],
        },
        f"{one.name}_ack": {
            "name": f"ack of {one.name}",
            "summary": f"The answer to `{one.name}`.",
            "payload": {"oneOf": [good, bad]},
            "examples": [
                {"name": "done", "payload": {"ok": True, "data": example.answer}},
                {"name": "refused", "payload": refused},
            ],
            "x-error-codes": codes_of(one),
        },
    }


def _of_server(event: ServerEvent, payload: Schema) -> dict[str, Any]:
    words = " ".join((event.payload.__doc__ or "").split())
    message: dict[str, Any] = {
        "name": event.name,
        "summary": event.description or words,
        "description": f"Heard by {event.audience}.",
        "payload": payload,
    }
    if event.example is not None:
        message["examples"] = [{"name": "event", "payload": event.example}]
    return message


def _received(one: Declared) -> dict[str, Any]:
    return {
        "action": "receive",
        "channel": {"$ref": f"#/channels/{CHANNEL}"},
        "summary": summary_of(one),
        "messages": [_in_channel(one.name)],
        "reply": {"channel": {"$ref": f"#/channels/{CHANNEL}"}, "messages": [_in_channel(f"{one.name}_ack")]},
        "x-policy-action": one.action,
        "x-rate-limit": one.limit,
    }


def _sent(event: ServerEvent) -> dict[str, Any]:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{CHANNEL}"},
        "summary": event.description or " ".join((event.payload.__doc__ or "").split()),
        "messages": [_in_channel(f"on_{event.name}")],
    }


def _in_channel(name: str) -> dict[str, str]:
    return {"$ref": f"#/channels/{CHANNEL}/messages/{name}"}


def _references(messages: Iterable[str]) -> dict[str, dict[str, str]]:
    return {name: {"$ref": f"#/components/messages/{name}"} for name in messages}


def _error(parts: Mapping[str, Schema]) -> Schema:
    """The error object: that of the event `error`, without `event`, with the codes that there are."""
    members = {name: schema for name, schema in parts["ErrorPayload"]["properties"].items() if name != "event"}
    codes = sorted({kind.code for kind in error_types()} | {CarewireError.code})
    return {
        "title": "Error",
        "description": "Why it was refused. `retry_after`: seconds.",
        "type": "object",
        "properties": members | {"code": {"enum": codes}},
        "required": ["code", "message"],
    }
