"""Activities that end without a runner: their deadline is over, or an operator has dropped them. Their entity is told
in the place of a runner."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import Final

from actors.kernel.contract import protocol
from actors.kernel.contract.activities import Answered, Outcome
from actors.kernel.contract.entity import SYSTEM
from actors.kernel.effects.activities.activities import ShardActivities
from actors.kernel.effects.activities.activity_ids import answer_id
from actors.kernel.effects.activities.activity_lines import ActivityPhase, OpenActivity, of_record
from actors.kernel.effects.inbox import LocalLetter, ShardInbox
from common.clock import Clock
from common.errors import Overloaded, Unavailable
from common.lib.tasks import Tasks
from store.ports.activities import ActivityRecord
from store.ports.stores import Stores

_EXPIRED: Final = 500  # that are told of it in one go
_AGAIN_MS: Final = 1000
NOT_TAKEN: Final = frozenset({Unavailable.code, Overloaded.code, protocol.MOVED})
"""The codes of an answer after which it is told again."""


class ActivityEndings:
    """See the module."""

    def __init__(
        self,
        activities: ShardActivities,
        stores: Stores,
        inbox: ShardInbox,
        *,
        clock: Clock,
        tasks: Tasks,
        partitions: Callable[[], list[int]],
        kinds: Collection[str],
        patience_s: float,
    ) -> None:
        """`patience_s`: how long an entity may take to answer."""
        self._activities = activities
        self._stored = stores.activities
        self._inbox = inbox
        self._clock = clock
        self._tasks = tasks
        self._partitions = partitions
        self._kinds = kinds
        self._patience_ms = int(patience_s * 1000)
        self._expiring = False

    def sweep(self) -> None:
        """Once a second: those past their deadline are over, whoever asks for them or not."""
        if not self._expiring and not self._activities.file.is_empty:
            self._expiring = True
            self._tasks.spawn(self._expire())

    def late(self, activity: OpenActivity) -> None:
        """Its deadline is over: its entity is told."""
        self.tell(activity, "expired")

    def tell(self, activity: OpenActivity, outcome: Outcome) -> "asyncio.Future[protocol.ItemAnswer]":
        """Answer it in the place of a runner. Stored, it is over."""
        self._activities.step_out(activity, ActivityPhase.ANSWERING)
        told = _Told(lambda answer: self._told(activity, answer))
        answered = Answered(
            key=activity.activity.key,
            outcome=outcome,
            attempts=activity.attempts,
            code=activity.code,
            at_ms=self._clock.platform_ms(),
        )
        item = protocol.BatchItem(
            correlation_id=0,
            entity=activity.entity,
            command_id=answer_id(activity.entity, activity.activity.key),
            command=protocol.encode(answered),
            by=SYSTEM,
            patience_ms=self._patience_ms,
            named=True,
        )
        self._inbox.put(LocalLetter(told, item))
        return told.answered

    def _told(self, activity: OpenActivity, answer: protocol.ItemAnswer) -> None:
        """Endings that were told are done; those that could not be are told again."""
        if (
            not answer.code
            or self._activities.find(activity.id) is not activity
            or activity.phase is not ActivityPhase.ANSWERING
        ):
            return
        if answer.code in NOT_TAKEN:
            self._activities.pause(activity, self._clock.platform_ms() + _AGAIN_MS)
        else:
            self._activities.give_up(activity, answer.code, "Its entity could not take the answer.")

    async def _expire(self) -> None:
        try:
            last: ActivityRecord | None = None
            while late := await self._late_behind(last):
                last = late[-1]
                await self._tell_late(late)
        except Unavailable:
            return
        finally:
            self._expiring = False

    async def _late_behind(self, last: ActivityRecord | None) -> list[ActivityRecord]:
        """The next page of those past their deadline."""
        after = None if last is None or last.deadline_ms is None else (last.deadline_ms, last.id)
        return await self._stored.expired(
            self._partitions(),
            before_ms=self._clock.platform_ms() + 1,
            limit=_EXPIRED,
            after=after,
            kinds=self._kinds,
        )

    async def _tell_late(self, late: Sequence[ActivityRecord]) -> None:
        """Their entities have been told when it returns: no more than a page waits in memory."""
        unknown = [record for record in late if self._activities.find(record.id) is None]
        opened = [of_record(record, self._clock.monotonic_s()) for record in unknown]
        answered = await self._activities.file.answered(opened)
        told = []
        for one in opened:
            if one.id in answered:
                self._activities.file.close(one.id)
            else:
                one.phase = ActivityPhase.ANSWERING
                told.append(self.tell(one, "expired"))
        if told:
            await asyncio.wait(told, timeout=self._patience_ms / 1000)


class _Told:
    """The shard itself as the caller of an answer."""

    __slots__ = ("_then", "answered")

    def __init__(self, then: Callable[[protocol.ItemAnswer], None]) -> None:
        self._then = then
        self.answered: asyncio.Future[protocol.ItemAnswer] = asyncio.get_running_loop().create_future()

    def answer(self, answer: protocol.ItemAnswer) -> None:
        if not self.answered.done():
            self.answered.set_result(answer)
            self._then(answer)

    def listen(self, topic: str, version: int) -> None:
        """Answers listen to nothing."""
