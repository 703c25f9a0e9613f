"""What happens to a meeting. Events are stored for ever: new members stand at the end, with defaults.

What listeners are told is numbered; the rest (where media goes, who was seen, how it was) are notes. Each turn that
changes anything ends with `MeetingStands`: the whole of it, of which the read model and what its media worker is told
are made.
"""

from typing import Final, Literal

import msgspec
from msgspec.structs import replace

from actors.kernel.contract.entity import Event
from actors.meetings.rules.evidence import AttendanceEvidence
from actors.meetings.state import Interval, Media, Minutes, Record, Recording, Seat, Sharing

MeetingChange = Literal[
    "created", "moved", "cancelled", "opened", "live", "emptied", "ended", "config", "people", "title", "interrupted"
]
SeatChange = Literal["joined", "state", "role", "media", "muted", "screen", "name", "left"]
TO_EVERYBODY: Final = frozenset({"created", "moved", "cancelled", "opened", "ended"})
"""Changes that all its people hear of in their mailboxes, and so not a second time by listening."""
EVIDENCE: Final = "evidence"


class MeetingSight(msgspec.Struct, frozen=True, array_like=True):
    """Who may see what of the others: `staff` see names where guests see aliases; `waiting` hear nothing yet. Screens
    are shown as `sharing` says."""

    aliases: bool = False
    staff: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    sharing: Sharing = "granted"


def sight_of(record: Record) -> MeetingSight:
    """As it is now."""
    waiting = tuple(seat.user for seat in record.waiting)
    return MeetingSight(record.config.names == "aliases", record.staff, waiting, record.config.screen_sharing)


class MeetingMade(Event, frozen=True, kw_only=True, array_like=True, tag="made"):
    """There is a meeting."""

    meeting: Record


class MeetingChanged(Event, frozen=True, kw_only=True, array_like=True, tag="changed"):
    """Its status, its times, its people, or how it is held."""

    change: MeetingChange
    meeting: Record
    reason: str = ""


class SeatChanged(Event, frozen=True, kw_only=True, array_like=True, tag="seat"):
    """Somebody's place, as it is now. Their name is the secret, where they gave one. A note while they are not inside:
    who waits is no news for guests."""

    seat: Seat
    change: SeatChange
    reason: str = ""
    sight: MeetingSight = MeetingSight()
    connected_ms: int = 0


class MediaMoved(Event, frozen=True, kw_only=True, array_like=True, tag="moved"):
    """Media goes another way now: a note."""

    media: Media
    reason: str


class MediaPlaced(Event, frozen=True, kw_only=True, array_like=True, tag="placed"):
    """The room was made, or the worker that has it is known; the epoch stays. A note."""

    media: Media


class RecordingChanged(Event, frozen=True, kw_only=True, array_like=True, tag="recording"):
    """A recording, as it is now. `people`: whose is which place (participant, user)."""

    recording: Recording
    host: str = ""
    access: Literal["host", "participants"] = "host"
    people: tuple[tuple[str, str], ...] = ()


class PresenceIntervalChanged(Event, frozen=True, kw_only=True, array_like=True, tag="presence"):
    """An interval began, or ended: a note."""

    interval: Interval


class PresenceSeen(Event, frozen=True, kw_only=True, array_like=True, tag="seen"):
    """These participants are still connected: a note."""

    participants: tuple[str, ...]


class ElsewhereHeard(Event, frozen=True, kw_only=True, array_like=True, tag="elsewhere"):
    """What a partner told in this arrival was taken: a note."""

    arrival: str


class QualityNoted(Event, frozen=True, kw_only=True, array_like=True, tag="quality"):
    """How a minute was for somebody: a note."""

    participant: str
    at: int
    score: int
    cause: str
    rtt_ms: float = 0.0
    loss: float = 0.0
    minutes: Minutes | None = None


class EvidenceClosed(Event, frozen=True, kw_only=True, array_like=True, tag="evidence"):
    """What took place, for good: a note. `bill`: whose it is evidence for."""

    evidence: AttendanceEvidence
    hash: str
    host: str
    bill: str = ""


class MeetingStands(Event, frozen=True, kw_only=True, array_like=True, tag="stands"):
    """All of it, as this turn leaves it: a note. `place`: a worker is to be found by then (ms). `hold`: whoever carries
    it is to hold to it. `left`: where media went until now. `listed`: it is otherwise in lists. `gone`: these have no
    part in it any more."""

    meeting: Record
    place: int = 0
    hold: bool = False
    left: Media | None = None
    listed: bool = False
    gone: tuple[str, ...] = ()


AnyMeetingEvent = (
    MeetingMade
    | MeetingChanged
    | SeatChanged
    | MediaMoved
    | MediaPlaced
    | RecordingChanged
    | PresenceIntervalChanged
    | PresenceSeen
    | ElsewhereHeard
    | QualityNoted
    | EvidenceClosed
    | MeetingStands
)


def folded(record: Record | None, event: AnyMeetingEvent, at_ms: int) -> Record | None:
    """The meeting with this event folded in. Never refuses."""
    if isinstance(event, MeetingMade | MeetingChanged | MeetingStands):
        return event.meeting
    if record is None:
        return None
    match event:
        case SeatChanged():
            return _seated(record, event.seat, at_ms)
        case MediaMoved() | MediaPlaced():
            return replace(record, media=event.media)
        case RecordingChanged():
            return replace(record, recording=event.recording)
        case PresenceIntervalChanged():
            return _present(record, event.interval)
        case PresenceSeen():
            return replace(record, intervals=tuple(_seen(each, event, at_ms) for each in record.intervals))
        case QualityNoted():
            return record if event.minutes is None else _counted(record, event.minutes)
        case EvidenceClosed():
            return replace(record, final=event.hash)
        case ElsewhereHeard():
            return record


def _seated(record: Record, seat: Seat, at_ms: int) -> Record:
    known = any(each.participant == seat.participant for each in record.seats)
    seats = tuple(seat if each.participant == seat.participant else each for each in record.seats)
    record = replace(record, seats=seats if known else (*record.seats, seat))
    if seat.role == "host" and seat.inside and not record.host_entered:
        record = replace(record, host_entered=at_ms)
    emptied = 0 if record.inside else (record.emptied or at_ms)
    return replace(record, emptied=emptied)


def _present(record: Record, interval: Interval) -> Record:
    """`met`: somebody else was there at the same time."""
    key = (interval.participant, interval.begin)
    others = tuple(each for each in record.intervals if (each.participant, each.begin) != key)
    together = not interval.end and any(not each.end for each in others)
    return replace(record, intervals=(*others, interval), met=record.met or together)


def _seen(interval: Interval, event: PresenceSeen, at_ms: int) -> Interval:
    if interval.end or interval.participant not in event.participants:
        return interval
    return replace(interval, seen=max(interval.seen, at_ms))


def _counted(record: Record, minutes: Minutes) -> Record:
    others = tuple(each for each in record.minutes if each.participant != minutes.participant)
    return replace(record, minutes=(*others, minutes))
