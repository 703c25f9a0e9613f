"""What can have happened to a case. Stored for ever: add members with defaults at the end, never reorder or rename.

`author` is the case itself: what an event holds (`secret`) is sealed under a key of the case's own."""

import msgspec

from actors.kernel.contract.entity import Event
from actors.moderation.records import Case, Deed, Scope


class CaseAction(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What a moderator did about somebody."""

    deed: Deed
    by: str
    user: str
    until: int = 0
    scope: tuple[Scope, ...] = ()
    message: str = ""
    restriction: str = ""


class CaseChanged(Event, frozen=True, kw_only=True, array_like=True, tag="changed"):
    """The case is like this from now on. `told`: reports whose makers hear of it. `alerts`: it is raised, so the care
    team hears; `cry`: the kind of the emergency that is raised."""

    case: Case
    change: str
    told: tuple[str, ...] = ()
    alerts: bool = False
    cry: str = ""
    done: CaseAction | None = None


class EvidenceForgotten(Event, frozen=True, kw_only=True, array_like=True, tag="forgotten"):
    """What it held has had its time."""

    case: str


CaseEvent = CaseChanged | EvidenceForgotten
