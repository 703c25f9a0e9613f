"""A decision in the making: rules follow one another, and each sees what the one before it has decided."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import msgspec
from msgspec.structs import replace

from actors.kernel.contract.entity import Decision, SetTimer, Signal
from actors.meetings.events import (
    AnyMeetingEvent,
    ElsewhereHeard,
    MeetingChange,
    MeetingChanged,
    MeetingMade,
    MeetingStands,
    PresenceSeen,
    QualityNoted,
    RecordingChanged,
    SeatChange,
    SeatChanged,
    folded,
    sight_of,
)
from actors.meetings.state import Media, MeetingTimes, Record, Seat, SeatState, Status

_NUMBERED: Final = (MeetingMade, MeetingChanged, RecordingChanged)
_PASSING: Final = (ElsewhereHeard, PresenceSeen, QualityNoted)


@dataclass(slots=True)
class MeetingDraft:
    """`record` is the meeting with everything that was said so far, `version` the number of its last event before."""

    record: Record
    now_ms: int
    terms: MeetingTimes
    version: int = 0
    events: list[AnyMeetingEvent] = field(default_factory=list)
    notes: list[AnyMeetingEvent] = field(default_factory=list)
    timers: list[SetTimer] = field(default_factory=list)
    signals: list[Signal] = field(default_factory=list)
    place: bool = False  # ask for a worker once more
    touched: bool = False  # something is otherwise that nobody is told of
    lobby: bool = False  # others wait than before: whoever knows their names tells those who run it
    peers: tuple[str, ...] = ()  # these are to hear who is in the mesh by now

    @property
    def seq(self) -> int:
        """The number of the last event."""
        return self.version + len(self.events)

    def say(self, event: AnyMeetingEvent) -> None:
        """This has happened."""
        numbered = isinstance(event, _NUMBERED) or (isinstance(event, SeatChanged) and self._is_news(event.seat))
        record = folded(self.record, event, self.now_ms)
        assert record is not None
        self.record = record
        (self.events if numbered else self.notes).append(event)

    def _is_news(self, seat: Seat) -> bool:
        """They are in it, or were until now: who waits is no news for guests."""
        before = self.record.seat(seat.participant)
        return seat.inside or (before is not None and before.inside)

    def change(
        self, change: MeetingChange, *, status: Status | None = None, reason: str = "", **members: object
    ) -> None:
        """The meeting itself is another: its status, or what `members` name."""
        record = replace(self.record, **members)
        if status is not None:
            record = self._turned(record, status, reason)
        self.say(MeetingChanged(change=change, meeting=replace(record, updated=self.now_ms), reason=reason))

    def _turned(self, record: Record, status: Status, reason: str) -> Record:
        record = replace(record, status=status)
        if status == "live" and not record.started:
            record = replace(record, started=self.now_ms)
        if record.over and not record.ended:
            record = replace(record, ended=self.now_ms, end_reason=reason)
        return record

    def seat(self, seat: Seat, change: SeatChange, *, reason: str = "", secret: bytes | None = None) -> None:
        """Somebody's place is another; nothing is said where it is the same, or only their socket is another."""
        before = self.record.seat(seat.participant)
        waited = before is not None and before.state == "waiting"
        self.lobby = self.lobby or waited != (seat.state == "waiting")
        if secret is None and before is not None and replace(before, connection=seat.connection) == seat:
            self._bind(seat)
        else:
            seen = folded(self.record, SeatChanged(seat=seat, change=change), self.now_ms)
            assert seen is not None
            self.say(
                SeatChanged(
                    seat=seat,
                    change=change,
                    reason=reason,
                    sight=sight_of(seen),
                    connected_ms=self.connected_ms(seat),
                    secret=secret,
                    author=seat.user if secret is not None else "",
                )
            )

    def _bind(self, seat: Seat) -> None:
        if seat not in self.record.seats:
            seats = tuple(seat if each.participant == seat.participant else each for each in self.record.seats)
            self.record = replace(self.record, seats=seats)
            self.touched = True

    def connected_ms(self, seat: Seat) -> int:
        """For how long they have been connected, all in all."""
        mine = (each for each in self.record.intervals if each.participant == seat.participant)
        return sum((each.end or self.now_ms) - each.begin for each in mine)

    def turn(self, seat: Seat, state: SeatState, change: SeatChange = "state", *, reason: str = "") -> Seat:
        """The seat in another state, from now on."""
        changed = replace(seat, state=state, since=self.now_ms)
        self.seat(changed, change, reason=reason)
        return changed

    def at(self, key: str, due_ms: int, command: msgspec.Struct) -> None:
        """Ask this of the meeting again then."""
        self.timers.append(SetTimer(key, due_ms, msgspec.msgpack.encode(command)))

    def tell(self, name: str, **payload: object) -> None:
        """Whoever is in it, or looks on, hears it; it is kept nowhere."""
        self._signal(name, payload, skip=(seat.user for seat in self.record.waiting))

    def tell_staff(self, name: str, **payload: object) -> None:
        """Only those who run it hear it."""
        everybody = (*self.record.people, *(seat.user for seat in self.record.seats))
        self._signal(name, payload, skip=(user for user in everybody if user not in self.record.staff))

    def whisper(self, seat: Seat, name: str, **payload: object) -> None:
        """One person, at the device that has the seat."""
        if seat.connection:
            self._signal(name, payload, only=seat.connection)

    def _signal(self, name: str, payload: dict[str, object], *, skip: Iterable[str] = (), only: str = "") -> None:
        data = msgspec.json.encode({"meeting_id": self.record.id, **payload})
        self.signals.append(Signal(name, data, skip=tuple(dict.fromkeys(skip)), only=only))

    def done(self, before: Record | None, reply: object = None) -> Decision:
        """All of it. `before`: the meeting as it was."""
        if self.events or self.place or self.touched or any(not isinstance(note, _PASSING) for note in self.notes):
            self._stand(before)
        return Decision(reply, events=self.events, notes=self.notes, timers=self.timers, signals=self.signals)

    def _stand(self, before: Record | None) -> None:
        record = replace(self.record, stamp=self.record.stamp + 1, updated=self.now_ms, seq=self.seq)
        media = record.media
        waits = media.provider == "sfu" and not media.worker and not record.over
        place = waits and (self.place or before is None or before.media != media)
        self.say(
            MeetingStands(
                meeting=record,
                place=self.now_ms + self.terms.place if place else 0,
                hold=_is_to_hold(before, record),
                left=_left(before, record),
                listed=before is None or listed(before) != listed(record),
                gone=tuple(user for user in before.people if not record.has_part(user)) if before is not None else (),
            )
        )


def listed(record: Record) -> Record:
    """What of a meeting is in lists."""
    bare = replace(record, seats=(), intervals=(), minutes=())
    return replace(bare, stamp=0, updated=0, seq=0, emptied=0, host_entered=0)


def _is_to_hold(before: Record | None, record: Record) -> bool:
    """Whether whoever carries it is to be told what passes: our own unit each time, a partner when somebody may send
    something else than before, or has come (what they hold may be of an earlier moment)."""
    media = record.media
    if record.over or media.provider != "livekit" or before is None or before.media != media:
        return media.provider == "sfu" and bool(media.worker) and not record.over
    return any(
        was is not None
        and (
            before.may_publish(was) != record.may_publish(seat)
            or (seat.state == "connected" and was.state != "connected")
        )
        for seat in record.inside
        for was in (before.seat(seat.participant),)
    )


def _left(before: Record | None, record: Record) -> Media | None:
    """Where media went until now, and does not any more."""
    if before is None or before.media.provider is None or before.over:
        return None
    moved = (before.media.epoch, before.media.worker) != (record.media.epoch, record.media.worker)
    found = before.media.worker or before.media.provider != "sfu"
    return before.media if found and (moved or record.over) else None
