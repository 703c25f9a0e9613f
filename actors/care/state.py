"""One care relationship as it is stored, and as its parties see it."""

from typing import Literal

import msgspec

from common.clock import to_rfc3339
from common.persons import UserId
from common.policy import Relation

State = Literal["pending", "active", "paused", "ended"]
CoverState = Literal["planned", "active", "ended"]


class Cover(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """Somebody in place of the therapist, from `since` to `until` (ms). `hidden`: what was said before is not theirs to
    read."""

    id: str
    therapist: str
    since: int
    until: int
    hidden: bool
    state: CoverState


class CareRecord(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """A relationship. Instants are milliseconds; `ended_at` is 0 while it lasts, `until` is 0 unless a pause ends by
    itself. Add members with defaults at the end."""

    id: str
    client: str
    therapist: str
    state: State
    by: str  # who proposed it
    since: int
    ended_at: int = 0
    until: int = 0
    room: str = ""  # the conversation of the two
    covers: tuple[Cover, ...] = ()  # that have not ended, and the last of those that have

    @property
    def open(self) -> bool:
        """Does it last, or wait to be accepted?"""
        return self.state != "ended"

    def cover(self, cover_id: str) -> Cover | None:
        """The cover with this id."""
        return next((one for one in self.covers if one.id == cover_id), None)

    @property
    def standing(self) -> Cover | None:
        """The cover that lasts, or is to come."""
        waiting = sorted((one for one in self.covers if one.state != "ended"), key=lambda one: (one.since, one.id))
        return waiting[0] if waiting else None

    def relations(self, user: str) -> set[Relation]:
        """What `user` is to it."""
        found = {Relation.SELF} if user == self.client else set()
        found |= {Relation.OWNER} if user == self.therapist else set()
        return found | {Relation.MEMBER} if found else {Relation.NONE}


class CareReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A relationship as its parties see it. `state`: pending, active, paused or ended; `until`: when a pause ends by
    itself."""

    care_id: str
    client_id: UserId
    therapist_id: str
    state: str
    proposed_by: str
    since: str
    ended_at: str | None = None
    until: str | None = None


def shown(care: CareRecord) -> CareReply:
    """The relationship as its parties see it."""
    return CareReply(
        care_id=care.id,
        client_id=care.client,
        therapist_id=care.therapist,
        state=care.state,
        proposed_by=care.by,
        since=to_rfc3339(care.since),
        ended_at=to_rfc3339(care.ended_at) if care.ended_at else None,
        until=to_rfc3339(care.until) if care.until else None,
    )


class WireCover(msgspec.Struct, frozen=True, kw_only=True):
    """A cover as it is shown. `history`: "none" or "all" of what was said before."""

    cover_id: str
    care_id: str
    therapist_id: str
    since: str = msgspec.field(name="from")
    until: str
    history: str
    state: CoverState


class CoverReply(msgspec.Struct, frozen=True, kw_only=True):
    """A cover, and nothing else."""

    cover: WireCover


def shown_cover(care: CareRecord, cover: Cover) -> WireCover:
    """The cover as it is shown."""
    return WireCover(
        cover_id=cover.id,
        care_id=care.id,
        therapist_id=cover.therapist,
        since=to_rfc3339(cover.since),
        until=to_rfc3339(cover.until),
        history="none" if cover.hidden else "all",
        state=cover.state,
    )
