"""The law of the ladder: whatever happens, at any moment somebody is being asked, or has accepted, until it is over."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from actors.emergencies.emergency.commands import (
    AcknowledgeEmergency,
    CancelEmergency,
    ForgetPerson,
    HandOff,
    NextRung,
    Resolve,
)
from actors.emergencies.emergency.events import EmergencyChanged
from actors.kernel.contract.entity import SYSTEM, Principal
from common.errors import CarewireError
from tests.unit.emergencies.rig import ADA, BOSS, Bedside

STAFF = ("tess", "tom", "mo", "mia", "boss")
PEOPLE = st.sampled_from(STAFF)
_TOLD = 1000  # ms, from the moment that a rung is due to the moment that its people are asked


class Ladder(RuleBasedStateMachine):
    """Everything that can happen, in any order. The administrator stands on the last rung for ever."""

    @initialize(rungs=st.lists(st.lists(PEOPLE, max_size=2, unique=True), min_size=3, max_size=3), works=st.booleans())
    def begin(self, rungs: list[list[str]], works: bool) -> None:
        self.people = [rungs[0], rungs[1], [*rungs[2], "boss"]]
        self.bedside = Bedside(on=lambda rung: self.people[rung] if works else None)
        self.bedside.cry(known=tuple(map(tuple, self.people)))
        self.bedside.look()

    @rule(who=PEOPLE)
    def acknowledge(self, who: str) -> None:
        self._try(AcknowledgeEmergency(), who)

    @rule(who=PEOPLE, to=PEOPLE)
    def hand_off(self, who: str, to: str) -> None:
        self._try(HandOff(to), who)

    @rule(who=PEOPLE)
    def resolve(self, who: str) -> None:
        self._try(Resolve(), who)

    @rule()
    def cancel(self) -> None:
        self._do(CancelEmergency(), ADA)

    @rule(who=st.sampled_from(STAFF[:-1]))
    def erased(self, who: str) -> None:
        self.people = [[one for one in rung if one != who] for rung in self.people]
        self._do(ForgetPerson(who), SYSTEM)

    @rule(kind=st.sampled_from(["medical", "self_harm", "safety", "other"]), system=st.booleans())
    def cry(self, kind: str, system: bool) -> None:
        if not self.bedside.emergency.over:
            self.bedside.cry(kind=kind, by="" if system else "ada")

    @rule(step=st.integers(0, 30))
    def a_stale_timer_fires(self, step: int) -> None:
        if step != self.bedside.emergency.step:
            before = self.bedside.version
            self.bedside.do(NextRung(step), SYSTEM)
            assert self.bedside.version == before

    @rule(by_s=st.floats(0, 2000))
    def time_passes(self, by_s: float) -> None:
        self.bedside.later(by_s)

    @rule()
    def the_shard_dies(self) -> None:
        self.bedside.restart()

    @invariant()
    def somebody_is_asked_or_has_accepted(self) -> None:
        if not hasattr(self, "bedside") or self.bedside.emergency.over:
            return
        one, now_ms = self.bedside.emergency, self.bedside.now_ms
        waits = {due: command for due, _, command in self.bedside.timers if due >= now_ms}
        assert waits, "nothing will ever happen again"
        match one.status:
            case "raised" if one.looking:
                assert min(waits) <= now_ms + _TOLD
            case "raised":
                assert one.asked
                assert now_ms <= one.next_rung
                assert any(due == one.next_rung for due in waits)
            case "acknowledged":
                assert one.owner
            case "handed_over":
                assert one.owner
                assert one.handed_to in one.asked

    @invariant()
    def the_person_is_never_asked_to_help_themselves(self) -> None:
        if hasattr(self, "bedside"):
            told = [event for _, event in self.bedside.events if isinstance(event, EmergencyChanged)]
            assert not any("ada" in event.asked for event in told)

    def _try(self, command: Any, who: str) -> None:
        self._do(command, BOSS if who == "boss" else Principal(who, "therapist"))

    def _do(self, command: Any, by: Principal) -> None:
        before = self.bedside.version, self.bedside.emergency
        try:
            self.bedside.do(command, by)
        except CarewireError:
            assert (self.bedside.version, self.bedside.emergency) == before
        self.bedside.look()


TestLadder = Ladder.TestCase
TestLadder.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


def test_without_timers_the_law_does_not_hold() -> None:
    """The twin: an emergency whose timers are lost waits for ever."""
    bedside = Bedside()
    bedside.cry()
    bedside.timers.clear()
    bedside.later(100_000)
    assert [at for at, _ in bedside.asked] == [0]
    assert bedside.emergency.next_rung < bedside.now_ms
