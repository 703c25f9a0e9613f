"""Which holds lie over something: asked before anything goes for good."""

from collections.abc import Iterable
from typing import Final

from store.ports.holds import HOLDS, over
from store.ports.views import ViewQuery, Views

_PAGE: Final = 500


class HoldsOver:
    """One a process. Raises `Unavailable` when the database does not answer in time: then nothing goes."""

    def __init__(self, views: Views) -> None:
        self._views = views

    async def over(self, user: str, rooms: Iterable[str]) -> list[str]:
        """The ids of those in force over what this person says, and over these rooms."""
        queries = over(users=[user], rooms=dict.fromkeys(rooms))
        found = [str(view.fields["hold"]) for query in queries for view in await self._views.find(query)]
        return list(dict.fromkeys(found))

    async def about(self, person: str) -> bool:
        """Is there one that keeps the words of this person, whatever else?"""
        query = ViewQuery(collection=HOLDS, equal={"active": True, "person": person}, order_by="hold", limit=1)
        return bool(await self._views.find(query))

    async def rooms(self) -> list[str]:
        """The rooms that lie under one."""
        rooms: list[str] = []
        last: str | None = None
        while True:
            query = ViewQuery(collection=HOLDS, equal={"active": True}, order_by="hold", above=last, limit=_PAGE)
            found = await self._views.find(query)
            rooms += [str(view.fields["room"]) for view in found if view.fields.get("room")]
            if len(found) < _PAGE:
                return list(dict.fromkeys(rooms))
            last = str(found[-1].fields["hold"])
