"""The relation of a caller to a calendar; what it permits is said by `common.policy`."""

from typing import Final

from actors.kernel.contract.entity import Principal
from common.errors import NotFound, PermissionDenied
from common.policy import AccessPolicy, Relation

_POLICY: Final = AccessPolicy()


def may(by: Principal, action: str, *, client: str = "", calendar: str = "") -> bool:
    """Does the table allow `action` on what is `client`'s, in `calendar`? Carewire itself may do everything."""
    related = set()
    if by.user == client:
        related.add(Relation.SELF)
    if by.user == calendar:
        related.add(Relation.OWNER)
    return by.is_system or any(_POLICY.allows(by.role, relation, action) for relation in related or {Relation.NONE})


def is_staff(by: Principal, calendar: str) -> bool:
    """Does this principal run the calendar: its own therapist, an administrator, or Carewire itself?"""
    return may(by, "calendar.manage", calendar=calendar)


def require_staff(by: Principal, calendar: str) -> None:
    """Raises PermissionDenied unless `is_staff`."""
    if not is_staff(by, calendar):
        raise PermissionDenied("Only those who run this calendar may do that.")


def require_system(by: Principal) -> None:
    """Raises PermissionDenied unless it is Carewire itself."""
    if not by.is_system:
        raise PermissionDenied("Only Carewire itself does that.")


def require_party(by: Principal, client: str, calendar: str) -> None:
    """Raises PermissionDenied unless it is the client, or staff of the calendar."""
    if by.user != client and not is_staff(by, calendar):
        raise PermissionDenied("This booking is somebody else's.")


def find_party(by: Principal, client: str, calendar: str) -> None:
    """As `require_party`, for those who are not even to learn that there is a booking. Raises NotFound."""
    if by.user != client and not is_staff(by, calendar):
        raise NotFound("There is no such booking.")
