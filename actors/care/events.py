"""What happens to a care relationship. Each event holds all that is true afterwards, so that read models and whoever
reacts need nothing else; `told` are those who learn of it in their inboxes."""

from actors.care.state import CareRecord, Cover
from actors.kernel.contract.entity import Event


class CareEvent(Event, frozen=True, kw_only=True, array_like=True):
    """Base of them."""

    care: CareRecord
    told: tuple[str, ...] = ()


class CareBegun(CareEvent, frozen=True, kw_only=True, array_like=True, tag="begun"):
    """Proposed, or established by an administrator."""


class CareAccepted(CareEvent, frozen=True, kw_only=True, array_like=True, tag="accepted"):
    """The client agreed."""


class CarePaused(CareEvent, frozen=True, kw_only=True, array_like=True, tag="paused"):
    """It rests, or rests for another time than before."""


class CareResumed(CareEvent, frozen=True, kw_only=True, array_like=True, tag="resumed"):
    """It goes on."""


class CareEnded(CareEvent, frozen=True, kw_only=True, array_like=True, tag="ended"):
    """It is over, or was declined."""


class CareCarriedOver(CareEvent, frozen=True, kw_only=True, array_like=True, tag="carried_over"):
    """It had been kept as a document before."""


class CareBound(CareEvent, frozen=True, kw_only=True, array_like=True, tag="bound"):
    """The two have a conversation."""


class CoverChanged(CareEvent, frozen=True, kw_only=True, array_like=True, tag="cover_changed"):
    """A cover was planned, has begun, or is over. `told` learn of it in their inboxes."""

    cover: Cover


AnyCareEvent = (
    CareBegun | CareAccepted | CarePaused | CareResumed | CareEnded | CareCarriedOver | CareBound | CoverChanged
)
