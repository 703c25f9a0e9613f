"""Walking over the whole journal, page by page: for those who remake or replay what followed from it."""

from collections.abc import AsyncIterator
from typing import Final

from store.ports.journal import Journal, Turn

_ENTITIES: Final = 500  # a round trip
_TURNS: Final = 200


async def entity_pages(journal: Journal, prefix: str, *, after: str = "") -> AsyncIterator[list[str]]:
    """The ids of all entities with this prefix, in order; with `after`, of those behind it."""
    while ids := await journal.entities(prefix, after=after, limit=_ENTITIES):
        yield ids
        after = ids[-1]


async def turn_pages(journal: Journal, entity_id: str) -> AsyncIterator[list[Turn]]:
    """The turns of an entity, in order."""
    after = 0
    while turns := await journal.turns(entity_id, after=after, limit=_TURNS):
        yield turns
        after = turns[-1].turn
