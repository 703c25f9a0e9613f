"""What lies in the collection of activities is brought back: when it is due, as far as runners ask for it; when its
deadline is over, since then its entity is told; when an operator says so."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import chain
from typing import Final

from actors.kernel.contract import protocol
from actors.kernel.contract.activities import ActivityRow, Answered, Outcome
from actors.kernel.contract.entity import SYSTEM
from actors.kernel.effects.activities import Activities
from actors.kernel.effects.activity_ids import answer_id
from actors.kernel.effects.activity_lines import Open, Phase, of_record
from actors.kernel.effects.inbox import Inbox, LocalLetter
from actors.kernel.effects.postman import LETTERS
from common.clock import Clock
from common.errors import Overloaded, Unavailable
from common.lib.tasks import Tasks
from common.logs import get_logger
from store.ports.activities import BEHIND, ActivityRecord, Lane
from store.ports.stores import Stores

_log = get_logger(__name__)
_URGENCIES: Final = range(3)
_REST_S: Final = 0.5  # after a look that found less than was asked for
_EXPIRED: Final = 200  # that are told of it in one go
_AGAIN_MS: Final = 1000
_NOT_TAKEN: Final = frozenset({Unavailable.code, Overloaded.code, protocol.MOVED})


class ActivityLoads:
    """See the module."""

    def __init__(
        self,
        activities: Activities,
        stores: Stores,
        inbox: Inbox,
        *,
        clock: Clock,
        tasks: Tasks,
        partitions: Callable[[], list[int]],
        patience_s: float,
    ) -> None:
        self._activities = activities
        self._stored = stores.activities
        self._inbox = inbox
        self._clock = clock
        self._tasks = tasks
        self._partitions = partitions
        self._patience_ms = int(patience_s * 1000)
        self._busy: set[str] = set()  # connectors that are being looked for
        self._not_before_s: dict[str, float] = {}
        self._due_meanwhile: dict[str, int] = {}  # credit of connectors of which one has moved up since the look began
        self._expiring = False

    def look_for(self, connector: str, credit: int) -> None:
        """A runner would take so many more of this connector."""
        if (
            self._activities.file.counts[connector, "parked"] > 0
            and connector not in self._busy
            and self._clock.monotonic_s() >= self._not_before_s.get(connector, 0.0)
        ):
            self._busy.add(connector)
            self._tasks.spawn(self._load(connector, credit))

    def due_now(self, connector: str, credit: int = 0) -> None:
        """There is one that is due, whatever the last look has found; and a runner would take so many."""
        self._not_before_s.pop(connector, None)
        if connector in self._busy:
            self._due_meanwhile[connector] = max(credit, self._due_meanwhile.get(connector, 0))
        elif credit:
            self.look_for(connector, credit)

    def sweep(self) -> None:
        """Once a second: those past their deadline are over, whoever asks for them or not."""
        if not self._expiring and not self._activities.file.is_empty:
            self._expiring = True
            self._tasks.spawn(self._expire())

    def late(self, one: Open) -> None:
        """Its deadline is over: its entity is told."""
        self.tell(one, "expired")

    def tell(self, one: Open, outcome: Outcome) -> "asyncio.Future[protocol.Answer]":
        """Answer it in the place of a runner. Stored, it is over."""
        self._activities.step_out(one, Phase.ANSWERING)
        told = _Told(lambda answer: self._told(one, answer))
        answered = Answered(
            key=one.activity.key, outcome=outcome, attempts=one.attempts, code=one.code, at_ms=self._clock.platform_ms()
        )
        item = protocol.Item(
            correlation_id=0,
            entity=one.entity,
            command_id=answer_id(one.entity, one.activity.key),
            command=protocol.encode(answered),
            by=SYSTEM,
            patience_ms=self._patience_ms,
            named=True,
        )
        self._inbox.put(LocalLetter(told, item))
        return told.answered

    def rows(self, connector: str | None, after: bytes | None, limit: int) -> list[ActivityRow]:
        """Those in memory, by id: waiting, or being tried, also where there is a document, or will be in a moment.

        Raises:
            Unavailable: what earlier lives left has not been read yet.
        """
        if not self._activities.is_complete:
            raise Unavailable("Not every activity is known just now. Please try again in a moment.")
        found = [
            row_of(one, "waiting")
            for one in self._activities
            if connector in (None, one.activity.connector) and (after is None or one.id > after)
        ]
        return sorted(found, key=lambda row: row.id)[:limit]

    async def retry(self, id_: bytes) -> ActivityRow | None:
        """Try it now, once more if it is dead. None when it is not here.

        Raises:
            Unavailable: the database does not answer.
        """
        one = self._activities.find(id_)
        if one is not None and one.phase in (Phase.PAUSED, Phase.WAITING, Phase.BEHIND, Phase.HELD, Phase.VETTED):
            if one.phase is Phase.PAUSED:
                self._activities.line_up(one)
            return row_of(one, "waiting")
        record = (await self._stored.get([id_])).get(id_)
        if record is None or record.partition not in self._partitions():
            return None
        due = replace(record, state="parked", due_ms=self._clock.platform_ms(), deaths=0)
        await self._activities.file.write(due, was=record.state)
        self.due_now(due.connector)
        return row_of_record(due)

    async def drop(self, id_: bytes) -> ActivityRow | None:
        """Nobody is to try it any more; its entity is told. None when it is not here.

        Raises:
            Unavailable: the database, or the entity, does not answer.
        """
        one = self._activities.find(id_)
        if one is None:
            record = (await self._stored.get([id_])).get(id_)
            if record is None or record.partition not in self._partitions():
                return None
            if record.connector == LETTERS:
                self._activities.file.close(id_)
                return row_of_record(record)
            one = of_record(record, self._clock.monotonic_s())
            one.phase = Phase.ANSWERING
        row = row_of(one, "waiting" if one.filed != "dead" else "dead")
        answer = await self.tell(one, "dropped")
        if answer.code in _NOT_TAKEN:
            raise Unavailable("The activity could not be dropped just now; try again.")
        if answer.code:  # its entity cannot hear of it, which is no reason to keep it
            self._activities.closed(one.entity, one.activity.key)
        return row

    def _told(self, one: Open, answer: protocol.Answer) -> None:
        """What was told is over by now; what could not be is told again."""
        if not answer.code or self._activities.find(one.id) is not one or one.phase is not Phase.ANSWERING:
            return
        if answer.code in _NOT_TAKEN:
            self._activities.pause(one, self._clock.platform_ms() + _AGAIN_MS)
        else:
            self._activities.give_up(one, answer.code, "Its entity could not take the answer.")

    async def _load(self, connector: str, credit: int) -> None:
        found = 0
        try:
            found = await self._bring(connector, credit)
        except Unavailable:
            pass
        finally:
            self._busy.discard(connector)
            if (more := self._due_meanwhile.pop(connector, None)) is not None:
                self.look_for(connector, more or credit)
            elif found < credit:
                self._not_before_s[connector] = self._clock.monotonic_s() + _REST_S

    async def _bring(self, connector: str, credit: int) -> int:
        """How many were due, at most `credit` of each urgency."""
        before_ms = self._clock.platform_ms() + 1
        mine = self._partitions()
        found = await asyncio.gather(
            *(
                self._stored.due(mine, connector, before_ms=before_ms, limit=credit, urgency=urgency)
                for urgency in _URGENCIES
            )
        )
        records = list(chain.from_iterable(found))
        unknown = [record for record in records if self._activities.find(record.id) is None]
        for one in await self._still_open(unknown):
            self._activities.admit(one)
        return len(records)

    async def _still_open(self, records: list[ActivityRecord]) -> list[Open]:
        """Without those that are over, and those that must let another one of their lane go first."""
        firsts = await self._stored.first_of([(one.entity, one.lane) for one in records if one.lane])
        opened = [of_record(record, self._clock.monotonic_s()) for record in records]
        answered = await self._activities.file.answered(opened)
        mine = set(self._partitions())
        found = []
        for record, one in zip(records, opened, strict=True):
            if self._activities.find(one.id) is not None or one.partition not in mine:
                continue
            if one.id in answered:
                self._activities.file.close(one.id)
            elif one.lane is not None and (one.lane in self._activities.lanes or not _is_first(one, firsts)):
                behind, waits = replace(record, due_ms=BEHIND), one.lane in self._activities.lanes
                self._activities.file.put(behind, lambda: None, was=record.state, lane_waits=waits)
            else:
                found.append(one)
        return found

    async def _expire(self) -> None:
        try:
            late = await self._stored.expired(
                self._partitions(), before_ms=self._clock.platform_ms() + 1, limit=_EXPIRED
            )
            unknown = [record for record in late if self._activities.find(record.id) is None]
            opened = [of_record(record, self._clock.monotonic_s()) for record in unknown]
            answered = await self._activities.file.answered(opened)
            for one in opened:
                if one.id in answered:
                    self._activities.file.close(one.id)
                else:
                    one.phase = Phase.ANSWERING
                    self.late(one)
        except Unavailable:
            return
        finally:
            self._expiring = False


def _is_first(one: Open, firsts: Mapping[Lane, ActivityRecord]) -> bool:
    """Is it the first of its lane? One that has gone meanwhile is not."""
    first = None if one.lane is None else firsts.get(one.lane)
    return first is not None and first.id == one.id


def row_of(one: Open, state: str) -> ActivityRow:
    """It as operators see it."""
    return ActivityRow(
        id=one.id,
        connector=one.activity.connector,
        entity=one.entity,
        state=state,
        attempts=one.attempts,
        created_at_ms=one.created_at_ms,
        due_ms=one.due_ms if one.phase is Phase.PAUSED else None,
        deadline_ms=one.activity.deadline_ms,
        code=one.code,
        message=one.message,
    )


def row_of_record(record: ActivityRecord) -> ActivityRow:
    """One of the collection as operators see it."""
    return ActivityRow(
        id=record.id,
        connector=record.connector,
        entity=record.entity,
        state=record.state,
        attempts=record.attempts,
        created_at_ms=record.created_at_ms,
        due_ms=None if record.due_ms == BEHIND or record.state == "dead" else record.due_ms,
        deadline_ms=record.deadline_ms,
        code=record.code,
        message=record.message,
    )


class _Told:
    """The shard itself as the caller of an answer."""

    __slots__ = ("_then", "answered")

    def __init__(self, then: Callable[[protocol.Answer], None]) -> None:
        self._then = then
        self.answered: asyncio.Future[protocol.Answer] = asyncio.get_running_loop().create_future()

    def answer(self, answer: protocol.Answer) -> None:
        if not self.answered.done():
            self.answered.set_result(answer)
            self._then(answer)

    def listen(self, topic: str, version: int) -> None:
        """Answers listen to nothing."""
