"""Emergencies as the kernel sees them."""

from typing import Final

import msgspec
from typing_extensions import override

from actors.emergencies.activities import RESPONDERS, FindResponders
from actors.emergencies.emergency.authority import EmergencyContents
from actors.emergencies.emergency.climbing import rung_of
from actors.emergencies.emergency.commands import EmergencyCommand, Raise
from actors.emergencies.emergency.entity import EmergencyEntity, look_key
from actors.emergencies.emergency.events import EmergencyEvent, LocationForgotten, RungDue
from actors.emergencies.emergency.steps import EscalationTimes
from actors.emergencies.person.commands import EmergencyOver
from actors.emergencies.records import Emergency, Location, shown
from actors.emergencies.views import INDEXES, views_of
from actors.kernel.contract.activities import Activity, Answered
from actors.kernel.contract.entity import Context, Decision, Effects, Kind, Letter, Library, Principal, Recorded
from common.errors import PermissionDenied

_pack: Final = msgspec.msgpack.Encoder().encode
_state: Final = msgspec.msgpack.Decoder(Emergency | None).decode
_location: Final = msgspec.msgpack.Decoder(Location).decode


class EmergencyKind(Kind[EmergencyEntity, EmergencyCommand, EmergencyEvent]):
    """`emergency:<id>`. Nobody listens to one: whoever it concerns is told in their inbox."""

    name = "emergency"
    commands = EmergencyCommand
    events = EmergencyEvent
    indexes = INDEXES

    def __init__(self, steps: EscalationTimes) -> None:
        self._steps = steps

    @override
    def create(self, key: str) -> EmergencyEntity:
        return EmergencyEntity(key, self._steps)

    @override
    def snapshot(self, entity: EmergencyEntity) -> bytes:
        return _pack(entity.emergency)

    @override
    def restore(self, key: str, state: bytes) -> EmergencyEntity:
        return EmergencyEntity(key, self._steps, _state(state))

    @override
    def admit(self, entity: EmergencyEntity, by: Principal) -> None:
        raise PermissionDenied("Nobody listens to an emergency.")

    @override
    def show(self, entity_id: str, recorded: Recorded[EmergencyEvent], part: None) -> None:
        return None

    @override
    def assume_new(self, command: EmergencyCommand) -> bool:
        return isinstance(command, Raise)

    @override
    def answered(self, entity: EmergencyEntity, answered: Answered, context: Context) -> Decision:
        return entity.answered(answered, context.now_ms)

    @override
    def still(self, entity: EmergencyEntity, key: str, payload: bytes) -> bool:
        return entity.still(key)

    @override
    def effects(self, entity_id: str, recorded: Recorded[EmergencyEvent], part: None) -> Effects:
        event = recorded.event
        if isinstance(event, LocationForgotten):
            return Effects(redact=event.places)
        one = event.emergency
        views = views_of(one, recorded.seq)
        if isinstance(event, RungDue):
            return Effects(views=views, activities=[_looking_up(one)])
        return Effects(views=views, letters=[_over(one)] if one.over else [])

    @override
    async def read(self, query: object, entity_id: str, version: int, library: Library) -> object:
        """The emergency with the last that was said, and where."""
        if not isinstance(query, EmergencyContents):
            return await super().read(query, entity_id, version, library)
        found = await library.at(entity_id, sorted({*query.words, *query.places}))
        secrets = {one.seq: one.event.secret for one in found if one.event.secret is not None}
        message = next((secrets[seq].decode() for seq in query.words if seq in secrets), None)
        place = next((_location(secrets[seq]) for seq in query.places if seq in secrets), None)
        return shown(query.emergency, version, message=message, location=place)


def _looking_up(one: Emergency) -> Activity:
    wanted = FindResponders(person=one.user, rung=rung_of(one) if one.rungs else None)
    return Activity(connector=RESPONDERS, key=look_key(one.step), payload=_pack(wanted), urgency="now", ask=True)


def _over(one: Emergency) -> Letter:
    return Letter(f"distress:{one.user}", _pack(EmergencyOver(one.id)))
