"""One rule over the journal: `carewire react`. For what happened before the rule was there, or while it was off.

The letters bear the ids that they would have had, so whoever has had one of them takes no notice of it. They are
parked among the activities of their sender, whose shard sends them: at once where it runs, else when it starts.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from actors.kernel.contract.entity import Kind, Letter
from actors.kernel.contract.reactions import AnyReaction, letters_of, mark_of
from actors.kernel.effects.postman import record_of
from actors.kernel.history.runtime import KindRuntime
from actors.kernel.history.walking import entity_pages, turn_pages
from common.logs import get_logger
from store.ports.journal import Turn
from store.ports.stores import Stores

_log = get_logger(__name__)
_TOGETHER: Final = 500  # letters


@dataclass(slots=True)
class Replayed:
    """What was found and done. `told` were told before; `failed` are events that the rule met a bug with."""

    entities: int = 0
    events: int = 0
    told: int = 0
    owed: int = 0
    failed: int = 0


class _Found(NamedTuple):
    sender: str
    at_ms: int
    command_id: bytes
    letter: Letter


class Replay:
    """Goes over the journal with one rule of this kind."""

    def __init__(self, stores: Stores, kind: Kind[Any, Any, Any], reaction: AnyReaction) -> None:
        self._stores = stores
        self._runtime = KindRuntime(kind, stores)
        self._reaction = reaction
        self.done = Replayed()

    async def run(self, *, since_ms: int, dry_run: bool = False) -> Replayed:
        """Owe what the rule owes because of all events since then; with `dry_run`, only count.

        Raises:
            Unavailable: the database does not answer. What is owed until then stays owed; run it again.
        """
        found: list[_Found] = []
        async for ids in entity_pages(self._stores.journal, f"{self._runtime.kind.name}:"):
            heads = await self._stores.journal.heads(ids)
            for entity_id in (id_ for id_ in ids if heads.get(id_, (0, 0))[1] >= since_ms):
                self.done.entities += 1
                async for turns in turn_pages(self._stores.journal, entity_id):
                    recent = [turn for turn in turns if turn.at_ms >= since_ms]
                    found += await self._letters(entity_id, recent)
                    if len(found) >= _TOGETHER:
                        await self._owe(found, dry_run=dry_run)
                        found = []
        await self._owe(found, dry_run=dry_run)
        return self.done

    async def _letters(self, entity_id: str, turns: Sequence[Turn]) -> list[_Found]:
        notes = Counter[int]()
        found: list[_Found] = []
        for recorded in await self._runtime.codec.opened(entity_id, turns):
            place = notes[recorded.turn]
            if not recorded.seq:
                notes[recorded.turn] += 1
            if type(recorded.event) is not self._reaction.event:
                continue
            self.done.events += 1
            try:
                letters = letters_of(self._reaction, entity_id, recorded, mark_of(recorded, place))
            except Exception:  # the others are owed all the same  # noqa: BLE001
                self.done.failed += 1
                _log.exception("react.failed", rule=self._reaction.name, entity=entity_id, seq=recorded.seq)
                continue
            found += [_Found(entity_id, recorded.at_ms, *one) for one in letters]
        return found

    async def _owe(self, found: Sequence[_Found], *, dry_run: bool) -> None:
        known = await self._stores.journal.replies([one.command_id for one in found]) if found else {}
        fresh = [one for one in found if one.command_id not in known]
        self.done.told += len(found) - len(fresh)
        self.done.owed += len(fresh)
        if dry_run or not fresh:
            return
        await self._stores.vault.ensure(one.letter.owner for one in fresh if one.letter.secret is not None)
        stored = [(one, self._runtime.codec.store_letter(one.letter, one.command_id)) for one in fresh]
        await self._stores.activities.add([record_of(one.sender, letter, due_ms=one.at_ms) for one, letter in stored])
