"""Commands of an agenda."""

from actors.calendars.calendar.commands import Probe, TryTake
from actors.calendars.calendar.reservations import ConfirmOrCancel, ResolveInDoubt

AgendaCommand = TryTake | Probe | ConfirmOrCancel | ResolveInDoubt
