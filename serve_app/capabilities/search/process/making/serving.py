"""Which generation serves when a process begins: the one that is there, if it can be asked, or an empty one."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from common.errors import Unavailable
from serve_app.capabilities.search.analysis import Analyser
from serve_app.capabilities.search.blind import Blinder
from serve_app.capabilities.search.port import Engine, Generation
from serve_app.capabilities.search.process.indexer import NAME
from serve_app.capabilities.search.process.keys import IndexKeys
from serve_app.capabilities.search.process.making.maker import FILL
from serve_app.capabilities.search.process.making.notes import Making, Notes
from serve_app.follower.positions import Positions

OPENING: Final = "The index is being opened. Please try again in a moment."


@dataclass(frozen=True, slots=True)
class ServedIndex:
    """What serves, and what is being made."""

    generation: Generation
    blinder: Blinder
    making: Making | None


class Served:
    """One a process."""

    def __init__(self, engine: Engine, keys: IndexKeys, notes: Notes, positions: Positions, analyser: Analyser) -> None:
        self._engine, self._keys, self._notes = engine, keys, notes
        self._positions, self._analyser = positions, analyser

    async def open(self) -> ServedIndex:
        """What is neither served nor being made goes, with its key. Raises Unavailable."""
        serving, making = await self._engine.serving(), await self._notes.read()
        key = None if serving is None else await self._keys.get(serving.key_id)
        if serving is None or key is None or serving.analysis != self._analyser.version:
            serving, making = await self._begun()
            key = await self._keys.get(serving.key_id)
            assert key is not None
        elif making is not None and making.kind != FILL and making.number == serving.number:
            await self._notes.forget()  # it came to serve in the moment in which the last life ended
            making = None
        await self._tidy({serving.number} if making is None else {serving.number, making.number})
        return ServedIndex(serving, Blinder(key, self._analyser), making)

    async def _begun(self) -> tuple[Generation, Making]:
        """An empty one: the newest go into it first, then everything."""
        key = await self._keys.make()
        number = 1 + max((one.number for one in await self._engine.generations()), default=0)
        made = Generation(number, key.id, self._analyser.version)
        making = Making(number=number, kind=FILL)
        await self._notes.write(making)
        await self._positions.forget(NAME)
        await self._engine.create(made)
        await self._engine.swap(number)
        return made, making

    async def _tidy(self, wanted: Collection[int]) -> None:
        kept = set[str]()
        for one in await self._engine.generations():
            if one.number in wanted:
                kept.add(one.key_id)
            else:
                await self._engine.drop(one.number)
        await self._keys.keep_only(kept)


def opening() -> Unavailable:
    """Nothing can be asked just now."""
    return Unavailable(OPENING, retry_after_s=1.0)
