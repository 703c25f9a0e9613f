"""The entities that a shard has in memory: how they come, wait, and go. Who may touch one when is told in `life`."""

import asyncio
from collections.abc import Callable
from typing import Final

from actors.kernel.contract import protocol
from actors.kernel.contract.callers import WaitingCommand
from actors.kernel.contract.partitions import partition_of
from actors.kernel.effects.outbox import Outbox
from actors.kernel.history.replay import replayed
from actors.kernel.history.runtime import KindRuntime
from actors.kernel.lib.backoffs import database_backoff
from actors.kernel.shard.context import ShardContext
from actors.kernel.shard.residents.life import LifeEvent, Phase
from actors.kernel.shard.residents.loader import Loader
from actors.kernel.shard.residents.resident import Missing, Resident
from actors.kernel.shard.residents.weights import PartWeights
from actors.kernel.shard.topics.publisher import Publisher
from common.errors import Unavailable
from store.ports.journal import Outcome, Snapshot, Turn

_LOOK_S: Final = 0.005
_PATIENCE_S: Final = 3.0
_DOUBT_S: Final = 10.0  # how long an insert that was given up may still be on its way
_PARTS: Final = 64  # parts of one entity kept in memory


class Residents:
    """See the module. `ready` are those whose commands the next turn may take; `wake` says that there are some."""

    def __init__(
        self,
        context: ShardContext,
        outbox: Outbox,
        publisher: Publisher,
    ) -> None:
        self._stores = context.stores
        self._outbox = outbox
        self._subscribers = publisher.subscribers
        self._tasks = context.tasks
        self._settings = context.settings
        self._most_parts = context.bounds.parts
        self._weights = PartWeights()
        self._clock = context.clock
        self._all: dict[str, Resident] = {}
        self.ready: dict[str, Resident] = {}
        self.wake = asyncio.Event()
        self.waiting = 0  # commands in all mailboxes
        self._loader = Loader(
            context.stores,
            context.tasks,
            publisher.replies,
            on_loaded=self._loaded,
            on_fetched=self._fetched,
            on_failed=self._unreachable,
        )

    def __len__(self) -> int:
        return len(self._all)

    def find_or_add(self, entity_id: str, runtime: KindRuntime) -> Resident:
        """The resident of this id; a cold one when it was not in memory."""
        resident = self._all.get(entity_id)
        if resident is None:
            resident = self._all[entity_id] = Resident(entity_id, runtime, partition_of(entity_id))
        return resident

    def enqueue(self, resident: Resident, submission: WaitingCommand) -> None:
        """Put a command into the entity's mailbox, and see to it that its turn comes."""
        resident.mailbox.append(submission)
        self.waiting += 1
        resident.used_s = self._clock.monotonic_s()
        phase = resident.life.phase
        if phase is Phase.READY:
            self._mark_ready(resident)
        elif phase is Phase.COLD:
            if not submission.again and resident.runtime.kind.assume_new(submission.command):
                resident.assume_new()
                self._mark_ready(resident)
            else:
                resident.life.on(LifeEvent.LOADING_BEGUN)
                self._loader.load(resident)

    def expired(self, submission: WaitingCommand) -> bool:
        """Whether its caller has stopped waiting."""
        return self._clock.monotonic_s() > submission.deadline_s

    def after_turn(self, resident: Resident, missing: Missing | None) -> None:
        """The turn is over: fetch what the next command misses, or go on."""
        if missing is not None and missing.state:
            resident.life.not_new()
            self._load_anew(resident)
            return
        resident.life.finished(resident.turn, missed=missing is not None)
        if missing is not None:
            self._loader.fetch(resident, missing)
            return
        resident.trim_parts(_PARTS)
        self._weigh(resident)
        if resident.turns_since_snapshot >= self._settings.snapshot_every:
            self._save([resident])
        self._resume(resident)

    def reload(self, resident: Resident, outcome: Outcome) -> None:
        """A turn was not stored for certain: forget what memory believes, and begin from the journal."""
        if outcome is Outcome.UNKNOWN:
            resident.life.unknown(self._clock.monotonic_s() + _DOUBT_S)
        else:
            resident.life.refused()
        self._load_anew(resident)

    def clear(self) -> None:
        """The lease is void: whatever is in memory is no longer ours to show or to change."""
        for resident in self._all.values():
            resident.life.on(LifeEvent.LOST)
        self._all.clear()
        self._weights.clear()
        self.ready.clear()
        self.waiting = 0

    async def hand_off(self, partitions: frozenset[int], bounce: Callable[[WaitingCommand], None]) -> None:
        """Hand these partitions off: what waits is bounced to its caller, what is under way is finished first, unless
        that takes too long (the database is away): then it is abandoned, as if the lease had been lost."""
        until_s = self._clock.monotonic_s() + _PATIENCE_S
        while leaving := [resident for resident in self._all.values() if resident.partition in partitions]:
            for resident in leaving:
                self.waiting -= len(resident.mailbox)
                while resident.mailbox:
                    bounce(resident.mailbox.popleft())
            settled = [resident for resident in leaving if resident.life.phase is Phase.READY]
            self._save([resident for resident in settled if resident.turns_since_snapshot])
            for resident in settled:
                self._drop(resident, LifeEvent.LEFT)
            if len(settled) == len(leaving):
                return
            if self._clock.monotonic_s() > until_s:
                for resident in leaving:
                    if not resident.life.is_gone:
                        self._drop(resident, LifeEvent.LOST)
                return
            await asyncio.sleep(_LOOK_S)

    def save_all(self) -> None:
        """Snapshot whatever stands between two turns (the shard stops)."""
        self._save([resident for resident in self._between_turns() if resident.turns_since_snapshot])

    def sweep(self) -> None:
        """Once a second: look again at what is doubtful, and let the idle go."""
        now_s = self._clock.monotonic_s()
        quiet = [resident for resident in self._between_turns() if not resident.mailbox]
        certain = [resident for resident in quiet if not resident.life.in_doubt_until_s]
        for resident in quiet:
            if resident.life.in_doubt_until_s:  # an append given up as unknown may arrive when nobody waits for it
                resident.life.look_again(now_s)
                self._load_anew(resident)
        idle_before_s = now_s - self._settings.passivate_after_s
        idle = [resident for resident in certain if resident.used_s < idle_before_s or not resident.version]
        surplus = len(self._all) - len(idle) - self._settings.max_active
        if surplus > 0:
            idle = sorted(certain, key=lambda resident: resident.used_s)[: len(idle) + surplus]
        for resident in idle:
            self._drop(resident, LifeEvent.LEFT)
        self._save(
            [resident for resident in idle if resident.turns_since_snapshot >= self._settings.snapshot_every // 10]
        )
        self._trim_parts(quiet)
        self._weights.leave(quiet, now_s)

    def _weigh(self, resident: Resident) -> None:
        """Its parts may have grown: if all together weigh too much, others let go of theirs."""
        if resident.runtime.kind.parts_bytes and self._weights.weigh(resident):
            self._weights.trim(
                [one for one in self._between_turns() if not one.mailbox and one is not resident], resident
            )

    def _trim_parts(self, quiet: list[Resident]) -> None:
        """When all entities together hold too many, those that were not used for longest let go of theirs."""
        surplus = sum(len(resident.parts) for resident in self._all.values()) - self._most_parts
        if surplus <= 0:
            return
        surplus += self._most_parts // 4  # so that it is worth the sorting
        for resident in sorted(quiet, key=lambda resident: resident.used_s):
            surplus -= len(resident.parts)
            resident.parts.clear()
            if surplus <= 0:
                return

    def _between_turns(self) -> list[Resident]:
        return [resident for resident in self._all.values() if resident.life.phase is Phase.READY]

    def _mark_ready(self, resident: Resident) -> None:
        self.ready[resident.id] = resident
        self.wake.set()

    def _resume(self, resident: Resident) -> None:
        if resident.mailbox:
            self._mark_ready(resident)

    def _drop(self, resident: Resident, event: LifeEvent) -> None:
        resident.life.on(event)
        self._weights.forget(resident)
        del self._all[resident.id]
        self.ready.pop(resident.id, None)

    def _load_anew(self, resident: Resident) -> None:
        """It is LOADING: forget what memory believes."""
        resident.forget()
        self._weights.forget(resident)
        self._loader.load(resident)

    def _fetched(self, resident: Resident) -> None:
        if resident.life.is_gone:
            return
        resident.life.on(LifeEvent.FETCHED)
        self._weigh(resident)
        self._resume(resident)

    def _loaded(self, resident: Resident, owed: list[Turn]) -> None:
        if resident.life.is_gone:
            return
        if owed or resident.life.is_behind(resident.turn):
            self._tasks.spawn(self._settle_in(resident, owed))
            return
        self._ready_after_load(resident)

    def _ready_after_load(self, resident: Resident) -> None:
        resident.life.loaded(resident.turn)
        self._resume(resident)

    async def _settle_in(self, resident: Resident, owed: list[Turn]) -> None:
        """Do what earlier turns still owe, and publish what was stored without our knowing."""
        if owed:
            await self._outbox.perform(owed)
        try:
            unpublished = await self._unpublished(resident)
        except Unavailable:
            self._unreachable(resident)
            return
        if not resident.life.is_gone:
            self._subscribers.publish(resident.id, unpublished)
            self._ready_after_load(resident)

    async def _unpublished(self, resident: Resident) -> list[tuple[int, bytes]]:
        """The events that were stored but not sent to listeners, as far as it was ours to send them."""
        if not resident.life.is_behind(resident.turn):
            return []
        turns = await self._stores.journal.turns(resident.id, after=resident.life.published_turn or 0, limit=1)
        everything = replayed(
            resident.runtime,
            resident.id,
            turns[0].first_seq - 1,
            upto=resident.version,
            limit=resident.version,
        )
        return [(delivery.version, protocol.encode(delivery)) async for delivery in everything]

    def _unreachable(self, resident: Resident) -> None:
        """The database does not answer: drop those who no longer wait, and try again for the others."""
        if resident.life.is_gone:
            return
        alive = [submission for submission in resident.mailbox if not self.expired(submission)]
        self.waiting -= len(resident.mailbox) - len(alive)
        resident.mailbox.clear()
        resident.mailbox.extend(alive)
        if alive or resident.life.published_turn is not None:  # it may hold what nobody has been shown yet
            asyncio.get_running_loop().call_later(database_backoff().next_s(), self._retry, resident)
        else:
            self._drop(resident, LifeEvent.GIVEN_UP)

    def _retry(self, resident: Resident) -> None:
        if resident.life.is_gone:
            return
        resident.life.on(LifeEvent.RETRIED)
        if resident.life.phase is Phase.LOADING:
            self._load_anew(resident)
        else:
            self._resume(resident)

    def _save(self, residents: list[Resident]) -> None:
        """Snapshot entities that stand between two turns; the writing goes on behind."""
        snapshots = []
        for resident in residents:
            state = resident.runtime.kind.snapshot(resident.entity)
            snapshots.append(
                Snapshot(
                    entity=resident.id, turn=resident.turn, version=resident.version, at_ms=resident.at_ms, state=state
                )
            )
            resident.turns_since_snapshot = 0
        if snapshots:
            self._tasks.spawn(self._write(snapshots))

    async def _write(self, snapshots: list[Snapshot]) -> None:
        try:
            await self._stores.journal.save(snapshots)
        except Unavailable:
            return  # the next one will do; the journal has it all
