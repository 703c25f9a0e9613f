"""The sockets' door: operations, and events that only a socket can send, as handlers of a gateway."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

import msgspec

from actors.kernel.contract.answers import Reply
from realtime.delivery.connections import Connection
from realtime.delivery.joining import Joining
from realtime.front.handlers import EventResult, Handler
from serve_app.edge.operation import Caller, ClientEvent, Operation, Versioned, encoded, result_of, version_meant

Request = TypeVar("Request", bound=msgspec.Struct)


def handlers_of(operations: Iterable[Operation[Any]], joining: Joining) -> list[Handler]:
    """A handler for each. `joining`: makes sockets hear what some of them name."""
    return [_handler(one, _calling(one) if one.topic is None else _listening(one, joining)) for one in operations]


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
        binary=isinstance(declared, ClientEvent) and declared.binary,
    )


def _calling(operation: Operation[Any]) -> Callable[[Connection, Any], Awaitable[EventResult]]:
    """Nothing is awaited before the operation is called, so a socket's commands go out in the order of its events."""
    caller_of = _caller_of(operation)

    async def call(connection: Connection, request: Any) -> EventResult:
        answer = await operation.call(request, caller_of(connection, request))
        if isinstance(answer, Reply):  # of a room, as a rule: what most events are answered with
            return EventResult(answer.data)
        result = result_of(answer)
        return EventResult(encoded(result.body), persons=result.persons)

    return call


def _listening(operation: Operation[Any], joining: Joining) -> Callable[[Connection, Any], Awaitable[EventResult]]:
    """The socket hears its topic from then on: what comes meanwhile is sent right behind the answer."""
    caller_of, topic_of = _caller_of(operation), operation.topic
    assert topic_of is not None

    async def call(connection: Connection, request: Any) -> EventResult:
        async def submit() -> Reply:
            answer = await operation.call(request, caller_of(connection, request))
            assert isinstance(answer, Reply)
            return answer

        joined = await joining.join(connection, topic_of(request), submit)
        return EventResult(joined.reply.data, joined.held)

    return call


def _caller_of(operation: Operation[Any]) -> Callable[[Connection, Any], Caller]:
    named = "request_id" in operation.request.__struct_fields__
    versioned = issubclass(operation.request, Versioned)

    def caller(connection: Connection, request: Any) -> Caller:
        verified = connection.verified
        return Caller(
            by=connection.principal,
            trace=connection.trace(),
            idempotency_key=(request.request_id or "") if named else "",
            if_match=version_meant(request) if versioned else None,
            session=verified.session if verified is not None else "",
            device=verified.device if verified is not None else "",
            connection=connection.sid,
            network=connection.address,
        )

    return caller
