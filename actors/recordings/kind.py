"""Recordings as the kernel sees them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from typing_extensions import override

from actors.kernel.contract.activities import Activity, Answered
from actors.kernel.contract.entity import Context, Decision, Effects, Kind, Library, Principal, Recorded
from actors.recordings.activities import DELETE, FINISH, RECORDINGS, Destroy, FinishRecording
from actors.recordings.commands import RecordingCommand
from actors.recordings.entity import RecordingEntity
from actors.recordings.events import RecordingDeleted, RecordingEvent, RecordingKept
from actors.recordings.state import RecordingState
from common.errors import PermissionDenied
from store.ports.holds import is_people_key, over, people_in
from store.ports.views import Index, View

VIEWS: Final = "recordings"
_pack: Final = msgspec.msgpack.Encoder().encode
_state: Final = msgspec.msgpack.Decoder(RecordingState | None).decode


class RecordingKind(Kind[RecordingEntity, RecordingCommand, RecordingEvent]):
    """`recording:<id>`. Nobody listens to one: its meeting says how it goes on."""

    name = "recording"
    commands = RecordingCommand
    events = RecordingEvent
    indexes = (Index(VIEWS, ("meeting", "recording")), Index(VIEWS, ("user", "recording")))

    def __init__(self, keep_ms: int) -> None:
        self._keep_ms = keep_ms

    @override
    def create(self, key: str) -> RecordingEntity:
        return RecordingEntity(key, self._keep_ms)

    @override
    def snapshot(self, entity: RecordingEntity) -> bytes:
        return _pack(entity.record)

    @override
    def restore(self, key: str, state: bytes) -> RecordingEntity:
        return RecordingEntity(key, self._keep_ms, _state(state))

    @override
    def admit(self, entity: RecordingEntity, by: Principal) -> None:
        raise PermissionDenied("Nobody listens to a recording.")

    @override
    def show(self, entity_id: str, recorded: Recorded[RecordingEvent], part: None) -> None:
        return None

    @override
    def needs(self, entity: RecordingEntity, command: RecordingCommand) -> Sequence[str]:
        return entity.needs(command)

    @override
    def is_passing(self, key: str) -> bool:
        return is_people_key(key)

    @override
    async def fetch(self, entity_id: str, keys: Sequence[str], library: Library) -> Mapping[str, Any]:
        """Holds over the people whom a key names, and over cases about them."""
        return {
            key: [one for query in over(people=people_in(key)) for one in await library.views(query)] for key in keys
        }

    @override
    def answered(self, entity: RecordingEntity, answered: Answered, context: Context) -> Decision:
        return entity.answered(answered, context)

    @override
    def effects(self, entity_id: str, recorded: Recorded[RecordingEvent], part: None) -> Effects:
        event, key = recorded.event, entity_id.partition(":")[2]
        if isinstance(event, RecordingKept):
            return Effects(views=_views(event.recording, recorded.seq), activities=_finishing(event.recording))
        if isinstance(event, RecordingDeleted):
            wanted = Destroy(recording=key, tracks=event.tracks)
            return Effects(activities=[Activity(connector=RECORDINGS, key=DELETE, payload=_pack(wanted))])
        return Effects()


def _finishing(record: RecordingState) -> list[Activity]:
    if record.status != "stopping":
        return []
    wanted = FinishRecording(recording=record.id, stopped=record.stopped)
    return [Activity(connector=RECORDINGS, key=FINISH, payload=_pack(wanted), urgency="now")]


def _views(record: RecordingState, version: int) -> list[View]:
    """One for each person whom it concerns, and one for its meeting (of nobody): they hold no more than ids."""
    return [
        View(VIEWS, f"{record.id}/{user}", version, {"user": user, "meeting": record.meeting, "recording": record.id})
        for user in ("", record.host, *sorted(record.shown - {record.host}))
    ]
