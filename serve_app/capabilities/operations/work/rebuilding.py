"""`rebuild_projections`: remake every read model from the journal, beside the running system."""

from collections.abc import Sequence
from typing import Final

from actors.jobs.activities import Step, StepDone
from actors.kernel.contract.entity import AnyKind
from actors.kernel.history.rebuild import Rebuilt, rebuild_some
from common.clock import Clock
from store.ports.stores import Stores

_STEP_S: Final = 5.0


class Rebuilding:
    """See the module. A step is some seconds of it; `done` counts entities. `clock` is the process's own."""

    def __init__(self, stores: Stores, kinds: Sequence[AnyKind], clock: Clock, *, step_s: float = _STEP_S) -> None:
        self._stores, self._kinds, self._clock, self._step_s = stores, kinds, clock, step_s

    async def step(self, step: Step) -> StepDone:
        """See `JobWork.step`."""
        enough_s = self._clock.monotonic_s() + self._step_s
        found = Rebuilt(step.done, step.result.get("events", 0), step.result.get("views", 0))
        cursor = await rebuild_some(
            stores=self._stores,
            kinds=self._kinds,
            after=step.cursor,
            done=found,
            go_on=lambda: self._clock.monotonic_s() < enough_s,
            write=not step.dry_run,
        )
        return StepDone(cursor=cursor, done=found.entities, result={"events": found.events, "views": found.views})
