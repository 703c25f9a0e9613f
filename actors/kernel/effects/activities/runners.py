"""Runners at a shard: they ask for work with credits and wait; what they get is theirs for a time.

Credits are the back-pressure, the limit of the rate and the breaker in one: who asks for nothing gets nothing. A
runner counts its time from before it asked, on its own clock, so it stops before the shard gives an activity to
somebody else. One that hangs up gives everything back at once, a silent one when its time is over.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from actors.kernel.contract.protocol import Offered, RunnerReport, WorkRequest
from actors.kernel.effects.activities.activities import ShardActivities
from actors.kernel.effects.activities.activity_endings import ActivityEndings
from actors.kernel.effects.activities.activity_lines import ActivityPhase, OpenActivity
from actors.kernel.effects.activities.activity_loads import ActivityLoads
from common.clock import Clock
from common.lib.retry import Backoff
from common.logs import get_logger

_log = get_logger(__name__)
HOLD_S: Final = 60.0  # how long an activity is its runner's
_BEAT_S: Final = 0.04  # activities are given out once a beat; when it is quiet, nobody waits for one
_FATAL: Final = 3  # runners that die with it
_SUSPECT: Final = 2  # one that so many died with is tried alone
_RESOLUTION_S: Final = 1e-6  # a loop may wake who sleeps so much early
_SUSPECT_S: Final = 2.0  # the longest pause before that: not at the same moment as those of other shards


class _Request:
    """A request for work that waits."""

    def __init__(self, work: WorkRequest, since_s: float) -> None:
        self.runner = work.runner
        self.credits = work.credits
        self.since_s = since_s
        self.until_s = since_s + work.wait_ms / 1000
        self._wake: asyncio.Future[None] | None = None

    def wake(self) -> None:
        """There may be something for it."""
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    async def rest(self, pause_s: float) -> None:
        """Until it is woken, or for so long."""
        loop = asyncio.get_running_loop()
        self._wake = loop.create_future()
        handle = loop.call_later(pause_s, self.wake)
        try:
            await self._wake
        finally:
            handle.cancel()


class Runners:
    """See the module."""

    def __init__(
        self,
        activities: ShardActivities,
        clock: Clock,
        *,
        keep_s: float,
        serving: Callable[[], bool],
        loads: ActivityLoads,
        endings: ActivityEndings,
    ) -> None:
        self._activities = activities
        self._clock = clock
        self._keep_ms = int(keep_s * 1000)
        self._serving = serving
        self._loads = loads
        self._endings = endings
        self._requests: dict[str, _Request] = {}
        self._not_before_s = float("-inf")
        self._suspect: OpenActivity | None = None
        self._pauses = Backoff(_SUSPECT_S, _SUSPECT_S)
        activities.on_waiting = self._on_waiting
        activities.file.on_due = self._on_due

    async def work(self, work: WorkRequest) -> list[Offered]:
        """Take what a runner gives back, and offer it what it has credits for, as soon as there is something."""
        self._take_back(work)
        request = _Request(work, self._clock.monotonic_s())
        if (older := self._requests.get(work.runner)) is not None:
            older.wake()
        self._requests[work.runner] = request
        try:
            return await self._serve(request)
        except asyncio.CancelledError:
            if self._requests.get(work.runner) is request:
                self._hang_up(work.runner)
            raise
        finally:
            if self._requests.get(work.runner) is request:
                del self._requests[work.runner]

    async def _serve(self, request: _Request) -> list[Offered]:
        while self._serving() and self._requests.get(request.runner) is request:
            now_s = self._clock.monotonic_s()
            if now_s + _RESOLUTION_S < self._not_before_s <= request.until_s:
                await asyncio.sleep(self._not_before_s - now_s)
                continue
            if offers := self._offer(request):
                self._not_before_s = _next_beat_s(now_s)
                return offers
            if now_s >= request.until_s:
                break
            await request.rest(request.until_s - now_s)
        return []

    def clear(self) -> None:
        """The lease is lost: nobody need wait here."""
        for request in self._requests.values():
            request.wake()

    def sweep(self) -> None:
        """Once a second: what silent runners have is given back, and whoever waits has the collection looked at."""
        now_s = self._clock.monotonic_s()
        now_ms = self._clock.platform_ms()
        for activity in self._activities:
            if activity.phase is ActivityPhase.HELD and activity.until_s <= now_s:
                self._bereave(activity)
            elif activity.phase in (
                ActivityPhase.WAITING,
                ActivityPhase.BEHIND,
                ActivityPhase.PAUSED,
            ) and activity.is_late(now_ms):
                self._endings.late(activity)
        for request in list(self._requests.values()):
            for connector, credit in request.credits.items():
                if credit > 0:
                    self._loads.look_for(connector, credit)

    def _on_waiting(self, connector: str) -> None:
        for request in self._requests.values():
            if request.credits.get(connector, 0) > 0:
                request.wake()

    def _on_due(self, connector: str) -> None:
        credits_ = [request.credits.get(connector, 0) for request in self._requests.values()]
        self._loads.due_now(connector, max(credits_, default=0))

    def _offer(self, request: _Request) -> list[Offered]:
        offers: list[Offered] = []
        for connector, credit in request.credits.items():
            taken = self._take(connector, credit)
            if len(taken) < credit:
                self._loads.look_for(connector, credit - len(taken))
            offers += [self._hold(one, request) for one in taken]
        return offers

    def _take(self, connector: str, credit: int) -> list[OpenActivity]:
        taken: list[OpenActivity] = []
        kept_back: list[OpenActivity] = []
        now_ms = self._clock.platform_ms()
        while len(taken) < credit and (one := self._activities.lines.take(connector)) is not None:
            if one.is_late(now_ms):
                self._endings.late(one)
            elif one.deaths >= _SUSPECT and not self._may_be_tried(one):
                kept_back.append(one)
            else:
                one.phase = ActivityPhase.HELD
                taken.append(one)
        for one in reversed(kept_back):
            self._activities.lines.put(one, first=True)
        return taken

    def _may_be_tried(self, activity: OpenActivity) -> bool:
        """Of those whose runners died, one at a time: so it shows which of them it was."""
        suspect = self._suspect
        if suspect is not None and suspect.phase is ActivityPhase.HELD and self._activities.find(suspect.id) is suspect:
            return False
        self._suspect = activity
        return True

    def _hold(self, one: OpenActivity, request: _Request) -> Offered:
        now_s = self._clock.monotonic_s()
        one.runner, one.until_s = request.runner, now_s + HOLD_S
        activity = one.activity
        return Offered(
            id=one.id,
            connector=activity.connector,
            entity=one.entity,
            key=activity.key,
            owner=activity.owner,
            payload=activity.payload,
            lane=activity.lane,
            urgency=activity.urgency,
            deadline_ms=activity.deadline_ms,
            ask=activity.ask,
            attempts=one.attempts,
            created_at_ms=one.created_at_ms,
            until_ms_from_now=int((HOLD_S + now_s - request.since_s) * 1000),
        )

    def _take_back(self, work: WorkRequest) -> None:
        for one in self._held(work.runner, work.returned):
            self._activities.line_up(one, first=True)
        for report in work.reports:
            for one in self._held(work.runner, [report.id]):
                self._note(one, report)

    def _held(self, runner: str, ids: Sequence[bytes]) -> list[OpenActivity]:
        """Those of these that are this runner's: a zombie's word does not count."""
        found = [self._activities.find(id_) for id_ in ids]
        return [one for one in found if one is not None and one.phase is ActivityPhase.HELD and one.runner == runner]

    def _note(self, activity: OpenActivity, report: RunnerReport) -> None:
        activity.attempts, activity.deaths = max(activity.attempts, report.attempts), 0  # its runner has lived to tell
        activity.code, activity.message = report.code, report.message
        now_ms = self._clock.platform_ms()
        due_ms = now_ms if report.due_ms is None else report.due_ms
        if report.verdict in ("dead", "poison"):
            self._activities.give_up(activity, report.code or report.verdict, report.message)
            return
        activity.phase, activity.due_ms = ActivityPhase.PAUSED, due_ms
        if report.verdict == "park" or activity.filed or due_ms > activity.created_at_ms + self._keep_ms:
            self._activities.put_off(activity, due_ms)
        else:
            self._activities.pause(activity, due_ms)

    def _hang_up(self, runner: str) -> None:
        for activity in self._activities:
            if activity.phase is ActivityPhase.HELD and activity.runner == runner:
                self._bereave(activity)

    def _bereave(self, activity: OpenActivity) -> None:
        """Its runner is gone: somebody else tries it, unless it seems to be what they die of."""
        activity.deaths += 1
        _log.warning("activity.runner_gone", connector=activity.activity.connector, deaths=activity.deaths)
        if activity.deaths >= _FATAL:
            self._activities.give_up(activity, "poison", "Three runners have died while they carried it out.")
            return
        if activity.deaths < _SUSPECT:
            self._activities.line_up(activity, first=True)
        else:
            self._activities.pause(activity, self._clock.platform_ms() + int(self._pauses.next_s() * 1000))


def _next_beat_s(now_s: float) -> float:
    """All shards of a machine share the beat, so a runner has to read the keys of owners once for all of them."""
    return (now_s // _BEAT_S + 1) * _BEAT_S
