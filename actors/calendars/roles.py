"""Who may act for whom on calendars. The one place of these rules in the core; edges may narrow them."""

from typing import Final

from actors.kernel.entity import Principal
from config.errors import PermissionDenied

_EVERYWHERE: Final = ("admin", "moderator")


def is_staff(by: Principal, calendar: str) -> bool:
    """Does this principal run the calendar: its own therapist, an administrator, or Carewire itself?"""
    return by.is_system or by.role in _EVERYWHERE or (by.role == "therapist" and by.user == calendar)


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
