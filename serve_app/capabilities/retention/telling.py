"""The job `retention_terms`: room after room, members hear for how long messages are kept from now on, where that has
changed. `done` counts rooms."""

import asyncio
import contextlib
from typing import Final

from actors.jobs.activities import Step, StepDone
from actors.keeping.terms import GetTerms
from actors.kernel.contract.entity import SYSTEM
from actors.kernel.contract.ports import EntityClient
from actors.rooms.keeping.commands import Abide
from common.clock import Clock
from common.errors import NotFound
from serve_app.capabilities.retention.terms import ENTITY, PREFIX, terms_for
from store.ports.journal import Journal

KIND: Final = "retention_terms"
_STEP_S: Final = 5.0
_SETTLE_S: Final = 3.0  # shards know the terms by then: what begins later begins with them
_ROOMS: Final = 200  # looked up at once


class RetentionNotices:
    """See the module. `clock` is the process's own."""

    def __init__(
        self,
        entities: EntityClient,
        journal: Journal,
        clock: Clock,
        *,
        step_s: float = _STEP_S,
        settle_s: float = _SETTLE_S,
    ) -> None:
        self._entities, self._journal, self._clock = entities, journal, clock
        self._step_s, self._settle_s = step_s, settle_s

    async def step(self, step: Step) -> StepDone:
        """See `JobWork.step`."""
        if not step.cursor:
            await asyncio.sleep(self._settle_s)
        enough_s = self._clock.monotonic_s() + self._step_s
        terms = await self._entities.ask(ENTITY, GetTerms(), by=SYSTEM)
        done, told, last = step.done, step.result.get("told", 0), step.cursor
        while page := await self._journal.entities(PREFIX, after=last, limit=_ROOMS):
            for room in page:
                abide = Abide(terms=terms_for(terms, room), dry_run=step.dry_run)
                with contextlib.suppress(NotFound):
                    told += (await self._entities.ask(room, abide, by=SYSTEM)).changed
                done, last = done + 1, room
                if self._clock.monotonic_s() >= enough_s:
                    return StepDone(cursor=last, done=done, result={"told": told})
        return StepDone(cursor="", done=done, result={"told": told})
