"""What cases and shields ask of connectors: to tell whoever is on duty, to post what was released, to destroy the key
of evidence after its time, and to have people out of what they may not be in any more."""

from typing import Final

import msgspec

DUTY: Final = "duty"


class TellDuty(msgspec.Struct, frozen=True, kw_only=True, tag="tell"):
    """Moderators and administrators hear that nobody has looked at a case in time."""

    case: str
    severity: str
    raised: int


class DestroyEvidence(msgspec.Struct, frozen=True, kw_only=True, tag="destroy"):
    """The key of a case goes, and with it all that was sealed under it."""

    case: str


class PostReleased(msgspec.Struct, frozen=True, kw_only=True, tag="post"):
    """A message that was held goes to its room, or (not `released`) the room forgets it."""

    case: str
    released: bool


class PutOut(msgspec.Struct, frozen=True, kw_only=True, tag="out"):
    """They are out of meetings, and nothing rings at them or for them: out of all (`restriction`: because of which), or
    of those with `other`, where one has blocked the other."""

    user: str
    restriction: str = ""
    other: str = ""


DutyWork = TellDuty | DestroyEvidence | PostReleased | PutOut
