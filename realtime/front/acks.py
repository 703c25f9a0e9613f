"""Answers to events: the one place where a result, or an error, becomes an ack."""

import asyncio
from collections.abc import Iterable
from typing import Final

import msgspec

from common.clock import Clock
from common.decoding import decode
from common.errors import CarewireError, InvalidArgument, PayloadTooLarge, Unauthenticated
from common.ids import new_id
from common.logs import get_logger
from common.observations import Observation
from common.persons import persons_in
from common.policy import ALWAYS_RECORDED, PERSONAL, POLICY
from realtime.delivery.connections import Connection
from realtime.delivery.packets import Incoming
from realtime.front.bounds.limits import EventLimits
from realtime.front.handlers import EventResult, Handler, by_event
from realtime.front.revocation.guard import Guard, NoGuard

log = get_logger(__name__)

UNKNOWN: Final = "unknown"  # stands for all names that clients make up
INTERNAL_STATUS: Final = 500


class Ack(msgspec.Struct, frozen=True):
    """The ack of an event: `answer`, or `error`."""

    event: str
    answer: EventResult
    error: CarewireError | None = None

    @property
    def code(self) -> str:
        """The outcome: "ok" or the code of the error."""
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
        handlers: Iterable[Handler],
        *,
        max_bytes: int,
        clock: Clock,
        guard: Guard | None = None,
        limits: EventLimits | None = None,
    ) -> None:
        """`max_bytes`: the largest payload that is read. `guard` hears what the staff reads. `limits`: None: none.

        Raises:
            LookupError: one of the handlers cannot start, see `by_event`.
        """
        self.handlers = by_event(handlers)
        self._max_bytes = max_bytes
        self._clock = clock
        self._guard = guard or NoGuard()
        self._limits = limits

    async def acknowledged(self, connection: Connection, incoming: Incoming) -> Ack:
        """Handle one event. Whatever happens, there is an ack; a fault of ours is logged, and told to nobody.

        Nothing is awaited before the handler is called (but the socket's own token, while that is looked at), so the
        commands of one socket go out in the order of its events.
        """
        handler = self.handlers.get(incoming.name)
        name = incoming.name if handler is not None else UNKNOWN
        try:
            if incoming.problem:
                raise InvalidArgument(incoming.problem)
            if handler is None:
                raise InvalidArgument("There is no such event.")
            if incoming.binary:
                self._require_binary(handler, incoming)
            if self._limits is not None:
                self._limits.check(connection, handler.limit)
            while connection.settling is not None:
                await asyncio.wait([connection.settling])
            if connection.refused is not None:
                raise connection.refused
            if connection.verified is None and not handler.anonymous:
                raise Unauthenticated("Say who you are first: emit `authenticate` with a token.")
            if connection.verified is not None:
                POLICY.require(connection.verified.role, handler.action)
            request = decode(incoming.arguments, handler.request, self._max_bytes)
            ack = Ack(name, await handler.call(connection, request))
            self._observe(connection, handler, request, ack.answer)
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

    def _require_binary(self, handler: Handler, incoming: Incoming) -> None:
        if not handler.binary:
            raise InvalidArgument("This event takes no attachments.")
        if sum(len(memoryview(argument)) for argument in incoming.arguments) > self._max_bytes:
            raise PayloadTooLarge("The attachments are too large.", details={"limit": self._max_bytes})

    def _observe(self, connection: Connection, handler: Handler, request: msgspec.Struct, answer: EventResult) -> None:
        verified, action = connection.verified, handler.action
        if verified is None or verified.role == "client" or action not in PERSONAL:
            return
        told = answer.persons
        persons = (
            persons_in(answer.data, handler.tells, but=verified.user)
            if told is None
            else [one for one in told if one != verified.user]
        )
        if persons or action in ALWAYS_RECORDED:
            resource = handler.resource_of(request)
            self._guard.observed(
                Observation(verified, action, resource, persons, address=connection.address, request=connection.trace())
            )
