"""What came of an attempt is told: to the entity, or to the shard when it is to be tried again, or is dead."""

from collections.abc import Callable
from typing import Protocol

from actors.kernel.contract import protocol
from actors.kernel.contract.activities import Answered
from actors.kernel.contract.answers import Reply
from actors.kernel.contract.entity import SYSTEM, Principal
from actors.kernel.contract.ports import EntityClient
from actors.kernel.contract.protocol import Offered, RunnerReport
from actors.kernel.effects.activities.activity_ids import answer_id
from common.clock import Clock
from common.errors import CarewireError
from common.lib.retry import Backoff, Dice
from common.logs import get_logger
from config.activities import ActivitySettings
from serve_app.activities.holding import Ending, HeldActivity
from serve_app.activities.pacing.retries import due_ms, next_step, pause_s

_log = get_logger(__name__)


class Entities(EntityClient, Protocol):
    """The caller's side of the shards (`actors.kernel.caller.region.Region`)."""

    async def submit_packed(
        self, entity: str, packed: bytes, *, by: Principal, command_id: bytes, timeout_s: float | None = None
    ) -> Reply: ...


class Telling:
    """One a runner. `report` and `give_back` say it to the shard that gave us the activity."""

    def __init__(
        self,
        region: Entities,
        settings: ActivitySettings,
        clock: Clock,
        dice: Dice,
        *,
        report: Callable[[HeldActivity, RunnerReport], None],
        give_back: Callable[[HeldActivity], None],
    ) -> None:
        self._region = region
        self._settings = settings
        self._clock = clock
        self._dice = dice
        self._report = report
        self._give_back = give_back

    async def tell(self, held: HeldActivity, ending: Ending) -> None:
        match ending.verdict:
            case "answer":
                await self._answer(held, ending)
            case "put_off":
                self._report(held, self._put_off(held.offered, ending))
            case "dead":
                self._report(held, _dead(held.offered, ending.code, ending.message))
            case "untried":
                self._give_back(held)

    async def _answer(self, held: HeldActivity, ending: Ending) -> None:
        """Tell the entity, however long it takes: its shard may be on its way to another life. It counts once."""
        offered = held.offered
        answered = Answered(
            key=offered.key,
            outcome=ending.outcome,
            result=ending.result,
            code=ending.code,
            attempts=offered.attempts + 1,
            at_ms=self._clock.platform_ms(),
        )
        packed, command_id = protocol.encode(answered), answer_id(offered.entity, offered.key)
        backoff = Backoff(0.1, 2.0)
        while True:
            try:
                await self._region.submit_packed(offered.entity, packed, by=SYSTEM, command_id=command_id)
                return
            except CarewireError as error:
                if not error.retryable:
                    _log.error("activity.answer_refused", connector=offered.connector, code=error.code)
                    self._report(held, _dead(offered, error.code, "The entity cannot take the answer."))
                    return
            await backoff.pause()

    def _put_off(self, offered: Offered, ending: Ending) -> RunnerReport:
        attempts, now_ms = offered.attempts + 1, self._clock.platform_ms()
        settings = self._settings
        at_least_s = ending.at_least_s
        if ending.partner == "closed" and at_least_s is None:
            at_least_s = settings.breaker_pause_s
        wait_s = pause_s(
            attempts,
            first_s=settings.first_retry_s,
            longest_s=settings.longest_retry_s,
            dice=self._dice,
            at_least_s=at_least_s,
        )
        due = due_ms(now_ms, pause_s=wait_s, deadline_ms=offered.deadline_ms, at_least_s=at_least_s)
        verdict = next_step(due, created_at_ms=offered.created_at_ms, keep_s=settings.keep_s)
        return RunnerReport(
            id=offered.id, verdict=verdict, due_ms=due, code=ending.code, message=ending.message, attempts=attempts
        )


def _dead(offered: Offered, code: str, message: str) -> RunnerReport:
    return RunnerReport(id=offered.id, verdict="dead", code=code, message=message, attempts=offered.attempts + 1)
