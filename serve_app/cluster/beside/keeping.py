"""How long messages of rooms that begin are kept: the terms of the house, which a shard of rooms reads again and again.

Shard processes import this module, so it imports nothing that they do not need.
"""

import asyncio
from functools import cache
from typing import Final, get_args

import msgspec

from actors.keeping.terms import ALL, TERMS, Between, KeptFor
from common.errors import Unavailable
from common.logs import get_logger
from store.ports.views import Views

AGAIN_S: Final = 1.0
"""How old what a process knows of the terms may be while the database answers."""
_NAMES: Final = (ALL, *get_args(Between))
_kept: Final = msgspec.json.Decoder(KeptFor).decode
log = get_logger(__name__)


class HouseTerms:
    """Says for how many days what is said is kept, by relation (`actors.rooms.keeping.commands.KeptDays`)."""

    def __init__(self) -> None:
        self._days: dict[str, int | None] = {}

    def __call__(self, relation: str) -> int | None:
        """None: for ever."""
        return self._days.get(relation, self._days.get(ALL))

    async def look(self, views: Views) -> None:
        """Take the terms that are in force. Raises Unavailable."""
        found = await views.get(TERMS, _NAMES)
        self._days = {name: _kept(view.data).days for name, view in found.items()}

    async def follow(self, views: Views) -> None:
        """Take them for as long as the process runs."""
        while True:
            try:
                await self.look(views)
            except Unavailable:
                log.warning("terms.not_read")
            await asyncio.sleep(AGAIN_S)


@cache
def terms_of_process() -> HouseTerms:
    """The one of this process: rooms of all its shards ask it."""
    return HouseTerms()
