"""Calendars and bookings: availability, holds, the life of a booking, series, the waitlist.

A booking concerns several entities. `calendar:<id>` (a therapist, a room, a device) and `client:<id>` (an agenda) keep
what time is taken; `booking:<id>` keeps what was decided. Taking time is *tentative* until the booking entity has
decided. Nobody frees tentative time by the clock alone: when it is old, the calendar asks the booking
(`QueryOutcome`), and a booking that never heard of it first journals that it never will (a tombstone). So whatever
crashes, and however late a command arrives, a booking has all of its time or none.

time.py        wall clocks and instants         schedule.py    what a calendar is set up with
openings.py    when it is open                  occupancy.py   what is taken
planner.py     free slots, reasons, nearby      plans.py       what a booking would take, what is in the way
holding.py     the protocol of tentative time
calendar.py    the entity of a calendar         agenda.py      the entity of a client's agenda
booking.py     the entity of a booking          lifecycle.py   its states and who may change them
record.py      a booking as data                reminders.py   what is to be sent when
series.py      recurrence, expanded             service.py     several entities at once, for REST and sockets
waitlist.py    the queue for full calendars     ical.py        feeds out, feeds in
"""
