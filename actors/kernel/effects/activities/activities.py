"""Open activities of a shard: kept by their turns, offered to runners, over when their answer is stored.

There is no second write on the way, no claim in the database and no poller: the turn keeps its activities among its
effects, as it keeps timers that are due soon, and is settled when the last of them is over or has a document of its
own. What takes long gets one (`activity_file`). Whatever is read back from the database is vetted before it is offered:
the journal is asked for its answer, the collection whether it is put off.

    VETTED -> BEHIND or WAITING -> HELD -> (answer stored: over) | PAUSED -> WAITING | LEAVING (to the collection)
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from typing import Final

from actors.kernel.contract.protocol import Level
from actors.kernel.effects.activities.activity_file import ActivityFile, StoredVerdict
from actors.kernel.effects.activities.activity_ids import mark_of
from actors.kernel.effects.activities.activity_lines import ActivityPhase, ConnectorLines, Lanes, OpenActivity, of_turn
from actors.kernel.effects.activities.open_activities import OpenActivities
from actors.kernel.effects.kept_turns import REST, KeptTurns
from actors.kernel.effects.timers import TurnKey
from actors.kernel.history.codec import StoredActivity
from actors.kernel.lib.writes import WriteBatcher
from common.clock import Clock
from common.lib.tasks import Tasks
from store.ports.activities import BEHIND, Lane, State
from store.ports.journal import Turn
from store.ports.stores import Stores

MOST_WAITING: Final = 1000  # of a connector, in memory
_KEPT: Final = (ActivityPhase.BEHIND, ActivityPhase.WAITING, ActivityPhase.PAUSED, ActivityPhase.HELD)


class ShardActivities:
    """See the module. `on_waiting` hears of each that comes into line for a connector."""

    def __init__(
        self,
        stores: Stores,
        settling: WriteBatcher[TurnKey],
        *,
        keep_s: float,
        clock: Clock,
        tasks: Tasks,
        serving: Callable[[], bool],
        partitions: Callable[[], list[int]],
        kinds: Collection[str],
        is_ours: Callable[[str], bool],
    ) -> None:
        self.file = ActivityFile(
            stores, clock, tasks, serving=serving, partitions=partitions, kinds=kinds, on_vetted=self._vetted
        )
        self.lines = ConnectorLines()
        self.lanes = Lanes()
        self.on_waiting: Callable[[str], None] = lambda connector: None
        self._kept = KeptTurns(settling)
        self._serving = serving
        self._keep_s = keep_s
        self._clock = clock
        self._is_ours = is_ours
        self._open = OpenActivities()
        self._vetting: Counter[Lane | None] = Counter()
        self._recovering = 0
        self.is_complete = False  # is all in memory that earlier lives left?

    def __iter__(self) -> Iterator[OpenActivity]:
        return iter(self._open)

    def find(self, id_: bytes) -> OpenActivity | None:
        """The open activity of this id, if it is in memory."""
        return self._open.find(id_)

    def keeps(self, key: TurnKey) -> bool:
        """Is this turn kept for an activity?"""
        return key in self._kept

    def keep(self, turn: Turn, activities: Sequence[StoredActivity], *, fresh: bool, more: bool) -> None:
        """Offer what a stored turn owes; it is settled when all of it is over. `fresh`: it has just been stored.
        `more`: it owes other things as well, and `settle` will be called."""
        if not self._is_ours(turn.entity):
            return  # whoever has it by now finds it unsettled
        key = (turn.entity, turn.turn)
        if more:
            self._kept.keep(key, REST)
        now_s = self._clock.monotonic_s()
        for place, activity in enumerate(activities):
            one = of_turn(turn, place, activity, now_s)
            self._kept.keep(key, one.id)
            known = self._open.find(one.id)
            if known is None:
                self._open.add(one)
                one.turns.append(key)
                self._begin(one, fresh=fresh)
            elif key not in known.turns:
                known.turns.append(key)

    def settle(self, key: TurnKey) -> None:
        """The other effects of the turn are done. One that is kept no longer is somebody else's to settle."""
        self._kept.done(key, REST)

    def closed(self, entity: str, key: str) -> None:
        """The answer to this activity is stored."""
        id_ = mark_of(entity, key)
        one = self._open.find(id_)
        if one is not None:
            self._forget(one)
            if one.lane is not None and not one.filed and not self.file.is_empty:
                self.file.look_at([one.lane])
        if not self.file.is_empty and (one is None or one.filed):
            self.file.close(id_)

    def line_up(self, activity: OpenActivity, *, first: bool = False) -> None:
        """It waits for a runner; `first`: before the others, as it did before."""
        activity.phase, activity.runner = ActivityPhase.WAITING, ""
        self.lines.put(activity, first=first)
        self.on_waiting(activity.activity.connector)

    def step_out(self, activity: OpenActivity, phase: ActivityPhase) -> None:
        """It waits for no runner, and for no verdict of the database: it is in this phase."""
        if activity.phase is ActivityPhase.WAITING:
            self.lines.remove(activity)
        elif activity.phase is ActivityPhase.VETTED:
            self._is_vetted(activity)
        activity.phase = phase

    def pause(self, activity: OpenActivity, due_ms: int) -> None:
        """It waits for a runner from then on."""
        activity.phase, activity.runner, activity.due_ms = ActivityPhase.PAUSED, "", due_ms
        pause_s = max(0, due_ms - self._clock.platform_ms()) / 1000
        asyncio.get_running_loop().call_later(pause_s, self._resume, activity, due_ms)

    def time_moved(self) -> None:
        """The clock was moved: paused activities may be due by now."""
        for one in [one for one in self._open if one.phase is ActivityPhase.PAUSED]:
            self.pause(one, one.due_ms)

    def put_off(self, activity: OpenActivity, due_ms: int) -> None:
        """It goes to the collection, and with it whoever is in its lane."""
        for member in [other for other in self.lanes.beside(activity) if other.phase in _KEPT or other is activity]:
            self._file(member, "parked", due_ms if member is activity else self._due_of(member))

    def give_up(self, activity: OpenActivity, code: str, message: str) -> None:
        """Nobody tries it again by itself: it is dead."""
        activity.code, activity.message = code, message
        self._file(activity, "dead", self._clock.platform_ms())

    def admit(self, activity: OpenActivity) -> None:
        """It has been loaded: it waits for a runner, unless it is known."""
        if self._open.find(activity.id) is None:
            self._open.add(activity)
            self.lanes.add(activity)
            self.line_up(activity)

    def levels(self) -> dict[str, Level]:
        """The number of activities, by connector."""
        return self._open.levels(self.file.counts)

    def figures(self) -> dict[str, dict[str, float]]:
        """The same for people, with the age of the oldest one in memory."""
        return self._open.figures(self.file.counts, self._clock.platform_ms())

    def sweep(self) -> None:
        """Once a second: what has been here for long gets a document, and what has one need not wait here."""
        before_s = self._clock.monotonic_s() - self._keep_s
        for one in [one for one in self._open if one.since_s <= before_s and one.phase in _KEPT]:
            if not one.filed:
                self.put_off(one, self._due_of(one))
            elif one.phase is ActivityPhase.WAITING and not one.turns:  # its document is written
                self._put_off_behind(one)
                self._forget(one)

    def recovery_began(self) -> None:
        """The activities that earlier lives left are being read: until it has been, nobody knows who is first in a
        lane."""
        self._recovering += 1
        self.is_complete = False
        self.file.gate(shut=True)

    def recovery_ended(self) -> None:
        """All of it has been read. What an earlier owner was about to write may still come."""
        self._recovering -= 1
        self.is_complete = self._serving() and not self._recovering
        self.file.doubt()
        self.file.gate(shut=self._recovering > 0)

    def hand_off(self, partitions: frozenset[int]) -> None:
        """These are somebody else's now, who finds their activities in the database."""
        for one in [one for one in self._open if one.partition in partitions]:
            self._take_out(one)
            for key in one.turns:
                self._kept.forget(key)

    def clear(self) -> None:
        """Forget what memory holds (the lease is lost); the database keeps it."""
        self.is_complete = False
        for one in self._open:
            one.phase = ActivityPhase.LEAVING
        self._open.clear()
        self._vetting.clear()
        self._kept.clear()
        self.lines.clear()
        self.lanes.clear()
        self.file.clear()

    def _begin(self, activity: OpenActivity, *, fresh: bool) -> None:
        if fresh and (activity.lane is None or self._is_known(activity.lane)):
            self._join(activity)
        else:
            self._vetting[activity.lane] += 1
            self.file.vet(activity)

    def _is_known(self, lane: Lane) -> bool:
        """Can nobody be before it whom memory does not know in this lane?"""
        return self.file.is_empty and not self._recovering and not self._vetting[lane]

    def _vetted(self, activity: OpenActivity, verdict: StoredVerdict) -> None:
        if activity not in self._open or activity.phase is not ActivityPhase.VETTED:
            return
        self._is_vetted(activity)
        if verdict.is_answered or verdict.is_stored:
            self._forget(activity)
            if verdict.is_answered and verdict.is_stored:
                self.file.close(activity.id)
        elif verdict.lane_is_stored:
            self._file(activity, "parked", BEHIND)
        else:
            self._join(activity)

    def _is_vetted(self, activity: OpenActivity) -> None:
        self._vetting[activity.lane] -= 1
        if not self._vetting[activity.lane]:
            del self._vetting[activity.lane]
        activity.phase = ActivityPhase.LEAVING

    def _join(self, activity: OpenActivity) -> None:
        """It takes its place: in line, or behind others of its lane; in the collection where too many wait."""
        is_first = self.lanes.add(activity)
        if self._open.of(activity.activity.connector) > MOST_WAITING:
            self.put_off(activity, self._clock.platform_ms())
        elif is_first:
            self._lead(activity)
        else:
            activity.phase = ActivityPhase.BEHIND

    def _lead(self, activity: OpenActivity) -> None:
        """It is the first of its lane. An earlier one may have been in line: it steps back."""
        for other in self.lanes.beside(activity):
            if other is not activity and other.phase is ActivityPhase.WAITING:
                self.lines.remove(other)
                other.phase = ActivityPhase.BEHIND
        self.line_up(activity)

    def _resume(self, activity: OpenActivity, due_ms: int) -> None:
        if activity in self._open and activity.phase is ActivityPhase.PAUSED and activity.due_ms == due_ms:
            self.line_up(activity)

    def _file(self, activity: OpenActivity, state: State, due_ms: int) -> None:
        """Write its document; unless a runner has it, it leaves memory then."""
        if activity.phase is ActivityPhase.WAITING:
            self.lines.remove(activity)
        if activity.phase is not ActivityPhase.HELD or state == "dead":
            activity.phase = ActivityPhase.LEAVING
        self.file.put(activity.record(state, due_ms), partial(self._filed, activity), was=activity.filed)
        self._open.file(activity, state)

    def _filed(self, activity: OpenActivity) -> None:
        if activity not in self._open:
            return
        for key in activity.turns:
            self._kept.done(key, activity.id)
        activity.turns.clear()
        if activity.phase is ActivityPhase.LEAVING:
            if activity.filed == "parked":
                self._put_off_behind(activity)
            self._forget(activity)

    def _put_off_behind(self, activity: OpenActivity) -> None:
        """It waits in the collection, and so must those behind it: none of them may come first."""
        for later in self.lanes.beside(activity):
            if later.phase is ActivityPhase.BEHIND:
                self._file(later, "parked", BEHIND)

    def _forget(self, activity: OpenActivity) -> None:
        """It is over, or has a document: memory lets go of it, and its turns need not keep it."""
        self._take_out(activity)
        for key in activity.turns:
            self._kept.done(key, activity.id)

    def _take_out(self, activity: OpenActivity) -> None:
        self._open.remove(activity)
        self.step_out(activity, ActivityPhase.LEAVING)
        heir = self.lanes.remove(activity)
        if heir is not None and heir.phase is ActivityPhase.BEHIND:
            self.line_up(heir)

    def _due_of(self, activity: OpenActivity) -> int:
        """When one is due that is put off because it has waited for long."""
        return activity.due_when_put_off(self._clock.platform_ms(), self._clock.monotonic_s())
