"""What people say later, as the kernel sees it."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from typing_extensions import override

from actors.kernel.contract.entity import Effects, Kind, Library, Principal, Recorded
from actors.outgoing.commands import OutgoingCommand
from actors.outgoing.entity import Outgoing
from actors.outgoing.events import AnyOutgoing, Cancelled, Failed, PrivacyChosen, Rescheduled, Scheduled, Sent
from actors.outgoing.queries import ListOutgoing
from actors.outgoing.replies import ScheduledList
from actors.outgoing.state import OutgoingRecord, OutgoingState, OutgoingWords
from actors.outgoing.views import privacy_view
from common.errors import PermissionDenied

_pack: Final = msgspec.msgpack.Encoder().encode
_unpack: Final = msgspec.msgpack.Decoder(OutgoingState).decode
_words: Final = msgspec.msgpack.Decoder(OutgoingWords).decode


class OutgoingKind(Kind[Outgoing, OutgoingCommand, AnyOutgoing, bytes]):
    """`outgoing:<user id>`. Its parts are the words of what waits, by the event that holds them. Nobody listens to it:
    the person is told in their inbox."""

    name = "outgoing"
    commands = OutgoingCommand
    events = AnyOutgoing

    @override
    def create(self, key: str) -> Outgoing:
        return Outgoing(key)

    @override
    def snapshot(self, entity: Outgoing) -> bytes:
        return _pack(entity.state)

    @override
    def restore(self, key: str, state: bytes) -> Outgoing:
        return Outgoing(key, _unpack(state))

    @override
    def admit(self, entity: Outgoing, by: Principal) -> None:
        raise PermissionDenied("Nobody listens to what is said later.")

    @override
    def show(self, entity_id: str, recorded: Recorded[AnyOutgoing], part: bytes | None) -> None:
        return None

    @override
    def needs(self, entity: Outgoing, command: OutgoingCommand) -> Sequence[str]:
        return entity.needs(command)

    @override
    def part_of(self, recorded: Recorded[AnyOutgoing]) -> str | None:
        event = recorded.event
        holds = isinstance(event, Scheduled) or (isinstance(event, Rescheduled) and event.before > 0)
        return str(recorded.seq) if holds else None

    @override
    def fold(self, part: bytes | None, recorded: Recorded[AnyOutgoing]) -> bytes | None:
        return recorded.event.secret

    @override
    async def fetch(self, entity_id: str, keys: Sequence[str], library: Library) -> Mapping[str, object]:
        found = await library.at(entity_id, [int(key) for key in keys])
        return {str(one.seq): one.event.secret for one in found}

    @override
    def effects(self, entity_id: str, recorded: Recorded[AnyOutgoing], part: bytes | None) -> Effects | None:
        """The words of what is over are gone; and rooms look up what was chosen."""
        event, user = recorded.event, entity_id.partition(":")[2]
        match event:
            case Rescheduled(before=before) if before:
                return Effects(redact=(before,))
            case Cancelled():
                return Effects(redact=(event.words,))
            case Sent() | Failed():
                return Effects(redact=event.words)
            case PrivacyChosen():
                return Effects(views=(privacy_view(user, event, recorded.seq),))
        return None

    @override
    async def read(self, query: object, entity_id: str, version: int, library: Library) -> object:
        if not isinstance(query, ListOutgoing):
            return await super().read(query, entity_id, version, library)
        places = [one.words for one in query.records if not one.over]
        found = await library.at(entity_id, places) if places else []
        words = {one.seq: one.event.secret for one in found}
        return ScheduledList(scheduled=[one.to_wire(_body(one, words)) for one in query.records])


def _body(record: OutgoingRecord, words: Mapping[int, bytes | None]) -> str | None:
    packed = None if record.over else words.get(record.words)
    return None if packed is None else _words(packed).body
