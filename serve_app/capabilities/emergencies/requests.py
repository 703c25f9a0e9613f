"""What people send about emergencies, and what they get: one Struct each, at both doors."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from actors.emergencies.ladders import MOST_NAMED, MOST_RUNGS, Ladder, Rung
from actors.emergencies.records import Distress, ShownEmergency
from common.decoding import Id, Instant, Request
from common.errors import InvalidArgument
from common.persons import UserId
from common.timeline import parse_instant
from serve_app.edge.conventions.paging import DEFAULT_PAGE, LARGEST_PAGE
from serve_app.edge.operation import Repeatable, RepeatableChange

EmergencyId = Annotated[str, Meta(pattern=r"\Aemg_[0-9A-HJKMNP-TV-Z]{26}\Z")]
Words = Annotated[str, Meta(min_length=1, max_length=4000, pattern=r"\A[^\0]*\Z")]
Channel = Literal["in_app", "push", "email"]
Cursor = Annotated[
    str, Meta(max_length=512, description="`next_cursor` of the page before; without it, the first page.")
]


class SharedLocation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where somebody is: degrees (WGS 84), metres, and when it was measured."""

    lat: Annotated[float, Meta(ge=-90, le=90)]
    lon: Annotated[float, Meta(ge=-180, le=180)]
    accuracy_m: Annotated[float, Meta(ge=0, le=1_000_000)] | None = None
    at: Instant | None = None


class RaiseEmergency(Request, Repeatable, frozen=True, kw_only=True):
    """A cry for help. `location` is taken only with `share_location`. `user_id`: whom it is about, where that is
    somebody in the caller's care."""

    kind: Distress
    message: Words | None = None
    location: SharedLocation | None = None
    share_location: bool = False
    user_id: Id | None = None

    def check(self) -> None:
        """Raises InvalidArgument: a location that was not to be shared, or measured at no time at all."""
        if self.location is None:
            return
        if not self.share_location:
            raise InvalidArgument(
                "A location is taken with share_location: true only.", details={"field": "share_location"}
            )
        if self.location.at is not None:
            parse_instant(self.location.at, "location.at")


class OfEmergency(Request, frozen=True):
    """One emergency."""

    emergency_id: EmergencyId


class ChangeEmergency(Request, RepeatableChange, frozen=True, kw_only=True):
    """Something done about one."""

    emergency_id: EmergencyId


class HandOffEmergency(ChangeEmergency, frozen=True, kw_only=True):
    """`to` shall take care of it."""

    to: Id


class ResolveEmergency(ChangeEmergency, frozen=True, kw_only=True):
    """It is over."""

    note: Words | None = None


class ListEmergencies(Request, frozen=True, kw_only=True):
    """Which."""

    open: bool | None = None
    cursor: Cursor | None = None
    limit: Annotated[int, Meta(ge=1, le=LARGEST_PAGE)] = DEFAULT_PAGE


class To(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who is asked: whoever cares for the person, everybody of a role, and these."""

    care_team: bool = False
    role: Literal["therapist", "moderator", "admin"] | None = None
    user_ids: Annotated[list[UserId], Meta(max_length=MOST_NAMED)] = []


class WireRung(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A rung. `wait_s`: seconds before the next ones are asked as well. `channels`: all, unless it names some."""

    to: To
    wait_s: Annotated[int, Meta(ge=1, le=3600)]
    channels: list[Channel] | UnsetType = UNSET


LadderId = Annotated[Id, Meta(description="`default`, or the id of a therapist.")]


class OfLadder(Request, frozen=True):
    """One ladder."""

    ladder_id: LadderId


class SetLadderRequest(Request, Repeatable, frozen=True, kw_only=True):
    """A ladder shall be like this."""

    ladder_id: LadderId

    rungs: Annotated[list[WireRung], Meta(min_length=1, max_length=MOST_RUNGS)]

    def ladder(self) -> Ladder:
        """As it is kept."""
        return Ladder(tuple(_rung(one) for one in self.rungs))


class LadderReply(msgspec.Struct, frozen=True, kw_only=True):
    """A ladder."""

    ladder_id: str
    rungs: list[WireRung]


class EmergencyReply(msgspec.Struct, frozen=True, kw_only=True):
    """An emergency, as it is by now."""

    emergency: ShownEmergency


class RaisedEmergency(msgspec.Struct, frozen=True, kw_only=True):
    """The same, and where to call: this does not replace an emergency call."""

    emergency: ShownEmergency
    advice: str


class EmergencyPage(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page, the newest first. `next_cursor` is missing on the last one."""

    emergencies: list[ShownEmergency]
    next_cursor: str | None = None


def ladder_reply(ladder_id: str, ladder: Ladder) -> LadderReply:
    """A ladder as it is shown."""
    return LadderReply(ladder_id=ladder_id, rungs=[_shown(rung) for rung in ladder.rungs])


def _rung(one: WireRung) -> Rung:
    channels = () if isinstance(one.channels, UnsetType) else tuple(dict.fromkeys(one.channels))
    return Rung(
        wait_s=one.wait_s,
        care_team=one.to.care_team,
        role=one.to.role or "",
        user_ids=tuple(dict.fromkeys(one.to.user_ids)),
        channels=channels,
    )


def _shown(rung: Rung) -> WireRung:
    role = rung.role if rung.role in ("therapist", "moderator", "admin") else None
    to = msgspec.convert({"care_team": rung.care_team, "role": role, "user_ids": list(rung.user_ids)}, To)
    channels = msgspec.convert(list(rung.channels), list[Channel]) if rung.channels else UNSET
    return WireRung(to=to, wait_s=rung.wait_s, channels=channels)
