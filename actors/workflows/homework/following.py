"""What lies before a client hears what concerns it: a session is over, care ends or rests, their clocks change."""

from typing import Final, TypeVar

import msgspec

from actors.calendars.booking.events import BookingChanged
from actors.care.events import CareEnded, CareEvent, CarePaused, CareResumed
from actors.kernel.contract.entity import Letter, Recorded
from actors.kernel.contract.reactions import NOTHING, AnyReaction, Owed, Reaction
from actors.notifications.notifier.events import PreferencesSet
from actors.worksheets.desk.letters import CareOver, CareRests, SessionOver, ZoneIs

FEATURE: Final = "worksheets"
DESK: Final = "desk"
E = TypeVar("E", bound=CareEvent)
_pack: Final = msgspec.msgpack.Encoder().encode


def session_is_over(entity_id: str, recorded: Recorded[BookingChanged]) -> Owed:
    """Work that is given after each session is given."""
    event, record = recorded.event, recorded.event.record
    if event.change != "completed":
        return NOTHING
    over = SessionOver(therapist=record.therapist, booking=record.id)
    return Owed([Letter(f"{DESK}:{record.client}", _pack(over))])


def care_is_over(entity_id: str, recorded: Recorded[CareEnded]) -> Owed:
    """What is open between the two is cancelled."""
    care = recorded.event.care
    return Owed([Letter(f"{DESK}:{care.client}", _pack(CareOver(care.therapist)))])


def care_rests(entity_id: str, recorded: Recorded[E]) -> Owed:
    """The clocks of what is open between the two stand, or go on."""
    care = recorded.event.care
    rests = CareRests(therapist=care.therapist, stopped=care.state == "paused")
    return Owed([Letter(f"{DESK}:{care.client}", _pack(rests))])


def zone_is(entity_id: str, recorded: Recorded[PreferencesSet]) -> Owed:
    """What is due by the person's clocks is due when those show it."""
    zone = recorded.event.preferences.tz
    user = entity_id.partition(":")[2]
    return Owed([Letter(f"{DESK}:{user}", _pack(ZoneIs(zone)))]) if zone else NOTHING


SESSIONS: Final[list[AnyReaction]] = [
    Reaction("give_after_session", "booking", BookingChanged, session_is_over, to=(DESK,), feature=FEATURE)
]
CARE: Final[list[AnyReaction]] = [
    Reaction("cancel_work_of_care", "care", CareEnded, care_is_over, to=(DESK,)),
    Reaction("stop_clocks_of_work", "care", CarePaused, care_rests, to=(DESK,)),
    Reaction("start_clocks_of_work", "care", CareResumed, care_rests, to=(DESK,)),
]
ZONES: Final[list[AnyReaction]] = [
    Reaction("move_due_times", "notifier", PreferencesSet, zone_is, to=(DESK,), feature=FEATURE)
]
