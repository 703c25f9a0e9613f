"""Operations on blocks, and appointments out of messages."""

from collections.abc import Iterator
from typing import Annotated, Any, Final

from msgspec import Meta

from common.decoding import Id, Instant, ShortText
from common.errors import CarewireError, Conflict, FailedPrecondition, NotFound
from serve_app.capabilities.rooms import examples
from serve_app.capabilities.rooms.blocks.booking import Appointments, FromMessage
from serve_app.capabilities.rooms.blocks.kinds import BlockPlace
from serve_app.capabilities.rooms.blocks.service import MessageBlocks
from serve_app.capabilities.rooms.blocks.shapes import Use, UsedBlock
from serve_app.capabilities.rooms.marks.requests import OfMessage
from serve_app.edge.operation import Caller, Operation, Rest, Result

_REFUSES: Final[tuple[type[CarewireError], ...]] = (Conflict, FailedPrecondition, NotFound)
_DETAILS: Final = ("reasons", "alternatives")
_RequestId = Annotated[str, Meta(max_length=128)]


class UseBlock(OfMessage, frozen=True, kw_only=True):
    """Use a block: `start` books one of its times, `choose` names options by their places from 0 on, `method_id` pays
    with that. `close`: nobody chooses any more, or books."""

    block_id: ShortText
    start: Instant | None = None
    method_id: Id | None = None
    choose: Annotated[tuple[Annotated[int, Meta(ge=0, le=7)], ...], Meta(max_length=8)] | None = None
    close: bool = False
    request_id: _RequestId | None = None

    def use(self) -> Use:
        """What is done with it."""
        return Use(start=self.start, method_id=self.method_id, choose=self.choose, close=self.close)


class BookFromMessage(OfMessage, frozen=True, kw_only=True):
    """Times that fit a message; with `start`: book that one."""

    therapist_id: Id | None = None
    start: Instant | None = None
    service_id: Id | None = None
    request_id: _RequestId | None = None


def block_operations(blocks: MessageBlocks, appointments: Appointments) -> Iterator[Operation[Any]]:
    """Both ask other capabilities, in the caller's name."""

    async def use(request: UseBlock, caller: Caller) -> Result:
        place = BlockPlace(request.room_id, request.message_id, request.block_id)
        used = await blocks.use(place, request.use(), caller)
        return Result(used.body, persons=used.persons)

    async def book(request: BookFromMessage, caller: Caller) -> Result:
        about = (request.room_id, request.message_id, request.therapist_id, request.service_id)
        if request.start is None:
            offered, told = await appointments.offered(*about, caller)
            return Result(offered, status=200, persons=told)
        booking, told = await appointments.booked(*about, request.start, caller)
        return Result(booking, persons=told)

    yield Operation(
        name="use_block",
        action="room.use_block",
        request=UseBlock,
        call=use,
        rest=Rest("POST", "/api/rooms/{room_id}/messages/{message_id}/blocks/{block_id}", tag="rooms"),
        limit="write",
        response=UsedBlock,
        resource=("room_id",),
        error_details=_DETAILS,
        refuses=_REFUSES,
        example=examples.USE_BLOCK,
        description="Use a block of a message, by one's own right to what it stands for.",
    )
    yield Operation(
        name="create_booking_from_message",
        action="booking.create",
        request=BookFromMessage,
        call=book,
        rest=Rest("POST", "/api/bookings/from-message", status=201, statuses=(200,), tag="bookings"),
        limit="write",
        response=FromMessage,
        resource=("room_id",),
        error_details=_DETAILS,
        refuses=_REFUSES,
        example=examples.BOOK_FROM_MESSAGE,
        description="Free times for what was spoken of (200); with `start`, the booking (201), which is shown in the "
        "room.",
    )
