"""The booking: its life, and the last word on the time taken for it."""
