"""Broadcasts as the kernel sees them."""

from typing import Final

import msgspec
from typing_extensions import override

from actors.broadcasts.activities import AUDIENCE, TellPage
from actors.broadcasts.commands import Announce, BroadcastCommand
from actors.broadcasts.entity import BroadcastEntity, WordsWanted, page_key
from actors.broadcasts.events import BroadcastEvent, WentOn
from actors.broadcasts.records import Broadcast, shown
from actors.kernel.contract.activities import Activity, Answered
from actors.kernel.contract.entity import Context, Decision, Effects, Kind, Library, Principal, Recorded
from common.errors import PermissionDenied
from store.ports.views import Index, View

BROADCASTS: Final = "broadcasts"
_LANE: Final = "pages"
_WORDS: Final = 1  # the number of the event that holds them
_pack: Final = msgspec.msgpack.Encoder().encode
_to_json: Final = msgspec.json.Encoder().encode
_state: Final = msgspec.msgpack.Decoder(Broadcast | None).decode


class BroadcastKind(Kind[BroadcastEntity, BroadcastCommand, BroadcastEvent]):
    """`broadcast:<id>`. Nobody listens to one: whoever wants to know asks."""

    name = "broadcast"
    commands = BroadcastCommand
    events = BroadcastEvent
    indexes = (Index(BROADCASTS, ("all", "broadcast")),)

    @override
    def create(self, key: str) -> BroadcastEntity:
        return BroadcastEntity(key)

    @override
    def snapshot(self, entity: BroadcastEntity) -> bytes:
        return _pack(entity.broadcast)

    @override
    def restore(self, key: str, state: bytes) -> BroadcastEntity:
        return BroadcastEntity(key, _state(state))

    @override
    def admit(self, entity: BroadcastEntity, by: Principal) -> None:
        raise PermissionDenied("Only Carewire itself may do this.")

    @override
    def show(self, entity_id: str, recorded: Recorded[BroadcastEvent], part: None) -> None:
        return None

    @override
    def assume_new(self, command: BroadcastCommand) -> bool:
        return isinstance(command, Announce)

    @override
    def answered(self, entity: BroadcastEntity, answered: Answered, context: Context) -> Decision:
        return entity.answered(answered, context.now_ms)

    @override
    def still(self, entity: BroadcastEntity, key: str, payload: bytes) -> bool:
        return entity.still(key)

    @override
    def effects(self, entity_id: str, recorded: Recorded[BroadcastEvent], part: None) -> Effects:
        event, one = recorded.event, recorded.event.broadcast
        view = View(
            collection=BROADCASTS,
            id=one.id,
            version=recorded.seq,
            fields={"all": True, "broadcast": one.id},
            data=_to_json(shown(one)),
        )
        asks = isinstance(event, WentOn) and event.asks
        return Effects(views=[view], activities=[_page(one)] if asks else [])

    @override
    async def read(self, query: object, entity_id: str, version: int, library: Library) -> object:
        """The words; None once whoever wrote them was erased."""
        if not isinstance(query, WordsWanted):
            return await super().read(query, entity_id, version, library)
        found = await library.at(entity_id, [_WORDS])
        return found[0].event.secret if found else None


def _page(one: Broadcast) -> Activity:
    page = TellPage(
        broadcast=one.id,
        audience=one.audience,
        cursor=one.cursor,
        rate_per_s=one.rate_per_s,
        counted=one.total is not None,
    )
    return Activity(
        connector=AUDIENCE, key=page_key(one.step), payload=_pack(page), lane=_LANE, urgency="bulk", ask=True
    )
