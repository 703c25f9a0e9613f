"""What a meeting answers: made once the turn is decided, and never stored, because it may hold names."""

from dataclasses import dataclass
from typing import Any, Final, Literal

from msgspec import UNSET

from actors.kernel.contract.entity import Principal, Query
from actors.meetings.access.doors import Doors
from actors.meetings.access.ice import IceServer, ice_servers
from actors.meetings.access.media import AnyMedia, media_for
from actors.meetings.access.tickets import Ticket, issued
from actors.meetings.replies import (
    IceReply,
    JoinReply,
    LeftReply,
    MeetingReply,
    ParticipantReply,
    ParticipantsReply,
    RoomMade,
    RoomReply,
    TicketReply,
)
from actors.meetings.rules.draft import MeetingDraft
from actors.meetings.rules.names import hides, people_for
from actors.meetings.rules.quality import Pulse
from actors.meetings.rules.seats import SeatTaken
from actors.meetings.shown import ShownMeeting, ShownParticipant, elapsed_s, shown_meeting, shown_participant
from actors.meetings.state import STAFF, Record, Seat
from common.errors import FailedPrecondition

_LISTED: Final = frozenset({"seated", "connected", "reconnecting", "left"})


class Ready(Query, frozen=True):
    """An answer that is there already. `since`, where what was missed is to be read and added."""

    answer: object
    since: int | None = None
    viewer: str = ""


class QualityOf(Query, frozen=True):
    """How its minutes were: to be read."""


@dataclass(slots=True)
class MeetingAnswers:
    """For one reader. `names`: by participant."""

    draft: MeetingDraft
    names: dict[str, str]
    doors: Doors
    pulse: Pulse
    by: Principal

    @property
    def _record(self) -> Record:
        return self.draft.record

    def meeting(self) -> ShownMeeting:
        """As this reader may see it."""
        record = self._record
        people = record.people if self.by.role == "admin" else people_for(record, self.by.user)
        return shown_meeting(record, self.draft.seq, self.draft.now_ms, people=people)

    def participant(self, seat: Seat) -> ShownParticipant:
        """Somebody, as this reader may see them."""
        quality = self.pulse.quality(seat.participant, self.draft.now_ms) if seat.state == "connected" else None
        hidden = not self.by.is_system and self.by.role != "admin" and hides(self._record, seat, self.by.user)
        return shown_participant(
            seat,
            self.names.get(seat.participant, ""),
            self.draft.connected_ms(seat),
            may_share=self._record.may_share(seat),
            hidden=hidden,
            quality=quality or UNSET,
        )

    def participants(self) -> list[ShownParticipant]:
        """Those who are, or were, in it."""
        return [self.participant(seat) for seat in self._record.seats if seat.joined and seat.state in _LISTED]

    def lists(self) -> ParticipantsReply:
        """With who waits and who was removed, for those who run it."""
        runs = self.by.user in self._record.staff or self.by.role == "admin"
        return ParticipantsReply(
            participants=self.participants(),
            waiting=self._those(self._record.waiting) if runs else UNSET,
            kicked=self._those(seat for seat in self._record.seats if seat.state == "kicked") if runs else UNSET,
        )

    def _those(self, seats: Any) -> list[ShownParticipant]:
        return [self.participant(seat) for seat in seats]

    def of(self, participant: str) -> Ready:
        """One of them."""
        seat = self._record.seat(participant)
        assert seat is not None
        return Ready(ParticipantReply(participant=self.participant(seat)))

    def own(self) -> Seat:
        """The reader's seat. Raises FailedPrecondition, reason `not_seated`."""
        seat = self._record.seat_of(self.by.user)
        if seat is None or not seat.inside:
            raise FailedPrecondition("You are not in this meeting now: join first.", details={"reason": "not_seated"})
        return seat

    def joined(self, joined: SeatTaken) -> Ready:
        """In, or in the lobby."""
        seat = self._record.seat(joined.participant)
        assert seat is not None
        if joined.state == "waiting":
            return Ready(
                JoinReply(
                    state="waiting",
                    participant=self.participant(seat),
                    position=joined.position,
                    meeting=self.meeting(),
                )
            )
        return Ready(
            JoinReply(
                state="seated",
                participant=self.participant(seat),
                participants=self.participants(),
                meeting=self.meeting(),
                seq=self.draft.seq,
                resumed=joined.resumed,
                ticket=self.ticket(seat),
                media=self.media(seat),
                ice_servers=self._ice(seat),
                ice_transport_policy=self._policy,
            )
        )

    def ticket(self, seat: Seat) -> Ticket:
        """For this seat."""
        return issued(self.doors, self._record, seat, self.draft.now_ms)

    def media(self, seat: Seat) -> AnyMedia:
        """Where this seat connects. Elsewhere no guest is called by a name: it would leave the house."""
        runs = seat.role in STAFF
        name = self.names.get(seat.participant, "Host") if runs else f"Guest {seat.alias}"
        return media_for(doors=self.doors, record=self._record, seat=seat, name=name, now_ms=self.draft.now_ms)

    @property
    def _policy(self) -> Literal["all", "relay"]:
        return "relay" if self._record.config.relay_only else "all"

    def _ice(self, seat: Seat) -> list[IceServer]:
        return ice_servers(self.doors.turn, seat.participant, self.draft.now_ms)

    def ice(self) -> Ready:
        """Relays for the reader's seat."""
        return Ready(IceReply(self._ice(self.own()), self._policy, self.doors.turn.ttl_s))

    def another_ticket(self) -> Ready:
        """For the reader's seat."""
        return Ready(TicketReply(self.ticket(self.own())))

    def room(self) -> Ready:
        """With the room that was made."""
        media = self._record.media
        assert media.provider is not None
        return Ready(RoomReply(meeting=self.meeting(), media=RoomMade(media.provider, media.epoch)))

    def just_meeting(self) -> Ready:
        """The meeting alone."""
        return Ready(MeetingReply(meeting=self.meeting()))

    def left(self) -> Ready:
        """How long it has lasted."""
        return Ready(LeftReply(elapsed_s(self._record, self.draft.now_ms)))
