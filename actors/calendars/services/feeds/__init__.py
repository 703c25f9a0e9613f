"""Feeds: bookings as iCalendar, calendars from outside as busy time, and the tokens in their addresses."""
