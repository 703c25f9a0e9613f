"""`ledger_sums`: the sums of old postings are made before anybody asks for a balance. Long work, in steps: each closes
some stretches (`sums.py`), so a step may be done twice."""

from typing import Final

from actors.jobs.activities import Step, StepDone
from serve_app.capabilities.payments.ledger.sums import LedgerSums
from store.mongo.client import Database

_STRETCHES: Final = 4  # of a step: a second's work


class KeepingSums:
    """See the module. `sums`: None: as many as is usual."""

    def __init__(self, database: Database, sums: LedgerSums | None = None) -> None:
        self._sums = sums or LedgerSums(database)

    async def step(self, step: Step) -> StepDone:
        """See `JobWork.step`. `done` counts stretches."""
        closed, all_ = await self._sums.close(_STRETCHES)
        done = step.done + closed
        return StepDone(cursor="" if all_ else f"{done}", done=done, result={"stretches": done})
