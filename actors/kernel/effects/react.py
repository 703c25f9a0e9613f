"""One rule over the journal: `carewire react`. For what happened before the rule was there, or while it was off.

Letters bear the ids that they would have had, so whoever has had one of them takes no notice of it; activities bear
their keys. Both are parked among the activities of their sender, whose shard sends them: at once where it runs, else
when it starts.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from actors.kernel.contract.activities import Activity
from actors.kernel.contract.entity import AnyKind, Event, Letter, Recorded
from actors.kernel.contract.partitions import partition_of
from actors.kernel.contract.reactions import AnyReaction, mark_of, owed_by
from actors.kernel.effects.activities.activity_ids import answer_id
from actors.kernel.effects.activities.activity_lines import of_turn
from actors.kernel.effects.postman import arrival_record_of
from actors.kernel.history.codec import seal_activity
from actors.kernel.history.runtime import KindRuntime
from actors.kernel.history.walking import entity_pages, turn_pages
from common.logs import get_logger
from store.ports.activities import ActivityRecord
from store.ports.journal import Turn
from store.ports.stores import Stores

_log = get_logger(__name__)
_TOGETHER: Final = 500  # letters and activities


@dataclass(slots=True)
class Replayed:
    """The figures of a replay: letters and activities. `told` were told before; `failed` are events that the rule met a
    bug with."""

    entities: int = 0
    events: int = 0
    told: int = 0
    owed: int = 0
    failed: int = 0


class _Found(NamedTuple):
    """Something that an event of `sender` entails. `proof` is the command that shows, once stored, that it is done;
    `place` is its own among those of its event."""

    sender: str
    turn: int
    at_ms: int
    place: int
    proof: bytes
    what: Letter | Activity


class RuleReplay:
    """Goes over the journal with one rule of this kind."""

    def __init__(self, stores: Stores, kind: AnyKind, reaction: AnyReaction) -> None:
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
                    found += await self._react(entity_id, recent)
                    if len(found) >= _TOGETHER:
                        await self._owe(found, dry_run=dry_run)
                        found = []
        await self._owe(found, dry_run=dry_run)
        return self.done

    async def _react(self, entity_id: str, turns: Sequence[Turn]) -> list[_Found]:
        notes = Counter[int]()
        found: list[_Found] = []
        for recorded in await self._runtime.codec.opened(entity_id, turns):
            mark = mark_of(recorded, notes[recorded.turn])
            if not recorded.seq:
                notes[recorded.turn] += 1
            if type(recorded.event) is not self._reaction.event:
                continue
            self.done.events += 1
            try:
                found += self._evaluate(entity_id, recorded, mark)
            except Exception:  # what the others entail is owed all the same  # noqa: BLE001
                self.done.failed += 1
                _log.exception("react.failed", rule=self._reaction.name, entity=entity_id, seq=recorded.seq)
        return found

    def _evaluate(self, entity_id: str, recorded: Recorded[Event], mark: str) -> list[_Found]:
        due = owed_by([self._reaction], entity_id, recorded, mark)
        proofs: list[tuple[bytes, Letter | Activity]] = [
            *due.letters,
            *((answer_id(entity_id, activity.key), activity) for activity in due.activities),
        ]
        return [
            _Found(sender=entity_id, turn=recorded.turn, at_ms=recorded.at_ms, place=place, proof=proof, what=what)
            for place, (proof, what) in enumerate(proofs)
        ]

    async def _owe(self, found: Sequence[_Found], *, dry_run: bool) -> None:
        known = await self._stores.journal.replies([one.proof for one in found]) if found else {}
        fresh = [one for one in found if one.proof not in known]
        self.done.told += len(found) - len(fresh)
        self.done.owed += len(fresh)
        if dry_run or not fresh:
            return
        await self._stores.vault.ensure(one.what.owner for one in fresh if one.what.owner)
        await self._stores.activities.add([self._parked(one) for one in fresh])

    def _parked(self, found: _Found) -> ActivityRecord:
        if isinstance(found.what, Letter):
            letter = self._runtime.codec.store_letter(found.what, found.proof)
            return arrival_record_of(found.sender, letter, due_ms=found.at_ms)
        activity = seal_activity(self._stores.vault, found.sender, found.what)
        turn = Turn(
            entity=found.sender, turn=found.turn, first_seq=0, at_ms=found.at_ms, partition=partition_of(found.sender)
        )
        return of_turn(turn, found.place, activity, 0.0).record("parked", found.at_ms)
