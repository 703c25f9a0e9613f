"""The job `retention`: room after room, what has had its time is deleted, as if it were taken back: its members hear of
it, and its words go from the journal. `done` counts rooms."""

from collections.abc import AsyncIterator
from typing import Final

from actors.jobs.activities import Step, StepDone
from actors.keeping.terms import GetTerms, RetentionTerms
from actors.kernel.contract.entity import SYSTEM
from actors.kernel.contract.ports import EntityClient
from actors.rooms.keeping.commands import Abide, Expire, Overdue
from common.clock import Clock
from common.errors import NotFound
from serve_app.capabilities.retention.terms import ENTITY, PREFIX, terms_for
from store.ports.journal import Journal

KIND: Final = "retention"
_STEP_S: Final = 5.0
_ROOMS: Final = 200  # looked up at once
_AT_ONCE: Final = 50  # messages of a room that go in one turn
_BEHIND: Final = "|"  # between a room and the seq behind which it is gone on with; in no id


class Aging:
    """See the module. `clock` is the process's own."""

    def __init__(self, entities: EntityClient, journal: Journal, clock: Clock, *, step_s: float = _STEP_S) -> None:
        self._entities, self._journal, self._clock, self._step_s = entities, journal, clock, step_s

    async def step(self, step: Step) -> StepDone:
        """See `JobWork.step`."""
        enough_s = self._clock.monotonic_s() + self._step_s
        terms = await self._entities.ask(ENTITY, GetTerms(), by=SYSTEM)
        last, _, behind = step.cursor.partition(_BEHIND)
        done, gone = step.done, step.result.get("messages", 0)
        after = int(behind or 0)
        async for room in self._rooms(terms, last, begun=bool(behind)):
            found, after = await self._age(room, terms, after, enough_s, dry_run=step.dry_run)
            gone += found
            if after:
                return StepDone(cursor=f"{room}{_BEHIND}{after}", done=done, result={"messages": gone})
            done += 1
            if self._clock.monotonic_s() >= enough_s:
                return StepDone(cursor=room, done=done, result={"messages": gone})
        return StepDone(cursor="", done=done, result={"messages": gone})

    async def _rooms(self, terms: RetentionTerms, last: str, *, begun: bool) -> AsyncIterator[str]:
        """Entities of rooms in which something may be due, in order: those behind `last`, and it if it was begun."""
        if begun:
            yield last
        if not _general(terms):
            named = [f"{PREFIX}{room}" for room, kept in sorted(terms.rooms.items()) if kept.days is not None]
            for room in named:
                if room > last:
                    yield room
            return
        while page := await self._journal.entities(PREFIX, after=last, limit=_ROOMS):
            for room in page:
                yield room
            last = page[-1]

    async def _age(
        self, room: str, terms: RetentionTerms, after: int, enough_s: float, *, dry_run: bool
    ) -> tuple[int, int]:
        """How many messages went, and behind which seq to go on; 0: nothing is left."""
        told, gone = terms_for(terms, room), 0
        begins = not after and not dry_run
        while True:
            try:
                if begins:  # what goes is what its members were told of
                    await self._entities.ask(room, Abide(terms=told), by=SYSTEM)
                    begins = False
                due = await self._entities.ask(room, Overdue(terms=told, after=after, limit=_AT_ONCE), by=SYSTEM)
            except NotFound:
                return gone, 0
            if due.seqs and not dry_run:
                expire = Expire(terms=told, seqs=due.seqs, upto=due.upto)
                gone += (await self._entities.ask(room, expire, by=SYSTEM)).gone
            elif dry_run:
                gone += len(due.seqs)
            after = due.upto
            if not due.more:
                return gone, 0
            if self._clock.monotonic_s() >= enough_s:
                return gone, after


def _general(terms: RetentionTerms) -> bool:
    """May something be due in a room that has no terms of its own?"""
    return any(kept.days is not None for kept in (terms.default, *terms.relations.values()))
