"""The sockets' door: operations, and events that only a socket can send, as handlers of a gateway."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

import msgspec

from actors.kernel.contract.answers import Reply
from realtime.delivery.connections import Connection
from realtime.front.handlers import EventResult, Handler
from serve_app.edge.operation import Caller, ClientEvent, Operation, Versioned, encoded, result_of, version_meant

Request = TypeVar("Request", bound=msgspec.Struct)


def handlers_of(operations: Iterable[Operation[Any]]) -> list[Handler]:
    """A handler for each."""
    return [_handler(one, _calling(one)) for one in operations]


def handler_of(event: ClientEvent[Request], call: Callable[[Connection, Request], Awaitable[EventResult]]) -> Handler:
    """The handler of an event that `call` carries out by itself."""
    return _handler(event, call)


def _handler(
    declared: Operation[Any] | ClientEvent[Any], call: Callable[[Connection, Any], Awaitable[EventResult]]
) -> Handler:
    return Handler(
        event=declared.name,
        action=declared.action,
        limit=declared.limit,
        request=declared.request,
        call=call,
        anonymous=declared.anonymous,
        tells=declared.response,
        resource=declared.resource,
    )


def _calling(operation: Operation[Any]) -> Callable[[Connection, Any], Awaitable[EventResult]]:
    """Nothing is awaited before the operation is called, so a socket's commands go out in the order of its events."""
    named = "request_id" in operation.request.__struct_fields__
    versioned = issubclass(operation.request, Versioned)

    async def call(connection: Connection, request: Any) -> EventResult:
        key = (request.request_id or "") if named else ""
        caller = Caller(connection.principal, connection.trace(), key, version_meant(request) if versioned else None)
        answer = await operation.call(request, caller)
        if isinstance(answer, Reply):  # of a room, as a rule: what most events are answered with
            return EventResult(answer.data)
        result = result_of(answer)
        return EventResult(encoded(result.body), persons=result.persons)

    return call
