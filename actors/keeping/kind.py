"""Holds as the kernel sees them. Nobody listens to one. Its read model is written before it is answered."""

from typing import Final

import msgspec
from typing_extensions import override

from actors.keeping.activities import KEEPER, LetGo
from actors.keeping.hold import CopiesAfter, Hold, HoldCommand, HoldCopies, HoldEntity, HoldEvent, HoldReleased, shown
from actors.kernel.contract.activities import Activity
from actors.kernel.contract.entity import Effects, Kind, Library, Principal, Recorded
from common.errors import PermissionDenied
from store.ports.holds import COPIES, HOLDS
from store.ports.views import Index, Scalar, View, ViewQuery

_pack: Final = msgspec.msgpack.Encoder().encode
_state: Final = msgspec.msgpack.Decoder(Hold | None).decode
_to_json: Final = msgspec.json.Encoder().encode


class HoldKind(Kind[HoldEntity, HoldCommand, HoldEvent]):
    """`hold:<id>`."""

    name = "hold"
    commands = HoldCommand
    events = HoldEvent
    indexes = (
        Index(HOLDS, ("hold",)),
        Index(HOLDS, ("active", "hold")),
        Index(HOLDS, ("active", "user", "hold")),
        Index(HOLDS, ("active", "room", "hold")),
        Index(HOLDS, ("active", "case", "hold")),
        Index(HOLDS, ("active", "person", "hold")),
    )

    @override
    def create(self, key: str) -> HoldEntity:
        return HoldEntity(key)

    @override
    def snapshot(self, entity: HoldEntity) -> bytes:
        return _pack(entity.hold)

    @override
    def restore(self, key: str, state: bytes) -> HoldEntity:
        return HoldEntity(key, _state(state))

    @override
    def admit(self, entity: HoldEntity, by: Principal) -> None:
        raise PermissionDenied("Nobody listens to a hold.")

    @override
    def show(self, entity_id: str, recorded: Recorded[HoldEvent], part: None) -> None:
        return None

    @override
    async def read(self, query: object, entity_id: str, version: int, library: Library) -> object:
        """What was kept; nothing, once its key is gone."""
        if not isinstance(query, CopiesAfter):
            return await super().read(query, entity_id, version, library)
        wanted = ViewQuery(
            collection=COPIES,
            equal={"hold": query.hold.hold_id},
            order_by="copy",
            above=query.after,
            limit=query.limit + 1,
        )
        found = await library.views(wanted)
        page = found[: query.limit]
        after = str(page[-1].fields["copy"]) if len(found) > query.limit else ""
        return HoldCopies(hold=query.hold, copies=[one.secret for one in page if one.secret is not None], after=after)

    @override
    def effects(self, entity_id: str, recorded: Recorded[HoldEvent], part: None) -> Effects:
        event = recorded.event
        one, owed = event.hold, []
        if isinstance(event, HoldReleased):
            work = _pack(LetGo(hold=one.id))
            owed.append(Activity(connector=KEEPER, key="let_go", payload=work, urgency="bulk"))
        return Effects(views=[_view(one, recorded.seq)], activities=owed)


def _view(one: Hold, version: int) -> View:
    fields: dict[str, Scalar] = {
        "hold": one.id,
        "active": not one.released,
        "user": one.subject if one.over == "user" else None,
        "room": one.room or None,
        "case": one.subject if one.over == "case" else None,
        "person": one.person or None,
    }
    return View(collection=HOLDS, id=one.id, version=version, fields=fields, data=_to_json(shown(one)))
