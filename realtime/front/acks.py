"""Answers to events: the one place where a result, or an error, becomes an ack."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import msgspec

from actors.kernel.contract.answers import Reply
from actors.kernel.contract.entity import Principal
from actors.kernel.contract.protocol import Delivery
from common.clock import Clock
from common.decoding import decode
from common.errors import CarewireError, InvalidArgument, Unauthenticated
from common.ids import new_id
from common.logs import get_logger
from common.observations import Observation
from common.persons import persons_in
from common.policy import PERSONAL
from realtime.delivery.connections import Connection
from realtime.delivery.packets import Incoming
from realtime.front.guard import Guard, NoGuard
from realtime.front.limits import EventLimits
from realtime.front.permits import ACTIONS, POLICY

log = get_logger(__name__)

UNKNOWN: Final = "unknown"  # stands for all names that clients make up
INTERNAL_STATUS: Final = 500
_RESOURCES: Final = (
    "room_id",
    "booking_id",
    "therapist_id",
    "series_id",
    "entry_id",
    "offer_id",
    "client_id",
)  # what an event is about
_ROOMS: Final = ("room.join", "room.read")  # recorded also when nobody else has said anything


class EventResult(msgspec.Struct, frozen=True):
    """What a handler gives back: the ack's `data` as JSON, and deliveries that are sent right behind the ack."""

    data: bytes = b"{}"
    held: Sequence[Delivery] = ()
    persons: Sequence[str] | None = None  # whom it tells of, where the data itself does not say


@dataclass(frozen=True, slots=True)
class Handler:
    """Who handles an event. `anonymous`: also for sockets that have not said who they are. `tells`: the type of the
    answer's data, for events whose answers may tell of people."""

    kind: type[msgspec.Struct]
    call: Callable[[Connection, Any], Awaitable[EventResult]]
    anonymous: bool = False
    tells: type[msgspec.Struct] | None = None


Handlers = Mapping[str, Handler]
Asked = TypeVar("Asked", bound=msgspec.Struct)


def answering(
    kind: type[Asked],
    tells: type[msgspec.Struct],
    act: Callable[[Asked, Principal, str], Awaitable[dict[str, Any] | msgspec.Struct | Reply]],
) -> Handler:
    """The handler of an event that is one call of a service, with who asks and the trace, and whose answer is the
    document or the reply that the call gives, of type `tells`."""

    async def call(connection: Connection, request: Asked) -> EventResult:
        found = await act(request, connection.principal, connection.trace())
        return EventResult(found.data if isinstance(found, Reply) else msgspec.json.encode(found))

    return Handler(kind, call, tells=tells)


class Ack(msgspec.Struct, frozen=True):
    """What goes back to the client: `answer`, or `error`."""

    event: str
    answer: EventResult
    error: CarewireError | None = None

    @property
    def code(self) -> str:
        """How it ended: "ok" or the code of the error."""
        return "ok" if self.error is None else self.error.code

    def body(self) -> bytes:
        """The ack's one argument: `{"ok": ...}`."""
        if self.error is None:
            return b'{"ok":true,"data":' + self.answer.data + b"}"
        return b'{"ok":false,"error":' + msgspec.json.encode(self.error.to_wire()) + b"}"


def error_event(error: CarewireError, **more: object) -> bytes:
    """The payload of an `error` event: the error object and what else is known (`event`, `room_id`)."""
    return msgspec.json.encode(error.to_wire() | more)


class Events:
    """The events that clients may send, and the answers to them."""

    def __init__(
        self,
        handlers: Handlers,
        *,
        max_bytes: int,
        clock: Clock,
        guard: Guard | None = None,
        limits: EventLimits | None = None,
    ) -> None:
        """`max_bytes`: the largest payload that is read. `guard` hears what the staff reads. `limits`: None: none.

        Raises:
            LookupError: an event stands under no action of the policy, or may tell of people and does not say where in
                its answer they are.
        """
        if bare := [name for name in handlers if ACTIONS.get(name) not in POLICY]:
            raise LookupError(f"events without an action: {bare}")
        if silent := [name for name, one in handlers.items() if ACTIONS[name] in PERSONAL and one.tells is None]:
            raise LookupError(f"events whose answers have no type, to tell who was read: {silent}")
        self._handlers = handlers
        self._max_bytes = max_bytes
        self._clock = clock
        self._guard = guard or NoGuard()
        self._limits = limits

    async def acknowledged(self, connection: Connection, incoming: Incoming) -> Ack:
        """Handle one event. Whatever happens, there is an ack; a fault of ours is logged, and told to nobody.

        Nothing is awaited before the handler is called (but the socket's own token, while that is looked at), so the
        commands of one socket go out in the order of its events.
        """
        handler = self._handlers.get(incoming.name)
        name = incoming.name if handler is not None else UNKNOWN
        try:
            if incoming.problem:
                raise InvalidArgument(incoming.problem)
            if handler is None:
                raise InvalidArgument("There is no such event.")
            if self._limits is not None:
                self._limits.check(connection, name)
            while connection.settling is not None:
                await asyncio.wait([connection.settling])
            if connection.refused is not None:
                raise connection.refused
            if connection.verified is None and not handler.anonymous:
                raise Unauthenticated("Say who you are first: emit `authenticate` with a token.")
            if connection.verified is not None:
                POLICY.require(connection.verified.role, ACTIONS[name])
            request = decode(incoming.arguments, handler.kind, self._max_bytes)
            ack = Ack(name, await handler.call(connection, request))
            self._observe(connection, ACTIONS[name], request, ack.answer, handler.tells)
            return ack
        except CarewireError as error:
            if error.status == INTERNAL_STATUS:
                log.error("event.failed", event_name=name, sid=connection.sid, user=connection.user, why=error.message)
            return Ack(name, EventResult(), error)
        except Exception:
            error_id = new_id("err", self._clock.now_ms())
            log.exception("event.crashed", event_name=name, sid=connection.sid, user=connection.user, id=error_id)
            told = CarewireError("Something went wrong on our side.", details={"error_id": error_id})
            return Ack(name, EventResult(), told)

    def _observe(
        self, connection: Connection, action: str, request: msgspec.Struct, answer: EventResult, kind: Any
    ) -> None:
        verified = connection.verified
        if verified is None or verified.role == "client" or action not in PERSONAL:
            return
        told = answer.persons
        persons = persons_in(answer.data, kind, but=verified.user) if told is None else list(told)
        resource = next((getattr(request, name) for name in _RESOURCES if getattr(request, name, None)), "")
        if persons or action in _ROOMS:
            self._guard.observed(
                Observation(verified, action, str(resource), persons, connection.address, connection.trace())
            )
