"""Recordings of meetings: stored while they come, looked through, read, destroyed."""
