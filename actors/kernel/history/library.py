"""The library of reads: the journal, opened, and the read models (`entity.Library` over the stores)."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from actors.kernel.contract.entity import AnyKind, Event, Recorded
from actors.kernel.history.codec import Codec, OpenedPlace
from store.ports.stores import Stores
from store.ports.views import View, ViewQuery

if TYPE_CHECKING:
    from store.ports.journal import Turn

_PAGE: Final = 100  # turns a round trip


class StoredLibrary:
    """Majority-committed data only. One for each kind, because each kind has its own codec."""

    def __init__(self, kind: AnyKind, stores: Stores) -> None:
        self._kind = kind
        self._stores = stores
        self._codec = Codec(kind, stores.vault)

    async def after(self, entity_id: str, seq: int, *, upto: int, limit: int) -> list[Recorded[Event]]:
        """See `entity.Library.after`."""
        found: list[Recorded[Event]] = []
        while len(found) < limit and seq < upto:
            turns = await self._stores.journal.after(entity_id, seq, limit=min(_PAGE, limit))
            page = [one for one in await self._codec.opened(entity_id, turns) if seq < one.seq <= upto]
            found += page
            if not page:
                break
            seq = page[-1].seq
        return found[:limit]

    async def before(self, entity_id: str, seq: int, *, limit: int) -> list[Recorded[Event]]:
        """See `entity.Library.before`."""
        found: list[Recorded[Event]] = []
        while len(found) < limit and seq > 1:
            turns = await self._stores.journal.before(entity_id, seq, limit=min(_PAGE, limit - len(found)))
            if not turns:
                break
            page = [
                one
                for one in await self._codec.opened(entity_id, turns[::-1])
                if 0 < one.seq < seq and self._kind.is_primary(one.event)
            ]
            found += page[::-1]
            seq = turns[-1].first_seq
        return found[:limit]

    async def at(self, entity_id: str, seqs: Sequence[int]) -> list[Recorded[Event]]:
        """See `entity.Library.at`."""
        wanted = set(seqs)
        turns = await self._stores.journal.at(entity_id, sorted(wanted))
        return [one for one in await self._codec.opened(entity_id, turns) if one.seq in wanted]

    async def across(self, places: Collection[tuple[str, int]]) -> list[OpenedPlace]:
        """The events at these places (entity and seq) of many entities, in no order."""
        turns = await self._stores.journal.across(list(places))
        return await self._codec.opened_at(turns, places)

    async def views(self, query: ViewQuery) -> list[View]:
        """See `entity.Library.views`."""
        return await self._codec.open_views(await self._stores.views.find(query))

    async def view(self, collection: str, ids: Sequence[str]) -> Mapping[str, View]:
        """See `entity.Library.view`."""
        found = await self._stores.views.get(collection, ids)
        return {view.id: view for view in await self._codec.open_views(found.values())}

    async def replay(self, entity_id: str, since: int, *, upto: int | None = None) -> list[Recorded[Event]]:
        """A page of the events above `since` with the notes among them, in order; empty when there are no more."""
        turns: list[Turn] = await self._stores.journal.after(entity_id, since, limit=_PAGE)
        page = await self._codec.opened(entity_id, turns)
        return [one for one in page if one.seq == 0 or (since < one.seq and (upto is None or one.seq <= upto))]
