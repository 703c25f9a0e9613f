"""Events of an agenda."""

from actors.calendars.calendar.reservations import OutcomeQueried, ReservationConfirmed, TimeReleased, TimeReserved

AgendaEvent = TimeReserved | ReservationConfirmed | TimeReleased | OutcomeQueried
