"""Times of a therapist, one of which can be booked, by one person: the room lets one at a time try."""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from actors.kernel.contract.entity import SYSTEM
from actors.rooms.marks.commands import ReserveBlock, SettleBlock
from common.clock import Clock
from common.errors import CarewireError, InvalidArgument, PermissionDenied
from common.timeline import parse_instant
from serve_app.capabilities.rooms.blocks.kinds import BlockPlace, Operations, RoomAccess, Used
from serve_app.capabilities.rooms.blocks.shapes import Use, UsedBlock
from serve_app.edge.operation import Caller


class SlotsKind:
    """See `BlockKind`."""

    def __init__(self, rooms: RoomAccess, operations: Operations, clock: Clock) -> None:
        self._rooms, self._operations, self._clock = rooms, operations, clock

    async def check(self, block: Mapping[str, Any], caller: Caller) -> str:
        """The therapist themselves, and administrators, offer times.

        Raises:
            PermissionDenied: it is another's calendar.
            InvalidArgument: a time that lies behind, or comes twice.
        """
        _check_offering(block, caller)
        now_ms = self._clock.platform_ms()
        starts = [parse_instant(start, "starts") for start in block["starts"]]
        until = parse_instant(block["expires_at"], "expires_at") if "expires_at" in block else now_ms + 1
        if len(set(starts)) < len(starts) or min(starts) <= now_ms:
            raise InvalidArgument("Times lie ahead, each once.", details={"field": "starts"})
        if until <= now_ms:
            raise InvalidArgument("expires_at lies ahead.", details={"field": "expires_at"})
        return "open"

    def fallback(self, block: Mapping[str, Any]) -> str:
        """The times."""
        return "Times to choose from: " + ", ".join(block["starts"])

    async def use(self, place: BlockPlace, block: Mapping[str, Any], use: Use, caller: Caller) -> Used:
        """Book one of them; or, as who may offer them, offer them no more.

        Raises:
            InvalidArgument: none of them.
            PermissionDenied: only who may offer them withdraws them.
            Conflict: somebody else has it; or what stands against the booking, as for bookings.
        """
        if use.close:
            return await self._withdraw(place, block, caller)
        if use.start is None:
            raise InvalidArgument("start is missing.", details={"field": "start"})
        wanted = parse_instant(use.start, "start")
        if wanted not in [parse_instant(start, "starts") for start in block["starts"]]:
            raise InvalidArgument("start is one of the times that are offered.", details={"field": "start"})
        reserve = ReserveBlock(place.message_id, place.block_id)
        await self._rooms.ask(place.room_id, reserve, by=caller.by, trace=caller.trace)
        try:
            body, client = self._body(place, block, use), self._as(caller, place, use)
            asked = await self._operations.ask("request_booking", body, client)
        except CarewireError as error:
            if not error.retryable:  # else it may have happened: who repeats it finds the same booking
                await self._settle(place, "open", "", caller)
            raise
        await self._settle(place, "booked", str(asked.body["id"]), caller)
        return Used(UsedBlock(booking=asked.body), asked.persons)

    async def _withdraw(self, place: BlockPlace, block: Mapping[str, Any], caller: Caller) -> Used:
        """Nobody books any of them any more. Who is booking one right now comes first."""
        _check_offering(block, caller)
        reserve = ReserveBlock(place.message_id, place.block_id)
        await self._rooms.ask(place.room_id, reserve, by=caller.by, trace=caller.trace)
        await self._settle(place, "withdrawn", "", caller)
        return Used(UsedBlock())

    def _body(self, place: BlockPlace, block: Mapping[str, Any], use: Use) -> dict[str, Any]:
        source = {"room_id": place.room_id, "message_id": place.message_id, "block_id": place.block_id}
        body = {"therapist_id": block["therapist_id"], "start": use.start, "source": source}
        return body | ({"service_id": block["service_id"]} if "service_id" in block else {})

    def _as(self, caller: Caller, place: BlockPlace, use: Use) -> Caller:
        """The same person asks, under a key of the block and the time: a repeat is the same booking."""
        key = f"{place.message_id}:{place.block_id}:{use.start}"
        return replace(caller, idempotency_key=key, if_match=None)

    async def _settle(self, place: BlockPlace, state: str, booking: str, caller: Caller) -> None:
        settled = SettleBlock(message_id=place.message_id, block_id=place.block_id, state=state, ref=booking)
        await self._rooms.ask(place.room_id, settled, by=SYSTEM, trace=caller.trace)


def _check_offering(block: Mapping[str, Any], caller: Caller) -> None:
    if caller.by.user != block["therapist_id"] and caller.by.role != "admin":
        raise PermissionDenied("Only a therapist offers times of theirs.")
