"""The read model of copies: `hold_copies`. Ids alone, and what a hold has sealed."""

from typing import Final

from actors.kernel.contract.entity import Effects
from actors.rooms.keeping.events import ContentKept
from store.ports.holds import COPIES
from store.ports.views import Index, View

INDEXES: Final = (Index(COPIES, ("hold", "copy")),)


def effects(entity_id: str, event: ContentKept) -> Effects:
    """The copy where whoever placed the hold finds it."""
    room = entity_id.partition(":")[2]
    name = f"{event.hold}|{room}|{event.target:012d}|{event.version:012d}"
    view = View(COPIES, name, 1, {"hold": event.hold, "copy": name, "room": room}, secret=event.secret)
    return Effects(views=(view,), owner=event.author)
