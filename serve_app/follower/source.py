"""The journal as it grows, opened: each turn once for all who want it."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Final

from actors.kernel.contract.entity import AnyKind
from actors.kernel.history.codec import Codec, secrets_in
from serve_app.follower.consumer import Turned
from store.mongo.client import Database
from store.mongo.kernel.feed import turns_since
from store.ports.journal import Turn
from store.ports.stores import Stores

_ENTITIES: Final = 500  # whose heads one look asks for


class TurnOpener:
    """Turns as consumers get them."""

    def __init__(self, kinds: Iterable[AnyKind], stores: Stores) -> None:
        self._vault = stores.vault
        self._codecs: Mapping[str, Codec] = {kind.name: Codec(kind, stores.vault) for kind in kinds}

    async def open(self, turns: Sequence[Turn]) -> list[Turned]:
        """With their secrets; keys that are not at hand are asked for together. Raises Unavailable."""
        codecs = [self._codecs[turn.entity.partition(":")[0]] for turn in turns]
        sealed = [codec.sealed(turn) for codec, turn in zip(codecs, turns, strict=True)]
        await self._vault.unlock(secrets_in(one for some in sealed for one in some))
        return [
            Turned(turn.entity, turn.turn, turn.at_ms, tuple(codec.open(turn, some)))
            for codec, turn, some in zip(codecs, turns, sealed, strict=True)
        ]


class Past:
    """What was written while nobody looked, found by the heads of entities."""

    def __init__(self, database: Database, stores: Stores, opening: TurnOpener) -> None:
        self._database, self._stores, self._opening = database, stores, opening

    async def since(self, kinds: Iterable[str], at_ms: int, *, after: str = "") -> AsyncIterator[list[Turned]]:
        """Every turn of entities of these kinds that was decided at this time or later, entity by entity. `after`: only
        of entities behind this one. Raises Unavailable."""
        begun = after.partition(":")[0]
        for kind in sorted(one for one in kinds if one >= begun):
            async for entity in self._touched(f"{kind}:", at_ms, after if kind == begun else ""):
                turns = await turns_since(self._database, entity, at_ms)
                for first in range(0, len(turns), _ENTITIES):
                    yield await self._opening.open(turns[first : first + _ENTITIES])

    async def _touched(self, prefix: str, at_ms: int, after: str) -> AsyncIterator[str]:
        journal = self._stores.journal
        while page := await journal.entities(prefix, after=after, limit=_ENTITIES):
            heads = await journal.heads(page)
            for entity in page:
                if entity in heads and heads[entity][1] >= at_ms:
                    yield entity
            after = page[-1]
