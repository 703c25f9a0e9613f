"""One meeting: `meeting:<id>`. The rules are in `rules`; here is who may ask for what."""

from dataclasses import dataclass, field
from typing import Final

from actors.kernel.contract.activities import Answered
from actors.kernel.contract.entity import SYSTEM, Context, Decision
from actors.meetings import commands as asked
from actors.meetings.access.doors import Doors
from actors.meetings.activities import room_of
from actors.meetings.answers import MeetingAnswers
from actors.meetings.commands import MeetingCommand
from actors.meetings.desks import carewire, people, staff
from actors.meetings.events import AnyMeetingEvent, MediaMoved, MeetingMade, folded
from actors.meetings.rules import consent, links, seats, tickets, windows
from actors.meetings.rules.draft import MeetingDraft
from actors.meetings.rules.quality import Pulse
from actors.meetings.state import MeetingTimes, Record, config_of
from common.errors import InvalidArgument, NotFound, PermissionDenied

_LONGEST_MS: Final = 86_400_000


@dataclass(slots=True)
class MeetingEntity:
    """`record` is None until it was made. `terms`: how long things last. `doors`: keys of what seats are handed."""

    id: str
    terms: MeetingTimes
    doors: Doors
    record: Record | None = None
    pulse: Pulse = field(default_factory=Pulse)

    def decide(self, command: MeetingCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            NotFound: there is no such meeting, or it is nothing to the one who asks.
            PermissionDenied: theirs to see, but not to do this.
            FailedPrecondition, Conflict: not now; `details.reason`.
            InvalidArgument: times or people that no meeting has.
        """
        by = context.by
        names = {key: name for key, name in context.parts.items() if name}
        if isinstance(command, asked.CreateMeeting):
            return self._create(command, context, version)
        if self.record is None and isinstance(command, asked.FollowBooking):
            return Decision()  # a booking that never had one
        draft = MeetingDraft(self._known(), context.now_ms, self.terms, version)
        answers = MeetingAnswers(draft=draft, names=names, doors=self.doors, pulse=self.pulse, by=by)
        if isinstance(command, asked.CheckTicket | asked.RoomNow):
            if not by.is_system:
                raise PermissionDenied("Only Carewire itself does that.")
            if isinstance(command, asked.RoomNow):
                return Decision(room_of(draft.record))
            return Decision(tickets.admitted(draft.record, command))
        if isinstance(command, asked.TakeSeat):
            joined = seats.join(draft, command, by)
            if command.name:
                names[joined.participant] = command.name
            self._settle(draft, answers)
            return draft.done(self.record, answers.joined(joined))
        reply: people.Later | None = None
        if isinstance(command, staff.COMMANDS):
            reply = staff.decide(draft, answers, command, by)
        elif isinstance(command, people.COMMANDS):
            reply = people.decide(draft, answers, command, by)
        else:
            if not by.is_system:
                raise PermissionDenied("Only Carewire itself does that.")
            carewire.decide(draft, self.pulse, command, by)
        self._settle(draft, answers)
        return draft.done(self.record, reply() if reply is not None else None)

    def apply(self, event: AnyMeetingEvent, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        self.record = folded(self.record, event, at_ms)

    def answered(self, answered: Answered, context: Context) -> Decision:
        """What became of looking for a worker."""
        if self.record is None or not answered.key.startswith("place:"):
            return Decision()
        names = {key: name for key, name in context.parts.items() if name}
        draft = MeetingDraft(self.record, context.now_ms, self.terms, self.record.seq)
        carewire.answered(draft, answered)
        self._settle(draft, MeetingAnswers(draft=draft, names=names, doors=self.doors, pulse=self.pulse, by=context.by))
        return draft.done(self.record)

    def _known(self) -> Record:
        if self.record is None:
            raise NotFound("There is no such meeting.")
        return self.record

    def _create(self, command: asked.CreateMeeting, context: Context, version: int) -> Decision:
        if self.record is not None:
            draft = MeetingDraft(self.record, context.now_ms, self.terms, version)
            if command.booking_version > self.record.booking_version:
                windows.follow(draft, windows.following(command))
                self._settle(
                    draft, MeetingAnswers(draft=draft, names={}, doors=self.doors, pulse=self.pulse, by=context.by)
                )
        else:
            record = self._made(command, context.now_ms)
            draft = MeetingDraft(record, context.now_ms, self.terms, version)
            draft.say(MeetingMade(meeting=record))
            windows.set_timers(draft)
        return draft.done(
            self.record,
            MeetingAnswers(draft=draft, names={}, doors=self.doors, pulse=self.pulse, by=context.by).just_meeting(),
        )

    def _made(self, command: asked.CreateMeeting, now_ms: int) -> Record:
        if not 0 < command.end - command.start <= _LONGEST_MS:
            raise InvalidArgument("A meeting ends after it starts, within a day.", details={"field": "end"})
        everybody = tuple(dict.fromkeys((command.host, *command.people)))
        config = command.config or windows.roomy(config_of(command.kind), len(everybody))
        windows.check_people(everybody)
        windows.check_config(config)
        return Record(
            id=self.id,
            kind=command.kind,
            host=command.host,
            people=everybody,
            window=windows.window_of(command.start, command.end, self.terms),
            config=config,
            created=now_ms,
            updated=now_ms,
            booking=command.booking,
            booking_version=command.booking_version,
            title=command.title,
            client=command.client,
            bill=command.bill,
        )

    def _settle(self, draft: MeetingDraft, answers: MeetingAnswers) -> None:
        """What holds after every command: a live meeting has somebody in it, an empty one ends in time, and whoever is
        to connect elsewhere knows."""
        before = self.record
        if before is not None and before.media.epoch < draft.record.media.epoch:
            links.all_reconnect(draft)
        consent.begin_if_all_agree(draft)
        if draft.record.status == "live" and not draft.record.connected:
            consent.stop(draft, "empty")
            draft.change("emptied", status="open")
        if before is not None and before.inside and not draft.record.inside:
            windows.wait_for_return(draft)
        _tell_media(draft, answers)
        if draft.lobby:
            draft.tell_staff("lobby_updated", waiting=_as_staff_sees(answers, draft))


def _tell_media(draft: MeetingDraft, answers: MeetingAnswers) -> None:
    """Connect there now: to each seat, with a ticket of its own."""
    reasons = [note.reason for note in draft.notes if isinstance(note, MediaMoved)]
    for seat in draft.record.inside if not draft.record.over else ():
        if reasons or seat.participant in draft.peers:
            draft.whisper(
                seat,
                "meeting_media",
                epoch=draft.record.media.epoch,
                reason=reasons[-1] if reasons else "peer",
                media=answers.media(seat),
                ticket=answers.ticket(seat),
            )


def _as_staff_sees(answers: MeetingAnswers, draft: MeetingDraft) -> list[object]:
    own = MeetingAnswers(draft=draft, names=answers.names, doors=answers.doors, pulse=answers.pulse, by=SYSTEM)
    return [own.participant(seat) for seat in draft.record.waiting]
