"""The loop of turns: decide all that waits, store it in one insert, and only then let anyone see it.

While inserts are in flight the next turn collects. Under load turns begin no sooner than `linger_ms` one after the
other, because bigger ones are cheaper; when it is quiet, nothing waits. An entity whose turn was not stored for
certain is forgotten, reloaded, and its commands are decided again in their order, refusals included.
"""

import asyncio
from typing import Final

from actors.kernel.contract.answers import INTERNAL, failure
from actors.kernel.effects.group import ShardEffects
from actors.kernel.lib.pacing import Pacer
from actors.kernel.shard.context import ShardContext
from actors.kernel.shard.decider import Decider
from actors.kernel.shard.residents.life import LifeEvent, Phase
from actors.kernel.shard.residents.resident import TurnDraft
from actors.kernel.shard.residents.residents import Residents
from actors.kernel.shard.topics.publisher import Publisher
from common.logs import get_logger
from store.ports.journal import Outcome

_log = get_logger(__name__)
_FULL: Final = 200  # commands that are worth a turn at once


class Turns:
    """See the module. An entity is in one turn at a time, and nobody else touches it there (see `life`)."""

    def __init__(
        self,
        context: ShardContext,
        residents: Residents,
        effects: ShardEffects,
        publisher: Publisher,
    ) -> None:
        """Two turns are under way at once where a kind is `multi_step`."""
        self._journal = context.stores.journal
        self._residents = residents
        self._effects = effects
        self._publisher = publisher
        self._tasks = context.tasks
        self._metrics = context.metrics
        self._clock = context.clock
        self._bounds = context.bounds
        self._serving = context.serving
        self._pace = Pacer(context.clock, context.settings.linger_ms / 1000)
        self._places = asyncio.Semaphore(
            2 if any(runtime.kind.multi_step for runtime in context.runtimes.values()) else 1
        )
        self._decider = Decider(
            context.stores.vault,
            publisher.replies,
            max_turn_bytes=context.settings.max_turn_bytes,
            expired=residents.expired,
        )

    async def run(self) -> None:
        """Turn after turn; until cancelled."""
        while True:
            await self._residents.wake.wait()
            await self._places.acquire()
            await self._pace.rest(self._is_full)
            self._residents.wake.clear()
            if self._serving():
                self._tasks.spawn(self._turn())
            else:
                self._places.release()

    def _is_full(self) -> bool:
        return self._residents.waiting >= _FULL

    async def _turn(self) -> None:
        try:
            started_s = self._clock.monotonic_s()
            drafts = self._decide()
            try:
                await self._carry_out(drafts)
            except Exception:  # a fault of ours: its entities must not wait for ever, and nobody knows what was stored  # noqa: BLE001
                _log.exception("turn.failed", entities=len(drafts))
                for draft in drafts:
                    if draft.resident.life.phase is Phase.COMMITTING:
                        self._not_stored(draft, Outcome.UNKNOWN)
            self._metrics.turn(drafts, self._clock.monotonic_s() - started_s)
        finally:
            self._places.release()

    async def _carry_out(self, drafts: list[TurnDraft]) -> None:
        to_store = []
        for draft in drafts:
            if draft.writes or draft.broken is not None:
                to_store.append(draft)
            else:
                self._finish(draft)
        if to_store:  # a turn that only finds out what is missing holds up nothing
            self._pace.began()
            await self._commit(to_store)

    def _decide(self) -> list[TurnDraft]:
        """A draft of each entity that is ready, as long as the turn has room; the others stay ready."""
        now_ms = self._clock.platform_ms()
        ready = self._residents.ready
        bounds = self._bounds
        room = bounds.commands
        drafts = []
        for entity_id in list(ready):
            if room <= 0:
                self._residents.wake.set()
                break
            resident = ready.pop(entity_id)
            if resident.life.phase is Phase.READY and resident.mailbox:
                before = len(resident.mailbox)
                resident.life.on(LifeEvent.TURN_BEGUN)
                drafts.append(self._decider.draft(resident, now_ms, most=min(room, bounds.commands_of_one)))
                taken = before - len(resident.mailbox)
                self._residents.waiting -= taken
                room -= taken
        return drafts

    async def _commit(self, drafts: list[TurnDraft]) -> None:
        whole = [draft for draft in drafts if draft.broken is None]
        outcomes = await self._append(whole) if whole else {}
        owing = []
        for draft in drafts:
            if draft.resident.life.is_gone:
                continue  # the lease was lost meanwhile, and everything with it
            outcome = outcomes.get(draft.resident.id, Outcome.REFUSED)
            if outcome is not Outcome.STORED or draft.broken is not None:
                self._not_stored(draft, outcome)
                continue
            self._stored(draft)
            if not draft.effects:
                self._finish(draft)
                self._time(draft)
                continue
            draft.resident.life.on(LifeEvent.OWED)
            if draft.redacts:  # nobody else shall wait for that
                self._tasks.spawn(self._perform([draft]))
            else:
                owing.append(draft)
        if owing:
            self._tasks.spawn(self._perform(owing))

    async def _append(self, drafts: list[TurnDraft]) -> dict[str, Outcome]:
        started_s = self._clock.monotonic_s()
        outcomes = await self._journal.append([draft.close() for draft in drafts])
        self._metrics.journal_s.observe(self._clock.monotonic_s() - started_s)
        return dict(outcomes)

    def _stored(self, draft: TurnDraft) -> None:
        resident = draft.resident
        resident.life.stored()
        resident.turn += 1
        resident.version = draft.version
        resident.at_ms = draft.at_ms
        resident.turns_since_snapshot += 1
        self._publisher.remember_replies(draft)

    def _time(self, draft: TurnDraft) -> None:
        """Set the timers of a turn that owes nothing else."""
        if draft.timers and draft.turn is not None and not self._effects.timers.try_keep(draft.turn, draft.timers):
            self._tasks.spawn(self._effects.outbox.perform([draft.turn], fresh=True))

    async def _perform(self, drafts: list[TurnDraft]) -> None:
        """Bring the read models up to date before anyone is answered: callers read what they wrote."""
        try:
            await self._effects.outbox.perform([draft.turn for draft in drafts if draft.turn is not None], fresh=True)
        except Exception:  # a fault of ours: it is stored, so its callers are answered; what is owed is found again  # noqa: BLE001
            _log.exception("effects.failed", entities=len(drafts))
        makers: list[TurnDraft] = []
        others: list[TurnDraft] = []
        for draft in drafts:
            (makers if self._owes_activities(draft) else others).append(draft)
        self._finish_all(others)
        if makers:  # who makes them faster than they are put off has to wait
            await self._effects.activities.file.room()
            self._finish_all(makers)

    def _owes_activities(self, draft: TurnDraft) -> bool:
        return draft.turn is not None and self._effects.activities.keeps((draft.turn.entity, draft.turn.turn))

    def _finish_all(self, drafts: list[TurnDraft]) -> None:
        for draft in drafts:
            if not draft.resident.life.is_gone:
                self._finish(draft)

    def _finish(self, draft: TurnDraft) -> None:
        """Let everyone see what is stored, and go on with the entity."""
        self._publisher.publish(draft)
        if draft.answered:
            self._answered(draft)
        self._residents.after_turn(draft.resident, draft.missing)

    def _answered(self, draft: TurnDraft) -> None:
        """Activities are over."""
        self._metrics.answers_refused.inc(draft.refused_answers)
        for key in draft.answered:
            self._effects.activities.closed(draft.resident.id, key)

    def _not_stored(self, draft: TurnDraft, outcome: Outcome) -> None:
        self._metrics.not_stored(outcome)
        resident = draft.resident
        if draft.broken is not None:
            draft.broken.caller.answer(failure(draft.broken.correlation_id, INTERNAL, resident.version))
        for decided in reversed(draft.decided):
            decided.submission.again |= outcome is Outcome.UNKNOWN  # if it is stored after all, it was this one
            resident.mailbox.appendleft(decided.submission)
        self._residents.waiting += len(draft.decided)
        self._residents.reload(resident, outcome)
