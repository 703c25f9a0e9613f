"""A meeting that is asked and told things, one after another, as its shard would do it."""

from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from actors.kernel.contract.entity import SYSTEM, Context, Decision, Principal, Signal
from actors.meetings import commands as ask
from actors.meetings import reports
from actors.meetings.access.doors import Doors
from actors.meetings.answers import Ready
from actors.meetings.commands import CreateMeeting, MeetingCommand, TakeSeat
from actors.meetings.entity import MeetingEntity
from actors.meetings.events import AnyMeetingEvent, SeatChanged
from actors.meetings.state import Config, MeetingTimes, Record
from common.errors import CarewireError

DOORS = Doors(key=b"what tickets are signed with in tests")
MINUTE = 60_000
START = 10_000 * MINUTE
END = START + 50 * MINUTE
SFU = Config(provider="sfu", lobby="off", max_participants=4)
_event = msgspec.msgpack.Decoder(AnyMeetingEvent)
_command = msgspec.msgpack.Decoder(MeetingCommand)


def person(name: str) -> Principal:
    return Principal(name, "therapist" if name == "host" else "client")


@dataclass
class Meeting:
    """`timers` are those that were set; `fire` lets the due ones come, also more than once."""

    people: tuple[str, ...] = ("ann",)
    config: Config | None = None
    booking: str = "bkg_1"
    now_ms: int = START - 10 * MINUTE
    timers: list[tuple[int, MeetingCommand]] = field(default_factory=list)
    history: list[tuple[AnyMeetingEvent, int]] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    heard: list[Signal] = field(default_factory=list)
    entity: MeetingEntity = field(default_factory=lambda: MeetingEntity("mtg_1", MeetingTimes(), DOORS))

    def __post_init__(self) -> None:
        command = CreateMeeting(
            "session" if self.config is None else "group",
            "host",
            self.people,
            START,
            END,
            config=self.config,
            booking=self.booking,
            booking_version=1,
        )
        self.tell(command)

    @property
    def record(self) -> Record:
        assert self.entity.record is not None
        return self.entity.record

    @property
    def record_seq(self) -> int:
        """The number of its last event."""
        return 0 if self.entity.record is None else self.entity.record.seq

    def ask(self, by: Principal, command: MeetingCommand) -> Any:
        """Decided, stored and applied; its answer."""
        command = _command.decode(msgspec.msgpack.encode(command))
        decision: Decision = self.entity.decide(command, Context(by, self.now_ms, self.names), self.record_seq)
        for event in (*decision.events, *decision.notes):
            assert isinstance(event, AnyMeetingEvent)
            event = _event.decode(msgspec.msgpack.encode(event))  # as the journal gives it back
            self.history.append((event, self.now_ms))
            self.entity.apply(event, len(self.history), self.now_ms)
            if isinstance(event, SeatChanged) and event.secret is not None:
                self.names[event.seat.participant] = event.secret.decode()
        for timer in decision.timers:
            self.timers.append((timer.due_ms, _command.decode(timer.command)))
        self.heard += decision.signals
        return decision.reply.answer if isinstance(decision.reply, Ready) else decision.reply

    def tell(self, command: MeetingCommand) -> Any:
        """By Carewire itself."""
        return self.ask(SYSTEM, command)

    def join(self, name: str, device: str = "phone", **members: Any) -> Any:
        return self.ask(person(name), TakeSeat(f"prt_{name}", device, **members))

    def pass_time(self, ms: int) -> None:
        """With every timer that becomes due, in order."""
        until = self.now_ms + ms
        while due := sorted((each for each in self.timers if each[0] <= until), key=lambda each: each[0])[:1]:
            self.timers.remove(due[0])
            self.now_ms = max(self.now_ms, due[0][0])
            self.tell(due[0][1])
        self.now_ms = until


def reason(refusal: pytest.ExceptionInfo[CarewireError]) -> object:
    return (refusal.value.details or {}).get("reason")


def come(meeting: Meeting, *people: str) -> None:
    """In, and connected."""
    for name in people:
        meeting.join(name)
        meeting.tell(reports.Connected(f"prt_{name}", meeting.record.media.epoch))


def seat(meeting: Meeting, name: str) -> Any:
    return meeting.record.seat_of(name)


def recording(meeting: Meeting, *people: str) -> None:
    """Everybody has agreed, and it runs."""
    meeting.ask(person("host"), ask.StartRecording("rec_1", "2"))
    for name in people:
        meeting.ask(person(name), ask.AnswerConsent("rec_1", True, "2"))
    assert status(meeting) == "starting"
    meeting.tell(reports.RecorderSays("rec_1", meeting.record.media.epoch, "started"))
    assert status(meeting) == "recording"


def status(meeting: Meeting) -> str:
    assert meeting.record.recording is not None
    return meeting.record.recording.status


def ticket(meeting: Meeting, name: str) -> ask.CheckTicket:
    """As it is handed out for their seat now."""
    found = seat(meeting, name)
    issued_at = max(meeting.now_ms, found.tickets_from)
    return ask.CheckTicket(found.participant, found.device, found.epoch, meeting.record.media.epoch, issued_at)


def wish(config: Config) -> ask.ConfigWish:
    """All of it is wanted."""
    return ask.ConfigWish(**msgspec.structs.asdict(config))


def passing(meeting: Meeting, name: str) -> tuple[str, ...]:
    """What of theirs gets through."""
    return tuple(seat(meeting, name).passing)


def said(meeting: Meeting, event: str) -> list[tuple[str, Any]]:
    """What was told so, and to which socket ("": to all)."""
    return [(one.only, msgspec.json.decode(one.payload)) for one in meeting.heard if one.name == event]
