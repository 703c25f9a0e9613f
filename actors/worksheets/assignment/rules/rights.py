"""Who is what to an assignment, and may do what about it. Strangers cannot tell that it is there."""

from actors.kernel.contract.entity import Principal
from actors.worksheets.assignment.records import AssignmentRecord
from common.errors import NotFound, PermissionDenied
from common.policy import POLICY, Relation


def relation(record: AssignmentRecord, user: str) -> Relation:
    """SELF: whose work it is; OWNER: who gave it."""
    if user and user == record.client:
        return Relation.SELF
    return Relation.OWNER if user and user == record.therapist else Relation.NONE


def may(record: AssignmentRecord, by: Principal, action: str) -> None:
    """May they do this?

    Raises:
        NotFound: it is nothing to them.
        PermissionDenied: theirs to see, but this is the other's.
    """
    found = relation(record, by.user)
    if found is Relation.NONE:
        raise NotFound("There is no such assignment.", assignment=record.id)
    if not POLICY.allows(by.role, found, action):
        raise PermissionDenied("This is for the other of the two.", action=action)
