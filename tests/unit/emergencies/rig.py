"""One emergency by hand, with a clock: timers fire in their order, look-ups are answered, or never are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from actors.emergencies.activities import Responders
from actors.emergencies.emergency.commands import EmergencyCommand, Raise
from actors.emergencies.emergency.entity import EmergencyEntity, look_key
from actors.emergencies.emergency.events import EmergencyChanged, EmergencyEvent
from actors.emergencies.emergency.kind import EmergencyKind
from actors.emergencies.emergency.steps import EscalationTimes
from actors.emergencies.ladders import Rung
from actors.emergencies.records import Emergency
from actors.kernel.contract.activities import Answered
from actors.kernel.contract.entity import SYSTEM, Context, Decision, Principal

START_MS: Final = 1_763_631_000_000
STEPS: Final = EscalationTimes(remind_ms=900_000, give_up_ms=86_400_000, keep_location_ms=86_400_000)
RUNGS: Final = (Rung(60, care_team=True), Rung(30, role="moderator"), Rung(120, role="admin"))
ADA: Final = Principal("ada", "client")
TESS: Final = Principal("tess", "therapist")
MO: Final = Principal("mo", "moderator")
BOSS: Final = Principal("boss", "admin")
_command: Final = msgspec.msgpack.Decoder(EmergencyCommand).decode


@dataclass
class Bedside:
    """An emergency, its timers, and who stands on which rung. `on` answers a look-up: None: it stays unanswered."""

    on: Callable[[int], Sequence[str] | None] = lambda rung: [["tess"], ["mo"], ["boss"]][rung]
    entity: EmergencyEntity = field(default_factory=lambda: EmergencyEntity("emg_1", STEPS))
    now_ms: int = START_MS
    version: int = 0
    timers: list[tuple[int, int, EmergencyCommand]] = field(default_factory=list)
    events: list[tuple[int, EmergencyEvent]] = field(default_factory=list)

    @property
    def emergency(self) -> Emergency:
        """As it is."""
        assert self.entity.emergency is not None
        return self.entity.emergency

    @property
    def status(self) -> str:
        """What it is by now."""
        return self.emergency.status

    @property
    def asked(self) -> list[tuple[int, tuple[str, ...]]]:
        """When (seconds after the start) who was asked."""
        changes = [(at, event) for at, event in self.events if isinstance(event, EmergencyChanged) and event.asked]
        return [((at - START_MS) // 1000, event.asked) for at, event in changes]

    def cry(self, **members: Any) -> Decision:
        """Ada cries, and Tess is known to stand on the first rung."""
        known = {"rungs": RUNGS, "known": (("tess",), ("mo",), ("boss",))}
        return self.do(Raise(**{"user": "ada", "kind": "other", "by": "ada"} | known | members), SYSTEM)

    def do(self, command: EmergencyCommand, by: Principal) -> Decision:
        """One command in a turn of its own. Raises what it refuses with; then nothing has changed."""
        return self._fold(self.entity.decide(command, Context(by, self.now_ms), self.version))

    def look(self) -> None:
        """Whatever look-up is owed is answered, again and again, until none is."""
        while self.entity.emergency is not None and self.emergency.looking:
            one = self.emergency
            people = self.on(one.rung)
            if people is None:
                return
            result = msgspec.msgpack.encode(Responders(users=tuple(people), rungs=() if one.rungs else RUNGS))
            self.answer(Answered(key=look_key(one.step), outcome="done", result=result))

    def answer(self, answered: Answered) -> None:
        """What became of a look-up."""
        self._fold(self.entity.answered(answered, self.now_ms))

    def later(self, by_s: float, *, look: bool = True) -> None:
        """Time passes, timer after timer."""
        until_ms = self.now_ms + int(by_s * 1000)
        if look:
            self.look()
        while self.timers and min(self.timers)[0] <= until_ms:
            due = min(self.timers, key=lambda timer: timer[:2])
            self.timers.remove(due)
            self.now_ms = max(self.now_ms, due[0])
            self.do(due[2], SYSTEM)
            if look:
                self.look()
        self.now_ms = until_ms

    def restart(self) -> None:
        """Its shard dies; another one reads it back."""
        kind = EmergencyKind(STEPS)
        self.entity = kind.restore("emg_1", kind.snapshot(self.entity))

    def _fold(self, decision: Decision) -> Decision:
        for event in decision.events:
            assert isinstance(event, EmergencyEvent)
            self.version += 1
            self.entity.apply(event, self.version, self.now_ms)
            self.events.append((self.now_ms, event))
        self.timers += [(timer.due_ms, len(self.events), _command(timer.command)) for timer in decision.timers]
        return decision
