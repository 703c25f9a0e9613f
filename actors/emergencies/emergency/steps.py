"""What an emergency waits for after each of its events: the timers, and the look-ups."""

from dataclasses import dataclass
from typing import Final

import msgspec
from msgspec.structs import replace

from actors.emergencies.emergency import climbing
from actors.emergencies.emergency.commands import (
    Cry,
    EmergencyCommand,
    ForgetLocation,
    GiveUp,
    NextRung,
    RaiseAgain,
    StopLooking,
    TakeBack,
)
from actors.emergencies.emergency.events import Change, EmergencyChanged, Located, RungDue
from actors.emergencies.records import Emergency
from actors.kernel.contract.entity import Decision, SetTimer

_pack: Final = msgspec.msgpack.Encoder().encode


@dataclass(frozen=True, slots=True)
class ChangeNotice:
    """What happened, and who is asked to come because of it: see `EmergencyChanged`."""

    change: Change
    asked: tuple[str, ...] = ()
    mailed: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()

    def event(self, one: Emergency, secret: bytes | None = None) -> EmergencyChanged:
        """The emergency is like this from now on."""
        return EmergencyChanged(
            author=one.user,
            secret=secret,
            emergency=one,
            change=self.change,
            asked=self.asked,
            mailed=self.mailed,
            channels=self.channels,
        )


@dataclass(frozen=True, slots=True)
class EscalationTimes:
    """How long things last, in ms: until what is acknowledged and not resolved is raised again, until nobody is asked
    any more, and how long a location is kept after the end."""

    remind_ms: int
    give_up_ms: int
    keep_location_ms: int

    def look(self, one: Emergency, now_ms: int) -> Decision:
        """The people of its rung are to be looked up."""
        return Decision(events=[RungDue(emergency=one)], timers=[_stop_looking(one, now_ms)])

    def begun(self, one: Emergency, told: ChangeNotice, now_ms: int, version: int, cry: Cry) -> Decision:
        """It is raised, or raised again: the ladder begins, and with it the time after which nobody is asked."""
        said = _said(one, told, version, cry)
        give_up = _timer(f"give_up:{one.raising}", now_ms + self.give_up_ms, GiveUp(one.raising))
        if not one.looking:
            return Decision(events=said, timers=[_next_rung(one), give_up])
        due = RungDue(emergency=said[-1].emergency)
        return Decision(events=[*said, due], timers=[_stop_looking(one, now_ms), give_up])

    def said(self, one: Emergency, told: ChangeNotice, version: int, cry: Cry) -> Decision:
        """Somebody cried again."""
        return Decision(events=_said(one, told, version, cry))

    def waiting(self, one: Emergency, told: ChangeNotice) -> Decision:
        """The people of a rung were asked; the next are when they have had their time."""
        return Decision(events=[told.event(one)], timers=[_next_rung(one)])

    def accepted(self, one: Emergency, told: ChangeNotice, now_ms: int) -> Decision:
        """Somebody has it; it is raised again should they never resolve it."""
        due = _timer(f"raise_again:{one.step}", now_ms + self.remind_ms, RaiseAgain(one.step))
        return Decision(events=[told.event(one)], timers=[due])

    def handed(self, one: Emergency, told: ChangeNotice, now_ms: int) -> Decision:
        """Somebody is to take it over, within the time that their rung would have."""
        due = _timer(f"take_back:{one.step}", now_ms + climbing.rung_of(one).wait_s * 1000, TakeBack(one.step))
        return Decision(events=[told.event(one)], timers=[due])

    def ended(self, one: Emergency, told: ChangeNotice, note: bytes | None) -> Decision:
        """It is over; where the person was is forgotten after a while."""
        timers = [_timer(f"forget:{one.ended}", one.ended + self.keep_location_ms, ForgetLocation(one.ended))]
        return Decision(events=[told.event(one, note)], timers=timers if one.places else [])


def _said(one: Emergency, told: ChangeNotice, version: int, cry: Cry) -> list[EmergencyChanged | Located]:
    """What was said lies in one event, where in another, so that it can be forgotten by itself."""
    if cry.message:
        one = replace(one, words=(*one.words, version + 1))
    first = told.event(one, cry.message.encode() if cry.message else None)
    if cry.location is None:
        return [first]
    one = replace(one, places=(*one.places, version + 2))
    return [first, Located(author=one.user, secret=_pack(cry.location), emergency=one)]


def _next_rung(one: Emergency) -> SetTimer:
    return _timer(f"next_rung:{one.step}", one.next_rung, NextRung(one.step))


def _stop_looking(one: Emergency, now_ms: int) -> SetTimer:
    return _timer(f"stop_looking:{one.step}", now_ms + climbing.LOOKING_MS, StopLooking(one.step))


def _timer(key: str, due_ms: int, command: EmergencyCommand) -> SetTimer:
    return SetTimer(key, due_ms, _pack(command))
