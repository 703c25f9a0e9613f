"""The rules by which a shard of rooms holds messages back: the shipped ones with those of the house, which it reads
again and again.

Shard processes import this module, so it imports nothing that they do not need.
"""

import asyncio
from collections.abc import Coroutine
from functools import cache
from typing import Any, Final

from actors.moderation.house.entity import HOUSE, POLICIES
from actors.moderation.house.policy import SHIPPED, SafetyRules, decode
from common.errors import Unavailable
from common.logs import get_logger
from ml.safety.holding import Holding
from store.ports.views import Views

_AGAIN_S: Final = 1.0
log = get_logger(__name__)


class HouseScreen:
    """Says what of a text holds it, in a room of a relation (`actors.rooms.safety.record.Screen`)."""

    def __init__(self) -> None:
        self._holding, self._rules, self._version = Holding(), SHIPPED, 0

    def __call__(self, text: str, relation: str) -> tuple[str, ...]:
        """Kinds of what was found that are held there."""
        found = self._holding.find(text)
        return self._rules.held(found, relation) if found else ()

    def set(self, rules: SafetyRules) -> None:
        """These, from now on."""
        self._rules = rules
        self._holding.set(rules.words)

    async def look(self, views: Views) -> None:
        """Take the rules that are in force. Raises Unavailable."""
        found = (await views.get(POLICIES, [HOUSE])).get(HOUSE)
        if found is not None and found.version != self._version:
            self.set(decode(found.data))
            self._version = found.version

    async def followed(self, views: Views) -> Coroutine[Any, Any, None]:
        """Take them now, however long that takes; what comes back takes them for as long as the process runs."""
        while True:
            try:
                await self.look(views)
                return self._follow(views)
            except Unavailable:
                log.warning("screen.not_read")
            await asyncio.sleep(_AGAIN_S)

    async def _follow(self, views: Views) -> None:
        while True:
            await asyncio.sleep(_AGAIN_S)
            try:
                await self.look(views)
            except Unavailable:
                log.warning("screen.not_read")


@cache
def screen_of_process() -> HouseScreen:
    """The one of this process: rooms of all its shards ask it."""
    return HouseScreen()
