"""Who may do what about an emergency, by the table of `common.policy`: the person, whoever was asked, or has it."""

from typing import Final

from actors.emergencies.emergency.commands import AcknowledgeEmergency, CancelEmergency, HandOff, Resolve
from actors.emergencies.records import Emergency
from actors.kernel.contract.entity import Principal, Query
from common.errors import NotFound, PermissionDenied
from common.policy import POLICY, Relation

_RESPONDERS: Final = {Relation.MEMBER, Relation.OWNER}


class EmergencyContents(Query, frozen=True):
    """The emergency, with what lies in these events: the last message, and the last location."""

    emergency: Emergency
    words: tuple[int, ...]
    places: tuple[int, ...]


def relations(one: Emergency, user: str) -> set[Relation]:
    """What `user` is to it."""
    found = {Relation.SELF} if user in (one.user, one.by) else set()
    found |= {Relation.MEMBER} if user in one.asked or user == one.handed_to else set()
    found |= {Relation.OWNER} if user == one.owner else set()
    return found or {Relation.NONE}


def require(one: Emergency, command: AcknowledgeEmergency | HandOff | Resolve | CancelEmergency, by: Principal) -> None:
    """May they ask this of it?

    Raises:
        NotFound: it is nothing to them.
        PermissionDenied: they may see it only.
    """
    match command:
        case AcknowledgeEmergency():
            may(one, by, "emergency.acknowledge")
        case HandOff():
            may(one, by, "emergency.hand_off")
        case Resolve():
            may(one, by, "emergency.resolve")
        case CancelEmergency():
            may_cancel(one, by)


def may(one: Emergency, by: Principal, action: str) -> None:
    """May they do this? The person whom it is about never takes care of themselves.

    Raises:
        NotFound: it is nothing to them.
        PermissionDenied: they may see it only.
    """
    found = relations(one, by.user)
    if not any(POLICY.allows(by.role, relation, "emergency.read") for relation in found):
        raise NotFound("There is no such emergency.", emergency=one.id)
    if by.user == one.user or not any(POLICY.allows(by.role, relation, action) for relation in found):
        raise PermissionDenied("This is for whoever takes care of it.", action=action)


def may_cancel(one: Emergency, by: Principal) -> None:
    """Who raised it; what Carewire raised, staff only. Raises as `may`."""
    found = relations(one, by.user)
    if not any(POLICY.allows(by.role, relation, "emergency.read") for relation in found):
        raise NotFound("There is no such emergency.", emergency=one.id)
    raised_it = one.by != "" and by.user == one.by
    staff = one.by == "" and by.role != "client" and by.user != one.user and bool(found & _RESPONDERS)
    if not (raised_it or staff or by.role == "admin"):
        raise PermissionDenied("Only who raised it may cancel it.", action="emergency.cancel")


def seen(one: Emergency, by: Principal) -> EmergencyContents:
    """What they may see of it. Where somebody is, those see who were asked, while it is open. Raises NotFound."""
    found = relations(one, by.user)
    if not any(POLICY.allows(by.role, relation, "emergency.read") for relation in found):
        raise NotFound("There is no such emergency.", emergency=one.id)
    sees_place = not one.over and bool(found & {*_RESPONDERS, Relation.SELF})
    return EmergencyContents(one, one.words[-1:], one.places[-1:] if sees_place else ())
