"""What becomes of an event of a meeting: what those hear who listen, what is listed, and what others are to do."""

import math
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from actors.kernel.contract.activities import Activity
from actors.kernel.contract.entity import Effects, Letter, Recorded, Shown, packet_of
from actors.meetings.access import elsewhere
from actors.meetings.access.doors import Doors
from actors.meetings.activities import (
    EVIDENCE,
    LIVEKIT,
    LIVEKIT_PERMISSIONS,
    MEDIA,
    CloseElsewhere,
    HoldRoom,
    MediaRoomState,
    PermitElsewhere,
    PlaceRoom,
    SealEvidence,
    Voided,
    permissions_of,
    room_of,
)
from actors.meetings.events import (
    TO_EVERYBODY,
    AnyMeetingEvent,
    ElsewhereHeard,
    EvidenceClosed,
    MeetingChanged,
    MeetingMade,
    MeetingStands,
    QualityNoted,
    RecordingChanged,
    SeatChanged,
)
from actors.meetings.outcomes.views import minute_view, name_view, views_of
from actors.meetings.rules.names import people_for, seen_by
from actors.meetings.shown import shown_meeting, shown_participant, shown_recording
from actors.meetings.state import Record, shares

_pack: Final = msgspec.msgpack.Encoder().encode
_to_json: Final = msgspec.json.Encoder().encode
_HOST: Final = ""
Told = tuple[str, dict[str, Any]]


class _HandedOver(msgspec.Struct, frozen=True, tag="handed"):
    """Kinds do not import each other: this is `actors.arrivals.commands.NoteHandedOver`."""


def show(recorded: Recorded[AnyMeetingEvent], name: str, meeting: str) -> Shown | None:
    """What listeners get of it, each as much as they may know. `name`: of the participant whom it is about."""
    if not recorded.seq:
        return None
    told = told_to(recorded, name, meeting, knows=False)
    if told is None:
        return None
    shown = Shown(told[0], _to_json(told[1]))
    return msgspec.structs.replace(
        shown,
        evict=_evicted(recorded.event),
        skip=tuple(_unconcerned(recorded.event)),
        instead=_instead(recorded, name, meeting),
    )


def told_to(recorded: Recorded[AnyMeetingEvent], name: str, meeting: str, *, knows: bool) -> Told | None:
    """The name of the event, and its payload. `knows`: for somebody who may know who is behind an alias."""
    event = recorded.event
    payload: dict[str, Any] = {"meeting_id": meeting, "seq": recorded.seq}
    match event:
        case MeetingMade() | MeetingChanged():
            people = event.meeting.people if knows else people_for(event.meeting, _HOST)
            shown = shown_meeting(event.meeting, recorded.seq, recorded.at_ms, people=people)
            change = "created" if isinstance(event, MeetingMade) else event.change
            return "meeting_updated", {**payload, "meeting": shown, "change": change}
        case SeatChanged():
            return _of_seat(event, payload, name, hidden=not knows and bool(tuple(seen_by(event.sight, event.seat))))
        case RecordingChanged():
            return "recording_status", {**payload, "recording": shown_recording(meeting, event.recording)}
    return None


def _of_seat(event: SeatChanged, payload: dict[str, Any], name: str, *, hidden: bool) -> Told:
    may_share = shares(event.seat, event.sight.sharing)
    payload["participant"] = shown_participant(event.seat, name, event.connected_ms, may_share=may_share, hidden=hidden)
    if event.change == "joined":
        return "participant_joined", payload
    if event.change == "left":
        return "participant_left", {**payload, "reason": event.reason}
    return "participant_updated", {**payload, "change": event.change}


def knowing(event: AnyMeetingEvent) -> Iterable[str]:
    """Who may know more of it than others."""
    if isinstance(event, SeatChanged):
        return seen_by(event.sight, event.seat)
    if isinstance(event, MeetingMade | MeetingChanged) and event.meeting.config.names == "aliases":
        return event.meeting.staff
    return ()


def _unconcerned(event: AnyMeetingEvent) -> Iterable[str]:
    """Who hears it elsewhere, or not yet."""
    if isinstance(event, SeatChanged):
        return event.sight.waiting
    if isinstance(event, MeetingMade) or (isinstance(event, MeetingChanged) and event.change in TO_EVERYBODY):
        return dict.fromkeys((event.meeting.host, *event.meeting.people))
    if isinstance(event, MeetingChanged):
        return [seat.user for seat in event.meeting.waiting]
    return ()


