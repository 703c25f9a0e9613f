"""Calendars and bookings: availability, holds, the life of a booking, series, the waitlist.

A booking concerns several entities. `calendar:<id>` (a therapist, a room, a device) and `client:<id>` (an agenda) keep
what time is taken; `booking:<id>` keeps what was decided. Taking time is *tentative* until the booking entity has
decided. Nobody frees tentative time by the clock alone: when it is old, the calendar asks the booking
(`QueryOutcome`), and a booking that never heard of it first journals that it never will (a tombstone). So whatever
crashes, and however late a command arrives, a booking has all of its time or none.

hours/      instants, schedules, opening hours, recurrence, reasons for a refusal
calendar/   the entity of a calendar: what is taken, what would be, tentative time
agenda/     the entity of a client's agenda: one person cannot be in two places
booking/    the entity of a booking: its states, who may change them, reminders
series/     the entity of a series of bookings
waitlist/   the queue for full calendars
ical/       feeds out, feeds in (RFC 5545)
contract/   requests, queries and replies: one body for REST and sockets
services/   several entities at once, for those who serve clients
"""
