"""Calendars, bookings, series and the waitlist over REST. The rules are in `actors.calendars`."""
