"""Handlers of events: the declaration of each event of the gateway, and the result of a handler."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import msgspec

from actors.kernel.contract.protocol import TopicDelivery
from common.policy import PERSONAL, POLICY
from realtime.delivery.connections import Connection

Limit = Literal["connect", "message", "signal", "read", "write"]
"""The token bucket that an event is counted in. `write` also holds what takes as long as a write."""

LIMITS: Final[tuple[Limit, ...]] = get_args(Limit)


class EventResult(msgspec.Struct, frozen=True):
    """The result of a handler: the ack's `data` as JSON, and deliveries that are sent right behind the ack."""

    data: bytes = b"{}"
    held: Sequence[TopicDelivery] = ()
    persons: Sequence[str] | None = None  # whom it tells of, where the data itself does not say
    attachments: Sequence[bytes] = ()  # `data` has a placeholder for each


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """One event that clients may send.

    `action`: of the policy; the caller's role is held against it before the payload is decoded. `request`: the type of
    the payload. `anonymous`: also for sockets that have not said who they are. `tells`: the type of the answer's data,
    for events whose answers may tell of people. `resource`: members of the request; the first that has a value is what
    the audit record names as read. `binary`: members of the request are bytes, and may come as attachments.
    """

    event: str
    action: str
    limit: Limit
    request: type[msgspec.Struct]
    call: Callable[[Connection, Any], Awaitable[EventResult]]
    anonymous: bool = False
    tells: type[msgspec.Struct] | None = None
    resource: tuple[str, ...] = ()
    binary: bool = False

    def resource_of(self, request: msgspec.Struct) -> str:
        """The id of the resource of this request, for the audit record; "": none."""
        return next((str(value) for name in self.resource if (value := getattr(request, name))), "")


def by_event(handlers: Iterable[Handler]) -> dict[str, Handler]:
    """The handlers by the event that each handles.

    Raises:
        LookupError: a handler stands under no action of the policy or no limit, may tell of people and does not say
            where in its answer they are, names a resource that its request does not have, or handles an event that
            another one handles already.
    """
    table: dict[str, Handler] = {}
    for handler in handlers:
        if problem := _problem(handler, table):
            raise LookupError(f"event {handler.event!r}: {problem}")
        table[handler.event] = handler
    return table


def _problem(handler: Handler, others: dict[str, Handler]) -> str:
    if handler.event in others:
        return "it has two handlers"
    if handler.action not in POLICY:
        return f"the policy has no action {handler.action!r}"
    if handler.limit not in LIMITS:
        return f"there is no limit {handler.limit!r}"
    if handler.action in PERSONAL and handler.tells is None:
        return "its answer may tell of people and has no type, to tell who was read"
    if missing := [name for name in handler.resource if name not in handler.request.__struct_fields__]:
        return f"its request has no members {missing}"
    return ""
