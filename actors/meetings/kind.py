"""Meetings as the kernel sees them. The part of a participant is their name: it is in no state and in no stored reply,
because it is sealed under their key."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from typing_extensions import override

from actors.kernel.contract.activities import Answered
from actors.kernel.contract.entity import Context, Decision, Effects, Kind, Library, Principal, Recorded, Shown
from actors.meetings.access.doors import Doors
from actors.meetings.answers import QualityOf, Ready
from actors.meetings.commands import CheckTicket, CreateMeeting, MeetingCommand, RoomNow
from actors.meetings.entity import MeetingEntity
from actors.meetings.events import AnyMeetingEvent, MediaMoved, SeatChanged
from actors.meetings.outcomes import outcome, views
from actors.meetings.outcomes.missed import with_missed
from actors.meetings.reports import SocketGone
from actors.meetings.state import MeetingTimes, Record
from common.errors import NotFound, PermissionDenied

_pack: Final = msgspec.msgpack.Encoder().encode
_state: Final = msgspec.msgpack.Decoder(Record | None).decode
_NAMELESS: Final = (CreateMeeting, CheckTicket, RoomNow, SocketGone)


class MeetingKind(Kind[MeetingEntity, MeetingCommand, AnyMeetingEvent, str]):
    """`meeting:<id>`."""

    name = "meeting"
    commands = MeetingCommand
    events = AnyMeetingEvent
    indexes = views.INDEXES

    def __init__(self, terms: MeetingTimes, doors: Doors) -> None:
        self._terms, self._doors = terms, doors

    @override
    def create(self, key: str) -> MeetingEntity:
        return MeetingEntity(key, self._terms, self._doors)

    @override
    def snapshot(self, entity: MeetingEntity) -> bytes:
        return _pack(entity.record)

    @override
    def restore(self, key: str, state: bytes) -> MeetingEntity:
        return MeetingEntity(key, self._terms, self._doors, _state(state))

    @override
    def admit(self, entity: MeetingEntity, by: Principal) -> None:
        record = entity.record
        if record is None or not (record.has_part(by.user) or by.role == "admin"):
            raise NotFound("There is no such meeting.")
        seat = record.seat_of(by.user)
        if seat is not None and seat.state in ("kicked", "denied", "waiting"):
            raise PermissionDenied("You are not in this meeting.", details={"reason": seat.state})

    @override
    def show(self, entity_id: str, recorded: Recorded[AnyMeetingEvent], part: str | None) -> Shown | None:
        return outcome.show(recorded, part or "", key_of(entity_id))

    @override
    def needs(self, entity: MeetingEntity, command: MeetingCommand) -> Sequence[str]:
        if entity.record is None or isinstance(command, _NAMELESS):
            return ()
        return [seat.participant for seat in entity.record.seats]

    @override
    def part_of(self, recorded: Recorded[AnyMeetingEvent]) -> str | None:
        return recorded.event.seat.participant if isinstance(recorded.event, SeatChanged) else None

    @override
    def fold(self, part: str | None, recorded: Recorded[AnyMeetingEvent]) -> str | None:
        secret = recorded.event.secret
        return part if secret is None else secret.decode()

    @override
    async def fetch(self, entity_id: str, keys: Sequence[str], library: Library) -> Mapping[str, object]:
        return await views.names(entity_id, keys, library)

    @override
    def effects(self, entity_id: str, recorded: Recorded[AnyMeetingEvent], part: str | None) -> Effects | None:
        return outcome.effects(recorded, key_of(entity_id), self._doors)

    @override
    def counted(self, event: AnyMeetingEvent) -> tuple[str, str] | None:
        return ("meeting_moves", event.reason) if isinstance(event, MediaMoved) else None

    @override
    def answered(self, entity: MeetingEntity, answered: Answered, context: Context) -> Decision:
        return entity.answered(answered, context)

    @override
    def still(self, entity: MeetingEntity, key: str, payload: bytes) -> bool:
        return entity.record is not None and outcome.still(entity.record, key)

    @override
    async def read(self, query: object, entity_id: str, version: int, library: Library) -> object:
        match query:
            case Ready(since=None):
                return query.answer
            case Ready():
                return await with_missed(query, entity_id, version, library)
            case QualityOf():
                return await views.minutes(entity_id, library)
        return await super().read(query, entity_id, version, library)


def key_of(entity_id: str) -> str:
    """The id of the meeting."""
    return entity_id.partition(":")[2]