def _evicted(event: AnyMeetingEvent) -> str:
    kicked = isinstance(event, SeatChanged) and event.seat.state == "kicked"
    return event.seat.user if kicked and isinstance(event, SeatChanged) else ""


def _instead(recorded: Recorded[AnyMeetingEvent], name: str, meeting: str) -> dict[str, bytes]:
    event = recorded.event
    packets: dict[str, bytes] = {}
    skipped = frozenset(_unconcerned(event))
    if (told := told_to(recorded, name, meeting, knows=True)) is not None:
        packets = {user: packet_of(told[0], _to_json(told[1])) for user in knowing(event) if user not in skipped}
    if user := _evicted(event):
        packets[user] = packet_of("meeting_left", _to_json({"meeting_id": meeting, "reason": "kicked"}))
    return packets


def effects(recorded: Recorded[AnyMeetingEvent], meeting: str, doors: Doors) -> Effects | None:
    """What else it entails."""
    event = recorded.event
    match event:
        case SeatChanged() if event.secret is not None:
            return name_view(meeting, event, recorded.turn)
        case QualityNoted():
            return Effects(views=[minute_view(meeting, event, recorded.turn)])
        case ElsewhereHeard():
            return Effects(letters=[Letter(event.arrival, _pack(_HandedOver()))])
        case EvidenceClosed():
            sealed = SealEvidence(meeting=meeting, host=event.host, hash=event.hash)
            return Effects(activities=[Activity(connector=EVIDENCE, key="evidence", payload=_pack(sealed))])
        case MeetingStands():
            views = views_of(event, recorded.turn) if event.listed else []
            return Effects(views=views, activities=list(_owed(event, doors)))
    return None


def _owed(event: MeetingStands, doors: Doors) -> Iterable[Activity]:
    record, left = event.meeting, event.left
    if left is not None and left.worker:
        closed = MediaRoomState(
            meeting=record.id, epoch=left.epoch, stamp=record.stamp, worker=left.worker, seats=(), over=True
        )
        yield _to_media(f"close:{left.epoch}:{left.worker}", HoldRoom(room=closed))
    if left is not None and left.provider == "livekit":
        room = elsewhere.room_name(doors, msgspec.structs.replace(record, media=left))
        closed_room = CloseElsewhere(room=room, voided=tuple(_voided(record)))
        yield Activity(connector=LIVEKIT, key=f"elsewhere:{left.epoch}", payload=_pack(closed_room), urgency="now")
    if event.place:
        key = f"place:{record.media.epoch}:{record.stamp}"
        yield _to_media(key, PlaceRoom(room=room_of(record)), ask=True, deadline_ms=event.place)
    if event.hold and record.media.provider == "livekit":
        permitted = PermitElsewhere(room=elsewhere.room_name(doors, record), seats=permissions_of(record))
        yield Activity(
            connector=LIVEKIT_PERMISSIONS,
            key=f"permit:{record.media.epoch}:{record.stamp}",
            payload=_pack(permitted),
            urgency="now",
            ask=True,
            lane="permissions",
        )
    elif event.hold:
        yield _to_media(f"room:{record.stamp}", HoldRoom(room=room_of(record)), ask=True, lane="room")


def _voided(record: Record) -> Iterable[Voided]:
    """Of all who were put out; of who left by themselves, the token opens an empty room, and that for minutes."""
    for seat in record.seats:
        if seat.tickets_from and not (seat.inside or seat.admitted):
            yield Voided(seat.participant, math.ceil(seat.tickets_from / 1000))


def _to_media(
    key: str, payload: msgspec.Struct, *, ask: bool = False, lane: str = "", deadline_ms: int | None = None
) -> Activity:
    return Activity(
        connector=MEDIA,
        key=key,
        payload=_pack(payload),
        urgency="now",
        ask=ask,
        lane=lane,
        deadline_ms=deadline_ms,
    )


def still(record: Record, key: str) -> bool:
    """Is what an activity says still true?"""
    what, number, *_ = key.split(":")
    media = record.media
    if what == "permit":
        return media.provider == "livekit" and str(media.epoch) == number and not record.over
    if what == "place":
        return media.provider == "sfu" and str(media.epoch) == number and not media.worker and not record.over
    return what != "room" or str(record.stamp) == number
