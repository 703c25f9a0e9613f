"""Calendars for those who serve clients: what takes more than one entity."""
