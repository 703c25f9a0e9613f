"""Time and opening hours: instants, schedules, recurrence, reasons for a refusal."""
