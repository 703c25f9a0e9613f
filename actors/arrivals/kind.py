"""Arrivals as the kernel sees them. Nobody listens to one."""

from typing import Final

import msgspec
from typing_extensions import override

from actors.arrivals.arrival import ArrivalEntity, ArrivalState
from actors.arrivals.commands import ArrivalCommand, Arrive, BodyOf, StoredBody
from actors.arrivals.events import ArrivalEvent, ArrivalStatus, Arrived, BodyForgotten, HandoverAskedAgain, Taken
from actors.kernel.contract.entity import Effects, Kind, Letter, Library, Principal, Recorded
from common.errors import PermissionDenied
from store.ports.views import Index, Scalar, View

ARRIVALS: Final = "arrivals"
"""The read model: `id` is the entity's, `order` sorts by the time of arrival, `data` is the line as JSON."""
_BODY: Final = 1  # the number of the event that holds it
_pack: Final = msgspec.msgpack.Encoder().encode
_unpack: Final = msgspec.msgpack.Decoder(ArrivalState).decode
_to_json: Final = msgspec.json.Encoder().encode


class ArrivalKind(Kind[ArrivalEntity, ArrivalCommand, ArrivalEvent]):
    """`arrival:<partner>:<event id>`."""

    name = "arrival"
    commands = ArrivalCommand
    events = ArrivalEvent
    indexes = (
        Index(ARRIVALS, ("order",)),
        Index(ARRIVALS, ("partner", "order")),
        Index(ARRIVALS, ("state", "order")),
        Index(ARRIVALS, ("partner", "state", "order")),
        Index(ARRIVALS, ("leftover", "order")),
    )

    @override
    def create(self, key: str) -> ArrivalEntity:
        return ArrivalEntity(key.partition(":")[0])

    @override
    def snapshot(self, entity: ArrivalEntity) -> bytes:
        return _pack(entity.state)

    @override
    def restore(self, key: str, state: bytes) -> ArrivalEntity:
        return ArrivalEntity(key.partition(":")[0], _unpack(state))

    @override
    def admit(self, entity: ArrivalEntity, by: Principal) -> None:
        raise PermissionDenied("Only Carewire itself may do this.")

    @override
    def show(self, entity_id: str, recorded: Recorded[ArrivalEvent], part: None) -> None:
        return None

    @override
    def assume_new(self, command: ArrivalCommand) -> bool:
        """Most of what arrives does so for the first time; a repeat is told by the fence of the first turn."""
        return isinstance(command, Arrive)

    @override
    def effects(self, entity_id: str, recorded: Recorded[ArrivalEvent], part: None) -> Effects:
        event = recorded.event
        letters = (
            [Letter(event.to, event.letter)] if isinstance(event, Arrived | HandoverAskedAgain) and event.to else []
        )
        redact = [_BODY] if isinstance(event, Taken | BodyForgotten) else []
        return Effects(views=[_view(entity_id, recorded.seq, event.line)], letters=letters, redact=redact)

    @override
    async def read(self, query: object, entity_id: str, version: int, library: Library) -> object:
        if not isinstance(query, BodyOf):
            return await super().read(query, entity_id, version, library)
        if not query.kept or query.blob:
            return StoredBody(body=None, blob=query.blob)
        found = await library.at(entity_id, [_BODY])
        return StoredBody(body=found[0].event.secret if found else None, blob="")


def position_of(entity_id: str, received_ms: int) -> str:
    """What lists are in the order of: unique, and by the time of arrival."""
    return f"{received_ms:015d}|{entity_id}"


def _view(entity_id: str, seq: int, line: ArrivalStatus) -> View:
    fields: dict[str, Scalar] = {
        "partner": entity_id.split(":")[1],
        "state": line.state,
        "order": position_of(entity_id, line.received),
        "leftover": bool(line.leftover),
    }
    return View(collection=ARRIVALS, id=entity_id, version=seq, fields=fields, data=_to_json(line))
