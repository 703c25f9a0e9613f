"""The read models of meetings: a document for each person of one (and one for administrators), the names that people
gave (sealed under their keys), and minutes of quality."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from actors.kernel.contract.entity import Effects, Library
from actors.meetings.events import MeetingStands, QualityNoted, SeatChanged
from actors.meetings.shown_evidence import QualityMinute, QualityReply
from actors.meetings.state import Record
from common.clock import to_rfc3339
from store.ports.views import Index, View, ViewQuery

MEETINGS: Final = "meetings"
NAMES: Final = "meeting_names"
MINUTES: Final = "meeting_minutes"
EVERYBODY: Final = "*"
"""Under this, administrators find all."""
INDEXES: Final = (
    Index(MEETINGS, ("user", "place")),
    Index(MEETINGS, ("user", "status", "place")),
    Index(MEETINGS, ("booking",)),
    Index(NAMES, ("user", "meeting")),
    Index(MINUTES, ("meeting", "place")),
)
_MOST_MINUTES: Final = 5000
_pack: Final = msgspec.msgpack.Encoder().encode
_record: Final = msgspec.msgpack.Decoder(Record).decode
_minute: Final = msgspec.json.Decoder(QualityMinute).decode
_to_json: Final = msgspec.json.Encoder().encode


def place_of(record: Record) -> str:
    """Where it stands in lists: by its start."""
    return f"{to_rfc3339(record.window.start)}|{record.id}"


def views_of(event: MeetingStands, turn: int) -> list[View]:
    """The meeting in the read model; it is out of the lists of those who have no part in it any more."""
    record = event.meeting
    data = _pack(replace(record, seats=(), intervals=(), minutes=()))
    fields = {"meeting": record.id, "status": record.status, "booking": record.booking, "place": place_of(record)}
    there = dict.fromkeys((record.host, *record.people, EVERYBODY))
    gone = [View(MEETINGS, f"{record.id}/{user}", turn, {**fields, "user": ""}) for user in event.gone]
    return [
        View(collection=MEETINGS, id=f"{record.id}/{user}", version=turn, fields={**fields, "user": user}, data=data)
        for user in there
    ] + gone


def record_in(view: View) -> Record:
    """The inverse of `views_of`, without seats."""
    return _record(view.data)


def name_view(meeting: str, event: SeatChanged, turn: int) -> Effects:
    """The name that somebody gave, under their key."""
    seat = event.seat
    fields = {"user": seat.user, "meeting": meeting}
    return Effects(
        views=[View(NAMES, f"{meeting}/{seat.participant}", turn, fields, secret=event.secret)], owner=seat.user
    )


async def names(entity_id: str, keys: Sequence[str], library: Library) -> Mapping[str, str]:
    """By participant; of whom has given none, or is erased, nothing."""
    meeting = entity_id.partition(":")[2]
    found = await library.view(NAMES, [f"{meeting}/{key}" for key in keys])
    return {
        key: view.secret.decode()
        for key in keys
        if (view := found.get(f"{meeting}/{key}")) is not None and view.secret is not None
    }


def minute_view(meeting: str, event: QualityNoted, turn: int) -> View:
    """One minute."""
    minute = QualityMinute(
        participant_id=event.participant,
        at=to_rfc3339(event.at),
        score=event.score,
        cause=event.cause,  # type: ignore[arg-type] # as it was noted
        rtt_ms=event.rtt_ms,
        loss=event.loss,
    )
    place = f"{minute.at}|{event.participant}"
    return View(
        collection=MINUTES,
        id=f"{meeting}/{place}",
        version=turn,
        fields={"meeting": meeting, "place": place},
        data=_to_json(minute),
    )


async def minutes(entity_id: str, library: Library) -> QualityReply:
    """All of a meeting, in order."""
    meeting = entity_id.partition(":")[2]
    query = ViewQuery(collection=MINUTES, equal={"meeting": meeting}, order_by="place", limit=_MOST_MINUTES)
    return QualityReply(minutes=[_minute(view.data) for view in await library.views(query)])
