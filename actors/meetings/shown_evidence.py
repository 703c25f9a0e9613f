"""What took place, as those may see it whom it concerns."""

from collections.abc import Collection
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from actors.meetings.rules.evidence import AttendanceEvidence
from actors.meetings.shown import ShownMeeting, at_of
from actors.meetings.state import Provider
from common.clock import to_rfc3339
from common.persons import UserId


class Planned(msgspec.Struct, frozen=True):
    """When it was to be."""

    start: str
    end: str


class ShownStay(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody was there. `bridged_s` of it unseen: they came back to the same seat. `user_id` is missing where guests
    do not know each other."""

    participant_id: str
    begin: str = msgspec.field(name="from")
    end: str = msgspec.field(name="to")
    bridged_s: int
    provider: Provider
    ended_by: str
    user_id: UserId | UnsetType = UNSET


class ShownMinutes(msgspec.Struct, frozen=True, kw_only=True):
    """How it was for somebody."""

    participant_id: str
    minutes: int
    poor_minutes: int
    causes: list[str]


class ShownAttendance(msgspec.Struct, frozen=True, kw_only=True):
    """What took place. `final`: it never changes any more, and `hash` is in the audit record."""

    meeting_id: str
    planned: Planned
    started_at: str | None
    ended_at: str | None
    overlap_s: int
    presence: list[ShownStay]
    quality: list[ShownMinutes]
    final: bool
    hash: str | None
    booking_id: str | UnsetType = UNSET


class MeetingEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """What took place, as far as it is known."""

    evidence: ShownAttendance


class EndReply(msgspec.Struct, frozen=True, kw_only=True):
    """A meeting that is over."""

    meeting: ShownMeeting
    evidence: ShownAttendance


class QualityMinute(msgspec.Struct, frozen=True, kw_only=True):
    """One minute of one participant."""

    participant_id: str
    at: str
    score: int
    cause: Literal["none", "uplink", "downlink", "cpu", "relay"]
    rtt_ms: float
    loss: float


class QualityReply(msgspec.Struct, frozen=True, kw_only=True):
    """How it was, minute by minute."""

    minutes: list[QualityMinute]


def shown_evidence(evidence: AttendanceEvidence, final: str, hidden: Collection[str] = frozenset()) -> ShownAttendance:
    """`final`: its hash; "": it may still change. `hidden`: these participants are not to be known to the reader."""
    start, end = evidence.planned
    return ShownAttendance(
        meeting_id=evidence.meeting,
        booking_id=evidence.booking or UNSET,
        planned=Planned(to_rfc3339(start), to_rfc3339(end)),
        started_at=at_of(evidence.started) or None,
        ended_at=at_of(evidence.ended) or None,
        overlap_s=evidence.overlap // 1000,
        presence=[
            ShownStay(
                participant_id=stay.participant,
                user_id=UNSET if stay.participant in hidden else stay.user,
                begin=to_rfc3339(stay.begin),
                end=to_rfc3339(stay.end),
                bridged_s=stay.bridged // 1000,
                provider=stay.provider,
                ended_by=stay.ended_by,
            )
            for stay in evidence.stays
        ],
        quality=[
            ShownMinutes(
                participant_id=each.participant,
                minutes=each.minutes,
                poor_minutes=each.poor,
                causes=list(each.causes),
            )
            for each in evidence.minutes
        ],
        final=bool(final),
        hash=final or None,
    )
