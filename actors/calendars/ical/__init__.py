"""iCalendar (RFC 5545): feeds of bookings, and external calendars as busy time."""
