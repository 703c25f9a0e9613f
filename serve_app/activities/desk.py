"""The desk of one connector in a runner: what waits for it, what is under way, and what it may take on.

A desk takes more than it can begin at once only where several shards offer at the same time; the rest waits in three
lines, or goes back. When the breaker opens, all of it goes back: what cannot be carried out stays with its shard, which
offers it to whoever can.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from common.clock import Clock
from serve_app.activities.connector import Connector
from serve_app.activities.holding import Ending, HeldActivity
from serve_app.activities.lines import RunnerLines
from serve_app.activities.pacing.breaker import State
from serve_app.activities.pacing.credits import Credits
from serve_app.activities.pacing.probes import Probes

_AHEAD: Final = 2  # times its capacity that a desk holds, answers on their way included


@dataclass(slots=True)
class RunnerDesk:
    """`begin` starts an attempt; `give_back` hands one to its shard untried."""

    connector: Connector
    credits: Credits
    clock: Clock
    misconfigured_s: float
    begin: Callable[["RunnerDesk", HeldActivity], None]
    give_back: Callable[[HeldActivity], None]
    lines: RunnerLines[HeldActivity] = field(default_factory=RunnerLines)
    probes: Probes = field(default_factory=Probes)
    held: int = 0
    done: int = 0
    failed: int = 0
    last_error: str = ""
    _queued: dict[bytes, HeldActivity] = field(default_factory=dict)
    _state: State = "closed"

    @property
    def name(self) -> str:
        """The connector's."""
        return self.connector.name

    def wanted(self, shard: str, has_some: bool) -> int:
        """How many activities this shard may give us now. A half-open breaker wants one."""
        now_s = self.clock.monotonic_s()
        room = min(self.credits.free(now_s), _AHEAD * self.credits.at_once - self.held) - len(self.lines)
        if room <= 0:
            return 0
        if self.credits.breaker.state(now_s) != "half_open":
            return room
        return int(self.probes.may_ask(shard, has_some))

    def take(self, held: HeldActivity) -> None:
        """One that a shard gave us. It may have been in line for so long that it is given again."""
        if (queued := self._queued.get(held.offered.id)) is not None:
            queued.shard, queued.until_s = held.shard, held.until_s
            return
        self._queued[held.offered.id] = held
        self.lines.put(held.offered.urgency, held)

    def serve(self) -> None:
        """Begin what may begin, and give back what may not begin soon."""
        now_s = self.clock.monotonic_s()
        while len(self.lines) and self.credits.free(now_s):
            held = self.lines.take()
            del self._queued[held.offered.id]
            self.credits.begin(now_s)
            self.held += 1
            self.begin(self, held)
        if self.credits.breaker.state(now_s) == "open":
            self.clear()

    def clear(self) -> None:
        """Give back what has not begun."""
        self._queued.clear()
        for held in self.lines.clear():
            self.give_back(held)

    def drop(self, shard: str) -> None:
        """What this shard gave us, and what has not begun, is ours no more."""
        self.probes.forget(shard)
        self._queued = {id_: held for id_, held in self._queued.items() if held.shard != shard}
        for held in self.lines.clear():
            if held.shard != shard:
                self.lines.put(held.offered.urgency, held)

    def ended(self, ending: Ending | None) -> None:
        """A call ended; None: it was given up, and nothing is known."""
        self.credits.end()
        breaker, now_s = self.credits.breaker, self.clock.monotonic_s()
        match ending.partner if ending is not None else "unknown":
            case "well":
                breaker.succeeded(now_s)
            case "failing":
                breaker.failed(now_s)
            case "closed":
                assert ending is not None
                breaker.open_for(ending.at_least_s or self.misconfigured_s, now_s)
            case "unknown":
                breaker.undecided()
        if ending is not None:
            self._count(ending)

    def settled(self) -> None:
        """One that had begun is ours no more."""
        self.held -= 1

    def just_opened(self) -> bool:
        """Has the breaker opened since this was last asked?"""
        state = self.credits.breaker.state(self.clock.monotonic_s())
        before, self._state = self._state, state
        return state == "open" and before != "open"

    def wait_s(self) -> float:
        """Seconds until something may begin, as far as time alone decides it."""
        return self.credits.wait_s(self.clock.monotonic_s())

    def stats(self) -> dict[str, object]:
        """What operators see."""
        return {
            "breaker": self.credits.breaker.state(self.clock.monotonic_s()),
            "under_way": self.credits.under_way,
            "done_total": self.done,
            "failed_total": self.failed,
            "last_error": self.last_error,
        }

    def _count(self, ending: Ending) -> None:
        if ending.verdict == "answer" and ending.outcome == "done":
            self.done += 1
            if self.credits.breaker.state(self.clock.monotonic_s()) == "closed":
                self.last_error = ""
        elif ending.code:
            self.failed += 1
            self.last_error = f"{ending.code}: {ending.message}"
