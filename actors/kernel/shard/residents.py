"""The entities that a shard has in memory: how they come, wait, and go.

An entity is touched by one party at a time, as its `Phase` says: a turn (COMMITTING), a task that loads, fetches or
writes effects for it (BUSY), or nobody (READY, COLD). Its mailbox takes commands in every phase.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from actors.kernel.contract import protocol
from actors.kernel.contract.callers import Submission
from actors.kernel.contract.partitions import partition_of
from actors.kernel.effects.outbox import Outbox
from actors.kernel.history.replay import replayed
from actors.kernel.history.runtime import KindRuntime
from actors.kernel.lib.backoffs import database_backoff
from actors.kernel.shard.loader import Loader
from actors.kernel.shard.reply_cache import ReplyCache
from actors.kernel.shard.resident import Missing, Phase, Resident
from actors.kernel.shard.subscribers import Subscribers
from common.clock import Clock
from common.errors import Unavailable
from common.lib.tasks import Tasks
from config.settings import KernelSettings
from store.ports.journal import Outcome, Snapshot, Turn
from store.ports.stores import Stores

_LOOK_S: Final = 0.005
_PATIENCE_S: Final = 3.0
_DOUBT_S: Final = 10.0  # how long an insert that was given up may still be on its way
_PARTS: Final = 64  # parts of one entity kept in memory
_ALL_PARTS: Final = 20_000  # parts of all entities of a shard; a message is one, and takes some 700 bytes


class Residents:
    """See the module. `ready` are those whose commands the next turn may take; `wake` says that there are some."""

    def __init__(
        self,
        stores: Stores,
        outbox: Outbox,
        sessions: Subscribers,
        tasks: Tasks,
        replies: ReplyCache,
        *,
        settings: KernelSettings,
        clock: Clock,
    ) -> None:
        self._stores = stores
        self._outbox = outbox
        self._sessions = sessions
        self._tasks = tasks
        self._settings = settings
        self._clock = clock
        self._all: dict[str, Resident] = {}
        self.ready: dict[str, Resident] = {}
        self.wake = asyncio.Event()
        self.waiting = 0  # commands in all mailboxes
        self._loader = Loader(
            stores, tasks, replies, on_loaded=self._loaded, on_fetched=self.resume, on_failed=self._unreachable
        )

    def __len__(self) -> int:
        return len(self._all)

    def __contains__(self, resident: Resident) -> bool:
        return self._all.get(resident.id) is resident

    def find_or_add(self, entity_id: str, host: KindRuntime) -> Resident:
        """The resident of this id; a cold one when it was not in memory."""
        resident = self._all.get(entity_id)
        if resident is None:
            resident = self._all[entity_id] = Resident(entity_id, host, partition_of(entity_id))
        return resident

    def enqueue(self, resident: Resident, submission: Submission) -> None:
        """Put a command into the entity's mailbox, and see to it that its turn comes."""
        resident.mailbox.append(submission)
        self.waiting += 1
        resident.used_s = self._clock.monotonic_s()
        if resident.phase is Phase.READY:
            self._mark_ready(resident)
        elif resident.phase is Phase.COLD:
            fresh = resident.published_turn is None and not submission.again
            if fresh and resident.host.kind.begins(submission.command):
                resident.suppose_new()
                self._mark_ready(resident)
            else:
                self._activate(resident)

    def expired(self, submission: Submission) -> bool:
        """Has its caller stopped waiting?"""
        return self._clock.monotonic_s() > submission.deadline_s

    def resume(self, resident: Resident) -> None:
        """Whoever had the entity is done with it."""
        if resident not in self:
            return  # the lease was lost meanwhile, and everything with it
        resident.phase = Phase.READY
        if resident.mailbox:
            self._mark_ready(resident)

    def after_turn(self, resident: Resident, missing: Missing | None) -> None:
        """The turn is over: fetch what the next command misses, or go on."""
        if missing is not None and missing.state:
            resident.forget()
            resident.published_turn = None
            self._activate(resident)
            return
        if missing is not None:
            resident.phase = Phase.BUSY
            self._loader.fetch(resident, missing)
            return
        resident.trim_parts(_PARTS)
        if resident.unsnapped >= self._settings.snapshot_every:
            self._save([resident])
        self.resume(resident)

    def reload(self, resident: Resident, outcome: Outcome) -> None:
        """A turn was not stored for certain: forget what memory believes, and begin from the journal."""
        if resident.supposed and outcome is Outcome.REFUSED:
            resident.published_turn = None  # what it has done already was published before it came here
        resident.forget()
        resident.suspects = True
        if outcome is Outcome.UNKNOWN:
            resident.doubt_until_s = self._clock.monotonic_s() + _DOUBT_S
        self._activate(resident)

    def clear(self) -> None:
        """The lease is void: whatever is in memory is no longer ours to show or to change."""
        for resident in self._all.values():
            resident.phase = Phase.COLD
        self._all.clear()
        self.ready.clear()
        self.waiting = 0

    async def give_away(self, partitions: frozenset[int], bounce: Callable[[Submission], None]) -> None:
        """Let these partitions go: what waits is bounced to its caller, what is under way is finished first, unless
        that takes too long (the database is away): then it is abandoned, as if the lease had been lost."""
        until_s = self._clock.monotonic_s() + _PATIENCE_S
        while leaving := [one for one in self._all.values() if one.partition in partitions]:
            for resident in leaving:
                self.waiting -= len(resident.mailbox)
                while resident.mailbox:
                    bounce(resident.mailbox.popleft())
            if self._clock.monotonic_s() > until_s:
                for resident in leaving:
                    resident.phase = Phase.COLD
            settled = [one for one in leaving if one.phase is Phase.READY or one.phase is Phase.COLD]
            self._save([one for one in settled if one.phase is Phase.READY and one.unsnapped])
            for resident in settled:
                del self._all[resident.id]
                self.ready.pop(resident.id, None)
            if len(settled) < len(leaving):
                await asyncio.sleep(_LOOK_S)

    def save_all(self) -> None:
        """Snapshot whatever stands between two turns (the shard stops)."""
        self._save([one for one in self._all.values() if one.unsnapped and one.phase is Phase.READY])

    def sweep(self) -> None:
        """Once a second: look again at what is doubtful, and let the idle go."""
        now_s = self._clock.monotonic_s()
        quiet = [one for one in self._all.values() if one.phase is Phase.READY and not one.mailbox]
        certain = [one for one in quiet if not one.doubt_until_s]
        for resident in quiet:
            if resident.doubt_until_s:
                self._look_again(resident, now_s)
        idle_before_s = now_s - self._settings.passivate_after_s
        idle = [one for one in certain if one.used_s < idle_before_s or not one.version]
        surplus = len(self._all) - len(idle) - self._settings.max_active
        if surplus > 0:
            idle = sorted(certain, key=lambda one: one.used_s)[: len(idle) + surplus]
        for resident in idle:
            del self._all[resident.id]
        self._save([one for one in idle if one.unsnapped >= self._settings.snapshot_every // 10])
        self._trim_parts(quiet)

    def _trim_parts(self, quiet: list[Resident]) -> None:
        """When all entities together hold too many, those that were not used for longest let go of theirs."""
        surplus = sum(len(one.parts) for one in self._all.values()) - _ALL_PARTS
        if surplus <= 0:
            return
        surplus += _ALL_PARTS // 4  # so that it is worth the sorting
        for resident in sorted(quiet, key=lambda one: one.used_s):
            surplus -= len(resident.parts)
            resident.parts.clear()
            if surplus <= 0:
                return

    def _mark_ready(self, resident: Resident) -> None:
        self.ready[resident.id] = resident
        self.wake.set()

    def _activate(self, resident: Resident) -> None:
        resident.phase = Phase.BUSY
        self._loader.load(resident)

    def _loaded(self, resident: Resident, owed: list[Turn]) -> None:
        if owed or _unpublished(resident):
            self._tasks.spawn(self._settle_in(resident, owed))
            return
        resident.published_turn = resident.turn
        if resident.phase is Phase.BUSY:
            self.resume(resident)

    async def _settle_in(self, resident: Resident, owed: list[Turn]) -> None:
        """Do what earlier turns still owe, and publish what was stored without our knowing."""
        if owed:
            await self._outbox.perform(owed)
        try:
            await self._publish_unpublished(resident)
        except Unavailable:
            resident.entity = None  # begin again
            self._unreachable(resident)
            return
        if resident.phase is Phase.BUSY:
            self.resume(resident)

    async def _publish_unpublished(self, resident: Resident) -> None:
        if _unpublished(resident):
            turns = await self._stores.journal.turns(resident.id, after=resident.published_turn or 0, limit=1)
            everything = replayed(
                resident.host,
                resident.id,
                turns[0].first_seq - 1,
                upto=resident.version,
                limit=resident.version,
            )
            self._sessions.publish(resident.id, [(one.version, protocol.encode(one)) async for one in everything])
        resident.published_turn = resident.turn

    def _unreachable(self, resident: Resident) -> None:
        """The database does not answer: drop those who no longer wait, and try again for the others."""
        alive = [one for one in resident.mailbox if not self.expired(one)]
        self.waiting -= len(resident.mailbox) - len(alive)
        resident.mailbox.clear()
        resident.mailbox.extend(alive)
        if resident.phase is not Phase.BUSY:
            return
        if alive or resident.published_turn is not None:  # it may hold what nobody has been shown yet
            asyncio.get_running_loop().call_later(database_backoff().next_s(), self._retry, resident)
        else:
            self._all.pop(resident.id, None)

    def _retry(self, resident: Resident) -> None:
        if resident.phase is not Phase.BUSY:
            return
        if resident.entity is None:
            self._activate(resident)
        else:
            self.resume(resident)

    def _look_again(self, resident: Resident, now_s: float) -> None:
        """An append given up as unknown may arrive when nobody waits for it any more."""
        if now_s > resident.doubt_until_s:
            resident.doubt_until_s = 0.0
        resident.forget()
        self._activate(resident)

    def _save(self, residents: list[Resident]) -> None:
        """Snapshot entities that stand between two turns; the writing goes on behind."""
        snapshots = []
        for resident in residents:
            state = resident.host.kind.snapshot(resident.entity)
            snapshots.append(Snapshot(resident.id, resident.turn, resident.version, resident.at_ms, state))
            resident.unsnapped = 0
        if snapshots:
            self._tasks.spawn(self._write(snapshots))

    async def _write(self, snapshots: list[Snapshot]) -> None:
        try:
            await self._stores.journal.save(snapshots)
        except Unavailable:
            return  # the next one will do; the journal has it all


def _unpublished(resident: Resident) -> bool:
    """Was anything stored that listeners have not been sent, as far as we were the ones to send it?"""
    return resident.published_turn is not None and resident.published_turn < resident.turn
