"""An appointment out of a message: times that fit, or one of them booked, and shown where it was spoken of."""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, Protocol

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from actors.calendars.contract.replies import FreeTime
from actors.rooms.messages.more import PLAIN, Rich
from actors.rooms.messages.wire_message import WireMessage
from actors.rooms.room.commands import History, Post
from common.clock import Clock, to_rfc3339
from common.errors import (
    CarewireError,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    RateLimited,
)
from serve_app.capabilities.rooms.blocks.kinds import Operations, RoomAccess
from serve_app.edge.operation import Caller

_AHEAD_MS: Final = 14 * 86_400_000
_MOST: Final = 10
_to_json: Final = msgspec.json.Encoder().encode


class Classifier(Protocol):
    """Whoever says what a message wants (`ApiContext.predictor`)."""

    async def ask(self, method: str, body: dict[str, object]) -> dict[str, object]: ...


class FromMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`slots`: free times; `intent`: what the message seems to want."""

    slots: list[FreeTime]
    intent: str | UnsetType = UNSET


class Appointments:
    """One a process. `classifier`: None where nobody can be asked."""

    def __init__(self, rooms: RoomAccess, operations: Operations, classifier: Classifier | None, clock: Clock) -> None:
        self._rooms, self._operations = rooms, operations
        self._classifier, self._clock = classifier, clock

    async def offered(
        self, room_id: str, message_id: str, therapist: str | None, service: str | None, caller: Caller
    ) -> tuple[FromMessage, list[str]]:
        """Free times of the next two weeks. Raises CarewireError."""
        message = await self._message(room_id, message_id, caller)
        now_ms = self._clock.platform_ms()
        members = {
            "therapist_id": self._therapist(therapist, message, caller),
            "from": to_rfc3339(now_ms),
            "to": to_rfc3339(now_ms + _AHEAD_MS),
        }
        members |= {} if service is None else {"service_id": service}
        asked = await self._operations.ask("get_availability", members, caller)
        intent = await self._intent(message.body)
        slots = msgspec.convert(asked.body["slots"][:_MOST], list[FreeTime])
        return FromMessage(slots=slots, intent=intent or UNSET), asked.persons

    async def booked(
        self, room_id: str, message_id: str, therapist: str | None, service: str | None, start: str, caller: Caller
    ) -> tuple[dict[str, Any], list[str]]:
        """Book, and show it in the room, where something may be said there. A repeat is the same booking, shown once.

        Raises:
            CarewireError: it cannot be booked.
        """
        message = await self._message(room_id, message_id, caller)
        therapist = self._therapist(therapist, message, caller)
        body: dict[str, Any] = {"therapist_id": therapist, "start": start}
        body |= {} if service is None else {"service_id": service}
        body |= {"source": {"room_id": room_id, "message_id": message_id}}
        if caller.by.user == therapist:
            body |= {"client_id": message.sender_id}
        key = caller.idempotency_key or f"{message_id}:{start}"
        asked = await self._operations.ask("request_booking", body, replace(caller, idempotency_key=key, if_match=None))
        await self._show(room_id, message_id, asked.body, caller)
        return asked.body, asked.persons

    async def _show(self, room_id: str, message_id: str, booking: Mapping[str, Any], caller: Caller) -> None:
        block = {
            "type": "slots",
            "therapist_id": booking["therapist_id"],
            "starts": [booking["start"]],
            "block_id": "blk_1",
            "fallback": f"Booked: {booking['start']}",
            "state": "booked",
        }
        mark = hashlib.blake2b(f"{message_id}:{booking['id']}".encode(), digest_size=12).hexdigest()
        post = Post(
            body="",
            client_id=f"from-{mark}",
            reply_to=message_id,
            more=replace(PLAIN, source="system"),
            rich=Rich(blocks=_to_json([block])),
        )
        with suppress(FailedPrecondition, PermissionDenied, RateLimited):  # nothing may be said there: it is booked
            await self._rooms.submit(room_id, post, by=caller.by, trace=caller.trace)

    async def _message(self, room_id: str, message_id: str, caller: Caller) -> WireMessage:
        looked = History(limit=1, around=message_id)
        page = await self._rooms.ask(room_id, looked, by=caller.by, trace=caller.trace)
        found = [message for message in page.messages if message.id == message_id]
        if not found or found[0].deleted_at is not None:
            raise NotFound("There is no such message.")
        return found[0]

    def _therapist(self, named: str | None, message: WireMessage, caller: Caller) -> str:
        """Whose time: whom the request names; a therapist's own; or that of who wrote the message to a client."""
        if named is not None:
            return named
        if caller.by.role == "therapist":
            return caller.by.user
        if message.sender_id != caller.by.user:
            return message.sender_id
        raise InvalidArgument("therapist_id is missing.", details={"field": "therapist_id"})

    async def _intent(self, text: str) -> str:
        """What the message seems to want; "" where nobody can be asked, or nobody can tell."""
        if self._classifier is None or not text:
            return ""
        try:
            answer = await self._classifier.ask("classify_message", {"text": text, "task": "intent"})
        except CarewireError:
            return ""
        labels = answer.get("labels")
        first = labels[0] if isinstance(labels, list) and labels else {}
        return str(first.get("label", "")) if isinstance(first, dict) else ""
